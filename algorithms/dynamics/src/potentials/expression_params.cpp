// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/dynamics/potentials/expression_params.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kramers::dynamics {
namespace {

using Point = ExpressionPoint;

ExpressionProgram read_program(Config const& config, int dimension, FoldOperation fold) {
  auto const formula = config.get<std::string>("potential.energy");
  auto const find = [&](std::string_view name) {
    return config.find<double>("potential.constants." + std::string(name));
  };
  try {
    return compile_expression(formula, dimension, find, fold);
  } catch (FormulaError const& error) {
    throw config.error("potential.energy", "is no formula that can be used: " + in_words(error, formula));
  }
}

/// Looks at a program from outside: where its minima are, whether it rises far out.
class Survey {
 public:
  Survey(ExpressionProgram const& program, ExpressionMachine const& machine)
      : m_dimension(program.dimension), m_evaluate(machine.load(program)) {}

  double energy(Point const& x) const { return m_evaluate(x).energy; }

  /// The lowest minimum of grids from small to large; where none has one, the first point of them with finite energies
  /// around it.
  Point start() const {
    std::optional<Point> best, finite;
    double lowest = std::numeric_limits<double>::infinity();
    for (double reach = 1e-2; reach < 2e3; reach *= 10) {
      // The reach of the next grid is nowhere a multiple of this one, so that a maximum between two points is not missed
      // by all of them.
      if (auto const found = lowest_of_grid(reach * 0.987, finite)) {
        Point const minimum = descend(*found, reach / half_grid());
        double const here = energy(minimum);
        // An equal one further out, as of a periodic potential, is no better.
        if (here < lowest - 1e-9 * (1 + std::abs(lowest)) || !best) {
          lowest = here;
          best = minimum;
        }
      }
    }
    return best ? *best : finite.value_or(Point{});
  }

  /// Does the energy rise all the way out, and by more than what is left of a bound state's depth?
  bool rises(Point const& minimum) const {
    int const axes = m_dimension;
    double const bottom = energy(minimum);
    for (int direction = 0; direction < (axes == 1 ? 2 : 16); ++direction) {
      double const angle = axes == 1 ? std::numbers::pi * direction : std::numbers::pi * (direction + 0.3) / 8;
      auto const at = [&](double reach) {
        return energy({reach * std::cos(angle), axes == 1 ? 0 : reach * std::sin(angle)});
      };
      double const near = at(10);
      double before = near;
      for (double reach = 10; reach < 1.1e4; reach *= 1.75) {
        double const here = at(reach);
        if (!(here >= before)) return false;
        before = here;
      }
      if (!(before - near > 0.5 * (near - bottom) || before == std::numeric_limits<double>::infinity())) return false;
    }
    return true;
  }

  /// Central differences around a point: whether the force is the derivative of the energy, or nothing where the energy
  /// bends too much to tell.
  std::optional<bool> force_fits(Point const& x) const {
    auto const value = m_evaluate(x);
    bool fits = true;
    for (int d = 0; d < m_dimension; ++d) {
      auto const slope = [&](double h) {
        Point up = x, down = x;
        up[static_cast<std::size_t>(d)] += h;
        down[static_cast<std::size_t>(d)] -= h;
        return (energy(up) - energy(down)) / (2 * h);
      };
      double const size = std::max(std::abs(x[static_cast<std::size_t>(d)]), 1e-2);
      double const coarse = slope(2e-5 * size), fine = slope(1e-5 * size),
                   force = value.force[static_cast<std::size_t>(d)];
      double const rounding = 1e-9 * std::abs(value.energy) / size;
      if (!std::isfinite(coarse) || !std::isfinite(fine) || !std::isfinite(force)) return std::nullopt;
      if (std::abs(coarse - fine) > 1e-4 * std::abs(fine) + rounding) return std::nullopt;
      fits = fits && std::abs(force + fine) <= 1e-2 * (std::abs(force) + std::abs(fine)) + 2 * rounding;
    }
    return fits;
  }

 private:
  int half_grid() const { return m_dimension == 1 ? 500 : 20; }

  /// The lowest point of a grid, its border left out, that is no higher than its neighbours.
  std::optional<Point> lowest_of_grid(double reach, std::optional<Point>& finite) const {
    int const half = half_grid(), axes = m_dimension, rows = axes == 1 ? 1 : 2 * half + 1, width = 2 * half + 1;
    auto const at = [&](int i, int j) {
      return Point{reach * (i - half) / half, axes == 1 ? 0.0 : reach * (j - half) / half};
    };
    std::vector<double> values(static_cast<std::size_t>(rows * width));
    auto const value = [&](int i, int j) -> double& { return values[static_cast<std::size_t>(j * width + i)]; };
    for (int j = 0; j < rows; ++j) {
      for (int i = 0; i < width; ++i) value(i, j) = energy(at(i, j));
    }
    std::optional<Point> lowest;
    double least = std::numeric_limits<double>::infinity();
    int const beside = axes == 1 ? 0 : 1;
    for (int j = beside; j + beside < rows; ++j) {
      for (int i = 1; i + 1 < width; ++i) {
        bool is_finite = true, is_low = true, is_flat = true;
        for (int dj = -beside; dj <= beside; ++dj) {
          for (int di = -1; di <= 1; ++di) {
            double const other = value(i + di, j + dj);
            is_finite = is_finite && std::isfinite(other);
            is_low = is_low && !(other < value(i, j));
            is_flat = is_flat && other == value(i, j);
          }
        }
        bool const is_nearer = !finite || norm(at(i, j)) < norm(*finite);
        if (is_finite && is_nearer && is_finite_beside(at(i, j))) finite = at(i, j);
        if (!std::isfinite(value(i, j)) || !is_low || is_flat || !(value(i, j) < least)) continue;
        least = value(i, j);
        lowest = at(i, j);
      }
    }
    return lowest;
  }

  /// What a study asks of the place where walkers start.
  bool is_finite_beside(Point const& x) const {
    constexpr double aside = 1e-3;
    return std::isfinite(energy({x[0] - aside, x[1] - aside})) && std::isfinite(energy({x[0] + aside, x[1] + aside}));
  }
  static double norm(Point const& x) { return std::hypot(x[0], x[1]); }

  /// Go to the minimum near a point of a grid by trials along the axes, with ever smaller steps and not beyond the points
  /// beside it.
  Point descend(Point x, double step) const {
    Point const first = x;
    double here = energy(x);
    int trials = 10000;
    for (double const reach = step; step > 1e-9 * reach && trials > 0;) {
      bool moved = false;
      for (int d = 0; d < m_dimension; ++d) {
        for (double const by : {-step, step}) {
          Point trial = x;
          trial[static_cast<std::size_t>(d)] += by;
          if (std::abs(trial[static_cast<std::size_t>(d)] - first[static_cast<std::size_t>(d)]) > reach) continue;
          double const there = energy(trial);
          --trials;
          if (!(there < here)) continue;
          x = trial;
          here = there;
          moved = true;
        }
      }
      if (!moved) step /= 2;
    }
    return x;
  }

  int m_dimension;
  std::function<ExpressionValue(Point const&)> m_evaluate;
};

/// The derivatives are ours to make: where most points that can tell show another slope, the program is wrong, not its
/// user.
void check_force(Survey const& survey, Point const& start) {
  int right = 0, wrong = 0;
  for (double const aside : {-0.31, -0.11, -0.013, 0.017, 0.13, 0.29, 0.71}) {
    auto const fits = survey.force_fits({start[0] + aside, start[1] - 0.7 * aside});
    if (fits) ++(*fits ? right : wrong);
  }
  if (wrong > right) {
    throw Error(
        "the force that kramers made of potential.energy is not its derivative; this is a mistake in kramers: please "
        "report the formula");
  }
}

}  // namespace

ExpressionParams read_expression(Config const& config, int dimension, ExpressionMachine const& machine) {
  ExpressionParams params{read_program(config, dimension, machine.fold)};
  Survey const survey(params.program, machine);
  params.start = survey.start();
  params.confines = survey.rises(params.start);
  check_force(survey, params.start);
  return params;
}

}  // namespace kramers::dynamics

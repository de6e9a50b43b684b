// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rate_solver.hpp"

#include <kramers/base/error.hpp>

#include <cstddef>
#include <numeric>
#include <string>

namespace kramers::dynamics::exact::detail {
namespace {

constexpr int degree = Element::degree;

// The share of the elements' measure below the share t of their edges: cubic in the distance from an end that absorbs,
// then straight.
double warped(double t, Absorbing absorbing) {
  constexpr double region = 0.25;
  auto const rise = [](double u) {
    return u < region ? u * u * u : region * region * region + 3 * region * region * (u - region);
  };
  if (!absorbing.lower && !absorbing.upper) return t;
  if (absorbing.lower && absorbing.upper)
    return t < 0.5 ? 0.5 * rise(t) / rise(0.5) : 1 - 0.5 * rise(1 - t) / rise(0.5);
  return absorbing.lower ? rise(t) / rise(1) : 1 - rise(1 - t) / rise(1);
}

}  // namespace

void check(LangevinParams const& langevin, double tolerance) {
  expects(langevin.friction > 0, "friction", langevin.friction, "> 0");
  expects(langevin.temperature > 0, "temperature", langevin.temperature, "> 0");
  expects(langevin.mass > 0, "mass", langevin.mass, "> 0");
  expects(tolerance >= 1e-11 && tolerance < 1, "tolerance", tolerance, "at least 1e-11 and below 1");
}

double thermal_speed(LangevinParams const& langevin) {
  return std::sqrt(langevin.temperature / langevin.mass);
}

Landscape landscape_of(Energy const& energy, double kT, double tolerance, double inside) {
  constexpr int points = 8000;
  Interval range = confinement(energy, kT, inside);
  std::vector<double> v;
  for (int i = 0; i <= points; ++i) v.push_back(energy(range.lower + (range.upper - range.lower) * i / points) / kT);
  double const lowest = *std::min_element(v.begin(), v.end());
  // The highest point with lower ones on both sides: the least of what lies left, and of what lies right.
  std::vector<double> right(v.size());
  right.back() = v.back();
  for (std::size_t i = v.size() - 1; i-- > 0;) right[i] = std::min(v[i], right[i + 1]);
  double left = v.front(), top = lowest;
  for (std::size_t i = 0; i < v.size(); ++i) {
    left = std::min(left, v[i]);
    if (v[i] > left && v[i] > right[i]) top = std::max(top, v[i]);
  }
  double const negligible = 10 - std::log(tolerance);
  double const ceiling = std::max(top + negligible, lowest + negligible + 5);
  auto const outside = [&](double x) { return !(energy(x) / kT <= ceiling); };
  auto const end = [&](double from, double step) {
    double x = from;
    if (outside(x)) {
      while (outside(x)) x -= step;
    } else {
      for (int i = 0; i < 20 * points && !outside(x + step); ++i) x += step;
      expects(
          outside(x + step), "V", "an energy that stays low",
          "one that rises " + std::to_string(static_cast<int>(negligible)) + " kT above its barriers on both sides");
    }
    double beyond = x + step;
    for (int i = 0; i < 50; ++i) (outside(0.5 * (x + beyond)) ? beyond : x) = 0.5 * (x + beyond);
    return x;
  };
  double const step = (range.upper - range.lower) / points;
  return {[energy, kT, zero = top * kT](double x) { return (energy(x) - zero) / kT; },
          {end(range.lower, -step), end(range.upper, step)}};
}

std::vector<double> mesh(Energy const& reduced, Interval const& range, int elements, Absorbing absorbing) {
  constexpr int points = 8000;
  double const step = (range.upper - range.lower) / points;
  std::vector<double> steepness(points);
  double last = reduced(range.lower);
  for (int i = 0; i < points; ++i) {
    double const next = reduced(range.lower + (i + 1) * step);
    steepness[i] = std::abs(next - last) * std::exp(-std::max(0.0, std::max(last, next)) / 6);
    last = next;
  }
  double const all = std::accumulate(steepness.begin(), steepness.end(), 0.0);
  double const share = all / (all + 20);  // elements for steepness; a flat V needs none
  std::vector<double> edges{range.lower};
  double sum = 0;
  for (int i = 0; i < points; ++i) {
    double const density = elements * ((1 - share) / points + (all > 0 ? share * steepness[i] / all : 0));
    for (;;) {
      double const next_edge = elements * warped(static_cast<double>(edges.size()) / elements, absorbing);
      if (static_cast<int>(edges.size()) == elements || sum + density < next_edge) break;
      edges.push_back(range.lower + step * (i + (next_edge - sum) / density));
    }
    sum += density;
  }
  edges.push_back(range.upper);
  return edges;
}

Resolution coarse(bool inertial, double tolerance) {
  bool const quick = tolerance > 1e-7;
  return {quick ? 14 : 20, inertial ? (quick ? 8 : 12) : 0};
}

double distance(std::optional<Sample> const& a, std::optional<Sample> const& b) {
  if (!a || !b) return std::numeric_limits<double>::infinity();
  double worst = 0;
  for (std::size_t i = 0; i < a->value.size(); ++i) {
    double const relative = std::abs(a->value[i] - b->value[i]) / std::abs(b->scale[i]);
    worst = std::isfinite(relative) ? std::max(worst, relative) : std::numeric_limits<double>::infinity();
  }
  return worst;
}

double missing(double change, double last) {
  constexpr double rounding = 1e-12;
  if (change < rounding) return change;
  if (!std::isfinite(last)) return 10 * change;
  double const ratio = change / last;
  return ratio < 0.9 ? change * std::max(1.0, ratio / (1 - ratio)) : 10 * change;
}

double missing_of_kinks(double change, double last) {
  return std::isfinite(last) ? std::max(2.5 * missing(change, last), 0.5 * last) : missing(change, last);
}

std::vector<double> density(BackwardEquation const& equation) {
  std::vector<double> weight = equation.node_weight();
  for (std::size_t i = 0; i < weight.size(); ++i) weight[i] *= std::exp(-equation.node_energy()[i]);
  return weight;
}

std::vector<double> flux_of(BackwardEquation const& equation, std::vector<double> const& g, bool from_lower_only) {
  Element const& one = detail::element();
  int const elements = equation.elements();
  auto const mass = [&](int e, int j) {
    int const i = e * degree + j;
    return equation.half_width(e) * one.node_weight[j] * std::exp(-equation.node_energy()[i]) * g[i];
  };
  struct Sum {
    double value = 0, size = 0;
  };
  std::vector<Sum> left(static_cast<std::size_t>(elements) + 1), right(left.size());
  for (int e = 0; e < elements; ++e) {
    left[e + 1] = left[e];
    for (int j = 0; j <= degree; ++j) {
      left[e + 1].value += mass(e, j);
      left[e + 1].size += std::abs(mass(e, j));
    }
  }
  for (int e = elements; e-- > 0;) {
    right[e] = right[e + 1];
    for (int j = 0; j <= degree; ++j) {
      right[e].value += mass(e, j);
      right[e].size += std::abs(mass(e, j));
    }
  }
  std::vector<double> flux;
  for (int e = 0; e < elements; ++e) {
    bool const rightward = !from_lower_only && right[e].size < left[e + 1].size;
    for (int point = 0; point < degree; ++point) {
      double const weight = equation.half_width(e) * one.point_weight[point];
      double sum = weight * (rightward ? right[e + 1].value : -left[e].value);
      for (int j = 0; j <= degree; ++j) {
        double const step = equation.half_width(e) * one.integral[j][point];
        sum += mass(e, j) * (rightward ? step : step - weight);
      }
      flux.push_back(sum / weight / equation.thermal_speed());
    }
  }
  return flux;
}

double flipped_product(BackwardEquation const& equation, PhaseFunction const& f, PhaseFunction const& g) {
  std::vector<double> const weight = density(equation);
  Element const& one = detail::element();
  auto const pairs = static_cast<std::size_t>(equation.pairs());
  double sum = 0;
  for (std::size_t i = 0; i < weight.size(); ++i) {
    sum += weight[i] * f.mean[i] * g.mean[i];
    double even = 0;
    for (std::size_t k = 0; k < pairs && !f.even.empty(); ++k) even += f.even[i * pairs + k] * g.even[i * pairs + k];
    sum += equation.node_weight()[i] * even;
  }
  for (int i = 0; i < equation.points() && pairs > 0 && !f.first.empty(); ++i) {
    double odd = f.first[i] * g.first[i];
    for (std::size_t k = 0; k < pairs; ++k) odd += f.odd[i * pairs + k] * g.odd[i * pairs + k];
    sum -= equation.half_width(i / degree) * one.point_weight[i % degree] * odd;
  }
  return sum;
}

std::optional<Mode> slowest_mode(BackwardEquation const& equation, double tolerance) {
  std::vector<double> const weight = density(equation);
  double const all = std::accumulate(weight.begin(), weight.end(), 0.0);
  // c_0 starts from zero in the deepest well, whose population makes the mean small there without cancellation.
  auto const& energies = equation.node_energy();
  int const gauge = static_cast<int>(std::min_element(energies.begin(), energies.end()) - energies.begin());
  auto const centre = [&](std::vector<double>& f) {
    double mean = 0;
    for (std::size_t i = 0; i < f.size(); ++i) mean += weight[i] * f[i] / all;
    for (double& value : f) value -= mean;
  };
  Mode mode{0, {}};
  mode.function.mean = equation.x();
  for (double& value : mode.function.mean) value -= equation.x()[gauge];
  centre(mode.function.mean);
  double last_change = 1;
  for (int iteration = 0; iteration < 200; ++iteration) {
    PhaseFunction const& f = mode.function;
    bool const first = f.first.empty();
    PhaseFunction next =
        equation.solve(flux_of(equation, f.mean, false), first || equation.pairs() == 0 ? nullptr : &f, gauge);
    centre(next.mean);
    double const rate = flipped_product(equation, f, f) / flipped_product(equation, f, next);
    double norm = 0;
    for (std::size_t i = 0; i < weight.size(); ++i) norm += weight[i] * next.mean[i] * next.mean[i] / all;
    double const scale = 1 / std::sqrt(norm);
    for (auto* part : {&next.mean, &next.first, &next.even, &next.odd}) {
      for (double& value : *part) value *= scale;
    }
    if (!std::isfinite(rate) || !std::isfinite(scale)) return std::nullopt;
    double const change = std::abs(rate - mode.rate) / std::abs(rate);
    mode = {rate, std::move(next)};
    double const ratio = change / last_change;
    last_change = change;
    if (iteration > 1 && (change < 1e-14 || (ratio < 0.95 && change * ratio / (1 - ratio) < 1e-3 * tolerance))) {
      // Oscillations in a well decay at friction / 2 or so, which the smallest modulus does not show.
      if (!(rate > 0) || (equation.pairs() > 0 && rate >= 0.5 * equation.friction())) return std::nullopt;
      return mode;
    }
  }
  return std::nullopt;
}

}  // namespace kramers::dynamics::exact::detail

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/dynamics/estimators/exact.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

namespace kramers::dynamics::exact {
namespace {

// Half of the symmetric nodes and weights on [-1, 1].
constexpr std::array<double, 4> gauss_node{0.18343464249564980, 0.52553240991632899, 0.79666647741362674,
                                           0.96028985649753623};
constexpr std::array<double, 4> gauss_weight{0.36268378337836198, 0.31370664587788729, 0.22238103445337447,
                                             0.10122853629037626};

template <class F>
double gauss(F const& f, double lower, double upper) {
  double const centre = 0.5 * (lower + upper), half = 0.5 * (upper - lower);
  double sum = 0;
  for (std::size_t i = 0; i < gauss_node.size(); ++i) {
    sum += gauss_weight[i] * (f(centre - half * gauss_node[i]) + f(centre + half * gauss_node[i]));
  }
  return sum * half;
}

// An energy near the extreme one, to subtract before exponentials are taken.
double scanned(Energy const& energy, Interval const& range, bool highest) {
  constexpr int points = 2000;
  double found = energy(range.lower);
  for (int i = 1; i <= points; ++i) {
    double const v = energy(range.lower + (range.upper - range.lower) * i / points);
    found = highest ? std::max(found, v) : std::min(found, v);
  }
  return found;
}

double bin_edge(HistogramGrid const& grid, int axis, int i) {
  return grid.lower[axis] + (grid.upper[axis] - grid.lower[axis]) * i / grid.bins[axis];
}

void normalise(std::vector<double>& weights) {
  double sum = 0;
  for (double const w : weights) sum += w;
  for (double& w : weights) w /= sum;
}

Matrix2 product(Matrix2 const& a, Matrix2 const& b) {
  Matrix2 c{};
  for (std::size_t i = 0; i < 2; ++i) {
    for (std::size_t j = 0; j < 2; ++j) c[i][j] = a[i][0] * b[0][j] + a[i][1] * b[1][j];
  }
  return c;
}

std::array<double, 2> product(Matrix2 const& a, std::array<double, 2> const& z) {
  return {a[0][0] * z[0] + a[0][1] * z[1], a[1][0] * z[0] + a[1][1] * z[1]};
}

Matrix2 sum(Matrix2 const& a, Matrix2 const& b) {
  return {{{a[0][0] + b[0][0], a[0][1] + b[0][1]}, {a[1][0] + b[1][0], a[1][1] + b[1][1]}}};
}

// Covariance of M z for z with covariance s.
Matrix2 carried(Matrix2 const& m, Matrix2 const& s) {
  return product(product(m, s), Matrix2{{{m[0][0], m[1][0]}, {m[0][1], m[1][1]}}});
}

AffineMap compose(std::string_view letters, std::string_view whole, HarmonicWell const& well,
                  LangevinParams const& langevin) {
  auto const share = [&](char letter) {
    return langevin.dt / static_cast<double>(std::count(whole.begin(), whole.end(), letter));
  };
  AffineMap map;
  for (char const letter : letters) {
    AffineMap part;
    if (letter == 'A') {
      part.matrix[0][1] = share('A');
    } else if (letter == 'B') {
      part.matrix[1][0] = -well.stiffness / langevin.mass * share('B');
      part.shift[1] = well.external_force / langevin.mass * share('B');
    } else {
      expects(letter == 'O', "letters", std::string(1, letter), "A, B or O");
      double const damp = std::exp(-langevin.friction * share('O'));
      part.matrix[1][1] = damp;
      part.noise[1][1] = langevin.temperature / langevin.mass * (1 - damp * damp);
    }
    map = map.then(part);
  }
  return map;
}

}  // namespace

double integrate(Energy const& f, Interval const& range, int panels) {
  expects(panels > 0, "panels", panels, "> 0");
  double sum = 0;
  double const width = (range.upper - range.lower) / panels;
  for (int i = 0; i < panels; ++i) sum += gauss(f, range.lower + i * width, range.lower + (i + 1) * width);
  return sum;
}

Interval confinement(Energy const& energy, double kT, double inside) {
  expects(kT > 0, "kT", kT, "> 0");
  constexpr int points = 4000;
  constexpr double negligible = 37;  // exp(-37) = 1e-16
  for (double reach = 1; reach <= 1e6; reach *= 2) {
    Interval const range{inside - reach, inside + reach};
    double const top = scanned(energy, range, false) + negligible * kT;
    if (!(energy(range.lower) > top) || !(energy(range.upper) > top)) continue;
    int first = 0, last = points;
    auto const at = [&](int i) { return range.lower + 2 * reach * i / points; };
    while (energy(at(first + 1)) > top) ++first;
    while (energy(at(last - 1)) > top) --last;
    return {at(first), at(last)};
  }
  throw DomainError("V", "an energy that stays low", "one that rises 37 kT above its minimum on both sides");
}

double boltzmann_mean(Energy const& energy, double kT, Energy const& observable, Interval const& range) {
  expects(kT > 0, "kT", kT, "> 0");
  double const zero = scanned(energy, range, false);
  auto const weight = [&](double x) { return std::exp(-(energy(x) - zero) / kT); };
  return integrate([&](double x) { return observable(x) * weight(x); }, range) / integrate(weight, range);
}

std::vector<double> boltzmann_bins(Energy const& energy, double kT, HistogramGrid const& grid) {
  expects(kT > 0, "kT", kT, "> 0");
  double const zero = scanned(energy, {grid.lower[0], grid.upper[0]}, false);
  std::vector<double> probability;
  for (int i = 0; i < grid.bins[0]; ++i) {
    probability.push_back(integrate([&](double x) { return std::exp(-(energy(x) - zero) / kT); },
                                    {bin_edge(grid, 0, i), bin_edge(grid, 0, i + 1)}, 4));
  }
  normalise(probability);
  return probability;
}

std::vector<double> boltzmann_bins(Energy2d const& energy, double kT, HistogramGrid const& grid) {
  expects(kT > 0, "kT", kT, "> 0");
  auto const for_each_bin = [&](auto const& visit) {
    for (int i = 0; i < grid.bins[0]; ++i) {
      for (int j = 0; j < grid.bins[1]; ++j) visit(i, j);
    }
  };
  double zero = energy(grid.lower[0], grid.lower[1]);
  for_each_bin([&](int i, int j) { zero = std::min(zero, energy(bin_edge(grid, 0, i), bin_edge(grid, 1, j))); });
  std::vector<double> probability;
  for_each_bin([&](int i, int j) {
    auto const along_y = [&](double x) {
      return gauss([&](double y) { return std::exp(-(energy(x, y) - zero) / kT); }, bin_edge(grid, 1, j),
                   bin_edge(grid, 1, j + 1));
    };
    probability.push_back(gauss(along_y, bin_edge(grid, 0, i), bin_edge(grid, 0, i + 1)));
  });
  normalise(probability);
  return probability;
}

std::vector<double> free_energy(std::vector<double> const& probabilities, HistogramGrid const& grid, double kT) {
  double volume = 1;
  for (int axis = 0; axis < grid.dimensions; ++axis) {
    volume *= (grid.upper[axis] - grid.lower[axis]) / grid.bins[axis];
  }
  std::vector<double> energy;
  for (double const p : probabilities) energy.push_back(-kT * std::log(p / volume));
  return energy;
}

std::optional<TwoWells> find_wells(Energy const& energy, Interval const& range) {
  constexpr int points = 4000;
  double const step = (range.upper - range.lower) / points;
  auto const at = [&](int i) { return range.lower + i * step; };
  std::vector<double> v;
  for (int i = 0; i <= points; ++i) v.push_back(energy(at(i)));
  auto const value = [&](int i) { return v[static_cast<std::size_t>(i)]; };

  int lowest = -1;
  std::vector<int> minima;
  for (int i = 1; i < points; ++i) {
    if (!(value(i) < value(i - 1) && value(i) <= value(i + 1))) continue;
    minima.push_back(i);
    if (lowest < 0 || value(i) < value(lowest)) lowest = i;
  }
  auto const top_between = [&](int a, int b) {
    auto const [first, last] = std::minmax(a, b);
    return static_cast<int>(std::max_element(v.begin() + first, v.begin() + last + 1) - v.begin());
  };
  int other = -1, top = -1;
  for (int const i : minima) {
    if (i == lowest) continue;
    int const between = top_between(i, lowest);
    if (other < 0 || value(between) - value(i) > value(top) - value(other)) {
      other = i;
      top = between;
    }
  }
  if (other < 0) return std::nullopt;

  auto const refine = [&](int i, double sign) {
    double const golden = 0.5 * (std::sqrt(5.0) - 1);
    double a = at(i - 1), b = at(i + 1);
    while (b - a > 1e-8 * (range.upper - range.lower)) {
      double const left = b - golden * (b - a), right = a + golden * (b - a);
      (sign * energy(left) < sign * energy(right) ? b : a) = sign * energy(left) < sign * energy(right) ? right : left;
    }
    return 0.5 * (a + b);
  };
  TwoWells wells{};
  wells.left = refine(std::min(lowest, other), 1);
  wells.top = refine(top, -1);
  wells.right = refine(std::max(lowest, other), 1);
  auto const curvature = [&](double x) {
    double const h = 1e-3 * (wells.right - wells.left);
    return std::abs(energy(x + h) - 2 * energy(x) + energy(x - h)) / (h * h);
  };
  wells.left_barrier = energy(wells.top) - energy(wells.left);
  wells.right_barrier = energy(wells.top) - energy(wells.right);
  wells.left_curvature = curvature(wells.left);
  wells.top_curvature = curvature(wells.top);
  wells.right_curvature = curvature(wells.right);
  return wells;
}

double kramers_grote_hynes(double omega0, double omegab, double friction, double barrier, double kT) {
  double const slowed = std::sqrt(0.25 * friction * friction + omegab * omegab) - 0.5 * friction;
  return slowed / omegab * omega0 / (2 * std::numbers::pi) * std::exp(-barrier / kT);
}

double kramers_overdamped(double omega0, double omegab, double friction, double barrier, double kT) {
  return omega0 * omegab / (2 * std::numbers::pi * friction) * std::exp(-barrier / kT);
}

double well_relaxation_time(double omega0, double friction) {
  double const discriminant = 0.25 * friction * friction - omega0 * omega0;
  if (discriminant <= 0) return 2 / friction;
  // gamma/2 - sqrt(...) without cancellation
  return (0.5 * friction + std::sqrt(discriminant)) / (omega0 * omega0);
}

double mean_first_passage_time(Energy const& energy, double kT, double drag, double from, double to, double wall) {
  expects(kT > 0, "kT", kT, "> 0");
  expects(drag > 0, "drag", drag, "> 0");
  double const sign = to > from ? 1 : -1;
  double const start = sign * from, end = sign * to, closed = sign * wall;
  expects(closed <= start && start < end, "wall", wall, "on the other side of the start than the target");
  auto const v = [&](double u) { return energy(sign * u) / kT; };
  double const zero = scanned(v, {closed, end}, false);
  auto const inverse_density = [&](double u) { return std::exp(v(u) - zero); };
  auto const density = [&](double u) { return std::exp(zero - v(u)); };

  constexpr int panels = 1024;
  double behind = integrate(density, {closed, start}, panels);
  double const width = (end - start) / panels;
  double time = 0;
  for (int i = 0; i < panels; ++i) {
    double const edge = start + i * width;
    time +=
        gauss([&](double y) { return inverse_density(y) * (behind + gauss(density, edge, y)); }, edge, edge + width);
    behind += gauss(density, edge, edge + width);
  }
  return drag / kT * time;
}

double committor(Energy const& energy, double kT, double a, double b, double x) {
  expects(kT > 0, "kT", kT, "> 0");
  expects(a < b, "a", a, "< b");
  double const zero = scanned(energy, {a, b}, true);
  auto const f = [&](double u) { return std::exp((energy(u) - zero) / kT); };
  double const before = integrate(f, {a, x}), after = integrate(f, {x, b});
  return before / (before + after);
}

double diffusion_factor(double friction_times_dt) {
  double const half = 0.5 * friction_times_dt;
  return half == 0 ? 1.0 : half / std::tanh(half);
}

AffineMap AffineMap::then(AffineMap const& next) const {
  std::array<double, 2> moved = product(next.matrix, shift);
  for (std::size_t i = 0; i < 2; ++i) moved[i] += next.shift[i];
  return {product(next.matrix, matrix), moved, sum(carried(next.matrix, noise), next.noise)};
}

AffineMap AffineMap::power(std::int64_t n) const {
  expects(n >= 0, "n", n, ">= 0");
  AffineMap result, square = *this;
  for (; n > 0; n /= 2) {
    if (n % 2 == 1) result = result.then(square);
    square = square.then(square);
  }
  return result;
}

Moments AffineMap::apply(Moments const& z) const {
  std::array<double, 2> mean = product(matrix, z.mean);
  for (std::size_t i = 0; i < 2; ++i) mean[i] += shift[i];
  return {mean, sum(carried(matrix, z.covariance), noise)};
}

Moments AffineMap::stationary() const {
  double const trace = matrix[0][0] + matrix[1][1];
  double const determinant = matrix[0][0] * matrix[1][1] - matrix[0][1] * matrix[1][0];
  expects(std::abs(determinant) < 1 && std::abs(trace) < 1 + determinant, "scheme", "an unstable step",
          "eigenvalues inside the unit circle");
  AffineMap const settled = power(std::int64_t{1} << 60);
  return {settled.shift, settled.noise};
}

Matrix2 AffineMap::lagged_covariance(std::int64_t n) const {
  return product(power(n).matrix, stationary().covariance);
}

AffineMap splitting_step(std::string_view letters, HarmonicWell const& well, LangevinParams const& langevin) {
  return compose(letters, letters, well, langevin);
}

AffineMap splitting_half_step(std::string_view letters, HarmonicWell const& well, LangevinParams const& langevin) {
  return compose(letters.substr(0, letters.rfind('B')), letters, well, langevin);
}

AffineMap gjf_step(HarmonicWell const& well, LangevinParams const& langevin) {
  // With alpha = m gamma, as in the paper: x and v of the next step as sums of x, v, the force now and then, and beta.
  double const h = langevin.dt, m = langevin.mass, gh2 = 0.5 * langevin.friction * h;
  double const a = (1 - gh2) / (1 + gh2), b = 1 / (1 + gh2);
  double const beta = std::sqrt(2 * m * langevin.friction * langevin.temperature * h);
  double const to_x = b * h * h / (2 * m), x_noise = b * h / (2 * m) * beta;
  double const k = well.stiffness, f = well.external_force;
  double const xx = 1 - to_x * k, xv = b * h;
  AffineMap map;
  map.matrix = {{{xx, xv}, {-h / (2 * m) * k * (a + xx), a - h / (2 * m) * k * xv}}};
  map.shift = {to_x * f, h / (2 * m) * (a * f + f - k * to_x * f)};
  double const v_noise = b / m * beta - h / (2 * m) * k * x_noise;
  map.noise = {{{x_noise * x_noise, x_noise * v_noise}, {x_noise * v_noise, v_noise * v_noise}}};
  return map;
}

AffineMap euler_maruyama_step(HarmonicWell const& well, LangevinParams const& langevin) {
  double const mobility_dt = langevin.dt / (langevin.mass * langevin.friction);
  AffineMap map;
  map.matrix = {{{1 - mobility_dt * well.stiffness, 0}, {0, 0}}};
  map.shift = {mobility_dt * well.external_force, 0};
  map.noise[0][0] = 2 * langevin.temperature * mobility_dt;
  return map;
}

AffineMap leimkuhler_matthews_step(HarmonicWell const& well, LangevinParams const& langevin) {
  double const mobility_dt = langevin.dt / (langevin.mass * langevin.friction);
  double const noise = std::sqrt(0.5 * langevin.temperature * mobility_dt);
  AffineMap map;
  map.matrix = {{{1 - mobility_dt * well.stiffness, noise}, {0, 0}}};
  map.shift = {mobility_dt * well.external_force, 0};
  map.noise = {{{noise * noise, noise}, {noise, 1}}};
  return map;
}

}  // namespace kramers::dynamics::exact

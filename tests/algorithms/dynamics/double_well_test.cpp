// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <gtest/gtest.h>

#include "physics.hpp"
#include "spaces.hpp"

// The double well V = (x^2 - 1)^2 at kT = 1/5 against the Boltzmann distribution by quadrature.

namespace kramers::test::double_well_physics {

using namespace kramers::dynamics;

constexpr double barrier = 1, kT = 0.2;
double energy(double x) {
  return barrier * (x * x - 1) * (x * x - 1);
}

// Walkers start evenly on both sides and are sampled once, after 20 time units: the wells are in equilibrium to
// exp(-10) and the samples are independent. At dt = 0.05 the discretisation bias of a bin is of order 10^-3, of
// which chi^2 would see walkers * 10^-6 = 0.07.
constexpr std::int64_t walkers = 65536, steps = 400;
constexpr LangevinParams langevin{.dt = 0.05, .friction = 1, .temperature = kT, .mass = 1};

HistogramGrid grid() {
  HistogramGrid g;
  g.dimensions = 1;
  g.bins[0] = 40;
  g.lower[0] = -1.6;
  g.upper[0] = 1.6;
  return g;
}

template <class Config>
std::unique_ptr<AnyEnsemble> settled(std::string const& scheme) {
  Experiment s{double_well(barrier), scheme, {}};
  s.params.walkers = walkers;
  s.params.seed = 5;
  s.params.langevin = langevin;
  if (is_overdamped(scheme)) s.params.langevin.dt = 0.01;  // the stability limit is set by V'' dt, not by its root
  s.params.sampling.every = is_overdamped(scheme) ? 5 * steps : steps;
  s.params.sampling.histogram = grid();
  auto ensemble = ensemble_of<Config>(s);
  InitialState start;
  start.lower[0] = -1.4;
  start.upper[0] = 1.4;
  ensemble->initialise(start);
  ensemble->advance(s.params.sampling.every);
  return ensemble;
}

// Pearson's chi^2 over the bins with at least 20 expected counts; the rest, and the outside, make one class more.
struct ChiSquare {
  double value = 0;
  int classes = 0;
};
ChiSquare chi_square(std::vector<double> const& observed, std::vector<double> const& expected) {
  ChiSquare result;
  double rest_observed = walkers, rest_expected = walkers;
  auto const add = [&](double o, double e) {
    result.value += (o - e) * (o - e) / e;
    ++result.classes;
  };
  for (std::size_t b = 0; b < expected.size(); ++b) {
    if (expected[b] < 20) continue;
    add(observed[b], expected[b]);
    rest_observed -= observed[b];
    rest_expected -= expected[b];
  }
  add(rest_observed, rest_expected);
  return result;
}

// Upper 10^-5 point of chi^2 (Wilson and Hilferty, PNAS 17, 684 (1931)).
double threshold(int freedom) {
  double const a = 2.0 / (9 * freedom);
  return freedom * std::pow(1 - a + 4.265 * std::sqrt(a), 3);
}

std::vector<double> expected_counts(double temperature) {
  exact::Interval const line = exact::confinement(energy, temperature);
  double const inside =
      exact::boltzmann_mean(energy, temperature, [](double x) { return std::abs(x) < 1.6 ? 1.0 : 0.0; }, line);
  std::vector<double> counts = exact::boltzmann_bins(energy, temperature, grid());
  for (double& c : counts) c *= inside * walkers;
  return counts;
}

template <class Config>
class DoubleWell : public ::testing::Test {};
TYPED_TEST_SUITE(DoubleWell, AllConfigs, ConfigName);

// False-alarm rate 10^-5 per scheme.
TYPED_TEST(DoubleWell, HistogramFollowsBoltzmann) {
  std::vector<double> const expected = expected_counts(kT);
  {
    // Power: a temperature off by 10 % would be seen.
    ChiSquare const wrong = chi_square(expected_counts(1.1 * kT), expected);
    EXPECT_GT(wrong.value, 2 * threshold(wrong.classes - 1));
  }
  for (std::string const scheme : {"baoab", "leimkuhler-matthews"}) {
    auto const ensemble = settled<TypeParam>(scheme);
    std::vector<double> observed(40, 0.0);
    std::vector<std::uint64_t> const counts = ensemble->histogram();
    for (std::size_t i = 0; i < counts.size(); ++i) {
      if (i % 41 < 40) observed[i % 41] += static_cast<double>(counts[i]);
    }
    ChiSquare const chi = chi_square(observed, expected);
    EXPECT_GE(chi.classes, 30);
    EXPECT_LT(chi.value, threshold(chi.classes - 1)) << scheme << ", " << chi.classes << " classes";
  }
}

TYPED_TEST(DoubleWell, FreeEnergyAndItsErrorBarsMatchQuadrature) {
  auto const ensemble = settled<TypeParam>("baoab");
  auto const sampled = free_energy(ensemble->histogram(), grid(), kT, ensemble->layout());
  auto const exact = exact::free_energy(exact::boltzmann_bins(energy, kT, grid()), grid(), kT);
  double squares = 0;
  int bins = 0;
  for (std::size_t b = 0; b < sampled.size(); ++b) {
    if (exact[b] > 4 * kT + *std::min_element(exact.begin(), exact.end())) continue;
    double const z = (sampled[b].value - exact[b]) / sampled[b].stderr_;
    squares += z * z;
    ++bins;
    EXPECT_LT(sampled[b].stderr_, 0.15 * kT) << b;
  }
  ASSERT_GE(bins, 20);
  // Mean square pull 1 +- sqrt(2 / bins) = 0.3: a factor of two in the error bars is seen on either side.
  EXPECT_NEAR(squares / bins, 1, 4 * std::sqrt(2.0 / bins));
}

TYPED_TEST(DoubleWell, TemperaturesAgreeWithTheBath) {
  auto const ensemble = settled<TypeParam>("baoab");
  SampleTable const cells = sums(*ensemble);
  // 65536 independent samples; the bias of the step, omega^2 h^2 / 12 = 0.2 %, is below the error.
  EXPECT_TRUE(agrees(ratio(cells, Quantity::force_squared, Quantity::laplacian), kT, 0.012 * kT));
  EXPECT_TRUE(agrees(mean(cells, Quantity::virial), kT, 0.03 * kT));
  EXPECT_TRUE(agrees(mean(cells, Quantity::kinetic_half_step), 0.5 * kT, 0.006 * 0.5 * kT));
  EXPECT_TRUE(agrees(mean(frame(*ensemble), FrameQuantity::left), 0.5, 0.003));
}

}  // namespace kramers::test::double_well_physics

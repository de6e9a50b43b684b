// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <gtest/gtest.h>

#include <variant>

#include "physics.hpp"
#include "spaces.hpp"

// All targets are exact in discrete time. Each comparison fails by chance in 7 of 10^6 cases (4.5 standard errors);
// the seeds are fixed. Standard errors are asserted to be far below the effects of the step, omega^2 h^2 / 4 = 7.5 %
// and a / 2 = 29 %, which tell the schemes apart.

namespace kramers::test::harmonic_physics {

using namespace kramers::dynamics;

constexpr double stiffness = 3, kT = 0.7, mass = 1.6;
constexpr LangevinParams langevin{.dt = 0.4, .friction = 1.3, .temperature = kT, .mass = mass};

template <class Config>
class Harmonic : public ::testing::Test {
 protected:
  static Experiment experiment(std::string const& scheme, std::int64_t walkers, double pull = 0) {
    Experiment s{harmonic(stiffness, pull), scheme, {}};
    s.params.walkers = walkers;
    s.params.seed = 2024;
    s.params.langevin = langevin;
    return s;
  }
  static void expect_mean_and_covariance(std::string const& scheme, int steps);
};
TYPED_TEST_SUITE(Harmonic, AllConfigs, ConfigName);

std::vector<double> column(AnyEnsemble& ensemble, std::string const& name) {
  for (StateColumn const& c : ensemble.download()) {
    if (c.name != name) continue;
    return std::visit([](auto const& values) { return std::vector<double>(values.begin(), values.end()); }, c.values);
  }
  return {};
}

// Steps 41 to 140 are sampled; the slowest relaxation takes 4 steps (relaxation of x), so that the start is forgotten
// to exp(-20) and each walker gives about 20 independent samples.
constexpr std::int64_t settle = 40, sampled = 100;

TYPED_TEST(Harmonic, StationaryValuesAreThoseOfDiscreteTime) {
  for (std::string const& scheme : scheme_names()) {
    SCOPED_TRACE(scheme);
    Experiment s = this->experiment(scheme, 16384);
    s.params.sampling.every = 1;
    s.params.production_start = settle;
    auto const ensemble = ensemble_of<TypeParam>(s);
    ensemble->initialise({});
    ensemble->advance(settle + sampled);

    SampleTable const cells = sums(*ensemble);
    exact::Moments const z = exact_step(scheme, {stiffness, 0}, langevin).stationary();
    double const x2 = z.covariance[0][0];
    EXPECT_TRUE(agrees(mean(cells, Quantity::position_squared, sampled), x2, 0.005 * x2));
    EXPECT_TRUE(agrees(mean(cells, Quantity::position, sampled), 0, 0.005 * std::sqrt(x2)));
    EXPECT_TRUE(agrees(mean(cells, Quantity::potential_energy, sampled), 0.5 * stiffness * x2, 0.005 * kT));
    EXPECT_TRUE(agrees(mean(cells, Quantity::virial, sampled), stiffness * x2, 0.005 * kT));
    EXPECT_TRUE(agrees(ratio(cells, Quantity::force_squared, Quantity::laplacian), stiffness * x2, 0.005 * kT));
    if (is_overdamped(scheme)) continue;
    double const v2 = z.covariance[1][1];
    EXPECT_TRUE(agrees(mean(cells, Quantity::kinetic, sampled), 0.5 * mass * v2, 0.005 * kT));
    std::string const letters = scheme == "baoab" ? "BAOAB" : scheme == "aboba" ? "ABOBA" : "OBABO";
    double const half2 = scheme == "gjf"
                             ? kT / mass  // exactly, at any time step
                             : exact::splitting_half_step(letters, {stiffness, 0}, langevin).apply(z).covariance[1][1];
    EXPECT_TRUE(agrees(mean(cells, Quantity::kinetic_half_step, sampled), 0.5 * mass * half2, 0.005 * kT));
  }
}

TYPED_TEST(Harmonic, BaoabHasTheTemperatureOfTheBathInXAndAtHalfSteps) {
  // The closed forms, spelled out for the default scheme.
  Experiment s = this->experiment("baoab", 16384);
  s.params.sampling.every = 1;
  s.params.production_start = settle;
  auto const ensemble = ensemble_of<TypeParam>(s);
  ensemble->initialise({});
  ensemble->advance(settle + sampled);
  SampleTable const cells = sums(*ensemble);
  EXPECT_TRUE(agrees(ratio(cells, Quantity::force_squared, Quantity::laplacian), kT, 0.005 * kT));
  EXPECT_TRUE(agrees(mean(cells, Quantity::virial, sampled), kT, 0.005 * kT));
  EXPECT_TRUE(agrees(mean(cells, Quantity::kinetic_half_step, sampled), 0.5 * kT, 0.005 * kT));
  double const squeeze = 1 - 0.25 * stiffness / mass * langevin.dt * langevin.dt;
  EXPECT_TRUE(agrees(mean(cells, Quantity::kinetic, sampled), 0.5 * kT * squeeze, 0.005 * kT));
}

template <class Config>
void Harmonic<Config>::expect_mean_and_covariance(std::string const& scheme, int steps) {
  SCOPED_TRACE(scheme + " after " + std::to_string(steps) + " steps");
  double const pull = 0.8;
  std::int64_t const walkers = 32768;
  auto const ensemble = ensemble_of<Config>(experiment(scheme, walkers, pull));
  // A point in phase space; Leimkuhler-Matthews carries a normal number instead of a velocity.
  bool const carries_noise = scheme == "leimkuhler-matthews";
  InitialState start;
  start.lower[0] = start.upper[0] = 0.9;
  start.thermal_velocity = carries_noise;
  start.velocity[0] = is_overdamped(scheme) ? 0 : -0.5;
  ensemble->initialise(start);
  ensemble->advance(steps);

  exact::Moments const begin{{0.9, start.velocity[0]}, {{{0, 0}, {0, carries_noise ? 1.0 : 0.0}}}};
  exact::Moments const z = exact_step(scheme, {stiffness, pull}, langevin).power(steps).apply(begin);
  std::vector<std::vector<double>> const data{column(*ensemble, "x0"), column(*ensemble, "v0")};
  std::size_t const coordinates = scheme == "euler-maruyama" ? 1 : 2;
  for (std::size_t i = 0; i < coordinates; ++i) {
    double average = 0;
    for (double const value : data[i]) average += value / walkers;
    double const si = z.covariance[i][i];
    EXPECT_NEAR(average, z.mean[i], 4.5 * std::sqrt(si / walkers));
    for (std::size_t j = 0; j <= i; ++j) {
      double covariance = 0;
      for (std::size_t w = 0; w < static_cast<std::size_t>(walkers); ++w) {
        covariance += (data[i][w] - z.mean[i]) * (data[j][w] - z.mean[j]) / walkers;
      }
      double const sij = z.covariance[i][j];
      double const error = std::sqrt((si * z.covariance[j][j] + sij * sij) / walkers);  // Gaussian data
      EXPECT_NEAR(covariance, sij, 4.5 * error) << i << j;
    }
  }
}

TYPED_TEST(Harmonic, MeanAndCovarianceAfterNStepsAreExact) {
  for (std::string const& scheme : scheme_names()) {
    for (int const steps : {1, 2, 9}) this->expect_mean_and_covariance(scheme, steps);
  }
}

TYPED_TEST(Harmonic, CorrelationAtEachLagIsExact) {
  for (std::string const& scheme : scheme_names()) {
    Experiment s = this->experiment(scheme, 32768);
    s.params.correlations = true;
    auto const ensemble = ensemble_of<TypeParam>(s);
    ensemble->initialise({});
    ensemble->advance(settle);
    ensemble->mark_origin();
    exact::AffineMap const step = exact_step(scheme, {stiffness, 0}, langevin);
    double const x2 = step.lagged_covariance(0)[0][0], v2 = step.lagged_covariance(0)[1][1];
    std::int64_t done = 0;
    for (std::int64_t const lag : {0, 1, 3, 8}) {
      SCOPED_TRACE(scheme + " lag " + std::to_string(lag));
      if (lag > done) ensemble->advance(lag - done);
      done = lag;
      SampleTable const cells = frame(*ensemble);
      exact::Matrix2 const c = step.lagged_covariance(lag);
      EXPECT_TRUE(agrees(mean(cells, FrameQuantity::position_correlation), c[0][0], 0.01 * x2));
      if (lag > 0) {
        EXPECT_TRUE(agrees(mean(cells, FrameQuantity::displacement), 2 * (x2 - c[0][0]), 0.02 * x2));
      }
      if (!is_overdamped(scheme)) {
        EXPECT_TRUE(agrees(mean(cells, FrameQuantity::velocity_correlation), c[1][1], 0.01 * v2));
      }
    }
  }
}

TYPED_TEST(Harmonic, ThreeCoordinatesAreThreeOscillators) {
  Experiment s = this->experiment("baoab", 8192);
  s.potential = harmonic(stiffness, 0, 3);
  s.params.sampling.every = 1;
  s.params.production_start = settle;
  s.params.sampling.coordinate = 2;
  auto const ensemble = ensemble_of<TypeParam>(s);
  ensemble->initialise({});
  ensemble->advance(settle + sampled);
  SampleTable const cells = sums(*ensemble);
  EXPECT_TRUE(agrees(mean(cells, Quantity::virial, sampled), 3 * kT, 0.01 * kT));
  EXPECT_TRUE(agrees(mean(cells, Quantity::kinetic_half_step, sampled), 1.5 * kT, 0.01 * kT));
  EXPECT_TRUE(agrees(ratio(cells, Quantity::force_squared, Quantity::laplacian), kT, 0.005 * kT));
  EXPECT_TRUE(agrees(mean(cells, Quantity::position_squared, sampled), kT / stiffness, 0.01 * kT / stiffness));
}

}  // namespace kramers::test::harmonic_physics

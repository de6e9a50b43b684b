// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>

#include "physics.hpp"
#include "spaces.hpp"

// Escape rate of the double well V = (x^2 - 1)^2, m = 1, kT = 1/5, against half of the first non-zero eigenvalue of
// the Kramers-Fokker-Planck operator (eighth-order differences times Hermite functions; two resolutions agree to the
// digits given). The population of the left well decays by twice that rate.
//
// Bias: friction * dt <= 0.1 and omega0 * dt <= 0.05, where the scheme is at most 0.1 % off, and the transient is cut at
// 5 relaxation times of the well, exp(-5) of a part of a few percent. Agreement is asked within 3 standard errors
// (false-alarm rate 0.3 % per rate, with fixed seeds), and standard errors of at most 1.1 %.

namespace kramers::test::rate_physics {

using namespace kramers::dynamics;

constexpr double kT = 0.2;

struct Case {
  double friction, exact_rate, dt;
  std::int64_t walkers;
  double decay_times;  // length of the window, in units of 1 / (2 rate)
};

template <class Config>
DecayFit measure(Case const& c, double& kgh) {
  double const omega0 = std::sqrt(8.0), omegab = 2;
  Experiment s{double_well(1), "baoab", {}};
  s.params.walkers = c.walkers;
  s.params.seed = 11;
  s.params.langevin = {.dt = c.dt, .friction = c.friction, .temperature = kT, .mass = 1};
  auto const ensemble = ensemble_of<Config>(s);
  InitialState start;
  start.lower[0] = start.upper[0] = -1;
  ensemble->initialise(start);

  double const transient = 5 * exact::well_relaxation_time(omega0, c.friction);
  auto const settle = static_cast<std::int64_t>(std::ceil(transient / c.dt));
  auto const between = static_cast<std::int64_t>(c.decay_times / (2 * c.exact_rate) / c.dt / 32);
  ensemble->advance(settle);
  SampleTable const left = series(*ensemble, FrameQuantity::left, between, 33);
  double const interval = static_cast<double>(between) * c.dt;
  auto const fit = fit_population_decay(left, {static_cast<double>(settle) * c.dt, interval},
                                        {.equilibrium = 0, .transient = transient});
  kgh = exact::kramers_grote_hynes(omega0, omegab, c.friction, 1, kT);
  return fit.value_or(DecayFit{});
}

template <class Config>
void expect_rate(Case const& c) {
  double kgh = 0;
  DecayFit const fit = measure<Config>(c, kgh);
  std::printf("friction %4.1f: rate %.4e +- %.1e (%.2f %%), exact %.4e, z = %+.2f; Kramers-Grote-Hynes %.4e\n",
              c.friction, fit.rate.value, fit.rate.stderr_, 100 * fit.rate.stderr_ / c.exact_rate, c.exact_rate,
              (fit.rate.value - c.exact_rate) / fit.rate.stderr_, kgh);
  EXPECT_TRUE(agrees(fit.rate, c.exact_rate, 0.011 * c.exact_rate, 3));
  EXPECT_NEAR(fit.prefactor.value, 1, 0.05);
}

template <class Config>
class Rate : public ::testing::Test {};
TYPED_TEST_SUITE(Rate, AllConfigs, ConfigName);

// A short window costs less for the same error: the error goes like 2 / sqrt(walkers (1 - exp(-2 length))).
TYPED_TEST(Rate, LowFriction) {
  expect_rate<TypeParam>({0.3, 1.84704e-3, 0.0175, 131072, 0.25});
}
TYPED_TEST(Rate, AtTheTurnover) {
  expect_rate<TypeParam>({1, 2.216814e-3, 0.0175, 106496, 0.25});
}
TYPED_TEST(Rate, ModerateFriction) {
  expect_rate<TypeParam>({3, 1.433885e-3, 0.0175, 106496, 0.25});
}
TYPED_TEST(Rate, HighFriction) {
  expect_rate<TypeParam>({10, 5.380656e-4, 0.01, 106496, 0.25});
}

// The rate counted from transitions with hysteresis is that of transition-path theory for these cores. It is below half
// the eigenvalue by the fraction 4 <q (1 - q)>, q the committor between the cores, for walkers whose fate is open (the
// variance of q in place of 1/4 in the Rayleigh quotient): 1.0 % by quadrature with the overdamped committor. Another
// 1 % is allowed for that approximation on top of 3 standard errors.
TYPED_TEST(Rate, OfTransitionsBetweenCores) {
  Experiment s{double_well(1), "baoab", {}};
  s.params.walkers = 49152;
  s.params.seed = 12;
  s.params.langevin = {.dt = 0.0175, .friction = 1, .temperature = kT, .mass = 1};
  s.params.sampling.every = 10;
  s.params.sampling.core_sets = true;
  s.params.sampling.core_a = -0.8;
  s.params.sampling.core_b = 0.8;
  s.params.production_start = 1200;  // 10 relaxation times
  auto const ensemble = ensemble_of<TypeParam>(s);
  InitialState start;
  start.lower[0] = -1.3;
  start.upper[0] = 1.3;
  ensemble->initialise(start);
  ensemble->advance(8200);
  double const exact_rate = 2.216814e-3;
  SampleTable const cells = sums(*ensemble);
  for (bool const forward : {true, false}) {
    Estimate const rate = forward ? core_set_rate(cells, Quantity::transitions_ab, Quantity::samples_in_a, 0.175)
                                  : core_set_rate(cells, Quantity::transitions_ba, Quantity::samples_in_b, 0.175);
    std::printf("core sets: rate %.4e +- %.1e, eigenvalue / 2 = %.4e\n", rate.value, rate.stderr_, exact_rate);
    EXPECT_NEAR(rate.value, 0.99 * exact_rate, 3 * rate.stderr_ + 0.01 * exact_rate);
    EXPECT_LT(rate.stderr_, 0.015 * exact_rate);
  }
}

}  // namespace kramers::test::rate_physics

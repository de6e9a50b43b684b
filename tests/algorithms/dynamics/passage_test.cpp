// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/dynamics/estimators/events.hpp>

#include <gtest/gtest.h>

#include <cmath>

#include "physics.hpp"
#include "spaces.hpp"

// Mean first-passage times of overdamped walkers against the double integral.
//
// A walker that is looked at every dt misses excursions beyond the target in between. To leading order that moves an
// absorbing boundary away by 0.5826 sqrt(2 D dt), 0.5826 = -zeta(1/2) / sqrt(2 pi), the mean overshoot of a Gaussian
// random walk (Siegmund, Sequential Analysis, 1985, ch. X; Broadie, Glasserman and Kou, Math. Finance 7, 325 (1997)).
// The target of the integral is moved so. The test asserts that this matters: without it the comparison would fail.
// The shift is that of Euler-Maruyama, whose steps are independent; Leimkuhler-Matthews averages neighbouring noise and
// overshoots farther.

namespace kramers::test::passage_physics {

using namespace kramers::dynamics;

struct Case {
  std::shared_ptr<AnyPotential const> potential;
  double kT, friction, dt, from, to;
  std::int64_t walkers, steps;
};

template <class Config>
void expect_time(Case const& c) {
  Experiment s{c.potential, "euler-maruyama", {}};
  s.params.walkers = c.walkers;
  s.params.seed = 31;
  s.params.langevin = {.dt = c.dt, .friction = c.friction, .temperature = c.kT, .mass = 1};
  s.params.sampling.every = 1;
  s.params.sampling.first_passage = true;
  s.params.sampling.core_a = -10;
  s.params.sampling.core_b = c.to;
  auto const ensemble = ensemble_of<Config>(s);
  InitialState start;
  start.lower[0] = start.upper[0] = c.from;
  ensemble->initialise(start);
  ensemble->advance(c.steps);
  PassageRate const passage = passage_rate(sums(*ensemble), c.dt, static_cast<double>(c.steps) * c.dt);
  // The run is so long that fewer than 10^-2 walkers are expected to be left.
  ASSERT_TRUE(passage.mean_of_passed);
  Estimate const time = *passage.mean_of_passed;

  auto const energy = [&](double x) { return c.potential->profile_energy(x); };
  double const wall = exact::confinement(energy, c.kT).lower;
  double const shift = 0.5826 * std::sqrt(2 * c.kT / c.friction * c.dt);
  auto const exact_time = [&](double to) {
    return exact::mean_first_passage_time(energy, c.kT, c.friction, c.from, to, wall);
  };
  double const truth = exact_time(c.to + shift);
  EXPECT_TRUE(agrees(time, truth, 0.01 * truth));
  EXPECT_GT(std::abs(truth - exact_time(c.to)), 3 * time.stderr_);
}

template <class Config>
class Passage : public ::testing::Test {};
TYPED_TEST_SUITE(Passage, AllConfigs, ConfigName);

// False-alarm rate 7 in 10^6 each. dt * V'' is at most 2 %, of which the drift of Euler's scheme makes errors of
// that order only in the fast relaxation of the well, not in the passage.
TYPED_TEST(Passage, OutOfAHarmonicWell) {
  expect_time<TypeParam>({harmonic(1), 1, 1, 0.005, 0, 1, 16384, 8000});
}

TYPED_TEST(Passage, ToTheTopOfTheDoubleWell) {
  expect_time<TypeParam>({double_well(1), 0.5, 1, 0.0025, -1, 0, 16384, 32000});
}

}  // namespace kramers::test::passage_physics

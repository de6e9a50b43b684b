// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <gtest/gtest.h>

#include "physics.hpp"
#include "spaces.hpp"

// On a flat or tilted plane a splitting diffuses and drifts faster than continuous time by the factor
// g = (gamma h / 2) coth(gamma h / 2), 8.2 % at gamma h = 1; the overdamped schemes are exact. Comparisons fail by
// chance in 7 of 10^6 cases (4.5 standard errors), with fixed seeds; standard errors are at most 1 %.

namespace kramers::test::diffusion_physics {

using namespace kramers::dynamics;

constexpr double kT = 0.9, mass = 1.2, friction = 2, pull = 0.6;
constexpr LangevinParams langevin{.dt = 0.5, .friction = friction, .temperature = kT, .mass = mass};
constexpr double mobility = 1 / (mass * friction);

double factor(std::string const& scheme) {
  return is_overdamped(scheme) || scheme == "gjf" ? 1.0 : exact::diffusion_factor(friction * langevin.dt);
}

template <class Config>
class Diffusion : public ::testing::Test {
 protected:
  static std::unique_ptr<AnyEnsemble> at_origin(std::string const& scheme, int dimensions, double force) {
    Experiment s{harmonic(0, force, dimensions), scheme, {}};
    s.params.walkers = 32768;
    s.params.seed = 77;
    s.params.langevin = langevin;
    s.params.correlations = true;
    auto ensemble = ensemble_of<Config>(s);
    ensemble->initialise({});
    ensemble->mark_origin();
    return ensemble;
  }
};
TYPED_TEST_SUITE(Diffusion, AllConfigs, ConfigName);

TYPED_TEST(Diffusion, CoefficientCarriesTheFactor) {
  double const g = exact::diffusion_factor(friction * langevin.dt);
  EXPECT_NEAR(g, 1.082, 5e-4);
  for (std::string const& scheme : scheme_names()) {
    SCOPED_TRACE(scheme);
    auto const ensemble = this->at_origin(scheme, 1, 0);
    // From frame 2, i.e. 20 steps, on the ballistic start is exp(-20) of the slope.
    SampleTable const msd = series(*ensemble, FrameQuantity::displacement, 10, 21);
    double const D = kT * mobility * factor(scheme);
    EXPECT_TRUE(agrees(diffusion_coefficient(msd, {0, 10 * langevin.dt}, 2, 1), D, 0.01 * D));
  }
}

TYPED_TEST(Diffusion, ShortTimesFollowTheExactMeanSquare) {
  for (std::string const& scheme : scheme_names()) {
    SCOPED_TRACE(scheme);
    auto const ensemble = this->at_origin(scheme, 1, 0);
    // Start: thermal velocities, or a unit normal number in the place of the velocity.
    exact::Moments const start{{0, 0}, {{{0, 0}, {0, is_overdamped(scheme) ? 1 : kT / mass}}}};
    ensemble->advance(3);
    double const exact_msd = exact_step(scheme, {0, 0}, langevin).power(3).apply(start).covariance[0][0];
    EXPECT_TRUE(agrees(mean(frame(*ensemble), FrameQuantity::displacement), exact_msd, 0.01 * exact_msd));
  }
}

TYPED_TEST(Diffusion, DriftUnderAConstantForceCarriesTheFactor) {
  for (std::string const& scheme : scheme_names()) {
    SCOPED_TRACE(scheme);
    auto const ensemble = this->at_origin(scheme, 1, pull);
    SampleTable const x = series(*ensemble, FrameQuantity::position, 400, 2);
    double const time = 400 * langevin.dt, drift = pull * mobility * factor(scheme);
    // Over the whole run the start from rest costs 1 / gamma of drift.
    double const lost = is_overdamped(scheme) ? 0 : drift / friction;
    Estimate const end = mean(x, 1);
    EXPECT_TRUE(agrees({(end.value + lost) / time, end.stderr_ / time}, drift, 0.003 * drift));
  }
}

TYPED_TEST(Diffusion, InThreeDimensions) {
  auto const ensemble = this->at_origin("baoab", 3, 0);
  SampleTable const msd = series(*ensemble, FrameQuantity::displacement, 10, 21);
  double const D = kT * mobility * factor("baoab");
  EXPECT_TRUE(agrees(diffusion_coefficient(msd, {0, 10 * langevin.dt}, 2, 3), D, 0.005 * D));
}

}  // namespace kramers::test::diffusion_physics

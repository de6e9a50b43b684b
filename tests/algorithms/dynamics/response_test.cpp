// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/dynamics/estimators/response.hpp>

#include <gtest/gtest.h>

#include <numbers>
#include <string>

#include "physics.hpp"
#include "spaces.hpp"

// Driven walkers against the exact linear response of each scheme, and against the susceptibility of the Smoluchowski
// equation. Each comparison fails by chance in 6 of 10^5 cases (4 standard errors); the seeds are fixed.

namespace kramers::test::response_physics {

using namespace kramers::dynamics;

constexpr double stiffness = 3, kT = 0.7, mass = 1.6;
constexpr LangevinParams langevin{.dt = 0.4, .friction = 1.3, .temperature = kT, .mass = mass};

/// The response of walkers that were first advanced by `settle` steps, from frames `every` steps apart.
template <class Config>
Response measured(Experiment const& experiment, std::int64_t settle, std::int64_t every, int frames) {
  auto const ensemble = ensemble_of<Config>(experiment);
  ensemble->initialise({});
  ensemble->advance(settle);
  SampleTable const positions = series(*ensemble, FrameQuantity::position, every, frames);
  return response(positions, experiment.params.drive, {settle, every});
}

template <class Config>
class DrivenWell : public ::testing::Test {
 protected:
  static void expect_response(std::string const& scheme, std::int64_t period);
};
TYPED_TEST_SUITE(DrivenWell, AllConfigs, ConfigName);

// The slowest relaxation takes 4 steps, so that 60 steps forget the start. 16,384 walkers and 120 frames give the response to
// 0.2 %, which is much less than what tells the schemes from another and from continuous time (several percent).
template <class Config>
void DrivenWell<Config>::expect_response(std::string const& scheme, std::int64_t period) {
  SCOPED_TRACE(scheme + ", period " + std::to_string(period));
  Experiment s{harmonic(stiffness), scheme, {}};
  s.params.walkers = 16384;
  s.params.seed = 77;
  s.params.langevin = langevin;
  s.params.drive = {.amplitude = 2.5, .period = period, .phase = 0.7};
  Response const found = measured<Config>(s, 60, 1, static_cast<int>(120 / period * period));
  std::complex<double> const chi =
      exact::driven_response(scheme, {stiffness, 0}, langevin, static_cast<double>(period));
  double const a = s.params.drive.amplitude;
  ASSERT_TRUE(found.is_seen);
  EXPECT_TRUE(agrees(found.in_phase, a * chi.real(), 0.01 * a * std::abs(chi), 4));
  EXPECT_TRUE(agrees(found.out_of_phase, -a * chi.imag(), 0.01 * a * std::abs(chi), 4));
  EXPECT_TRUE(agrees(found.amplitude, a * std::abs(chi), 0.01 * a * std::abs(chi), 4));
  EXPECT_TRUE(agrees(found.phase_lag, -std::arg(chi), 0.01, 4));
  EXPECT_TRUE(agrees(found.amplification, std::norm(chi), 0.02 * std::norm(chi), 4));
}

TYPED_TEST(DrivenWell, RespondsAsTheMapOfOneStepSays) {
  for (std::string const& scheme : scheme_names()) {
    for (std::int64_t const period : {8, 24}) this->expect_response(scheme, period);
  }
}

TYPED_TEST(DrivenWell, RespondsAlongTheCoordinateThatIsDriven) {
  Experiment s{harmonic(stiffness, 0, 2), "baoab", {}};
  s.params.walkers = 4096;
  s.params.seed = 5;
  s.params.langevin = langevin;
  for (int const observed : {0, 1}) {
    s.params.sampling.coordinate = observed;
    s.params.drive = {.amplitude = 2.5, .period = 24, .phase = 0, .coordinate = 1};
    Response const found = measured<TypeParam>(s, 60, 2, 60);
    double const expected = observed == 1 ? std::abs(exact::driven_response("baoab", {stiffness, 0}, langevin, 24)) : 0;
    EXPECT_EQ(found.is_seen, observed == 1);
    EXPECT_NEAR(std::hypot(found.in_phase.value, found.out_of_phase.value), 2.5 * expected, 0.03);
    EXPECT_LT(found.most, observed == 0 ? 0.05 : 2.5);
  }
}

// Pieces of the steps, in any lengths, end in the middle of periods; the phase goes on.
TYPED_TEST(DrivenWell, HasTheSameBitsInAnyPieces) {
  for (std::string const kind : {"harmonic", "expression"}) {
    auto const potential = kind == "harmonic" ? harmonic(stiffness) : potential_of(kind, "energy = '1.5*x^2'");
    Experiment s{potential, "baoab", {}};
    s.params.walkers = 200;
    s.params.seed = 3;
    s.params.langevin = langevin;
    s.params.drive = {.amplitude = 2.5, .period = 7, .phase = 0.2};
    auto const whole = ensemble_of<TypeParam>(s), pieces = ensemble_of<TypeParam>(s);
    whole->initialise({});
    pieces->initialise({});
    whole->advance(100);
    for (int const steps : {1, 6, 7, 20, 66}) pieces->advance(steps);
    EXPECT_EQ(whole->state_hash(), pieces->state_hash()) << kind;
    s.params.drive.phase = 0.3;
    auto const other = ensemble_of<TypeParam>(s);
    other->initialise({});
    other->advance(100);
    EXPECT_NE(whole->state_hash(), other->state_hash()) << kind;
  }
}

// A formula is followed by the pack, all others by the walker: the same force, to rounding.
TYPED_TEST(DrivenWell, IsTheSameWellAsAFormula) {
  Experiment s{harmonic(stiffness), "aboba", {}};
  s.params.walkers = 64;
  s.params.seed = 3;
  s.params.langevin = langevin;
  s.params.drive = {.amplitude = 2.5, .period = 7, .phase = 0.2};
  auto const one = ensemble_of<TypeParam>(s);
  s.potential = potential_of("expression", "energy = '1.5*x^2'");
  auto const other = ensemble_of<TypeParam>(s);
  for (auto* const ensemble : {one.get(), other.get()}) {
    ensemble->initialise({});
    ensemble->advance(50);
  }
  auto const x = one->read_walkers({0, 17, 63}), y = other->read_walkers({0, 17, 63});
  // A stable linear map forgets roundings; some tens of them are left of numbers of size 1.
  double const tolerance = 100 * std::numeric_limits<typename TypeParam::Real>::epsilon();
  for (std::size_t i = 0; i < x.size(); ++i) EXPECT_NEAR(x[i].position[0], y[i].position[0], tolerance);
}

// The error of the response falls with the square of the time step, of overdamped schemes with the step itself.
TEST(DrivenResponse, ConvergesWithTheOrderOfTheScheme) {
  double const frequency = 1.1;
  for (std::string const& scheme : scheme_names()) {
    SCOPED_TRACE(scheme);
    bool const overdamped = is_overdamped(scheme);
    auto const error = [&](double dt) {
      LangevinParams bath = langevin;
      bath.dt = dt;
      double const period = 2 * std::numbers::pi / (frequency * dt);
      return std::abs(exact::driven_response(scheme, {stiffness, 0}, bath, period) -
                      exact::susceptibility({stiffness, 0}, bath, frequency, overdamped));
    };
    double const order = std::log2(error(2e-3) / error(1e-3));
    EXPECT_NEAR(order, overdamped ? 1 : 2, 0.02);
  }
}

TEST(DrivenResponse, OfAStaticForceIsThatOfTheWell) {
  for (std::string const& scheme : scheme_names()) {
    EXPECT_NEAR(exact::driven_response(scheme, {stiffness, 0}, langevin, 1e9).real(), 1 / stiffness, 1e-8) << scheme;
  }
}

// chi of the Smoluchowski equation at kT = 0.5, drag 1 and period 10, where walkers cross the barrier of 2 kT about as often as
// the force turns (oracles/driven_double_well.py). Beside the errors of the run, of 1 %, A = 0.1 is not quite weak, by about
// (A / kT)^2 / 8 = 0.5 %, and the time step of 1 / 2000 of the period, 4 % of the fastest relaxation, makes as much.
TEST(DrivenResponse, OfADoubleWellIsThatOfTheSmoluchowskiEquation) {
  std::complex<double> const chi{0.2617439, -0.5273420};
  Experiment s{double_well(1), "leimkuhler-matthews", {}};
  s.params.walkers = 32768;
  s.params.seed = 12;
  s.params.langevin = {.dt = 0.005, .friction = 1, .temperature = 0.5, .mass = 1};
  s.params.drive = {.amplitude = 0.1, .period = 2000};
  Response const found = measured<Config<Kokkos::DefaultExecutionSpace, double>>(s, 6000, 125, 16 * 12);
  double const a = s.params.drive.amplitude;
  ASSERT_TRUE(found.is_seen);
  EXPECT_TRUE(agrees(found.amplitude, a * std::abs(chi), 0.015 * a * std::abs(chi), 4));
  EXPECT_TRUE(agrees(found.phase_lag, -std::arg(chi), 0.02, 4));
  ASSERT_EQ(found.profile.size(), 16U);
}

TEST(DrivenResponse, SaysWhereThereIsNone) {
  Experiment s{harmonic(stiffness), "baoab", {}};
  s.params.walkers = 1024;
  s.params.seed = 6;
  s.params.langevin = langevin;
  s.params.drive = {.amplitude = 1e-6, .period = 24};
  Response const found = measured<Config<Kokkos::DefaultExecutionSpace, double>>(s, 60, 1, 120);
  EXPECT_FALSE(found.is_seen);
  EXPECT_GT(found.most, 1e-6 * std::abs(exact::driven_response("baoab", {stiffness, 0}, langevin, 24)));
}

TEST(DrivenResponse, NeedsFramesThatSeeThePeriod) {
  DriveParams const drive{.amplitude = 1, .period = 24};
  EXPECT_EQ(phases_seen(drive, 1), 24);
  EXPECT_EQ(phases_seen(drive, 16), 3);
  EXPECT_EQ(phases_seen(drive, 27), 8);
  EXPECT_EQ(phases_seen(drive, 24), 1);
  SampleTable const positions(std::vector<double>(12, 0.0), 6, std::vector<double>{1, 1});
  EXPECT_THROW(response(positions, drive, {0, 24}), DomainError);
  EXPECT_THROW(response(positions, drive, {0, 12}), DomainError);
  EXPECT_THROW(response(positions, drive, {0, 1}), DomainError);
  EXPECT_EQ(response(positions, drive, {0, 6}).frames, 4);
}

}  // namespace kramers::test::response_physics

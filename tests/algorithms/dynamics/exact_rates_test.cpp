// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exact_rates.hpp"

#include <kramers/base/error.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

namespace {

using namespace kramers;
using namespace kramers::dynamics;
using exact::Motion;
using golden::double_well;

LangevinParams bath(double friction, double kT, double mass = 1) {
  return {0, friction, kT, mass};
}

double tilted(double x) {
  return double_well(x) + 0.3 * x;
}

// The error that a result claims may be trusted, if the reference has so many digits.
#define EXPECT_HONEST(estimate, reference, digits)                                                 \
  do {                                                                                             \
    ASSERT_TRUE(estimate);                                                                         \
    EXPECT_NEAR((estimate)->value, reference, (estimate)->error + (digits) * std::abs(reference)); \
  } while (false)

TEST(ExactRates, EigenvaluesAreThoseOfAnotherMethod) {
  for (golden::Rate const& known : golden::strong) {
    auto const found =
        exact::relaxation_rate(double_well, bath(known.friction, 1 / known.barrier), Motion::underdamped);
    ASSERT_TRUE(found);
    EXPECT_NEAR(found->value / (2 * known.eigenvalue), 1, 1e-8) << known.barrier << " " << known.friction;
    EXPECT_HONEST(found, 2 * known.eigenvalue, 3e-12);
    EXPECT_LT(found->error, 1e-8 * found->value);
  }
}

TEST(ExactRates, CoreSetRatesAreThoseOfAnotherMethod) {
  for (golden::Rate const& known : golden::strong) {
    auto const found =
        exact::core_set_rate(double_well, bath(known.friction, 1 / known.barrier), -1, 1, Motion::underdamped);
    ASSERT_TRUE(found);
    EXPECT_NEAR(found->forward / known.core_sets, 1, known.digits + found->relative_error)
        << known.barrier << " " << known.friction;
    EXPECT_LT(found->relative_error, 3e-6);
    EXPECT_NEAR(found->last_in_a, 0.5, 1e-12);
  }
}

TEST(ExactRates, OverdampedRatesAreThoseOfQuadrature) {
  double const drag = 6;
  for (auto const& [barrier, half, passage] :
       std::vector<std::array<double, 3>>{{5, 5.55228127315e-3, 5.48192498914e-3},
                                          {10, 3.91785459995e-5, 3.91740674928e-5},
                                          {20, 1.81930284986e-9, 1.81930283835e-9}}) {
    LangevinParams const langevin = bath(3, 1 / barrier, 2);
    auto const relaxation = exact::relaxation_rate(double_well, langevin, Motion::overdamped, 1e-9);
    auto const exchange = exact::core_set_rate(double_well, langevin, -1, 1, Motion::overdamped, 1e-9);
    ASSERT_TRUE(relaxation && exchange);
    EXPECT_NEAR(relaxation->value * drag / (2 * half), 1, 1e-9);
    EXPECT_NEAR(exchange->forward * drag / passage, 1, 1e-9);
  }
}

// Without inertia a core-set rate is 1 / MFPT between the edges, whatever the wells.
TEST(ExactRates, UnequalWellsAgreeWithFirstPassage) {
  LangevinParams const langevin = bath(2, 0.08, 1.5);
  auto const found = exact::core_set_rate(tilted, langevin, -0.8, 0.7, Motion::overdamped, 1e-9);
  ASSERT_TRUE(found);
  EXPECT_NEAR(found->forward * exact::mean_first_passage_time(tilted, 0.08, 3, -0.8, 0.7, -2.5), 1, 1e-9);
  EXPECT_NEAR(found->backward * exact::mean_first_passage_time(tilted, 0.08, 3, 0.7, -0.8, 2.5), 1, 1e-9);
}

TEST(ExactRates, UnequalWellsRelaxAtTheSumOfBothRates) {
  // The gap is about exp(-barrier / kT), 1e-8 here for the shallower well, and the core sets' tolerance.
  LangevinParams const langevin = bath(5, 0.04);
  auto const relaxation = exact::relaxation_rate(tilted, langevin, Motion::underdamped);
  auto const exchange = exact::core_set_rate(tilted, langevin, -1, 0.95, Motion::underdamped);
  ASSERT_TRUE(relaxation && exchange);
  EXPECT_NEAR((exchange->forward + exchange->backward) / relaxation->value, 1, 2e-6);
  // Detailed balance against the populations, which no solver has seen; the same exp(-barrier / kT).
  auto const left = exact::boltzmann_mean(tilted, 0.04, [](double x) { return x < 0.0754 ? 1.0 : 0.0; }, {-2.5, 2.5});
  EXPECT_NEAR(exchange->last_in_a / left, 1, 1e-6);
  EXPECT_NEAR(exchange->crossings / (exchange->forward * exchange->last_in_a), 1, 1e-14);
}

TEST(ExactRates, AMirrorExchangesTheDirections) {
  LangevinParams const langevin = bath(1, 0.1);
  auto const one = exact::core_set_rate(tilted, langevin, -1, 0.9, Motion::underdamped, 1e-5);
  auto const two =
      exact::core_set_rate([](double x) { return tilted(-x); }, langevin, -0.9, 1, Motion::underdamped, 1e-5);
  ASSERT_TRUE(one && two);
  EXPECT_NEAR(one->forward / two->backward, 1, 1e-5);
  EXPECT_NEAR(one->backward / two->forward, 1, 1e-5);
  EXPECT_NEAR(one->last_in_a + two->last_in_a, 1, 1e-9);
}

TEST(ExactRates, ThreeWellsRelaxLikeAChainOfThreeStates) {
  auto const v = [](double x) { return 0.2 * std::pow(x * (x * x - 4), 2) + 0.15 * x; };
  LangevinParams const langevin = bath(4, 0.1);
  auto const relaxation = exact::relaxation_rate(v, langevin, Motion::overdamped, 1e-9);
  ASSERT_TRUE(relaxation);
  // A chain of three states with the rates between neighbours, good to exp(-barrier / kT) = 1e-8.
  auto const left = exact::core_set_rate(v, langevin, -2, 0, Motion::overdamped, 1e-9);
  auto const right = exact::core_set_rate(v, langevin, 0, 2, Motion::overdamped, 1e-9);
  ASSERT_TRUE(left && right);
  double const middle = right->last_in_a - left->last_in_a;
  double const out = left->forward, in = right->backward;
  double const back = left->crossings / middle, on = right->crossings / middle;
  double const sum = out + back + on + in, product = out * on + out * in + back * in;
  EXPECT_NEAR(relaxation->value * (sum + std::sqrt(sum * sum - 4 * product)) / (2 * product), 1, 1e-6);
}

TEST(ExactRates, ATableGivesTheRateOfItsFormula) {
  // Cubic pieces with the right slopes: V is wrong by less than 24 h^4 / 384 = 4e-7, 8e-6 kT.
  constexpr double h = 0.05;
  auto const table = [](double x) {
    double const cell = std::floor(x / h), t = x / h - cell, a = h * cell, b = a + h;
    auto const slope = [](double y) { return 4 * y * (y * y - 1); };
    return (1 + 2 * t) * (1 - t) * (1 - t) * double_well(a) + t * t * (3 - 2 * t) * double_well(b) +
           h * (t * (1 - t) * (1 - t) * slope(a) - t * t * (1 - t) * slope(b));
  };
  auto const found = exact::relaxation_rate(table, bath(1, 0.05), Motion::underdamped, 1e-5);
  ASSERT_TRUE(found);
  EXPECT_NEAR(found->value / (2 * 7.16896497977e-10), 1, 2e-5);
}

TEST(ExactRates, AHarmonicWellRelaxesAsItsEquationSays) {
  auto const v = [](double x) { return 2 * (x - 3) * (x - 3); };  // omega = 2
  for (double const friction : {4.5, 10.0}) {
    auto const found = exact::relaxation_rate(v, bath(friction, 0.7), Motion::underdamped);
    EXPECT_HONEST(found, 1 / exact::well_relaxation_time(2, friction), 1e-12);
  }
  auto const overdamped = exact::relaxation_rate(v, bath(5, 0.7), Motion::overdamped, 1e-10);
  EXPECT_HONEST(overdamped, 4.0 / 5, 1e-12);
  EXPECT_FALSE(exact::relaxation_rate(v, bath(1, 0.7), Motion::underdamped, 1e-4)) << "an oscillation is no relaxation";
}

TEST(ExactRates, BarriersOfFortyCostNoDigits) {
  LangevinParams const langevin = bath(2, 1.0 / 40);
  auto const relaxation = exact::relaxation_rate(double_well, langevin, Motion::overdamped, 1e-10);
  auto const inertial = exact::relaxation_rate(double_well, langevin, Motion::underdamped);
  auto const exchange = exact::core_set_rate(double_well, langevin, -1, 1, Motion::underdamped, 1e-7);
  ASSERT_TRUE(relaxation && inertial && exchange);
  EXPECT_LT(relaxation->value, 1e-17);
  EXPECT_NEAR(relaxation->value * exact::mean_first_passage_time(double_well, 1.0 / 40, 2, -1, 1, -2) / 2, 1, 1e-10);
  EXPECT_NEAR(exchange->forward / (0.5 * inertial->value), 1, 2e-7);
}

TEST(ExactRates, AnEnergyLikeTheDistanceHasNoSlowestMode) {
  auto const v = [](double x) { return std::sqrt(x * x + 1); };
  EXPECT_FALSE(exact::relaxation_rate(v, bath(2, 0.5), Motion::overdamped, 1e-4));
}

TEST(ExactRates, FirstPassageWithInertiaIsTheInverseRate) {
  // From anywhere in the well, to exp(-barrier / kT) and the time in the well times the rate.
  LangevinParams const langevin = bath(3, 0.05);
  auto const time = exact::mean_first_passage_time(tilted, langevin, -1, 0.95, 1e-6);
  auto const back = exact::mean_first_passage_time(tilted, langevin, 0.9, -1, 1e-6);
  auto const exchange = exact::core_set_rate(tilted, langevin, -1, 0.95, Motion::underdamped);
  ASSERT_TRUE(time && back && exchange);
  EXPECT_NEAR(time->value * exchange->forward, 1, 3e-6);
  EXPECT_NEAR(back->value * exchange->backward, 1, 3e-6);
}

// A wall that absorbs walkers with inertia acts where one without would stand farther by Milne's length,
// -zeta(1/2) s / gamma, s = sqrt(kT / m) (Burschka and Titulaer, J. Stat. Phys. 25, 569 (1981)); then (s / gamma)^2.
TEST(ExactRates, AbsorptionHasMilnesLength) {
  auto const v = [](double x) { return x < 0 ? std::pow(x, 4) : 0.0; };
  double const kT = 2, mass = 2;
  double const milne = 1.4603545088095868;
  std::vector<double> deviation;
  for (double const friction : {20.0, 40.0}) {
    auto const found = exact::mean_first_passage_time(v, bath(friction, kT, mass), 0.5, 2, 1e-5);
    ASSERT_TRUE(found);
    double const reached = exact::mean_first_passage_time(v, kT, mass * friction, 0.5, 2 + milne / friction, -5);
    double const at_edge = exact::mean_first_passage_time(v, kT, mass * friction, 0.5, 2, -5);
    EXPECT_GT(found->value / at_edge, 1 + 0.5 / friction);
    deviation.push_back(std::abs(found->value / reached - 1));
  }
  EXPECT_LT(deviation[0], 2e-3);
  EXPECT_LT(deviation[1], 0.35 * deviation[0]);
}

TEST(ExactRates, StepShiftsAreThoseOfTheDoubleWell) {
  for (golden::Rate const& known : golden::strong) {
    auto const found = exact::step_shift(double_well, bath(known.friction, 1 / known.barrier), "BAOAB", 1e-5);
    ASSERT_TRUE(found);
    EXPECT_NEAR(found->value, known.step_shift, 6e-5);
  }
}

// ABOBA and OBABO are cycles of the same letters. A constant of this code: no other source is known.
TEST(ExactRates, StepShiftsOfFrictionOutsideAreEqual) {
  for (auto const* letters : {"ABOBA", "OBABO"}) {
    auto const found = exact::step_shift(double_well, bath(1, 0.2), letters, 1e-5);
    ASSERT_TRUE(found);
    EXPECT_NEAR(found->value, 4.37263, 1e-4) << letters;
  }
}

// In a harmonic well a step is a matrix, whose eigenvalue says how fast the discrete chain relaxes.
TEST(ExactRates, StepShiftsAreThoseOfAHarmonicStep) {
  auto const v = [](double x) { return 1.5 * x * x; };
  LangevinParams langevin = bath(5, 0.4, 2);
  double const rate = 1 / exact::well_relaxation_time(std::sqrt(1.5), 5);
  for (auto const* letters : {"BAOAB", "ABOBA", "OBABO"}) {
    auto const shift = [&](double h) {
      langevin.dt = h;
      auto const m = exact::splitting_step(letters, {3, 0}, langevin).matrix;
      double const half = 0.5 * (m[0][0] + m[1][1]), determinant = m[0][0] * m[1][1] - m[0][1] * m[1][0];
      return (-std::log(half + std::sqrt(half * half - determinant)) / h / rate - 1) / (h * h);
    };
    auto const found = exact::step_shift(v, langevin, letters, 1e-7);
    ASSERT_TRUE(found);
    // h^4 by extrapolation: what is left is h^4 c6 = 1e-7 c6.
    EXPECT_NEAR(found->value, (4 * shift(0.02) - shift(0.04)) / 3, 1e-5 * (1 + std::abs(found->value))) << letters;
  }
}

// Four digits asked, and what a hundredth of that tolerance says: low barriers feel the range and the other modes.
TEST(ExactRates, LooseTolerancesTellTheirErrors) {
  auto const rough = [](double x) { return double_well(x) + 0.3 * x + 0.15 * std::sin(6 * x); };
  for (double const kT : {0.05, 0.3}) {
    LangevinParams const langevin = bath(2.5, kT);
    auto const each = [&](auto const& result) {
      auto const loose = result(1e-4), tight = result(1e-6);
      ASSERT_TRUE(loose && tight);
      EXPECT_LT(tight->error, 0.1 * std::abs(tight->value));
      EXPECT_NEAR(loose->value, tight->value, loose->error + tight->error) << kT;
    };
    each([&](double tolerance) { return exact::relaxation_rate(rough, langevin, Motion::underdamped, tolerance); });
    each([&](double tolerance) { return exact::relaxation_rate(rough, langevin, Motion::overdamped, tolerance); });
    each([&](double tolerance) { return exact::mean_first_passage_time(rough, langevin, -1, 0.8, tolerance); });
    each([&](double tolerance) { return exact::step_shift(rough, langevin, "OBABO", tolerance); });
  }
}

TEST(ExactRates, ParametersOutOfRangeAreRefused) {
  EXPECT_THROW(exact::relaxation_rate(double_well, bath(0, 1), Motion::underdamped), DomainError);
  EXPECT_THROW(exact::relaxation_rate(double_well, bath(1, 0), Motion::underdamped), DomainError);
  EXPECT_THROW(exact::relaxation_rate(double_well, bath(1, 1, -1), Motion::underdamped), DomainError);
  EXPECT_THROW(exact::relaxation_rate(double_well, bath(1, 1), Motion::underdamped, 1e-15), DomainError);
  EXPECT_THROW(exact::relaxation_rate([](double x) { return x; }, bath(1, 1), Motion::overdamped), DomainError);
  EXPECT_THROW(exact::core_set_rate(double_well, bath(1, 0.1), 1, -1, Motion::overdamped), DomainError);
  EXPECT_THROW(exact::core_set_rate(double_well, bath(1, 0.1), -1, 100, Motion::overdamped), DomainError);
  EXPECT_THROW(exact::mean_first_passage_time(double_well, bath(1, 0.1), 1, 1), DomainError);
  EXPECT_THROW(exact::step_shift(double_well, bath(1, 0.1), "BAB"), DomainError);
}

TEST(ExactRates, EnergyLostPerOrbitHasAClosedForm) {
  auto const wells = exact::find_wells(double_well, {-2, 2});
  ASSERT_TRUE(wells);
  auto const loss = exact::energy_loss(double_well, bath(0.3, 0.1), *wells);
  EXPECT_NEAR(loss.left, 8 * 0.3 / (3 * 0.1), 1e-9);
  EXPECT_NEAR(loss.right, loss.left, 1e-9);
  auto const heavier = exact::energy_loss(double_well, bath(0.3, 0.1, 4), *wells);
  EXPECT_NEAR(heavier.left / loss.left, 2, 1e-12);
}

TEST(ExactRates, DepopulationHasItsLimits) {
  EXPECT_NEAR(exact::depopulation_factor(100), 1, 1e-11);
  // Next term of small losses: 1 + zeta(1/2) / sqrt(pi) sqrt(loss) (Mel'nikov and Meshkov, 4.13).
  double const loss = 1e-4;
  EXPECT_NEAR(exact::depopulation_factor(loss) / loss, 1 - 1.4603545 / std::sqrt(std::numbers::pi) * std::sqrt(loss),
              1e-3);
  EXPECT_LT(exact::depopulation_factor(1), exact::depopulation_factor(2));
}

TEST(ExactRates, TurnoverTheoryIsWithinPerCentOfHighBarriers) {
  auto const wells = exact::find_wells(double_well, {-2, 2});
  ASSERT_TRUE(wells);
  for (golden::Rate const& known : {golden::strong[6], golden::strong[8], golden::weak[2]}) {
    double const turnover = exact::turnover_rate(double_well, bath(known.friction, 1 / known.barrier), *wells);
    EXPECT_NEAR(turnover / known.eigenvalue, 1, 0.02) << known.friction;
  }
}

}  // namespace

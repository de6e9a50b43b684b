// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/dynamics/estimators/exact.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace {

using namespace kramers;
using namespace kramers::dynamics;

double square(double x) {
  return x * x;
}
double double_well(double x) {
  return square(x * x - 1);
}

// Quadrature tolerances: smooth integrands on 512 panels of order 8 are exact to rounding, of which a few thousand
// additions gather about 1e-13.
constexpr double rounding = 1e-12;

TEST(Exact, IntegratesAPolynomialOfTheHighestExactDegree) {
  EXPECT_NEAR(exact::integrate([](double x) { return std::pow(x, 15); }, {0, 2}, 1), std::pow(2.0, 16) / 16,
              rounding * 4096);
}

TEST(Exact, HarmonicMeansFollowEquipartition) {
  double const kT = 0.7, k = 3, x0 = 0.4;
  auto const v = [&](double x) { return 0.5 * k * square(x - x0); };
  exact::Interval const range = exact::confinement(v, kT);
  EXPECT_NEAR(exact::boltzmann_mean(v, kT, [&](double x) { return square(x - x0); }, range), kT / k, rounding);
  EXPECT_NEAR(exact::boltzmann_mean(v, kT, [](double x) { return x; }, range), x0, rounding);
}

TEST(Exact, QuarticObeysTheVirialTheorem) {
  auto const v = [](double x) { return std::pow(x, 4); };
  EXPECT_NEAR(exact::boltzmann_mean(
                  v, 2.5, [](double x) { return 4 * std::pow(x, 4); }, exact::confinement(v, 2.5)),
              2.5, rounding);
}

TEST(Exact, ConfinementRefusesAnOpenPotential) {
  EXPECT_THROW(exact::confinement([](double x) { return x; }, 1), DomainError);
}

TEST(Exact, BinsOfAHarmonicWellAreDifferencesOfErf) {
  double const kT = 0.5, k = 2;
  HistogramGrid grid;
  grid.dimensions = 1;
  grid.bins[0] = 7;
  grid.lower[0] = -1;
  grid.upper[0] = 1.5;
  auto const p = exact::boltzmann_bins([&](double x) { return 0.5 * k * x * x; }, kT, grid);
  auto const cumulative = [&](double x) { return std::erf(x * std::sqrt(0.5 * k / kT)); };
  for (int i = 0; i < 7; ++i) {
    double const a = -1 + 2.5 * i / 7, b = -1 + 2.5 * (i + 1) / 7;
    EXPECT_NEAR(p[static_cast<std::size_t>(i)], (cumulative(b) - cumulative(a)) / (cumulative(1.5) - cumulative(-1)),
                rounding);
  }
  EXPECT_NEAR(exact::free_energy(p, grid, kT)[3], -kT * std::log(p[3] * 7 / 2.5), rounding);
}

TEST(Exact, BinsInTwoDimensionsFactorise) {
  HistogramGrid grid;
  grid.dimensions = 2;
  grid.bins[0] = 6;
  grid.bins[1] = 8;
  grid.lower[0] = grid.lower[1] = -1.2;
  grid.upper[0] = grid.upper[1] = 1.3;
  auto const both = exact::boltzmann_bins([](double x, double y) { return double_well(x) + 2 * y * y; }, 0.4, grid);
  HistogramGrid rows = grid, columns = grid;
  rows.dimensions = columns.dimensions = 1;
  columns.bins[0] = 8;
  auto const along_x = exact::boltzmann_bins(double_well, 0.4, rows);
  auto const along_y = exact::boltzmann_bins([](double y) { return 2 * y * y; }, 0.4, columns);
  for (std::size_t i = 0; i < 6; ++i) {
    // One panel per bin and axis here, over which the energy changes by up to 4 kT: truncation is about 1e-10.
    for (std::size_t j = 0; j < 8; ++j) EXPECT_NEAR(both[8 * i + j], along_x[i] * along_y[j], 1e-9);
  }
}

TEST(Exact, FindsTheWellsOfTheDoubleWell) {
  auto const wells = exact::find_wells([](double x) { return 5 * double_well(x); }, {-2, 2.1});
  ASSERT_TRUE(wells);
  // Golden section stops at 1e-8 of the range, but V is flat there: sqrt(epsilon) is the limit. The curvature is
  // a difference over 2e-3, with a truncation of V'''' h^2 / 12 = 4e-5.
  EXPECT_NEAR(wells->left, -1, 1e-7);
  EXPECT_NEAR(wells->top, 0, 1e-7);
  EXPECT_NEAR(wells->right, 1, 1e-7);
  EXPECT_NEAR(wells->left_barrier, 5, 1e-12);
  EXPECT_NEAR(wells->left_curvature, 40, 1e-4);
  EXPECT_NEAR(wells->top_curvature, 20, 1e-4);
  EXPECT_NEAR(wells->right_curvature, 40, 1e-4);
}

TEST(Exact, WellsThatDifferAreToldApartAndRipplesIgnored) {
  auto const rippled = [](double x) { return double_well(x) + 0.2 * x + 0.01 * std::sin(40 * x); };
  auto const wells = exact::find_wells(rippled, {-1.8, 1.8});
  ASSERT_TRUE(wells);
  EXPECT_NEAR(wells->left, -1.02, 0.08);  // a ripple has a wave length of 0.16
  EXPECT_NEAR(wells->right, 0.97, 0.08);
  EXPECT_NEAR(wells->left_barrier - wells->right_barrier, 0.4, 0.05);
  EXPECT_FALSE(exact::find_wells([](double x) { return x * x; }, {-1, 1}));
}

TEST(Exact, KramersRateHasItsLimits) {
  double const omega0 = std::sqrt(8.0), omegab = 2, barrier = 1, kT = 0.2;
  double const tst = omega0 / (2 * std::numbers::pi) * std::exp(-5.0);
  EXPECT_NEAR(exact::kramers_grote_hynes(omega0, omegab, 0, barrier, kT), tst, 1e-15);
  // gamma -> infinity: corrections are (omegab / gamma)^2
  EXPECT_NEAR(exact::kramers_grote_hynes(omega0, omegab, 1e4, barrier, kT) /
                  exact::kramers_overdamped(omega0, omegab, 1e4, barrier, kT),
              1, 1e-7);
  // The published ratio of the exact rate to this one, three digits.
  EXPECT_NEAR(2.216814e-3 / exact::kramers_grote_hynes(omega0, omegab, 1, barrier, kT), 0.936, 5e-4);
  EXPECT_NEAR(5.380656e-4 / exact::kramers_grote_hynes(omega0, omegab, 10, barrier, kT), 0.921, 5e-4);
}

TEST(Exact, WellRelaxationIsTheSlowRootOfTheDampedOscillator) {
  EXPECT_DOUBLE_EQ(exact::well_relaxation_time(2, 1), 2);  // underdamped: the envelope exp(-gamma t / 2)
  double const slow = 1 / exact::well_relaxation_time(2, 10);
  EXPECT_NEAR(slow * slow - 10 * slow + 4, 0, 1e-14);
  EXPECT_LT(slow, 5);
}

TEST(Exact, FirstPassageOnAFlatPlane) {
  double const kT = 0.5, drag = 3, D = kT / drag;
  auto const flat = [](double) { return 0.0; };
  // Reflecting at 0, absorbing at 2, from 0.5: (L^2 - x^2) / (2 D); and its mirror image.
  EXPECT_NEAR(exact::mean_first_passage_time(flat, kT, drag, 0.5, 2, 0), (4 - 0.25) / (2 * D), 1e-10);
  EXPECT_NEAR(exact::mean_first_passage_time(flat, kT, drag, -0.5, -2, 0), (4 - 0.25) / (2 * D), 1e-10);
  EXPECT_THROW(exact::mean_first_passage_time(flat, kT, drag, 0.5, 2, 1), DomainError);
}

TEST(Exact, FirstPassageApproachesKramersForAHighBarrier) {
  // From well to well the mean time is 1/k. Leading correction of the overdamped rate: relative kT/dV times a constant
  // of order 1; halving kT must halve it.
  double const kT = 0.05, gamma = 7;
  auto const deviation = [&](double t) {
    double const time = exact::mean_first_passage_time(double_well, t, gamma, -1, 1, -3);
    return time * exact::kramers_overdamped(std::sqrt(8.0), 2, gamma, 1, t) - 1;
  };
  EXPECT_LT(std::abs(deviation(kT)), 0.05);
  EXPECT_NEAR(deviation(kT / 2) / deviation(kT), 0.5, 0.05);
}

TEST(Exact, CommittorIsLinearOnAPlaneAndHalfOnTop) {
  EXPECT_NEAR(exact::committor([](double) { return 3.0; }, 1, -1, 3, 0), 0.25, rounding);
  EXPECT_NEAR(exact::committor(double_well, 0.1, -0.9, 0.9, 0), 0.5, rounding);
  EXPECT_LT(exact::committor(double_well, 0.1, -0.9, 0.9, -0.5), 0.01);
}

class DiscreteTime : public ::testing::Test {
 protected:
  double m_k = 3, m_kT = 0.7;
  LangevinParams m_bath{.dt = 0.4, .friction = 1.3, .temperature = m_kT, .mass = 1.6};
  exact::HarmonicWell m_well{m_k, 0};
  double m_squeeze = 1 - 0.25 * m_k / 1.6 * 0.4 * 0.4;  // 1 - omega^2 h^2 / 4
  double m_tolerance = 1e-13;                           // algebra in 60 doublings of contracting 2x2 matrices
};

TEST_F(DiscreteTime, StationaryBaoab) {
  auto const s = exact::splitting_step("BAOAB", m_well, m_bath).stationary().covariance;
  EXPECT_NEAR(s[0][0], m_kT / m_k, m_tolerance);
  EXPECT_NEAR(1.6 * s[1][1], m_kT * m_squeeze, m_tolerance);
  EXPECT_NEAR(s[0][1], 0, m_tolerance);
}

TEST_F(DiscreteTime, HalfStepVelocityOfBaoabHasTheBathTemperature) {
  auto const z = exact::splitting_step("BAOAB", m_well, m_bath).stationary();
  auto const s = exact::splitting_half_step("BAOAB", m_well, m_bath).apply(z).covariance;
  EXPECT_NEAR(s[0][0], m_kT / m_k, m_tolerance);
  EXPECT_NEAR(1.6 * s[1][1], m_kT, m_tolerance);
  EXPECT_NEAR(s[0][1], 0.5 * 0.4 * m_kT / 1.6, m_tolerance);
}

TEST_F(DiscreteTime, StationaryAbobaAndObabo) {
  auto const aboba = exact::splitting_step("ABOBA", m_well, m_bath).stationary().covariance;
  EXPECT_NEAR(aboba[0][0], m_kT / m_k, m_tolerance);
  EXPECT_NEAR(1.6 * aboba[1][1], m_kT / m_squeeze, m_tolerance);
  auto const obabo = exact::splitting_step("OBABO", m_well, m_bath).stationary().covariance;
  EXPECT_NEAR(obabo[0][0], m_kT / m_k / m_squeeze, m_tolerance);
  EXPECT_NEAR(1.6 * obabo[1][1], m_kT, m_tolerance);
}

TEST_F(DiscreteTime, GjfIsExactInXInAHarmonicWellAndWithoutOne) {
  auto const z = exact::gjf_step(m_well, m_bath).stationary().covariance;
  EXPECT_NEAR(z[0][0], m_kT / m_k, m_tolerance);
  EXPECT_NEAR(z[0][1], 0, m_tolerance);
  EXPECT_NEAR(1.6 * z[1][1], m_kT * m_squeeze, m_tolerance);
  auto const step = exact::gjf_step({0, 0.9}, m_bath);
  auto const early = step.power(200).apply({}), late = step.power(400).apply({});
  EXPECT_NEAR((late.covariance[0][0] - early.covariance[0][0]) / (2 * 200 * 0.4), m_kT / (1.6 * 1.3), 1e-12);
  EXPECT_NEAR((late.mean[0] - early.mean[0]) / (200 * 0.4), 0.9 / (1.6 * 1.3), 1e-12);
}

TEST_F(DiscreteTime, StationaryOverdamped) {
  double const a = 3 * 0.4 / (1.6 * 1.3);
  EXPECT_NEAR(exact::euler_maruyama_step(m_well, m_bath).stationary().covariance[0][0], m_kT / m_k / (1 - a / 2),
              m_tolerance);
  EXPECT_NEAR(exact::leimkuhler_matthews_step(m_well, m_bath).stationary().covariance[0][0], m_kT / m_k, m_tolerance);
}

TEST_F(DiscreteTime, PowersAreRepeatedSteps) {
  auto const step = exact::splitting_step("OBABO", {3, 0.8}, m_bath);
  exact::Moments z{{0.5, -1}, {{{0.2, 0.1}, {0.1, 0.3}}}};
  auto const leap = step.power(13).apply(z);
  for (int n = 0; n < 13; ++n) z = step.apply(z);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_NEAR(leap.mean[i], z.mean[i], m_tolerance);
    for (std::size_t j = 0; j < 2; ++j) EXPECT_NEAR(leap.covariance[i][j], z.covariance[i][j], m_tolerance);
  }
  EXPECT_NEAR(step.stationary().mean[0], 0.8 / 3, m_tolerance);
}

TEST_F(DiscreteTime, LaggedCovarianceStartsAtTheVarianceAndDecaysByTheMatrix) {
  auto const step = exact::splitting_step("BAOAB", m_well, m_bath);
  auto const now = step.lagged_covariance(0), next = step.lagged_covariance(1);
  EXPECT_NEAR(now[0][0], m_kT / m_k, m_tolerance);
  EXPECT_NEAR(next[0][0], step.matrix[0][0] * m_kT / m_k, m_tolerance);
  EXPECT_NEAR(step.lagged_covariance(400)[0][0], 0, m_tolerance);
}

TEST_F(DiscreteTime, AStepBeyondTheStabilityLimitIsRefused) {
  m_bath.dt = 2.01 / std::sqrt(3 / 1.6);
  EXPECT_THROW(exact::splitting_step("BAOAB", m_well, m_bath).stationary(), DomainError);
  m_bath.dt = 1.99 / std::sqrt(3 / 1.6);
  EXPECT_NEAR(exact::splitting_step("BAOAB", m_well, m_bath).stationary().covariance[0][0], m_kT / m_k, 1e-10);
}

TEST_F(DiscreteTime, DiffusionAndDriftCarryTheSameFactor) {
  double const g = exact::diffusion_factor(1.3 * 0.4), mobility = 1 / (1.6 * 1.3);
  EXPECT_NEAR(g, 1 + square(1.3 * 0.4) / 12, 2e-4);  // the next term is -(gamma h)^4 / 720
  for (auto const* letters : {"BAOAB", "ABOBA", "OBABO"}) {
    auto const step = exact::splitting_step(letters, {0, 0.9}, m_bath);
    auto const early = step.power(200).apply({}), late = step.power(400).apply({});
    EXPECT_NEAR((late.covariance[0][0] - early.covariance[0][0]) / (2 * 200 * 0.4), m_kT * mobility * g, 1e-12);
    EXPECT_NEAR((late.mean[0] - early.mean[0]) / (200 * 0.4), 0.9 * mobility * g, 1e-12);
  }
}

}  // namespace

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/dynamics/estimators/events.hpp>

#include <gtest/gtest.h>

#include <cmath>

namespace {

using namespace kramers;
using namespace kramers::dynamics;

// Rows of cells with the quantities of first passage; the others are zero.
SampleTable passages(std::vector<double> const& passed, std::vector<double> const& steps,
                     std::vector<double> const& walkers) {
  std::vector<double> sums(passed.size() * row_length<Quantity>, 0.0);
  for (std::size_t r = 0; r < passed.size(); ++r) {
    sums[r * row_length<Quantity> + static_cast<std::size_t>(index(Quantity::passages))] = passed[r];
    sums[r * row_length<Quantity> + static_cast<std::size_t>(index(Quantity::passage_steps))] = steps[r];
  }
  return {sums, row_length<Quantity>, walkers};
}

TEST(EventRate, IsEventsPerTimeAtRisk) {
  EventRate const rate = event_rate(5, 200);
  EXPECT_DOUBLE_EQ(rate.value, 0.025);
  EXPECT_DOUBLE_EQ(rate.stderr_, std::sqrt(5.0) / 200);
  EXPECT_NEAR(rate.interval.lower, 1.62348639011842 / 200, 1e-14);
  EXPECT_NEAR(rate.interval.upper, 11.6683320793227 / 200, 1e-14);
  EXPECT_TRUE(std::isnan(rate.jackknife));
  EXPECT_THROW(event_rate(-1, 1), DomainError);
  EXPECT_THROW(event_rate(1, -1), DomainError);
}

TEST(EventRate, OfNoEventsHasALimitAndNoError) {
  EventRate const rate = event_rate(0, 100);
  EXPECT_EQ(rate.value, 0);
  EXPECT_TRUE(std::isnan(rate.stderr_));
  EXPECT_EQ(rate.interval.lower, 0);
  EXPECT_NEAR(rate.interval.upper, 0.02995732273553991, 1e-15);
  EventRate const nothing = event_rate(0, 0);
  EXPECT_TRUE(std::isnan(nothing.value));
  EXPECT_TRUE(std::isinf(nothing.interval.upper));
}

TEST(EventRate, WidensTheIntervalForBursts) {
  // Two columns, events and samples: 32 rows of which every other saw 8 events. Variance of counts is 16, Poisson's 4.
  std::vector<double> bursts, single;
  for (int r = 0; r < 32; ++r) {
    bursts.insert(bursts.end(), {r % 2 == 0 ? 8.0 : 0.0, 1000.0});
    single.insert(single.end(), {r % 2 == 0 ? 6.0 : 2.0, 1000.0});  // variance 4
  }
  std::vector<double> const walkers(32, 1);
  EventRate const wide = event_rate(SampleTable(bursts, 2, walkers), 0, 1, 0.5);
  EventRate const plain = event_rate(SampleTable(single, 2, walkers), 0, 1, 0.5);
  EventRate const poisson = event_rate(128, 16000);
  EXPECT_DOUBLE_EQ(wide.value, 0.008);
  EXPECT_EQ(wide.events, 128);
  EXPECT_EQ(wide.stderr_, poisson.stderr_);
  EXPECT_NEAR(wide.jackknife, 2 * poisson.stderr_ * std::sqrt(32.0 / 31), 1e-12);
  EXPECT_NEAR((wide.interval.upper - wide.interval.lower) / (poisson.interval.upper - poisson.interval.lower), 2, 0.15);
  EXPECT_NEAR((plain.interval.upper - plain.interval.lower) / (poisson.interval.upper - poisson.interval.lower), 1,
              0.03);
  // Rows that differ less than they should narrow nothing.
  EventRate const even = event_rate(SampleTable({4, 1000, 4, 1000}, 2, std::vector<double>{1, 1}), 0, 1, 1);
  EXPECT_DOUBLE_EQ(even.interval.upper, event_rate(8, 2000).interval.upper);
  EventRate const none = event_rate(SampleTable({0, 1000, 0, 1000}, 2, std::vector<double>{1, 1}), 0, 1, 1);
  EXPECT_NEAR(none.interval.upper, 2.995732273553991 / 2000, 1e-15);
}

TEST(PassageRate, CountsTheTimeOfThoseThatHaveNotPassed) {
  // 8 of 10 walkers passed in 1000 steps of 0.1 together; two were watched for all of 50.
  PassageRate const p = passage_rate(passages({4, 4}, {400, 600}, {4, 6}), 0.1, 50);
  EXPECT_DOUBLE_EQ(p.rate.time_at_risk, 200);
  EXPECT_DOUBLE_EQ(p.rate.value, 0.04);
  EXPECT_EQ(p.rate.events, 8);
  EXPECT_DOUBLE_EQ(p.mean_time.value, 25);
  EXPECT_DOUBLE_EQ(p.mean_time.stderr_, 25 / std::sqrt(8.0));
  EXPECT_DOUBLE_EQ(p.mean_time_interval.lower, 1 / p.rate.interval.upper);
  EXPECT_DOUBLE_EQ(p.mean_time_interval.upper, 1 / p.rate.interval.lower);
  EXPECT_DOUBLE_EQ(p.passed, 0.8);
  EXPECT_FALSE(p.mean_of_passed);
  EXPECT_GT(p.rate.jackknife, 0);
}

TEST(PassageRate, HasThePlainMeanOnlyWhereAllHavePassed) {
  PassageRate const p = passage_rate(passages({4, 6}, {400, 600}, {4, 6}), 0.1, 50);
  ASSERT_TRUE(p.mean_of_passed);
  EXPECT_DOUBLE_EQ(p.mean_of_passed->value, 10);
  EXPECT_DOUBLE_EQ(p.mean_time.value, 10);
}

TEST(PassageRate, OfNoPassagesIsALimit) {
  PassageRate const p = passage_rate(passages({0, 0}, {0, 0}, {5, 5}), 0.1, 50);
  EXPECT_EQ(p.rate.value, 0);
  EXPECT_TRUE(std::isnan(p.mean_time.value));
  EXPECT_TRUE(std::isnan(p.mean_time.stderr_));
  EXPECT_NEAR(p.mean_time_interval.lower, 500 / 2.995732273553991, 1e-10);
  EXPECT_TRUE(std::isinf(p.mean_time_interval.upper));
}

TEST(PassageRate, OfWalkersThatBeginBeyondTheEndIsUnknown) {
  PassageRate const p = passage_rate(passages({5, 5}, {0, 0}, {5, 5}), 0.1, 50);
  EXPECT_TRUE(std::isnan(p.rate.value));
  EXPECT_TRUE(std::isnan(p.mean_time.value));
}

TEST(Survival, IsTheFractionThatHasNotPassed) {
  SampleTable const passed({0, 1, 5, 0, 3, 5}, 3, std::vector<double>{5, 5});
  SurvivalCurve const s = survival(passed);
  ASSERT_EQ(s.value.size(), 3U);
  EXPECT_EQ(s.value[0].value, 1);
  EXPECT_TRUE(std::isnan(s.value[0].stderr_));
  EXPECT_NEAR(s.interval[0].lower, std::pow(0.05, 0.1), 1e-14);
  EXPECT_DOUBLE_EQ(s.value[1].value, 0.6);
  // Greenwood: S^2 d / (n (n - d)) = 0.36 * 4 / (10 * 6).
  EXPECT_DOUBLE_EQ(s.value[1].stderr_, std::sqrt(0.36 * 4 / 60));
  EXPECT_NEAR(s.interval[1].lower, 0.26237808, 1e-8);  // tables of Clopper and Pearson, 6 of 10
  EXPECT_NEAR(s.interval[1].upper, 0.87844774, 1e-8);
  EXPECT_EQ(s.value[2].value, 0);
  EXPECT_NEAR(s.interval[2].upper, 1 - std::pow(0.05, 0.1), 1e-14);
}

}  // namespace

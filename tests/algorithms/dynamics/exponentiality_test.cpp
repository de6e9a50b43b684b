// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/dynamics/estimators/events.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "waiting_times.hpp"

namespace {

using namespace kramers::dynamics;
using kramers::test::passed_table;

double exponential(std::mt19937_64& random) {
  return std::exponential_distribution<double>(1)(random);
}

TEST(Exponentiality, KnowsTheRateInSpiteOfTheGridAndTheEnd) {
  std::mt19937_64 random(4);
  std::vector<double> times(40000);
  for (double& t : times) t = exponential(random);
  for (double const interval : {0.01, 0.5}) {
    auto const test = exponentiality(passed_table(times, 4, 4, interval), {0, interval});
    ASSERT_TRUE(test);
    // Relative error 1 / sqrt(events), 25 percent more on the coarse grid.
    EXPECT_NEAR(test->rate, 1, 4 * 1.25 / std::sqrt(static_cast<double>(test->events))) << interval;
    EXPECT_EQ(test->intervals, 4);
  }
}

TEST(Exponentiality, NoticesASumOfTwoExponentials) {
  std::mt19937_64 random(5);
  std::vector<double> times(400);
  for (double& t : times) t = 0.5 * (exponential(random) + exponential(random));
  auto const test = exponentiality(passed_table(times, 4, 60, 0.1), {0, 0.1});
  ASSERT_TRUE(test);
  EXPECT_EQ(test->p_value, 0.001);  // the least there is
}

TEST(Exponentiality, BeginsAtTheFirstColumn) {
  // A dead time of 2 frames is noticed, and left out where the table begins after it.
  std::mt19937_64 random(8);
  std::vector<double> times(2000);
  for (double& t : times) t = 0.2 + exponential(random);
  SampleTable const all = passed_table(times, 4, 40, 0.1);
  std::vector<double> later;
  for (int r = 0; r < 4; ++r) later.insert(later.end(), all.row(r).begin() + 2, all.row(r).end());
  auto const whole = exponentiality(all, {0, 0.1});
  auto const rest = exponentiality(SampleTable(later, 39, std::vector<double>(4, 500)), {0.2, 0.1});
  ASSERT_TRUE(whole && rest);
  EXPECT_LE(whole->p_value, 0.01);
  EXPECT_GT(rest->p_value, 0.05);
  EXPECT_NEAR(rest->rate, 1, 4 / std::sqrt(1960.0));
}

TEST(Exponentiality, FoldsFramesAndIsTheSameEachTime) {
  std::mt19937_64 random(9);
  std::vector<double> times(100000);
  for (double& t : times) t = exponential(random);
  SampleTable const passed = passed_table(times, 1, 1000, 0.003);
  auto const first = exponentiality(passed, {0, 0.003}), second = exponentiality(passed, {0, 0.003});
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->p_value, second->p_value);
  EXPECT_LE(first->intervals, 64);
  EXPECT_GE(first->intervals, 32);
  EXPECT_NEAR(first->rate, 1, 4 / std::sqrt(95000.0));
}

TEST(Exponentiality, SaysNothingOfTooLittle) {
  auto const test = [](std::vector<double> const& passed) {
    int const columns = static_cast<int>(passed.size());
    return exponentiality(SampleTable(passed, columns, std::vector<double>{100}), {0, 1});
  };
  EXPECT_FALSE(test({0, 1, 2, 4}));
  EXPECT_TRUE(test({0, 1, 2, 5}));
  EXPECT_FALSE(test({0, 50}));
  EXPECT_FALSE(test({0, 100, 100}));
  EXPECT_FALSE(test({100, 100, 100}));
  EXPECT_TRUE(test({0, 90, 100}));
}

}  // namespace

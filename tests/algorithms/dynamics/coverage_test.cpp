// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/dynamics/estimators/events.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>

#include "waiting_times.hpp"

// How often 95 % intervals hold the truth, in 400 synthetic sets each: 90 to 98.75 %. Exact intervals of small counts
// cover more than they say; 95 % itself has a standard deviation of 1.1 % over 400 sets, so the lower limit is 4.6 of
// them away, and an interval of one standard error (68 %) or of three (99.7 %) is far outside. The seeds are fixed.

namespace {

using namespace kramers::dynamics;
using kramers::test::passed_table;

constexpr int sets = 400;

void expect_coverage(std::function<bool()> const& covers) {
  int covered = 0;
  for (int i = 0; i < sets; ++i) covered += covers() ? 1 : 0;
  EXPECT_GE(covered, 0.90 * sets);
  EXPECT_LE(covered, 0.9875 * sets);
}

bool holds(ConfidenceInterval const& interval, double truth) {
  return interval.lower <= truth && truth <= interval.upper;
}

TEST(Coverage, OfEventRates) {
  for (double const expected : {2.0, 8.0, 200.0}) {
    std::mt19937_64 random(1);
    std::poisson_distribution<std::int64_t> events(expected);
    expect_coverage([&] { return holds(event_rate(events(random), 50).interval, expected / 50); });
  }
}

TEST(Coverage, OfRatesOfBursts) {
  // Events come three at a time; without widening 95 % would be 74 %.
  std::mt19937_64 random(2);
  std::poisson_distribution<int> bursts(4);
  expect_coverage([&] {
    std::vector<double> sums;
    for (int r = 0; r < 64; ++r) sums.insert(sums.end(), {3.0 * bursts(random), 100.0});
    return holds(event_rate(SampleTable(sums, 2, std::vector<double>(64, 1)), 0, 1, 1).interval, 0.12);
  });
}

TEST(Coverage, OfPassageRates) {
  // Runs that end when 2 %, half, or nearly all of 200 walkers have passed, or all.
  for (double const end : {0.02, 0.7, 3.0, 30.0}) {
    std::mt19937_64 random(3);
    std::exponential_distribution<double> waiting(1);
    expect_coverage([&] {
      constexpr double dt = 1e-4;
      std::vector<double> sums(4 * row_length<Quantity>, 0.0);
      for (int i = 0; i < 200; ++i) {
        double const time = waiting(random);
        if (time > end) continue;
        double* row = sums.data() + i % 4 * row_length<Quantity>;
        ++row[index(Quantity::passages)];
        row[index(Quantity::passage_steps)] += std::ceil(time / dt);
      }
      PassageRate const p = passage_rate(SampleTable(sums, row_length<Quantity>, std::vector<double>(4, 50)), dt, end);
      return holds(p.rate.interval, 1) && holds(p.mean_time_interval, 1);
    });
  }
}

TEST(Coverage, OfSurvivalCurves) {
  for (int const frame : {1, 10, 40}) {
    std::mt19937_64 random(4);
    std::exponential_distribution<double> waiting(1);
    expect_coverage([&] {
      std::vector<double> times(200);
      for (double& t : times) t = waiting(random);
      SurvivalCurve const s = survival(passed_table(times, 4, 40, 0.05));
      return holds(s.interval[static_cast<std::size_t>(frame)], std::exp(-0.05 * frame));
    });
  }
}

double exponential(std::mt19937_64& random) {
  return std::exponential_distribution<double>(1)(random);
}

// p-values of many sets of waiting times.
std::vector<double> p_values(int count, std::size_t walkers, int frames, double interval, unsigned seed,
                             std::function<double(std::mt19937_64&)> const& waiting_time) {
  std::mt19937_64 random(seed);
  std::vector<double> p;
  for (int i = 0; i < count; ++i) {
    std::vector<double> times(walkers);
    for (double& t : times) t = waiting_time(random);
    auto const test = exponentiality(passed_table(times, 4, frames, interval), {0, interval});
    EXPECT_TRUE(test);
    if (test) p.push_back(test->p_value);
  }
  return p;
}

double fraction_below(std::vector<double> const& p, double limit) {
  return static_cast<double>(std::count_if(p.begin(), p.end(), [&](double x) { return x <= limit; })) /
         static_cast<double>(p.size());
}

// Of 200 sets 5 % are 10 +- 3.1, so 1 to 22 is 4 standard deviations up and as good as sure below; the p-values are
// uniform within 0.115 = 1.63 / sqrt(200), the 1 % limit of Kolmogorov's law. Seeds are fixed.
void expect_uniform(std::vector<double> const& p) {
  EXPECT_LE(fraction_below(p, 0.05), 0.11);
  EXPECT_GE(fraction_below(p, 0.05), 0.005);
  for (double x = 0.1; x < 1; x += 0.1) EXPECT_NEAR(fraction_below(p, x), x, 0.115);
}

TEST(ExponentialityTest, RaisesFalseAlarmAsOftenAsItSays) {
  expect_uniform(p_values(200, 400, 64, 0.1, 1, exponential));     // to exp(-6.4): hardly anyone is left
  expect_uniform(p_values(200, 400, 40, 0.0125, 2, exponential));  // to 0.5: most have not passed
  expect_uniform(p_values(200, 400, 6, 0.5, 3, exponential));      // a coarse grid
}

TEST(ExponentialityTest, NoticesASumOfTwoExponentials) {
  auto const sum = [](std::mt19937_64& random) { return 0.5 * (exponential(random) + exponential(random)); };
  EXPECT_GT(fraction_below(p_values(50, 100, 60, 0.1, 5, sum), 0.05), 0.9);
  EXPECT_GT(fraction_below(p_values(50, 400, 20, 0.05, 6, sum), 0.05), 0.9);  // censored at 1
  auto const mixture = [](std::mt19937_64& random) { return (random() % 2 == 0 ? 0.2 : 1.8) * exponential(random); };
  EXPECT_GT(fraction_below(p_values(50, 400, 60, 0.1, 7, mixture), 0.05), 0.9);
}

}  // namespace

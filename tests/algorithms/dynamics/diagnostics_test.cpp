// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/dynamics/estimators/diagnostics.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace {

using namespace kramers;
using namespace kramers::dynamics;

TEST(Drift, IsTheDifferenceOfHalves) {
  // Two rows, 5 frames from the second on: the middle one is left out. Changes per walker are 3 and 5.
  SampleTable const frames({99, 1, 1, 7, 4, 4, 99, 2, 2, 7, 7, 7}, 6, std::vector<double>{1, 1});
  Drift const d = drift(frames, 1);
  EXPECT_DOUBLE_EQ(d.change.value, 4);
  EXPECT_DOUBLE_EQ(d.change.stderr_, 1);
  EXPECT_DOUBLE_EQ(d.z, 4);
  EXPECT_THROW(drift(frames, 5), DomainError);
  EXPECT_THROW(drift(frames, -1), DomainError);
}

// z is Student's with 31 degrees of freedom: mean square 31 / 29, its standard deviation over 400 sets 0.08.
TEST(Drift, IsCalibratedWithoutOneAndSeesOne) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal;
  double squares = 0, with = 0;
  constexpr int sets = 400, rows = 32, columns = 21;
  for (int i = 0; i < sets; ++i) {
    std::vector<double> sums, moving;
    for (int r = 0; r < rows; ++r) {
      double x = normal(random);
      for (int n = 0; n < columns; ++n) {
        x = 0.9 * x + std::sqrt(0.19) * normal(random);
        sums.push_back(x);
        moving.push_back(x + 0.1 * n);
      }
    }
    std::vector<double> const walkers(rows, 1);
    double const z = drift(SampleTable(sums, columns, walkers)).z;
    squares += z * z / sets;
    with += drift(SampleTable(moving, columns, walkers)).z / sets;
  }
  EXPECT_NEAR(squares, 31.0 / 29, 4 * 0.08);
  EXPECT_GT(with, 4);
}

TEST(EffectiveSamples, IsTheNumberOfIndependentOnes) {
  // 256 rows of 4 walkers; each sample counts 5 times, as if the coordinate stood still for so long.
  std::mt19937_64 random(2);
  std::normal_distribution<double> normal(3, 2);
  std::vector<double> sums;
  for (int r = 0; r < 256; ++r) {
    double x = 0, squares = 0;
    for (int i = 0; i < 4 * 10; ++i) {
      double const sample = normal(random);
      x += 5 * sample;
      squares += 5 * sample * sample;
    }
    sums.insert(sums.end(), {x, squares});
  }
  double const n = effective_samples(SampleTable(sums, 2, std::vector<double>(256, 4)), 50, 0, 1);
  EXPECT_NEAR(n, 256 * 40, 4 * std::sqrt(2.0 / 256) * 256 * 40);
}

TEST(EffectiveSamples, AreUnknownWhereNothingVaries) {
  EXPECT_TRUE(std::isnan(effective_samples(SampleTable({2, 4}, 2, std::vector<double>{1}), 1, 0, 1)));
  EXPECT_TRUE(std::isnan(effective_samples(SampleTable({2, 4, 2, 4}, 2, std::vector<double>{1, 1}), 1, 0, 1)));
}

TEST(ZScore, IsTheDistanceInStandardErrors) {
  EXPECT_DOUBLE_EQ(z_score({3, 0.5}, 4), -2);
  EXPECT_TRUE(std::isnan(z_score({3, 0}, 3)));
  EXPECT_TRUE(std::isnan(z_score({3, std::nan("")}, 3)));
}

TEST(Undersampled, IsACorrelationThatFallsTooFar) {
  std::vector<double> const rows{1, 1};
  EXPECT_TRUE(undersampled(SampleTable({10, 5.9, 10, 5.9}, 2, rows)));
  EXPECT_FALSE(undersampled(SampleTable({10, 6.1, 10, 6.1}, 2, rows)));
  EXPECT_TRUE(undersampled(SampleTable({10, 10}, 1, rows)));
  // <x> = 3 throughout: C = 1, 0.5.
  SampleTable const positions({3, 3, 3, 3}, 2, rows);
  EXPECT_TRUE(undersampled(SampleTable({10, 9.5, 10, 9.5}, 2, rows), &positions));
  EXPECT_FALSE(undersampled(SampleTable({10, 9.7, 10, 9.7}, 2, rows), &positions));
}

}  // namespace

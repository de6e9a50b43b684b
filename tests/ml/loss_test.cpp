// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/ml/loss_functions.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "gradient_check.hpp"
#include "ml_cases.hpp"

namespace {

using kramers::test::BentLoss;
using kramers::test::check_gradient;
using kramers::test::scattered;

/// Value and derivatives of the loss of one sample.
template <class T>
struct Answer {
  T loss;
  std::vector<T> gradient;
};

template <class T>
Answer<T> cross_entropy(std::vector<T> const& logits, int label, T weight) {
  Answer<T> answer{T(0), std::vector<T>(logits.size(), std::numeric_limits<T>::quiet_NaN())};
  answer.loss = kramers::ml::softmax_cross_entropy(
      static_cast<int>(logits.size()), label, weight,
      [&](int k) -> T const& { return logits[static_cast<std::size_t>(k)]; },
      [&](int k) -> T& { return answer.gradient[static_cast<std::size_t>(k)]; });
  return answer;
}

/// The same with the gradient written over the logits, as the kernels do.
template <class T>
Answer<T> cross_entropy_in_place(std::vector<T> logits, int label, T weight) {
  auto const place = [&](int k) -> T& { return logits[static_cast<std::size_t>(k)]; };
  T const loss = kramers::ml::softmax_cross_entropy(static_cast<int>(logits.size()), label, weight, place, place);
  return {loss, logits};
}

template <class T>
Answer<T> squared(std::vector<T> const& outputs, std::vector<T> const& targets, T weight) {
  Answer<T> answer{T(0), std::vector<T>(outputs.size(), std::numeric_limits<T>::quiet_NaN())};
  answer.loss = kramers::ml::squared_error(
      static_cast<int>(outputs.size()), weight, [&](int k) { return outputs[static_cast<std::size_t>(k)]; },
      [&](int k) { return targets[static_cast<std::size_t>(k)]; },
      [&](int k) -> T& { return answer.gradient[static_cast<std::size_t>(k)]; });
  return answer;
}

/// Closed form in 64-bit significands, without a shift: the exponents of long double reach far enough.
Answer<long double> exact_cross_entropy(std::vector<long double> const& logits, int label, long double weight) {
  long double sum = 0;
  for (long double const l : logits) sum += std::exp(l);
  Answer<long double> answer{std::log(sum) - logits[static_cast<std::size_t>(label)], {}};
  for (std::size_t k = 0; k < logits.size(); ++k) {
    answer.gradient.push_back((std::exp(logits[k]) / sum - (static_cast<int>(k) == label ? 1 : 0)) * weight);
  }
  return answer;
}

template <class T>
std::vector<T> logits_of(int classes, std::uint64_t sequence, double size) {
  std::vector<T> logits;
  for (int k = 0; k < classes; ++k)
    logits.push_back(static_cast<T>(scattered(sequence, static_cast<std::size_t>(k), size)));
  return logits;
}

template <class T>
class LossOfASample : public ::testing::Test {};
using Precisions = ::testing::Types<float, double>;
TYPED_TEST_SUITE(LossOfASample, Precisions);

// Roundings: one in each shifted logit s (relative eps |s| in its exponential, and p |s| < 1), 1.1 ulp in each exponential
// and 1 in the logarithm, K - 1 in the sum. The label's own loss carries its shift, up to 2 x size.
TYPED_TEST(LossOfASample, CrossEntropyEqualsItsClosedForm) {
  using T = TypeParam;
  T const eps = std::numeric_limits<T>::epsilon();
  for (int const classes : {2, 3, 10}) {
    for (double const size : {0.01, 1.0, 30.0}) {
      for (std::uint64_t sequence = 0; sequence < 50; ++sequence) {
        std::vector<T> const logits = logits_of<T>(classes, sequence, size);
        int const label = static_cast<int>(sequence) % classes;
        T const weight = T(1) / T(128);
        Answer<T> const answer = cross_entropy(logits, label, weight);
        Answer<long double> const exact = exact_cross_entropy({logits.begin(), logits.end()}, label, weight);
        double const bound = static_cast<double>(eps) * (classes + 4);
        ASSERT_NEAR(static_cast<double>(answer.loss), static_cast<double>(exact.loss), bound * (1 + size));
        for (std::size_t k = 0; k < logits.size(); ++k) {
          ASSERT_NEAR(static_cast<double>(answer.gradient[k]), static_cast<double>(exact.gradient[k]),
                      bound * static_cast<double>(weight));
        }
      }
    }
  }
}

TYPED_TEST(LossOfASample, GradientsOfCrossEntropySumToZero) {
  using T = TypeParam;
  for (int const classes : {2, 3, 10}) {
    for (std::uint64_t sequence = 0; sequence < 100; ++sequence) {
      Answer<T> const answer = cross_entropy(logits_of<T>(classes, sequence, 5.0), 1, T(1));
      T sum = 0;
      for (T const g : answer.gradient) sum += g;
      ASSERT_LE(std::fabs(sum), T(classes) * std::numeric_limits<T>::epsilon());  // K roundings of numbers below 1
    }
  }
}

TYPED_TEST(LossOfASample, GradientMayReplaceTheLogits) {
  using T = TypeParam;
  for (std::uint64_t sequence = 0; sequence < 20; ++sequence) {
    std::vector<T> const logits = logits_of<T>(5, sequence, 4.0);
    Answer<T> const apart = cross_entropy(logits, 2, T(0.25));
    Answer<T> const in_place = cross_entropy_in_place(logits, 2, T(0.25));
    ASSERT_EQ(apart.loss, in_place.loss);
    ASSERT_EQ(apart.gradient, in_place.gradient);
  }
}

TYPED_TEST(LossOfASample, EqualLogitsGiveTheLogarithmOfTheirNumber) {
  using T = TypeParam;
  for (T const level : {T(0), T(-7), T(1e30)}) {
    Answer<T> const answer = cross_entropy(std::vector<T>(4, level), 3, T(1));
    EXPECT_NEAR(static_cast<double>(answer.loss), std::log(4.0), std::numeric_limits<T>::epsilon());
    EXPECT_EQ(answer.gradient, (std::vector<T>{T(0.25), T(0.25), T(0.25), T(-0.75)}));
  }
}

// Logits whose exponentials overflow or vanish, up to the largest numbers.
TYPED_TEST(LossOfASample, ExtremeLogitsGiveTheLimits) {
  using T = TypeParam;
  for (T const far : {T(1e3), T(1e10), T(1e37)}) {
    std::vector<T> const logits{far, -far, T(0)};
    Answer<T> const right = cross_entropy(logits, 0, T(1));
    EXPECT_EQ(right.loss, T(0));
    EXPECT_EQ(right.gradient, (std::vector<T>{T(0), T(0), T(0)}));
    Answer<T> const wrong = cross_entropy(logits, 1, T(1));
    EXPECT_EQ(wrong.loss, 2 * far);
    EXPECT_EQ(wrong.gradient, (std::vector<T>{T(1), T(-1), T(0)}));
  }
}

// A model that diverges is told by its loss.
TYPED_TEST(LossOfASample, IsNotFiniteIfAnyOutputIsNot) {
  using T = TypeParam;
  for (T const bad : {std::numeric_limits<T>::quiet_NaN(), std::numeric_limits<T>::infinity()}) {
    for (std::size_t place = 0; place < 3; ++place) {
      std::vector<T> outputs{T(1), T(2), T(3)};
      outputs[place] = bad;
      EXPECT_FALSE(std::isfinite(cross_entropy(outputs, 1, T(1)).loss)) << bad << " at " << place;
      EXPECT_FALSE(std::isfinite(squared(outputs, {T(0), T(0), T(0)}, T(1)).loss)) << bad << " at " << place;
    }
  }
}

// Probabilities below 2^-100 would reach the subnormals within a few products.
TYPED_TEST(LossOfASample, GradientsTooSmallForNormalProductsAreZero) {
  using T = TypeParam;
  double const border = sizeof(T) == 4 ? 100 * std::log(2.0) : 900 * std::log(2.0);
  T const above = static_cast<T>(border - 0.1);
  T const below = static_cast<T>(border + 0.1);
  EXPECT_GT(cross_entropy({T(0), -above}, 0, T(1)).gradient[1], T(0));
  EXPECT_EQ(cross_entropy({T(0), -below}, 0, T(1)).gradient[1], T(0));
}

// Each term is rounded three times, the sum K times.
TYPED_TEST(LossOfASample, SquaredErrorEqualsItsClosedForm) {
  using T = TypeParam;
  T const eps = std::numeric_limits<T>::epsilon();
  for (int const outputs : {1, 2, 7}) {
    for (std::uint64_t sequence = 0; sequence < 50; ++sequence) {
      std::vector<T> const y = logits_of<T>(outputs, 2 * sequence, 3.0);
      std::vector<T> const target = logits_of<T>(outputs, 2 * sequence + 1, 1.0);
      Answer<T> const answer = squared(y, target, T(0.125));
      long double sum = 0;
      for (std::size_t k = 0; k < y.size(); ++k) {
        long double const difference = static_cast<long double>(y[k]) - static_cast<long double>(target[k]);
        sum += difference * difference / outputs;
        double const slope = static_cast<double>(2 * difference / outputs / 8);
        ASSERT_NEAR(static_cast<double>(answer.gradient[k]), slope, 4 * static_cast<double>(eps) * std::fabs(slope));
      }
      ASSERT_NEAR(static_cast<double>(answer.loss), static_cast<double>(sum),
                  (outputs + 3) * static_cast<double>(eps) * static_cast<double>(sum));
    }
  }
}

BentLoss cross_entropy_at(std::vector<double> const& logits) {
  return {cross_entropy(logits, 1, 1.0).loss, {}};
}
BentLoss squared_at(std::vector<double> const& outputs) {
  return {squared(outputs, std::vector<double>(outputs.size(), 0.25), 1.0).loss, {}};
}

TEST(LossOfASampleGradient, EqualsCentralDifferences) {
  for (std::uint64_t sequence = 0; sequence < 20; ++sequence) {
    std::vector<double> const y = logits_of<double>(4, sequence, 3.0);
    auto const entropy =
        check_gradient(y, cross_entropy(y, 1, 1.0).gradient, cross_entropy_at, kramers::test::all_places(4));
    EXPECT_TRUE(entropy.passed()) << entropy;
    std::vector<double> const target(4, 0.25);
    auto const square = check_gradient(y, squared(y, target, 1.0).gradient, squared_at, kramers::test::all_places(4));
    EXPECT_TRUE(square.passed()) << square;
  }
}

TEST(LossNames, AreThoseOfInputFiles) {
  using kramers::ml::Loss;
  for (Loss const loss : {Loss::softmax_cross_entropy, Loss::mean_squared_error}) {
    EXPECT_EQ(kramers::ml::loss_named(name_of(loss)), loss);
  }
  EXPECT_THROW(kramers::ml::loss_named("cross_entropy"), kramers::DomainError);
}

}  // namespace

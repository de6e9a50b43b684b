// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/ml/optimizer_step.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "ml_cases.hpp"
#include "ml_reference_training.hpp"

namespace {

using kramers::ml::OptimizerParams;
using kramers::ml::Rule;
using kramers::ml::StepConstants;
using kramers::test::Mutant;
using kramers::test::scattered;

template <class T>
void library_update(OptimizerParams const& p, T learning_rate, T weight_decay, std::int64_t t, T g, T& w, T& m, T& v) {
  StepConstants<T> const c(p, t);
  if (p.rule == Rule::adam) return kramers::ml::update<Rule::adam>(c, learning_rate, weight_decay, g, w, m, v);
  if (p.rule == Rule::adamw) return kramers::ml::update<Rule::adamw>(c, learning_rate, weight_decay, g, w, m, v);
  if (p.nesterov) return kramers::ml::update<Rule::sgd, true>(c, learning_rate, weight_decay, g, w, m, v);
  kramers::ml::update<Rule::sgd>(c, learning_rate, weight_decay, g, w, m, v);
}

OptimizerParams sgd(double momentum, bool nesterov) {
  OptimizerParams p;
  p.rule = Rule::sgd;
  p.momentum = momentum;
  p.nesterov = nesterov;
  return p;
}
OptimizerParams adam(Rule rule, double beta1, double beta2, double epsilon) {
  OptimizerParams p;
  p.rule = rule;
  p.beta1 = beta1;
  p.beta2 = beta2;
  p.epsilon = epsilon;
  return p;
}

std::vector<OptimizerParams> optimizers() {
  return {sgd(0, false),
          sgd(0.9, false),
          sgd(0.9, true),
          adam(Rule::adam, 0.9, 0.999, 1e-8),
          adam(Rule::adam, 0, 0.5, 1e-3),
          adam(Rule::adamw, 0.9, 0.999, 1e-8),
          adam(Rule::adamw, 0.5, 0.9, 1e-2)};
}

constexpr double learning_rate = 0.03125;

/// Largest difference of w, m and v over 60 steps in which the gradients shrink from 1 to 1e-6, in units of the largest
/// value of each.
template <class T>
double distance_to_reference(OptimizerParams const& p, double weight_decay, Mutant mutant = Mutant::none) {
  double largest = 0;
  for (std::uint64_t sequence = 0; sequence < 20; ++sequence) {
    T w = static_cast<T>(static_cast<float>(scattered(sequence, 1000, 1.0)));
    T m = 0;
    T v = 0;
    double exact[3] = {static_cast<double>(w), 0, 0};
    double size[3] = {std::fabs(exact[0]), 0, 0};
    double error[3] = {0, 0, 0};
    for (std::int64_t t = 1; t <= 60; ++t) {
      float const g = static_cast<float>(
          scattered(sequence, static_cast<std::size_t>(t), std::pow(10.0, -static_cast<double>(t) / 10)));
      library_update(p, static_cast<T>(learning_rate), static_cast<T>(weight_decay), t, static_cast<T>(g), w, m, v);
      kramers::test::reference_update(p, learning_rate, weight_decay, t, static_cast<double>(g), exact[0], exact[1],
                                      exact[2], mutant);
      double const mine[3] = {static_cast<double>(w), static_cast<double>(m), static_cast<double>(v)};
      for (int i = 0; i < 3; ++i) {
        size[i] = std::max(size[i], std::fabs(exact[i]));
        error[i] = std::max(error[i], std::fabs(mine[i] - exact[i]));
      }
    }
    for (int i = 0; i < 3; ++i) largest = std::max(largest, size[i] > 0 ? error[i] / size[i] : error[i]);
  }
  return largest;
}

template <class T>
class Update : public ::testing::Test {};
using Precisions = ::testing::Types<float, double>;
TYPED_TEST_SUITE(Update, Precisions);

// A step rounds w once; m and v carry at most ten roundings at a time, which decay with them, and step w by less than
// its own size: 60 steps stay below 60 eps.
TYPED_TEST(Update, EqualsTheReference) {
  double const tolerance = 60 * static_cast<double>(std::numeric_limits<TypeParam>::epsilon());
  for (OptimizerParams const& p : optimizers()) {
    for (double const weight_decay : {0.0, 0.25}) {
      EXPECT_LT(distance_to_reference<TypeParam>(p, weight_decay), tolerance)
          << name_of(p.rule) << ", momentum " << p.momentum << ", decay " << weight_decay;
    }
  }
}

TYPED_TEST(Update, DiffersFromEveryMutant) {
  double const seen = 1e3 * static_cast<double>(std::numeric_limits<TypeParam>::epsilon());
  for (Mutant const mutant :
       {Mutant::adam_without_bias_correction, Mutant::adam_epsilon_in_root, Mutant::adam_epsilon_before_correction,
        Mutant::adam_time_runs_twice, Mutant::adamw_decay_in_gradient, Mutant::decay_left_out,
        Mutant::momentum_dampened, Mutant::nesterov_left_out}) {
    double largest = 0;
    for (OptimizerParams const& p : optimizers()) {
      largest = std::max(largest, distance_to_reference<TypeParam>(p, 0.25, mutant));
    }
    EXPECT_GT(largest, seen) << "mutant " << static_cast<int>(mutant);
  }
}

// The corrections cancel the gradient's size: m^ = g, sqrt(v^) = |g|.
TYPED_TEST(Update, FirstStepOfAdamIsTheLearningRate) {
  using T = TypeParam;
  for (T const g : {T(1e-3), T(-1), T(1e6)}) {
    T w = 0;
    T m = 0;
    T v = 0;
    library_update(adam(Rule::adam, 0.9, 0.999, 1e-8), T(0.5), T(0), 1, g, w, m, v);
    double const expected =
        -0.5 * std::copysign(1.0, static_cast<double>(g)) / (1 + 1e-8 / std::fabs(static_cast<double>(g)));
    EXPECT_NEAR(static_cast<double>(w), expected, 8 * static_cast<double>(std::numeric_limits<T>::epsilon()));
  }
}

// For a constant gradient the corrected moments are g and g^2 at any time, in every precision: t and the powers of the
// betas must not lose digits (1 - 0.999 in single precision is wrong by 2e-5).
TYPED_TEST(Update, LateStepsOfAdamKeepTheirPrecision) {
  using T = TypeParam;
  OptimizerParams const p = adam(Rule::adam, 0.9, 0.999, 1e-8);
  T w = 0;
  T m = 0;
  T v = 0;
  std::int64_t const steps = 20000;
  for (std::int64_t t = 1; t <= steps; ++t) {
    w = 0;  // alone the last step counts
    library_update(p, T(1), T(0), t, T(0.5), w, m, v);
  }
  // v = 0.999 v + ...: rounding errors pile up over 1 / (1 - 0.999) steps, half of them of either sign.
  EXPECT_NEAR(static_cast<double>(w), -0.5 / (0.5 + 1e-8),
              500 * static_cast<double>(std::numeric_limits<T>::epsilon()));
}

// Without a gradient moments decay; they end at zero, and are no subnormal number on the way.
TYPED_TEST(Update, MomentsNeverBecomeSubnormal) {
  using T = TypeParam;
  for (OptimizerParams const& p : optimizers()) {
    T w = T(0.5);
    T m = T(1e-20);
    T v = T(1e-20);
    for (std::int64_t t = 1; t <= 1000000 && (m != 0 || v != 0); ++t) {
      library_update(p, T(1e-3), T(0), t, T(0), w, m, v);
      ASSERT_TRUE(m == 0 || std::isnormal(m)) << m;
      ASSERT_TRUE(v == 0 || std::isnormal(v)) << v;
      if (p.rule == Rule::sgd) v = 0;
    }
    EXPECT_EQ(m, T(0));
    EXPECT_EQ(v, T(0));
    EXPECT_TRUE(std::isfinite(w));
  }
}

TEST(StepConstants, AreRoundedFromDoublePrecision) {
  OptimizerParams const p;
  StepConstants<float> const c(p, 3);
  EXPECT_EQ(c.one_minus_beta2, static_cast<float>(1 - 0.999));
  EXPECT_EQ(c.one_minus_beta1, static_cast<float>(1 - 0.9));
  EXPECT_EQ(c.correction1, static_cast<float>(1 / (1 - 0.9 * 0.9 * 0.9)));
}

// The squarings double the relative error of the power each time: n / 2 roundings in all.
TEST(StepConstants, PowersAreThoseOfTheMathematics) {
  EXPECT_EQ(kramers::ml::detail::power(0.9, 0), 1.0);
  EXPECT_EQ(kramers::ml::detail::power(0.0, 1), 0.0);
  for (double const x : {0.5, 0.9, 0.999}) {
    for (std::int64_t n = 1; n < 20000; n = n * 3 / 2 + 1) {
      long double const exact = std::pow(static_cast<long double>(x), static_cast<long double>(n));
      double const power = kramers::ml::detail::power(x, n);
      if (exact < 1e-300L) continue;
      EXPECT_NEAR(power / static_cast<double>(exact), 1.0, 1.2e-16 * static_cast<double>(n)) << x << "^" << n;
    }
  }
}

TEST(OptimizerParams, AreCheckedAndNamed) {
  EXPECT_NO_THROW(check(OptimizerParams{}));
  for (OptimizerParams const& good : optimizers()) EXPECT_NO_THROW(check(good));
  double const nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<OptimizerParams> const bad{
      sgd(1, false),
      sgd(-0.1, false),
      sgd(nan, false),
      sgd(0, true),
      adam(Rule::adam, 1, 0.999, 1e-8),
      adam(Rule::adam, 0.9, 1, 1e-8),
      adam(Rule::adam, 0.9, 0.999, 0),
      adam(Rule::adamw, 0.9, nan, 1e-8),
  };
  for (OptimizerParams const& p : bad) EXPECT_THROW(check(p), kramers::DomainError) << name_of(p.rule);
  OptimizerParams nesterov_adam;
  nesterov_adam.nesterov = true;
  nesterov_adam.momentum = 0.9;
  EXPECT_THROW(check(nesterov_adam), kramers::DomainError);
  for (Rule const rule : {Rule::sgd, Rule::adam, Rule::adamw}) EXPECT_EQ(kramers::ml::rule_named(name_of(rule)), rule);
  EXPECT_THROW(kramers::ml::rule_named("Adam"), kramers::DomainError);
}

}  // namespace

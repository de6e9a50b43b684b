// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/ml/activation_functions.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <string>

namespace kramers::test {

using ml::Activation;

/// Arguments from -12 to 12, in steps of no special number.
template <class Check>
void for_arguments(Check const& check) {
  for (int i = -400; i <= 400; ++i) check(0.0301 * i);
}

/// f as the papers state it, in long double.
template <Activation A>
long double stated(long double z) {
  if constexpr (A == Activation::tanh) return std::tanh(z);
  if constexpr (A == Activation::relu) return std::max(z, 0.0L);
  if constexpr (A == Activation::gelu_erf) return z * 0.5L * (1 + std::erf(z / std::numbers::sqrt2_v<long double>));
  if constexpr (A == Activation::gelu_tanh) {
    return 0.5L * z * (1 + std::tanh(std::sqrt(2 / std::numbers::pi_v<long double>) * (z + 0.044715L * z * z * z)));
  }
  return z;
}

/// f and f' in the precision T against long double: f by its formula, f' by a central difference of that formula, whose own
/// error is h^2 f''' / 6 + 2^-64 / h, below 1e-11 with h = 1e-6.
template <Activation A, class T>
void expect_right() {
  T const eps = std::numeric_limits<T>::epsilon();
  for_arguments([&](double z0) {
    T const z = static_cast<T>(z0);
    auto const wide = static_cast<long double>(z);
    T const a = ml::activate<A>(z);
    // Below -5 a gelu is the difference of two almost equal numbers: the error is that of 1 + erf times |z|.
    EXPECT_NEAR(static_cast<double>(a), static_cast<double>(stated<A>(wide)), 4 * eps * (1 + std::abs(z0)))
        << "f(" << z0 << ")";
    if (A == Activation::relu && z == 0) return;  // the kink
    long double const h = 1e-6L;
    auto const slope = static_cast<double>((stated<A>(wide + h) - stated<A>(wide - h)) / (2 * h));
    EXPECT_NEAR(static_cast<double>(ml::slope<A>(z, a)), slope, 8 * eps * (1 + z0 * z0) + 1e-11) << "f'(" << z0 << ")";
  });
}

template <Activation A>
void expect_slope_from_the_right_argument() {
  double const nonsense = std::numeric_limits<double>::quiet_NaN();
  double const z = 0.7, a = ml::activate<A>(z);
  double const got = ml::slope_from_value<A> ? ml::slope<A>(nonsense, a) : ml::slope<A>(z, nonsense);
  EXPECT_EQ(got, (ml::slope<A>(z, a)));
}

}  // namespace kramers::test

namespace kt = kramers::test;
namespace ml = kramers::ml;

template <class T>
struct ActivationIn : ::testing::Test {};
using Reals = ::testing::Types<double, float>;
TYPED_TEST_SUITE(ActivationIn, Reals);

TYPED_TEST(ActivationIn, identity_is_right) {
  kt::expect_right<ml::Activation::identity, TypeParam>();
}
TYPED_TEST(ActivationIn, tanh_is_right) {
  kt::expect_right<ml::Activation::tanh, TypeParam>();
}
TYPED_TEST(ActivationIn, relu_is_right) {
  kt::expect_right<ml::Activation::relu, TypeParam>();
}
TYPED_TEST(ActivationIn, gelu_erf_is_right) {
  kt::expect_right<ml::Activation::gelu_erf, TypeParam>();
}
TYPED_TEST(ActivationIn, gelu_tanh_is_right) {
  kt::expect_right<ml::Activation::gelu_tanh, TypeParam>();
}

TEST(Activation, relu_has_no_slope_at_zero) {
  EXPECT_EQ((ml::slope<ml::Activation::relu>(0.0, 0.0)), 0.0);
  EXPECT_EQ((ml::activate<ml::Activation::relu>(-0.0)), 0.0);
}

TEST(Activation, slope_reads_only_what_it_says) {
  kt::expect_slope_from_the_right_argument<ml::Activation::identity>();
  kt::expect_slope_from_the_right_argument<ml::Activation::tanh>();
  kt::expect_slope_from_the_right_argument<ml::Activation::relu>();
  kt::expect_slope_from_the_right_argument<ml::Activation::gelu_erf>();
  kt::expect_slope_from_the_right_argument<ml::Activation::gelu_tanh>();
}

TEST(Activation, the_two_gelus_differ) {
  double largest = 0;
  kt::for_arguments([&](double z) {
    largest = std::max(
        largest, std::abs(ml::activate<ml::Activation::gelu_erf>(z) - ml::activate<ml::Activation::gelu_tanh>(z)));
  });
  EXPECT_GT(largest, 4e-4);
  EXPECT_LT(largest, 6e-4);
}

TEST(Activation, names_are_read_back) {
  for (std::string const& name : ml::activation_names()) EXPECT_EQ(name_of(ml::activation_named(name)), name);
  EXPECT_EQ(ml::activation_names().size(), 5U);
  EXPECT_THROW(ml::activation_named("gelu"), kramers::DomainError);  // which one?
}

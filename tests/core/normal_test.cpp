// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/hash.hpp>
#include <kramers/core/lanes.hpp>
#include <kramers/core/normal.hpp>

#include <Kokkos_Core.hpp>

#include <gtest/gtest.h>
#include <spaces.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <string>
#include <vector>

namespace kramers::test {

template <class T>
constexpr int per_block = normals_per_block<T>;

/// Normals of one walker, step after step.
template <class T>
std::vector<double> series(std::uint64_t seed, std::uint64_t id, std::uint64_t first_step, Stream stream, int blocks) {
  std::vector<double> all;
  all.reserve(static_cast<std::size_t>(blocks * per_block<T>));
  for (int k = 0; k < blocks; ++k) {
    T z[per_block<T>];
    normal_block(seed, id, first_step + static_cast<std::uint64_t>(k), stream, z);
    all.insert(all.end(), z, z + per_block<T>);
  }
  return all;
}

/// A million normals with the seed, ids and steps of a small ensemble; the sample of the distribution tests.
template <class T>
std::vector<double> const& sample() {
  static std::vector<double> const z = [] {
    std::vector<double> all;
    for (std::uint64_t id = 0; id < 1024; ++id) {
      auto const one = series<T>(2024, id, 0, Stream::dynamics, 1024 / per_block<T>);
      all.insert(all.end(), one.begin(), one.end());
    }
    return all;
  }();
  return z;
}

/// Mean of f over the sample in standard errors away from `mean`, where the variance of f is `variance`.
template <class T, class F>
double deviation(double mean, double variance, F const& f) {
  double sum = 0;
  for (double const z : sample<T>()) sum += f(z);
  auto const n = static_cast<double>(sample<T>().size());
  return (sum / n - mean) / std::sqrt(variance / n);
}

double normal_cdf(double z) {
  return 0.5 * std::erfc(-z / std::numbers::sqrt2);
}

/// The lanes of one block in a vectorised loop.
template <int W, class T>
KOKKOS_INLINE_FUNCTION void normals_of_lanes(std::uint64_t id, std::uint64_t step, T (&out)[normals_per_block<T>][W]) {
  for_lanes<W>([&](int l) {
    T z[normals_per_block<T>];
    normal_block(2024, id + static_cast<std::uint64_t>(l), step, Stream::dynamics, z);
    for (int i = 0; i < normals_per_block<T>; ++i) out[i][l] = z[i];
  });
}

template <int W, class T>
void expect_lanes_equal_scalar() {
  for (std::uint64_t step = 0; step < 64; ++step) {
    std::uint64_t const id = 0xfffffff0ULL;  // the lanes cross 2^32
    T lanes[per_block<T>][W];
    normals_of_lanes<W>(id, step, lanes);
    for (int l = 0; l < W; ++l) {
      T one[per_block<T>];
      normal_block(2024, id + static_cast<std::uint64_t>(l), step, Stream::dynamics, one);
      for (int i = 0; i < per_block<T>; ++i) {
        ASSERT_EQ(math::detail::to_bits(lanes[i][l]), math::detail::to_bits(one[i]))
            << "normal " << i << " lane " << l << " of " << W;
      }
    }
  }
}

template <class View, class T>
struct NormalKernel {
  View out;
  KOKKOS_FUNCTION void operator()(int i) const {
    T z[normals_per_block<T>];
    auto const u = static_cast<std::uint64_t>(i);
    normal_block(2024, u, mix64(u), Stream::dynamics, z);
    for (int k = 0; k < normals_per_block<T>; ++k) out(i, k) = z[k];
  }
};

/// The words of one pair: 64 bits each for double, 32 for float.
template <class T>
using Word = math::detail::Bits<T>;

template <class T>
std::array<double, 2> pair_of(Word<T> a, Word<T> b) {
  T z0, z1;
  detail::normal_pair(a, b, z0, z1);
  return {z0, z1};
}

/// The same pair from its definition, in long double.
template <class T>
std::array<double, 2> reference_pair(Word<T> a, Word<T> b) {
  using U = long double;
  U u, r;
  if constexpr (sizeof(T) == 8) {
    u = 1 - std::ldexp(static_cast<U>(a & 0xfffffffffffffULL), -52);
    r = std::ldexp(static_cast<U>(b & 0xfffffffffffffULL), -54) - U(0.125);
  } else {
    u = static_cast<T>(std::ldexp(static_cast<U>(static_cast<T>(a)) + U(0.5), -32));
    r = std::ldexp(static_cast<U>(static_cast<std::int32_t>(b << 2)), -34);
  }
  U const radius = std::sqrt(-2 * std::log(u)), angle = 2 * std::numbers::pi_v<U> * (U(0.125) + r);
  auto const top = [](Word<T> w) { return (w >> (8 * sizeof(T) - 1)) != 0 ? U(-1) : U(1); };
  return {static_cast<double>(top(b) * radius * std::sin(angle)),
          static_cast<double>(top(static_cast<Word<T>>(b << 1)) * radius * std::cos(angle))};
}

}  // namespace kramers::test

namespace kt = kramers::test;
using kramers::Stream;

template <class T>
struct Normal : ::testing::Test {};
struct RealName {
  template <class T>
  static std::string GetName(int) {
    return sizeof(T) == 8 ? "f64" : "f32";
  }
};
using Reals = ::testing::Types<double, float>;
TYPED_TEST_SUITE(Normal, Reals, RealName);

// The radius errs by 1 eps, cos +- sin by 1 eps of sqrt(2), the product by half.
TYPED_TEST(Normal, pair_is_box_muller_of_its_words) {
  using T = TypeParam;
  for (std::uint64_t i = 0; i < 100000; ++i) {
    auto const a = static_cast<kt::Word<T>>(kramers::mix64(2 * i)),
               b = static_cast<kt::Word<T>>(kramers::mix64(2 * i + 1));
    auto const got = kt::pair_of<T>(a, b), want = kt::reference_pair<T>(a, b);
    double const tolerance = 4 * std::numeric_limits<T>::epsilon() * std::hypot(want[0], want[1]);
    ASSERT_NEAR(got[0], want[0], tolerance) << "words " << a << " " << b;
    ASSERT_NEAR(got[1], want[1], tolerance) << "words " << a << " " << b;
  }
}

TYPED_TEST(Normal, extreme_words_reach_the_documented_tail_and_stay_finite) {
  using T = TypeParam;
  constexpr bool f64 = sizeof(T) == 8;
  using Word = kt::Word<T>;
  double const limit = std::sqrt(2 * (f64 ? 52 : 33) * std::numbers::ln2);  // 8.49, 6.76
  Word const smallest_u = f64 ? static_cast<Word>(~Word(0)) : Word(0), largest_u = static_cast<Word>(~smallest_u);
  Word const edges[] = {Word(0),
                        Word(1),
                        static_cast<Word>(~Word(0)),
                        static_cast<Word>(~Word(0) >> 1),
                        static_cast<Word>(~Word(0) >> 2),
                        static_cast<Word>(~Word(0) << 1),
                        static_cast<Word>(Word(1) << (f64 ? 51 : 29)),
                        static_cast<Word>((Word(1) << (f64 ? 51 : 29)) - 1)};
  double largest = 0;
  for (Word const b : edges) {
    auto const far = kt::pair_of<T>(smallest_u, b), near = kt::pair_of<T>(largest_u, b);
    EXPECT_NEAR(std::hypot(far[0], far[1]), limit, 4 * std::numeric_limits<T>::epsilon() * limit) << "angle " << b;
    EXPECT_EQ(std::hypot(near[0], near[1]), 0) << "angle " << b;
    largest = std::max({largest, std::abs(far[0]), std::abs(far[1])});
    for (Word const a : edges) {
      auto const z = kt::pair_of<T>(a, b);
      EXPECT_TRUE(std::isfinite(z[0]) && std::isfinite(z[1])) << "words " << a << " " << b;
    }
  }
  EXPECT_NEAR(largest, limit, 4 * std::numeric_limits<T>::epsilon() * limit);
}

// Exact moments of z^k: mean 0, 1, 0, 3; variance of z^k: 1, 2, 15, 96. Eight moments at 5 standard errors: a false
// alarm once in 200,000 seeds.
TYPED_TEST(Normal, first_four_moments) {
  using T = TypeParam;
  EXPECT_LT(std::abs(kt::deviation<T>(0, 1, [](double z) { return z; })), 5);
  EXPECT_LT(std::abs(kt::deviation<T>(1, 2, [](double z) { return z * z; })), 5);
  EXPECT_LT(std::abs(kt::deviation<T>(0, 15, [](double z) { return z * z * z; })), 5);
  EXPECT_LT(std::abs(kt::deviation<T>(3, 96, [](double z) { return z * z * z * z; })), 5);
}

// The sample is of n independent numbers: P(sqrt(n) D > 2.6) = 2 exp(-2 * 2.6^2) = 3e-6.
TYPED_TEST(Normal, kolmogorov_smirnov) {
  std::vector<double> z = kt::sample<TypeParam>();
  std::sort(z.begin(), z.end());
  auto const n = static_cast<double>(z.size());
  double distance = 0;
  for (std::size_t i = 0; i < z.size(); ++i) {
    double const f = kt::normal_cdf(z[i]), rank = static_cast<double>(i);
    distance = std::max({distance, f - rank / n, (rank + 1) / n - f});
  }
  EXPECT_LT(distance * std::sqrt(n), 2.6);
}

// Counts beyond 3 and 4 sigma on each side, about 1415 and 33 expected, binomial: eight counts at 5 standard deviations
// (6 for the rarer, whose Poisson tail is heavier): a false alarm once in 100,000 seeds.
TYPED_TEST(Normal, tails_hold_their_share) {
  for (double const sign : {-1.0, 1.0}) {
    double const p3 = kt::normal_cdf(-3), p4 = kt::normal_cdf(-4);
    EXPECT_LT(std::abs(kt::deviation<TypeParam>(p3, p3, [&](double z) { return sign * z > 3 ? 1.0 : 0.0; })), 5);
    EXPECT_LT(std::abs(kt::deviation<TypeParam>(p4, p4, [&](double z) { return sign * z > 4 ? 1.0 : 0.0; })), 6);
  }
}

// 16 x 16 cells of equal probability: chi^2 with 255 degrees of freedom exceeds 380 with probability 7e-7. All pairs of
// one block, so that a radius or an angle shared by two pairs shows.
TYPED_TEST(Normal, numbers_of_a_block_are_jointly_uniform) {
  constexpr int per = kt::per_block<TypeParam>;
  auto const& z = kt::sample<TypeParam>();
  for (int i = 0; i < per; ++i) {
    for (int j = i + 1; j < per; ++j) {
      std::array<double, 256> count{};
      for (std::size_t k = 0; k < z.size(); k += per) {
        auto const cell = [&](int m) {
          return static_cast<std::size_t>(std::min(15.0, 16 * kt::normal_cdf(z[k + static_cast<std::size_t>(m)])));
        };
        count[16 * cell(i) + cell(j)] += 1;
      }
      double const expected = static_cast<double>(z.size()) / per / 256;
      double chi2 = 0;
      for (double const c : count) chi2 += (c - expected) * (c - expected) / expected;
      EXPECT_LT(chi2, 380) << "numbers " << i << " and " << j;
    }
  }
}

// Products and products of squares of the numbers of neighbours, 0 to 3 steps apart: variances 1 and 4. With 6
// neighbours, 4 lags in blocks and 2 products at 5.5 standard errors: a false alarm once in 500,000 seeds per type.
TYPED_TEST(Normal, neighbouring_seeds_ids_streams_and_steps_are_uncorrelated) {
  using T = TypeParam;
  constexpr int blocks = 1 << 14;
  constexpr std::size_t lags = 4, per = kt::per_block<T>;
  auto const base = kt::series<T>(42, 7, 1000, Stream::dynamics, blocks);
  std::vector<double> const neighbours[] = {
      kt::series<T>(43, 7, 1000, Stream::dynamics, blocks),        kt::series<T>(41, 7, 1000, Stream::dynamics, blocks),
      kt::series<T>(42, 8, 1000, Stream::dynamics, blocks),        kt::series<T>(42, 6, 1000, Stream::dynamics, blocks),
      kt::series<T>(42, 7, 1001, Stream::dynamics, blocks),  // itself a step later
      kt::series<T>(42, 7, 1000, Stream::initial_velocity, blocks)};
  for (std::size_t k = 0; k < std::size(neighbours); ++k) {
    for (std::size_t lag = 0; lag < lags; ++lag) {
      double product = 0, square = 0;
      std::size_t const n = base.size() - lags * per;
      for (std::size_t i = 0; i < n; ++i) {
        double const a = base[i], b = neighbours[k][i + lag * per];
        product += a * b;
        square += (a * a - 1) * (b * b - 1);
      }
      EXPECT_LT(std::abs(product) / std::sqrt(n), 5.5) << "neighbour " << k << " lag " << lag;
      EXPECT_LT(std::abs(square) / 2 / std::sqrt(n), 5.5) << "neighbour " << k << " lag " << lag;
    }
  }
}

TYPED_TEST(Normal, lanes_give_the_bits_of_the_scalar_path) {
  kt::expect_lanes_equal_scalar<1, TypeParam>();
  kt::expect_lanes_equal_scalar<8, TypeParam>();
  kt::expect_lanes_equal_scalar<32, TypeParam>();
  kt::expect_lanes_equal_scalar<64, TypeParam>();
}

template <class Config>
struct NormalOn : ::testing::Test {};
TYPED_TEST_SUITE(NormalOn, kt::AllConfigs, kt::ConfigName);

// Golden bits, as in math_test.cpp: a change here changes every published state hash.
TYPED_TEST(NormalOn, every_space_gives_the_golden_bits) {
  using Space = typename TypeParam::Space;
  using T = typename TypeParam::Real;
  constexpr int n = 100000, per = kt::per_block<T>;
  Space const exec;
  Kokkos::View<T* [per], Kokkos::LayoutRight, Space> const device(Kokkos::view_alloc(exec, "kramers::test::normals"),
                                                                  n);
  Kokkos::parallel_for("kramers::test::normal", Kokkos::RangePolicy<Space>(exec, 0, n),
                       kt::NormalKernel<decltype(device), T>{device});
  auto const host = Kokkos::create_mirror_view(device);
  Kokkos::deep_copy(exec, host, device);
  exec.fence();
  std::uint64_t hash = 0;
  for (int i = 0; i < n; ++i) {
    for (int k = 0; k < per; ++k) {
      hash +=
          kramers::hash_element(static_cast<std::uint64_t>(i * per + k), kramers::math::detail::to_bits(host(i, k)));
    }
  }
  EXPECT_EQ(hash, sizeof(T) == 8 ? 0xcb497c29127d56daULL : 0xaca08b184b2f5412ULL);
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/hash.hpp>
#include <kramers/core/lanes.hpp>
#include <kramers/core/math.hpp>

#include <Kokkos_Core.hpp>

#include <gtest/gtest.h>
#include <spaces.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <string>
#include <vector>

namespace kramers::test {

/// The type of the reference: 53 bits for float, and for double the 64 bits of x86's long double; its functions err by
/// about one of its own ulp, 2^-29 or 2^-11 of the ulps that are counted here.
template <class T>
using Wide = std::conditional_t<sizeof(T) == 4, double, long double>;

template <class T>
constexpr bool has_reference = std::numeric_limits<Wide<T>>::digits >= std::numeric_limits<T>::digits + 11;

template <class T>
constexpr T infinity = std::numeric_limits<T>::infinity();

// Each function under test beside its reference and its bound in ulp, a little above what it measures.

struct Everywhere {
  template <class T>
  static bool inside(T) {
    return true;
  }
};

struct Log : Everywhere {
  static constexpr double bound = 1.0;
  template <class T>
  static KOKKOS_FORCEINLINE_FUNCTION T value(T x) {
    return kramers::math::log(x);
  }
  template <class U>
  static U reference(U x) {
    return std::log(x);
  }
};

struct MinusLogUnit {
  template <class T>
  static bool inside(T x) {
    return x >= std::numeric_limits<T>::min() && x <= 1;
  }
  static constexpr double bound = 1.5;
  template <class T>
  static KOKKOS_FORCEINLINE_FUNCTION T value(T x) {
    return math::detail::minus_log_unit(x);
  }
  template <class U>
  static U reference(U x) {
    return -std::log(x);
  }
};

struct Exp : Everywhere {
  static constexpr double bound = 1.25;
  template <class T>
  static KOKKOS_FORCEINLINE_FUNCTION T value(T x) {
    return kramers::math::exp(x);
  }
  template <class U>
  static U reference(U x) {
    return std::exp(x);
  }
};

struct Tanh : Everywhere {
  static constexpr double bound = 1.5;
  template <class T>
  static KOKKOS_FORCEINLINE_FUNCTION T value(T x) {
    return kramers::math::tanh(x);
  }
  template <class U>
  static U reference(U x) {
    return std::tanh(x);
  }
};

struct Erf : Everywhere {
  static constexpr double bound = 1.0;
  template <class T>
  static KOKKOS_FORCEINLINE_FUNCTION T value(T x) {
    return kramers::math::erf(x);
  }
  template <class U>
  static U reference(U x) {
    return std::erf(x);
  }
};

/// sin(2 pi t) of a t with |t| <= 1/4.
template <class U>
U sin_of_quarter(U t) {
  return std::sin(2 * std::numbers::pi_v<U> * t);
}

struct Sin2Pi : Everywhere {
  static constexpr double bound = 1.0;
  template <class T>
  static KOKKOS_FORCEINLINE_FUNCTION T value(T x) {
    T s, c;
    math::sincos_2pi(x, s, c);
    return s;
  }
  template <class U>
  static U reference(U x) {
    if (!std::isfinite(x)) return std::numeric_limits<U>::quiet_NaN();
    U const f = x - std::rint(x);  // exact
    return std::abs(f) <= U(0.25) ? sin_of_quarter(f) : sin_of_quarter(std::copysign(U(0.5), f) - f);
  }
};

struct Cos2Pi : Everywhere {
  static constexpr double bound = 1.0;
  template <class T>
  static KOKKOS_FORCEINLINE_FUNCTION T value(T x) {
    T s, c;
    math::sincos_2pi(x, s, c);
    return c;
  }
  template <class U>
  static U reference(U x) {
    if (!std::isfinite(x)) return std::numeric_limits<U>::quiet_NaN();
    U const f = std::abs(x - std::rint(x));  // exact
    // cos loses its last digits to the reference's own argument near 0 unless taken as the sine of the complement.
    return f < U(0.125) ? std::cos(2 * std::numbers::pi_v<U> * f) : sin_of_quarter(U(0.25) - f);
  }
};

/// |got - want| in units of the last place of T at `want`; infinity counts as the first power of two beyond T.
template <class T>
double ulp_error(T got, Wide<T> want) {
  using U = Wide<T>;
  using Limits = std::numeric_limits<T>;
  if (std::isnan(want) || std::isnan(got)) return std::isnan(want) && std::isnan(got) ? 0 : infinity<double>;
  U const top = std::ldexp(U(1), Limits::max_exponent);
  U const g = std::clamp(static_cast<U>(got), -top, top);
  U const w = std::clamp(want, -top, top);
  int exponent = 0;
  std::frexp(std::min(std::abs(w), static_cast<U>(Limits::max())), &exponent);
  return static_cast<double>(std::ldexp(std::abs(g - w), Limits::digits - std::max(exponent, Limits::min_exponent)));
}

template <class T>
struct Worst {
  double ulp = 0;
  T at = 0;
};

template <class F, class T>
void check_at(T x, Worst<T>& worst) {
  if (!F::inside(x)) return;
  double const ulp = ulp_error(F::value(x), F::reference(static_cast<Wide<T>>(x)));
  if (ulp > worst.ulp) worst = {ulp, x};
}

/// A pseudo-random finite number, uniform over the bit patterns whose exponent lies in [low, high].
template <class T>
T random_number(std::uint64_t i, int low, int high) {
  std::uint64_t const u = mix64(2 * i), v = mix64(2 * i + 1);
  T const m =
      1 + std::ldexp(static_cast<T>(u >> (65 - std::numeric_limits<T>::digits)), 1 - std::numeric_limits<T>::digits);
  int const e = low + static_cast<int>(v % static_cast<std::uint64_t>(high - low + 1));
  return std::ldexp((v >> 63) ? -m : m, e);
}

/// Numbers a few units in the last place around x, and -x.
template <class F, class T>
void check_around(T x, Worst<T>& worst) {
  T up = x, down = x;
  for (int i = 0; i < 20; ++i) {
    check_at<F>(up, worst), check_at<F>(down, worst), check_at<F>(-up, worst);
    up = std::nextafter(up, infinity<T>), down = std::nextafter(down, -infinity<T>);
  }
}

/// Random numbers of every exponent, the exponents where `F` bends, the ends of every reduction used, and specials.
template <class F, class T>
Worst<T> worst_over_the_whole_range() {
  using Limits = std::numeric_limits<T>;
  Worst<T> worst;
  if constexpr (sizeof(T) == 4) {
    // A prime stride through all 2^32 bit patterns.
    for (std::uint64_t u = 0; u < (1ULL << 32); u += 4999)
      check_at<F>(math::detail::from_bits(static_cast<std::uint32_t>(u)), worst);
  }
  int const lowest = Limits::min_exponent - Limits::digits - 1, highest = Limits::max_exponent - 1;
  for (std::uint64_t i = 0; i < 100000; ++i) {
    check_at<F>(random_number<T>(i, lowest, highest), worst);
    check_at<F>(random_number<T>(i, -12, 10), worst);
    check_at<F>(random_number<T>(i, -2, 1), worst);
  }
  for (int e = lowest; e <= highest; ++e) {
    check_around<F>(std::ldexp(T(1), e), worst);                      // 1: log changes sign; the subnormals begin
    check_around<F>(std::ldexp(std::numbers::sqrt2_v<T>, e), worst);  // the split of log
    check_around<F>(std::ldexp(T(0.625), e), worst);                  // the seam of tanh; 1: that of erf
  }
  for (int k = -2200; k <= 2200; ++k) {
    check_around<F>(static_cast<T>(k) * std::numbers::ln2_v<T> / 2, worst);  // the seams of exp, its overflow
    check_around<F>(static_cast<T>(k) / 8, worst);                           // the octants
  }
  for (T const x : {T(0), infinity<T>, Limits::quiet_NaN(), Limits::max(), Limits::denorm_min(), Limits::min()}) {
    check_at<F>(x, worst), check_at<F>(-x, worst);
  }
  return worst;
}

/// Arguments of the golden samples: every function is finite and not trivial on most of them.
template <class T>
KOKKOS_INLINE_FUNCTION T sample_argument(std::uint64_t i) {
  using F = math::detail::FloatFormat<T>;
  std::uint64_t const u = mix64(i);
  // Exponents 2^-8 ... 2^7, random significand and sign.
  auto const bits = static_cast<math::detail::Bits<T>>(u);
  math::detail::Bits<T> const exponent = F::bias - 8 + ((u >> 56) & 15);
  return math::detail::from_bits(
      static_cast<math::detail::Bits<T>>((bits & (F::significand | F::sign)) | (exponent << F::digits)));
}

/// The bits of every function at one argument, hashed with their place.
template <class T>
KOKKOS_INLINE_FUNCTION void functions_at(int i, T& log, T& unit, T& exp, T& tanh, T& sin, T& cos, T& erf) {
  T const x = sample_argument<T>(static_cast<std::uint64_t>(i));
  T const size = x < 0 ? -x : x;
  log = kramers::math::log(size);
  unit = math::detail::minus_log_unit(size > 1 ? 1 / size : size);
  exp = kramers::math::exp(x);
  tanh = kramers::math::tanh(x);
  math::sincos_2pi(x, sin, cos);
  erf = kramers::math::erf(x);
}

constexpr int functions = 7;

template <class View, class T>
struct MathKernel {
  View out;
  KOKKOS_FUNCTION void operator()(int i) const {
    functions_at<T>(i, out(i, 0), out(i, 1), out(i, 2), out(i, 3), out(i, 4), out(i, 5), out(i, 6));
  }
};

/// The functions at arguments first ... first + W - 1, in one vectorised loop.
template <int W, class T>
KOKKOS_INLINE_FUNCTION void functions_of_lanes(int first, T (&out)[functions][W]) {
  for_lanes<W>([&](int l) {
    functions_at<T>(first + l, out[0][l], out[1][l], out[2][l], out[3][l], out[4][l], out[5][l], out[6][l]);
  });
}

template <int W, class T>
void expect_lanes_equal_scalar() {
  for (int first = 0; first < 1024; first += W) {
    T lanes[functions][W];
    functions_of_lanes<W>(first, lanes);
    for (int l = 0; l < W; ++l) {
      T one[functions];
      functions_at<T>(first + l, one[0], one[1], one[2], one[3], one[4], one[5], one[6]);
      for (int f = 0; f < functions; ++f) {
        ASSERT_EQ(math::detail::to_bits(lanes[f][l]), math::detail::to_bits(one[f]))
            << "function " << f << " lane " << l << " of " << W;
      }
    }
  }
}

}  // namespace kramers::test

namespace kt = kramers::test;

template <class T>
struct Math : ::testing::Test {};
struct RealName {
  template <class T>
  static std::string GetName(int) {
    return sizeof(T) == 8 ? "f64" : "f32";
  }
};
using Reals = ::testing::Types<double, float>;
TYPED_TEST_SUITE(Math, Reals, RealName);

template <class F, class T>
void expect_accurate() {
  if (!kt::has_reference<T>) GTEST_SKIP() << "long double has no more digits than double here";
  kt::Worst<T> const worst = kt::worst_over_the_whole_range<F, T>();
  ::testing::Test::RecordProperty("worst_ulp", std::to_string(worst.ulp));
  EXPECT_LE(worst.ulp, F::bound) << "at " << std::hexfloat << worst.at;
}

TYPED_TEST(Math, log_is_accurate_everywhere) {
  expect_accurate<kt::Log, TypeParam>();
}
TYPED_TEST(Math, minus_log_unit_is_accurate_on_the_unit_interval) {
  expect_accurate<kt::MinusLogUnit, TypeParam>();
}
TYPED_TEST(Math, exp_is_accurate_everywhere) {
  expect_accurate<kt::Exp, TypeParam>();
}
TYPED_TEST(Math, tanh_is_accurate_everywhere) {
  expect_accurate<kt::Tanh, TypeParam>();
}
TYPED_TEST(Math, erf_is_accurate_everywhere) {
  expect_accurate<kt::Erf, TypeParam>();
}
TYPED_TEST(Math, sin_2pi_is_accurate_everywhere) {
  expect_accurate<kt::Sin2Pi, TypeParam>();
}
TYPED_TEST(Math, cos_2pi_is_accurate_everywhere) {
  expect_accurate<kt::Cos2Pi, TypeParam>();
}

TYPED_TEST(Math, log_has_its_limits) {
  using T = TypeParam;
  T const inf = kt::infinity<T>;
  EXPECT_EQ(kramers::math::log(T(1)), T(0));
  EXPECT_EQ(kramers::math::log(T(0)), -inf);
  EXPECT_EQ(kramers::math::log(-T(0)), -inf);
  EXPECT_EQ(kramers::math::log(inf), inf);
  EXPECT_TRUE(std::isnan(kramers::math::log(T(-1))));
  EXPECT_TRUE(std::isnan(kramers::math::log(-inf)));
  EXPECT_TRUE(std::isnan(kramers::math::log(std::numeric_limits<T>::quiet_NaN())));
}

TYPED_TEST(Math, exp_has_its_limits) {
  using T = TypeParam;
  T const inf = kt::infinity<T>;
  EXPECT_EQ(kramers::math::exp(T(0)), T(1));
  EXPECT_EQ(kramers::math::exp(inf), inf);
  EXPECT_EQ(kramers::math::exp(-inf), T(0));
  EXPECT_EQ(kramers::math::exp(std::numeric_limits<T>::max()), inf);
  EXPECT_EQ(kramers::math::exp(std::numeric_limits<T>::lowest()), T(0));
  EXPECT_TRUE(std::isnan(kramers::math::exp(std::numeric_limits<T>::quiet_NaN())));
}

TYPED_TEST(Math, tanh_is_odd_and_saturates) {
  using T = TypeParam;
  EXPECT_EQ(kramers::math::tanh(kt::infinity<T>), T(1));
  EXPECT_EQ(kramers::math::tanh(-kt::infinity<T>), T(-1));
  EXPECT_EQ(kramers::math::tanh(std::numeric_limits<T>::denorm_min()), std::numeric_limits<T>::denorm_min());
  EXPECT_TRUE(std::signbit(kramers::math::tanh(-T(0))));
  for (std::uint64_t i = 0; i < 1000; ++i) {
    T const x = kt::random_number<T>(i, -10, 5);
    EXPECT_EQ(kramers::math::tanh(-x), -kramers::math::tanh(x)) << "x = " << x;
  }
}

TYPED_TEST(Math, erf_is_odd_and_saturates) {
  using T = TypeParam;
  EXPECT_EQ(kramers::math::erf(kt::infinity<T>), T(1));
  EXPECT_EQ(kramers::math::erf(-kt::infinity<T>), T(-1));
  EXPECT_EQ(kramers::math::erf(T(7)), T(1));
  EXPECT_TRUE(std::isnan(kramers::math::erf(std::numeric_limits<T>::quiet_NaN())));
  EXPECT_TRUE(std::signbit(kramers::math::erf(-T(0))));
  for (std::uint64_t i = 0; i < 1000; ++i) {
    T const x = kt::random_number<T>(i, -10, 3);
    EXPECT_EQ(kramers::math::erf(-x), -kramers::math::erf(x)) << "x = " << x;
  }
}

TYPED_TEST(Math, sincos_2pi_is_exact_at_quarter_turns_near_and_far) {
  using T = TypeParam;
  for (T const whole : {T(0), T(1), T(-7), T(4096), std::ldexp(T(1), 40), -std::numeric_limits<T>::max()}) {
    for (int quarter = 0; quarter < 4; ++quarter) {
      T const t = whole + static_cast<T>(quarter) / 4;
      if (t - whole != static_cast<T>(quarter) / 4) continue;  // no quarters that far out
      T s, c;
      kramers::math::sincos_2pi(t, s, c);
      EXPECT_EQ(s, T(quarter == 1) - T(quarter == 3)) << "t = " << t;
      EXPECT_EQ(c, T(quarter == 0) - T(quarter == 2)) << "t = " << t;
    }
  }
  T s, c;
  kramers::math::sincos_2pi(kt::infinity<T>, s, c);
  EXPECT_TRUE(std::isnan(s) && std::isnan(c));
}

// 40-digit values computed with bc; they do not depend on any math library.
TYPED_TEST(Math, agrees_with_tabulated_values) {
  using T = TypeParam;
  T const eps = std::numeric_limits<T>::epsilon();
  auto expect_near = [&](T got, double want) { EXPECT_NEAR(got, want, 2 * eps * std::abs(want)); };
  expect_near(kramers::math::log(T(10)), 2.302585092994045684);
  expect_near(kramers::math::exp(T(1)), 2.718281828459045235);
  expect_near(kramers::math::exp(T(-10)), 4.539992976248485154e-5);
  expect_near(kramers::math::tanh(T(0.5)), 0.4621171572600097585);
  expect_near(kramers::math::tanh(T(2)), 0.9640275800758168839);
  expect_near(kramers::math::erf(T(0.5)), 0.5204998778130465377);
  expect_near(kramers::math::erf(T(1.5)), 0.9661051464753107271);
  T s, c;
  kramers::math::sincos_2pi(T(0.0625), s, c);
  expect_near(s, 0.3826834323650897717);
  expect_near(c, 0.9238795325112867561);
}

TYPED_TEST(Math, lanes_give_the_bits_of_the_scalar_path) {
  kt::expect_lanes_equal_scalar<1, TypeParam>();
  kt::expect_lanes_equal_scalar<8, TypeParam>();
  kt::expect_lanes_equal_scalar<32, TypeParam>();
  kt::expect_lanes_equal_scalar<64, TypeParam>();
}

template <class Config>
struct MathOn : ::testing::Test {};
TYPED_TEST_SUITE(MathOn, kt::AllConfigs, kt::ConfigName);

// Golden bits: a change here changes every published state hash. The constants come from this test on x86-64 with GCC
// 14 and AVX-512; GCC 12, Clang 19, AVX2, no SIMD at all and the sanitized debug build gave the same.
TYPED_TEST(MathOn, every_space_gives_the_golden_bits) {
  using Space = typename TypeParam::Space;
  using T = typename TypeParam::Real;
  constexpr int n = 100000;
  Space const exec;
  Kokkos::View<T * [kt::functions], Kokkos::LayoutRight, Space> const device(
      Kokkos::view_alloc(exec, "kramers::test::values"), n);
  Kokkos::parallel_for("kramers::test::math", Kokkos::RangePolicy<Space>(exec, 0, n),
                       kt::MathKernel<decltype(device), T>{device});
  auto const host = Kokkos::create_mirror_view(device);
  Kokkos::deep_copy(exec, host, device);
  exec.fence();
  std::uint64_t hash[kt::functions] = {};
  for (int i = 0; i < n; ++i) {
    for (int f = 0; f < kt::functions; ++f) {
      hash[f] += kramers::hash_element(static_cast<std::uint64_t>(i), kramers::math::detail::to_bits(host(i, f)));
    }
  }
  constexpr bool f64 = sizeof(T) == 8;
  EXPECT_EQ(hash[0], f64 ? 0x673d1fe7e2dd4f6aULL : 0xbd45b985e398a983ULL) << "log";
  EXPECT_EQ(hash[1], f64 ? 0xf94d657d7339391fULL : 0xd221cb85cc9dc3b3ULL) << "minus_log_unit";
  EXPECT_EQ(hash[2], f64 ? 0x9de15e9b062896d0ULL : 0x722f7967ae90da5dULL) << "exp";
  EXPECT_EQ(hash[3], f64 ? 0xf3498c44e94b7357ULL : 0x41d364e8a243d570ULL) << "tanh";
  EXPECT_EQ(hash[4], f64 ? 0xd88472fc7d242c2bULL : 0x00e0ac61b539d127ULL) << "sin";
  EXPECT_EQ(hash[5], f64 ? 0x7e17b0355e99e90fULL : 0xce3a569024076b9eULL) << "cos";
  EXPECT_EQ(hash[6], f64 ? 0xf773583c599ab9edULL : 0x27fbc3381070a190ULL) << "erf";
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <Kokkos_Core.hpp>

#include <cstdint>

/// Elementary functions with the same bits on every backend and compiler, for float and double.
///
/// They use +, -, *, /, sqrt and fma (all correctly rounded by IEEE 754) and integer operations, no library calls and
/// no branches, so that a compiler vectorises a loop over lanes; contraction must be off (our targets see to that).
/// The largest errors over the whole range, subnormals included, are below 1 ulp for log, sin, cos and erf, 1.1 ulp for
/// exp and 1.4 ulp for tanh, in both precisions (float: every number; double: tests/core/math_test.cpp samples).
/// Polynomial coefficients: own minimax fits (Remez exchange in 113-bit arithmetic, then rounded one by one).
namespace kramers::math {

/// a * b + c with one rounding.
KOKKOS_FORCEINLINE_FUNCTION double fma(double a, double b, double c) {
  return Kokkos::fma(a, b, c);
}
/// @copydoc fma
KOKKOS_FORCEINLINE_FUNCTION float fma(float a, float b, float c) {
  return Kokkos::fma(a, b, c);
}

/// c0 + c1 x + c2 x^2 + ... by Horner's rule, one fma per coefficient.
template <class T>
KOKKOS_FORCEINLINE_FUNCTION T horner(T, T c0) {
  return c0;
}
template <class T, class... Rest>
KOKKOS_FORCEINLINE_FUNCTION T horner(T x, T c0, T c1, Rest... rest) {
  return math::fma(x, horner(x, c1, rest...), c0);
}

namespace detail {

/// Binary layout of a floating-point type and the constants that go with it.
template <class T>
struct FloatFormat;

template <>
struct FloatFormat<double> {
  using Bits = std::uint64_t;
  static constexpr int digits = 52;  ///< stored bits of the significand
  static constexpr Bits bias = 1023;
  static constexpr Bits sign = 0x8000000000000000ULL;
  static constexpr Bits significand = 0x000fffffffffffffULL;
  static constexpr Bits one = 0x3ff0000000000000ULL;
  static constexpr Bits quarter = 0x3fd0000000000000ULL;
  static constexpr Bits sqrt_half = 0x3fe6a09e667f3bcdULL;
  static constexpr double shifter = 0x1.8p52;    ///< x + shifter has round(x) in its low bits
  static constexpr double integer_one = 0x1p52;  ///< integer_one + n has n in its low bits
  static constexpr double min_normal = 0x1p-1022;
  static constexpr double ln2_high = 0x1.62e42feep-1;  ///< times any exponent: exact
  static constexpr double ln2_low = 0x1.a39ef35793c76p-33;
  static constexpr double infinity = __builtin_huge_val();
};

template <>
struct FloatFormat<float> {
  using Bits = std::uint32_t;
  static constexpr int digits = 23;
  static constexpr Bits bias = 127;
  static constexpr Bits sign = 0x80000000U;
  static constexpr Bits significand = 0x007fffffU;
  static constexpr Bits one = 0x3f800000U;
  static constexpr Bits quarter = 0x3e800000U;
  static constexpr Bits sqrt_half = 0x3f3504f3U;
  static constexpr float shifter = 0x1.8p23F;
  static constexpr float integer_one = 0x1p23F;
  static constexpr float min_normal = 0x1p-126F;
  static constexpr float ln2_high = 0x1.62ep-1F;
  static constexpr float ln2_low = 0x1.0bfbe8p-15F;
  static constexpr float infinity = __builtin_huge_valf();
};

template <class T>
using Bits = typename FloatFormat<T>::Bits;

KOKKOS_FORCEINLINE_FUNCTION std::uint64_t to_bits(double x) {
  return Kokkos::bit_cast<std::uint64_t>(x);
}
KOKKOS_FORCEINLINE_FUNCTION std::uint32_t to_bits(float x) {
  return Kokkos::bit_cast<std::uint32_t>(x);
}
KOKKOS_FORCEINLINE_FUNCTION double from_bits(std::uint64_t u) {
  return Kokkos::bit_cast<double>(u);
}
KOKKOS_FORCEINLINE_FUNCTION float from_bits(std::uint32_t u) {
  return Kokkos::bit_cast<float>(u);
}

/// The exponent and the fraction of a positive normal number: x = 2^exponent (1 + fraction),
/// 1 + fraction in [sqrt(1/2), sqrt(2)). The exponent comes as a float; no integer is converted.
template <class T>
struct Split {
  T exponent, fraction;
};
template <class T>
KOKKOS_FORCEINLINE_FUNCTION Split<T> split(T x) {
  using F = FloatFormat<T>;
  Bits<T> const above = to_bits(x) - F::sqrt_half + F::one;
  T const biased = from_bits(static_cast<Bits<T>>((above >> F::digits) | to_bits(F::integer_one)));
  T const m = from_bits(static_cast<Bits<T>>((above & F::significand) + F::sqrt_half));
  return {biased - (F::integer_one + static_cast<T>(F::bias)), m - T(1)};
}

/// f - log(1 + f) for 1 + f in [sqrt(1/2), sqrt(2)), with an error far below an ulp of f.
KOKKOS_FORCEINLINE_FUNCTION double log1p_deficit(double f) {
  double const s = f / (f + 2.0);  // log(1 + f) = 2 atanh(s), and 2 s = f - s f
  double const z = s * s;
  double const p = horner(z, 0x1.5555555555592p-1, 0x1.999999997ff39p-2, 0x1.24924941df14cp-2, 0x1.c71c52161f262p-3,
                          0x1.74663c9a5ad1fp-3, 0x1.39a1ef70bf1e2p-3, 0x1.2f038b41f140ep-3);
  return s * math::fma(-z, p, f);
}
KOKKOS_FORCEINLINE_FUNCTION float log1p_deficit(float f) {
  float const p = horner(f, -0.5F, 0x1.55554ap-2F, -0x1.000216p-2F, 0x1.99a592p-3F, -0x1.547ab8p-3F, 0x1.226f7cp-3F,
                         -0x1.0cce5ap-3F, 0x1.07c41cp-3F, -0x1.422b3ep-4F);
  return -(f * f) * p;
}

/// -log(x) for a normal x in (0, 1], within 2 ulp; what Box-Muller needs, and cheaper than log.
template <class T>
KOKKOS_FORCEINLINE_FUNCTION T minus_log_unit(T x) {
  Split<T> const p = split(x);
  constexpr T ln2 = static_cast<T>(0x1.62e42fefa39efp-1);
  return math::fma(p.exponent, -ln2, log1p_deficit(p.fraction) - p.fraction);
}

/// sin and cos of 2 pi r for |r| <= 1/8.
KOKKOS_FORCEINLINE_FUNCTION void sincos_2pi_octant(double r, double& s, double& c) {
  double const z = r * r;
  s = math::fma(r, 0x1.921fb54442d18p+2,
                r * horner(z, 0x1.1a62633145c07p-52, -0x1.4abbce625be46p+5, 0x1.466bc67758c4cp+6, -0x1.32d2cce31bf05p+6,
                           0x1.50783003473abp+5, -0x1.e3008fad63c3bp+3, 0x1.e3fbe3afb5382p+1));
  c = horner(z, 1.0, -0x1.3bd3cc9be45dep+4, 0x1.03c1f081b5a52p+6, -0x1.55d3c7e3bfe55p+6, 0x1.e1f50675b1d87p+5,
             -0x1.a6d1e238b18a1p+4, 0x1.f9c4ad83a5d0bp+2, -0x1.b03448a137f6dp+0);
}
KOKKOS_FORCEINLINE_FUNCTION void sincos_2pi_octant(float r, float& s, float& c) {
  float const z = r * r;
  s = math::fma(r, 0x1.921fb6p+2F, r * horner(z, -0x1.777a5cp-23F, -0x1.4abbbep+5F, 0x1.465facp+6F, -0x1.2db5cep+6F));
  c = horner(z, 1.0F, -0x1.3bd3ccp+4F, 0x1.03c1bp+6F, -0x1.55b2b6p+6F, 0x1.d4f7eep+5F);
}

/// exp(x) = 2^k y with y in about [0.7, 1.42] and k in the low bits of `exponent`; |x| < 800 (double), < 110 (float).
template <class T>
struct ExpParts {
  T y, k;
  Bits<T> exponent;
};
KOKKOS_FORCEINLINE_FUNCTION double exp_tail(double r) {
  return horner(r, 0x1.0000000000001p-1, 0x1.5555555555558p-3, 0x1.5555555553d36p-5, 0x1.111111110f7d4p-7,
                0x1.6c16c1789d502p-10, 0x1.a01a01b0227c6p-13, 0x1.a019b8c97e7b3p-16, 0x1.71ddf674fa76ep-19,
                0x1.2891d5aeaae44p-22, 0x1.af63a1483e9adp-26);
}
KOKKOS_FORCEINLINE_FUNCTION float exp_tail(float r) {
  return horner(r, 0.5F, 0x1.5554dcp-3F, 0x1.5554b8p-5F, 0x1.120be6p-7F, 0x1.6d75eep-10F);
}
template <class T>
KOKKOS_FORCEINLINE_FUNCTION ExpParts<T> exp_parts(T x) {
  using F = FloatFormat<T>;
  T const shifted = math::fma(x, static_cast<T>(0x1.71547652b82fep+0), F::shifter);
  T const k = shifted - F::shifter;
  T const r = math::fma(k, -F::ln2_low, math::fma(k, -F::ln2_high, x));
  return {T(1) + math::fma(r * r, exp_tail(r), r), k, to_bits(shifted)};
}

/// 2^k for a k that stands in the low bits of an integer, |k| < bias.
template <class T>
KOKKOS_FORCEINLINE_FUNCTION T power_of_two(Bits<T> k) {
  return from_bits(static_cast<Bits<T>>((k + FloatFormat<T>::bias) << FloatFormat<T>::digits));
}

template <class T>
KOKKOS_FORCEINLINE_FUNCTION T log(T x) {
  using F = FloatFormat<T>;
  constexpr T scale = static_cast<T>(Bits<T>(1) << (F::digits + 1));
  bool const tiny = x < F::min_normal;
  Split<T> const p = split(tiny ? x * scale : x);
  T const k = p.exponent - (tiny ? T(F::digits + 1) : T(0));
  T const small = math::fma(k, -F::ln2_low, log1p_deficit(p.fraction));
  T const finite = math::fma(k, F::ln2_high, p.fraction - small);
  T const positive = x < F::infinity ? finite : x;  // +inf and NaN stay
  T const below = x == T(0) ? -F::infinity : F::infinity - F::infinity;
  return x <= T(0) ? below : positive;
}

template <class T>
KOKKOS_FORCEINLINE_FUNCTION T exp(T x, T lowest, T highest) {
  using F = FloatFormat<T>;
  T const above = x < lowest ? lowest : x;
  ExpParts<T> const p = exp_parts(above > highest ? highest : above);
  // Two factors, so that 2^k may lie outside the range of normal numbers.
  Bits<T> const half = to_bits(math::fma(p.k, T(0.5), F::shifter));
  return p.y * power_of_two<T>(half) * power_of_two<T>(p.exponent - half);
}

KOKKOS_FORCEINLINE_FUNCTION double tanh_small(double x) {
  double const z = x * x;
  return math::fma(x * z,
                   horner(z, -0x1.5555555555552p-2, 0x1.1111111110c52p-3, -0x1.ba1ba1b9d195ep-5, 0x1.664f4870c2fdep-6,
                          -0x1.226e32cf942afp-7, 0x1.d6d35a37917fap-9, -0x1.7d9c3305913fep-10, 0x1.350b871b4df91p-11,
                          -0x1.f11347e8256c1p-13, 0x1.801b731e5be8bp-14, -0x1.fac533a7182bcp-16, 0x1.9604c6b6efa7p-18),
                   x);
}
KOKKOS_FORCEINLINE_FUNCTION float tanh_small(float x) {
  float const z = x * x;
  return math::fma(
      x * z, horner(z, -0x1.555554p-2F, 0x1.11107ap-3F, -0x1.b9f188p-5F, 0x1.63a55p-6F, -0x1.0c5edp-7F, 0x1.1a2816p-9F),
      x);
}

template <class T>
KOKKOS_FORCEINLINE_FUNCTION T tanh(T x, T saturated) {
  using F = FloatFormat<T>;
  Bits<T> const sign = to_bits(x) & F::sign;
  T const size = from_bits(static_cast<Bits<T>>(to_bits(x) ^ sign));
  ExpParts<T> const p = exp_parts(T(2) * (size > saturated ? saturated : size));
  T const large = T(1) - T(2) / (math::fma(p.y, power_of_two<T>(p.exponent), T(1)));
  return from_bits(static_cast<Bits<T>>(to_bits(size < T(0.625) ? tanh_small(size) : large) | sign));
}

/// (erf(x) - x) / x from z = x^2, for |x| <= 1.
KOKKOS_FORCEINLINE_FUNCTION double erf_excess(double z) {
  return horner(z, 0x1.06eba8214db69p-3, -0x1.812746b037a25p-2, 0x1.ce2f21a0458d7p-4, -0x1.b82ce31354c4p-6,
                0x1.565bcd2c6045fp-8, -0x1.c02db9326a06ep-11, 0x1.f9a3b9391bc27p-14, -0x1.f4dceefa4aea2p-17,
                0x1.ba68f17d8402ap-20, -0x1.638f78f9197aap-23, 0x1.1319041fdc33ep-26, -0x1.c4872ea40687ep-30,
                0x1.3b579df382b07p-33);
}
KOKKOS_FORCEINLINE_FUNCTION float erf_excess(float z) {
  return horner(z, 0x1.06eba8p-3F, -0x1.81273ep-2F, 0x1.ce2ce6p-4F, -0x1.b7f71ap-6F, 0x1.53f224p-8F, -0x1.a3515cp-11F,
                0x1.4771eep-14F);
}

/// log(1 - erf(1 + u)) for 0 <= u <= 5 (double) or 3 (float). Fitted for the error of erf, so that the far end, where 1 - erf
/// hardly counts, may be coarse.
KOKKOS_FORCEINLINE_FUNCTION double log_erfc(double u) {
  return horner(u, -0x1.d97fbf27aa2a1p+0, -0x1.51c9b0006c244p+1, -0x1.afabc11a28a76p-1, -0x1.5477f09cf3227p-5,
                0x1.48c9d4139dc2ep-7, -0x1.033f69c699768p-9, 0x1.f1b49c15860ep-13, 0x1.b8c5e854d0676p-16,
                -0x1.c774ecf76254dp-16, 0x1.41d50ca96a1a8p-17, -0x1.11dc88e5c163dp-19, 0x1.10b54feed6587p-23,
                0x1.ccbd1427e9c12p-24, -0x1.e4e26faa56cb3p-25, 0x1.19323fe86d59dp-26, -0x1.b84e3015ddfa4p-29,
                0x1.cf08d9053aa2ep-32, -0x1.28c678381b4eep-35, 0x1.5ebeee1f6616ap-40);
}
KOKKOS_FORCEINLINE_FUNCTION float log_erfc(float u) {
  return horner(u, -0x1.d97fcp+0F, -0x1.51c98p+1F, -0x1.afb832p-1F, -0x1.500b0ap-5F, 0x1.1c6b4p-7F, -0x1.78e8ep-12F,
                -0x1.5154e2p-11F, 0x1.6d5c5ep-13F);
}

template <class T>
KOKKOS_FORCEINLINE_FUNCTION T erf(T x, T saturated) {
  using F = FloatFormat<T>;
  Bits<T> const sign = to_bits(x) & F::sign;
  T const size = from_bits(static_cast<Bits<T>>(to_bits(x) ^ sign));
  ExpParts<T> const p = exp_parts(log_erfc((size > saturated ? saturated : size) - T(1)));
  T const large = math::fma(-p.y, power_of_two<T>(p.exponent), T(1));
  T const small = math::fma(size, erf_excess(size * size), size);
  return from_bits(static_cast<Bits<T>>(to_bits(size < T(1) ? small : large) | sign));
}

template <class T>
KOKKOS_FORCEINLINE_FUNCTION void sincos_2pi(T t, T& s, T& c) {
  using F = FloatFormat<T>;
  constexpr T all_integers = F::integer_one * T(2);                  // from here on t is an integer
  constexpr T coarse = F::shifter * T(64);                           // adding it rounds t to a multiple of 64
  T const t0 = (t < all_integers && t > -all_integers) ? t : t - t;  // 0, or NaN where t is not finite
  T const t1 = t0 - ((t0 + coarse) - coarse);                        // exact, |t1| <= 32
  T const shifted = math::fma(t1, T(4), F::shifter);                 // the nearest quarter turn
  T const r = math::fma(shifted - F::shifter, T(-0.25), t1);         // exact, |r| <= 1/8
  Bits<T> const quarter = to_bits(shifted);
  T s0;
  T c0;
  sincos_2pi_octant(r, s0, c0);
  bool const odd = (quarter & 1) != 0;
  Bits<T> const s_sign = (quarter << (F::digits + (sizeof(T) == 8 ? 10 : 7))) & F::sign;
  Bits<T> const c_sign = ((quarter + 1) << (F::digits + (sizeof(T) == 8 ? 10 : 7))) & F::sign;
  s = from_bits(static_cast<Bits<T>>(to_bits(odd ? c0 : s0) ^ s_sign));
  c = from_bits(static_cast<Bits<T>>(to_bits(odd ? s0 : c0) ^ c_sign));
}

}  // namespace detail

/// Positive infinity, also in device code.
template <class T>
inline constexpr T infinity = detail::FloatFormat<T>::infinity;

/// Correctly rounded square root.
KOKKOS_FORCEINLINE_FUNCTION double sqrt(double x) {
  return Kokkos::sqrt(x);
}
/// @copydoc sqrt
KOKKOS_FORCEINLINE_FUNCTION float sqrt(float x) {
  return Kokkos::sqrt(x);
}

/// Natural logarithm; -inf at 0, NaN below 0.
KOKKOS_FORCEINLINE_FUNCTION double log(double x) {
  return detail::log(x);
}
/// @copydoc log
KOKKOS_FORCEINLINE_FUNCTION float log(float x) {
  return detail::log(x);
}

/// Exponential; overflows to inf and underflows through the subnormals to 0.
KOKKOS_FORCEINLINE_FUNCTION double exp(double x) {
  return detail::exp(x, -746.0, 710.0);
}
/// @copydoc exp
KOKKOS_FORCEINLINE_FUNCTION float exp(float x) {
  return detail::exp(x, -104.0F, 89.0F);
}

/// Hyperbolic tangent.
KOKKOS_FORCEINLINE_FUNCTION double tanh(double x) {
  return detail::tanh(x, 22.0);
}
/// @copydoc tanh
KOKKOS_FORCEINLINE_FUNCTION float tanh(float x) {
  return detail::tanh(x, 11.0F);
}

/// Error function, 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x.
KOKKOS_FORCEINLINE_FUNCTION double erf(double x) {
  return detail::erf(x, 6.0);
}
/// @copydoc erf
KOKKOS_FORCEINLINE_FUNCTION float erf(float x) {
  return detail::erf(x, 4.0F);
}

/// s = sin(2 pi t), c = cos(2 pi t) for any t; the period is exact, so t = 0.25, 0.5, ... give exact 0 and +-1.
/// NaN where t is not finite.
KOKKOS_FORCEINLINE_FUNCTION void sincos_2pi(double t, double& s, double& c) {
  detail::sincos_2pi(t, s, c);
}
/// @copydoc sincos_2pi
KOKKOS_FORCEINLINE_FUNCTION void sincos_2pi(float t, float& s, float& c) {
  detail::sincos_2pi(t, s, c);
}

}  // namespace kramers::math

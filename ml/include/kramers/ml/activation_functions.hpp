// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/math.hpp>
#include <kramers/ml/activation.hpp>

/// Activations and their slopes, for kernels.
namespace kramers::ml {

namespace detail {

/// u and u' of the tanh form of GELU, 0.5 z (1 + tanh u).
template <class T>
KOKKOS_FORCEINLINE_FUNCTION T gelu_inner(T z) {
  constexpr T scale = static_cast<T>(0.797884560802865355879892119869);  // sqrt(2 / pi)
  return scale * math::fma(static_cast<T>(0.044715) * z * z, z, z);
}
template <class T>
KOKKOS_FORCEINLINE_FUNCTION T gelu_inner_slope(T z) {
  constexpr T scale = static_cast<T>(0.797884560802865355879892119869);
  return scale * math::fma(static_cast<T>(0.134145) * z, z, T(1));
}

}  // namespace detail

/// f(z).
///
/// @see  Source  Hendrycks, Gimpel, arXiv:1606.08415 (2016); exact GELU z Phi(z) is PyTorch's default
template <Activation A, class T>
KOKKOS_FORCEINLINE_FUNCTION T activate(T z) {
  if constexpr (A == Activation::tanh) return math::tanh(z);
  if constexpr (A == Activation::relu) return z > T(0) ? z : T(0);
  if constexpr (A == Activation::gelu_erf) {
    constexpr T root_half = static_cast<T>(0.707106781186547524400844362105);
    return T(0.5) * z * (T(1) + math::erf(z * root_half));
  }
  if constexpr (A == Activation::gelu_tanh) return T(0.5) * z * (T(1) + math::tanh(detail::gelu_inner(z)));
  if constexpr (A == Activation::identity) return z;
}

/// Whether f'(z) follows from a = f(z) alone, so that z need not be kept.
template <Activation A>
inline constexpr bool slope_from_value = A != Activation::gelu_erf && A != Activation::gelu_tanh;

/// f'(z) from z and a = f(z); only one of them is read: a where slope_from_value<A>, z otherwise. The slope of relu at
/// 0 is 0, as in PyTorch and Flux.
template <Activation A, class T>
KOKKOS_FORCEINLINE_FUNCTION T slope([[maybe_unused]] T z, [[maybe_unused]] T a) {
  if constexpr (A == Activation::tanh) return math::fma(-a, a, T(1));
  if constexpr (A == Activation::relu) return a > T(0) ? T(1) : T(0);
  if constexpr (A == Activation::gelu_erf) {
    constexpr T root_half = static_cast<T>(0.707106781186547524400844362105);
    constexpr T density = static_cast<T>(0.398942280401432677939946059934);  // 1 / sqrt(2 pi)
    T const cumulative = T(0.5) * (T(1) + math::erf(z * root_half));
    return math::fma(z, density * math::exp(T(-0.5) * z * z), cumulative);
  }
  if constexpr (A == Activation::gelu_tanh) {
    T const t = math::tanh(detail::gelu_inner(z));
    return math::fma(T(0.5) * z * math::fma(-t, t, T(1)), detail::gelu_inner_slope(z), T(0.5) * (T(1) + t));
  }
  if constexpr (A == Activation::identity) return T(1);
}

}  // namespace kramers::ml

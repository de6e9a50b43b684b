// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/math.hpp>
#include <kramers/ml/loss.hpp>

/// Losses of one sample with their gradients, for kernels.
namespace kramers::ml {

namespace detail {

/// A number that is zero where it could lead to subnormal products: processors take a hundred cycles over each, and the
/// flags that flush them differ between machines, which would cost the equality of the bits.
KOKKOS_FORCEINLINE_FUNCTION float flush_tiny(float x) {
  return (x < 0x1p-100F && x > -0x1p-100F) ? 0.0F : x;
}
KOKKOS_FORCEINLINE_FUNCTION double flush_tiny(double x) {
  return (x < 0x1p-900 && x > -0x1p-900) ? 0.0 : x;
}

}  // namespace detail

/// Softmax cross-entropy of one sample from its logits: returns lse - logit(label), and leaves
/// (softmax - onehot(label)) * weight in gradient(k).
///
/// @param[in]  classes   K > 0
/// @param[in]  label     in [0, K)
/// @param[in]  weight    1 / batch size for the mean over the batch
/// @param[in]  logit     k -> T&
/// @param[out] gradient  k -> T&, may be the same memory as logit
/// @note  Cost  K exponentials, one logarithm, one division
template <class T, class Logit, class Gradient>
KOKKOS_FORCEINLINE_FUNCTION T softmax_cross_entropy(int classes, int label, T weight, Logit const& logit,
                                                    Gradient const& gradient) {
  T highest = logit(0);
  for (int k = 1; k < classes; ++k) highest = logit(k) > highest ? logit(k) : highest;
  T sum = T(0);
  T chosen = T(0);
  for (int k = 0; k < classes; ++k) {
    T const shifted = logit(k) - highest;
    T const e = math::exp(shifted);
    chosen = k == label ? shifted : chosen;
    gradient(k) = e;
    sum += e;
  }
  T const scale = T(1) / sum;
  for (int k = 0; k < classes; ++k) {
    T const p = gradient(k) * scale;
    gradient(k) = detail::flush_tiny((k == label ? p - T(1) : p) * weight);
  }
  return math::log(sum) - chosen;
}

/// Squared error of one sample: returns the mean over its K outputs of (output - target)^2, and leaves
/// 2 (output - target) * weight / K in gradient(k).
template <class T, class Output, class Target, class Gradient>
KOKKOS_FORCEINLINE_FUNCTION T squared_error(int outputs, T weight, Output const& output, Target const& target,
                                            Gradient const& gradient) {
  T const share = T(1) / static_cast<T>(outputs);
  T sum = T(0);
  for (int k = 0; k < outputs; ++k) {
    T const difference = output(k) - target(k);
    sum = math::fma(difference, difference, sum);
    gradient(k) = detail::flush_tiny(T(2) * difference * share * weight);
  }
  return sum * share;
}

}  // namespace kramers::ml

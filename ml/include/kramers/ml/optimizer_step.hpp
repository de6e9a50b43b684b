// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/ml/loss_functions.hpp>
#include <kramers/ml/optimizer.hpp>

#include <cstdint>

/// One step of one parameter, for kernels.
namespace kramers::ml {

namespace detail {

/// x^n by squaring; the same bits for the same n whatever was computed before.
KOKKOS_INLINE_FUNCTION double power(double x, std::int64_t n) {
  double result = 1.0;
  for (; n > 0; n >>= 1) {
    if ((n & 1) != 0) result *= x;
    x *= x;
  }
  return result;
}

}  // namespace detail

/// The numbers of one step, the same for all parameters of a model but for lr and weight decay.
template <class T>
struct StepConstants {
  T beta1, one_minus_beta1, beta2, one_minus_beta2, epsilon, momentum;
  T correction1;  ///< 1 / (1 - beta1^t)
  T correction2;  ///< 1 / sqrt(1 - beta2^t)

  /// @param[in] t  number of this step, from 1
  KOKKOS_FUNCTION StepConstants(OptimizerParams const& p, std::int64_t t)
      : beta1(static_cast<T>(p.beta1)),
        one_minus_beta1(static_cast<T>(1 - p.beta1)),
        beta2(static_cast<T>(p.beta2)),
        one_minus_beta2(static_cast<T>(1 - p.beta2)),
        epsilon(static_cast<T>(p.epsilon)),
        momentum(static_cast<T>(p.momentum)),
        correction1(static_cast<T>(1 / (1 - detail::power(p.beta1, t)))),
        correction2(static_cast<T>(1 / math::sqrt(1 - detail::power(p.beta2, t)))) {}
};

/// One step of one parameter: w, first moment m (momentum buffer of sgd) and second moment v (adam, adamw).
///
/// Moments too small for normal products become zero: they decay for as long as a gradient stays zero.
template <Rule R, bool Nesterov = false, class T>
KOKKOS_FORCEINLINE_FUNCTION void update(StepConstants<T> const& c, T learning_rate, T weight_decay, T g, T& w, T& m,
                                        [[maybe_unused]] T& v) {
  if constexpr (R == Rule::adamw) {
    w = math::fma(-learning_rate * weight_decay, w, w);
  } else {
    g = math::fma(weight_decay, w, g);
  }
  if constexpr (R == Rule::sgd) {
    m = detail::flush_tiny(math::fma(c.momentum, m, g));
    w = math::fma(-learning_rate, Nesterov ? math::fma(c.momentum, m, g) : m, w);
  } else {
    m = detail::flush_tiny(math::fma(c.beta1, m, c.one_minus_beta1 * g));
    v = detail::flush_tiny(math::fma(c.beta2, v, c.one_minus_beta2 * g * g));
    w = math::fma(-learning_rate * c.correction1, m / math::fma(math::sqrt(v), c.correction2, c.epsilon), w);
  }
}

}  // namespace kramers::ml

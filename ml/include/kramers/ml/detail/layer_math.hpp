// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/math.hpp>
#include <kramers/core/philox.hpp>
#include <kramers/ml/network.hpp>

#include <cstdint>

/// Formulas of batch_norm and dropout, element by element; both engines train by them. Activations, losses and the
/// optimiser have headers of their own.
namespace kramers::ml::detail {

/// r = 1 / sqrt(variance + epsilon).
template <class T>
KOKKOS_FORCEINLINE_FUNCTION T batch_norm_root(T variance) {
  return T(1) / math::sqrt(variance + static_cast<T>(batch_norm_epsilon));
}
/// h = (x - mean) r.
template <class T>
KOKKOS_FORCEINLINE_FUNCTION T batch_norm_normalised(T x, T mean, T root) {
  return (x - mean) * root;
}
/// gx = scale r (gy - g_shift / m - h g_scale / m).
///
/// @param[in] scale_root  scale r
/// @param[in] mean_shift, mean_scale  g_shift / m and g_scale / m
template <class T>
KOKKOS_FORCEINLINE_FUNCTION T batch_norm_input_gradient(T gy, T h, T scale_root, T mean_shift, T mean_scale) {
  return scale_root * math::fma(-h, mean_scale, gy - mean_shift);
}
/// m / (m - 1), by which the mean square deviation of m samples becomes the unbiased variance.
template <class T>
KOKKOS_FORCEINLINE_FUNCTION T unbiased_factor(int samples) {
  T const m = static_cast<T>(samples);
  return m / (m - T(1));
}
/// A running statistic after a batch whose own is `of_batch`.
template <class T>
KOKKOS_FORCEINLINE_FUNCTION T running_average(T running, T of_batch) {
  constexpr T weight = static_cast<T>(batch_norm_momentum);
  constexpr T keep = static_cast<T>(1 - batch_norm_momentum);
  return math::fma(weight, of_batch, keep * running);
}

/// The random words that decide what is dropped of features 4 group ... 4 group + 3 of a sample: the feature is dropped
/// where its word is below rate 2^32.
///
/// @param[in] step      number of the optimiser step, from 1
/// @param[in] position  of the sample in its batch
KOKKOS_FORCEINLINE_FUNCTION PhiloxBlock dropout_block(std::uint64_t seed, std::int64_t step, int position, int group,
                                                      int layer) {
  std::uint64_t const id = static_cast<std::uint64_t>(group) << 40 | static_cast<std::uint64_t>(layer) << 32 |
                           static_cast<std::uint64_t>(static_cast<std::uint32_t>(position));
  return philox_block(seed, id, static_cast<std::uint64_t>(step), Stream::dropout);
}

}  // namespace kramers::ml::detail

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/ml/activation_functions.hpp>
#include <kramers/ml/detail/layer_math.hpp>
#include <kramers/ml/network.hpp>

#include "launch.hpp"

/// What happens to a batch between two matrix products, each a body for one of the launches.
namespace kramers::ml::detail {

/// visit.operator()<A>() for the activation.
template <class Visit>
void for_activation(Activation activation, Visit const& visit) {
  switch (activation) {
    case Activation::identity:
      return visit.template operator()<Activation::identity>();
    case Activation::tanh:
      return visit.template operator()<Activation::tanh>();
    case Activation::relu:
      return visit.template operator()<Activation::relu>();
    case Activation::gelu_erf:
      return visit.template operator()<Activation::gelu_erf>();
    case Activation::gelu_tanh:
      return visit.template operator()<Activation::gelu_tanh>();
  }
}

/// a = f(z + bias), where linear holds W x; it keeps z where the slope needs it, else a takes its place.
template <Activation A, class T>
struct DenseForward {
  Rows<T> linear, out;
  T const* bias;

  KOKKOS_FORCEINLINE_FUNCTION void operator()(int s, int f) const {
    T const z = linear(s, f) + bias[f];
    if constexpr (!slope_from_value<A>) linear(s, f) = z;
    out(s, f) = activate<A>(z);
  }
};

/// gz = ga f'(z) in place of ga, and the gradient of the bias.
template <Activation A, class T>
struct DenseBackward {
  int samples;
  Rows<T const> linear, out;
  Rows<T> slope_of;
  T* bias_gradient;

  template <class Group>
  KOKKOS_FORCEINLINE_FUNCTION void operator()(Group const& group) const {
    group.template sums<1>(
        samples,
        [&](int s, int f, auto const& sum) {
          T gz = slope_of(s, f);
          if constexpr (A != Activation::identity) {
            T const z = slope_from_value<A> ? T(0) : linear(s, f);
            gz *= slope<A>(z, slope_from_value<A> ? out(s, f) : T(0));
            slope_of(s, f) = gz;
          }
          sum(0) += gz;
        },
        [&](int f, T const(&total)[1]) { bias_gradient[f] = total[0]; });
  }
};

/// y = scale h + shift, h = (x - mean) r, with mean and variance of the batch in two passes.
template <class T>
struct NormForward {
  int samples;
  Rows<T const> in;
  Rows<T> out;
  T const *scale, *shift;
  T *mean, *unbiased_variance, *root;  // of the batch

  template <class Group>
  KOKKOS_FORCEINLINE_FUNCTION void operator()(Group const& group) const {
    T const count = static_cast<T>(samples);
    group.template sums<1>(
        samples, [&](int s, int f, auto const& sum) { sum(0) += in(s, f); },
        [&](int f, T const(&total)[1]) { mean[f] = total[0] / count; });
    group.template sums<1>(
        samples,
        [&](int s, int f, auto const& sum) {
          T const away = in(s, f) - mean[f];
          sum(0) = math::fma(away, away, sum(0));
        },
        [&](int f, T const(&total)[1]) {
          T const variance = total[0] / count;
          root[f] = batch_norm_root(variance);
          unbiased_variance[f] = variance * unbiased_factor<T>(samples);
        });
    group.each(samples, [&](int s, int f) {
      out(s, f) = math::fma(scale[f], batch_norm_normalised<T>(in(s, f), mean[f], root[f]), shift[f]);
    });
  }
};

/// gx = scale r (gy - g_shift / m - h g_scale / m) in place of gy.
template <class T>
struct NormBackward {
  int samples;
  Rows<T const> in;
  Rows<T> slope_of;
  T const *scale, *mean, *root;
  T *scale_gradient, *shift_gradient;

  template <class Group>
  KOKKOS_FORCEINLINE_FUNCTION void operator()(Group const& group) const {
    group.template sums<2>(
        samples,
        [&](int s, int f, auto const& sum) {
          T const gy = slope_of(s, f);
          sum(0) += gy;
          sum(1) = math::fma(gy, batch_norm_normalised<T>(in(s, f), mean[f], root[f]), sum(1));
        },
        [&](int f, T const(&total)[2]) {
          shift_gradient[f] = total[0];
          scale_gradient[f] = total[1];
        });
    T const share = T(1) / static_cast<T>(samples);
    group.each(samples, [&](int s, int f) {
      slope_of(s, f) =
          batch_norm_input_gradient(slope_of(s, f), batch_norm_normalised<T>(in(s, f), mean[f], root[f]),
                                    scale[f] * root[f], shift_gradient[f] * share, scale_gradient[f] * share);
    });
  }
};

/// y = scale (x - mean) / sqrt(variance + epsilon) + shift with the running statistics.
template <class T>
struct NormInference {
  int samples;
  Rows<T const> in;
  Rows<T> out;
  T const *scale, *shift, *mean, *variance;

  template <class Group>
  KOKKOS_FORCEINLINE_FUNCTION void operator()(Group const& group) const {
    group.each(samples, [&](int s, int f) {
      T const factor = scale[f] / math::sqrt(variance[f] + static_cast<T>(batch_norm_epsilon));
      out(s, f) = math::fma(factor, in(s, f) - mean[f], shift[f]);
    });
  }
};

/// Four features of a sample at a time: kept and divided by 1 - rate, or zero. Forward and backward are the same.
template <class T>
struct Dropout {
  Rows<T const> in;
  Rows<T> out;
  std::uint64_t seed;
  std::int64_t step;
  int layer;
  std::uint64_t threshold;  // rate 2^32
  T scale;

  KOKKOS_FORCEINLINE_FUNCTION void operator()(int s, int group) const {
    PhiloxBlock const block = dropout_block(seed, step, s, group, layer);
    std::uint32_t const words[4] = {block.w0, block.w1, block.w2, block.w3};
    for (int i = 0; i < 4; ++i) {
      int const f = 4 * group + i;
      if (f < in.features) out(s, f) = words[i] < threshold ? T(0) : in(s, f) * scale;
    }
  }
};

}  // namespace kramers::ml::detail

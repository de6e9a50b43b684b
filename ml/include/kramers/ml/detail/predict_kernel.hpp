// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/ml/detail/batch.hpp>
#include <kramers/ml/trainer.hpp>

#include <cstdint>

namespace kramers::ml::detail {

/// Outputs of a model in inference mode, W samples to a pack: batch_norm by running statistics, no dropout.
template <class Space, class Net, int W>
struct PredictKernel {
  using T = typename Net::value_type;
  static constexpr int widest = Net::plan.widest;

  typename Trainer<Space, T>::Inputs inputs;
  typename Trainer<Space, T>::Outputs outputs;
  Kokkos::View<T**, Kokkos::LayoutRight, Space> arena;
  int model;

  KOKKOS_FUNCTION void operator()(std::int64_t const pack) const {
    std::int64_t const samples = static_cast<std::int64_t>(inputs.extent(0));
    std::int64_t const first = pack * W;
    T x[widest][W], y[widest][W];
    for_lanes<W>([&](int const l) {
      std::int64_t const sample = first + l < samples ? first + l : samples - 1;
      for (int i = 0; i < Net::inputs; ++i) x[i][l] = inputs(sample, i);
    });
    unrolled<Net::layers>([&](auto const index) {
      using At = LayerAt<Net, decltype(index)::value>;
      if constexpr (At::kind == LayerKind::dense) {
        in_turn<W, At::outputs>([&](int const o) { dense<decltype(index)::value>(o, x, y[o]); });
        for (int o = 0; o < At::outputs; ++o) for_lanes<W>([&](int const l) { x[o][l] = y[o][l]; });
      }
      if constexpr (At::kind == LayerKind::batch_norm) {
        in_turn<W, At::outputs>([&](int const f) { norm<decltype(index)::value>(f, x[f]); });
      }
    });
    for (int l = 0; l < W && first + l < samples; ++l) {
      for (int k = 0; k < Net::outputs; ++k) outputs(first + l, k) = x[k][l];
    }
  }

 private:
  KOKKOS_FORCEINLINE_FUNCTION T theta(int i) const { return arena(model, i); }
  KOKKOS_FORCEINLINE_FUNCTION T running(int i) const { return arena(model, 4 * Net::parameter_extent + i); }

  template <int Layer>
  KOKKOS_FORCEINLINE_FUNCTION void dense(int const o, T const (&x)[widest][W], T (&y)[W]) const {
    using At = LayerAt<Net, Layer>;
    T const bias = theta(At::second + o);
    for_lanes<W>([&](int const l) { y[l] = bias; });
    for (int i = 0; i < At::inputs; ++i) {
      T const w = theta(At::first + o * At::inputs + i);
      for_lanes<W>([&](int const l) { y[l] = math::fma(w, x[i][l], y[l]); });
    }
    for_lanes<W>([&](int const l) { y[l] = activate<At::activation>(y[l]); });
  }

  template <int Layer>
  KOKKOS_FORCEINLINE_FUNCTION void norm(int const f, T (&x)[W]) const {
    using At = LayerAt<Net, Layer>;
    T const r = T(1) / math::sqrt(running(At::variance + f) + static_cast<T>(batch_norm_epsilon));
    T const scale = theta(At::first + f) * r;
    T const shift = math::fma(-scale, running(At::mean + f), theta(At::second + f));
    for_lanes<W>([&](int const l) { x[l] = math::fma(scale, x[l], shift); });
  }
};

}  // namespace kramers::ml::detail

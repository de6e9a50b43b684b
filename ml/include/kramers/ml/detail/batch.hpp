// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/philox.hpp>
#include <kramers/ml/activation_functions.hpp>
#include <kramers/ml/detail/lane_mapping.hpp>
#include <kramers/ml/detail/layer_math.hpp>
#include <kramers/ml/loss_functions.hpp>
#include <kramers/ml/mlp.hpp>

#include <type_traits>
#include <utility>

namespace kramers::ml::detail {

/// Most sums that are taken at a time: their columns shall stay in registers.
inline constexpr int sums_at_a_time = 12;

/// body(integral_constant first, integral_constant size) for the parts of [0, Count), `Size` long but for the last.
template <int Count, int Size, class Body>
KOKKOS_FORCEINLINE_FUNCTION void for_parts(Body const& body) {
  [&]<int... Part>(std::integer_sequence<int, Part...>) {
    (body(std::integral_constant<int, Part * Size>{},
          std::integral_constant<int, (Count - Part * Size < Size ? Count - Part * Size : Size)>{}),
     ...);
  }(std::make_integer_sequence<int, (Count + Size - 1) / Size>{});
}
/// body(integral_constant i) for i in [0, Count), without a loop.
template <int Count, class Body>
KOKKOS_FORCEINLINE_FUNCTION void unrolled(Body const& body) {
  [&]<int... I>(std::integer_sequence<int, I...>) {
    (body(std::integral_constant<int, I>{}), ...);
  }(std::make_integer_sequence<int, Count>{});
}

/// A layer and its place by the names of LayerPlace.
template <class Net, int Layer>
struct LayerAt {
  static constexpr LayerPlace place = Net::layer(Layer);
  static constexpr LayerKind kind = place.kind;
  static constexpr Activation activation = place.activation;
  static constexpr bool keeps_z = place.keeps_z();
  static constexpr int percent = place.percent, inputs = place.inputs, outputs = place.outputs;
  static constexpr int first = place.first, second = place.second, mean = place.mean, variance = place.variance;
  static constexpr int input_row = place.input_row, output_row = place.output_row, z_row = place.z_row;
};

/// The mathematics of a network on one batch, layer by layer: the only place where it stands for networks whose sizes are
/// known to the compiler. Who does it, and in which lanes, is up to the lane mapping.
///
/// Formulas   dense        z = W x + b, a = f(z);  gz = ga f'(z), gW = sum gz x^T, gb = sum gz, gx = W^T gz
///            batch_norm   h = (x - mean) r, r = 1 / sqrt(variance + epsilon), y = scale h + shift;
///                         g_shift = sum gy, g_scale = sum gy h, gx = scale r (gy - g_shift / m - h g_scale / m)
/// @see  Source  Ioffe, Szegedy, arXiv:1502.03167 (2015), section 3
template <class Net, class LaneMapping>
struct Batch {
  using T = typename Net::value_type;
  static constexpr int models = LaneMapping::models;
  static constexpr int lanes = LaneMapping::lanes;
  static constexpr int parameters = Net::parameter_extent;
  static constexpr int buffers = Net::buffer_extent;
  /// What is kept from step to step, in this order: parameters, gradient, first and second moment, running statistics.
  static constexpr int kept = 4 * parameters + buffers;
  static constexpr int record = Net::plan.rows + Net::plan.widest;  ///< numbers per sample: values, then a gradient
  static constexpr int most_sums = 2 * sums_at_a_time;
  static constexpr int state_size = (kept + 3 * buffers + arena_alignment) * models;
  static constexpr int size(int batch) {
    return state_size + record * LaneMapping::cells(batch) * lanes + LaneMapping::scratch(most_sums);
  }

  LaneMapping const& mapping;
  T* memory;  ///< size(batch) elements
  int samples = 0;

  /// Numbers of a model: which is a model's number, or a lane's.
  KOKKOS_FORCEINLINE_FUNCTION T& state(int i, int lane) const { return memory[i * models + (models == 1 ? 0 : lane)]; }
  KOKKOS_FORCEINLINE_FUNCTION T& theta(int i, int lane) const { return state(i, lane); }
  KOKKOS_FORCEINLINE_FUNCTION T& gradient(int i, int lane) const { return state(parameters + i, lane); }
  KOKKOS_FORCEINLINE_FUNCTION T& first_moment(int i, int lane) const { return state(2 * parameters + i, lane); }
  KOKKOS_FORCEINLINE_FUNCTION T& second_moment(int i, int lane) const { return state(3 * parameters + i, lane); }
  KOKKOS_FORCEINLINE_FUNCTION T& running(int i, int lane) const { return state(4 * parameters + i, lane); }
  /// Mean and variance of the batch, at the places of the running ones.
  KOKKOS_FORCEINLINE_FUNCTION T& batch_stats(int i, int lane) const { return state(kept + i, lane); }
  /// At the place of the mean r, at that of the variance scale * r.
  KOKKOS_FORCEINLINE_FUNCTION T& root(int i, int lane) const { return state(kept + buffers + i, lane); }
  /// At the place of the mean g_shift / m, at that of the variance g_scale / m.
  KOKKOS_FORCEINLINE_FUNCTION T& pull(int i, int lane) const { return state(kept + 2 * buffers + i, lane); }
  KOKKOS_FORCEINLINE_FUNCTION T& loss(int lane) const { return state(kept + 3 * buffers, lane); }
  /// Numbers of a sample.
  KOKKOS_FORCEINLINE_FUNCTION T& value(int cell, int row, int lane) const {
    return memory[state_size + (cell * record + row) * lanes + lane];
  }
  KOKKOS_FORCEINLINE_FUNCTION T& slope_of(int cell, int i, int lane) const {
    return value(cell, Net::plan.rows + i, lane);
  }
  KOKKOS_FORCEINLINE_FUNCTION T& goal(int cell, int i, int lane) const { return value(cell, Net::inputs + i, lane); }

  /// `term` where the lane holds a sample, else 0. Without a condition, out of which compilers make branches that keep loops
  /// over lanes from being vectorised.
  KOKKOS_FORCEINLINE_FUNCTION T held(int cell, int lane, T term) const {
    if constexpr (!LaneMapping::checks_lanes) {
      return term;
    } else {
      using Signed = std::conditional_t<sizeof(T) == 8, std::int64_t, std::int32_t>;
      Signed const before_end = static_cast<Signed>(mapping.position(cell, lane)) - static_cast<Signed>(samples);
      Signed const all = before_end >> (8 * sizeof(T) - 1);  // ones where it is negative
      return Kokkos::bit_cast<T>(Kokkos::bit_cast<Signed>(term) & all);
    }
  }

  /// @param[in] draw  (model, position in the batch, group of four features, layer) -> PhiloxBlock, for dropout
  template <class Draw>
  KOKKOS_FORCEINLINE_FUNCTION void forward(Draw const& draw) const {
    unrolled<Net::layers>([&](auto const index) {
      constexpr int layer = decltype(index)::value;
      constexpr LayerKind kind = LayerAt<Net, layer>::kind;
      if constexpr (kind == LayerKind::dense) dense_forward<layer>();
      if constexpr (kind == LayerKind::batch_norm) norm_forward<layer>();
      if constexpr (kind == LayerKind::dropout) drop_forward<layer>(draw);
    });
  }
  /// From the gradient of the last layer's values to those of all parameters, and with WithInputs of the inputs.
  template <bool WithInputs, class Draw>
  KOKKOS_FORCEINLINE_FUNCTION void backward(Draw const& draw) const {
    unrolled<Net::layers>([&](auto const index) {
      constexpr int layer = Net::layers - 1 - decltype(index)::value;
      constexpr LayerKind kind = LayerAt<Net, layer>::kind;
      constexpr bool propagate = WithInputs || layer > 0;
      if constexpr (kind == LayerKind::dense) dense_backward<layer, propagate>();
      if constexpr (kind == LayerKind::batch_norm) norm_backward<layer, propagate>();
      if constexpr (kind == LayerKind::dropout && propagate) drop_backward<layer>(draw);
    });
  }

  /// The mean loss of the batch, and its gradient with respect to the outputs.
  [[gnu::flatten]] KOKKOS_FUNCTION void differentiate(Loss const kind) const {
    constexpr int out = LayerAt<Net, Net::layers - 1>::output_row;
    T const share = T(1) / static_cast<T>(samples);
    auto const mean = [&](int, int const model, T const total) { loss(model) = total / static_cast<T>(samples); };
    if (kind == Loss::softmax_cross_entropy) {
      mapping.template sums<1>(
          [&](int const cell, int const lane, auto const& sum) {
            T logits[Net::outputs];
            for (int k = 0; k < Net::outputs; ++k) logits[k] = value(cell, out + k, lane);
            T const one = softmax_cross_entropy<T>(
                Net::outputs, static_cast<int>(goal(cell, 0, lane)), held(cell, lane, share),
                [&](int const k) -> T& { return logits[k]; }, [&](int const k) -> T& { return logits[k]; });
            for (int k = 0; k < Net::outputs; ++k) slope_of(cell, k, lane) = logits[k];
            sum(0) += held(cell, lane, one);
          },
          mean);
    } else {
      mapping.template sums<1>(
          [&](int const cell, int const lane, auto const& sum) {
            T const one = squared_error<T>(
                Net::outputs, held(cell, lane, share), [&](int const k) { return value(cell, out + k, lane); },
                [&](int const k) { return goal(cell, k, lane); },
                [&](int const k) -> T& { return slope_of(cell, k, lane); });
            sum(0) += held(cell, lane, one);
          },
          mean);
    }
  }

 private:
  template <int Layer>
  [[gnu::flatten]] KOKKOS_FUNCTION void dense_forward() const {
    using At = LayerAt<Net, Layer>;
    mapping.each_sample([&](int const cell, int const lane) {
      T x[At::inputs];
      for (int i = 0; i < At::inputs; ++i) x[i] = value(cell, At::input_row + i, lane);
      unrolled<At::outputs>([&](auto const index) {
        constexpr int o = decltype(index)::value;
        T z = theta(At::second + o, lane);
        for (int i = 0; i < At::inputs; ++i) z = math::fma(theta(At::first + o * At::inputs + i, lane), x[i], z);
        if constexpr (At::keeps_z) value(cell, At::z_row + o, lane) = z;
        value(cell, At::output_row + o, lane) = activate<At::activation>(z);
      });
    });
  }

  // The slope of the activation is taken in the first pass over the inputs, and left for the others.
  template <int Layer, bool Propagate>
  KOKKOS_FORCEINLINE_FUNCTION void dense_backward() const {
    using At = LayerAt<Net, Layer>;
    constexpr int inputs_at_a_time = At::inputs < sums_at_a_time ? At::inputs : 8;
    constexpr int outputs_at_a_time =
        sums_at_a_time / (inputs_at_a_time + 1) > 0 ? sums_at_a_time / (inputs_at_a_time + 1) : 1;
    constexpr int rest = At::outputs % outputs_at_a_time;
    for_parts<At::inputs, inputs_at_a_time>([&](auto const first_input, auto const inputs) {
      constexpr int first = decltype(first_input)::value, number = decltype(inputs)::value;
      for (int o = 0; o + outputs_at_a_time <= At::outputs; o += outputs_at_a_time) {
        weight_gradient<Layer, outputs_at_a_time, first, number>(o);
      }
      if constexpr (rest > 0) weight_gradient<Layer, rest, first, number>(At::outputs - rest);
    });
    if constexpr (Propagate) dense_propagate<Layer>();
  }

  template <int Layer>
  [[gnu::flatten]] KOKKOS_FUNCTION void dense_propagate() const {
    using At = LayerAt<Net, Layer>;
    mapping.each_sample([&](int const cell, int const lane) {
      T gz[At::outputs];
      for (int o = 0; o < At::outputs; ++o) gz[o] = slope_of(cell, o, lane);
      unrolled<At::inputs>([&](auto const index) {
        constexpr int i = decltype(index)::value;
        T gx = theta(At::first + i, lane) * gz[0];
        for (int o = 1; o < At::outputs; ++o) gx = math::fma(theta(At::first + o * At::inputs + i, lane), gz[o], gx);
        slope_of(cell, i, lane) = gx;
      });
    });
  }

  /// Of the weights of `Outputs` outputs from `first_output` on and `Inputs` inputs, and of the biases with the first inputs.
  template <int Layer, int Outputs, int FirstInput, int Inputs>
  [[gnu::flatten]] KOKKOS_FUNCTION void weight_gradient(int const first_output) const {
    using At = LayerAt<Net, Layer>;
    constexpr int biases = FirstInput == 0 ? 1 : 0;
    constexpr int per_output = Inputs + biases;  // sums of an output: its weights, and at first its bias
    mapping.template sums<Outputs * per_output>(
        [&](int const cell, int const lane, auto const& sum) {
          T x[Inputs];
          for (int i = 0; i < Inputs; ++i) x[i] = value(cell, At::input_row + FirstInput + i, lane);
          unrolled<Outputs>([&](auto const index) {
            constexpr int o = decltype(index)::value;
            T& slot = slope_of(cell, first_output + o, lane);
            T gz = slot;
            if constexpr (biases == 1 && At::activation != Activation::identity) {
              T const z = At::keeps_z ? value(cell, At::z_row + first_output + o, lane) : T(0);
              gz *= slope<At::activation>(z, value(cell, At::output_row + first_output + o, lane));
              slot = gz;
            }
            if constexpr (biases == 1) sum(o * per_output + Inputs) += gz;
            for (int i = 0; i < Inputs; ++i) sum(o * per_output + i) = math::fma(gz, x[i], sum(o * per_output + i));
          });
        },
        [&](int const k, int const model, T const total) {
          int const o = first_output + k / per_output, i = k % per_output;
          gradient(i == Inputs ? At::second + o : At::first + o * At::inputs + FirstInput + i, model) = total;
        });
  }

  template <int Layer>
  [[gnu::flatten]] KOKKOS_FUNCTION void norm_forward() const {
    using At = LayerAt<Net, Layer>;
    T const number = static_cast<T>(samples);
    for_parts<At::outputs, sums_at_a_time>([&](auto const first, auto const count) {
      constexpr int f = decltype(first)::value, features = decltype(count)::value;
      mapping.template sums<features>(
          [&](int const cell, int const lane, auto const& sum) {
            unrolled<features>(
                [&](auto const k) { sum(k) += held(cell, lane, value(cell, At::input_row + f + k, lane)); });
          },
          [&](int const k, int const model, T const total) { batch_stats(At::mean + f + k, model) = total / number; });
      mapping.template sums<features>(
          [&](int const cell, int const lane, auto const& sum) {
            unrolled<features>([&](auto const k) {
              T const away = value(cell, At::input_row + f + k, lane) - batch_stats(At::mean + f + k, lane);
              sum(k) = math::fma(held(cell, lane, away), away, sum(k));
            });
          },
          [&](int const k, int const model, T const total) {
            batch_stats(At::variance + f + k, model) = total / number;
          });
    });
    mapping.template each<At::outputs>([&](int const f, int const model) {
      T const r = batch_norm_root(batch_stats(At::variance + f, model));
      root(At::mean + f, model) = r;
      root(At::variance + f, model) = theta(At::first + f, model) * r;
    });
    mapping.each_sample([&](int const cell, int const lane) {
      unrolled<At::outputs>([&](auto const f) {
        T const h = normalised<Layer>(cell, f, lane);
        value(cell, At::output_row + f, lane) = math::fma(theta(At::first + f, lane), h, theta(At::second + f, lane));
      });
    });
  }

  template <int Layer>
  KOKKOS_FORCEINLINE_FUNCTION T normalised(int const cell, int const f, int const lane) const {
    using At = LayerAt<Net, Layer>;
    return batch_norm_normalised(value(cell, At::input_row + f, lane), batch_stats(At::mean + f, lane),
                                 root(At::mean + f, lane));
  }

  template <int Layer, bool Propagate>
  [[gnu::flatten]] KOKKOS_FUNCTION void norm_backward() const {
    using At = LayerAt<Net, Layer>;
    for_parts<At::outputs, sums_at_a_time>([&](auto const first, auto const count) {
      constexpr int f = decltype(first)::value, features = decltype(count)::value;
      mapping.template sums<2 * features>(
          [&](int const cell, int const lane, auto const& sum) {
            unrolled<features>([&](auto const k) {
              T const gy = slope_of(cell, f + k, lane);
              T const h = normalised<Layer>(cell, f + k, lane);
              sum(2 * k) += gy;
              sum(2 * k + 1) = math::fma(gy, h, sum(2 * k + 1));
            });
          },
          [&](int const k, int const model, T const total) {
            gradient((k % 2 == 0 ? At::second : At::first) + f + k / 2, model) = total;
          });
    });
    if constexpr (!Propagate) return;
    mapping.template each<At::outputs>([&](int const f, int const model) {
      pull(At::mean + f, model) = gradient(At::second + f, model) / static_cast<T>(samples);
      pull(At::variance + f, model) = gradient(At::first + f, model) / static_cast<T>(samples);
    });
    mapping.each_sample([&](int const cell, int const lane) {
      unrolled<At::outputs>([&](auto const f) {
        T const gx = batch_norm_input_gradient(slope_of(cell, f, lane), normalised<Layer>(cell, f, lane),
                                               root(At::variance + f, lane), pull(At::mean + f, lane),
                                               pull(At::variance + f, lane));
        slope_of(cell, f, lane) = held(cell, lane, gx);
      });
    });
  }

  /// body(cell, feature, lane, factor): factor is 0 for what is dropped.
  template <int Layer, class Draw, class Body>
  [[gnu::flatten]] KOKKOS_FUNCTION void each_drop(Draw const& draw, Body const& body) const {
    using At = LayerAt<Net, Layer>;
    constexpr double rate = At::percent / 100.0;
    mapping.each_sample([&](int const cell, int const lane) {
      for (int group = 0; 4 * group < At::outputs; ++group) {
        PhiloxBlock const bits = draw(models == 1 ? 0 : lane, mapping.position(cell, lane), group, Layer);
        std::uint32_t const words[4] = {bits.w0, bits.w1, bits.w2, bits.w3};
        for (int i = 0; i < 4 && 4 * group + i < At::outputs; ++i) {
          bool const dropped = static_cast<double>(words[i]) < rate * 0x1p32;
          body(cell, 4 * group + i, lane, dropped ? T(0) : static_cast<T>(1 / (1 - rate)));
        }
      }
    });
  }
  template <int Layer, class Draw>
  [[gnu::flatten]] KOKKOS_FUNCTION void drop_forward(Draw const& draw) const {
    using At = LayerAt<Net, Layer>;
    each_drop<Layer>(draw, [&](int const cell, int const f, int const lane, T const factor) {
      value(cell, At::output_row + f, lane) = factor * value(cell, At::input_row + f, lane);
    });
  }
  template <int Layer, class Draw>
  [[gnu::flatten]] KOKKOS_FUNCTION void drop_backward(Draw const& draw) const {
    each_drop<Layer>(
        draw, [&](int const cell, int const f, int const lane, T const factor) { slope_of(cell, f, lane) *= factor; });
  }
};

}  // namespace kramers::ml::detail

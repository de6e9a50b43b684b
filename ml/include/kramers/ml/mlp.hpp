// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/concepts.hpp>
#include <kramers/ml/network.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

namespace kramers::ml {

/// Number of inputs of an Mlp.
template <int N>
struct In {
  static constexpr int size = N;
};
/// z = W x + b, a = activation(z).
template <int Outputs, Activation A = Activation::identity>
struct Dense {};
/// Normalisation over the batch with scale and shift.
struct BatchNorm {};
/// In training, an element is dropped with a probability of Percent / 100.
template <int Percent>
struct Dropout {};

namespace detail {

/// One layer of an Mlp and where its things lie.
struct LayerPlace {
  LayerKind kind = LayerKind::dense;
  Activation activation = Activation::identity;
  int percent = 0;  ///< dropped
  int inputs = 0, outputs = 0;
  int first = 0;       ///< place in the arena of parameters: weight of a dense layer, scale of a batch_norm
  int second = 0;      ///< bias of a dense layer, shift of a batch_norm
  int mean = 0;        ///< of a batch_norm in the arena of buffers
  int variance = 0;    ///< of a batch_norm in the arena of buffers
  int input_row = 0;   ///< of the numbers kept per sample: those that the layer reads,
  int output_row = 0;  ///< those it writes,
  int z_row = 0;       ///< and z, where the slope of its activation cannot be told from a

  constexpr bool keeps_z() const { return activation == Activation::gelu_erf || activation == Activation::gelu_tanh; }
};

template <class Layer>
struct Describe;
template <int Outputs, Activation A>
struct Describe<Dense<Outputs, A>> {
  static_assert(Outputs >= 1, "Dense: at least one output");
  static constexpr LayerPlace layer(int) { return {.activation = A, .outputs = Outputs}; }
};
template <>
struct Describe<BatchNorm> {
  static constexpr LayerPlace layer(int inputs) { return {.kind = LayerKind::batch_norm, .outputs = inputs}; }
};
template <int Percent>
struct Describe<Dropout<Percent>> {
  static_assert(Percent >= 0 && Percent < 100, "Dropout: 0 <= Percent < 100");
  static constexpr LayerPlace layer(int inputs) {
    return {.kind = LayerKind::dropout, .percent = Percent, .outputs = inputs};
  }
};

/// All layers of a network and the extents that follow.
template <int Layers>
struct NetworkPlan {
  std::array<LayerPlace, static_cast<std::size_t>(Layers)> layers{};
  int parameter_extent = 0, buffer_extent = 0;
  int rows = 0;    ///< numbers kept per sample: inputs, what is to be learnt, values of the layers
  int widest = 0;  ///< most inputs or outputs of a layer

  constexpr void add(int index, LayerPlace layer, int inputs, int input_row) {
    layer.inputs = inputs;
    layer.input_row = input_row;
    layer.output_row = rows;
    rows += layer.outputs;
    if (layer.keeps_z()) {
      layer.z_row = rows;
      rows += layer.outputs;
    }
    if (layer.kind == LayerKind::dense) {
      layer.first = take(parameter_extent, layer.outputs * layer.inputs);
      layer.second = take(parameter_extent, layer.outputs);
    }
    if (layer.kind == LayerKind::batch_norm) {
      layer.first = take(parameter_extent, layer.outputs);
      layer.second = take(parameter_extent, layer.outputs);
      layer.mean = take(buffer_extent, layer.outputs);
      layer.variance = take(buffer_extent, layer.outputs);
    }
    widest = std::max({widest, layer.inputs, layer.outputs});
    layers[static_cast<std::size_t>(index)] = layer;
  }

 private:
  static constexpr int take(int& extent, int size) {
    int const offset = extent;
    extent += aligned(size);
    return offset;
  }
};

template <int Inputs, class... Layers>
constexpr NetworkPlan<static_cast<int>(sizeof...(Layers))> plan_of() {
  NetworkPlan<static_cast<int>(sizeof...(Layers))> plan;
  int width = Inputs;
  (static_cast<void>(width = Describe<Layers>::layer(width).outputs), ...);
  plan.rows = Inputs + width;  // the inputs, and the label or targets
  int index = 0, row = 0, inputs = Inputs;
  auto const add = [&](LayerPlace const& layer) {
    plan.add(index, layer, inputs, row);
    row = plan.layers[static_cast<std::size_t>(index)].output_row;
    inputs = layer.outputs;
    ++index;
  };
  (add(Describe<Layers>::layer(inputs)), ...);
  return plan;
}

}  // namespace detail

/// A network whose sizes are known to the compiler: `Mlp<float, In<2>, Dense<8, Activation::tanh>, BatchNorm, Dense<3>>`.
///
/// Offsets and extents are those of arena_of(spec()); checked by tests/ml/network_test.cpp.
template <real T, class Input, class... Layers>
struct Mlp {
  static_assert(sizeof...(Layers) > 0, "Mlp: at least one layer");
  using value_type = T;
  static constexpr int layers = static_cast<int>(sizeof...(Layers));
  static constexpr int inputs = Input::size;
  static constexpr detail::NetworkPlan<layers> plan = detail::plan_of<inputs, Layers...>();
  static constexpr int outputs = plan.layers[layers - 1].outputs;
  static constexpr int parameter_extent = plan.parameter_extent;
  static constexpr int buffer_extent = plan.buffer_extent;

  static constexpr detail::LayerPlace layer(int index) { return plan.layers[static_cast<std::size_t>(index)]; }

  /// The same network as it is described at run time.
  static NetworkSpec spec() {
    NetworkSpec network(inputs);
    for (detail::LayerPlace const& each : plan.layers) {
      if (each.kind == LayerKind::dense) network.dense(each.outputs, each.activation);
      if (each.kind == LayerKind::batch_norm) network.batch_norm();
      if (each.kind == LayerKind::dropout) network.dropout(each.percent / 100.0);
    }
    return network;
  }
};

}  // namespace kramers::ml

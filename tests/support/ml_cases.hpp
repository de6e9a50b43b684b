// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/base/hash.hpp>
#include <kramers/ml/trainer.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ml_reference.hpp"

namespace kramers::test {

/// Uniform in (-size, size): number i of a sequence.
inline double scattered(std::uint64_t sequence, std::size_t i, double size) {
  std::uint64_t const bits = mix64(mix64(sequence + 1) ^ (i * 0x9e3779b97f4a7c15ULL)) >> 11;
  return size * ((static_cast<double>(bits) + 0.5) * 0x1p-52 - 1.0);
}

/// Samples of any shape with labels and targets, inputs in (-1.5, 1.5); the values are floats.
inline Batch<double> scattered_samples(ml::NetworkSpec const& network, int samples, std::uint64_t sequence = 0) {
  Batch<double> batch{Matrix<double>(samples, network.inputs()), {}, Matrix<double>(samples, network.outputs())};
  for (std::size_t i = 0; i < batch.inputs.values.size(); ++i) {
    batch.inputs.values[i] = static_cast<float>(scattered(3 * sequence, i, 1.5));
  }
  for (std::size_t i = 0; i < batch.targets.values.size(); ++i) {
    batch.targets.values[i] = static_cast<float>(scattered(3 * sequence + 1, i, 1.0));
  }
  for (std::size_t i = 0; i < static_cast<std::size_t>(samples); ++i) {
    batch.labels.push_back(static_cast<int>((0.5 + scattered(3 * sequence + 2, i, 0.5)) * network.outputs()));
  }
  return batch;
}

/// The places of an arena that hold parameters; between its arrays there is padding.
inline std::vector<std::size_t> parameter_places(ml::NetworkSpec const& network) {
  std::vector<std::size_t> places;
  for (ml::ArrayEntry const& entry : ml::arena_of(network).parameters) {
    for (int i = 0; i < entry.size; ++i) places.push_back(static_cast<std::size_t>(entry.offset + i));
  }
  return places;
}

/// Parameters none of which is special: nothing is 0 or 1, in particular no bias, scale or shift. The values are floats;
/// what lies between the arrays of the arena is zero.
inline std::vector<double> scattered_parameters(ml::NetworkSpec const& network, std::uint64_t sequence = 0) {
  std::vector<double> values = ml::initial_parameters<double>(network, ml::Initialisation::glorot, 7 + sequence);
  for (std::size_t const e : parameter_places(network)) {
    values[e] = static_cast<float>(values[e] + scattered(1000 + sequence, e, 0.3));
  }
  return values;
}

/// Networks that hold every kind of layer and activation, alone and in company.
inline std::vector<ml::NetworkSpec> gradient_networks() {
  using ml::Activation;
  using ml::NetworkSpec;
  return {
      NetworkSpec(3).dense(2),
      NetworkSpec(3).dense(4, Activation::tanh),
      NetworkSpec(3).dense(4, Activation::relu),
      NetworkSpec(3).dense(4, Activation::gelu_erf),
      NetworkSpec(3).dense(4, Activation::gelu_tanh),
      NetworkSpec(3).batch_norm(),
      NetworkSpec(6).dropout(0.4),
      NetworkSpec(2).dense(8, Activation::tanh).batch_norm().dense(3),
      NetworkSpec(2).dense(5).batch_norm().dense(3),
      NetworkSpec(4).batch_norm().dense(7, Activation::relu).batch_norm().dense(3),
      NetworkSpec(3).dense(6, Activation::gelu_erf).dropout(0.25).dense(5, Activation::gelu_tanh).dense(2),
      NetworkSpec(2).dense(9, Activation::relu).dense(9, Activation::tanh).dropout(0.5).batch_norm().dense(2),
      NetworkSpec(5).dense(17, Activation::tanh).dense(5, Activation::gelu_erf).batch_norm(),
  };
}

}  // namespace kramers::test

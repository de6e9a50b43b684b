// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/base/error.hpp>
#include <kramers/ml/trainer.hpp>

#include <string>

/// What every trainer asks of its arguments, so that all of them refuse the same in the same words.
namespace kramers::ml::detail {

inline void check_model(int model, int models) {
  expects(model >= 0 && model < models, "model", model, "one of the " + std::to_string(models) + " models");
}

/// Extents of the inputs, and of what the loss compares outputs with.
template <class Space, class T>
void check_samples(NetworkSpec const& network, Loss loss, Samples<Space, T> const& samples) {
  expects_extent("columns of the inputs", samples.inputs.extent_int(1), network.inputs());
  if (loss == Loss::softmax_cross_entropy) {
    expects_extent("labels", samples.labels.extent_int(0), samples.count());
  } else {
    expects_extent("targets", samples.targets.extent_int(0), samples.count());
    expects_extent("columns of the targets", samples.targets.extent_int(1), network.outputs());
  }
}

/// Samples as one batch, whose derivatives with respect to the inputs go to `input_gradient` unless it is empty.
template <class Space, class T, class Outputs>
void check_gradient_request(NetworkSpec const& network, TrainParams const& params, Samples<Space, T> const& samples,
                            Outputs const& input_gradient) {
  std::int64_t const count = samples.count();
  if (count > params.batch) throw ShapeError("samples of one batch", count, params.batch);
  check_batches(network, static_cast<int>(count), count);
  check_samples(network, params.loss, samples);
  if (input_gradient.extent(0) == 0) return;
  expects_extent("input gradients", input_gradient.extent_int(0), count);
  expects_extent("columns of the input gradients", input_gradient.extent_int(1), network.inputs());
}

template <class Inputs, class Outputs>
void check_prediction(NetworkSpec const& network, Inputs const& inputs, Outputs const& outputs) {
  expects_extent("columns of the inputs", inputs.extent_int(1), network.inputs());
  expects_extent("outputs", outputs.extent_int(0), inputs.extent_int(0));
  expects_extent("columns of the outputs", outputs.extent_int(1), network.outputs());
}

template <class T>
void check_state(int parameter_extent, int buffer_extent, ModelState<T> const& state) {
  auto const fits = [](char const* name, std::vector<T> const& values, int extent) {
    expects_extent(name, static_cast<std::int64_t>(values.size()), extent);
  };
  fits("parameters", state.parameters, parameter_extent);
  fits("first moments", state.first_moment, parameter_extent);
  fits("second moments", state.second_moment, parameter_extent);
  fits("running statistics", state.buffers, buffer_extent);
  expects(state.step >= 0, "step", state.step, ">= 0");
  expects(state.epoch >= 0, "epoch", state.epoch, ">= 0");
}

}  // namespace kramers::ml::detail

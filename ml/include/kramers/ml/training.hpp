// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/ml/loss.hpp>
#include <kramers/ml/network.hpp>
#include <kramers/ml/optimizer.hpp>

#include <concepts>
#include <cstdint>
#include <limits>
#include <vector>

namespace kramers::ml {

/// What may differ between models that are trained side by side.
struct ModelParams {
  std::uint64_t seed = 0;       ///< of the initial parameters, the data order and dropout
  double learning_rate = 1e-3;  ///< > 0
  double weight_decay = 0;      ///< >= 0
};

/// Everything about a training run but the network, the data and where it runs.
struct TrainParams {
  Loss loss = Loss::softmax_cross_entropy;
  OptimizerParams optimizer;
  Initialisation initialisation = Initialisation::glorot;
  int batch = 128;                  ///< samples per step; the last batch of an epoch may be smaller
  std::vector<ModelParams> models;  ///< at least one
  std::int64_t patience = 0;        ///< > 0: a model stops after so many epochs without a lower mean loss than before
};
/// @throws DomainError  a value out of its range
void check(NetworkSpec const& network, TrainParams const& params);
/// Throw DomainError unless epochs over so many samples can be trained: at least one sample, no more in a batch than
/// there are, and no batch of a single one (the last included) with batch_norm, which has no variance then.
void check_batches(NetworkSpec const& network, int batch, std::int64_t samples);

/// All that is needed to go on with a model: extents and offsets are those of arena_of(network).
template <std::floating_point T>
struct ModelState {
  std::vector<T> parameters, first_moment, second_moment, buffers;
  std::int64_t step = 0;   ///< optimiser steps taken
  std::int64_t epoch = 0;  ///< whole epochs trained
  /// Of the early stop: lowest mean loss of an epoch, epochs since then, and whether the model has stopped.
  T best_loss = std::numeric_limits<T>::infinity();
  std::int64_t epochs_without_improvement = 0;
  bool stopped = false;
};

/// A model's loss was no finite number: its index, the step and learning rate. The model's state is that before the step.
struct Divergence {
  int model;
  std::int64_t step;
  double learning_rate;
};

}  // namespace kramers::ml

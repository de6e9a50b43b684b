// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/concepts.hpp>
#include <kramers/ml/network.hpp>
#include <kramers/ml/optimizer.hpp>

#include <cstdint>
#include <limits>
#include <string>
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

/// Data of a network on Space, not owned: Views of a simulation, for example. Samples come first, any strides.
template <execution_space Space, real T>
struct Samples {
  template <class E>
  using Rows = Kokkos::View<E const**, Kokkos::LayoutStride, Space>;
  Rows<T> inputs;                                                     ///< (N, inputs)
  Kokkos::View<int const*, Kokkos::LayoutStride, Space> labels = {};  ///< (N), for softmax_cross_entropy
  Rows<T> targets = {};                                               ///< (N, outputs), for mean_squared_error

  KOKKOS_FUNCTION std::int64_t count() const { return static_cast<std::int64_t>(inputs.extent(0)); }
};

/// All that is needed to go on with a model: extents and offsets are those of arena_of(network).
template <real T>
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

/// M models of one network in training; how is hidden (resident, many models in lanes, matrix products).
///
/// A model's parameters after each step are a function of its ModelParams, the network, the samples and TrainParams
/// alone: the same bits for any number of models beside it and any place among them, any number of threads, however
/// `fit` is divided into calls, and after a restart from `state`.
template <execution_space Space, real T>
class Trainer {
 public:
  using Inputs = typename Samples<Space, T>::template Rows<T>;
  using Outputs = Kokkos::View<T**, Kokkos::LayoutRight, Space>;

  virtual ~Trainer() = default;

  virtual NetworkSpec const& network() const = 0;
  virtual TrainParams const& params() const = 0;
  /// "resident", "many models", "matrix products (OpenBLAS)", ...
  virtual std::string engine() const = 0;
  int models() const { return static_cast<int>(params().models.size()); }

  /// Train all models that have neither stopped nor diverged for `epochs` more epochs. Each epoch visits the samples in
  /// the order Permutation(seed, epoch, N). Returns before it is done.
  virtual void fit(Samples<Space, T> const& samples, std::int64_t epochs) = 0;
  /// Mean loss of the steps of the last fit: [model][step]; NaN after a model has stopped. Waits.
  virtual std::vector<std::vector<T>> losses() = 0;
  /// Models that diverged, since the trainer was made or their state set. Waits.
  virtual std::vector<Divergence> divergences() = 0;

  /// Loss of the samples as one batch in training mode, no step taken; leaves the gradients in `gradient(model)`.
  /// Dropout draws for step `state.step + 1`; running statistics are left alone. Waits.
  ///
  /// @param[out] input_gradient  (N, inputs) dL/dx; may be empty
  /// @throws ShapeError  more samples than a batch holds
  virtual T loss_and_gradient(int model, Samples<Space, T> const& samples, Outputs const& input_gradient) = 0;
  virtual std::vector<T> gradient(int model) = 0;

  /// Outputs (logits) in inference mode: batch_norm with running statistics, no dropout. Returns before it is done.
  ///
  /// @param[in]  inputs   (N, inputs), any N
  /// @param[out] outputs  (N, outputs)
  virtual void predict(int model, Inputs const& inputs, Outputs const& outputs) = 0;

  /// Copies to and from the host. Both wait.
  virtual ModelState<T> state(int model) = 0;
  virtual void set_state(int model, ModelState<T> const& state) = 0;

  /// Bytes held on Space.
  virtual std::int64_t state_bytes() const = 0;
};

}  // namespace kramers::ml

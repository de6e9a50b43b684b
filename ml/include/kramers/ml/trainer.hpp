// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/concepts.hpp>
#include <kramers/ml/training.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace kramers::ml {

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

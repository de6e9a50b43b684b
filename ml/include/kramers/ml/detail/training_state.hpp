// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/math.hpp>
#include <kramers/ml/trainer.hpp>

#include <cstdint>
#include <utility>
#include <vector>

namespace kramers::ml::detail {

/// Where a model stands, on the device: what both engines decide by, step for step. See ModelState.
template <class T>
struct TrainingState {
  std::int64_t step = 0, epoch = 0, epochs_without_improvement = 0;
  std::int64_t diverged_at = 0;  ///< number of the step whose loss was not finite; 0: none
  T best_loss = math::infinity<T>;
  T epoch_loss = 0;  ///< sum of the losses of this epoch's samples so far
  bool stopped = false;
  bool moves = false;  ///< whether the step in progress is to be taken

  KOKKOS_FUNCTION bool goes_on() const { return !stopped && diverged_at == 0; }

  /// A step's mean loss over so many samples is known: decide whether the step is taken, which it is not where the model has
  /// ended before.
  KOKKOS_FUNCTION void note(T loss, int samples) {
    moves = goes_on() && loss - loss == T(0);
    if (!goes_on()) return;
    if (!moves) {
      diverged_at = step + 1;
      return;
    }
    ++step;
    epoch_loss = math::fma(loss, static_cast<T>(samples), epoch_loss);
  }

  /// The epoch of so many samples is over: decide whether it was the last.
  KOKKOS_FUNCTION void end_epoch(std::int64_t samples, std::int64_t patience) {
    T const mean = epoch_loss / static_cast<T>(samples);
    epoch_loss = T(0);
    ++epoch;
    bool const better = mean < best_loss;
    best_loss = better ? mean : best_loss;
    epochs_without_improvement = better ? 0 : epochs_without_improvement + 1;
    stopped = patience > 0 && epochs_without_improvement >= patience;
  }

  /// That of a model which goes on from `state`: it has not diverged.
  static TrainingState of(ModelState<T> const& state) {
    TrainingState result;
    result.step = state.step;
    result.epoch = state.epoch;
    result.epochs_without_improvement = state.epochs_without_improvement;
    result.best_loss = state.best_loss;
    result.stopped = state.stopped;
    return result;
  }
  /// What a restart needs of it, beside the arrays.
  void copy_to(ModelState<T>& state) const {
    state.step = step;
    state.epoch = epoch;
    state.epochs_without_improvement = epochs_without_improvement;
    state.best_loss = best_loss;
    state.stopped = stopped;
  }
};

}  // namespace kramers::ml::detail

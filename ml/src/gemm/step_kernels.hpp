// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/ml/detail/layer_math.hpp>
#include <kramers/ml/detail/training_state.hpp>
#include <kramers/ml/loss_functions.hpp>
#include <kramers/ml/optimizer_step.hpp>
#include <kramers/ml/permutation.hpp>
#include <kramers/ml/trainer.hpp>

#include "launch.hpp"

/// What surrounds the layers in a step: the batch, its loss, and the optimiser.
namespace kramers::ml::detail {

/// Which samples make up a batch, and their labels.
template <class Samples, class Order>
struct PickSamples {
  Samples samples;
  Order order;
  std::int64_t first;
  bool with_labels;
  int *elements, *labels;

  KOKKOS_FUNCTION void operator()(int s) const {
    auto const element = static_cast<int>(order(static_cast<std::uint32_t>(first + s)));
    elements[s] = element;
    if (with_labels) labels[s] = samples.labels(element);
  }
};
/// The order in which samples were given.
struct RowOrder {
  KOKKOS_FUNCTION std::uint32_t operator()(std::uint32_t place) const { return place; }
};

/// Rows whose features lie side by side, which a vector unit reads at once.
template <class T>
struct DenseRows {
  T const* data;
  std::int64_t stride;

  KOKKOS_FORCEINLINE_FUNCTION T operator()(int row, int feature) const { return data[row * stride + feature]; }
};
/// Copy the picked rows.
template <class From, class T>
struct GatherRows {
  From from;
  int const* elements;
  Rows<T> to;

  KOKKOS_FORCEINLINE_FUNCTION void operator()(int s, int f) const { to(s, f) = from(elements[s], f); }
};
/// Copy rows first, first + 1, ...
template <class From, class To>
struct CopyRows {
  From from;
  To to;
  std::int64_t first_from, first_to;

  KOKKOS_FORCEINLINE_FUNCTION void operator()(int s, int f) const { to(first_to + s, f) = from(first_from + s, f); }
};

/// Loss of each sample, and the gradient of the mean loss with respect to the outputs.
template <Loss L, class T>
struct SampleLoss {
  Rows<T const> out, targets;
  int const* labels;
  Rows<T> slope_of;
  T* losses;
  T weight;  // 1 / samples

  KOKKOS_FUNCTION void operator()(int s) const {
    auto const output = [&](int k) { return out(s, k); };
    auto const gradient = [&](int k) -> T& { return slope_of(s, k); };
    if constexpr (L == Loss::softmax_cross_entropy) {
      losses[s] = softmax_cross_entropy(out.features, labels[s], weight, output, gradient);
    } else {
      losses[s] = squared_error(out.features, weight, output, [&](int k) { return targets(s, k); }, gradient);
    }
  }
};

/// Mean loss of the batch, for a launch over one feature; with a state also whether the step is taken, and at the end of
/// an epoch whether it was the last.
template <class T>
struct MeanLoss {
  int samples;
  T const* losses;
  T* mean_loss;
  TrainingState<T>* state;     // null: the loss only
  T* history;                  // where the loss is noted
  std::int64_t epoch_samples;  // 0: the epoch goes on after this step
  std::int64_t patience;

  template <class Group>
  KOKKOS_FORCEINLINE_FUNCTION void operator()(Group const& group) const {
    group.template sums<1>(
        samples, [&](int s, int, auto const& sum) { sum(0) += losses[s]; },
        [&](int, T const(&total)[1]) {
          T const loss = total[0] / static_cast<T>(samples);
          *mean_loss = loss;
          if (state == nullptr) return;
          if (state->goes_on()) *history = loss;
          state->note(loss, samples);
          if (epoch_samples > 0 && state->moves) state->end_epoch(epoch_samples, patience);
        });
  }
};

/// The optimiser over a whole arena.
template <Rule R, bool Nesterov, class T>
struct TakeStep {
  StepConstants<T> constants;
  T learning_rate, weight_decay;
  TrainingState<T> const* state;
  T const* gradient;
  T *theta, *first_moment, *second_moment;

  KOKKOS_FORCEINLINE_FUNCTION bool skip() const { return !state->moves; }
  KOKKOS_FORCEINLINE_FUNCTION void operator()(int i) const {
    update<R, Nesterov>(constants, learning_rate, weight_decay, gradient[i], theta[i], first_moment[i],
                        second_moment[i]);
  }
};
/// Running statistics, towards those of the batch.
template <class T>
struct TakeStatistics {
  TrainingState<T> const* state;
  T const* of_batch;
  T* running;

  KOKKOS_FORCEINLINE_FUNCTION bool skip() const { return !state->moves; }
  KOKKOS_FORCEINLINE_FUNCTION void operator()(int i) const { running[i] = running_average(running[i], of_batch[i]); }
};

}  // namespace kramers::ml::detail

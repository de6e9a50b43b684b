// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/ml/detail/batch.hpp>
#include <kramers/ml/detail/training_state.hpp>
#include <kramers/ml/optimizer_step.hpp>
#include <kramers/ml/permutation.hpp>
#include <kramers/ml/trainer.hpp>

#include <cstdint>

namespace kramers::ml::detail {

/// Which elements stand at the places of an epoch: each model has its own order.
struct ShuffledOrder {
  Permutation const* of_model;
  KOKKOS_FORCEINLINE_FUNCTION std::uint32_t element(int model, int place) const {
    return of_model[model](static_cast<std::uint32_t>(place));
  }
  template <int Most>
  KOKKOS_FORCEINLINE_FUNCTION void elements(int model, int first, int count, std::uint32_t (&element)[Most]) const {
    of_model[model].elements(first, count, element);
  }
};
/// The order in which they were given.
struct GivenOrder {
  int samples;
  KOKKOS_FORCEINLINE_FUNCTION std::uint32_t element(int, int place) const { return static_cast<std::uint32_t>(place); }
  template <int Most>
  KOKKOS_FORCEINLINE_FUNCTION void elements(int, int first, int count, std::uint32_t (&element)[Most]) const {
    for (int i = 0; i < count; ++i) {
      element[i] = static_cast<std::uint32_t>(first + i < samples ? first + i : samples - 1);
    }
  }
};

/// Copy the samples that stand from `first` on in the order into the batch. Lanes without a sample get zeros.
template <class Net, class LaneMapping, class Samples, class Order>
[[gnu::flatten]] KOKKOS_FUNCTION void load_samples(Batch<Net, LaneMapping> const& batch, Samples const& samples,
                                                   Loss const loss, Order const& order, std::int64_t const first) {
  using T = typename Net::value_type;
  auto const from = static_cast<int>(first);
  auto const inputs = [&](int const cell, int const lane, std::uint32_t const element) {
    for (int i = 0; i < Net::inputs; ++i) {
      batch.value(cell, i, lane) = batch.held(cell, lane, samples.inputs(element, i));
    }
  };
  if (loss == Loss::softmax_cross_entropy) {
    batch.mapping.each_element(order, from, [&](int const cell, int const lane, std::uint32_t const element) {
      inputs(cell, lane, element);
      batch.goal(cell, 0, lane) = batch.held(cell, lane, static_cast<T>(samples.labels(element)));
    });
  } else {
    batch.mapping.each_element(order, from, [&](int const cell, int const lane, std::uint32_t const element) {
      inputs(cell, lane, element);
      for (int k = 0; k < Net::outputs; ++k) {
        batch.goal(cell, k, lane) = batch.held(cell, lane, samples.targets(element, k));
      }
    });
  }
}

/// Train the models of a lane mapping for some epochs.
template <class Space, class Net>
struct FitWork {
  using T = typename Net::value_type;

  Samples<Space, T> samples;
  Kokkos::View<T**, Kokkos::LayoutRight, Space> arena;   // (models, what Batch keeps)
  Kokkos::View<TrainingState<T>*, Space> states;         // (models)
  Kokkos::View<ModelParams const*, Space> models;        // (models)
  Kokkos::View<T**, Kokkos::LayoutRight, Space> losses;  // (at least the steps of this fit, models)
  OptimizerParams optimizer;
  Loss loss;
  int batch;
  std::int64_t patience;
  std::int64_t epochs;      // of this launch
  std::int64_t first_step;  // row of losses at which it begins

  /// What the models of a lane mapping have behind them and how they learn.
  template <int Models>
  struct ModelBlock {
    TrainingState<T> state[Models];
    std::uint64_t seed[Models];
    T learning_rate[Models], weight_decay[Models], correction1[Models], correction2[Models];
    T moves[Models];     // 1 where a step is taken, 0 where the model stays as it is
    bool lives[Models];  // false where the lane only fills up a vector
    Permutation order[Models];
    StepConstants<T> constants{OptimizerParams{}, 1};

    KOKKOS_FUNCTION bool goes_on(int l) const { return lives[l] && state[l].goes_on(); }
    KOKKOS_FUNCTION bool any_goes_on() const {
      bool any = false;
      for (int l = 0; l < Models; ++l) any = any || goes_on(l);
      return any;
    }
  };

  /// @param[in] pack    the lane mapping takes models pack * LaneMapping::models ...
  /// @param[in] memory  Batch::size(batch) elements of its own
  template <class LaneMapping>
  KOKKOS_FUNCTION void run(LaneMapping& mapping, int const pack, T* const memory) const {
    using Work = Batch<Net, LaneMapping>;
    constexpr int M = LaneMapping::models;
    Work work{mapping, memory};
    int const first_model = pack * M;
    int const last_model = arena.extent_int(0) - 1;
    auto const model = [&](int const l) { return first_model + l < last_model ? first_model + l : last_model; };

    ModelBlock<M> block;
    for (int l = 0; l < M; ++l) {
      block.state[l] = states(model(l));
      block.lives[l] = first_model + l <= last_model;
      block.seed[l] = models(model(l)).seed;
      block.learning_rate[l] = static_cast<T>(models(model(l)).learning_rate);
      block.weight_decay[l] = static_cast<T>(models(model(l)).weight_decay);
    }
    mapping.template each<Work::kept>([&](int const i, int const l) { work.state(i, l) = arena(model(l), i); });

    for (std::int64_t e = 0; e < epochs && block.any_goes_on(); ++e) run_epoch(mapping, work, block, first_model, e);

    mapping.template each<Work::kept>([&](int const i, int const l) {
      if (block.lives[l]) arena(model(l), i) = work.state(i, l);
    });
    if (!mapping.leads()) return;
    for (int l = 0; l < M; ++l) {
      if (block.lives[l]) states(model(l)) = block.state[l];
    }
  }

 private:
  template <class LaneMapping, class Work, int M>
  KOKKOS_FUNCTION void run_epoch(LaneMapping& mapping, Work& work, ModelBlock<M>& block, int const first_model,
                                 std::int64_t const e) const {
    std::int64_t const n = samples.count();
    std::int64_t const steps = (n + batch - 1) / batch;
    for (int l = 0; l < M; ++l) {
      block.order[l] =
          Permutation(block.seed[l], static_cast<std::uint64_t>(block.state[l].epoch), static_cast<std::uint32_t>(n));
      block.state[l].epoch_loss = T(0);
    }
    for (std::int64_t s = 0; s < steps && block.any_goes_on(); ++s) {
      work.samples = static_cast<int>(s + 1 < steps ? batch : n - s * batch);
      mapping.begin(work.samples);
      load_samples(work, samples, loss, ShuffledOrder{block.order}, s * batch);
      auto const draw = [&](int const l, int const position, int const group, int const layer) {
        return dropout_block(block.seed[l], block.state[l].step + 1, position, group, layer);
      };
      work.forward(draw);
      work.differentiate(loss);
      work.template backward<false>(draw);
      take_step(mapping, work, block, first_model, first_step + e * steps + s);
    }
    for (int l = 0; l < M; ++l) {
      if (block.goes_on(l)) block.state[l].end_epoch(n, patience);
    }
  }

  template <class LaneMapping, class Work, int M>
  KOKKOS_FUNCTION void take_step(LaneMapping& mapping, Work& work, ModelBlock<M>& block, int const first_model,
                                 std::int64_t const row) const {
    bool any = false;
    for (int l = 0; l < M; ++l) {
      T const value = work.loss(l);
      TrainingState<T>& at = block.state[l];
      if (block.goes_on(l) && mapping.leads()) losses(row, first_model + l) = value;
      if (block.lives[l]) at.note(value, work.samples);
      bool const moves = block.lives[l] && at.moves;
      block.moves[l] = moves ? T(1) : T(0);
      if (l == 0 || at.step != block.state[l - 1].step) block.constants = StepConstants<T>(optimizer, at.step);
      block.correction1[l] = block.constants.correction1;
      block.correction2[l] = block.constants.correction2;
      any = any || moves;
    }
    if (!any) return;
    switch (optimizer.rule) {
      case Rule::adam:
        update_parameters<Rule::adam, false>(mapping, work, block);
        break;
      case Rule::adamw:
        update_parameters<Rule::adamw, false>(mapping, work, block);
        break;
      case Rule::sgd:
        if (optimizer.nesterov) {
          update_parameters<Rule::sgd, true>(mapping, work, block);
        } else {
          update_parameters<Rule::sgd, false>(mapping, work, block);
        }
    }
    update_statistics(mapping, work, block);
  }

  template <Rule R, bool Nesterov, class LaneMapping, class Work, int M>
  [[gnu::flatten]] KOKKOS_FUNCTION void update_parameters(LaneMapping& mapping, Work& work,
                                                          ModelBlock<M> const& block) const {
    mapping.template each<Work::parameters>([&](int const p, int const l) {
      StepConstants<T> constants = block.constants;
      constants.correction1 = block.correction1[l];
      constants.correction2 = block.correction2[l];
      T w = work.theta(p, l), m = work.first_moment(p, l), v = work.second_moment(p, l);
      update<R, Nesterov>(constants, block.learning_rate[l], block.weight_decay[l], work.gradient(p, l), w, m, v);
      bool const moves = M == 1 || block.moves[l] != T(0);
      work.theta(p, l) = moves ? w : work.theta(p, l);
      work.first_moment(p, l) = moves ? m : work.first_moment(p, l);
      work.second_moment(p, l) = moves ? v : work.second_moment(p, l);
    });
  }

  template <class LaneMapping, class Work, int M>
  [[gnu::flatten]] KOKKOS_FUNCTION void update_statistics(LaneMapping& mapping, Work& work,
                                                          ModelBlock<M> const& block) const {
    T const unbiased = unbiased_factor<T>(work.samples);
    unrolled<Net::layers>([&](auto const index) {
      using At = LayerAt<Net, decltype(index)::value>;
      if constexpr (At::kind == LayerKind::batch_norm) {
        mapping.template each<At::outputs>([&](int const f, int const l) {
          bool const moves = M == 1 || block.moves[l] != T(0);
          T const mean = running_average(work.running(At::mean + f, l), work.batch_stats(At::mean + f, l));
          T const variance =
              running_average(work.running(At::variance + f, l), work.batch_stats(At::variance + f, l) * unbiased);
          work.running(At::mean + f, l) = moves ? mean : work.running(At::mean + f, l);
          work.running(At::variance + f, l) = moves ? variance : work.running(At::variance + f, l);
        });
      }
    });
  }
};

/// Loss and gradient of one model on samples in the order they were given, no step taken.
template <class Space, class Net>
struct GradientWork {
  using T = typename Net::value_type;

  Samples<Space, T> samples;
  Kokkos::View<T**, Kokkos::LayoutRight, Space> arena;
  Kokkos::View<TrainingState<T>*, Space> states;
  Kokkos::View<ModelParams const*, Space> models;
  Kokkos::View<T*, Space> loss_value;                            // (1)
  Kokkos::View<T**, Kokkos::LayoutRight, Space> input_gradient;  // (N, inputs) or empty
  Loss loss;
  int model;

  template <class LaneMapping>
  KOKKOS_FUNCTION void run(LaneMapping& mapping, int, T* const memory) const {
    using Work = Batch<Net, LaneMapping>;
    Work work{mapping, memory, static_cast<int>(samples.count())};
    mapping.template each<Work::kept>([&](int const i, int const l) { work.state(i, l) = arena(model, i); });
    mapping.begin(work.samples);
    load_samples(work, samples, loss, GivenOrder{work.samples}, 0);
    auto const draw = [&](int, int const position, int const group, int const layer) {
      return dropout_block(models(model).seed, states(model).step + 1, position, group, layer);
    };
    work.forward(draw);
    work.differentiate(loss);
    work.template backward<true>(draw);
    mapping.template each<Work::parameters>(
        [&](int const p, int const l) { arena(model, Work::parameters + p) = work.gradient(p, l); });
    if (mapping.leads()) loss_value(0) = work.loss(0);
    if (input_gradient.extent(0) == 0) return;
    mapping.each_sample([&](int const cell, int const lane) {
      if (!mapping.holds(cell, lane)) return;
      for (int i = 0; i < Net::inputs; ++i)
        input_gradient(mapping.position(cell, lane), i) = work.slope_of(cell, i, lane);
    });
  }
};

}  // namespace kramers::ml::detail

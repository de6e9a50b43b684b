// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/ml/detail/batch.hpp>
#include <kramers/ml/permutation.hpp>
#include <kramers/ml/trainer.hpp>

#include <cstdint>

namespace kramers::ml::detail {

/// What a model has behind it; see ModelState.
template <class T>
struct Progress {
  std::int64_t step = 0, epoch = 0, waited = 0;
  std::int64_t diverged_at = 0;  ///< number of the step whose loss was not finite; 0: none
  T best_loss = math::infinity<T>;
  bool stopped = false;

  KOKKOS_FUNCTION bool goes_on() const { return !stopped && diverged_at == 0; }
};

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
template <class Net, class Crew, class Samples, class Order>
[[gnu::flatten]] KOKKOS_FUNCTION void load_samples(Batch<Net, Crew> const& batch, Samples const& samples,
                                                   Loss const loss, Order const& order, std::int64_t const first) {
  using T = typename Net::value_type;
  auto const from = static_cast<int>(first);
  auto const inputs = [&](int const cell, int const lane, std::uint32_t const element) {
    for (int i = 0; i < Net::inputs; ++i) {
      batch.value(cell, i, lane) = batch.held(cell, lane, samples.inputs(element, i));
    }
  };
  if (loss == Loss::softmax_cross_entropy) {
    batch.crew.each_element(order, from, [&](int const cell, int const lane, std::uint32_t const element) {
      inputs(cell, lane, element);
      batch.goal(cell, 0, lane) = batch.held(cell, lane, static_cast<T>(samples.labels(element)));
    });
  } else {
    batch.crew.each_element(order, from, [&](int const cell, int const lane, std::uint32_t const element) {
      inputs(cell, lane, element);
      for (int k = 0; k < Net::outputs; ++k) {
        batch.goal(cell, k, lane) = batch.held(cell, lane, samples.targets(element, k));
      }
    });
  }
}

/// Train the models of a crew for some epochs.
template <class Space, class Net>
struct FitWork {
  using T = typename Net::value_type;

  Samples<Space, T> samples;
  Kokkos::View<T**, Kokkos::LayoutRight, Space> arena;   // (models, what Batch keeps)
  Kokkos::View<Progress<T>*, Space> progress;            // (models)
  Kokkos::View<ModelParams const*, Space> models;        // (models)
  Kokkos::View<T**, Kokkos::LayoutRight, Space> losses;  // (at least the steps of this fit, models)
  OptimizerParams optimizer;
  Loss loss;
  int batch;
  std::int64_t patience;
  std::int64_t epochs;      // of this launch
  std::int64_t first_step;  // row of losses at which it begins

  /// What the models of a crew have behind them and how they learn.
  template <int Models>
  struct Crowd {
    Progress<T> progress[Models];
    std::uint64_t seed[Models];
    T learning_rate[Models], weight_decay[Models], correction1[Models], correction2[Models];
    T epoch_loss[Models];
    T moves[Models];     // 1 where a step is taken, 0 where the model stays as it is
    bool lives[Models];  // false where the lane only fills up a vector
    Permutation order[Models];
    StepConstants<T> constants{OptimizerParams{}, 1};

    KOKKOS_FUNCTION bool goes_on(int l) const { return lives[l] && progress[l].goes_on(); }
    KOKKOS_FUNCTION bool any_goes_on() const {
      bool any = false;
      for (int l = 0; l < Models; ++l) any = any || goes_on(l);
      return any;
    }
  };

  /// @param[in] pack    the crew takes models pack * Crew::models ...
  /// @param[in] memory  Batch::size(batch) elements of its own
  template <class Crew>
  KOKKOS_FUNCTION void run(Crew& crew, int const pack, T* const memory) const {
    using Work = Batch<Net, Crew>;
    constexpr int M = Crew::models;
    Work work{crew, memory};
    int const first_model = pack * M;
    int const last_model = arena.extent_int(0) - 1;
    auto const model = [&](int const l) { return first_model + l < last_model ? first_model + l : last_model; };

    Crowd<M> crowd;
    for (int l = 0; l < M; ++l) {
      crowd.progress[l] = progress(model(l));
      crowd.lives[l] = first_model + l <= last_model;
      crowd.seed[l] = models(model(l)).seed;
      crowd.learning_rate[l] = static_cast<T>(models(model(l)).learning_rate);
      crowd.weight_decay[l] = static_cast<T>(models(model(l)).weight_decay);
    }
    crew.template each<Work::kept>([&](int const i, int const l) { work.state(i, l) = arena(model(l), i); });

    for (std::int64_t e = 0; e < epochs && crowd.any_goes_on(); ++e) run_epoch(crew, work, crowd, first_model, e);

    crew.template each<Work::kept>([&](int const i, int const l) {
      if (crowd.lives[l]) arena(model(l), i) = work.state(i, l);
    });
    if (!crew.leads()) return;
    for (int l = 0; l < M; ++l) {
      if (crowd.lives[l]) progress(model(l)) = crowd.progress[l];
    }
  }

 private:
  template <class Crew, class Work, int M>
  KOKKOS_FUNCTION void run_epoch(Crew& crew, Work& work, Crowd<M>& crowd, int const first_model,
                                 std::int64_t const e) const {
    std::int64_t const n = samples.count();
    std::int64_t const steps = (n + batch - 1) / batch;
    for (int l = 0; l < M; ++l) {
      crowd.order[l] = Permutation(crowd.seed[l], static_cast<std::uint64_t>(crowd.progress[l].epoch),
                                   static_cast<std::uint32_t>(n));
      crowd.epoch_loss[l] = T(0);
    }
    for (std::int64_t s = 0; s < steps && crowd.any_goes_on(); ++s) {
      work.samples = static_cast<int>(s + 1 < steps ? batch : n - s * batch);
      crew.begin(work.samples);
      load_samples(work, samples, loss, ShuffledOrder{crowd.order}, s * batch);
      auto const draw = [&](int const l, int const position, int const group, int const layer) {
        return dropout_block(crowd.seed[l], crowd.progress[l].step + 1, position, group, layer);
      };
      work.forward(draw);
      work.differentiate(loss);
      work.template backward<false>(draw);
      take_step(crew, work, crowd, first_model, first_step + e * steps + s);
    }
    for (int l = 0; l < M; ++l) {
      if (crowd.goes_on(l)) end_epoch(crowd.progress[l], crowd.epoch_loss[l] / static_cast<T>(n));
    }
  }

  KOKKOS_FUNCTION void end_epoch(Progress<T>& at, T const mean_loss) const {
    ++at.epoch;
    bool const better = mean_loss < at.best_loss;
    at.best_loss = better ? mean_loss : at.best_loss;
    at.waited = better ? 0 : at.waited + 1;
    at.stopped = patience > 0 && at.waited >= patience;
  }

  template <class Crew, class Work, int M>
  KOKKOS_FUNCTION void take_step(Crew& crew, Work& work, Crowd<M>& crowd, int const first_model,
                                 std::int64_t const row) const {
    bool any = false;
    for (int l = 0; l < M; ++l) {
      T const value = work.loss(l);
      Progress<T>& at = crowd.progress[l];
      bool const moves = crowd.goes_on(l) && value - value == T(0);
      if (crowd.goes_on(l)) {
        if (crew.leads()) losses(row, first_model + l) = value;
        if (moves) {
          ++at.step;
        } else {
          at.diverged_at = at.step + 1;
        }
      }
      crowd.moves[l] = moves ? T(1) : T(0);
      crowd.epoch_loss[l] = math::fma(value, static_cast<T>(work.samples), crowd.epoch_loss[l]);
      if (l == 0 || at.step != crowd.progress[l - 1].step) crowd.constants = StepConstants<T>(optimizer, at.step);
      crowd.correction1[l] = crowd.constants.correction1;
      crowd.correction2[l] = crowd.constants.correction2;
      any = any || moves;
    }
    if (!any) return;
    switch (optimizer.rule) {
      case Rule::adam:
        update_parameters<Rule::adam, false>(crew, work, crowd);
        break;
      case Rule::adamw:
        update_parameters<Rule::adamw, false>(crew, work, crowd);
        break;
      case Rule::sgd:
        if (optimizer.nesterov) {
          update_parameters<Rule::sgd, true>(crew, work, crowd);
        } else {
          update_parameters<Rule::sgd, false>(crew, work, crowd);
        }
    }
    update_statistics(crew, work, crowd);
  }

  template <Rule R, bool Nesterov, class Crew, class Work, int M>
  [[gnu::flatten]] KOKKOS_FUNCTION void update_parameters(Crew& crew, Work& work, Crowd<M> const& crowd) const {
    crew.template each<Work::parameters>([&](int const p, int const l) {
      StepConstants<T> constants = crowd.constants;
      constants.correction1 = crowd.correction1[l];
      constants.correction2 = crowd.correction2[l];
      T w = work.theta(p, l), m = work.first_moment(p, l), v = work.second_moment(p, l);
      update<R, Nesterov>(constants, crowd.learning_rate[l], crowd.weight_decay[l], work.gradient(p, l), w, m, v);
      bool const moves = M == 1 || crowd.moves[l] != T(0);
      work.theta(p, l) = moves ? w : work.theta(p, l);
      work.first_moment(p, l) = moves ? m : work.first_moment(p, l);
      work.second_moment(p, l) = moves ? v : work.second_moment(p, l);
    });
  }

  template <class Crew, class Work, int M>
  [[gnu::flatten]] KOKKOS_FUNCTION void update_statistics(Crew& crew, Work& work, Crowd<M> const& crowd) const {
    T const n = static_cast<T>(work.samples);
    T const unbiased = n / (n - T(1));
    constexpr T weight = static_cast<T>(batch_norm_momentum);
    constexpr T keep = static_cast<T>(1 - batch_norm_momentum);
    unrolled<Net::layers>([&](auto const index) {
      using At = LayerAt<Net, decltype(index)::value>;
      if constexpr (At::kind == LayerKind::batch_norm) {
        crew.template each<At::outputs>([&](int const f, int const l) {
          bool const moves = M == 1 || crowd.moves[l] != T(0);
          T const mean = math::fma(weight, work.now(At::mean + f, l), keep * work.running(At::mean + f, l));
          T const variance =
              math::fma(weight, work.now(At::variance + f, l) * unbiased, keep * work.running(At::variance + f, l));
          work.running(At::mean + f, l) = moves ? mean : work.running(At::mean + f, l);
          work.running(At::variance + f, l) = moves ? variance : work.running(At::variance + f, l);
        });
      }
    });
  }

 public:
  /// The bits that decide what is dropped of four features of a sample.
  KOKKOS_FORCEINLINE_FUNCTION static PhiloxBlock dropout_block(std::uint64_t const seed, std::int64_t const step,
                                                               int const position, int const group, int const layer) {
    std::uint64_t const id = static_cast<std::uint64_t>(group) << 40 | static_cast<std::uint64_t>(layer) << 32 |
                             static_cast<std::uint64_t>(position);
    return philox_block(seed, id, static_cast<std::uint64_t>(step), Stream::dropout);
  }
};

/// Loss and gradient of one model on samples in the order they were given, no step taken.
template <class Space, class Net>
struct GradientWork {
  using T = typename Net::value_type;

  Samples<Space, T> samples;
  Kokkos::View<T**, Kokkos::LayoutRight, Space> arena;
  Kokkos::View<Progress<T>*, Space> progress;
  Kokkos::View<ModelParams const*, Space> models;
  Kokkos::View<T*, Space> loss_value;                            // (1)
  Kokkos::View<T**, Kokkos::LayoutRight, Space> input_gradient;  // (N, inputs) or empty
  Loss loss;
  int model;

  template <class Crew>
  KOKKOS_FUNCTION void run(Crew& crew, int, T* const memory) const {
    using Work = Batch<Net, Crew>;
    Work work{crew, memory, static_cast<int>(samples.count())};
    crew.template each<Work::kept>([&](int const i, int const l) { work.state(i, l) = arena(model, i); });
    crew.begin(work.samples);
    load_samples(work, samples, loss, GivenOrder{work.samples}, 0);
    auto const draw = [&](int, int const position, int const group, int const layer) {
      return FitWork<Space, Net>::dropout_block(models(model).seed, progress(model).step + 1, position, group, layer);
    };
    work.forward(draw);
    work.differentiate(loss);
    work.template backward<true>(draw);
    crew.template each<Work::parameters>(
        [&](int const p, int const l) { arena(model, Work::parameters + p) = work.gradient(p, l); });
    if (crew.leads()) loss_value(0) = work.loss(0);
    if (input_gradient.extent(0) == 0) return;
    crew.each_sample([&](int const cell, int const lane) {
      if (!crew.holds(cell, lane)) return;
      for (int i = 0; i < Net::inputs; ++i) input_gradient(crew.position(cell, lane), i) = work.slope_of(cell, i, lane);
    });
  }
};

}  // namespace kramers::ml::detail

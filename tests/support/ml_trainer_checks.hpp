// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/ml/trainer.hpp>

#include <Kokkos_Core.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "gradient_check.hpp"
#include "ml_cases.hpp"
#include "ml_reference_training.hpp"
#include "ml_trajectory.hpp"

namespace kramers::test {

template <class To, class From>
std::vector<To> converted(std::vector<From> const& values) {
  std::vector<To> result;
  for (From const value : values) result.push_back(static_cast<To>(value));
  return result;
}
template <class R>
Matrix<R> converted(Matrix<double> const& from) {
  Matrix<R> to(from.rows, from.columns);
  to.values = converted<R>(from.values);
  return to;
}
template <class R>
Batch<R> converted(Batch<double> const& from) {
  return {converted<R>(from.inputs), from.labels, converted<R>(from.targets)};
}
template <class To, class From>
ml::ModelState<To> converted(ml::ModelState<From> const& from) {
  ml::ModelState<To> to;
  to.parameters = converted<To>(from.parameters);
  to.first_moment = converted<To>(from.first_moment);
  to.second_moment = converted<To>(from.second_moment);
  to.buffers = converted<To>(from.buffers);
  to.step = from.step;
  to.epoch = from.epoch;
  return to;
}

/// A batch in memory of Space.
template <class Space, class T>
class SamplesOn {
 public:
  explicit SamplesOn(Batch<double> const& batch)
      : m_inputs(table(batch.inputs)), m_targets(table(batch.targets)), m_labels("labels", batch.labels.size()) {
    auto const labels = Kokkos::create_mirror_view(m_labels);
    for (std::size_t n = 0; n < batch.labels.size(); ++n) labels(n) = batch.labels[n];
    Kokkos::deep_copy(m_labels, labels);
  }
  ml::Samples<Space, T> samples() const { return {m_inputs, m_labels, m_targets}; }

 private:
  using Table = Kokkos::View<T**, Kokkos::LayoutRight, Space>;
  static Table table(Matrix<double> const& from) {
    Table const to("table", from.rows, from.columns);
    auto const host = Kokkos::create_mirror_view(to);
    for (int n = 0; n < from.rows; ++n) {
      for (int k = 0; k < from.columns; ++k) host(n, k) = static_cast<T>(from(n, k));
    }
    Kokkos::deep_copy(to, host);
    return to;
  }
  Table m_inputs, m_targets;
  Kokkos::View<int*, Space> m_labels;
};

/// Row by row.
template <class Table>
std::vector<double> values_of(Table const& table) {
  auto const host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), table);
  std::vector<double> values;
  for (std::size_t n = 0; n < host.extent(0); ++n) {
    for (std::size_t k = 0; k < host.extent(1); ++k) values.push_back(static_cast<double>(host(n, k)));
  }
  return values;
}

/// Epochs of a trainer's model from some state: one, then all others.
template <class Space, class T>
Trajectory trainer_run(ml::Trainer<Space, T>& trainer, int model, ml::ModelState<double> const& initial,
                       Batch<double> const& batch, std::int64_t epochs) {
  SamplesOn<Space, T> const samples(batch);
  trainer.set_state(model, converted<T>(initial));
  Trajectory run;
  trainer.fit(samples.samples(), 1);
  run.losses = converted<double>(trainer.losses()[static_cast<std::size_t>(model)]);
  run.after_first_epoch = converted<double>(trainer.state(model));
  trainer.fit(samples.samples(), epochs - 1);
  std::vector<double> const more = converted<double>(trainer.losses()[static_cast<std::size_t>(model)]);
  run.losses.insert(run.losses.end(), more.begin(), more.end());
  run.after_last_epoch = converted<double>(trainer.state(model));
  typename ml::Trainer<Space, T>::Outputs const outputs("outputs", batch.count(), trainer.network().outputs());
  trainer.predict(model, samples.samples().inputs, outputs);
  Space().fence("predictions");
  run.predictions = values_of(outputs);
  return run;
}

/// The same by plain loops.
template <class R>
Trajectory reference_run(ml::NetworkSpec const& network, ml::TrainParams const& params, int model,
                         ml::ModelState<double> const& initial, Batch<double> const& batch, std::int64_t epochs,
                         Mutant mutant = Mutant::none) {
  ReferenceTrainer<R> trainer(network, params, model, mutant);
  trainer.parameters = converted<R>(initial.parameters);
  auto const state = [&] {
    ml::ModelState<double> now;
    now.parameters = converted<double>(trainer.parameters);
    now.first_moment = converted<double>(trainer.first_moment);
    now.second_moment = converted<double>(trainer.second_moment);
    now.buffers = converted<double>(trainer.buffers);
    return now;
  };
  Batch<R> const samples = converted<R>(batch);
  Trajectory run;
  run.losses = converted<double>(trainer.fit(samples, 1));
  run.after_first_epoch = state();
  std::vector<double> const more = converted<double>(trainer.fit(samples, epochs - 1));
  run.losses.insert(run.losses.end(), more.begin(), more.end());
  run.after_last_epoch = state();
  run.predictions = converted<double>(trainer.predict(samples.inputs).values);
  return run;
}

/// For comparisons with the reference: batches of 70, a learning rate per model. Plain momentum, since Adam divides by
/// gradients, and what rounding does to small ones would hide everything else; Adam is compared with PyTorch.
inline ml::TrainParams reference_params(ml::Loss loss) {
  ml::TrainParams params;
  params.loss = loss;
  params.optimizer.rule = ml::Rule::sgd;
  params.optimizer.momentum = 0.75;
  params.batch = 70;
  params.models = {{11, 0.0625, 0.03125}};
  return params;
}
/// A model alone and the same model among others.
inline std::vector<ml::TrainParams> alone_and_among_others(ml::TrainParams const& params) {
  ml::TrainParams among = params;
  among.models = {{1, 0.5, 0.0}, params.models[0], {2, 0.001, 0.5}};
  return {params, among};
}

/// Parameters of a fresh model, none of them special, and step 2 (dropout draws for step 3).
inline ml::ModelState<double> scattered_state(ml::NetworkSpec const& network) {
  ml::ModelState<double> state;
  state.parameters = scattered_parameters(network);
  state.first_moment.assign(state.parameters.size(), 0.0);
  state.second_moment.assign(state.parameters.size(), 0.0);
  state.buffers = ml::initial_buffers<double>(network);
  state.step = 2;
  return state;
}

/// What a trainer says of a batch at some parameters.
template <class Space, class T>
typename ReferenceNetwork<double>::Result trainer_gradient(ml::Trainer<Space, T>& trainer, int model,
                                                           ml::ModelState<double> const& state,
                                                           Batch<double> const& batch) {
  SamplesOn<Space, T> const samples(batch);
  typename ml::Trainer<Space, T>::Outputs const slopes("slopes", batch.count(), trainer.network().inputs());
  trainer.set_state(model, converted<T>(state));
  typename ReferenceNetwork<double>::Result result;
  result.loss = static_cast<double>(trainer.loss_and_gradient(model, samples.samples(), slopes));
  result.gradient = converted<double>(trainer.gradient(model));
  result.input_gradient = Matrix<double>(batch.count(), trainer.network().inputs());
  result.input_gradient.values = values_of(slopes);
  return result;
}

/// Derivatives of a trainer in double precision against central differences of its own loss; the reference says where the
/// kinks are.
template <class Space>
GradientCheck check_trainer(ml::Trainer<Space, double>& trainer, int model, Batch<double> const& batch) {
  ml::ModelState<double> state = scattered_state(trainer.network());
  ReferenceNetwork<double> reference(trainer.network());
  std::uint64_t const seed = trainer.params().models[static_cast<std::size_t>(model)].seed;
  auto const result = trainer_gradient(trainer, model, state, batch);
  Batch<double> moved = batch;
  auto const at = [&]() -> BentLoss {
    auto const bends =
        reference.loss_and_gradient(state.parameters, moved, trainer.params().loss, seed, state.step + 1).bends;
    return {trainer_gradient(trainer, model, state, moved).loss, bends};
  };
  std::vector<double> const parameters = state.parameters;
  auto const of_parameters = [&](std::vector<double> const& w) {
    state.parameters = w;
    return at();
  };
  GradientCheck check = check_gradient(parameters, result.gradient, of_parameters, parameter_places(trainer.network()));
  state.parameters = parameters;
  auto const of_inputs = [&](std::vector<double> const& x) {
    moved.inputs.values = x;
    return at();
  };
  std::vector<double> const& inputs = batch.inputs.values;
  check.add(check_gradient(inputs, result.input_gradient.values, of_inputs, all_places(inputs.size())));
  return check;
}

/// Largest |a - b| of a layer's arrays over the largest |b| of that layer, for the worst layer: a bias in front of batch_norm
/// has no slope, so that its own numbers are all rounding.
inline double layer_difference(std::vector<double> const& a, std::vector<double> const& b,
                               std::vector<ml::ArrayEntry> const& entries) {
  int layers = 0;
  for (ml::ArrayEntry const& entry : entries) layers = std::max(layers, entry.layer + 1);
  double largest = 0;
  for (int layer = 0; layer < layers; ++layer) {
    std::vector<double> of_a, of_b;
    for (ml::ArrayEntry const& entry : entries) {
      if (entry.layer != layer) continue;
      of_a.insert(of_a.end(), a.begin() + entry.offset, a.begin() + entry.offset + entry.size);
      of_b.insert(of_b.end(), b.begin() + entry.offset, b.begin() + entry.offset + entry.size);
    }
    largest = std::max(largest, relative_difference(of_a, of_b));
  }
  return largest;
}

/// Largest difference of a trainer's loss and derivatives from those of the reference in double precision, in units of
/// what rounding may do: 32 eps sqrt(K) of the largest number of the layer, for sums of K terms (samples of the batch,
/// or the widest layer).
template <class Space, class T>
double rounding_difference(ml::Trainer<Space, T>& trainer, int model, Batch<double> const& batch) {
  ml::NetworkSpec const& network = trainer.network();
  ml::ModelState<double> const state = scattered_state(network);
  std::uint64_t const seed = trainer.params().models[static_cast<std::size_t>(model)].seed;
  auto const exact = ReferenceNetwork<double>(network).loss_and_gradient(state.parameters, batch, trainer.params().loss,
                                                                         seed, state.step + 1);
  auto const mine = trainer_gradient(trainer, model, state, batch);
  int terms = std::max(batch.count(), network.inputs());
  for (ml::LayerSpec const& layer : network.layers()) terms = std::max(terms, layer.outputs);
  double const difference = std::max({relative_difference({mine.loss}, {exact.loss}),
                                      layer_difference(mine.gradient, exact.gradient, ml::arena_of(network).parameters),
                                      relative_difference(mine.input_gradient.values, exact.input_gradient.values)});
  return difference / (32 * static_cast<double>(std::numeric_limits<T>::epsilon()) * std::sqrt(terms));
}

}  // namespace kramers::test

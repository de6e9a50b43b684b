// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

// Part of gemm_trainer.hpp: training, prediction, and copies to and from the host.
namespace kramers::ml {

namespace detail {

/// Bring samples into the workspace.
template <execution_space Space, class T, class Order>
struct Loader {
  Samples<Space, T> samples;
  Order order;

  void load(Space const& exec, std::int64_t first, int count, int* elements, int* labels, Rows<T> inputs,
            Rows<T> targets) const {
    bool const with_labels = targets.features == 0;
    Kokkos::parallel_for("kramers::ml::pick_samples", Kokkos::RangePolicy<Space>(exec, 0, count),
                         PickSamples<Samples<Space, T>, Order>{samples, order, first, with_labels, elements, labels});
    gather(exec, "kramers::ml::gather_inputs", samples.inputs, count, elements, inputs);
    if (!with_labels) gather(exec, "kramers::ml::gather_targets", samples.targets, count, elements, targets);
  }

 private:
  using From = typename Samples<Space, T>::template Rows<T>;
  static void gather(Space const& exec, char const* label, From const& from, int count, int const* elements,
                     Rows<T> to) {
    if (from.stride(1) == 1) {
      DenseRows<T> const dense{from.data(), static_cast<std::int64_t>(from.stride(0))};
      for_elements(exec, label, count, to.features, GatherRows<DenseRows<T>, T>{dense, elements, to});
    } else {
      for_elements(exec, label, count, to.features, GatherRows<From, T>{from, elements, to});
    }
  }
};

}  // namespace detail

template <execution_space Space, real T>
bool GemmTrainer<Space, T>::goes_on(int model) const {
  // A device would have to be waited for; it skips the steps of a stopped model by itself.
  if constexpr (on_device<Space>) {
    return true;
  } else {
    return m_states(model).goes_on();
  }
}

template <execution_space Space, real T>
template <class Order>
void GemmTrainer<Space, T>::load(Samples<Space, T> const& samples, Order const& order, std::int64_t first, int count) {
  bool const with_targets = m_params.loss == Loss::mean_squared_error;
  detail::Loader<Space, T, Order>{samples, order}.load(m_exec, first, count, m_elements.data(), m_labels.data(),
                                                       {m_inputs.data(), m_network.inputs()},
                                                       {m_targets.data(), with_targets ? m_network.outputs() : 0});
}

/// Loss of the batch in the workspace and its gradients.
template <execution_space Space, real T>
T* GemmTrainer<Space, T>::differentiate(Pass const& pass, detail::MeanLoss<T> mean_loss, bool to_inputs) {
  int const outputs = m_network.outputs();
  detail::Rows<T const> const out{forward(pass), outputs};
  auto const losses = [&]<Loss L>() {
    Kokkos::parallel_for("kramers::ml::sample_loss", Kokkos::RangePolicy<Space>(m_exec, 0, pass.samples),
                         detail::SampleLoss<L, T>{out,
                                                  {m_targets.data(), outputs},
                                                  m_labels.data(),
                                                  {m_slopes[0].data(), outputs},
                                                  m_sample_losses.data(),
                                                  T(1) / static_cast<T>(pass.samples)});
  };
  if (m_params.loss == Loss::softmax_cross_entropy) {
    losses.template operator()<Loss::softmax_cross_entropy>();
  } else {
    losses.template operator()<Loss::mean_squared_error>();
  }
  mean_loss.samples = pass.samples;
  mean_loss.losses = m_sample_losses.data();
  mean_loss.mean_loss = m_loss.data();
  detail::for_feature_groups<T>(m_exec, "kramers::ml::mean_loss", 1, mean_loss);
  return backward(pass, to_inputs);
}

template <execution_space Space, real T>
void GemmTrainer<Space, T>::take_step(int model, std::int64_t step) {
  ModelParams const& p = m_params.models[static_cast<std::size_t>(model)];
  OptimizerParams const& rule = m_params.optimizer;
  auto const step_with = [&]<Rule R, bool Nesterov>() {
    detail::for_array(m_exec, "kramers::ml::take_step", m_arena.parameter_extent,
                      detail::TakeStep<R, Nesterov, T>{
                          StepConstants<T>(rule, step), static_cast<T>(p.learning_rate), static_cast<T>(p.weight_decay),
                          &m_states.data()[model], row_of(m_gradients, model), row_of(m_parameters, model),
                          row_of(m_first_moments, model), row_of(m_second_moments, model)});
  };
  switch (rule.rule) {
    case Rule::adam:
      step_with.template operator()<Rule::adam, false>();
      break;
    case Rule::adamw:
      step_with.template operator()<Rule::adamw, false>();
      break;
    case Rule::sgd:
      if (rule.nesterov) {
        step_with.template operator()<Rule::sgd, true>();
      } else {
        step_with.template operator()<Rule::sgd, false>();
      }
  }
  if (m_arena.buffer_extent == 0) return;
  detail::for_array(m_exec, "kramers::ml::take_statistics", m_arena.buffer_extent,
                    detail::TakeStatistics<T>{&m_states.data()[model], m_statistics.data(), row_of(m_buffers, model)});
}

template <execution_space Space, real T>
void GemmTrainer<Space, T>::run_epoch(int model, Samples<Space, T> const& samples, std::int64_t first_row) {
  std::int64_t const n = samples.count();
  auto const m = static_cast<std::size_t>(model);
  Permutation const order(m_params.models[m].seed, static_cast<std::uint64_t>(m_epoch[m]),
                          static_cast<std::uint32_t>(n));
  std::int64_t row = first_row;
  for (std::int64_t first = 0; first < n; first += m_params.batch, ++row) {
    if (!goes_on(model)) return;
    auto const count = static_cast<int>(std::min<std::int64_t>(m_params.batch, n - first));
    ++m_step[m];
    load(samples, order, first, count);
    detail::MeanLoss<T> mean_loss{};
    mean_loss.state = &m_states.data()[model];
    mean_loss.history = m_history.data() + row * this->models() + model;
    mean_loss.epoch_samples = first + count == n ? n : 0;
    mean_loss.patience = m_params.patience;
    differentiate({model, count, true, m_step[m]}, mean_loss, false);
    take_step(model, m_step[m]);
  }
  ++m_epoch[m];
}

template <execution_space Space, real T>
void GemmTrainer<Space, T>::fit(Samples<Space, T> const& samples, std::int64_t epochs) {
  Kokkos::Profiling::ScopedRegion const region("kramers::ml::fit");
  expects(epochs >= 0, "epochs", epochs, ">= 0");
  detail::check_samples(m_network, m_params.loss, samples);
  check_batches(m_network, m_params.batch, samples.count());
  std::int64_t const steps = (samples.count() + m_params.batch - 1) / m_params.batch;
  m_fit_steps = steps * epochs;
  if (m_history.extent_int(0) < m_fit_steps) {
    m_history = Table(Kokkos::view_alloc(m_exec, Kokkos::WithoutInitializing, "kramers::ml::gemm::history"),
                      m_fit_steps, this->models());
  }
  Kokkos::deep_copy(m_exec, m_history, std::numeric_limits<T>::quiet_NaN());
  for (int m = 0; m < this->models(); ++m) {
    for (std::int64_t e = 0; e < epochs && goes_on(m); ++e) run_epoch(m, samples, e * steps);
  }
}

template <execution_space Space, real T>
std::vector<std::vector<T>> GemmTrainer<Space, T>::losses() {
  auto const host = Kokkos::create_mirror_view(m_history);
  copy_view(m_exec, host, m_history);
  m_exec.fence("kramers::ml::losses");
  std::vector<std::vector<T>> losses(static_cast<std::size_t>(this->models()));
  for (int m = 0; m < this->models(); ++m) {
    for (std::int64_t s = 0; s < m_fit_steps; ++s) losses[static_cast<std::size_t>(m)].push_back(host(s, m));
  }
  return losses;
}

template <execution_space Space, real T>
std::vector<Divergence> GemmTrainer<Space, T>::divergences() {
  auto const host = Kokkos::create_mirror_view(m_states);
  copy_view(m_exec, host, m_states);
  m_exec.fence("kramers::ml::divergences");
  std::vector<Divergence> list;
  for (int m = 0; m < this->models(); ++m) {
    if (host(m).diverged_at == 0) continue;
    list.push_back({m, host(m).diverged_at, m_params.models[static_cast<std::size_t>(m)].learning_rate});
  }
  return list;
}

template <execution_space Space, real T>
T GemmTrainer<Space, T>::loss_and_gradient(int model, Samples<Space, T> const& samples, Outputs const& input_gradient) {
  detail::check_model(model, this->models());
  detail::check_gradient_request(m_network, m_params, samples, input_gradient);
  auto const count = static_cast<int>(samples.count());
  bool const to_inputs = input_gradient.extent(0) > 0;
  load(samples, detail::RowOrder{}, 0, count);
  std::int64_t const step = training_state_of(model).step + 1;
  detail::Rows<T const> const slopes{differentiate({model, count, true, step}, {}, to_inputs), m_network.inputs()};
  if (to_inputs) {
    detail::for_elements(m_exec, "kramers::ml::input_gradient", count, slopes.features,
                         detail::CopyRows<detail::Rows<T const>, Outputs>{slopes, input_gradient, 0, 0});
  }
  T loss = 0;
  Kokkos::deep_copy(m_exec, Kokkos::View<T*, Kokkos::HostSpace, Kokkos::MemoryUnmanaged>(&loss, 1), m_loss);
  m_exec.fence("kramers::ml::loss_and_gradient");
  return loss;
}

template <execution_space Space, real T>
void GemmTrainer<Space, T>::predict(int model, Inputs const& inputs, Outputs const& outputs) {
  Kokkos::Profiling::ScopedRegion const region("kramers::ml::predict");
  detail::check_model(model, this->models());
  detail::check_prediction(m_network, inputs, outputs);
  using detail::Rows;
  for (std::int64_t first = 0; first < inputs.extent_int(0); first += m_rows) {
    auto const count = static_cast<int>(std::min<std::int64_t>(m_rows, inputs.extent_int(0) - first));
    Rows<T> const in{m_inputs.data(), m_network.inputs()};
    detail::for_elements(m_exec, "kramers::ml::load_inputs", count, in.features,
                         detail::CopyRows<Inputs, Rows<T>>{inputs, in, first, 0});
    Rows<T const> const out{forward({model, count, false}), m_network.outputs()};
    detail::for_elements(m_exec, "kramers::ml::store_outputs", count, out.features,
                         detail::CopyRows<Rows<T const>, Outputs>{out, outputs, 0, first});
  }
}

template <execution_space Space, real T>
void GemmTrainer<Space, T>::upload(Table const& table, int model, std::vector<T> const& values) {
  Kokkos::View<T const*, Kokkos::HostSpace, Kokkos::MemoryUnmanaged> const host(values.data(), values.size());
  Kokkos::deep_copy(m_exec, Kokkos::subview(table, model, Kokkos::ALL), host);
}

template <execution_space Space, real T>
std::vector<T> GemmTrainer<Space, T>::download(Table const& table, int model) {
  std::vector<T> values(table.extent(1));
  Kokkos::View<T*, Kokkos::HostSpace, Kokkos::MemoryUnmanaged> const host(values.data(), values.size());
  Kokkos::deep_copy(m_exec, host, Kokkos::subview(table, model, Kokkos::ALL));
  m_exec.fence("kramers::ml::download");
  return values;
}

template <execution_space Space, real T>
std::vector<T> GemmTrainer<Space, T>::gradient(int model) {
  detail::check_model(model, this->models());
  return download(m_gradients, model);
}

template <execution_space Space, real T>
detail::TrainingState<T> GemmTrainer<Space, T>::training_state_of(int model) {
  detail::TrainingState<T> state;
  Kokkos::View<detail::TrainingState<T>, Kokkos::HostSpace, Kokkos::MemoryUnmanaged> const host(&state);
  Kokkos::deep_copy(m_exec, host, Kokkos::subview(m_states, model));
  m_exec.fence("kramers::ml::training_state");
  return state;
}

template <execution_space Space, real T>
ModelState<T> GemmTrainer<Space, T>::state(int model) {
  detail::check_model(model, this->models());
  ModelState<T> state{download(m_parameters, model), download(m_first_moments, model),
                      download(m_second_moments, model), download(m_buffers, model)};
  training_state_of(model).copy_to(state);
  return state;
}

template <execution_space Space, real T>
void GemmTrainer<Space, T>::set_state(int model, ModelState<T> const& state) {
  detail::check_model(model, this->models());
  detail::check_state(m_arena.parameter_extent, m_arena.buffer_extent, state);
  upload(m_parameters, model, state.parameters);
  upload(m_first_moments, model, state.first_moment);
  upload(m_second_moments, model, state.second_moment);
  upload(m_buffers, model, state.buffers);
  auto const training = detail::TrainingState<T>::of(state);
  Kokkos::View<detail::TrainingState<T> const, Kokkos::HostSpace, Kokkos::MemoryUnmanaged> const host(&training);
  Kokkos::deep_copy(m_exec, Kokkos::subview(m_states, model), host);
  m_exec.fence("kramers::ml::set_state");
  m_step[static_cast<std::size_t>(model)] = state.step;
  m_epoch[static_cast<std::size_t>(model)] = state.epoch;
}

template <execution_space Space, real T>
std::int64_t GemmTrainer<Space, T>::state_bytes() const {
  std::size_t elements = 0;
  for (Table const* table : {&m_parameters, &m_gradients, &m_first_moments, &m_second_moments, &m_buffers, &m_history,
                             &m_inputs, &m_targets, &m_slopes[0], &m_slopes[1]}) {
    elements += table->size();
  }
  for (Layer const& layer : m_layers) elements += layer.values.size() + layer.linear_values.size();
  elements += m_statistics.size() + m_roots.size() + m_sample_losses.size() + m_loss.size();
  return static_cast<std::int64_t>(elements * sizeof(T) + (m_labels.size() + m_elements.size()) * sizeof(int) +
                                   m_states.size() * sizeof(detail::TrainingState<T>));
}

}  // namespace kramers::ml

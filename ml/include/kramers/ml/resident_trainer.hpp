// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/base/error.hpp>
#include <kramers/core/copy_view.hpp>
#include <kramers/ml/detail/checks.hpp>
#include <kramers/ml/detail/fit_kernel.hpp>
#include <kramers/ml/detail/mapped_kernel.hpp>
#include <kramers/ml/detail/predict_kernel.hpp>
#include <kramers/ml/mlp.hpp>
#include <kramers/ml/trainer.hpp>

#include <Kokkos_Profiling_ScopedRegion.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace kramers::ml {

/// Trains small networks whose sizes are in their type: whole epochs per launch, with parameters, moments and the values of
/// a batch in a few kilobytes that stay in L1 (on devices in team scratch), the optimiser and the shuffling of the data
/// included.
///
/// On a CPU one model has the samples in its SIMD lanes, and of many each lane has one; on a device each model has a
/// team. The bits are the same (detail/lane_mapping.hpp says how).
///
/// Memory is allocated in the constructor; only the history of losses grows, when a fit has more steps than any before and
/// than there was room for (8192 at first).
/// Cost     two passes over a batch per step; nothing else is moved but samples in and one loss out
template <execution_space Space, class Net>
class ResidentTrainer final : public Trainer<Space, typename Net::value_type> {
 public:
  using T = typename Net::value_type;
  using Base = Trainer<Space, T>;
  using typename Base::Inputs;
  using typename Base::Outputs;

  /// @throws DomainError  a value out of its range
  ResidentTrainer(Space const& exec, TrainParams const& params)
      : m_exec(exec),
        m_network(Net::spec()),
        m_params((check(m_network, params), params)),
        m_packs(models_in_lanes() ? full_packs() : models()),
        m_arena(alloc("arena"), models(), ModelWork::kept),
        m_memory(alloc("memory"), on_device<Space> ? 0 : m_packs, on_device<Space> ? 0 : memory_size()),
        m_states(alloc("states"), models()),
        m_models(alloc("models"), models()),
        m_losses(alloc("losses"), room_for_losses, models()),
        m_loss(alloc("loss"), 1),
        m_host_row("kramers::ResidentTrainer::host_row", ModelWork::kept),
        m_host_states(Kokkos::create_mirror_view(m_states)),
        m_host_loss(Kokkos::create_mirror_view(m_loss)) {
    auto const arena = Kokkos::create_mirror_view(m_arena);
    auto const model = Kokkos::create_mirror_view(m_models);
    std::vector<T> const buffers = initial_buffers<T>(m_network);
    for (int m = 0; m < models(); ++m) {
      model(m) = params.models[static_cast<std::size_t>(m)];
      m_host_states(m) = {};
      auto const parameters = initial_parameters<T>(m_network, params.initialisation, model(m).seed);
      std::fill_n(&arena(m, 0), ModelWork::kept, T(0));
      std::copy(parameters.begin(), parameters.end(), &arena(m, 0));
      std::copy(buffers.begin(), buffers.end(), &arena(m, 0) + first_buffer);
    }
    copy_view(m_exec, m_arena, arena);
    copy_view(m_exec, m_models, model);
    copy_view(m_exec, m_states, m_host_states);
    m_exec.fence("kramers::ResidentTrainer");
  }

  NetworkSpec const& network() const override { return m_network; }
  TrainParams const& params() const override { return m_params; }
  std::string engine() const override { return models() == 1 ? "resident" : "many models"; }
  using Base::models;

  void fit(Samples<Space, T> const& samples, std::int64_t epochs) override;

  std::vector<std::vector<T>> losses() override {
    auto const rows = Kokkos::subview(m_losses, std::pair(std::int64_t{0}, m_steps), Kokkos::ALL);
    auto const host = Kokkos::create_mirror_view(rows);
    copy_view(m_exec, host, rows);
    m_exec.fence("kramers::ResidentTrainer::losses");
    std::vector<std::vector<T>> result(static_cast<std::size_t>(models()));
    for (int m = 0; m < models(); ++m) {
      for (std::int64_t s = 0; s < m_steps; ++s) result[static_cast<std::size_t>(m)].push_back(host(s, m));
    }
    return result;
  }

  std::vector<Divergence> divergences() override {
    read_states();
    std::vector<Divergence> result;
    for (int m = 0; m < models(); ++m) {
      std::int64_t const step = m_host_states(m).diverged_at;
      if (step != 0) result.push_back({m, step, m_params.models[static_cast<std::size_t>(m)].learning_rate});
    }
    return result;
  }

  T loss_and_gradient(int model, Samples<Space, T> const& samples, Outputs const& input_gradient) override;

  std::vector<T> gradient(int model) override {
    read_row(model);
    return part(Net::parameter_extent, Net::parameter_extent);
  }

  void predict(int model, Inputs const& inputs, Outputs const& outputs) override;

  ModelState<T> state(int model) override {
    read_row(model);
    read_states();
    constexpr int parameters = Net::parameter_extent;
    ModelState<T> state{part(0, parameters), part(2 * parameters, parameters), part(3 * parameters, parameters),
                        part(first_buffer, Net::buffer_extent)};
    m_host_states(model).copy_to(state);
    return state;
  }

  void set_state(int model, ModelState<T> const& state) override {
    detail::check_state(Net::parameter_extent, Net::buffer_extent, state);
    read_row(model);
    read_states();
    constexpr int parameters = Net::parameter_extent;
    set_part(0, state.parameters);
    set_part(2 * parameters, state.first_moment);
    set_part(3 * parameters, state.second_moment);
    set_part(first_buffer, state.buffers);
    m_host_states(model) = detail::TrainingState<T>::of(state);
    copy_view(m_exec, row(model), m_host_row);
    copy_view(m_exec, m_states, m_host_states);
    m_exec.fence("kramers::ResidentTrainer::set_state");
  }

  std::int64_t state_bytes() const override {
    auto const bytes = [](auto const&... views) {
      return (static_cast<std::int64_t>(views.size() * sizeof(*views.data())) + ...);
    };
    return bytes(m_arena, m_memory, m_states, m_models, m_losses, m_loss);
  }

 private:
  using ColumnLanes = detail::ColumnLanes<T>;
  using ModelLanes = detail::ModelLanes<T>;
  using ModelWork = detail::Batch<Net, ColumnLanes>;
  using ArenaView = Kokkos::View<T**, Kokkos::LayoutRight, Space>;
  using LossView = Kokkos::View<T**, Kokkos::LayoutRight, Space>;
  static constexpr int first_buffer = 4 * Net::parameter_extent;
  static constexpr int room_for_losses = 8192;

  auto alloc(std::string const& what) const { return Kokkos::view_alloc(m_exec, "kramers::ResidentTrainer::" + what); }
  int full_packs() const { return (models() + ModelLanes::models - 1) / ModelLanes::models; }
  // Lanes without a model take as long as those with one, so there shall be few; else models go one by one.
  bool models_in_lanes() const { return !on_device<Space> && 8 * full_packs() * ModelLanes::models <= 9 * models(); }
  int memory_size() const {
    int const one = ModelWork::size(m_params.batch);
    return models_in_lanes() ? std::max(one, detail::Batch<Net, ModelLanes>::size(m_params.batch)) : one;
  }

  // A launch shall stay well below a second, on devices (2 ns per sample and parameter, a thousand models at a time) as on
  // CPUs: some of them are taken away from programs that hold them longer.
  std::int64_t epochs_per_launch(std::int64_t samples) const {
    std::int64_t const work = samples * Net::parameter_extent * (1 + models() / 1024);
    return std::max(std::int64_t{1}, (std::int64_t{1} << 27) / work);
  }

  auto row(int model) const { return Kokkos::subview(m_arena, model, Kokkos::ALL); }
  void read_row(int model) {
    detail::check_model(model, models());
    copy_view(m_exec, m_host_row, row(model));
    m_exec.fence("kramers::ResidentTrainer::read_row");
  }
  void read_states() {
    copy_view(m_exec, m_host_states, m_states);
    m_exec.fence("kramers::ResidentTrainer::read_states");
  }
  std::vector<T> part(int first, int size) const {
    return std::vector<T>(m_host_row.data() + first, m_host_row.data() + first + size);
  }
  void set_part(int first, std::vector<T> const& values) {
    std::copy(values.begin(), values.end(), m_host_row.data() + first);
  }

  Space m_exec;
  NetworkSpec m_network;
  TrainParams m_params;
  int m_packs;
  ArenaView m_arena, m_memory;
  Kokkos::View<detail::TrainingState<T>*, Space> m_states;
  Kokkos::View<ModelParams*, Space> m_models;
  LossView m_losses;
  Kokkos::View<T*, Space> m_loss;
  Kokkos::View<T*, Kokkos::HostSpace> m_host_row;
  typename Kokkos::View<detail::TrainingState<T>*, Space>::host_mirror_type m_host_states;
  typename Kokkos::View<T*, Space>::host_mirror_type m_host_loss;
  std::int64_t m_steps = 0;  // of the last fit
};

// What launches kernels is no inline function, so that an explicit instantiation elsewhere keeps it from being compiled.

template <execution_space Space, class Net>
void ResidentTrainer<Space, Net>::fit(Samples<Space, T> const& samples, std::int64_t epochs) {
  Kokkos::Profiling::ScopedRegion const region("kramers::ml::fit");
  expects(epochs >= 0, "epochs", epochs, ">= 0");
  check_batches(m_network, m_params.batch, samples.count());
  detail::check_samples(m_network, m_params.loss, samples);
  std::int64_t const steps = (samples.count() + m_params.batch - 1) / m_params.batch;
  m_steps = epochs * steps;
  if (m_steps > m_losses.extent_int(0)) m_losses = LossView(alloc("losses"), m_steps, models());
  Kokkos::deep_copy(m_exec, Kokkos::subview(m_losses, std::pair(std::int64_t{0}, m_steps), Kokkos::ALL),
                    Kokkos::Experimental::quiet_NaN_v<T>);
  std::int64_t const most = epochs_per_launch(samples.count());
  for (std::int64_t done = 0; done < epochs; done += most) {
    detail::FitWork<Space, Net> const work{samples,           m_arena,
                                           m_states,          m_models,
                                           m_losses,          m_params.optimizer,
                                           m_params.loss,     m_params.batch,
                                           m_params.patience, std::min(most, epochs - done),
                                           done * steps};
    if (models_in_lanes()) {
      detail::launch<Net, detail::ModelLanes>("kramers::ml::fit", m_exec, work, m_packs, m_params.batch, m_memory);
    } else {
      detail::launch<Net, detail::ColumnLanes>("kramers::ml::fit", m_exec, work, m_packs, m_params.batch, m_memory);
    }
  }
}

template <execution_space Space, class Net>
auto ResidentTrainer<Space, Net>::loss_and_gradient(int model, Samples<Space, T> const& samples,
                                                    Outputs const& input_gradient) -> T {
  detail::check_model(model, models());
  detail::check_gradient_request(m_network, m_params, samples, input_gradient);
  detail::GradientWork<Space, Net> const work{samples, m_arena,        m_states,      m_models,
                                              m_loss,  input_gradient, m_params.loss, model};
  detail::launch<Net, detail::ColumnLanes>("kramers::ml::gradient", m_exec, work, 1, m_params.batch, m_memory);
  copy_view(m_exec, m_host_loss, m_loss);
  m_exec.fence("kramers::ResidentTrainer::loss_and_gradient");
  return m_host_loss(0);
}

template <execution_space Space, class Net>
void ResidentTrainer<Space, Net>::predict(int model, Inputs const& inputs, Outputs const& outputs) {
  detail::check_model(model, models());
  detail::check_prediction(m_network, inputs, outputs);
  constexpr int W = on_device<Space> ? 1 : detail::batch_columns;
  auto const packs = (static_cast<std::int64_t>(inputs.extent(0)) + W - 1) / W;
  Kokkos::parallel_for("kramers::ml::predict",
                       Kokkos::RangePolicy<Space, Kokkos::IndexType<std::int64_t>>(m_exec, 0, packs),
                       detail::PredictKernel<Space, Net, W>{inputs, outputs, m_arena, model});
}

}  // namespace kramers::ml

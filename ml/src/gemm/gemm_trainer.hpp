// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/base/error.hpp>
#include <kramers/core/copy_view.hpp>
#include <kramers/ml/detail/checks.hpp>
#include <kramers/ml/detail/gemm.hpp>
#include <kramers/ml/gemm_trainer.hpp>

#include <Kokkos_Profiling_ScopedRegion.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

#include "layer_kernels.hpp"
#include "step_kernels.hpp"

namespace kramers::ml {
namespace detail {

/// Prediction in chunks smaller than this would leave the matrix products too little to do.
inline constexpr int least_rows = 256;

inline int widest_of(NetworkSpec const& network) {
  int widest = network.inputs();
  for (LayerSpec const& layer : network.layers()) widest = std::max(widest, layer.outputs);
  return widest;
}

}  // namespace detail

/// One way through the network.
template <execution_space Space, real T>
struct GemmTrainer<Space, T>::Pass {
  int model;
  int samples;
  bool training;
  std::int64_t step = 0;  // for the draws of dropout
};

template <execution_space Space, real T>
GemmTrainer<Space, T>::GemmTrainer(Space const& exec, NetworkSpec network, TrainParams params)
    : GemmTrainer(exec, std::move(network), std::move(params), choose_gemm(on_device<Space>).back_end) {}

template <execution_space Space, real T>
GemmTrainer<Space, T>::GemmTrainer(Space const& exec, NetworkSpec network, TrainParams params, GemmBackEnd back_end)
    : m_exec(exec),
      m_network(std::move(network)),
      m_params(std::move(params)),
      m_arena(arena_of(m_network)),
      m_back_end(back_end),
      m_rows(std::max(m_params.batch, detail::least_rows)) {
  check(m_network, m_params);
  expects(has_back_end(back_end, on_device<Space>), "back end of matrix products", name_of(back_end),
          "one that this build has for " + std::string(Space::name()));
  auto const table = [&](char const* name, int rows, int columns) {
    return Table(Kokkos::view_alloc(m_exec, std::string("kramers::ml::gemm::") + name), rows, columns);
  };
  int const outputs = m_network.outputs();
  m_parameters = table("parameters", this->models(), m_arena.parameter_extent);
  m_gradients = table("gradients", this->models(), m_arena.parameter_extent);
  m_first_moments = table("first_moments", this->models(), m_arena.parameter_extent);
  m_second_moments = table("second_moments", this->models(), m_arena.parameter_extent);
  m_buffers = table("buffers", this->models(), m_arena.buffer_extent);
  m_inputs = table("inputs", m_rows, m_network.inputs());
  m_targets = table("targets", m_params.loss == Loss::mean_squared_error ? m_rows : 0, outputs);
  for (Table& slopes : m_slopes) slopes = table("slopes", m_rows, detail::widest_of(m_network));
  auto const line = [&](char const* name, int extent) {
    return Kokkos::View<T*, Space>(Kokkos::view_alloc(m_exec, std::string("kramers::ml::gemm::") + name), extent);
  };
  m_statistics = line("statistics", m_arena.buffer_extent);
  m_roots = line("roots", m_arena.buffer_extent);
  m_sample_losses = line("sample_losses", m_rows);
  m_loss = line("loss", 1);
  m_labels = Kokkos::View<int*, Space>(Kokkos::view_alloc(m_exec, "kramers::ml::gemm::labels"), m_rows);
  m_elements = Kokkos::View<int*, Space>(Kokkos::view_alloc(m_exec, "kramers::ml::gemm::elements"), m_rows);
  m_states = Kokkos::View<detail::TrainingState<T>*, Space>(Kokkos::view_alloc(m_exec, "kramers::ml::gemm::states"),
                                                            this->models());
  add_layers();

  for (int m = 0; m < this->models(); ++m) {
    ModelState<T> start;
    start.parameters =
        initial_parameters<T>(m_network, m_params.initialisation, m_params.models[static_cast<std::size_t>(m)].seed);
    start.buffers = initial_buffers<T>(m_network);
    start.first_moment.resize(start.parameters.size());
    start.second_moment.resize(start.parameters.size());
    m_step.push_back(0);
    m_epoch.push_back(0);
    set_state(m, start);
  }
}

template <execution_space Space, real T>
void GemmTrainer<Space, T>::add_layers() {
  T const* in = m_inputs.data();
  for (std::size_t i = 0; i < m_network.layers().size(); ++i) {
    Layer layer;
    layer.spec = m_network.layers()[i];
    layer.index = static_cast<int>(i);
    for (ArrayEntry const& entry : m_arena.parameters) {
      if (entry.layer == layer.index) (entry.name.ends_with(".weight") ? layer.weight : layer.bias) = entry.offset;
    }
    for (ArrayEntry const& entry : m_arena.buffers) {
      if (entry.layer == layer.index)
        (entry.name.ends_with(".running_mean") ? layer.mean : layer.variance) = entry.offset;
    }
    layer.values = Table(Kokkos::view_alloc(m_exec, "kramers::ml::gemm::values"), m_rows, layer.spec.outputs);
    layer.linear = layer.values.data();
    detail::for_activation(layer.spec.activation, [&]<Activation A>() {
      if (slope_from_value<A>) return;
      layer.linear_values = Table(Kokkos::view_alloc(m_exec, "kramers::ml::gemm::linear"), m_rows, layer.spec.outputs);
      layer.linear = layer.linear_values.data();
    });
    layer.in = in;
    in = layer.values.data();
    m_layers.push_back(std::move(layer));
  }
}

template <execution_space Space, real T>
std::string GemmTrainer<Space, T>::engine() const {
  switch (m_back_end) {
    case GemmBackEnd::kernels:
      return "matrix products (Kokkos Kernels)";
    case GemmBackEnd::openblas:
      return "matrix products (OpenBLAS)";
    case GemmBackEnd::plain:
      break;
  }
  return "matrix products (plain Kokkos kernel)";
}

}  // namespace kramers::ml

#include "gemm_trainer_pass.hpp"
#include "gemm_trainer_run.hpp"

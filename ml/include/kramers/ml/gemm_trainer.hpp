// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/ml/detail/training_state.hpp>
#include <kramers/ml/gemm.hpp>
#include <kramers/ml/trainer.hpp>

#include <Kokkos_Core.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace kramers::ml {

namespace detail {
template <class T>
struct MeanLoss;
}  // namespace detail

/// A Trainer for layers of any size: a few matrix products per layer and step, and around each of them one kernel. Several
/// models are trained one after the other.
///
/// Sums over a batch follow fixed trees; with the back ends openblas and plain the bits do not depend on the number of
/// threads, with plain they are the same on every space. Instantiated for the spaces of the build, float and double.
///
/// Allocates in its constructor, and in `fit` where the history of losses is longer than that of any fit before.
///
/// @note  Cost  per step, layer and model: three matrix products of 2 batch inputs outputs operations (two in the first
///              layer), some 6 passes over its values and 28 bytes (fp32, adam) per parameter
template <execution_space Space, real T>
class GemmTrainer final : public Trainer<Space, T> {
 public:
  using typename Trainer<Space, T>::Inputs;
  using typename Trainer<Space, T>::Outputs;

  /// With the back end that choose_gemm gives.
  /// @throws DomainError  a parameter out of its range
  GemmTrainer(Space const& exec, NetworkSpec network, TrainParams params);
  /// @throws DomainError  also if the build lacks this back end for Space
  GemmTrainer(Space const& exec, NetworkSpec network, TrainParams params, GemmBackEnd back_end);

  NetworkSpec const& network() const override { return m_network; }
  TrainParams const& params() const override { return m_params; }
  /// "matrix products (OpenBLAS)", "matrix products (Kokkos Kernels)", "matrix products (plain Kokkos kernel)".
  std::string engine() const override;
  GemmBackEnd back_end() const { return m_back_end; }

  void fit(Samples<Space, T> const& samples, std::int64_t epochs) override;
  std::vector<std::vector<T>> losses() override;
  std::vector<Divergence> divergences() override;
  T loss_and_gradient(int model, Samples<Space, T> const& samples, Outputs const& input_gradient) override;
  std::vector<T> gradient(int model) override;
  void predict(int model, Inputs const& inputs, Outputs const& outputs) override;
  ModelState<T> state(int model) override;
  void set_state(int model, ModelState<T> const& state) override;
  std::int64_t state_bytes() const override;

 private:
  using Table = Kokkos::View<T**, Kokkos::LayoutRight, Space>;

  /// A layer, where its arrays lie, and what its passes leave behind.
  struct Layer {
    LayerSpec spec;
    int index = 0;               // in the network
    int weight = 0, bias = 0;    // offsets in the arena
    int mean = 0, variance = 0;  // offsets in the buffers
    T const* in = nullptr;       // (rows, inputs) in training
    T* linear = nullptr;         // (rows, outputs) W x
    Table values;                // (rows, outputs)
    Table linear_values;         // (rows, outputs) where z is needed for the slope, else values serve for both
  };
  struct Pass;

  void add_layers();
  T* row_of(Table const& table, int model) const { return table.data() + model * table.extent(1); }
  template <class Order>
  void load(Samples<Space, T> const& samples, Order const& order, std::int64_t first, int count);
  T* forward(Pass const& pass);
  T* backward(Pass const& pass, bool to_inputs);
  T* differentiate(Pass const& pass, detail::MeanLoss<T> mean_loss, bool to_inputs);
  void take_step(int model, std::int64_t step);
  void run_epoch(int model, Samples<Space, T> const& samples, std::int64_t first_row);
  bool goes_on(int model) const;
  void upload(Table const& table, int model, std::vector<T> const& values);
  std::vector<T> download(Table const& table, int model);
  detail::TrainingState<T> training_state_of(int model);

  Space m_exec;
  NetworkSpec m_network;
  TrainParams m_params;
  ArenaTable m_arena;
  GemmBackEnd m_back_end;
  int m_rows;  // of the workspace

  Table m_parameters, m_gradients, m_first_moments, m_second_moments, m_buffers;  // (models, extent of the arena)
  Kokkos::View<detail::TrainingState<T>*, Space> m_states;                        // (models)
  Table m_history;                                                                // (steps, models)
  std::int64_t m_fit_steps = 0;
  std::vector<std::int64_t> m_step, m_epoch;  // of models that go on, as the host knows them

  std::vector<Layer> m_layers;
  Table m_inputs, m_targets;                       // (rows, inputs), (rows, outputs)
  Kokkos::View<int*, Space> m_labels, m_elements;  // (rows)
  Kokkos::View<T*, Space> m_statistics;            // (extent of the buffers) mean and unbiased variance of the batch
  Kokkos::View<T*, Space> m_roots;  // (extent of the buffers) at the places of variances, 1 / sqrt(variance + epsilon)
  Kokkos::View<T*, Space> m_sample_losses, m_loss;  // (rows), (1)
  Table m_slopes[2];                                // (rows, widest layer) gradients with respect to values, in turns
};

}  // namespace kramers::ml

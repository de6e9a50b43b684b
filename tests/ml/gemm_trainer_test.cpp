// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/ml/gemm_trainer.hpp>

#include <Kokkos_Core.hpp>

#include <gtest/gtest.h>
#include <spaces.hpp>

#include <atomic>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "ml_trainer_checks.hpp"

namespace kramers::test {

using ml::Activation;
using ml::GemmBackEnd;
using ml::GemmTrainer;
using ml::NetworkSpec;
using ml::TrainParams;

/// Every kind of layer; widths that fill no vector, and one that is wider than a block of lanes.
inline NetworkSpec everything() {
  return NetworkSpec(3)
      .dense(70, Activation::gelu_erf)
      .batch_norm()
      .dense(33, Activation::tanh)
      .dropout(0.3)
      .dense(9, Activation::relu)
      .dense(3);
}

inline TrainParams params_of(std::vector<std::uint64_t> const& seeds, int batch = 40) {
  TrainParams p;
  p.batch = batch;
  for (std::uint64_t const seed : seeds) p.models.push_back({seed, 1e-2 * static_cast<double>(1 + seed % 3), 1e-3});
  return p;
}

inline TrainParams params_with(ml::OptimizerParams const& optimizer, ml::Loss loss) {
  TrainParams p = params_of({5});
  p.optimizer = optimizer;
  p.loss = loss;
  return p;
}

inline std::vector<GemmBackEnd> back_ends_on(bool device) {
  std::vector<GemmBackEnd> list;
  for (auto const back_end : {GemmBackEnd::kernels, GemmBackEnd::openblas, GemmBackEnd::plain}) {
    if (ml::has_back_end(back_end, device)) list.push_back(back_end);
  }
  return list;
}

template <class T>
void expect_same_state(ml::ModelState<T> const& a, ml::ModelState<T> const& b, std::string const& what) {
  EXPECT_EQ(a.parameters, b.parameters) << what;
  EXPECT_EQ(a.first_moment, b.first_moment) << what;
  EXPECT_EQ(a.second_moment, b.second_moment) << what;
  EXPECT_EQ(a.buffers, b.buffers) << what;
  EXPECT_EQ(a.step, b.step) << what;
  EXPECT_EQ(a.epoch, b.epoch) << what;
  EXPECT_EQ(a.best_loss, b.best_loss) << what;
  EXPECT_EQ(a.epochs_without_improvement, b.epochs_without_improvement) << what;
  EXPECT_EQ(a.stopped, b.stopped) << what;
}

/// Training by each back end beside the plain loops of the reference in double precision.
template <class Space, class T>
void expect_trajectory_of_reference(TrainParams const& params) {
  NetworkSpec const network = everything();
  auto const batch = scattered_samples(network, 100);  // steps of 40, 40 and 20
  ml::ModelState<double> initial = scattered_state(network);
  initial.step = 0;
  Trajectory const want = reference_run<double>(network, params, 0, initial, batch, 7);
  for (GemmBackEnd const back_end : back_ends_on(on_device<Space>)) {
    GemmTrainer<Space, T> trainer(Space(), network, params, back_end);
    Trajectory const got = trainer_run(trainer, 0, initial, batch, 7);
    // 21 steps of a network with a batch_norm: rounding grows by some ten per layer, and Adam's division by the root of
    // the second moment by more where gradients are small; 2^-52 1e4, 2^-23 1e4.
    double const tolerance = 1e4 * static_cast<double>(std::numeric_limits<T>::epsilon());
    EXPECT_LE(relative_difference(got.losses, want.losses), tolerance) << name_of(back_end);
    EXPECT_LE(relative_difference(got.predictions, want.predictions), tolerance) << name_of(back_end);
    EXPECT_EQ(got.losses.size(), 21U);
  }
}

/// All models' states after some calls of fit.
template <class Space, class T>
std::vector<ml::ModelState<T>> states_after(Space const& exec, TrainParams const& params,
                                            std::vector<std::int64_t> const& fits, GemmBackEnd back_end) {
  NetworkSpec const network = everything();
  SamplesOn<Space, T> const samples(scattered_samples(network, 100));
  GemmTrainer<Space, T> trainer(exec, network, params, back_end);
  for (std::int64_t const epochs : fits) trainer.fit(samples.samples(), epochs);
  std::vector<ml::ModelState<T>> states;
  for (int m = 0; m < trainer.models(); ++m) states.push_back(trainer.state(m));
  return states;
}

template <class Space, class T>
void expect_states(Space const& exec, TrainParams const& params, std::vector<std::int64_t> const& fits,
                   std::vector<ml::ModelState<T>> const& want, GemmBackEnd back_end, std::string const& what) {
  auto const got = states_after<Space, T>(exec, params, fits, back_end);
  ASSERT_EQ(got.size(), want.size());
  for (std::size_t m = 0; m < got.size(); ++m) expect_same_state(got[m], want[m], what + ", " + name_of(back_end));
}

/// The bits of a model trained on samples whose features lie side by side, and on the same ones feature by feature.
template <class Space, class T>
void expect_any_strides() {
  NetworkSpec const network = everything();
  SamplesOn<Space, T> const owner(scattered_samples(network, 100));
  ml::Samples<Space, T> samples = owner.samples();
  Kokkos::View<T**, Kokkos::LayoutLeft, Space> const columns("columns", 100, network.inputs());
  Kokkos::deep_copy(columns, samples.inputs);
  GemmTrainer<Space, T> first(Space(), network, params_of({1})), second(Space(), network, params_of({1}));
  first.fit(samples, 2);
  samples.inputs = columns;
  second.fit(samples, 2);
  expect_same_state(second.state(0), first.state(0), "feature by feature");
}

/// Counts what Kokkos allocates while it lives.
class Allocations {
 public:
  Allocations() {
    count = 0;
    Kokkos::Tools::Experimental::set_allocate_data_callback(
        [](Kokkos_Profiling_SpaceHandle, char const*, void const*, std::uint64_t) { ++count; });
  }
  ~Allocations() { Kokkos::Tools::Experimental::set_allocate_data_callback(nullptr); }
  static int made() { return count; }

 private:
  inline static std::atomic<int> count = 0;
};

template <class Space, class T>
void expect_no_allocation() {
  NetworkSpec const network = everything();
  SamplesOn<Space, T> const samples(scattered_samples(network, 100));
  typename ml::Trainer<Space, T>::Outputs const outputs("outputs", 100, 3);
  ml::Samples<Space, T> const data = samples.samples();
  GemmTrainer<Space, T> trainer(Space(), network, params_of({1, 2}));
  trainer.fit(data, 2);  // the history of losses is made
  Allocations const allocations;
  trainer.fit(data, 2);
  trainer.predict(0, data.inputs, outputs);
  Space().fence("kramers::test");
  EXPECT_EQ(allocations.made(), 0);
}

}  // namespace kramers::test

namespace kt = kramers::test;
namespace ml = kramers::ml;

template <class Config>
struct GemmTrainer : ::testing::Test {};
TYPED_TEST_SUITE(GemmTrainer, kt::AllConfigs, kt::ConfigName);

TYPED_TEST(GemmTrainer, derivatives_are_those_of_the_reference) {
  using Space = typename TypeParam::Space;
  using T = typename TypeParam::Real;
  for (auto const loss : {ml::Loss::softmax_cross_entropy, ml::Loss::mean_squared_error}) {
    auto params = kt::params_of({5});
    params.loss = loss;
    for (auto const back_end : kt::back_ends_on(kramers::on_device<Space>)) {
      ml::GemmTrainer<Space, T> trainer(Space(), kt::everything(), params, back_end);
      EXPECT_LE(kt::rounding_difference(trainer, 0, kt::scattered_samples(kt::everything(), 37)), 1.0)
          << name_of(back_end);
    }
  }
}

TYPED_TEST(GemmTrainer, adam_trains_as_the_reference) {
  kt::expect_trajectory_of_reference<typename TypeParam::Space, typename TypeParam::Real>(
      kt::params_with({}, ml::Loss::softmax_cross_entropy));
}
TYPED_TEST(GemmTrainer, adamw_trains_as_the_reference) {
  kt::expect_trajectory_of_reference<typename TypeParam::Space, typename TypeParam::Real>(
      kt::params_with({.rule = ml::Rule::adamw}, ml::Loss::mean_squared_error));
}
TYPED_TEST(GemmTrainer, momentum_trains_as_the_reference) {
  kt::expect_trajectory_of_reference<typename TypeParam::Space, typename TypeParam::Real>(
      kt::params_with({.rule = ml::Rule::sgd, .momentum = 0.9}, ml::Loss::mean_squared_error));
}
TYPED_TEST(GemmTrainer, nesterov_trains_as_the_reference) {
  kt::expect_trajectory_of_reference<typename TypeParam::Space, typename TypeParam::Real>(
      kt::params_with({.rule = ml::Rule::sgd, .momentum = 0.9, .nesterov = true}, ml::Loss::softmax_cross_entropy));
}

TYPED_TEST(GemmTrainer, bits_do_not_depend_on_the_calls_of_fit) {
  using Space = typename TypeParam::Space;
  using T = typename TypeParam::Real;
  for (auto const back_end : kt::back_ends_on(kramers::on_device<Space>)) {
    auto const params = kt::params_of({1, 2});
    auto const want = kt::states_after<Space, T>(Space(), params, {5}, back_end);
    kt::expect_states<Space, T>(Space(), params, {2, 3}, want, back_end, "fit(2), fit(3)");
    kt::expect_states<Space, T>(Space(), params, {0, 1, 1, 3}, want, back_end, "fit(0), fit(1), fit(1), fit(3)");
  }
}

TYPED_TEST(GemmTrainer, bits_do_not_depend_on_the_models_beside) {
  using Space = typename TypeParam::Space;
  using T = typename TypeParam::Real;
  auto const back_end = ml::choose_gemm(kramers::on_device<Space>).back_end;
  auto const all = kt::states_after<Space, T>(Space(), kt::params_of({7, 8, 9}), {3}, back_end);
  for (std::uint64_t m = 0; m < 3; ++m) {
    kt::expect_states<Space, T>(Space(), kt::params_of({7 + m}), {3}, {all[m]}, back_end, "alone");
  }
}

#ifdef KOKKOS_ENABLE_OPENMP
TYPED_TEST(GemmTrainer, bits_do_not_depend_on_the_number_of_threads) {
  using T = typename TypeParam::Real;
  for (auto const back_end : {ml::GemmBackEnd::openblas, ml::GemmBackEnd::plain}) {
    if (!ml::has_back_end(back_end, false)) continue;
    auto const params = kt::params_of({3});
    auto const want = kt::states_after<Kokkos::OpenMP, T>(Kokkos::OpenMP(1), params, {3}, back_end);
    kt::expect_states<Kokkos::OpenMP, T>(Kokkos::OpenMP(), params, {3}, want, back_end, "all threads");
  }
}
#endif

TYPED_TEST(GemmTrainer, goes_on_from_a_state) {
  using Space = typename TypeParam::Space;
  using T = typename TypeParam::Real;
  kt::SamplesOn<Space, T> const samples(kt::scattered_samples(kt::everything(), 100));
  auto params = kt::params_of({1, 2});
  params.patience = 3;
  ml::GemmTrainer<Space, T> first(Space(), kt::everything(), params), second(Space(), kt::everything(), params);
  first.fit(samples.samples(), 2);
  for (int m = 0; m < 2; ++m) second.set_state(m, first.state(m));
  first.fit(samples.samples(), 8);
  second.fit(samples.samples(), 8);
  for (int m = 0; m < 2; ++m) kt::expect_same_state(second.state(m), first.state(m), "model " + std::to_string(m));

  // One epoch without gain lies behind, and what to beat cannot be beaten: two more are all that patience allows.
  auto state = first.state(0);
  state.best_loss = 0;
  state.epochs_without_improvement = 1;
  state.stopped = false;
  second.set_state(0, state);
  second.fit(samples.samples(), 8);
  EXPECT_TRUE(second.state(0).stopped);
  EXPECT_EQ(second.state(0).epoch, state.epoch + 2);
  second.set_state(0, state);  // a state also revives a model
  second.fit(samples.samples(), 1);
  EXPECT_EQ(second.state(0).epoch, state.epoch + 1);
}

TYPED_TEST(GemmTrainer, stops_when_patience_is_at_its_end) {
  using Space = typename TypeParam::Space;
  using T = typename TypeParam::Real;
  auto params = kt::params_of({1, 2});
  params.models[1].learning_rate = 1e-9;  // nothing is learnt: dropout and the batches alone move its loss
  params.patience = 2;
  params.batch = 50;
  kt::SamplesOn<Space, T> const samples(kt::scattered_samples(kt::everything(), 100));
  ml::GemmTrainer<Space, T> trainer(Space(), kt::everything(), params);
  trainer.fit(samples.samples(), 30);
  auto const state = trainer.state(1);
  ASSERT_TRUE(state.stopped);
  EXPECT_EQ(state.epochs_without_improvement, 2);
  EXPECT_EQ(state.step, 2 * state.epoch);
  EXPECT_LT(state.epoch, 30);
  auto const losses = trainer.losses();
  ASSERT_EQ(losses[1].size(), 60U);
  for (std::int64_t s = 0; s < 60; ++s) {
    EXPECT_EQ(std::isnan(losses[1][static_cast<std::size_t>(s)]), s >= state.step) << "step " << s;
  }
  // The lowest mean loss of an epoch stands two epochs before the last.
  T best = std::numeric_limits<T>::infinity();
  for (std::int64_t e = 0; e < state.epoch; ++e) {
    T const mean = (losses[1][static_cast<std::size_t>(2 * e)] + losses[1][static_cast<std::size_t>(2 * e + 1)]) / 2;
    if (e < state.epoch - 2) {
      best = std::min(best, mean);
    } else {
      EXPECT_GE(mean, best);
    }
  }
  EXPECT_NEAR(state.best_loss, best, 4 * std::numeric_limits<T>::epsilon() * best);
  EXPECT_TRUE(trainer.divergences().empty());
}

TYPED_TEST(GemmTrainer, keeps_the_state_before_a_loss_that_is_no_number) {
  using Space = typename TypeParam::Space;
  using T = typename TypeParam::Real;
  auto const network = ml::NetworkSpec(3).dense(8).batch_norm().dense(3);
  ml::TrainParams params;
  params.batch = 40;
  params.loss = ml::Loss::mean_squared_error;
  params.optimizer.rule = ml::Rule::sgd;
  params.models = {{1, 1e-2, 0}, {2, 1e8, 0}};
  kt::SamplesOn<Space, T> const samples(kt::scattered_samples(network, 100));
  ml::GemmTrainer<Space, T> trainer(Space(), network, params);
  trainer.fit(samples.samples(), 200);
  auto const divergences = trainer.divergences();
  ASSERT_EQ(divergences.size(), 1U);
  EXPECT_EQ(divergences[0].model, 1);
  EXPECT_EQ(divergences[0].learning_rate, 1e8);
  auto const state = trainer.state(1);
  EXPECT_EQ(state.step, divergences[0].step - 1);
  for (T const x : state.buffers) EXPECT_TRUE(std::isfinite(x));
  auto const losses = trainer.losses()[1];
  for (std::int64_t s = 0; s < divergences[0].step + 3; ++s) {
    EXPECT_EQ(std::isfinite(losses[static_cast<std::size_t>(s)]), s + 1 < divergences[0].step) << "step " << s;
  }
  trainer.fit(samples.samples(), 1);
  kt::expect_same_state(trainer.state(1), state, "after the divergence");
  EXPECT_EQ(trainer.state(0).step, 201 * 3);
}

TYPED_TEST(GemmTrainer, predicts_any_number_of_samples_without_dropout) {
  using Space = typename TypeParam::Space;
  using T = typename TypeParam::Real;
  auto const network = kt::everything();
  ml::GemmTrainer<Space, T> trainer(Space(), network, kt::params_of({4}));
  for (int const count : {0, 1, 40, 1000}) {
    auto const batch = kt::scattered_samples(network, count);
    kt::SamplesOn<Space, T> const samples(batch);
    typename ml::Trainer<Space, T>::Outputs const outputs("outputs", count, 3);
    trainer.predict(0, samples.samples().inputs, outputs);
    Space().fence();
    auto const state = kt::converted<double>(trainer.state(0));
    auto const want = kt::ReferenceNetwork<double>(network).predict(state.parameters, state.buffers, batch.inputs);
    // Five layers of at most 70 terms each; eps sqrt(70) 32 as in ml_trainer_checks.hpp.
    EXPECT_LE(kt::relative_difference(kt::values_of(outputs), want.values), 270 * std::numeric_limits<T>::epsilon());
  }
}

TYPED_TEST(GemmTrainer, takes_samples_of_any_strides) {
  kt::expect_any_strides<typename TypeParam::Space, typename TypeParam::Real>();
}

TYPED_TEST(GemmTrainer, allocates_nothing_after_construction) {
  kt::expect_no_allocation<typename TypeParam::Space, typename TypeParam::Real>();
}

TYPED_TEST(GemmTrainer, says_what_is_wrong) {
  using Space = typename TypeParam::Space;
  using T = typename TypeParam::Real;
  auto const network = kt::everything();
  ml::GemmTrainer<Space, T> trainer(Space(), network, kt::params_of({4}));
  kt::SamplesOn<Space, T> const few(kt::scattered_samples(network, 39)), odd(kt::scattered_samples(network, 41));
  EXPECT_THROW(trainer.fit(few.samples(), 1), kramers::DomainError);  // fewer than a batch
  EXPECT_THROW(trainer.fit(odd.samples(), 1), kramers::DomainError);  // a batch of one with batch_norm
  EXPECT_THROW(trainer.loss_and_gradient(0, odd.samples(), {}), kramers::ShapeError);
  EXPECT_THROW(trainer.state(1), kramers::DomainError);
  auto state = trainer.state(0);
  state.buffers.pop_back();
  EXPECT_THROW(trainer.set_state(0, state), kramers::ShapeError);
  kt::SamplesOn<Space, T> const narrow(kt::scattered_samples(ml::NetworkSpec(2).dense(3), 100));
  EXPECT_THROW(trainer.fit(narrow.samples(), 1), kramers::ShapeError);
  auto params = kt::params_of({4});
  params.models[0].learning_rate = -1;
  EXPECT_THROW((ml::GemmTrainer<Space, T>(Space(), network, params)), kramers::DomainError);
}

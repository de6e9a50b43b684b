// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>

#include <gtest/gtest.h>
#include <listener.hpp>
#include <rings.hpp>
#include <spaces.hpp>

#include <barrier>
#include <cmath>
#include <thread>

#include "ml_networks.hpp"

namespace kramers::test {
namespace resident {

using namespace kramers::ml;

TrainParams classifier_params() {
  TrainParams params;
  params.batch = 128;
  params.models = {{1, 1e-2, 0}};
  return params;
}

TrainParams mixed_params() {
  TrainParams params;
  params.loss = Loss::mean_squared_error;
  params.optimizer.rule = Rule::adamw;
  params.batch = 48;
  params.models = {{5, 3e-3, 1e-2}};
  return params;
}

/// Stands for a team on a device: `batch_columns` threads that meet at a barrier.
struct ThreadsMember {
  int rank;
  std::barrier<>* meeting;
  KOKKOS_FUNCTION int team_rank() const { return rank; }
  KOKKOS_FUNCTION void team_barrier() const { KOKKOS_IF_ON_HOST((meeting->arrive_and_wait();)) }
};

/// Do the work with a thread per column.
template <class Net, class Work>
void run_with_threads(Work const& work, int models, int batch) {
  using T = typename Net::value_type;
  using LaneMapping = ml::detail::ColumnThreads<T, ThreadsMember>;
  int const size = ml::detail::Batch<Net, LaneMapping>::size(batch);
  for (int m = 0; m < models; ++m) {
    std::vector<T> memory(static_cast<std::size_t>(size), std::numeric_limits<T>::quiet_NaN());
    std::barrier<> meeting(ml::detail::batch_columns);
    std::vector<std::jthread> threads;
    for (int rank = 0; rank < ml::detail::batch_columns; ++rank) {
      threads.emplace_back([&, rank] {
        ThreadsMember const member{rank, &meeting};
        LaneMapping mapping(
            member, memory.data() + size - LaneMapping::scratch(ml::detail::Batch<Net, LaneMapping>::most_sums));
        work.run(mapping, m, memory.data());
      });
    }
  }
}

/// What a fit on devices does, by threads of the host.
template <class Net>
ModelState<typename Net::value_type> fit_with_threads(TrainParams const& params, std::int64_t points,
                                                      std::int64_t epochs) {
  using Space = Kokkos::DefaultHostExecutionSpace;
  using T = typename Net::value_type;
  Space const exec;
  Rings<Space, T> const data(exec, static_cast<int>(points), Net::inputs, Net::outputs);
  constexpr int kept = ml::detail::Batch<Net, ml::detail::ColumnLanes<T>>::kept;
  Kokkos::View<T**, Kokkos::LayoutRight, Space> const arena("kramers::test::arena", 1, kept),
      losses("kramers::test::losses", 1000, 1);
  Kokkos::View<ml::detail::TrainingState<T>*, Space> const states("kramers::test::states", 1);
  Kokkos::View<ModelParams*, Space> const models("kramers::test::models", 1);
  states(0) = {};
  models(0) = params.models[0];
  auto const start = initial_parameters<T>(Net::spec(), params.initialisation, params.models[0].seed);
  auto const buffers = initial_buffers<T>(Net::spec());
  std::copy(start.begin(), start.end(), arena.data());
  std::copy(buffers.begin(), buffers.end(), arena.data() + 4 * Net::parameter_extent);
  ml::detail::FitWork<Space, Net> const work{
      data.samples(), arena,        states,          models, losses, params.optimizer,
      params.loss,    params.batch, params.patience, epochs, 0};
  run_with_threads<Net>(work, 1, params.batch);
  auto const part = [&](int first, int size) {
    return std::vector<T>(arena.data() + first, arena.data() + first + size);
  };
  constexpr int P = Net::parameter_extent;
  ModelState<T> state{part(0, P), part(2 * P, P), part(3 * P, P), part(4 * P, Net::buffer_extent)};
  states(0).copy_to(state);
  return state;
}

template <class Config>
struct Resident : ::testing::Test {
  using Space = typename Config::Space;
  using T = typename Config::Real;
  template <class Net>
  using Trainer = ResidentTrainer<Space, Net>;
  Space exec;
  Rings<Space, T> rings{exec, 833, 2, 3};
  Rings<Space, T> cloud{exec, 200, 13};
};
TYPED_TEST_SUITE(Resident, AllConfigs, ConfigName);

TYPED_TEST(Resident, FitInPartsIsFit) {
  using T = typename TypeParam::Real;
  using Space = typename TypeParam::Space;
  ResidentTrainer<Space, Shipped<T>> whole(this->exec, classifier_params()), parts(this->exec, classifier_params());
  whole.fit(this->rings.samples(), 5);
  parts.fit(this->rings.samples(), 2);
  parts.fit(this->rings.samples(), 3);
  EXPECT_EQ(hash_of(whole.state(0)), hash_of(parts.state(0)));
  EXPECT_EQ(whole.state(0).step, 35);
  EXPECT_EQ(whole.losses()[0].size(), 35U);
  EXPECT_EQ(parts.losses()[0].size(), 21U);
  EXPECT_EQ(parts.losses()[0][20], whole.losses()[0][34]);
}

TYPED_TEST(Resident, GoesOnFromAState) {
  using T = typename TypeParam::Real;
  using Trainer = ResidentTrainer<typename TypeParam::Space, Mixed<T>>;
  Trainer whole(this->exec, mixed_params()), second(this->exec, mixed_params());
  whole.fit(this->cloud.samples(), 3);
  ModelState<T> const middle = whole.state(0);
  whole.fit(this->cloud.samples(), 4);
  second.set_state(0, middle);
  EXPECT_EQ(hash_of(second.state(0)), hash_of(middle));
  second.fit(this->cloud.samples(), 4);
  EXPECT_EQ(hash_of(second.state(0)), hash_of(whole.state(0)));
}

// The same on every space, compiler and machine. A change of these numbers changes everybody's results: say so in the
// release notes.
TYPED_TEST(Resident, BitsArePinned) {
  using T = typename TypeParam::Real;
  ResidentTrainer<typename TypeParam::Space, Shipped<T>> trainer(this->exec, classifier_params());
  trainer.fit(this->rings.samples(), 10);
  EXPECT_EQ(trainer.state(0).step, 70);
  EXPECT_EQ(hash_of(trainer.state(0).parameters), sizeof(T) == 4 ? 0xbb04ca6bf3dcd44cU : 0xde921330893e7c7eU);
}

TYPED_TEST(Resident, ThreadsOfATeamGiveTheSameBits) {
  using T = typename TypeParam::Real;
  using Space = typename TypeParam::Space;
  ResidentTrainer<Space, Shipped<T>> shipped(this->exec, classifier_params());
  shipped.fit(this->rings.samples(), 1);
  EXPECT_EQ(hash_of(shipped.state(0)), hash_of(fit_with_threads<Shipped<T>>(classifier_params(), 833, 1)));
  ResidentTrainer<Space, Mixed<T>> mixed(this->exec, mixed_params());
  mixed.fit(this->cloud.samples(), 1);
  EXPECT_EQ(hash_of(mixed.state(0)), hash_of(fit_with_threads<Mixed<T>>(mixed_params(), 200, 1)));
}

TYPED_TEST(Resident, Learns) {
  using T = typename TypeParam::Real;
  ResidentTrainer<typename TypeParam::Space, Shipped<T>> trainer(this->exec, classifier_params());
  trainer.fit(this->rings.samples(), 200);
  auto const losses = trainer.losses()[0];
  EXPECT_GT(losses.front(), T(0.9));  // ln 3 = 1.1 is that of guessing
  EXPECT_LT(losses.back(), T(0.6));
}

// Gradients that have become small must not make numbers that take a processor a hundred cycles each.
TYPED_TEST(Resident, HoldsNoSubnormalNumber) {
  using T = typename TypeParam::Real;
  TrainParams params = classifier_params();
  params.models[0].learning_rate = 0.1;
  params.batch = 16;
  Rings<typename TypeParam::Space, T> const few(this->exec, 16, 2, 3);
  auto const small = [&](ModelState<T> const& s) {
    int number = 0;
    for (auto const* part : {&s.parameters, &s.first_moment, &s.second_moment}) {
      for (T const x : *part) number += std::fpclassify(x) == FP_SUBNORMAL ? 1 : 0;
    }
    return number;
  };
  ResidentTrainer<typename TypeParam::Space, Shipped<T>> late(this->exec, params);
  for (int part = 0; part < 5; ++part) {
    late.fit(few.samples(), 2000);
    EXPECT_EQ(small(late.state(0)), 0);
  }
  // Moments that nothing feeds any more: they shall go to zero, not through the subnormals.
  ModelState<T> faded = late.state(0);
  std::fill(faded.first_moment.begin(), faded.first_moment.end(), T(1e-30));
  late.set_state(0, faded);
  late.fit(few.samples(), 1000);
  EXPECT_EQ(small(late.state(0)), 0);
}

TYPED_TEST(Resident, LossAndGradientLeaveTheStateAlone) {
  using T = typename TypeParam::Real;
  using Space = typename TypeParam::Space;
  ResidentTrainer<Space, Mixed<T>> trainer(this->exec, mixed_params());
  trainer.fit(this->cloud.samples(), 1);
  ModelState<T> const before = trainer.state(0);
  Rings<Space, T> const some(this->exec, 33, 13);
  typename ResidentTrainer<Space, Mixed<T>>::Outputs const to_inputs("kramers::test::to_inputs", 33, 13), none;
  T const loss = trainer.loss_and_gradient(0, some.samples(), to_inputs);
  auto const gradient = trainer.gradient(0);
  EXPECT_EQ(trainer.loss_and_gradient(0, some.samples(), none), loss);
  EXPECT_EQ(trainer.gradient(0), gradient);
  EXPECT_EQ(hash_of(trainer.state(0)), hash_of(before));
  auto const host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), to_inputs);
  EXPECT_NE(host(32, 12), T(0));
}

// A line of samples through the network, by hand.
TYPED_TEST(Resident, PredictsByRunningStatistics) {
  using T = typename TypeParam::Real;
  using Space = typename TypeParam::Space;
  using Trainer = ResidentTrainer<Space, Shipped<T>>;
  Trainer trainer(this->exec, classifier_params());
  trainer.fit(this->rings.samples(), 3);
  typename Trainer::Outputs const outputs("kramers::test::outputs", 833, 3);
  trainer.predict(0, this->rings.inputs, outputs);
  auto const y = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), outputs);
  auto const x = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), this->rings.inputs);
  auto const s = trainer.state(0);
  auto const p = [&](int i) { return static_cast<double>(s.parameters[static_cast<std::size_t>(i)]); };
  auto const b = [&](int i) { return static_cast<double>(s.buffers[static_cast<std::size_t>(i)]); };
  for (int i : {0, 1, 31, 32, 500, 831, 832}) {
    for (int k = 0; k < 3; ++k) {
      double sum = p(96 + k);
      for (int f = 0; f < 8; ++f) {
        double const a = std::tanh(p(2 * f) * x(i, 0) + p(2 * f + 1) * x(i, 1) + p(16 + f));
        sum += p(64 + 8 * k + f) * (p(32 + f) * (a - b(f)) / std::sqrt(b(16 + f) + 1e-5) + p(48 + f));
      }
      // Twelve roundings of numbers below 4 each.
      EXPECT_NEAR(y(i, k), sum, 50 * static_cast<double>(std::numeric_limits<T>::epsilon())) << i << ", " << k;
    }
  }
}

TYPED_TEST(Resident, RefusesWhatDoesNotFit) {
  using T = typename TypeParam::Real;
  using Space = typename TypeParam::Space;
  using Trainer = ResidentTrainer<Space, Shipped<T>>;
  TrainParams params = classifier_params();
  Trainer trainer(this->exec, params);
  auto const state = trainer.state(0);
  EXPECT_THROW(trainer.fit(this->cloud.samples(), 1), ShapeError);                              // 13 inputs
  EXPECT_THROW(trainer.fit(Rings<Space, T>(this->exec, 100, 2, 3).samples(), 1), DomainError);  // batch of 128
  EXPECT_THROW(trainer.fit(Rings<Space, T>(this->exec, 257, 2, 3).samples(), 1), DomainError);  // the last has 1
  EXPECT_THROW(trainer.fit(this->rings.samples(), -1), DomainError);
  EXPECT_THROW(trainer.loss_and_gradient(0, this->rings.samples(), {}), ShapeError);  // 833 in a batch
  EXPECT_THROW(trainer.loss_and_gradient(1, this->rings.samples(), {}), DomainError);
  EXPECT_THROW(trainer.state(-1), DomainError);
  ModelState<T> wrong = state;
  wrong.buffers.pop_back();
  EXPECT_THROW(trainer.set_state(0, wrong), ShapeError);
  EXPECT_EQ(hash_of(trainer.state(0)), hash_of(state));
  params.models.clear();
  EXPECT_THROW(Trainer(this->exec, params), DomainError);
}

TYPED_TEST(Resident, FitNeitherAllocatesNorWaits) {
  using T = typename TypeParam::Real;
  for (int const models : {1, 31}) {
    TrainParams params = classifier_params();
    params.models.resize(static_cast<std::size_t>(models));
    ResidentTrainer<typename TypeParam::Space, Shipped<T>> trainer(this->exec, params);
    auto const samples = this->rings.samples();
    Listener const heard;
    trainer.fit(samples, 2);
    trainer.fit(samples, 3);
    EXPECT_EQ(heard.allocations, std::vector<std::string>{});
    EXPECT_EQ(heard.fences, std::vector<std::string>{});
    int ours = 0;
    for (auto const& [label, device] : heard.kernels) {
      EXPECT_TRUE(is_ours_or_kokkos(label)) << label;
      ours += label.starts_with("kramers::") ? 1 : 0;
    }
    EXPECT_EQ(ours, 2);  // one launch holds all steps
    trainer.state(models - 1);
  }
}

}  // namespace resident
}  // namespace kramers::test

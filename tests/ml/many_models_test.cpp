// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <gtest/gtest.h>
#include <rings.hpp>
#include <spaces.hpp>

#include <cmath>
#include <map>

#include "ml_networks.hpp"

namespace kramers::test {
namespace many_models {

using namespace kramers::ml;

/// Everything differs between models but their network.
ModelParams params_of(int i) {
  return {static_cast<std::uint64_t>(100 + i), 1e-3 * (1 + i % 7), 1e-3 * (i % 3)};
}

template <class Space, class Net>
struct Study {
  using T = typename Net::value_type;
  using Trainer = ResidentTrainer<Space, Net>;
  Space exec;
  TrainParams params;
  Rings<Space, T> data;
  std::int64_t epochs;
  std::map<int, std::uint64_t> alone = {};  // hash of the state that model i ends with when it is trained alone

  std::uint64_t hash_alone(int i) {
    auto const known = alone.find(i);
    if (known != alone.end()) return known->second;
    params.models = {params_of(i)};
    Trainer trainer(exec, params);
    trainer.fit(data.samples(), epochs);
    return alone[i] = hash_of(trainer.state(0));
  }

  /// Train the models first, first + stride, ... beside each other.
  void expect_same_beside_others(int number, int first, int stride) {
    SCOPED_TRACE(std::to_string(number) + " models from " + std::to_string(first) + " by " + std::to_string(stride));
    std::vector<ModelParams> models;
    for (int m = 0; m < number; ++m) models.push_back(params_of(first + m * stride));
    params.models = models;
    Trainer trainer(exec, params);
    trainer.fit(data.samples(), epochs);
    int different = 0;
    for (int m = 0; m < number; ++m) different += hash_of(trainer.state(m)) != hash_alone(first + m * stride) ? 1 : 0;
    EXPECT_EQ(different, 0);
  }

  void expect_independence() {
    expect_same_beside_others(1, 4, 1);
    expect_same_beside_others(2, 4, 1);
    expect_same_beside_others(7, 2, 1);
    expect_same_beside_others(16, 0, 1);
    expect_same_beside_others(16, 99, -1);
    expect_same_beside_others(17, 30, 1);
    expect_same_beside_others(100, 0, 1);
    expect_same_beside_others(100, 99, -1);
  }
};

template <class Config>
struct ManyModels : ::testing::Test {
  typename Config::Space exec;
};
TYPED_TEST_SUITE(ManyModels, AllConfigs, ConfigName);

TYPED_TEST(ManyModels, NeighboursLeaveNoTraceInTheClassifier) {
  using T = typename TypeParam::Real;
  using Space = typename TypeParam::Space;
  TrainParams params;
  params.batch = 64;
  // Batches of 64, 64 and 22: one row of columns is full, one is not.
  Study<Space, Shipped<T>>{this->exec, params, {this->exec, 150, 2, 3}, 3}.expect_independence();
}

TYPED_TEST(ManyModels, NeighboursLeaveNoTraceInOtherNetworks) {
  using T = typename TypeParam::Real;
  using Space = typename TypeParam::Space;
  TrainParams params;
  params.loss = Loss::mean_squared_error;
  params.optimizer.rule = Rule::sgd;
  params.optimizer.momentum = 0.9;
  params.optimizer.nesterov = true;
  params.batch = 48;
  Study<Space, Mixed<T>>{this->exec, params, {this->exec, 100, 13}, 2}.expect_independence();
}

TYPED_TEST(ManyModels, LossesAreThoseOfTheModelAlone) {
  using T = typename TypeParam::Real;
  using Trainer = ResidentTrainer<typename TypeParam::Space, Shipped<T>>;
  Rings<typename TypeParam::Space, T> const data(this->exec, 150, 2, 3);
  TrainParams params;
  params.batch = 64;
  for (int i = 0; i < 31; ++i) params.models.push_back(params_of(i));
  Trainer many(this->exec, params);
  many.fit(data.samples(), 2);
  auto const losses = many.losses();
  ASSERT_EQ(losses.size(), 31U);
  for (int const i : {0, 7, 30}) {
    params.models = {params_of(i)};
    Trainer one(this->exec, params);
    one.fit(data.samples(), 2);
    EXPECT_EQ(losses[static_cast<std::size_t>(i)], one.losses()[0]) << i;
    typename Trainer::Outputs const none;
    Rings<typename TypeParam::Space, T> const some(this->exec, 40, 2, 3);
    EXPECT_EQ(many.loss_and_gradient(i, some.samples(), none), one.loss_and_gradient(0, some.samples(), none));
    EXPECT_EQ(many.gradient(i), one.gradient(0));
  }
}

// Steepest descent on squared errors with a step that is too long: each step multiplies them.
TYPED_TEST(ManyModels, ADivergedModelKeepsItsLastStateAndHarmsNobody) {
  using T = typename TypeParam::Real;
  using Space = typename TypeParam::Space;
  using Trainer = ResidentTrainer<Space, Mixed<T>>;
  TrainParams params;
  params.loss = Loss::mean_squared_error;
  params.optimizer.rule = Rule::sgd;
  params.batch = 50;
  for (int i = 0; i < 15; ++i) params.models.push_back(params_of(i));
  params.models[2].learning_rate = 1e6;
  Rings<Space, T> const data(this->exec, 100, 13);
  Trainer many(this->exec, params);
  many.fit(data.samples(), 300);
  many.fit(data.samples(), 1);  // it stays as it is
  auto const diverged = many.divergences();
  ASSERT_EQ(diverged.size(), 1U);
  EXPECT_EQ(diverged[0].model, 2);
  EXPECT_EQ(diverged[0].learning_rate, 1e6);
  for (int i = 0; i < 15; ++i) {
    TrainParams one = params;
    one.models = {params.models[static_cast<std::size_t>(i)]};
    Trainer alone(this->exec, one);
    alone.fit(data.samples(), 301);
    EXPECT_EQ(hash_of(alone.state(0)), hash_of(many.state(i))) << i;
    if (i != 2) {
      EXPECT_TRUE(alone.divergences().empty());
      continue;
    }
    ASSERT_EQ(alone.divergences().size(), 1U);
    std::int64_t const step = alone.divergences()[0].step;
    EXPECT_EQ(step, diverged[0].step);
    EXPECT_EQ(alone.state(0).step, step - 1);
    // Up to the step before it, the losses are finite; the last one is not; then there are none.
    Trainer again(this->exec, one);
    again.fit(data.samples(), step / 2 + 1);
    auto const losses = again.losses()[0];
    auto const bad = static_cast<std::size_t>(step - 1);
    for (std::size_t s = 0; s < bad; ++s) EXPECT_TRUE(std::isfinite(losses[s])) << s;
    EXPECT_FALSE(std::isfinite(losses[bad]));
    for (std::size_t s = bad + 1; s < losses.size(); ++s) EXPECT_TRUE(std::isnan(losses[s])) << s;
    for (T const w : again.state(0).parameters) EXPECT_TRUE(std::isfinite(w));
    // A good state makes it go on.
    again.set_state(0, Trainer(this->exec, one).state(0));
    EXPECT_TRUE(again.divergences().empty());
  }
}

TYPED_TEST(ManyModels, AModelThatLearnsNoMoreStopsAlone) {
  using T = typename TypeParam::Real;
  using Trainer = ResidentTrainer<typename TypeParam::Space, Shipped<T>>;
  TrainParams params;
  params.batch = 64;
  params.patience = 3;
  for (int i = 0; i < 30; ++i) params.models.push_back({static_cast<std::uint64_t>(i), i % 2 == 0 ? 1e-3 : 1.0, 0});
  Rings<typename TypeParam::Space, T> const data(this->exec, 150, 2, 3);
  Trainer many(this->exec, params);
  many.fit(data.samples(), 12);
  many.fit(data.samples(), 13);
  int stopped = 0;
  for (int i = 0; i < 30; ++i) {
    ModelState<T> const state = many.state(i);
    stopped += state.stopped ? 1 : 0;
    EXPECT_EQ(state.stopped, state.epochs_without_improvement == 3) << i;
    EXPECT_EQ(state.step, 3 * state.epoch) << i;
    EXPECT_TRUE(state.stopped || state.epoch == 25) << i;
    TrainParams one = params;
    one.models = {params.models[static_cast<std::size_t>(i)]};
    Trainer alone(this->exec, one);
    alone.fit(data.samples(), 25);
    EXPECT_EQ(hash_of(alone.state(0)), hash_of(state)) << i;
    // The mean loss of the last three epochs is no lower than the best one before.
    if (!state.stopped) continue;
    auto const losses = alone.losses()[0];
    std::vector<double> means;
    for (std::size_t e = 0; e < static_cast<std::size_t>(state.epoch); ++e) {
      means.push_back((64.0 * losses[3 * e] + 64.0 * losses[3 * e + 1] + 22.0 * losses[3 * e + 2]) / 150);
    }
    EXPECT_TRUE(state.epoch == 25 || std::isnan(losses[3 * means.size()])) << i;
    auto const best = std::min_element(means.begin(), means.end());
    EXPECT_EQ(means.end() - best, 4) << i;
  }
  EXPECT_GT(stopped, 2);
  EXPECT_LT(stopped, 28);
}

}  // namespace many_models
}  // namespace kramers::test

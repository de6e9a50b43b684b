// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A training run that was stopped, written to a file and read again goes on as if nothing had been.
#include <kramers/core/philox.hpp>
#include <kramers/ml/any_trainer.hpp>
#include <kramers/ml/checkpoint.hpp>
#include <kramers/runtime/command_line.hpp>

#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <string>
#include <vector>

#include "scratch.hpp"

namespace {

using namespace kramers::ml;
using kramers::test::Scratch;

constexpr int samples = 61, batch = 16;  // the last batch has 13

TrainerRequest request_for(std::string const& space, NetworkSpec const& network, std::string const& precision,
                           Engine engine, int models) {
  TrainerRequest request;
  request.space = space;
  request.precision = precision;
  request.network = network;
  request.engine = engine;
  request.params.batch = batch;
  request.params.patience = 3;
  for (int i = 0; i < models; ++i) {
    request.params.models.push_back({100 + static_cast<std::uint64_t>(i), 1e-2 * (i + 1), 1e-4});
  }
  return request;
}

/// Points of the square [-1, 1]^2 and in which third of it they lie.
void set_samples(AnyTrainer& trainer) {
  std::vector<double> inputs;
  std::vector<int> labels;
  for (std::uint64_t n = 0; n < samples; ++n) {
    auto const block = kramers::philox_block(7, n, 0, kramers::Stream::held_out);
    double const x = block.w0 * 0x1p-31 - 1, y = block.w1 * 0x1p-31 - 1;
    inputs.insert(inputs.end(),
                  {static_cast<double>(static_cast<float>(x)), static_cast<double>(static_cast<float>(y))});
    labels.push_back(x < -1.0 / 3 ? 0 : x < 1.0 / 3 ? 1 : 2);
  }
  trainer.set_samples(inputs, labels);
}

void expect_same_bits(std::vector<double> const& a, std::vector<double> const& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    ASSERT_EQ(std::bit_cast<std::uint64_t>(a[i]), std::bit_cast<std::uint64_t>(b[i])) << i;
  }
}

void expect_same(ModelState<double> const& a, ModelState<double> const& b) {
  expect_same_bits(a.parameters, b.parameters);
  expect_same_bits(a.first_moment, b.first_moment);
  expect_same_bits(a.second_moment, b.second_moment);
  expect_same_bits(a.buffers, b.buffers);
  expect_same_bits({a.best_loss}, {b.best_loss});
  EXPECT_EQ(a.step, b.step);
  EXPECT_EQ(a.epoch, b.epoch);
  EXPECT_EQ(a.epochs_without_improvement, b.epochs_without_improvement);
  EXPECT_EQ(a.stopped, b.stopped);
}

void check_resume(TrainerRequest const& request) {
  SCOPED_TRACE(request.space + ", " + request.network.text() + ", " + request.precision + ", " +
               name_of(request.engine) + ", models " + std::to_string(request.params.models.size()));
  Scratch const scratch;
  auto const path = scratch / "m.safetensors";
  auto const undisturbed = make_trainer(request);
  set_samples(*undisturbed);
  undisturbed->fit(3);
  Checkpoint checkpoint{request.network, request.params, request.precision, {}, {}};
  for (int i = 0; i < undisturbed->models(); ++i) checkpoint.models.push_back(undisturbed->state(i));
  write_checkpoint(path, checkpoint);
  undisturbed->fit(4);

  Checkpoint const read = read_checkpoint(path);
  TrainerRequest again = request;
  again.network = read.network;
  again.params = read.params;
  again.precision = read.precision;
  auto const resumed = make_trainer(again);
  set_samples(*resumed);
  for (int i = 0; i < resumed->models(); ++i) resumed->set_state(i, read.models[static_cast<std::size_t>(i)]);
  resumed->fit(4);
  auto const before = undisturbed->losses(), after = resumed->losses();
  for (int i = 0; i < resumed->models(); ++i) {
    SCOPED_TRACE(i);
    EXPECT_EQ(resumed->state(i).step, 7 * 4);  // 4 batches in each of 7 epochs
    expect_same(resumed->state(i), undisturbed->state(i));
    expect_same_bits(after[static_cast<std::size_t>(i)], before[static_cast<std::size_t>(i)]);
  }
}

TEST(Resume, GivesTheBitsOfARunThatWasNotStopped) {
  auto const small = NetworkSpec(2).dense(8, Activation::tanh).batch_norm().dense(3);
  auto const other = NetworkSpec(2).dense(12, Activation::gelu_tanh).dropout(0.25).batch_norm().dense(3);
  for (std::string const& space : kramers::space_names()) {
    for (std::string const precision : {"f32", "f64"}) {
      check_resume(request_for(space, small, precision, Engine::resident, 1));
      check_resume(request_for(space, small, precision, Engine::resident, 3));
      check_resume(request_for(space, small, precision, Engine::gemm, 1));
      check_resume(request_for(space, other, precision, Engine::gemm, 2));
    }
  }
}

TEST(Resume, KeepsTheMomentsOfOtherRules) {
  auto const network = NetworkSpec(2).dense(8, Activation::tanh).batch_norm().dense(3);
  for (std::string const& space : kramers::space_names()) {
    for (Engine const engine : {Engine::gemm, Engine::resident}) {
      auto request = request_for(space, network, "f32", engine, 1);
      request.params.optimizer = {Rule::sgd, 0.9, true};
      check_resume(request);
      request.params.optimizer = {Rule::adamw};
      check_resume(request);
    }
  }
}

TEST(Resume, RemembersTheBestLossAndTheEpochsSince) {
  auto const network = NetworkSpec(2).dense(8, Activation::tanh).batch_norm().dense(3);
  for (std::string const& space : kramers::space_names()) {
    for (Engine const engine : {Engine::gemm, Engine::resident}) {
      auto const trainer = make_trainer(request_for(space, network, "f64", engine, 1));
      set_samples(*trainer);
      auto state = trainer->state(0);
      state.best_loss = 0x1p-60;  // no epoch will be better
      state.epochs_without_improvement = 1;
      trainer->set_state(0, state);
      trainer->fit(1);
      EXPECT_EQ(trainer->state(0).best_loss, 0x1p-60);
      EXPECT_EQ(trainer->state(0).epochs_without_improvement, 2);
      EXPECT_FALSE(trainer->state(0).stopped);
      trainer->fit(5);
      EXPECT_TRUE(trainer->state(0).stopped);
      EXPECT_EQ(trainer->state(0).epoch, 2);  // patience is 3
    }
  }
}

}  // namespace

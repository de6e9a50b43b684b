// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/ml/any_trainer.hpp>
#include <kramers/ml/permutation.hpp>
#include <kramers/runtime/command_line.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <set>
#include <string>
#include <vector>

#include "ml_fixture.hpp"
#include "ml_trainer_checks.hpp"

namespace {

using kramers::ml::Engine;
using kramers::test::Fixture;
using kramers::test::Mutant;
using kramers::test::Trajectory;
using kramers::test::trajectory_difference;

using kramers::test::trajectory_tolerance;

std::vector<Fixture> fixtures() {
  return kramers::test::read_fixtures(KRAMERS_SOURCE_DIR "/tests/ml/fixtures");
}

/// The run of a fixture by plain loops.
template <class R>
Trajectory run_of(Fixture const& fixture, Mutant mutant = Mutant::none) {
  return kramers::test::reference_run<R>(fixture.network, fixture.params, 0, fixture.initial, fixture.samples,
                                         fixture.epochs(), mutant);
}

TEST(Fixtures, CoverEveryActivationOptimiserAndLoss) {
  std::set<std::string> seen;
  for (Fixture const& fixture : fixtures()) {
    for (auto const& layer : fixture.network.layers()) {
      seen.insert(layer.kind == kramers::ml::LayerKind::dense ? name_of(layer.activation) : "batch_norm");
    }
    seen.insert(name_of(fixture.params.loss));
    seen.insert(name_of(fixture.params.optimizer.rule));
    if (fixture.params.optimizer.momentum > 0) seen.insert("momentum");
    if (fixture.params.optimizer.nesterov) seen.insert("nesterov");
    if (fixture.params.models[0].weight_decay > 0) seen.insert(name_of(fixture.params.optimizer.rule) + " with decay");
    EXPECT_EQ(fixture.expected.losses.size(), 20U);
    EXPECT_NE(fixture.samples.count() % fixture.params.batch, 0) << "no partial batch";
  }
  std::set<std::string> const all{"identity",
                                  "tanh",
                                  "relu",
                                  "gelu_erf",
                                  "gelu_tanh",
                                  "batch_norm",
                                  "sgd",
                                  "momentum",
                                  "nesterov",
                                  "sgd with decay",
                                  "adam",
                                  "adam with decay",
                                  "adamw",
                                  "adamw with decay",
                                  "softmax_cross_entropy",
                                  "mean_squared_error"};
  EXPECT_EQ(seen, all);
}

// PyTorch was given the order that another implementation of the permutation says.
TEST(Fixtures, OrderOfTheSamplesIsThatOfPermutation) {
  for (Fixture const& fixture : fixtures()) {
    for (std::size_t epoch = 0; epoch < fixture.orders.size(); ++epoch) {
      kramers::ml::Permutation const order(fixture.params.models[0].seed, epoch,
                                           static_cast<std::uint32_t>(fixture.samples.count()));
      for (std::size_t place = 0; place < fixture.orders[epoch].size(); ++place) {
        ASSERT_EQ(static_cast<int>(order(static_cast<std::uint32_t>(place))), fixture.orders[epoch][place])
            << fixture.name << ", epoch " << epoch << ", place " << place;
      }
    }
  }
}

TEST(TrajectoryOfReference, EqualsPyTorchInDoublePrecision) {
  for (Fixture const& fixture : fixtures()) {
    double const difference = trajectory_difference(run_of<double>(fixture), fixture);
    std::cout << fixture.name << ": reference, double precision, differs from PyTorch by " << difference << "\n";
    EXPECT_LT(difference, trajectory_tolerance<double>) << fixture.name;
  }
}

TEST(TrajectoryOfReference, EqualsPyTorchInSinglePrecision) {
  for (Fixture const& fixture : fixtures()) {
    double const difference = trajectory_difference(run_of<float>(fixture), fixture);
    std::cout << fixture.name << ": reference, single precision, differs from PyTorch by " << difference << "\n";
    EXPECT_LT(difference, trajectory_tolerance<float>) << fixture.name;
  }
}

/// By how much a mistake shows in the fixture that shows it most.
double shown(Mutant mutant) {
  double largest = 0;
  for (Fixture const& fixture : fixtures()) {
    largest = std::max(largest, trajectory_difference(run_of<double>(fixture, mutant), fixture));
  }
  return largest;
}

// Even the tolerance of single precision lets none of them pass. Dropout is in no fixture: its mutant is left to the
// check of gradients.
TEST(TrajectoryOfReference, EveryMutantIsCaught) {
  std::vector<Mutant> mutants = kramers::test::step_mutants();
  for (Mutant const mutant : kramers::test::derivative_mutants()) {
    if (mutant != Mutant::dropout_unscaled_backward) mutants.push_back(mutant);
  }
  for (Mutant const mutant : mutants) {
    EXPECT_GT(shown(mutant), 2 * trajectory_tolerance<float>) << "mutant " << static_cast<int>(mutant);
  }
}

/// The classifier's fixture by a trainer that is asked for by names.
void expect_shipped_classifier(std::string const& space, std::string const& precision, Engine engine,
                               double tolerance) {
  Fixture const fixture = kramers::test::read_fixture(KRAMERS_SOURCE_DIR "/tests/ml/fixtures/classifier_adam.json");
  auto const trainer = kramers::ml::make_trainer({space, precision, fixture.network, fixture.params, engine});
  trainer->set_samples(fixture.samples.inputs.values, fixture.samples.labels);
  trainer->set_state(0, fixture.initial);
  Trajectory run;
  trainer->fit(1);
  run.losses = trainer->losses()[0];
  run.after_first_epoch = trainer->state(0);
  trainer->fit(fixture.epochs() - 1);
  std::vector<double> const more = trainer->losses()[0];
  run.losses.insert(run.losses.end(), more.begin(), more.end());
  run.after_last_epoch = trainer->state(0);
  run.predictions = trainer->predict(0, fixture.samples.inputs.values);
  double const difference = trajectory_difference(run, fixture);
  std::cout << space << ", " << precision << ", " << trainer->engine() << ": differs from PyTorch by " << difference
            << "\n";
  EXPECT_LT(difference, tolerance) << space << ", " << precision << ", " << trainer->engine();
  EXPECT_EQ(run.after_last_epoch.step, 20);
  EXPECT_EQ(run.after_last_epoch.epoch, fixture.epochs());
}

TEST(TrajectoryOfTrainer, IsPyTorchsOnEverySpaceAndPath) {
  for (std::string const& space : kramers::space_names()) {
    for (Engine const engine : {Engine::resident, Engine::gemm}) {
      expect_shipped_classifier(space, "f64", engine, trajectory_tolerance<double>);
      expect_shipped_classifier(space, "f32", engine, trajectory_tolerance<float>);
    }
  }
}

}  // namespace

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/ml/gemm_trainer.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <string>
#include <vector>

#include "ml_fixture.hpp"
#include "ml_trainer_checks.hpp"
#include "spaces.hpp"

namespace {

using kramers::ml::Activation;
using kramers::ml::GemmTrainer;
using kramers::ml::Loss;
using kramers::ml::ModelState;
using kramers::ml::NetworkSpec;
using kramers::ml::TrainParams;
using kramers::test::Batch;
using kramers::test::Fixture;
using kramers::test::GradientCheck;
using kramers::test::Trajectory;

/// Of any size: none of them a multiple of what a kernel does at a time.
std::vector<NetworkSpec> networks() {
  std::vector<NetworkSpec> all = kramers::test::gradient_networks();
  all.push_back(NetworkSpec(37).dense(53, Activation::gelu_tanh).batch_norm().dropout(0.1).dense(19, Activation::tanh));
  return all;
}

std::vector<Loss> losses_for(NetworkSpec const& network) {
  if (network.outputs() < 2) return {Loss::mean_squared_error};
  return {Loss::softmax_cross_entropy, Loss::mean_squared_error};
}

/// A model that is not the first.
TrainParams second_of_three(TrainParams const& params) {
  return kramers::test::alone_and_among_others(params)[1];
}
constexpr int second = 1;

template <class C>
class GemmReference : public ::testing::Test {};
TYPED_TEST_SUITE(GemmReference, kramers::test::AllConfigs, kramers::test::ConfigName);

TYPED_TEST(GemmReference, TrajectoriesAreThoseOfPyTorch) {
  using Space = typename TypeParam::Space;
  using T = typename TypeParam::Real;
  for (Fixture const& fixture : kramers::test::read_fixtures(KRAMERS_SOURCE_DIR "/tests/ml/fixtures")) {
    GemmTrainer<Space, T> trainer(Space(), fixture.network, fixture.params);
    Trajectory const run =
        kramers::test::trainer_run<Space, T>(trainer, 0, fixture.initial, fixture.samples, fixture.epochs());
    double const difference = kramers::test::trajectory_difference(run, fixture);
    std::cout << fixture.name << ": " << trainer.engine() << " differs from PyTorch by " << difference << "\n";
    EXPECT_LT(difference, kramers::test::trajectory_tolerance<T>) << fixture.name;
  }
}

TYPED_TEST(GemmReference, TrajectoriesAreThoseOfTheReference) {
  using Space = typename TypeParam::Space;
  using T = typename TypeParam::Real;
  for (NetworkSpec const& network :
       {NetworkSpec(5).dropout(0.25).dense(6, Activation::gelu_tanh).batch_norm().dropout(0.5).dense(2),
        NetworkSpec(3).dense(40, Activation::tanh).dense(33, Activation::gelu_erf).batch_norm().dense(4)}) {
    TrainParams const params = second_of_three(kramers::test::reference_params(Loss::softmax_cross_entropy));
    ModelState<double> initial = kramers::test::scattered_state(network);
    initial.step = 0;
    Batch<double> const samples = kramers::test::scattered_samples(network, 183);
    Trajectory const expected = kramers::test::reference_run<double>(network, params, second, initial, samples, 7);
    GemmTrainer<Space, T> trainer(Space(), network, params);
    Trajectory const run = kramers::test::trainer_run<Space, T>(trainer, second, initial, samples, 7);
    double const difference = kramers::test::trajectory_difference(run, expected, network);
    std::cout << network.text() << ": " << trainer.engine() << " differs from the reference by " << difference << "\n";
    EXPECT_LT(difference, kramers::test::trajectory_tolerance<T>) << network.text();
  }
}

// Not with two samples: batch_norm then makes -1 and 1 of them whatever they are, and the derivatives are all rounding.
TYPED_TEST(GemmReference, GradientsAreThoseOfTheReference) {
  using Space = typename TypeParam::Space;
  using T = typename TypeParam::Real;
  double largest = 0;
  for (NetworkSpec const& network : networks()) {
    for (Loss const loss : losses_for(network)) {
      GemmTrainer<Space, T> trainer(Space(), network, second_of_three(kramers::test::reference_params(loss)));
      for (int const samples : {5, 13, 70}) {
        Batch<double> const batch = kramers::test::scattered_samples(network, samples);
        double const difference = kramers::test::rounding_difference<Space, T>(trainer, second, batch);
        EXPECT_LE(difference, 1.0) << network.text() << ", " << name_of(loss) << ", " << samples << " samples";
        largest = std::max(largest, difference);
      }
    }
  }
  std::cout << "derivatives differ from those of the reference by at most " << largest << " of what is allowed\n";
}

// Differences in single precision would detect nothing.
TEST(GemmInDouble, GradientsEqualCentralDifferences) {
  using Space = Kokkos::DefaultExecutionSpace;
  GradientCheck all;
  for (NetworkSpec const& network : kramers::test::gradient_networks()) {
    for (Loss const loss : losses_for(network)) {
      GemmTrainer<Space, double> trainer(Space(), network, second_of_three(kramers::test::reference_params(loss)));
      GradientCheck const check =
          kramers::test::check_trainer<Space>(trainer, second, kramers::test::scattered_samples(network, 13));
      EXPECT_TRUE(check.passed()) << network.text() << ", " << name_of(loss) << ": " << check;
      all.add(check);
    }
  }
  std::cout << "matrix products: " << all << "\n";
}

}  // namespace

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <string>
#include <vector>

#include "ml_fixture.hpp"
#include "ml_networks.hpp"
#include "ml_trainer_checks.hpp"

namespace kramers::test {

template <template <class> class N>
inline constexpr char const* fixture_name = nullptr;
template <>
inline constexpr char const* fixture_name<Shipped> = "classifier_adam";
template <>
inline constexpr char const* fixture_name<NormFirst> = "adam_with_decay";
template <>
inline constexpr char const* fixture_name<TwoNorms> = "tanh_nesterov";
template <>
inline constexpr char const* fixture_name<Relu> = "relu_momentum";
template <>
inline constexpr char const* fixture_name<GeluErf> = "gelu_erf_adamw";

/// A network of ml_networks.hpp in the precision T, and the fixture of PyTorch for it if there is one.
template <template <class> class N, class T>
struct ResidentCase {
  using Real = T;
  using Space = Kokkos::DefaultExecutionSpace;
  using Net = N<T>;
  using Trainer = ml::ResidentTrainer<Space, Net>;
  static Fixture fixture() {
    return read_fixture(std::string(KRAMERS_SOURCE_DIR "/tests/ml/fixtures/") + fixture_name<N> + ".json");
  }
};

template <class Case>
void expect_trajectory(ml::NetworkSpec const& network, ml::TrainParams const& params,
                       ml::ModelState<double> const& initial, Batch<double> const& samples, std::int64_t epochs,
                       Trajectory const& expected, std::string const& whose) {
  using T = typename Case::Real;
  for (ml::TrainParams const& among : alone_and_among_others(params)) {
    typename Case::Trainer trainer(typename Case::Space(), among);
    ASSERT_EQ(trainer.network().text(), network.text());
    int const model = trainer.models() / 2;
    Trajectory const run = trainer_run<typename Case::Space, T>(trainer, model, initial, samples, epochs);
    double const difference = trajectory_difference(run, expected, network);
    std::cout << network.text() << ", " << trainer.engine() << ", " << 8 * sizeof(T) << " bits: differs from " << whose
              << " by " << difference << "\n";
    EXPECT_LT(difference, trajectory_tolerance<T>) << trainer.engine();
  }
}

template <class Case>
class ResidentFixture : public ::testing::Test {};
TYPED_TEST_SUITE_P(ResidentFixture);

TYPED_TEST_P(ResidentFixture, TrajectoryIsThatOfPyTorch) {
  Fixture const fixture = TypeParam::fixture();
  expect_trajectory<TypeParam>(fixture.network, fixture.params, fixture.initial, fixture.samples, fixture.epochs(),
                               fixture.expected, "PyTorch");
}

REGISTER_TYPED_TEST_SUITE_P(ResidentFixture, TrajectoryIsThatOfPyTorch);

template <class Case>
class Resident : public ::testing::Test {};
TYPED_TEST_SUITE_P(Resident);

// Batches larger than the columns that are summed side by side, the last one smaller and none a multiple of them.
TYPED_TEST_P(Resident, TrajectoryIsThatOfTheReference) {
  ml::NetworkSpec const network = TypeParam::Net::spec();
  ml::TrainParams const params = reference_params(ml::Loss::softmax_cross_entropy);
  ml::ModelState<double> initial = scattered_state(network);
  initial.step = 0;
  Batch<double> const samples = scattered_samples(network, 183);
  Trajectory const expected = reference_run<double>(network, params, 0, initial, samples, 7);
  expect_trajectory<TypeParam>(network, params, initial, samples, 7, expected, "the reference");
}

// Not with two samples: batch_norm then makes -1 and 1 of them whatever they are, and the derivatives are all rounding.
TYPED_TEST_P(Resident, GradientsAreThoseOfTheReference) {
  double largest = 0;
  for (ml::Loss const loss : {ml::Loss::softmax_cross_entropy, ml::Loss::mean_squared_error}) {
    typename TypeParam::Trainer trainer(typename TypeParam::Space(), reference_params(loss));
    for (int const samples : {5, 13, 32, 70}) {
      Batch<double> const batch = scattered_samples(trainer.network(), samples);
      double const difference =
          rounding_difference<typename TypeParam::Space, typename TypeParam::Real>(trainer, 0, batch);
      EXPECT_LE(difference, 1.0) << name_of(loss) << ", " << samples << " samples";
      largest = std::max(largest, difference);
    }
  }
  std::cout << "derivatives differ from those of the reference by at most " << largest << " of what is allowed\n";
}

REGISTER_TYPED_TEST_SUITE_P(Resident, TrajectoryIsThatOfTheReference, GradientsAreThoseOfTheReference);

// Differences in single precision would detect nothing.
template <class Case>
class ResidentInDouble : public ::testing::Test {};
TYPED_TEST_SUITE_P(ResidentInDouble);

TYPED_TEST_P(ResidentInDouble, GradientsEqualCentralDifferences) {
  for (ml::Loss const loss : {ml::Loss::softmax_cross_entropy, ml::Loss::mean_squared_error}) {
    typename TypeParam::Trainer trainer(typename TypeParam::Space(), reference_params(loss));
    GradientCheck const check =
        check_trainer<typename TypeParam::Space>(trainer, 0, scattered_samples(trainer.network(), 13));
    EXPECT_TRUE(check.passed()) << name_of(loss) << ": " << check;
    std::cout << trainer.network().text() << ", " << name_of(loss) << ": " << check << "\n";
  }
}

REGISTER_TYPED_TEST_SUITE_P(ResidentInDouble, GradientsEqualCentralDifferences);

}  // namespace kramers::test

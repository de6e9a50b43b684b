// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <gtest/gtest.h>

#include <cmath>
#include <iostream>
#include <string>
#include <vector>

#include "gradient_check.hpp"
#include "ml_cases.hpp"
#include "ml_reference.hpp"

namespace {

using kramers::ml::Activation;
using kramers::ml::Loss;
using kramers::ml::NetworkSpec;
using kramers::test::Batch;
using kramers::test::BentLoss;
using kramers::test::check_gradient;
using kramers::test::GradientCheck;
using kramers::test::Mutant;
using kramers::test::ReferenceNetwork;

constexpr std::uint64_t seed = 11;
constexpr std::int64_t step = 3;

std::vector<Loss> losses_for(NetworkSpec const& network) {
  if (network.outputs() < 2) return {Loss::mean_squared_error};
  return {Loss::softmax_cross_entropy, Loss::mean_squared_error};
}

/// Derivatives by a network with a mistake against differences of the loss of that same network: a mistake in the
/// forward pass that the backward pass does not share is a wrong derivative too.
GradientCheck check_reference(NetworkSpec const& network, Loss loss, Mutant mutant = Mutant::none) {
  ReferenceNetwork<double> net(network, mutant);
  Batch<double> const samples = kramers::test::scattered_samples(network, 13);
  std::vector<double> const parameters = kramers::test::scattered_parameters(network);
  auto const result = net.loss_and_gradient(parameters, samples, loss, seed, step);
  auto const of_parameters = [&](std::vector<double> const& w) -> BentLoss {
    auto const moved = net.loss_and_gradient(w, samples, loss, seed, step);
    return {moved.loss, moved.bends};
  };
  Batch<double> elsewhere = samples;
  auto const of_inputs = [&](std::vector<double> const& x) -> BentLoss {
    elsewhere.inputs.values = x;
    auto const moved = net.loss_and_gradient(parameters, elsewhere, loss, seed, step);
    return {moved.loss, moved.bends};
  };
  GradientCheck check =
      check_gradient(parameters, result.gradient, of_parameters, kramers::test::parameter_places(network));
  std::vector<double> const& inputs = samples.inputs.values;
  check.add(check_gradient(inputs, result.input_gradient.values, of_inputs, kramers::test::all_places(inputs.size())));
  return check;
}

/// Whether the check of any network and loss fails.
bool caught(Mutant mutant) {
  for (NetworkSpec const& network : kramers::test::gradient_networks()) {
    for (Loss const loss : losses_for(network)) {
      if (!check_reference(network, loss, mutant).passed()) return true;
    }
  }
  return false;
}

TEST(GradientOfReference, EqualsCentralDifferences) {
  GradientCheck all;
  for (NetworkSpec const& network : kramers::test::gradient_networks()) {
    for (Loss const loss : losses_for(network)) {
      GradientCheck const check = check_reference(network, loss);
      EXPECT_TRUE(check.passed()) << network.text() << ", " << name_of(loss) << ": " << check;
      EXPECT_LT(check.skipped, 3) << network.text();  // kinks are rare: h is 1e-4
      all.add(check);
    }
  }
  std::cout << "reference: " << all << "\n";
}

TEST(GradientOfReference, CheckCatchesEveryMutant) {
  for (Mutant const mutant : kramers::test::derivative_mutants()) {
    EXPECT_TRUE(caught(mutant)) << "mutant " << static_cast<int>(mutant);
  }
  EXPECT_FALSE(caught(Mutant::none));
}

/// Sum of |a - f| over the parameters, for differences over h.
double difference_error(ReferenceNetwork<double>& net, Batch<double> const& samples, Loss loss, double h) {
  std::vector<double> w = kramers::test::scattered_parameters(net.network());
  std::vector<double> const a = net.loss_and_gradient(w, samples, loss, seed, step).gradient;
  double sum = 0;
  for (std::size_t const i : kramers::test::parameter_places(net.network())) {
    double const middle = w[i];
    w[i] = middle + h;
    double const above = net.loss_and_gradient(w, samples, loss, seed, step).loss;
    w[i] = middle - h;
    double const below = net.loss_and_gradient(w, samples, loss, seed, step).loss;
    w[i] = middle;
    sum += std::fabs(a[i] - (above - below) / (2 * h));
  }
  return sum;
}

// The error of a central difference is c h^2 + O(h^4): with a wrong derivative it would not fall at all, however small
// the mistake. At h <= 4e-3 the next term is below 1e-2 of the first for losses whose parameters are of order one, and
// rounding, 1e-16 / h per number, below 1e-6 of it.
TEST(GradientOfReference, ErrorOfDifferencesFallsFourfoldWhenTheyAreHalved) {
  for (NetworkSpec const& network : kramers::test::gradient_networks()) {
    if (network.text().find("relu") != std::string::npos || kramers::test::parameter_places(network).empty()) continue;
    for (Loss const loss : losses_for(network)) {
      if (loss == Loss::mean_squared_error && network.layers().back().activation == Activation::identity &&
          network.layers().size() == 1) {
        continue;  // quadratic: differences are exact
      }
      ReferenceNetwork<double> net(network);
      Batch<double> const samples = kramers::test::scattered_samples(network, 13);
      double const coarse = difference_error(net, samples, loss, 4e-3);
      double const middle = difference_error(net, samples, loss, 2e-3);
      double const fine = difference_error(net, samples, loss, 1e-3);
      EXPECT_NEAR(coarse / middle, 4.0, 0.05) << network.text() << ", " << name_of(loss);
      EXPECT_NEAR(middle / fine, 4.0, 0.05) << network.text() << ", " << name_of(loss);
    }
  }
}

// A shift of a whole feature is what batch_norm takes away.
TEST(GradientOfReference, BiasBeforeBatchNormHasNone) {
  NetworkSpec const network = NetworkSpec(2).dense(5).batch_norm().dense(3);
  ReferenceNetwork<double> net(network);
  auto const result = net.loss_and_gradient(kramers::test::scattered_parameters(network),
                                            kramers::test::scattered_samples(network, 13), Loss::softmax_cross_entropy);
  kramers::ml::ArrayEntry const& bias = net.table().parameters[1];
  ASSERT_EQ(bias.name, "0.bias");
  for (int k = 0; k < bias.size; ++k) {
    EXPECT_LT(std::fabs(result.gradient[static_cast<std::size_t>(bias.offset + k)]), 1e-15);  // 13 terms of order 0.1
  }
}

}  // namespace

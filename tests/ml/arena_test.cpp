// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/ml/network.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "ml_cases.hpp"

namespace {

using kramers::ml::Activation;
using kramers::ml::ArenaTable;
using kramers::ml::ArrayEntry;
using kramers::ml::Initialisation;
using kramers::ml::NetworkSpec;

std::string described(std::vector<ArrayEntry> const& entries) {
  std::string text;
  for (ArrayEntry const& entry : entries) {
    text += entry.name + "(";
    for (int const extent : entry.shape) text += std::to_string(extent) + ",";
    text.back() = ')';
    text += "@" + std::to_string(entry.offset) + " ";
  }
  return text;
}

// state_dict of nn.Sequential(Linear(2, 8), Tanh(), BatchNorm1d(8), Dropout(0.5), Linear(8, 17), BatchNorm1d(17),
// Linear(17, 3)), as PyTorch prints it but for num_batches_tracked.
TEST(Arena, NamesAreThoseOfPyTorch) {
  NetworkSpec const network =
      NetworkSpec(2).dense(8, Activation::tanh).batch_norm().dropout(0.5).dense(17).batch_norm().dense(3);
  ArenaTable const table = kramers::ml::arena_of(network);
  EXPECT_EQ(described(table.parameters),
            "0.weight(8,2)@0 0.bias(8)@16 2.weight(8)@32 2.bias(8)@48 4.weight(17,8)@64 4.bias(17)@208 "
            "5.weight(17)@240 5.bias(17)@272 6.weight(3,17)@304 6.bias(3)@368 ");
  EXPECT_EQ(table.parameter_extent, 384);
  EXPECT_EQ(described(table.buffers),
            "2.running_mean(8)@0 2.running_var(8)@16 5.running_mean(17)@32 5.running_var(17)@64 ");
  EXPECT_EQ(table.buffer_extent, 96);
}

TEST(Arena, EntriesAreAlignedAndDoNotOverlap) {
  for (NetworkSpec const& network : kramers::test::gradient_networks()) {
    ArenaTable const table = kramers::ml::arena_of(network);
    for (auto const* entries : {&table.parameters, &table.buffers}) {
      int end = 0;
      for (ArrayEntry const& entry : *entries) {
        int size = 1;
        for (int const extent : entry.shape) size *= extent;
        EXPECT_EQ(entry.size, size);
        EXPECT_EQ(entry.offset, end) << entry.name;
        EXPECT_EQ(entry.offset % kramers::ml::arena_alignment, 0);
        end = entry.offset + kramers::ml::aligned(entry.size);
      }
      EXPECT_EQ(entries == &table.parameters ? table.parameter_extent : table.buffer_extent, end);
    }
  }
}

constexpr int wide = 120;

NetworkSpec wide_network() {
  return NetworkSpec(wide).dense(wide, Activation::relu).batch_norm().dense(wide);
}

std::vector<double> part(std::vector<double> const& values, ArrayEntry const& entry) {
  return {values.begin() + entry.offset, values.begin() + entry.offset + entry.size};
}

/// Chi-squared of the counts in 32 equal bins of [-bound, bound]; HUGE_VAL if a value lies outside.
double chi_squared(std::vector<double> const& values, double bound) {
  std::array<double, 32> counts{};
  for (double const value : values) {
    if (!(std::fabs(value) <= bound)) return HUGE_VAL;
    auto const bin = static_cast<std::size_t>((value / bound + 1) * 16);
    counts[std::min<std::size_t>(bin, 31)] += 1;
  }
  double const expected = static_cast<double>(values.size()) / 32;
  double sum = 0;
  for (double const count : counts) sum += (count - expected) * (count - expected) / expected;
  return sum;
}

// 31 degrees of freedom: above 70 with probability 8e-5 for another seed.
TEST(InitialParameters, GlorotIsUniformWithItsBound) {
  NetworkSpec const network = wide_network();
  std::vector<double> const values = kramers::ml::initial_parameters<double>(network, Initialisation::glorot, 5);
  ArenaTable const table = kramers::ml::arena_of(network);
  ASSERT_EQ(static_cast<int>(values.size()), table.parameter_extent);
  double const bound = std::sqrt(6.0 / (wide + wide));
  for (std::size_t const weight : {0U, 4U}) {
    EXPECT_LT(chi_squared(part(values, table.parameters[weight]), bound), 70) << table.parameters[weight].name;
  }
  for (std::size_t const bias : {1U, 5U}) {
    EXPECT_EQ(part(values, table.parameters[bias]), std::vector<double>(wide, 0.0)) << table.parameters[bias].name;
  }
  EXPECT_EQ(part(values, table.parameters[2]), std::vector<double>(wide, 1.0));
  EXPECT_EQ(part(values, table.parameters[3]), std::vector<double>(wide, 0.0));
}

TEST(InitialParameters, PyTorchsAreUniformForWeightsAndBiases) {
  NetworkSpec const network = NetworkSpec(25).dense(4000);
  std::vector<double> const values = kramers::ml::initial_parameters<double>(network, Initialisation::pytorch, 6);
  ArenaTable const table = kramers::ml::arena_of(network);
  for (ArrayEntry const& entry : table.parameters) EXPECT_LT(chi_squared(part(values, entry), 0.2), 70) << entry.name;
}

// The correlation of 14400 independent pairs has a standard deviation of 1/120: 0.04 is 4.8 of them.
TEST(InitialParameters, SeedsAndLayersAreIndependent) {
  NetworkSpec const network = wide_network();
  ArenaTable const table = kramers::ml::arena_of(network);
  std::vector<double> const one = kramers::ml::initial_parameters<double>(network, Initialisation::glorot, 5);
  std::vector<double> const other = kramers::ml::initial_parameters<double>(network, Initialisation::glorot, 6);
  std::vector<double> const first = part(one, table.parameters[0]);
  for (std::vector<double> const& second : {part(other, table.parameters[0]), part(one, table.parameters[4])}) {
    double product = 0;
    for (std::size_t i = 0; i < first.size(); ++i) product += first[i] * second[i];
    EXPECT_LT(std::fabs(product / (static_cast<double>(first.size()) * (6.0 / (wide + wide)) / 3)), 0.04);
  }
}

TEST(InitialParameters, AreAFunctionOfTheSeedAndRoundedForFloat) {
  NetworkSpec const network = NetworkSpec(2).dense(8, Activation::tanh).batch_norm().dense(3);
  std::vector<double> const in_double = kramers::ml::initial_parameters<double>(network, Initialisation::pytorch, 9);
  EXPECT_EQ(in_double, kramers::ml::initial_parameters<double>(network, Initialisation::pytorch, 9));
  std::vector<float> const in_float = kramers::ml::initial_parameters<float>(network, Initialisation::pytorch, 9);
  EXPECT_EQ(in_float, std::vector<float>(in_double.begin(), in_double.end()));
}

TEST(InitialParameters, PaddingIsZero) {
  NetworkSpec const network = NetworkSpec(3).dense(5, Activation::gelu_erf).batch_norm().dense(2);
  std::vector<double> values = kramers::ml::initial_parameters<double>(network, Initialisation::pytorch, 1);
  for (std::size_t const place : kramers::test::parameter_places(network)) values[place] = 0;
  EXPECT_EQ(values, std::vector<double>(values.size(), 0.0));
}

TEST(InitialBuffers, AreZeroMeansAndUnitVariances) {
  NetworkSpec const network = NetworkSpec(2).batch_norm().dense(3);
  std::vector<float> const values = kramers::ml::initial_buffers<float>(network);
  ASSERT_EQ(values.size(), 32U);
  EXPECT_EQ((std::vector<float>{values[0], values[1], values[16], values[17]}), (std::vector<float>{0, 0, 1, 1}));
}

}  // namespace

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/ml/mlp.hpp>

#include <gtest/gtest.h>

#include "ml_networks.hpp"

namespace kramers::test {
namespace {

using namespace kramers::ml;

/// Offsets of a layer's arrays in the order of the table.
template <class Net>
void expect_same_arena() {
  ArenaTable const table = arena_of(Net::spec());
  EXPECT_EQ(Net::parameter_extent, table.parameter_extent);
  EXPECT_EQ(Net::buffer_extent, table.buffer_extent);
  std::size_t parameter = 0, buffer = 0;
  for (int i = 0; i < Net::layers; ++i) {
    ml::detail::LayerPlace const layer = Net::layer(i);
    if (layer.kind == LayerKind::dropout) continue;
    ASSERT_LT(parameter + 1, table.parameters.size());
    EXPECT_EQ(table.parameters[parameter].layer, i);
    EXPECT_EQ(layer.first, table.parameters[parameter++].offset);
    EXPECT_EQ(layer.second, table.parameters[parameter++].offset);
    if (layer.kind != LayerKind::batch_norm) continue;
    EXPECT_EQ(layer.mean, table.buffers[buffer++].offset);
    EXPECT_EQ(layer.variance, table.buffers[buffer++].offset);
  }
  EXPECT_EQ(parameter, table.parameters.size());
  EXPECT_EQ(buffer, table.buffers.size());
}

TEST(Network, OffsetsInTypesAreThoseOfTheArena) {
  expect_same_arena<Shipped<float>>();
  expect_same_arena<Mixed<double>>();
  expect_same_arena<Mlp<float, In<3>, BatchNorm, Dense<17>, BatchNorm, Dense<1>>>();
}

TEST(Network, TypesDescribeThemselves) {
  EXPECT_EQ(Shipped<float>::spec().text(), "2 -> 8 tanh -> batch_norm -> 3");
  EXPECT_EQ(Mixed<float>::spec().text(), "13 -> 5 gelu_erf -> dropout 0.25 -> batch_norm -> 14 relu -> 2");
  EXPECT_EQ(Shipped<double>::outputs, 3);
}

// No two rows of a sample's numbers may overlap.
TEST(Network, RowsOfASampleFollowEachOther) {
  using Net = Mixed<float>;
  int row = Net::inputs + Net::outputs;
  for (int i = 0; i < Net::layers; ++i) {
    EXPECT_EQ(Net::layer(i).input_row, i == 0 ? 0 : Net::layer(i - 1).output_row);
    EXPECT_EQ(Net::layer(i).output_row, row);
    row += Net::layer(i).outputs;
    if (!Net::layer(i).keeps_z()) continue;
    EXPECT_EQ(Net::layer(i).z_row, row);
    row += Net::layer(i).outputs;
  }
  EXPECT_EQ(Net::plan.rows, row);
  EXPECT_EQ(Net::plan.widest, 14);
}

}  // namespace
}  // namespace kramers::test

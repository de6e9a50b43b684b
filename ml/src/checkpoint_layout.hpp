// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/base/error.hpp>
#include <kramers/ml/checkpoint.hpp>

#include <array>
#include <string>
#include <string_view>
#include <vector>

/// What the writer and the reader of checkpoints share: how arenas become tensors.
namespace kramers::ml::detail::checkpoint {

using safetensors::Dtype;
using safetensors::Shape;
using State = ModelState<double>;
using Models = std::vector<State>;

inline constexpr char layout_version[] = "1";

/// The arrays of a state and where its entries are named.
struct Arena {
  char const* prefix;
  std::vector<double> State::* values;
  std::vector<ArrayEntry> ArenaTable::* entries;
  int ArenaTable::* extent;
};
inline constexpr Arena parameters{"", &State::parameters, &ArenaTable::parameters, &ArenaTable::parameter_extent};
inline constexpr Arena buffers{"", &State::buffers, &ArenaTable::buffers, &ArenaTable::buffer_extent};
inline constexpr std::array<Arena, 2> moments{
    {{"opt.m.", &State::first_moment, &ArenaTable::parameters, &ArenaTable::parameter_extent},
     {"opt.v.", &State::second_moment, &ArenaTable::parameters, &ArenaTable::parameter_extent}}};

/// The name under which PyTorch counts the batches of the layer that has these running means; empty for other entries.
inline std::string counter_of(ArrayEntry const& entry) {
  constexpr std::string_view mean = "running_mean";
  if (!entry.name.ends_with(mean)) return {};
  return entry.name.substr(0, entry.name.size() - mean.size()) + "num_batches_tracked";
}

inline Dtype dtype_of(std::string const& precision) {
  expects(precision == "f32" || precision == "f64", "precision", precision, "f32 or f64");
  return precision == "f32" ? Dtype::f32 : Dtype::f64;
}

/// The shape of an array of one model, for M of them: with a leading extent where M > 1.
inline Shape stacked(std::vector<int> const& shape, std::size_t models) {
  Shape all(shape.begin(), shape.end());
  if (models > 1) all.insert(all.begin(), models);
  return all;
}

}  // namespace kramers::ml::detail::checkpoint

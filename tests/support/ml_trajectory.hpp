// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/ml/trainer.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

namespace kramers::test {

/// What a training run gave: the loss of each step, the state after the first and the last epoch, and the outputs in
/// inference mode for all samples at the end.
struct Trajectory {
  std::vector<double> losses;
  ml::ModelState<double> after_first_epoch, after_last_epoch;
  std::vector<double> predictions;
};

/// Largest |a - b| over the largest |b| of the array; infinite for arrays of different size or with a NaN.
inline double relative_difference(std::vector<double> const& a, std::vector<double> const& b) {
  double size = 0;
  double difference = a.size() == b.size() ? 0 : HUGE_VAL;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    size = std::max(size, std::fabs(b[i]));
    difference = std::isnan(a[i]) ? HUGE_VAL : std::max(difference, std::fabs(a[i] - b[i]));
  }
  return size > 0 ? difference / size : difference;
}

/// The same array by array of an arena; what an empty b does not say is equal.
inline double arena_difference(std::vector<double> const& a, std::vector<double> const& b,
                               std::vector<ml::ArrayEntry> const& entries) {
  if (b.empty()) return 0;
  double largest = a.size() == b.size() ? 0 : HUGE_VAL;
  for (ml::ArrayEntry const& entry : entries) {
    if (a.size() != b.size()) break;
    auto const part = [&](std::vector<double> const& v) {
      return std::vector<double>(v.begin() + entry.offset, v.begin() + entry.offset + entry.size);
    };
    largest = std::max(largest, relative_difference(part(a), part(b)));
  }
  return largest;
}

inline double state_difference(ml::ModelState<double> const& a, ml::ModelState<double> const& b,
                               ml::ArenaTable const& table) {
  return std::max({arena_difference(a.parameters, b.parameters, table.parameters),
                   arena_difference(a.first_moment, b.first_moment, table.parameters),
                   arena_difference(a.second_moment, b.second_moment, table.parameters),
                   arena_difference(a.buffers, b.buffers, table.buffers)});
}

/// Largest trajectory_difference that passes. Twenty steps amplify rounding: PyTorch's own runs in single precision differ
/// from those in double precision by up to 3.3e-6, NumPy's from PyTorch's in double precision by up to 9e-15.
template <class T>
inline constexpr double trajectory_tolerance = sizeof(T) == 8 ? 1e-12 : 1e-5;

/// Largest difference between a run and another, or what PyTorch gave, each array in units of its largest number.
inline double trajectory_difference(Trajectory const& run, Trajectory const& expected, ml::NetworkSpec const& network) {
  ml::ArenaTable const table = ml::arena_of(network);
  return std::max({relative_difference(run.losses, expected.losses),
                   state_difference(run.after_first_epoch, expected.after_first_epoch, table),
                   state_difference(run.after_last_epoch, expected.after_last_epoch, table),
                   relative_difference(run.predictions, expected.predictions)});
}
}  // namespace kramers::test

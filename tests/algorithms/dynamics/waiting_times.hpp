// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/estimators/estimators.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

namespace kramers::test {

/// Walkers that have passed up to each frame, frames + 1 columns from time 0, by the passage times of all walkers.
inline dynamics::SampleTable passed_table(std::vector<double> const& times, int groups, int frames, double interval) {
  std::vector<double> sums(static_cast<std::size_t>(groups * (frames + 1)), 0.0), walkers;
  std::size_t const in_group = times.size() / static_cast<std::size_t>(groups);
  walkers.assign(static_cast<std::size_t>(groups), static_cast<double>(in_group));
  for (std::size_t i = 0; i < times.size(); ++i) {
    for (int n = static_cast<int>(std::min(std::ceil(times[i] / interval), 1e9)); n <= frames; ++n) {
      ++sums[i / in_group * static_cast<std::size_t>(frames + 1) + static_cast<std::size_t>(n)];
    }
  }
  return {sums, frames + 1, walkers};
}

}  // namespace kramers::test

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/rare/splitting.hpp>

#include <bit>
#include <cstdint>
#include <vector>

namespace kramers::test {

/// Everything that repeats say, as bits.
inline std::vector<std::uint64_t> bits(std::vector<dynamics::SplittingRepeat> const& repeats) {
  std::vector<std::uint64_t> all;
  for (dynamics::SplittingRepeat const& one : repeats) {
    for (double const x : {one.flux, one.probability, one.relative_variance, one.late_share}) {
      all.push_back(std::bit_cast<std::uint64_t>(x));
    }
    for (double const x : one.reached) all.push_back(std::bit_cast<std::uint64_t>(x));
    for (std::int64_t const n : {one.crossings, one.flux_steps, one.path_steps, one.stages, one.roots}) {
      all.push_back(static_cast<std::uint64_t>(n));
    }
    all.push_back(one.extinct ? 1 : 0);
    for (std::uint32_t const n : one.durations) all.push_back(n);
  }
  return all;
}

}  // namespace kramers::test

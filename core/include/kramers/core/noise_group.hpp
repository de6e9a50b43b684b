// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/lanes.hpp>
#include <kramers/core/normal.hpp>
#include <kramers/core/philox_lanes.hpp>

#include <numeric>

namespace kramers {

/// How the normal numbers of a trajectory are cut into counter blocks: number k = step * per_step + j of a walker is
/// number k % normals_per_block of block k / normals_per_block. A group is the fewest steps that use whole blocks.
template <class T, int PerStep>
struct NoiseGroup {
  static constexpr int steps = normals_per_block<T> / std::gcd(PerStep, normals_per_block<T>);
  static constexpr int normals = steps * PerStep;
  static constexpr int blocks = normals / normals_per_block<T>;
};

/// Normal numbers of one group for the W walkers id(0) ... id(W - 1).
template <class Noise, int W, class T, class WalkerId>
KOKKOS_FORCEINLINE_FUNCTION void draw_group(std::uint64_t const seed, WalkerId const& id, Stream const stream,
                                            std::int64_t const group, T (&normals)[Noise::normals][W]) {
  constexpr int n = normals_per_block<T>;
  for (int b = 0; b < Noise::blocks; ++b) {
    auto const block = static_cast<std::uint64_t>(group * Noise::blocks + b);
    if constexpr (W == 1) {
      T z[n];
      normal_block(seed, id(0), block, stream, z);
      for (int i = 0; i < n; ++i) normals[b * n + i][0] = z[i];
    } else {
      std::uint64_t walker[W], w01[W], w23[W];
      for_lanes<W>([&](int const l) { walker[l] = id(l); });
      detail::philox_pairs(seed, walker, block, stream, w01, w23);
      for_lanes<W>([&](int const l) {
        T z[n];
        detail::normals_of_words(w01[l], w23[l], z);
        for (int i = 0; i < n; ++i) normals[b * n + i][l] = z[i];
      });
    }
  }
}

}  // namespace kramers

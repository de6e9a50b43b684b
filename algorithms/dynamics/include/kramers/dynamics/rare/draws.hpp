// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <array>
#include <cstdint>

/// Random numbers of rare-event methods that are drawn on the host: pure functions of (seed, id), the same bits everywhere.
namespace kramers::dynamics {

/// What they are for. The values continue those of kramers::Stream, which sources without kernels do not see, and are as
/// fixed as those.
enum class RareStream : std::uint16_t {
  start = 32,              ///< which crossing of the first level a replica starts from
  dynamics = 33,           ///< noise of replicas; id = repeat << 44 | child
  parent = 34,             ///< which survivor a child copies
  flux_start = 35,         ///< velocities of the walkers that are counted in A; id = repeat << 44 | walker
  flux_dynamics = 36,      ///< and their noise
  shooting_velocity = 37,  ///< velocities at the top; id = pair
  shooting_dynamics = 38,  ///< noise of the legs; id = 4 * pair + leg
  weighted_dynamics = 39,  ///< noise of weighted walkers; id = repeat << 44 | child
  resampling = 40,         ///< which of a bin's walkers have children; id = repeat << 44 | cycle << 13 | bin + 1
  recycled = 41,           ///< from where a walker that has been in B begins anew; id = repeat << 44 | child
};

/// Identity of path number `child` of a repeat.
constexpr std::uint64_t path_id(std::int64_t repeat, std::int64_t child) {
  return static_cast<std::uint64_t>(repeat) << 44 | static_cast<std::uint64_t>(child);
}

/// An integer from 0 to n - 1, n > 0, each as likely as the others to 1 in 2^52 / n.
std::int64_t draw_below(std::int64_t n, std::uint64_t seed, std::uint64_t id, RareStream stream);

/// Two standard normal numbers.
std::array<double, 2> draw_normals(std::uint64_t seed, std::uint64_t id, RareStream stream);

}  // namespace kramers::dynamics

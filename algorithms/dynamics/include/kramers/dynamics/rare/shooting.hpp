// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/estimators/estimators.hpp>
#include <kramers/dynamics/rare/any_paths.hpp>

#include <cstdint>
#include <optional>

namespace kramers::dynamics {

/// Everything that defines a rate by shooting from the top but scheme and potential.
struct ShootingParams {
  LangevinParams langevin;
  double top = 0;                        ///< where paths start [length]
  Passage committed;                     ///< states so deep that a walker in one forgets where it came from
  std::optional<Region> core_a, core_b;  ///< core sets, whose exchange is a question of its own
  double direction = 1;                  ///< +1 where B is to the right of A, else -1
  std::int64_t pairs = 200'000;          ///< of velocities v and -v
  std::int64_t max_steps = 100'000'000;
  std::uint64_t seed = 0;
};

/// What pairs of paths have come to; counts, so that those of ranks add up without rounding.
struct ShootingCounts {
  std::int64_t pairs = 0, steps = 0;
  std::int64_t committed = 0;  ///< paths that end in B with v towards B, less those with v towards A
  std::int64_t decided = 0;    ///< pairs of which one alone ends in B
  std::int64_t core_steps = 0;
  std::int64_t effective = 0;  ///< pairs that come from core A, backwards without touching the top, and go to core B
};

/// Sizes of the paths for a batch of pairs.
inline constexpr std::int64_t shooting_batch = 16384;
PathsParams paths_for(ShootingParams const& params);

/// Shoot the pairs [first, last): each is a function of the parameters and its number alone. Velocities have the law of
/// walkers that cross the top.
/// @throws DomainError    a path was in no state after max_steps
/// @throws DivergedError  a path left the finite numbers
ShootingCounts shoot(AnyPaths& paths, ShootingParams const& params, std::int64_t first, std::int64_t last);

/// Transmission coefficients: the share of crossings of the top that count, one way or the other.
Estimate transmission(ShootingCounts const& counts);            ///< of walkers that commit
Estimate effective_transmission(ShootingCounts const& counts);  ///< of walkers from core set to core set

}  // namespace kramers::dynamics

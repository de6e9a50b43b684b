// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/rare/any_paths.hpp>
#include <kramers/dynamics/rare/population.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace kramers::dynamics {

struct SplittingParams;
struct SplittingRepeat;

/// Part of a reactive path that one replica has followed, with noise of its own.
struct PathLeg {
  std::int64_t replica;  ///< number within its repeat
  std::int32_t bin;      ///< it begins where the leg before was first in this bin of the level; of the first leg 0
};

/// All that it takes to follow a path to B again: where it begins, who has followed it, and how it ends.
struct PathLine {
  PathPoint x{}, v{};         ///< where it enters bin 0
  std::vector<PathLeg> legs;  ///< their bins rise
  PathPoint end_x{}, end_v{};
  std::uint32_t duration = 0;  ///< steps from the beginning to the end, below longest_age
};

/// Who descends from whom in one repeat. Takes 16 bytes for each replica that was replaced, and 8 for each place.
class Genealogy {
 public:
  explicit Genealogy(std::int64_t replicas);

  /// Note one that is replaced, in the order of Population::select().
  void replace(Replacement const& one);
  /// The legs of the path in this place.
  std::vector<PathLeg> legs(std::int32_t place) const;

 private:
  struct Branch {
    std::int64_t parent;
    std::int32_t bin;
  };
  std::int64_t m_replicas;
  std::vector<std::int64_t> m_here;  // the replica in each place
  std::vector<Branch> m_branches;    // of replicas after the first ones
};

/// How many paths a repeat keeps at most: a share that depends on nothing but its number.
std::int64_t paths_of_repeat(SplittingParams const& params, std::int64_t repeat);

/// Most states of one path that are written: every second, fourth ... of longer ones.
inline constexpr std::int64_t most_path_frames = 1024;

/// Reactive paths, one after the other.
struct ReactivePaths {
  std::vector<std::int64_t> repeat;  ///< of each path
  std::vector<double> weight;        ///< of each path among all, as the rates of repeats weigh; they add up to 1
  /// States of each path begin here, and last where those of the last one end.
  std::vector<std::int64_t> offset{0};
  std::vector<std::int64_t> step;  ///< since the beginning of the path
  std::vector<PathPoint> x, v;
  std::vector<std::int64_t> leg_offset{0};  ///< the same of legs
  std::vector<std::int64_t> replica, parent, leg_step;
  std::vector<std::int32_t> leg_bin;

  std::int64_t count() const { return static_cast<std::int64_t>(repeat.size()); }
};

/// Follow a path again and append its states: the first, the next at or after each multiple of `every` steps, and the
/// last, in B. A leg can be looked at after even numbers of steps, so that a state may be one step late.
///
/// Cost   two launches and two small copies per state.
/// @param[in] paths   of one slot or more, otherwise made as those of the run; the first slot is used
/// @param[in] every   [steps], even
/// @throws Error  it does not end as it did, to the bit
void replay(AnyPaths& paths, SplittingParams const& params, std::int64_t repeat, PathLine const& line,
            std::int64_t every, ReactivePaths& all);

/// The interval at which a path of so many steps has at most most_path_frames states: `every` times a power of two.
std::int64_t path_interval(std::int64_t steps, std::int64_t every);

/// Weights of the paths of all repeats: a repeat counts as its rate, whatever number of paths it has.
void weigh(std::span<SplittingRepeat const> repeats, ReactivePaths& all);

/// Bytes of so many paths at most, with as many legs as there are bins.
double reactive_path_bytes(std::int64_t paths, int bins);

}  // namespace kramers::dynamics

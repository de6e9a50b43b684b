// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/rare/draws.hpp>
#include <kramers/dynamics/rare/regions.hpp>
#include <kramers/dynamics/schemes/langevin_params.hpp>

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace kramers::dynamics {

/// What has become of a path.
enum class PathEnd : std::uint8_t { none, in_a, in_b, diverged };

/// What a path does when it enters a state.
enum class PathKind {
  passage,  ///< it ends in A or B, and remembers its first state in each bin
  counted,  ///< it goes on for ever, and its first entries into bin 0 since A are kept
};

/// A path that begins at a given point.
struct PathStart {
  std::int32_t slot;  ///< where it lives, below slots()
  std::uint64_t id;   ///< of its noise
  PathPoint x, v;
};

/// A path that begins where another one first was in a bin; that one stays as it is.
struct PathBranch {
  std::int32_t slot, parent;
  std::int32_t bin;
  std::uint64_t id;
};

/// Paths after they have been advanced, by slot.
struct PathStates {
  std::vector<PathEnd> end;
  std::vector<std::int32_t> top;   ///< highest bin that was reached: the number of bins in B, -1 before bin 0
  std::vector<std::int64_t> time;  ///< steps since the start; of counted paths those after A, before B
  /// Steps, at most `longest_age`, that the first state of a branch is away from where the first path of its line began.
  std::vector<std::uint32_t> age;
};
inline constexpr std::uint32_t longest_age = std::numeric_limits<std::uint32_t>::max();

/// First entries of one slot into bin 0 since its last visit of A, in time order.
struct Crossings {
  std::vector<PathPoint> x, v;
};

/// Where all paths are, by slot.
struct PathPlaces {
  std::vector<PathPoint> x, v;
};

/// Sizes of a set of paths.
struct PathsParams {
  LangevinParams langevin;
  std::int64_t slots = 0;
  int most_bins = 1;  ///< of the levels that will be used
  std::uint64_t seed = 0;
  int coordinates = 1;            ///< of the potential
  std::int64_t table_points = 0;  ///< most of the tables of levels that will be used
};

/// Many independent paths on one space; space, scheme and potential are hidden.
///
/// A path is a function of (seed, stream, id, its start, the parameters) alone, whatever else is advanced. Memory is
/// allocated in the constructor only.
class AnyPaths {
 public:
  /// Steps that all paths do between two looks at which have ended.
  static constexpr std::int64_t segment = 32;

  virtual ~AnyPaths() = default;

  virtual std::int64_t slots() const = 0;
  /// States and level of the paths to come, and the stream of their noise.
  virtual void set(Passage const& passage, PathKind kind, RareStream stream) = 0;
  /// Begin these paths, each in a slot of its own; paths of other slots stay as they ended.
  virtual void start(std::span<PathStart const> starts) = 0;
  virtual void branch(std::span<PathBranch const> branches) = 0;
  /// Advance all paths that go on by an even number of steps, one segment at most; how many still go on.
  virtual std::int64_t advance(std::int64_t steps) = 0;
  std::int64_t advance() { return advance(segment); }
  /// How all paths stand.
  virtual PathStates states() = 0;
  /// Where all paths are that go on.
  virtual PathPlaces places() = 0;
  /// What counted paths of the first `slots` slots have crossed since the last call.
  virtual std::vector<Crossings> take_crossings(std::int64_t slots) = 0;
  /// Whether one of these could cross more often in the next segment than there is room for.
  virtual bool crossings_are_full(std::int64_t slots) = 0;
  /// Bytes of all arrays, on the space where kernels run.
  virtual std::int64_t bytes() const = 0;
};

/// The same from the sizes, before anything is allocated.
double path_bytes(PathsParams const& params);

}  // namespace kramers::dynamics

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <array>
#include <limits>
#include <vector>

namespace kramers::dynamics {

/// Most coordinates of a path, and a point or velocity of one; what a path does not have is zero.
inline constexpr int most_path_coordinates = 2;
using PathPoint = std::array<double, most_path_coordinates>;

/// A state of a walker: lower <= s <= upper, s its position along the axis of a Passage, within `radius` of `centre`,
/// and m v^2 / 2 + V(x) <= energy. Of one coordinate s is x, and there are no discs.
struct Region {
  double lower = -std::numeric_limits<double>::infinity(),
         upper = std::numeric_limits<double>::infinity();   ///< [length]
  double energy = std::numeric_limits<double>::infinity();  ///< [energy]; without inertia V(x) alone counts
  PathPoint centre{};                                       ///< [length]
  double radius = std::numeric_limits<double>::infinity();  ///< [length]

  bool has_energy() const { return energy < std::numeric_limits<double>::infinity(); }
  bool is_disc() const { return radius < std::numeric_limits<double>::infinity(); }
};

/// How far a walker has come from A to B: a number that grows on the way, cut into bins.
///
/// Estimates are unbiased for any level; their errors are small where it grows with the probability to reach B first.
struct Level {
  bool of_energy = false;  ///< else position * s + velocity * v along the axis + share * d / (d + e)
  double position = 1, velocity = 0;
  /// Of energy: before the top the energy, at most that of the top; beyond it twice that of the top minus the energy.
  double top = 0, top_energy = 0;
  double direction = 1;  ///< +1 where B is at larger s than A, else -1
  /// Of distance: d from `from`, e from `to`, two points apart.
  double share = 0;
  PathPoint from{}, to{1, 0};

  int bins = 64;  ///< of equal width from `first` to `last`; walkers start where they enter bin 0
  double first = 0, last = 1;
  std::vector<double> fixed;  ///< instead: rising levels at which bins begin, one stage of splitting each
};

/// Two states and the level between them.
struct Passage {
  Region a, b;
  Level level;
  PathPoint axis{1, 0};  ///< a vector of length 1, along which positions count

  int bins() const { return level.fixed.empty() ? level.bins : static_cast<int>(level.fixed.size()); }
  bool heeds_energy() const { return level.of_energy || a.has_energy() || b.has_energy(); }
};

}  // namespace kramers::dynamics

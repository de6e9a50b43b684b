// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <memory>
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

/// Numbers at the points of a square grid of two coordinates. Between points they are bilinear; outside, where walkers
/// seldom come, a position counts as the nearest one of the grid's edge.
struct LevelTable {
  PathPoint first{};            ///< [length]
  double spacing = 1;           ///< of the points along both axes [length]
  std::array<int, 2> points{};  ///< along each axis, 2 at least
  std::vector<double> value;    ///< points[0] * points[1], those along the second axis beside each other

  /// The number of a position, within rounding of what kernels find.
  double at(PathPoint const& x) const {
    std::array<int, 2> cell{};
    std::array<double, 2> share{};
    for (std::size_t d = 0; d < 2; ++d) {
      double const place = std::clamp((x[d] - first[d]) / spacing, 0.0, points[d] - 1.0);
      cell[d] = std::min(static_cast<int>(place), points[d] - 2);
      share[d] = place - cell[d];
    }
    auto const corner = [&](int i, int j) {
      return value[static_cast<std::size_t>(cell[0] + i) * static_cast<std::size_t>(points[1]) +
                   static_cast<std::size_t>(cell[1] + j)];
    };
    auto const along = [&](int i) { return corner(i, 0) + share[1] * (corner(i, 1) - corner(i, 0)); };
    return along(0) + share[0] * (along(1) - along(0));
  }
};

/// How far a walker has come from A to B: a number that grows on the way, cut into bins.
///
/// Estimates are unbiased for any level; their errors are small where it grows with the probability to reach B first.
struct Level {
  /// Else position * s + velocity * v along the axis + share * d / (d + e), or share times a number of the table.
  bool of_energy = false;
  double position = 1, velocity = 0;
  /// Of energy: before the top the energy, at most that of the top; beyond it twice that of the top minus the energy.
  double top = 0, top_energy = 0;
  double direction = 1;  ///< +1 where B is at larger s than A, else -1
  /// Of distance: d from `from`, e from `to`, two points apart.
  double share = 0;
  PathPoint from{}, to{1, 0};
  std::shared_ptr<LevelTable const> table;  ///< instead of distances, where there is one

  int bins = 64;  ///< of equal width from `first` to `last`; walkers start where they enter bin 0
  double first = 0, last = 1;
  std::vector<double> fixed;  ///< instead: rising levels at which bins begin, one stage of splitting each
};

/// Most states beside A and B that end paths.
inline constexpr int most_other_states = 3;

/// Two states and the level between them.
struct Passage {
  Region a, b;
  std::vector<Region> others;  ///< of two coordinates, without energies: paths end there as they do in B
  Level level;
  PathPoint axis{1, 0};  ///< a vector of length 1, along which positions count

  int bins() const { return level.fixed.empty() ? level.bins : static_cast<int>(level.fixed.size()); }
  bool heeds_energy() const { return level.of_energy || a.has_energy() || b.has_energy(); }
};

}  // namespace kramers::dynamics

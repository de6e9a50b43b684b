// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <limits>
#include <vector>

namespace kramers::dynamics {

/// A state of a walker along one coordinate: lower <= x <= upper and m v^2 / 2 + V(x) <= energy.
struct Region {
  double lower = -std::numeric_limits<double>::infinity(),
         upper = std::numeric_limits<double>::infinity();   ///< [length]
  double energy = std::numeric_limits<double>::infinity();  ///< [energy]; without inertia V(x) alone counts

  bool has_energy() const { return energy < std::numeric_limits<double>::infinity(); }
};

/// How far a walker has come from A to B: a number that grows on the way, cut into bins.
///
/// Estimates are unbiased for any level; their errors are small where it grows with the probability to reach B first.
struct Level {
  bool of_energy = false;  ///< else position * x + velocity * v
  double position = 1, velocity = 0;
  /// Of energy: before the top the energy, at most that of the top; beyond it twice that of the top minus the energy.
  double top = 0, top_energy = 0;
  double direction = 1;  ///< +1 where B is to the right of A, else -1

  int bins = 64;  ///< of equal width from `first` to `last`; walkers start where they enter bin 0
  double first = 0, last = 1;
  std::vector<double> fixed;  ///< instead: rising levels at which bins begin, one stage of splitting each
};

/// Two states and the level between them.
struct Passage {
  Region a, b;
  Level level;

  int bins() const { return level.fixed.empty() ? level.bins : static_cast<int>(level.fixed.size()); }
};

}  // namespace kramers::dynamics

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/engine/layout.hpp>

#include <cstdint>
#include <optional>
#include <vector>

namespace kramers::dynamics {

/// Which walkers each rank owns: whole parts of the layout, in rank order. It decides where the work is done, and no bit of
/// any result.
class Division {
 public:
  /// As many parts for each rank.
  static Division equal(EnsembleLayout const& layout, int ranks);
  /// So many that ranks of these speeds end together, as nearly as whole parts allow; none for a rank of speed 0.
  /// @param[in] speeds  walker-steps per second, or in any other unit; >= 0 and finite, not all 0
  static Division by_speed(EnsembleLayout const& layout, std::vector<double> const& speeds);

  int ranks() const { return static_cast<int>(m_first.size()) - 1; }
  EnsembleLayout::Range range_of(int rank) const;
  /// Seconds that a step takes the rank that takes longest; infinite where a rank of speed 0 owns walkers.
  double seconds_per_step(std::vector<double> const& speeds) const;
  bool operator==(Division const&) const = default;

 private:
  explicit Division(std::vector<std::int64_t> first) : m_first(std::move(first)) {}

  std::vector<std::int64_t> m_first;  // walkers at which the ranks begin, and the number of walkers
};

/// A division that is worth to change to: a step takes at least 5 % less, and the rest of the run becomes shorter by at least
/// twice what the change takes.
///
/// @param[in] speeds      as measured, in walker-steps/s
/// @param[in] steps_left  of the run
/// @param[in] cost        seconds that moving walkers takes
std::optional<Division> better_division(EnsembleLayout const& layout, Division const& now,
                                        std::vector<double> const& speeds, double steps_left, double cost);

}  // namespace kramers::dynamics

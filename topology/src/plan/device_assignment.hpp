// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace kramers::topology::detail {

/// Devices to be shared by ranks. Tiers are how far a device is from a rank, 0 the nearest of all: only their order
/// counts.
struct AssignmentProblem {
  /// tiers[rank][device].
  std::vector<std::vector<int>> tiers;
  /// By device: its card, of which ports share the link; and its rank among equals, the fastest first.
  std::vector<std::string> slots;
  std::vector<int> order;
  /// By device: ranks that have it already.
  std::vector<int> load;
  /// Most ranks on one device, those that have it already included.
  int capacity = 0;
  /// A rank takes one of the devices in its nearest tier or none.
  bool nearest_only = false;
};

/// The device of each rank. Greedy: the nearest pair first, ranks with the fewest alternatives before others, then the
/// device and the card with the least load, then the first in order. Every rank gets a device if the capacity admits it;
/// -1 says that a rank got none.
std::vector<int> assign_greedily(AssignmentProblem const& problem);

/// The same by the least total cost: as few ranks as possible in the farthest tier, then in the next; then the loads as
/// even as possible on devices, then on cards; then the first in order.
std::vector<int> assign_exactly(AssignmentProblem const& problem);

}  // namespace kramers::topology::detail

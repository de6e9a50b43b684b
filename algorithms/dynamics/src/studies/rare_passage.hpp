// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/studies/rare_study.hpp>

/// What the readers of states and levels in one coordinate and in two have in common.
namespace kramers::dynamics::detail {

/// Where walkers that are counted in A start, and the time in which they forget it [tau].
struct StartInA {
  PathPoint at{};
  double relaxation = 10;
};

/// Read states and level of a surface of two coordinates, and complete the request with them.
/// @throws InputError  a key that is missing or impossible
StartInA read_plane_passage(Config const& config, RareRequest& request);

/// Read the bins of a level, whose other members are known.
/// @param[in] inwards      -1 where the user's numbers fall on the way from A to B, else +1
/// @param[in] first, last  where the bins begin and end by default, in the user's numbers
void read_bins(Config const& config, Level& level, double inwards, double first, double last);

/// Lowest energy on an interval, on a fine grid.
double lowest(exact::Energy const& energy, double lower, double upper);

}  // namespace kramers::dynamics::detail

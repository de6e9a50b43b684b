// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/vec.hpp>
#include <kramers/dynamics/rare/any_paths.hpp>

#include <Kokkos_Core.hpp>

#include <cstdint>

namespace kramers::dynamics::detail {

/// Points or velocities of many paths, one coordinate after the other.
template <class Space, int D>
using PathPoints = Kokkos::View<double* [D], Kokkos::LayoutLeft, Space>;

/// Everything that is known of the paths, of D coordinates.
template <class Space, int D>
struct PathViews {
  PathPoints<Space, D> x, v;
  Kokkos::View<std::uint64_t*, Space> id;
  Kokkos::View<std::int64_t*, Space> time;
  Kokkos::View<std::int32_t*, Space> top, crossings;
  Kokkos::View<std::uint32_t*, Space> age;
  Kokkos::View<PathEnd*, Space> end;
  // (slots, bins + 1): the first state in each bin, and B, and the age of its line then
  Kokkos::View<double** [D], Kokkos::LayoutRight, Space> seen_x, seen_v;
  Kokkos::View<std::uint32_t**, Kokkos::LayoutRight, Space> seen_age;
};

/// A Region as kernels take it.
template <int D>
struct RegionRules {
  double lower, upper, energy;
  Vec<double, D> centre;
  double radius_squared;
};

/// Where the points of a LevelTable are, as kernels take it.
template <int D>
struct TableRules {
  Vec<double, D> first, last;  // a position, and numbers of points from there
  double per_length;
  int columns;  // 0: there is no table
};

/// A Passage as kernels take it. Levels are counted from that of the top, which is zero unless they are energies:
/// energy_share * (energy below the top, with a sign) + position * s + velocity * v along it + share * d / (d + e), or
/// share * a number of the table.
template <int D>
struct PassageRules {
  RegionRules<D> a, b;
  Vec<double, D> axis, from, to;
  double energy_share, position, velocity, share, top, top_energy, direction;
  double first, bins_per_unit;
  double half_mass;  // 0 without inertia
  int bins, fixed;   // levels of the list, 0 where bins are equal
  int others;        // states that end paths as B does
  bool heeds_energy;
  TableRules<D> table;
};

}  // namespace kramers::dynamics::detail

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/topology/distance.hpp>

#include <compare>
#include <cstddef>
#include <vector>

namespace kramers::topology::detail {

/// How far a device is from a rank: from its cores, and from another device of the rank, which may count before or
/// after the cores.
struct Proximity {
  PairClass before = PairClass::pix;
  Distance distance;
  PairClass after = PairClass::pix;

  friend std::weak_ordering operator<=>(Proximity const& a, Proximity const& b) {
    if (a.before != b.before) return a.before <=> b.before;
    std::weak_ordering const by_cores = a.distance <=> b.distance;
    return by_cores != 0 ? by_cores : a.after <=> b.after;
  }
  friend bool operator==(Proximity const& a, Proximity const& b) { return (a <=> b) == 0; }
};

/// proximities[rank][device] as numbers that keep the order, 0 the nearest.
std::vector<std::vector<int>> tiers_of(std::vector<std::vector<Proximity>> const& proximities);

/// By device: its rank among equals, the fastest port first, then the fastest link, then the bus id.
std::vector<int> order_of(Machine const& machine, std::vector<std::size_t> const& devices);

}  // namespace kramers::topology::detail

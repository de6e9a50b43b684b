// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "plan/proximity.hpp"

#include <algorithm>
#include <tuple>

namespace kramers::topology::detail {

std::vector<std::vector<int>> tiers_of(std::vector<std::vector<Proximity>> const& proximities) {
  std::vector<Proximity const*> sorted;
  for (auto const& row : proximities) {
    for (Proximity const& proximity : row) sorted.push_back(&proximity);
  }
  auto const less = [](Proximity const* a, Proximity const* b) { return (*a <=> *b) < 0; };
  std::ranges::sort(sorted, less);
  auto const same = [](Proximity const* a, Proximity const* b) { return *a == *b; };
  sorted.erase(std::unique(sorted.begin(), sorted.end(), same), sorted.end());
  std::vector<std::vector<int>> tiers;
  for (auto const& row : proximities) {
    std::vector<int> numbers;
    for (Proximity const& proximity : row) {
      numbers.push_back(static_cast<int>(std::ranges::lower_bound(sorted, &proximity, less) - sorted.begin()));
    }
    tiers.push_back(std::move(numbers));
  }
  return tiers;
}

std::vector<int> order_of(Machine const& machine, std::vector<std::size_t> const& devices) {
  std::vector<std::size_t> sorted(devices.size());
  for (std::size_t i = 0; i < sorted.size(); ++i) sorted[i] = i;
  std::ranges::sort(sorted, {}, [&](std::size_t i) {
    Device const& d = machine.devices()[devices[i]];
    return std::tuple(-d.port_speed, -d.link_speed, devices[i]);
  });
  std::vector<int> order(devices.size());
  for (std::size_t i = 0; i < sorted.size(); ++i) order[sorted[i]] = static_cast<int>(i);
  return order;
}

}  // namespace kramers::topology::detail

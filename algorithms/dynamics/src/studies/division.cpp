// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/dynamics/studies/division.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <queue>

namespace kramers::dynamics {

Division Division::equal(EnsembleLayout const& layout, int ranks) {
  expects(ranks > 0, "ranks", ranks, "ranks > 0");
  std::vector<std::int64_t> first(static_cast<std::size_t>(ranks) + 1, layout.walkers);
  for (int rank = 0; rank < ranks; ++rank) {
    first[static_cast<std::size_t>(rank)] = layout.range_of(rank, ranks).first;
  }
  return Division(std::move(first));
}

// One part after the other goes to the rank that would be done with it first: for parts of equal size no division has an
// earlier end.
Division Division::by_speed(EnsembleLayout const& layout, std::vector<double> const& speeds) {
  for (double const speed : speeds) {
    expects(std::isfinite(speed) && speed >= 0, "speed", speed, "finite and >= 0");
  }
  expects(std::ranges::any_of(speeds, [](double speed) { return speed > 0; }), "speeds", 0, "a rank that has one");
  std::vector<std::int64_t> parts(speeds.size(), 0);
  using End = std::pair<double, std::size_t>;  // of the next part; of two ranks the lower one comes first
  std::priority_queue<End, std::vector<End>, std::greater<>> next;
  for (std::size_t rank = 0; rank < speeds.size(); ++rank) {
    if (speeds[rank] > 0) next.emplace(1 / speeds[rank], rank);
  }
  for (std::int64_t part = 0; part < layout.parts; ++part) {
    std::size_t const rank = next.top().second;
    next.pop();
    next.emplace(static_cast<double>(++parts[rank] + 1) / speeds[rank], rank);
  }
  std::vector<std::int64_t> first{0};
  std::int64_t before = 0;
  for (std::int64_t const mine : parts) first.push_back(std::min(layout.walkers, (before += mine) * layout.part));
  return Division(std::move(first));
}

EnsembleLayout::Range Division::range_of(int rank) const {
  return {m_first.at(static_cast<std::size_t>(rank)), m_first.at(static_cast<std::size_t>(rank) + 1)};
}

double Division::seconds_per_step(std::vector<double> const& speeds) const {
  expects_extent("speeds", std::ssize(speeds), ranks());
  double longest = 0;
  for (int rank = 0; rank < ranks(); ++rank) {
    auto const walkers = static_cast<double>(range_of(rank).size());
    if (walkers > 0) longest = std::max(longest, walkers / speeds[static_cast<std::size_t>(rank)]);
  }
  return longest;
}

std::optional<Division> better_division(EnsembleLayout const& layout, Division const& now,
                                        std::vector<double> const& speeds, double steps_left, double cost) {
  constexpr double worth = 0.95, times_cost = 2;
  Division better = Division::by_speed(layout, speeds);
  double const before = now.seconds_per_step(speeds), after = better.seconds_per_step(speeds);
  if (after > worth * before || (before - after) * steps_left < times_cost * cost) return std::nullopt;
  return better;
}

}  // namespace kramers::dynamics

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "plan/device_assignment.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace {

using kramers::topology::detail::assign_exactly;
using kramers::topology::detail::assign_greedily;
using kramers::topology::detail::AssignmentProblem;

AssignmentProblem problem_of(std::vector<std::vector<int>> tiers, std::vector<std::string> slots, int capacity) {
  AssignmentProblem s;
  s.tiers = std::move(tiers);
  s.slots = std::move(slots);
  for (std::size_t d = 0; d < s.slots.size(); ++d) s.order.push_back(static_cast<int>(d));
  s.load.assign(s.slots.size(), 0);
  s.capacity = capacity;
  return s;
}

/// What assign_exactly makes least: ranks in each tier from the farthest, loads of devices and cards squared, positions.
std::optional<std::vector<int>> cost(AssignmentProblem const& s, std::vector<int> const& chosen) {
  std::vector<int> tiers(6, 0), load = s.load;
  int positions = 0;
  for (std::size_t r = 0; r < chosen.size(); ++r) {
    auto const d = static_cast<std::size_t>(chosen[r]);
    int const nearest = *std::ranges::min_element(s.tiers[r]);
    if (s.nearest_only && s.tiers[r][d] != nearest) return {};
    ++tiers[5 - static_cast<std::size_t>(s.tiers[r][d])];
    if (++load[d] > s.capacity) return {};
    positions += s.order[d];
  }
  int squares = 0, cards = 0;
  for (std::size_t d = 0; d < load.size(); ++d) {
    squares += load[d] * load[d];
    int card = 0;
    bool first = true;
    for (std::size_t e = 0; e < load.size(); ++e) {
      if (s.slots[e] != s.slots[d]) continue;
      card += load[e];
      first = first && e >= d;
    }
    if (first) cards += card * card;
  }
  std::vector<int> all = tiers;
  all.insert(all.end(), {squares, cards, positions});
  return all;
}

/// Least cost over all assignments there are.
std::optional<std::vector<int>> least(AssignmentProblem const& s) {
  std::size_t const devices = s.slots.size();
  std::vector<int> chosen(s.tiers.size(), 0);
  std::optional<std::vector<int>> best;
  for (;;) {
    auto const now = cost(s, chosen);
    if (now && (!best || *now < *best)) best = now;
    std::size_t r = 0;
    while (r < chosen.size() && ++chosen[r] == static_cast<int>(devices)) chosen[r++] = 0;
    if (r == chosen.size()) return best;
  }
}

TEST(DeviceAssignment, ExactIsTheLeastOfAllAssignments) {
  std::mt19937 random(5);
  auto const below = [&](unsigned n) { return static_cast<int>(random() % n); };
  std::array<std::string, 3> const cards = {"a", "b", "c"};
  for (int round = 0; round < 400; ++round) {
    auto const ranks = static_cast<std::size_t>(1 + below(6)), devices = static_cast<std::size_t>(1 + below(4));
    AssignmentProblem s = problem_of({}, {}, static_cast<int>((ranks + devices - 1) / devices) + below(2));
    for (std::size_t d = 0; d < devices; ++d) {
      s.slots.push_back(cards[static_cast<std::size_t>(below(3))]);
      s.order.push_back(static_cast<int>(d));
      s.load.push_back(0);
    }
    s.nearest_only = below(3) == 0;
    if (s.nearest_only) s.capacity = static_cast<int>(ranks);
    for (std::size_t r = 0; r < ranks; ++r) {
      s.tiers.emplace_back();
      for (std::size_t d = 0; d < devices; ++d) s.tiers.back().push_back(below(4));
    }
    std::vector<int> const exact = assign_exactly(s), greedy = assign_greedily(s);
    auto const best = least(s);
    ASSERT_TRUE(best);
    EXPECT_EQ(cost(s, exact), best) << round;
    auto const good = cost(s, greedy);
    ASSERT_TRUE(good) << round;
    EXPECT_GE(*good, *best);
  }
}

TEST(DeviceAssignment, TiesAlternate) {
  AssignmentProblem const s = problem_of({{0, 0}, {0, 0}, {0, 0}, {0, 0}}, {"a", "b"}, 4);
  EXPECT_EQ(assign_greedily(s), (std::vector<int>{0, 1, 0, 1}));
  EXPECT_EQ(assign_exactly(s), (std::vector<int>{0, 1, 0, 1}));
}

TEST(DeviceAssignment, PortsOfOneCardComeLast) {
  AssignmentProblem const s = problem_of({{0, 0, 0}, {0, 0, 0}}, {"a", "a", "b"}, 2);
  EXPECT_EQ(assign_greedily(s), (std::vector<int>{0, 2}));
  std::vector<int> exact = assign_exactly(s);
  std::ranges::sort(exact);
  EXPECT_EQ(exact, (std::vector<int>{0, 2}));
}

TEST(DeviceAssignment, RanksWithOneChoiceGoFirst) {
  AssignmentProblem const s = problem_of({{0, 0}, {0, 1}}, {"a", "b"}, 1);
  EXPECT_EQ(assign_greedily(s), (std::vector<int>{1, 0}));
}

TEST(DeviceAssignment, ExactMovesOthersWhereGreedyCannot) {
  // Greedy gives the nearest pair its device and so sends another rank far; exact does not.
  AssignmentProblem const s = problem_of({{0, 1}, {1, 3}}, {"a", "b"}, 1);
  EXPECT_EQ(assign_greedily(s), (std::vector<int>{0, 1}));
  EXPECT_EQ(assign_exactly(s), (std::vector<int>{1, 0}));
}

TEST(DeviceAssignment, NoDeviceNoChoice) {
  EXPECT_EQ(assign_greedily(problem_of({{}, {}}, {}, 1)), (std::vector<int>{-1, -1}));
  EXPECT_EQ(assign_exactly(problem_of({{}, {}}, {}, 1)), (std::vector<int>{-1, -1}));
  EXPECT_EQ(assign_greedily(problem_of({{0}, {0}}, {"a"}, 1)), (std::vector<int>{0, -1}));
}

}  // namespace

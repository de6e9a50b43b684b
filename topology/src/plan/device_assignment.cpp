// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "plan/device_assignment.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <tuple>

namespace kramers::topology::detail {

namespace {

/// By device: the number of its card.
std::vector<std::size_t> numbers_of_slots(std::vector<std::string> const& slots) {
  std::map<std::string, std::size_t> numbers;
  std::vector<std::size_t> number;
  for (std::string const& slot : slots) number.push_back(numbers.try_emplace(slot, numbers.size()).first->second);
  return number;
}

/// May a rank with these tiers have a device at all? By device.
std::vector<char> admitted(AssignmentProblem const& problem, std::vector<int> const& tiers) {
  std::vector<char> may(tiers.size(), 1);
  if (!problem.nearest_only || tiers.empty()) return may;
  int const nearest = *std::ranges::min_element(tiers);
  for (std::size_t d = 0; d < tiers.size(); ++d) may[d] = tiers[d] == nearest ? 1 : 0;
  return may;
}

/// A cost of a sum of assignments, compared number by number: ranks per tier, the farthest first; sums of the loads of
/// devices and of cards; positions in the order.
struct Cost {
  // Four tiers in a number, each count in 15 bits; farther tiers than the 20th count as that.
  static constexpr int tiers = 20, bits = 15, per_group = 4, groups = tiers / per_group;
  std::array<std::int64_t, groups + 3> value{};

  static Cost of_tier(int tier, int order) {
    Cost cost;
    int const near_to_far = std::min(tier, tiers - 1);
    auto const group = static_cast<std::size_t>((tiers - 1 - near_to_far) / per_group);
    cost.value[group] = std::int64_t{1} << (near_to_far % per_group * bits);
    cost.value[groups + 2] = order;
    return cost;
  }
  /// One more on a device or card with that load: the sum of squares of loads grows by this.
  static Cost of_load(int load, bool card) {
    Cost cost;
    cost.value[groups + (card ? 1 : 0)] = 2 * std::int64_t{load} + 1;
    return cost;
  }
  friend Cost operator+(Cost a, Cost const& b) {
    for (std::size_t i = 0; i < a.value.size(); ++i) a.value[i] += b.value[i];
    return a;
  }
  friend Cost operator-(Cost a, Cost const& b) {
    for (std::size_t i = 0; i < a.value.size(); ++i) a.value[i] -= b.value[i];
    return a;
  }
  friend bool operator<(Cost const& a, Cost const& b) { return a.value < b.value; }
};

/// Successive shortest paths: ranks come one after the other, and each moves others from device to device where that is
/// cheaper. Nodes of the graph are the devices and, behind them, the cards.
class ExactAssignment {
 public:
  explicit ExactAssignment(AssignmentProblem const& problem)
      : m_problem(problem),
        m_slot(numbers_of_slots(problem.slots)),
        m_devices(problem.slots.size()),
        m_load(problem.load),
        m_slot_load(m_devices, 0),
        m_chosen(problem.tiers.size(), -1) {
    for (std::size_t d = 0; d < m_devices; ++d) m_slot_load[m_slot[d]] += m_load[d];
    for (std::vector<int> const& tiers : problem.tiers) {
      std::vector<char> const may = admitted(problem, tiers);
      std::vector<std::optional<Cost>> row(m_devices);
      for (std::size_t d = 0; d < m_devices; ++d) {
        if (may[d] != 0) row[d] = Cost::of_tier(tiers[d], problem.order[d]);
      }
      m_cost.push_back(std::move(row));
    }
  }

  std::vector<int> solve() {
    for (std::size_t rank = 0; rank < m_cost.size(); ++rank) add(rank);
    return m_chosen;
  }

 private:
  struct Step {
    std::optional<Cost> cost;
    int from = -1;  // node before this one; -1 is the new rank itself
    int rank = -1;  // who moves from the device before to this one
  };

  /// Cheapest rank to move from each device to each other.
  std::vector<std::vector<Step>> cheapest_moves() const {
    std::vector<std::vector<Step>> moves(m_devices, std::vector<Step>(m_devices));
    for (std::size_t rank = 0; rank < m_chosen.size(); ++rank) {
      if (m_chosen[rank] < 0) continue;
      auto const from = static_cast<std::size_t>(m_chosen[rank]);
      for (std::size_t to = 0; to < m_devices; ++to) {
        if (to == from || !m_cost[rank][to]) continue;
        Cost const cost = *m_cost[rank][to] - *m_cost[rank][from];
        Step& best = moves[from][to];
        if (!best.cost || cost < *best.cost) best = {.cost = cost, .from = -1, .rank = static_cast<int>(rank)};
      }
    }
    return moves;
  }

  static bool relax(std::vector<Step>& steps, std::size_t from, std::size_t to, Step const& edge) {
    if (!steps[from].cost || !edge.cost) return false;
    Cost const cost = *steps[from].cost + *edge.cost;
    if (steps[to].cost && !(cost < *steps[to].cost)) return false;
    steps[to] = {.cost = cost, .from = static_cast<int>(from), .rank = edge.rank};
    return true;
  }

  void add(std::size_t rank) {
    std::vector<std::vector<Step>> const moves = cheapest_moves();
    std::vector<Step> steps(2 * m_devices);  // devices, then cards
    for (std::size_t d = 0; d < m_devices; ++d) {
      if (m_cost[rank][d]) steps[d] = {.cost = m_cost[rank][d], .from = -1, .rank = static_cast<int>(rank)};
    }
    for (bool changed = true; changed;) {
      changed = false;
      for (std::size_t a = 0; a < m_devices; ++a) {
        std::size_t const card = m_devices + m_slot[a];
        for (std::size_t b = 0; b < m_devices; ++b) changed |= relax(steps, a, b, moves[a][b]);
        if (m_load[a] < m_problem.capacity) changed |= relax(steps, a, card, {.cost = Cost::of_load(m_load[a], false)});
        // A device gives a rank's load on its card to another device of the card.
        if (m_load[a] > m_problem.load[a]) {
          changed |= relax(steps, card, a, {.cost = Cost{} - Cost::of_load(m_load[a] - 1, false)});
        }
      }
    }
    std::size_t best = m_devices;
    std::optional<Cost> least;
    for (std::size_t card = m_devices; card < steps.size(); ++card) {
      if (!steps[card].cost) continue;
      Cost const cost = *steps[card].cost + Cost::of_load(m_slot_load[card - m_devices], true);
      if (least && !(cost < *least)) continue;
      least = cost;
      best = card;
    }
    if (least) follow(steps, best);
  }

  /// Walk the path backwards and move the ranks on it.
  void follow(std::vector<Step> const& steps, std::size_t card) {
    ++m_slot_load[card - m_devices];
    std::vector<std::pair<int, int>> moved;
    for (int node = static_cast<int>(card); node >= 0;) {
      Step const& step = steps[static_cast<std::size_t>(node)];
      bool const to_card = node >= static_cast<int>(m_devices);
      bool const from_card = step.from >= static_cast<int>(m_devices);
      if (to_card) ++m_load[static_cast<std::size_t>(step.from)];
      if (from_card) --m_load[static_cast<std::size_t>(node)];
      if (!to_card && !from_card) moved.emplace_back(step.rank, node);
      node = step.from;
    }
    for (auto const& [rank, device] : moved) m_chosen[static_cast<std::size_t>(rank)] = device;
  }

  AssignmentProblem const& m_problem;
  std::vector<std::size_t> m_slot;
  std::size_t m_devices;
  std::vector<int> m_load, m_slot_load, m_chosen;
  std::vector<std::vector<std::optional<Cost>>> m_cost;
};

}  // namespace

std::vector<int> assign_greedily(AssignmentProblem const& problem) {
  std::size_t const devices = problem.slots.size();
  std::vector<std::size_t> const slot = numbers_of_slots(problem.slots);
  std::vector<int> load = problem.load;
  std::vector<int> slot_load(devices, 0);
  for (std::size_t d = 0; d < devices; ++d) slot_load[slot[d]] += load[d];
  std::vector<int> chosen(problem.tiers.size(), -1);
  std::vector<std::vector<char>> may;
  for (std::vector<int> const& tiers : problem.tiers) may.push_back(admitted(problem, tiers));
  for (std::size_t round = 0; round < chosen.size(); ++round) {
    using Key = std::tuple<int, int, int, int, int, std::size_t, std::size_t>;
    std::optional<Key> best;
    for (std::size_t rank = 0; rank < chosen.size(); ++rank) {
      if (chosen[rank] >= 0) continue;
      std::vector<int> const& tiers = problem.tiers[rank];
      auto const open = [&](std::size_t d) { return load[d] < problem.capacity && may[rank][d] != 0; };
      int nearest = -1, choices = 0;
      for (std::size_t d = 0; d < devices; ++d) {
        if (!open(d) || (nearest >= 0 && tiers[d] > nearest)) continue;
        choices = tiers[d] == nearest ? choices + 1 : 1;
        nearest = tiers[d];
      }
      for (std::size_t d = 0; d < devices; ++d) {
        if (!open(d) || tiers[d] != nearest) continue;
        Key const key(nearest, choices, load[d], slot_load[slot[d]], problem.order[d], rank, d);
        if (!best || key < *best) best = key;
      }
    }
    if (!best) break;
    std::size_t const device = std::get<6>(*best);
    chosen[std::get<5>(*best)] = static_cast<int>(device);
    ++load[device];
    ++slot_load[slot[device]];
  }
  return chosen;
}

std::vector<int> assign_exactly(AssignmentProblem const& problem) {
  return ExactAssignment(problem).solve();
}

}  // namespace kramers::topology::detail

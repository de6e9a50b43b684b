// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/topology/error.hpp>
#include <kramers/topology/plan.hpp>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <utility>

#include "plan/core_assignment.hpp"
#include "plan/device_assignment.hpp"
#include "plan/device_selection.hpp"
#include "plan/plan_notes.hpp"
#include "plan/proximity.hpp"
#include "plan/request.hpp"

namespace kramers::topology {

namespace {

using detail::Indices;
using detail::Proximity;
using detail::RankPlacement;

class Planner {
 public:
  Planner(Machine const& machine, PlanRequest const& request)
      : m_machine(machine), m_request(request), m_candidates(machine, request) {}

  Plan make() {
    check_request(m_machine, m_request, m_candidates);
    Policy const usual = m_candidates.gpus.empty() ? Policy::numa_first : Policy::gpu_first;
    m_plan.policy = m_request.policy == Policy::map ? usual : m_request.policy.value_or(usual);
    m_plan.assignments.resize(static_cast<std::size_t>(m_request.ranks));
    m_no_gpu.assign(m_plan.assignments.size(), 0);
    m_no_nic.assign(m_plan.assignments.size(), 0);
    for (int r = 0; r < m_request.ranks; ++r) rank(r).rank = r;
    take_given();
    choose_cores();
    for (Assignment& a : m_plan.assignments) a.numa = detail::memory_of(m_machine, a.cpus);
    assign_gpus();
    assign_nics();
    for (Assignment& a : m_plan.assignments) explain(a);
    if (!m_request.map.empty()) m_plan.policy = Policy::map;
    detail::add_device_notes(m_machine, m_request, m_candidates, m_plan);
    return std::move(m_plan);
  }

 private:
  Device const& device(std::size_t i) const { return m_machine.devices()[i]; }
  Assignment& rank(int r) { return m_plan.assignments[static_cast<std::size_t>(r)]; }

  CpuSet bound(CpuSet const& cpus, int r, char const* what) const {
    CpuSet const own = cpus & m_machine.cpus();
    if (own.empty()) {
      throw UsageError("rank " + std::to_string(r) + ": " + what + " '" + cpus.to_list() +
                       "' holds no hardware thread of " + m_machine.source() + ", which has " +
                       m_machine.cpus().to_list());
    }
    return own;
  }

  /// Bindings and the user's map.
  void take_given() {
    for (std::size_t r = 0; r < m_request.bindings.size(); ++r) {
      m_plan.assignments[r].cpus = bound(m_request.bindings[r], static_cast<int>(r), "the binding");
    }
    std::set<int> seen;
    for (MapEntry const& entry : m_request.map) {
      std::string const who = "the map names rank " + std::to_string(entry.rank);
      if (entry.rank < 0 || entry.rank >= m_request.ranks) {
        throw UsageError(who + ", and ranks go from 0 to " + std::to_string(m_request.ranks - 1));
      }
      if (!seen.insert(entry.rank).second) throw UsageError(who + " twice");
      Assignment& a = rank(entry.rank);
      auto const r = static_cast<std::size_t>(entry.rank);
      if (!entry.cpus.empty()) {
        a.cpus = bound(entry.cpus, entry.rank, "the map's set");
        if (a.cpus != entry.cpus) {
          throw UsageError(who + " with hardware threads '" + (entry.cpus - a.cpus).to_list() + "' that " +
                           m_machine.source() + " does not have: it has " + m_machine.cpus().to_list());
        }
      }
      m_no_gpu[r] = entry.gpu == "none" ? 1 : 0;
      m_no_nic[r] = entry.nic == "none" ? 1 : 0;
      if (!entry.gpu.empty() && m_no_gpu[r] == 0) {
        a.gpu = m_machine.device(entry.gpu);
        if (!device(*a.gpu).is_gpu()) throw UsageError(who + " with GPU '" + entry.gpu + "', which is no GPU");
      }
      if (!entry.nic.empty() && m_no_nic[r] == 0) {
        a.nic = m_machine.device(entry.nic);
        if (!device(*a.nic).is_nic()) throw UsageError(who + " with NIC '" + entry.nic + "', which is no NIC");
        m_given_nic.insert(entry.rank);
      }
    }
  }

  /// GPUs for ranks that have none, before their cores are chosen.
  void choose_gpus(std::vector<int> const& ranks) {
    std::vector<int> badness;  // path to the nearest NIC
    for (std::size_t const gpu : m_candidates.gpus) {
      PairClass best = PairClass::sys;
      for (std::size_t const nic : m_candidates.usable_nics)
        best = std::min(best, pair_of(m_machine, device(gpu), device(nic)).pair);
      badness.push_back(static_cast<int>(best));
    }
    std::vector<int> const load = detail::load_of(m_plan, m_candidates.gpus, &Assignment::gpu);
    Indices chosen;
    if (m_request.ranks_per_gpu == 0) {
      chosen = detail::choose_evenly(m_machine, m_candidates.gpus, ranks.size(), load, badness);
    } else {
      auto const each = static_cast<std::size_t>(m_request.ranks_per_gpu);
      Indices const few =
          detail::choose_evenly(m_machine, m_candidates.gpus, (ranks.size() + each - 1) / each, load, badness);
      for (std::size_t i = 0; i < ranks.size(); ++i) chosen.push_back(few[i / each]);
    }
    for (std::size_t i = 0; i < ranks.size(); ++i) rank(ranks[i]).gpu = chosen[i];
  }

  void choose_nics(std::vector<int> const& ranks) {
    auto const speed = [&](std::size_t nic) { return std::pair(device(nic).port_speed, device(nic).link_speed); };
    std::vector<int> slower;  // than how many others
    for (std::size_t const nic : m_candidates.usable_nics) {
      auto const faster = [&](std::size_t other) { return speed(other) > speed(nic); };
      slower.push_back(static_cast<int>(std::ranges::count_if(m_candidates.usable_nics, faster)));
    }
    Indices const chosen =
        detail::choose_evenly(m_machine, m_candidates.usable_nics, ranks.size(),
                              detail::load_of(m_plan, m_candidates.usable_nics, &Assignment::nic), slower);
    for (std::size_t i = 0; i < ranks.size(); ++i) rank(ranks[i]).nic = chosen[i];
  }

  /// Cores for all ranks that are not bound.
  void choose_cores() {
    CpuSet taken;
    std::vector<int> free;
    for (Assignment const& a : m_plan.assignments) {
      taken |= a.cpus;
      if (a.cpus.empty()) free.push_back(a.rank);
    }
    if (free.empty()) return;
    detail::CorePool const cores(m_machine, m_request, taken);
    auto const without = [&](std::vector<char> const& forbidden, std::optional<std::size_t> Assignment::* which) {
      std::vector<int> ranks;
      for (int const r : free) {
        if (forbidden[static_cast<std::size_t>(r)] == 0 && !(rank(r).*which)) ranks.push_back(r);
      }
      return ranks;
    };
    if (m_plan.policy == Policy::gpu_first) choose_gpus(without(m_no_gpu, &Assignment::gpu));
    if (m_plan.policy == Policy::nic_first) choose_nics(without(m_no_nic, &Assignment::nic));

    std::vector<RankPlacement> placements;
    std::vector<int> load(m_machine.domains().size(), 0);
    std::vector<int> anywhere;
    for (int const r : free) {
      auto const& near = m_plan.policy == Policy::nic_first && rank(r).nic ? rank(r).nic
                         : rank(r).gpu                                     ? rank(r).gpu
                                                                           : rank(r).nic;
      if (!near) {
        anywhere.push_back(r);
        continue;
      }
      placements.push_back({.rank = r,
                            .domain = detail::least_loaded_domain(m_machine, device(*near), load),
                            .preferred = device(*near).cpus});
      ++load[static_cast<std::size_t>(placements.back().domain)];
    }
    std::vector<int> const domains =
        detail::choose_domains(m_machine, m_request, m_plan.policy, cores, m_candidates.usable_nics, anywhere.size());
    for (std::size_t i = 0; i < anywhere.size(); ++i) {
      placements.push_back({.rank = anywhere[i], .domain = domains[i], .preferred = {}});
    }
    std::vector<CpuSet> cpus = assign_cores(m_machine, m_request, m_plan.policy, cores, placements, m_plan.notes);
    for (std::size_t i = 0; i < placements.size(); ++i) rank(placements[i].rank).cpus = std::move(cpus[i]);
  }

  Proximity proximity(Assignment const& a, std::size_t to, std::optional<std::size_t> const& other) const {
    Proximity proximity;
    proximity.distance = distance(m_machine, device(to), a.cpus);
    if (!other) return proximity;
    // Where a device was the first choice, the other belongs to it; else both belong to the cores.
    bool const first = m_plan.policy == (device(*other).is_gpu() ? Policy::gpu_first : Policy::nic_first);
    (first ? proximity.before : proximity.after) = pair_of(m_machine, device(to), device(*other)).pair;
    return proximity;
  }

  /// Give devices to ranks.
  void assign(Indices const& devices, std::vector<int> const& ranks, std::optional<std::size_t> Assignment::* which,
              std::optional<std::size_t> Assignment::* other, int capacity, bool nearest_only) {
    if (devices.empty() || ranks.empty()) return;
    std::vector<std::vector<Proximity>> proximities;
    for (int const r : ranks) {
      std::vector<Proximity> row;
      for (std::size_t const d : devices) row.push_back(proximity(rank(r), d, rank(r).*other));
      proximities.push_back(std::move(row));
    }
    detail::AssignmentProblem problem;
    problem.tiers = detail::tiers_of(proximities);
    for (std::size_t const d : devices) problem.slots.push_back(device(d).slot);
    problem.order = detail::order_of(m_machine, devices);
    problem.load = detail::load_of(m_plan, devices, which);
    problem.capacity = capacity;
    problem.nearest_only = nearest_only;
    // What a map gives may leave too little room.
    for (std::size_t room = 0; room < ranks.size(); ++problem.capacity) {
      room = 0;
      for (int const load : problem.load) room += static_cast<std::size_t>(std::max(0, problem.capacity - load));
      if (room >= ranks.size()) break;
    }
    std::vector<int> const chosen = m_request.exact ? assign_exactly(problem) : assign_greedily(problem);
    for (std::size_t i = 0; i < ranks.size(); ++i) {
      if (chosen[i] >= 0) rank(ranks[i]).*which = devices[static_cast<std::size_t>(chosen[i])];
    }
  }

  int even_share(std::size_t devices) const {
    auto const ranks = static_cast<std::size_t>(m_request.ranks);
    return devices == 0 ? 0 : static_cast<int>((ranks + devices - 1) / devices);
  }

  void assign_gpus() {
    std::vector<int> ranks;
    for (Assignment const& a : m_plan.assignments) {
      if (!a.gpu && m_no_gpu[static_cast<std::size_t>(a.rank)] == 0) ranks.push_back(a.rank);
    }
    // Without a NIC of its own a rank is near a GPU by its cores alone.
    int const capacity = m_request.ranks_per_gpu > 0 ? m_request.ranks_per_gpu : even_share(m_candidates.gpus.size());
    assign(m_candidates.gpus, ranks, &Assignment::gpu, &Assignment::nic, capacity, false);
  }

  void assign_nics() {
    std::vector<int> ranks;
    for (Assignment const& a : m_plan.assignments) {
      if (!a.nic && m_no_nic[static_cast<std::size_t>(a.rank)] == 0) ranks.push_back(a.rank);
    }
    bool const near = m_request.sharing == Sharing::near;
    assign(m_candidates.usable_nics, ranks, &Assignment::nic, &Assignment::gpu,
           near ? m_request.ranks : even_share(m_candidates.usable_nics.size()), near);
  }

  void explain(Assignment& a) {
    if (a.gpu) a.gpu_distance = distance(m_machine, device(*a.gpu), a.cpus);
    std::vector<std::string> clauses;
    std::string where = a.cpus.size() == 1 ? "hardware thread " : "hardware threads ";
    where += a.cpus.to_list();
    for (std::size_t i = 0; i < a.numa.size(); ++i) {
      where += (i == 0 ? " of NUMA " : ",") + std::to_string(a.numa[i]);
    }
    clauses.push_back(where);
    if (a.gpu) clauses.push_back(device(*a.gpu).name + " is " + a.gpu_distance->reason);
    if (a.nic) clauses.push_back(explain_nic(a));
    for (std::string const& clause : clauses) a.why += (a.why.empty() ? "" : "; ") + clause;
  }

  std::string explain_nic(Assignment& a) {
    Device const& nic = device(*a.nic);
    a.nic_distance = distance(m_machine, nic, a.cpus);
    std::string text = nic.name + " is " + a.nic_distance->reason;
    if (a.gpu) {
      a.gpu_nic = pair_of(m_machine, device(*a.gpu), nic);
    }
    if (a.gpu && m_plan.policy == Policy::gpu_first) {
      text =
          nic.name + " is reached from the GPU " + a.gpu_nic->reason + " (" + std::string(name(a.gpu_nic->pair)) + ")";
    }
    bool const given = m_given_nic.contains(a.rank);
    if (given) text += ", as the map says";
    Proximity const own = proximity(a, *a.nic, a.gpu);
    std::optional<std::size_t> nearer;
    std::optional<Proximity> nearest;
    for (std::size_t const other : m_candidates.nics) {
      Proximity const that = proximity(a, other, a.gpu);
      bool const usable = std::ranges::find(m_candidates.usable_nics, other) != m_candidates.usable_nics.end();
      if (that == own && (usable || other == *a.nic)) a.equal_nics.push_back(other);
      if (!(that < own) || (nearest && !(that < *nearest))) continue;
      nearest = that;
      nearer = other;
    }
    if (a.equal_nics.empty()) a.equal_nics.push_back(*a.nic);  // a management NIC that the map gives
    if (a.equal_nics.size() > 1 && !given) {
      text += ", as near as";
      for (std::size_t const other : a.equal_nics) {
        if (other != *a.nic) text += (text.ends_with(" as") ? " " : ", ") + device(other).name;
      }
    }
    if (nearer && !given) {
      a.forced_far = true;
      bool const down = std::ranges::find(m_candidates.usable_nics, *nearer) == m_candidates.usable_nics.end();
      text += "; the nearer " + device(*nearer).name + (down ? " is down" : " serves other ranks");
    }
    return text;
  }

  Machine const& m_machine;
  PlanRequest const& m_request;
  detail::Candidates m_candidates;
  Plan m_plan;
  std::vector<char> m_no_gpu, m_no_nic;
  std::set<int> m_given_nic;
};

}  // namespace

std::string_view name(Policy policy) {
  constexpr std::array<std::string_view, 6> names = {"gpu-first", "nic-first", "numa-first",
                                                     "compact",   "spread",    "map"};
  return names[static_cast<std::size_t>(policy)];
}

std::optional<Policy> policy_from(std::string_view text) {
  for (int i = 0; i <= static_cast<int>(Policy::map); ++i) {
    if (name(static_cast<Policy>(i)) == text) return static_cast<Policy>(i);
  }
  return {};
}

Plan plan(Machine const& machine, PlanRequest const& request) {
  return Planner(machine, request).make();
}

}  // namespace kramers::topology

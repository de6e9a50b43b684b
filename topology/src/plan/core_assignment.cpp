// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "plan/core_assignment.hpp"

#include <kramers/topology/error.hpp>

#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <tuple>

namespace kramers::topology::detail {

namespace {

using Usable = CorePool::Usable;

std::size_t index(int i) {
  return static_cast<std::size_t>(i);
}

CpuSet threads_of(std::vector<Usable> const& cores, std::size_t first, std::size_t count, std::size_t threads) {
  CpuSet cpus;
  std::size_t given = 0;
  for (std::size_t i = first; i < first + count; ++i) {
    for (unsigned const pu : cores[i].pus) {
      if (given == threads) return cpus;
      cpus.insert(pu);
      ++given;
    }
  }
  return cpus;
}

constexpr std::size_t all_threads = std::numeric_limits<std::size_t>::max();

/// Placements in one domain that prefer the same hardware threads.
struct Group {
  CpuSet preferred;
  std::vector<Usable> cores;
  std::vector<std::size_t> placements;
};

class DomainAssignment {
 public:
  DomainAssignment(std::vector<Usable> const& cores, PlanRequest const& request, int needed, bool one_core_each,
                   std::vector<RankPlacement> const& placements, std::vector<CpuSet>& cpus)
      : m_cores(cores),
        m_threads(request.threads),
        m_needed(index(needed)),
        m_one(one_core_each),
        m_placements(placements),
        m_cpus(cpus) {}

  /// Give cores to these placements; returns how many stay idle.
  std::size_t assign(std::vector<std::size_t> const& placements) {
    std::size_t const ranks = placements.size();
    std::size_t const size = m_one ? 1 : m_threads > 0 ? m_needed : m_cores.size() / ranks;
    if (size == 0 || size * ranks > m_cores.size()) {
      pack(placements);
      return 0;
    }
    std::vector<Group> groups = by_preference(placements);
    std::size_t fits = size;
    for (Group const& group : groups) fits = std::min(fits, group.cores.size() / group.placements.size());
    bool const apart =
        disjoint(groups) && (m_threads > 0 || m_one ? fits == size : fits == size || (groups.size() > 1 && fits > 0));
    if (!apart) groups = {{.preferred = {}, .cores = m_cores, .placements = placements}};
    std::size_t const each = apart ? fits : size;
    for (Group const& group : groups) {
      for (std::size_t i = 0; i < group.placements.size(); ++i) {
        std::size_t const threads = m_threads > 0 ? index(m_threads) : all_threads;
        m_cpus[group.placements[i]] = threads_of(group.cores, i * each, each, threads);
      }
    }
    return m_cores.size() - each * ranks;
  }

 private:
  std::vector<Group> by_preference(std::vector<std::size_t> const& placements) const {
    std::vector<Group> groups;
    for (std::size_t const placement : placements) {
      CpuSet const& preferred = m_placements[placement].preferred;
      auto at = std::ranges::find(groups, preferred, &Group::preferred);
      if (at == groups.end()) {
        Group group{.preferred = preferred, .cores = {}, .placements = {}};
        for (Usable const& core : m_cores) {
          if (preferred.empty() || preferred.intersects(core.whole)) group.cores.push_back(core);
        }
        groups.push_back(std::move(group));
        at = groups.end() - 1;
      }
      at->placements.push_back(placement);
    }
    return groups;
  }

  static bool disjoint(std::vector<Group> const& groups) {
    CpuSet seen;
    for (Group const& group : groups) {
      if (groups.size() > 1 && (group.preferred.empty() || seen.intersects(group.preferred))) return false;
      seen |= group.preferred;
    }
    return true;
  }

  /// Ranks outnumber cores: each gets an equal part of the hardware threads, which share cores.
  void pack(std::vector<std::size_t> const& placements) {
    std::vector<unsigned> pus;
    for (Usable const& core : m_cores) pus.insert(pus.end(), core.pus.begin(), core.pus.end());
    std::size_t const each = m_threads > 0 ? index(m_threads) : pus.size() / placements.size();
    for (std::size_t i = 0; i < placements.size(); ++i) {
      for (std::size_t k = 0; k < each; ++k) m_cpus[placements[i]].insert(pus[i * each + k]);
    }
  }

  std::vector<Usable> const& m_cores;
  int m_threads;
  std::size_t m_needed;
  bool m_one;
  std::vector<RankPlacement> const& m_placements;
  std::vector<CpuSet>& m_cpus;
};

[[noreturn]] void too_many(Machine const& machine, PlanRequest const& request, std::size_t ranks,
                           CorePool const& cores) {
  std::string asked = std::to_string(ranks) + (ranks == 1 ? " rank" : " ranks");
  if (request.threads > 0)
    asked += " of " + std::to_string(request.threads) + (request.threads == 1 ? " thread" : " threads");
  std::string const smt = std::to_string(request.smt);
  bool const more_smt = std::ranges::any_of(
      machine.cores(), [&](Core const& core) { return core.pus.size() > static_cast<std::size_t>(request.smt); });
  throw UsageError(
      asked + (ranks == 1 ? " does" : " do") + " not fit on " + machine.source() + ": it has " +
      std::to_string(cores.number()) + " cores to use (" + std::to_string(machine.cores().size() - cores.number()) +
      " reserved or taken) with " + std::to_string(cores.threads()) + " hardware threads at " + smt +
      " per core; ask for fewer ranks or threads" + (more_smt ? ", or for more hardware threads per core" : ""));
}

/// Domains by nearness to one: its latency, then links, then index.
std::vector<std::size_t> by_nearness(Machine const& machine, std::size_t from) {
  auto const domains = machine.domains();
  auto const key = [&](std::size_t to) {
    auto const& a = domains[from].numa;
    auto const& b = domains[to].numa;
    auto const latency =
        a.empty() || b.empty() ? std::optional<std::uint64_t>() : machine.numa_latency(a.front(), b.front());
    return std::tuple(to != from, domains[to].package != domains[from].package, latency.value_or(0), to);
  };
  std::vector<std::size_t> order(domains.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::sort(order, {}, key);
  return order;
}

}  // namespace

CorePool::CorePool(Machine const& machine, PlanRequest const& request, CpuSet const& taken)
    : m_smt(request.smt), m_domains(machine.domains().size()) {
  for (std::size_t d = 0; d < m_domains.size(); ++d) {
    int reserved = request.reserved_per_domain;
    for (int const c : machine.domains()[d].cores) {
      Core const& core = machine.cores()[index(c)];
      if (core.domain != static_cast<int>(d)) continue;
      if (reserved-- > 0 || core.cpus.intersects(request.reserved) || core.cpus.intersects(taken)) continue;
      std::size_t const use = std::min(core.pus.size(), index(request.smt));
      m_domains[d].push_back({core.cpus, {core.pus.begin(), core.pus.begin() + static_cast<std::ptrdiff_t>(use)}});
    }
  }
}

std::size_t CorePool::number() const {
  std::size_t sum = 0;
  for (auto const& domain : m_domains) sum += domain.size();
  return sum;
}

std::size_t CorePool::threads() const {
  std::size_t sum = 0;
  for (auto const& domain : m_domains) {
    for (Usable const& core : domain) sum += core.pus.size();
  }
  return sum;
}

int CorePool::needed(int threads) const {
  // CorePool differ in threads: the smallest number that is enough wherever they are.
  std::size_t least = index(m_smt);
  for (auto const& domain : m_domains) {
    for (Usable const& core : domain) least = std::min(least, core.pus.size());
  }
  int const per_core = std::max(1, static_cast<int>(least));
  return std::max(1, (threads + per_core - 1) / per_core);
}

int CorePool::capacity(std::size_t domain, int threads, int ranks) const {
  auto const& cores = m_domains[domain];
  std::size_t slots = 0;
  for (Usable const& core : cores) slots += core.pus.size();
  if (threads == 0) return static_cast<int>(number() >= index(ranks) ? cores.size() : slots);
  std::size_t whole = 0;
  for (auto const& each : m_domains) whole += each.size() / index(needed(threads));
  if (whole >= index(ranks) || threads >= m_smt) return static_cast<int>(cores.size() / index(needed(threads)));
  return static_cast<int>(slots / index(threads));
}

std::vector<CpuSet> assign_cores(Machine const& machine, PlanRequest const& request, Policy policy,
                                 CorePool const& cores, std::vector<RankPlacement> placements,
                                 std::vector<PlanNote>& notes) {
  std::vector<CpuSet> cpus(placements.size());
  if (placements.empty()) return cpus;
  std::size_t const domains = cores.domains().size();
  int const ranks = static_cast<int>(placements.size());
  bool const one_core_each = policy == Policy::compact && request.threads == 0;
  std::vector<int> room(domains);
  std::size_t total = 0;
  for (std::size_t d = 0; d < domains; ++d) {
    room[d] = cores.capacity(d, request.threads, ranks);
    total += index(room[d]);
  }
  std::size_t const needed = index(cores.needed(request.threads));

  // In the order of cores within a domain: by the first core of the preferred, then by rank.
  auto const in_order = [&](std::vector<std::size_t>& list) {
    std::ranges::sort(list, {}, [&](std::size_t s) {
      CpuSet const& preferred = placements[s].preferred;
      std::vector<int> const near = machine.cores_of(preferred);
      return std::tuple(placements[s].domain, near.empty() ? -1 : near.front(), placements[s].rank);
    });
  };

  if (total < placements.size()) {
    // Whole cores of several domains may still be enough.
    if (request.threads == 0 || needed * placements.size() > cores.number())
      too_many(machine, request, placements.size(), cores);
    std::vector<Usable> all;
    for (auto const& domain : cores.domains()) all.insert(all.end(), domain.begin(), domain.end());
    std::vector<std::size_t> list(placements.size());
    for (std::size_t s = 0; s < list.size(); ++s) list[s] = s;
    in_order(list);
    bool spans = false;
    for (std::size_t i = 0; i < list.size(); ++i) {
      cpus[list[i]] = threads_of(all, i * needed, needed, index(request.threads));
      auto const holds = [&](Domain const& domain) { return domain.cpus.includes(cpus[list[i]]); };
      spans = spans || std::ranges::none_of(machine.domains(), holds);
    }
    if (spans) {
      notes.push_back({"SPANS_NUMA", "some ranks span NUMA nodes, since no NUMA node has room for " +
                                         std::to_string(request.threads) + " more threads; fewer threads would keep " +
                                         "memory near"});
    }
    return cpus;
  }

  std::vector<std::vector<std::size_t>> by_domain(domains);
  for (std::size_t s = 0; s < placements.size(); ++s) by_domain[index(placements[s].domain)].push_back(s);
  for (std::size_t d = 0; d < domains; ++d) {
    while (by_domain[d].size() > index(room[d])) {
      std::size_t const s = by_domain[d].back();
      by_domain[d].pop_back();
      for (std::size_t const other : by_nearness(machine, d)) {
        if (by_domain[other].size() >= index(room[other])) continue;
        by_domain[other].push_back(s);
        placements[s].domain = static_cast<int>(other);
        placements[s].preferred = CpuSet();
        break;
      }
    }
  }
  std::size_t idle = 0;
  bool packed = false;
  for (std::size_t d = 0; d < domains; ++d) {
    if (by_domain[d].empty()) continue;
    in_order(by_domain[d]);
    DomainAssignment domain(cores.domains()[d], request, static_cast<int>(needed), one_core_each, placements, cpus);
    idle += domain.assign(by_domain[d]);
    packed = packed || by_domain[d].size() * (request.threads > 0 ? needed : 1) > cores.domains()[d].size();
  }
  if (packed) {
    notes.push_back(
        {"SMT_SIBLING_SHARED", "ranks share cores: there are more ranks than cores near where they belong"});
  }
  if (idle > 0 && request.threads == 0 && !one_core_each) {
    notes.push_back({"IDLE_CORES", std::to_string(idle) + (idle == 1 ? " core stays idle" : " cores stay idle") +
                                       ", so that ranks that share a NUMA node have equally many"});
  }
  return cpus;
}

}  // namespace kramers::topology::detail

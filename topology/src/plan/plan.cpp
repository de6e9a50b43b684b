// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/topology/error.hpp>
#include <kramers/topology/plan.hpp>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <utility>

#include "places.hpp"
#include "reach.hpp"
#include "seats.hpp"
#include "share.hpp"

namespace kramers::topology {

namespace {

using detail::Indices;
using detail::Reach;
using detail::Seat;

std::string count(std::size_t number, std::string const& what) {
  return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
}

class Planner {
 public:
  Planner(Machine const& machine, PlanRequest const& request)
      : m_machine(machine), m_request(request), m_gpus(machine.gpus()), m_nics(machine.fabric_nics()) {
    for (std::size_t const nic : m_nics) {
      if (!request.honour_port_state || device(nic).state != PortState::down) m_usable.push_back(nic);
    }
  }

  Plan make() {
    check();
    Policy const usual = m_gpus.empty() ? Policy::numa_first : Policy::gpu_first;
    m_plan.policy = m_request.policy == Policy::map ? usual : m_request.policy.value_or(usual);
    m_plan.assignments.resize(static_cast<std::size_t>(m_request.ranks));
    m_no_gpu.assign(m_plan.assignments.size(), 0);
    m_no_nic.assign(m_plan.assignments.size(), 0);
    for (int r = 0; r < m_request.ranks; ++r) rank(r).rank = r;
    take_given();
    seat();
    for (Assignment& a : m_plan.assignments) a.numa = detail::memory_of(m_machine, a.cpus);
    share_gpus();
    share_nics();
    for (Assignment& a : m_plan.assignments) explain(a);
    if (!m_request.map.empty()) m_plan.policy = Policy::map;
    note_devices();
    return std::move(m_plan);
  }

 private:
  Device const& device(std::size_t i) const { return m_machine.devices()[i]; }
  Assignment& rank(int r) { return m_plan.assignments[static_cast<std::size_t>(r)]; }
  void note(std::string code, std::string text) { m_plan.notes.push_back({std::move(code), std::move(text)}); }

  static void at_least(int value, int least, char const* what) {
    if (value < least) {
      throw UsageError(std::string(what) + " = " + std::to_string(value) + ": must be >= " + std::to_string(least));
    }
  }

  void check() const {
    at_least(m_request.ranks, 1, "ranks");
    at_least(m_request.threads, 0, "threads");
    at_least(m_request.smt, 1, "smt");
    at_least(m_request.reserved_per_domain, 0, "reserved_per_domain");
    at_least(m_request.ranks_per_gpu, 0, "ranks_per_gpu");
    if (static_cast<unsigned>(m_request.ranks) > CpuSet::largest) throw UsageError("more ranks than any machine has");
    if (!m_request.bindings.empty() && m_request.bindings.size() != static_cast<std::size_t>(m_request.ranks)) {
      throw UsageError("bindings are given for " + std::to_string(m_request.bindings.size()) + " of " +
                       count(static_cast<std::size_t>(m_request.ranks), "rank") + "; give one for each, or none");
    }
    if (m_request.policy == Policy::gpu_first && m_gpus.empty()) {
      throw UsageError("policy gpu-first needs GPUs, and " + m_machine.source() +
                       " has none that are known; use numa-first");
    }
    if (m_request.policy == Policy::nic_first && m_usable.empty()) {
      throw UsageError("policy nic-first needs a fabric NIC, and " + m_machine.source() + " has " +
                       (m_nics.empty() ? "none that is known" : "only such whose ports are down") + "; use numa-first");
    }
    if (m_request.policy == Policy::map && m_request.map.empty()) throw UsageError("policy map needs a map");
    if (m_request.ranks_per_gpu > 0) {
      std::size_t const room = m_gpus.size() * static_cast<std::size_t>(m_request.ranks_per_gpu);
      if (!m_gpus.empty() && room < static_cast<std::size_t>(m_request.ranks)) {
        throw UsageError(count(static_cast<std::size_t>(m_request.ranks), "rank") + " with " +
                         std::to_string(m_request.ranks_per_gpu) + " per GPU need more than the " +
                         count(m_gpus.size(), "GPU") + " of " + m_machine.source() +
                         "; ask for fewer ranks or more per GPU");
      }
    }
  }

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

  std::vector<int> load_of(Indices const& devices, std::optional<std::size_t> Assignment::* which) const {
    std::vector<int> load(devices.size(), 0);
    for (Assignment const& a : m_plan.assignments) {
      auto const at = std::ranges::find(devices, a.*which ? *(a.*which) : m_machine.devices().size());
      if (at != devices.end()) ++load[static_cast<std::size_t>(at - devices.begin())];
    }
    return load;
  }

  /// GPUs for ranks that have none, before their cores are chosen.
  void choose_gpus(std::vector<int> const& ranks) {
    std::vector<int> badness;  // path to the nearest NIC
    for (std::size_t const gpu : m_gpus) {
      PairClass best = PairClass::sys;
      for (std::size_t const nic : m_usable) best = std::min(best, pair_of(m_machine, device(gpu), device(nic)).pair);
      badness.push_back(static_cast<int>(best));
    }
    std::vector<int> const load = load_of(m_gpus, &Assignment::gpu);
    Indices chosen;
    if (m_request.ranks_per_gpu == 0) {
      chosen = detail::choose_evenly(m_machine, m_gpus, ranks.size(), load, badness);
    } else {
      auto const each = static_cast<std::size_t>(m_request.ranks_per_gpu);
      Indices const few = detail::choose_evenly(m_machine, m_gpus, (ranks.size() + each - 1) / each, load, badness);
      for (std::size_t i = 0; i < ranks.size(); ++i) chosen.push_back(few[i / each]);
    }
    for (std::size_t i = 0; i < ranks.size(); ++i) rank(ranks[i]).gpu = chosen[i];
  }

  void choose_nics(std::vector<int> const& ranks) {
    auto const speed = [&](std::size_t nic) { return std::pair(device(nic).port_speed, device(nic).link_speed); };
    std::vector<int> slower;  // than how many others
    for (std::size_t const nic : m_usable) {
      auto const faster = [&](std::size_t other) { return speed(other) > speed(nic); };
      slower.push_back(static_cast<int>(std::ranges::count_if(m_usable, faster)));
    }
    Indices const chosen =
        detail::choose_evenly(m_machine, m_usable, ranks.size(), load_of(m_usable, &Assignment::nic), slower);
    for (std::size_t i = 0; i < ranks.size(); ++i) rank(ranks[i]).nic = chosen[i];
  }

  /// Cores for all ranks that are not bound.
  void seat() {
    CpuSet taken;
    std::vector<int> free;
    for (Assignment const& a : m_plan.assignments) {
      taken |= a.cpus;
      if (a.cpus.empty()) free.push_back(a.rank);
    }
    if (free.empty()) return;
    detail::Cores const cores(m_machine, m_request, taken);
    auto const without = [&](std::vector<char> const& forbidden, std::optional<std::size_t> Assignment::* which) {
      std::vector<int> ranks;
      for (int const r : free) {
        if (forbidden[static_cast<std::size_t>(r)] == 0 && !(rank(r).*which)) ranks.push_back(r);
      }
      return ranks;
    };
    if (m_plan.policy == Policy::gpu_first) choose_gpus(without(m_no_gpu, &Assignment::gpu));
    if (m_plan.policy == Policy::nic_first) choose_nics(without(m_no_nic, &Assignment::nic));

    std::vector<Seat> seats;
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
      seats.push_back({r, detail::least_seated(m_machine, device(*near), load), device(*near).cpus});
      ++load[static_cast<std::size_t>(seats.back().domain)];
    }
    std::vector<int> const domains =
        detail::choose_domains(m_machine, m_request, m_plan.policy, cores, m_usable, anywhere.size());
    for (std::size_t i = 0; i < anywhere.size(); ++i) seats.push_back({anywhere[i], domains[i], {}});
    std::vector<CpuSet> cpus = seat_ranks(m_machine, m_request, m_plan.policy, cores, seats, m_plan.notes);
    for (std::size_t i = 0; i < seats.size(); ++i) rank(seats[i].rank).cpus = std::move(cpus[i]);
  }

  Reach reach(Assignment const& a, std::size_t to, std::optional<std::size_t> const& other) const {
    Reach reach;
    reach.distance = distance(m_machine, device(to), a.cpus);
    if (!other) return reach;
    // Where a device was the first choice, the other belongs to it; else both belong to the cores.
    bool const first = m_plan.policy == (device(*other).is_gpu() ? Policy::gpu_first : Policy::nic_first);
    (first ? reach.before : reach.after) = pair_of(m_machine, device(to), device(*other)).pair;
    return reach;
  }

  /// Give devices to ranks.
  void share(Indices const& devices, std::vector<int> const& ranks, std::optional<std::size_t> Assignment::* which,
             std::optional<std::size_t> Assignment::* other, int capacity, bool nearest_only) {
    if (devices.empty() || ranks.empty()) return;
    std::vector<std::vector<Reach>> reaches;
    for (int const r : ranks) {
      std::vector<Reach> row;
      for (std::size_t const d : devices) row.push_back(reach(rank(r), d, rank(r).*other));
      reaches.push_back(std::move(row));
    }
    detail::Shares shares;
    shares.tiers = detail::tiers_of(reaches);
    for (std::size_t const d : devices) shares.slots.push_back(device(d).slot);
    shares.order = detail::order_of(m_machine, devices);
    shares.load = load_of(devices, which);
    shares.capacity = capacity;
    shares.nearest_only = nearest_only;
    // What a map gives may leave too little room.
    for (std::size_t room = 0; room < ranks.size(); ++shares.capacity) {
      room = 0;
      for (int const load : shares.load) room += static_cast<std::size_t>(std::max(0, shares.capacity - load));
      if (room >= ranks.size()) break;
    }
    std::vector<int> const chosen = m_request.exact ? share_exactly(shares) : share_greedily(shares);
    for (std::size_t i = 0; i < ranks.size(); ++i) {
      if (chosen[i] >= 0) rank(ranks[i]).*which = devices[static_cast<std::size_t>(chosen[i])];
    }
  }

  int even_share(std::size_t devices) const {
    auto const ranks = static_cast<std::size_t>(m_request.ranks);
    return devices == 0 ? 0 : static_cast<int>((ranks + devices - 1) / devices);
  }

  void share_gpus() {
    std::vector<int> ranks;
    for (Assignment const& a : m_plan.assignments) {
      if (!a.gpu && m_no_gpu[static_cast<std::size_t>(a.rank)] == 0) ranks.push_back(a.rank);
    }
    // Without a NIC of its own a rank is near a GPU by its cores alone.
    int const capacity = m_request.ranks_per_gpu > 0 ? m_request.ranks_per_gpu : even_share(m_gpus.size());
    share(m_gpus, ranks, &Assignment::gpu, &Assignment::nic, capacity, false);
  }

  void share_nics() {
    std::vector<int> ranks;
    for (Assignment const& a : m_plan.assignments) {
      if (!a.nic && m_no_nic[static_cast<std::size_t>(a.rank)] == 0) ranks.push_back(a.rank);
    }
    bool const near = m_request.sharing == Sharing::near;
    share(m_usable, ranks, &Assignment::nic, &Assignment::gpu, near ? m_request.ranks : even_share(m_usable.size()),
          near);
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
    Reach const own = reach(a, *a.nic, a.gpu);
    std::optional<std::size_t> nearer;
    std::optional<Reach> nearest;
    for (std::size_t const other : m_nics) {
      Reach const that = reach(a, other, a.gpu);
      bool const usable = std::ranges::find(m_usable, other) != m_usable.end();
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
      bool const down = std::ranges::find(m_usable, *nearer) == m_usable.end();
      text += "; the nearer " + device(*nearer).name + (down ? " is down" : " serves other ranks");
    }
    return text;
  }

  std::string names(Indices const& devices) const {
    std::string text;
    for (std::size_t const d : devices) text += (text.empty() ? "" : ", ") + device(d).name;
    return text;
  }

  void note_devices() {
    if (!m_machine.has_pci()) {
      note("NO_PCI",
           "no PCI device of " + m_machine.source() +
               " is known, as in containers that hide them: cores and NUMA nodes are placed, NICs and GPUs are not");
    } else if (m_nics.empty()) {
      note("NO_NIC", "no fabric NIC is known: no rank is given one");
    }
    Indices down, unplaced;
    for (std::size_t const nic : m_nics) {
      if (device(nic).state == PortState::down) down.push_back(nic);
    }
    if (!down.empty()) {
      note("NIC_DOWN", "ports are down: " + names(down) +
                           (!m_request.honour_port_state ? "; they are used all the same, as asked"
                            : m_usable.empty()           ? "; no rank is given a NIC"
                                                         : "; they are not used"));
    }
    for (Indices const& devices : {m_gpus, m_nics}) {
      for (std::size_t const d : devices) {
        if (!device(d).anchored) unplaced.push_back(d);
      }
    }
    if (!unplaced.empty()) {
      note("NO_LOCALITY",
           "the firmware does not say where these hang: " + names(unplaced) + "; HWLOC_PCI_LOCALITY can tell hwloc");
    }
    std::vector<int> const load = load_of(m_gpus, &Assignment::gpu);
    int const most = load.empty() ? 0 : *std::ranges::max_element(load);
    if (most > 1) {
      note("GPU_SHARED", "up to " + std::to_string(most) +
                             " ranks share a GPU: " + count(static_cast<std::size_t>(m_request.ranks), "rank") + ", " +
                             count(m_gpus.size(), "GPU"));
    }
    CpuSet far;
    for (Assignment const& a : m_plan.assignments) {
      if (a.forced_far) far.insert(static_cast<unsigned>(a.rank));
    }
    if (!far.empty()) {
      note("FORCED_FAR", "a nearer NIC is down or serves other ranks: " +
                             std::string(far.size() == 1 ? "rank " : "ranks ") + far.to_list());
    }
  }

  Machine const& m_machine;
  PlanRequest const& m_request;
  Indices m_gpus, m_nics, m_usable;
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

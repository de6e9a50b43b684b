// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <algorithm>
#include <map>

#include "check/findings.hpp"
#include "common/text_utils.hpp"

namespace kramers::topology::detail {

namespace {

constexpr char const* name_it = "name the near one: kramers-topo env --for ucx, libfabric, cray or mpich";

class NicCheck {
 public:
  explicit NicCheck(Judged& judged) : m_judged(judged) {}
  void run();

 private:
  Device const& device(std::size_t index) const { return m_judged.machine.devices()[index]; }
  Distance to(std::size_t nic, RankReport const& rank) const {
    return distance(m_judged.machine, device(nic), rank.cpus);
  }
  std::string told(std::size_t nic, RankReport const& rank) const {
    return device(nic).name + ", " + to(nic, rank).reason;
  }
  bool usable(std::size_t nic) const {
    return device(nic).kind == DeviceKind::fabric_nic && device(nic).state != PortState::down;
  }
  /// As near to the rank's cores, or on as short a path to its GPU?
  bool as_near(std::size_t nic, std::size_t as, RankReport const& rank) const {
    if (!(to(nic, rank) > to(as, rank))) return true;
    return rank.gpu && pair_of(m_judged.machine, device(nic), device(*rank.gpu)).pair <=
                           pair_of(m_judged.machine, device(as), device(*rank.gpu)).pair;
  }
  std::size_t nearest_of(std::vector<std::size_t> const& nics, RankReport const& rank) const {
    return *std::min_element(nics.begin(), nics.end(),
                             [&](std::size_t a, std::size_t b) { return to(a, rank) < to(b, rank); });
  }

  void judge(RankReport& rank, NamedDevices const& named);
  void judge_kinds(RankReport const& rank, NamedDevices const& named);
  void judge_unnamed(RankReport& rank);
  void judge_agreement(RankReport const& rank, std::vector<NamedDevices> const& all);
  void judge_load();
  void judge_idle_cores();

  Judged& m_judged;
  std::vector<int> m_untold;
};

void NicCheck::judge_kinds(RankReport const& rank, NamedDevices const& named) {
  Findings& findings = m_judged.findings;
  std::string const says = rank_text(rank.rank) + " has " + named.from + "=" + named.value;
  std::string const who = named.from == "the program" ? rank_text(rank.rank) : says;
  std::vector<std::string> down, management;
  for (std::size_t const nic : named.devices) {
    if (device(nic).kind != DeviceKind::fabric_nic) {
      management.push_back(device(nic).name);
    } else if (device(nic).state == PortState::down) {
      down.push_back(device(nic).name);
    }
  }
  if (!named.absent.empty()) {
    findings.add("ENV_CONFLICT", Severity::wrong, {rank.rank},
                 says + ", but the node has no " + enumerate(named.absent),
                 "correct the name: kramers-topo tree lists the NICs");
  }
  if (!management.empty() && !m_judged.machine.fabric_nics().empty()) {
    findings.add("MGMT_NIC", Severity::wrong, {rank.rank},
                 who + ": " + enumerate(management) + (management.size() == 1 ? " is" : " are") +
                     " no NIC of the fabric (" + std::string(name(m_judged.machine.fabric())) + ")",
                 name_it);
  }
  if (!down.empty()) {
    findings.add("NIC_DOWN", down.size() == named.devices.size() ? Severity::wrong : Severity::warning, {rank.rank},
                 who + ": the port of " + enumerate(down) + " is down",
                 "name a NIC whose port is active: kramers-topo plan chooses one");
  }
}

void NicCheck::judge(RankReport& rank, NamedDevices const& named) {
  if (!named.problem.empty()) {
    m_judged.findings.add("ENV_CONFLICT", Severity::wrong, {rank.rank}, rank_text(rank.rank) + ": " + named.problem,
                          "take the lines of kramers-topo env --for cray");
    return;
  }
  judge_kinds(rank, named);
  std::vector<std::size_t> good;
  std::copy_if(named.devices.begin(), named.devices.end(), std::back_inserter(good),
               [this](std::size_t n) { return usable(n); });
  // The program or library takes the nearest of those it may use; which of several as near is not known.
  if (rank.nic_from.empty() && !named.devices.empty()) {
    std::vector<std::size_t> const& candidates = good.empty() ? named.devices : good;
    std::size_t const nearest = nearest_of(candidates, rank);
    rank.nic_from = named.from;
    rank.nic_distance = to(nearest, rank);
    auto const as_good = std::count_if(candidates.begin(), candidates.end(),
                                       [&](std::size_t nic) { return to(nic, rank) == *rank.nic_distance; });
    if (as_good == 1) rank.nic = nearest;
  }
  if (good.empty() || rank.nearest_nics.empty() || rank.cpus.empty()) return;
  std::size_t const best = nearest_of(good, rank);
  std::size_t const nearest = rank.nearest_nics.front();
  if (std::any_of(good.begin(), good.end(), [&](std::size_t nic) { return as_near(nic, nearest, rank); })) return;
  std::string const what = told(best, rank) + "; " + told(nearest, rank) + ", is nearer";
  if (named.by_policy) {
    m_judged.findings.add("ENV_CONFLICT", Severity::wrong, {rank.rank},
                          named.from + "=" + named.value + " gives " + rank_text(rank.rank) + " " + what,
                          "set MPICH_OFI_NIC_POLICY=NUMA or GPU, or the mapping of kramers-topo env --for cray");
  } else {
    m_judged.findings.add("FAR_NIC", Severity::wrong, {rank.rank},
                          rank_text(rank.rank) + " uses " + what + " (" + named.from + ")", name_it);
  }
}

void NicCheck::judge_unnamed(RankReport& rank) {
  std::vector<std::size_t> const fabric = m_judged.machine.fabric_nics();
  if (fabric.size() == 1) {
    rank.nic = fabric.front();
    rank.nic_from = "the only one";
    rank.nic_distance = to(*rank.nic, rank);
    if (device(*rank.nic).state == PortState::down) {
      m_judged.findings.add("NIC_DOWN", Severity::wrong, {rank.rank},
                            "the port of " + device(*rank.nic).name + ", the only NIC, is down",
                            "have the port brought up, or take another node");
    }
    return;
  }
  if (fabric.empty()) return;
  m_untold.push_back(rank.rank);
  std::vector<std::size_t> const any_state = nearest_nics(m_judged.machine, rank.cpus, false);
  bool const all_down = std::all_of(any_state.begin(), any_state.end(),
                                    [this](std::size_t nic) { return device(nic).state == PortState::down; });
  if (any_state.empty() || !all_down) return;
  m_judged.findings.add(
      "NIC_DOWN", Severity::warning, {rank.rank},
      "the port of the NIC nearest to " + rank_text(rank.rank) + ", " + device(any_state.front()).name + ", is down" +
          (rank.nearest_nics.empty() ? "" : "; the nearest that is up is " + told(rank.nearest_nics.front(), rank)),
      "name the one that is up, or place the ranks near it: kramers-topo plan --policy nic-first");
}

void NicCheck::judge_agreement(RankReport const& rank, std::vector<NamedDevices> const& all) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = i + 1; j < all.size(); ++j) {
      if (all[i].devices.empty() || all[j].devices.empty()) continue;
      bool const common = std::any_of(all[i].devices.begin(), all[i].devices.end(), [&](std::size_t nic) {
        return std::find(all[j].devices.begin(), all[j].devices.end(), nic) != all[j].devices.end();
      });
      if (common) continue;
      m_judged.findings.add("ENV_CONFLICT", Severity::wrong, {rank.rank},
                            rank_text(rank.rank) + " has " + all[i].from + "=" + all[i].value + " but " + all[j].from +
                                "=" + all[j].value + ", another NIC",
                            "set one of them, or both to the same NIC");
      return;
    }
  }
}

void NicCheck::judge_load() {
  std::map<std::size_t, std::vector<RankReport const*>> on;
  for (RankReport const& rank : m_judged.report.ranks) {
    if (!rank.nic) return;  // then the load is not known
    on[*rank.nic].push_back(&rank);
  }
  for (auto const& [nic, ranks] : on) {
    for (std::size_t const other : m_judged.machine.fabric_nics()) {
      auto const found = on.find(other);
      std::size_t const load = found == on.end() ? 0 : found->second.size();
      if (!usable(other) || load + 2 > ranks.size()) continue;
      auto const mover = std::find_if(ranks.begin(), ranks.end(), [&, present = nic](RankReport const* rank) {
        bool const near_gpu = !rank->gpu || pair_of(m_judged.machine, device(other), device(*rank->gpu)).pair <=
                                                pair_of(m_judged.machine, device(present), device(*rank->gpu)).pair;
        return near_gpu && !(to(other, *rank) > to(present, *rank));
      });
      if (mover == ranks.end()) continue;
      std::vector<int> numbers;
      for (RankReport const* rank : ranks) numbers.push_back(rank->rank);
      m_judged.findings.add("NIC_OVERSUBSCRIBED", Severity::wrong, numbers,
                            ranks_text(numbers) + " share " + device(nic).name + " while " + device(other).name +
                                ", as near to " + rank_text((*mover)->rank) + ", serves " +
                                (load == 0 ? "none" : std::to_string(load)),
                            "share the NICs evenly: kramers-topo plan does");
      break;
    }
  }
}

void NicCheck::judge_idle_cores() {
  CpuSet busy;
  for (RankReport const& rank : m_judged.report.ranks) busy |= rank.cpus;
  for (RankReport const& rank : m_judged.report.ranks) {
    if (rank.nearest_nics.empty() || rank.gpu || rank.cpus.empty()) continue;
    if (to(rank.nearest_nics.front(), rank).locality < Locality::package) continue;
    for (Domain const& domain : m_judged.machine.domains()) {
      auto const near = nearest_nics(m_judged.machine, domain.cpus);
      bool const has_nic =
          !near.empty() && distance(m_judged.machine, device(near.front()), domain.cpus).locality <= Locality::numa;
      CpuSet idle = domain.cpus - m_judged.options.reserved;
      for (int const core : domain.cores) {
        CpuSet const& threads = m_judged.machine.cores()[static_cast<std::size_t>(core)].cpus;
        if (threads.intersects(busy)) idle -= threads;
      }
      std::vector<int> const cores = m_judged.machine.cores_of(idle);
      if (!has_nic || cores.size() < rank.cores.size()) continue;
      m_judged.findings.add("FAR_NIC", Severity::warning, {rank.rank},
                            "the NIC nearest to " + rank_text(rank.rank) + " is " +
                                told(rank.nearest_nics.front(), rank) + ", while cores " + set_of(cores).to_list() +
                                " beside " + device(near.front()).name + " are idle",
                            "bind the rank beside the NIC: kramers-topo plan --policy nic-first");
      break;
    }
  }
}

void NicCheck::run() {
  bool any_unbound = false;
  for (std::size_t i = 0; i < m_judged.report.ranks.size(); ++i) {
    RankReport& rank = m_judged.report.ranks[i];
    any_unbound = any_unbound || m_judged.unbound[i];
    rank.nearest_nics = nearest_nics(m_judged.machine, rank.cpus);
    std::vector<NamedDevices> const all = named_nics(m_judged.machine, m_judged.bindings[i], m_judged.ranks);
    for (NamedDevices const& named : all) judge(rank, named);
    judge_agreement(rank, all);
    if (rank.nic_from.empty()) judge_unnamed(rank);
  }
  if (m_judged.all_known()) {
    judge_load();
    if (!any_unbound && m_judged.machine.gpus().empty()) judge_idle_cores();
  }
  if (!m_untold.empty()) {
    m_judged.report.unknown.push_back("Which NIC " + ranks_text(m_untold) +
                                      " will use: no variable names one, so the library chooses.");
  }
}

}  // namespace

void check_nics(Judged& judged) {
  NicCheck(judged).run();
}

}  // namespace kramers::topology::detail

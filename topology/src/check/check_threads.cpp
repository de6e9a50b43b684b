// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <algorithm>

#include "check/findings.hpp"
#include "common/text_utils.hpp"

namespace kramers::topology::detail {

namespace {

constexpr char const* bind_it =
    "start the program by kramers-topo run, or bind ranks by the launcher: mpirun --bind-to core, srun "
    "--cpu-bind=cores";

void check_unbound(Judged& judged) {
  std::vector<int> ranks;
  for (std::size_t i = 0; i < judged.bindings.size(); ++i) {
    if (judged.unbound[i]) ranks.push_back(judged.bindings[i].rank);
  }
  if (ranks.empty()) return;
  auto const cores = judged.machine.cores().size();
  std::string const where = "all " + std::to_string(cores) + " cores";
  if (static_cast<std::size_t>(judged.ranks) > cores) {  // whatever the binding, they share cores
    judged.findings.add(
        "UNBOUND", Severity::warning, ranks,
        count(static_cast<std::size_t>(judged.ranks), "rank") + " share " + where + " without a binding",
        "start at most " + count(cores, "rank") + " on this node, and bind them");
  } else if (judged.ranks > 1) {
    judged.findings.add(
        "UNBOUND", Severity::wrong, ranks,
        ranks_text(ranks) + (ranks.size() > 1 ? " are not bound: each" : " is not bound: it") + " may run on " + where,
        bind_it);
  } else if (judged.machine.domains().size() > 1) {
    judged.findings.add(
        "UNBOUND", Severity::warning, ranks,
        "the only rank is not bound: it may run on " + where + " of " +
            count(judged.machine.domains().size(), "NUMA domain"),
        "start a rank per NUMA domain or GPU, or bind its threads by OMP_PLACES=cores OMP_PROC_BIND=close");
  }
}

void check_overlap(Judged& judged) {
  std::vector<Binding> const& all = judged.bindings;
  std::vector<bool> told(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (judged.unbound[i]) continue;
    std::vector<int> sharing{all[i].rank}, siblings{all[i].rank};
    CpuSet shared, cores;
    for (int const core : judged.report.ranks[i].cores)
      cores |= judged.machine.cores()[static_cast<std::size_t>(core)].cpus;
    for (std::size_t j = i + 1; j < all.size(); ++j) {
      if (judged.unbound[j]) continue;
      if (all[i].cpus.intersects(all[j].cpus)) {
        if (told[i] && told[j]) continue;
        sharing.push_back(all[j].rank);
        shared |= all[i].cpus & all[j].cpus;
        told[i] = told[j] = true;
      } else if (cores.intersects(all[j].cpus)) {
        siblings.push_back(all[j].rank);
      }
    }
    if (sharing.size() > 1) {
      judged.findings.add("OVERLAP", Severity::wrong, sharing,
                          ranks_text(sharing) + " share the hardware threads " + shared.to_list(), bind_it);
    }
    // More ranks than cores leave no other way.
    if (siblings.size() > 1 && static_cast<std::size_t>(judged.ranks) <= judged.machine.cores().size()) {
      judged.findings.add("SMT_SIBLING_SHARED", Severity::warning, siblings,
                          ranks_text(siblings) + " run on different hardware threads of the same cores",
                          "give each rank whole cores: mpirun --map-by core --bind-to core, srun --hint=nomultithread");
    }
  }
}

void check_span(Judged& judged) {
  std::size_t largest = 0;
  for (Domain const& domain : judged.machine.domains()) largest = std::max(largest, domain.cores.size());
  for (std::size_t i = 0; i < judged.bindings.size(); ++i) {
    RankReport const& rank = judged.report.ranks[i];
    std::vector<int> touched;
    for (std::size_t d = 0; d < judged.machine.domains().size(); ++d) {
      if (judged.machine.domains()[d].cpus.intersects(rank.cpus)) touched.push_back(static_cast<int>(d));
    }
    if (judged.unbound[i] || touched.size() < 2 || rank.cores.size() > largest) continue;
    judged.findings.add("SPANS_NUMA", Severity::wrong, {rank.rank},
                        rank_text(rank.rank) + " has " + count(rank.cores.size(), "core") + " on NUMA " +
                            set_of(rank.numa).to_list() + ", though one domain has " + std::to_string(largest),
                        "keep a rank's cores in one NUMA domain: kramers-topo plan shows a layout that does");
  }
}

void check_reserved(Judged& judged) {
  for (Binding const& binding : judged.bindings) {
    CpuSet const taken = binding.cpus & judged.options.reserved;
    if (taken.empty()) continue;
    judged.findings.add("RESERVED_CORE", Severity::wrong, {binding.rank},
                        rank_text(binding.rank) + " may run on the reserved hardware threads " + taken.to_list(),
                        "leave these to the system: srun --core-spec or a mask without them");
  }
}

void check_foreign(Judged& judged, std::vector<Binding> const& as_given) {
  for (Binding const& binding : as_given) {
    CpuSet const foreign = binding.cpus - judged.machine.cpus();
    if (!foreign.empty()) {
      judged.findings.add("FOREIGN_CPUS", Severity::wrong, {binding.rank},
                          rank_text(binding.rank) + " is bound to hardware threads " + foreign.to_list() +
                              ", which this machine's description does not have",
                          "give the description of the node the ranks run on");
    } else if (binding.cpus.empty()) {
      judged.findings.add("FOREIGN_CPUS", Severity::wrong, {binding.rank},
                          rank_text(binding.rank) + " has no hardware thread",
                          "give the hardware threads of every rank");
    }
  }
}

void check_openmp(Judged& judged) {
  for (Binding const& binding : judged.bindings) {
    if (binding.cpus.empty()) continue;
    std::string const value = value_of(binding, "OMP_NUM_THREADS");
    auto const threads = whole_number(trimmed(value.substr(0, value.find(','))));
    if (threads && *threads > binding.cpus.size()) {
      judged.findings.add(
          "ENV_CONFLICT", Severity::wrong, {binding.rank},
          rank_text(binding.rank) + " has OMP_NUM_THREADS=" + value + " on " +
              count(binding.cpus.size(), "hardware thread"),
          "start as many threads as the rank has hardware threads, or bind it to more: mpirun --map-by slot:PE=N, "
          "srun --cpus-per-task=N");
    }
    auto const where = omp_places(value_of(binding, "OMP_PLACES"));
    if (where && !binding.cpus.includes(*where)) {
      judged.findings.add("ENV_CONFLICT", Severity::wrong, {binding.rank},
                          rank_text(binding.rank) + " has OMP_PLACES on hardware threads " +
                              (*where - binding.cpus).to_list() + ", outside its binding " + binding.cpus.to_list(),
                          "make OMP_PLACES per rank: kramers-topo env --for openmp");
    }
  }
}

}  // namespace

void check_threads(Judged& judged, std::vector<Binding> const& as_given) {
  check_foreign(judged, as_given);
  check_unbound(judged);
  check_overlap(judged);
  check_span(judged);
  check_reserved(judged);
  check_openmp(judged);
}

void check_memory(Judged& judged) {
  for (std::size_t i = 0; i < judged.bindings.size(); ++i) {
    Binding const& binding = judged.bindings[i];
    CpuSet local, fast, ordinary;
    for (int const index : judged.report.ranks[i].numa) {
      NumaNode const& node = judged.machine.numa_nodes()[static_cast<std::size_t>(index)];
      local.insert(node.os_index);
      (node.high_bandwidth ? fast : ordinary).insert(node.os_index);
    }
    if (local.empty() || judged.unbound[i]) continue;
    constexpr char const* fix = "take memory of the node of the cores: numactl --localalloc, srun --mem-bind=local";
    if (!binding.mems.empty() && !binding.mems.intersects(local)) {
      judged.findings.add("MEM_REMOTE", Severity::wrong, {binding.rank},
                          rank_text(binding.rank) + " runs beside memory node " + local.to_list() +
                              " but may only take memory of " + binding.mems.to_list(),
                          fix);
    } else if (binding.memory == MemoryMode::bind || binding.memory == MemoryMode::preferred) {
      if (!binding.memory_nodes.empty() && !binding.memory_nodes.intersects(local)) {
        judged.findings.add("MEM_REMOTE", Severity::wrong, {binding.rank},
                            rank_text(binding.rank) + " runs beside memory node " + local.to_list() +
                                " but takes its memory of " + binding.memory_nodes.to_list(),
                            fix);
      }
    } else if (binding.memory == MemoryMode::interleave && !(binding.memory_nodes - local).empty()) {
      judged.findings.add("MEM_REMOTE", Severity::warning, {binding.rank},
                          rank_text(binding.rank) + " runs beside memory node " + local.to_list() +
                              " but spreads its memory over " + binding.memory_nodes.to_list(),
                          fix);
    }
    bool const uses_fast = binding.memory != MemoryMode::local && binding.memory != MemoryMode::unknown &&
                           binding.memory_nodes.intersects(fast);
    if (!fast.empty() && !ordinary.empty() && !uses_fast) {
      judged.findings.add("HBM_UNUSED", Severity::note, {binding.rank},
                          rank_text(binding.rank) + " has high-bandwidth memory on node " + fast.to_list() +
                              " beside its cores and does not ask for it",
                          "where the data fit: numactl --preferred=" + fast.to_list());
    }
  }
}

}  // namespace kramers::topology::detail

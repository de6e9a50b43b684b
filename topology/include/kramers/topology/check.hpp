// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/topology/distance.hpp>
#include <kramers/topology/machine.hpp>

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kramers::topology {

/// Where the kernel takes a process's memory from. `local`: from the node of the thread that touches it first.
enum class MemoryMode { unknown, local, bind, preferred, interleave };

std::string_view name(MemoryMode mode);  ///< "unknown", "local", "bind", "preferred", "interleave"

/// What one rank runs with, as far as it is known. See process.hpp for how a rank finds out about itself.
struct Binding {
  int rank = 0;  ///< on this node
  CpuSet cpus;   ///< hardware threads its main thread may run on, by the operating system's numbers
  CpuSet mems;   ///< NUMA nodes it may take memory from, by the operating system's numbers; empty: unknown
  MemoryMode memory = MemoryMode::unknown;
  CpuSet memory_nodes;  ///< the nodes of `bind`, `preferred` and `interleave`
  /// The environment variables that choose devices and cores; see placement_variables().
  std::map<std::string, std::string> environment;
  /// GPU and NIC that the program knows it uses, by name or bus id; "" where only the environment tells.
  std::string gpu, nic;
  /// Some GPUs cannot be opened by this process (a cgroup), so that indices count only the others.
  bool gpus_hidden = false;
};

/// `note`: worth knowing, nothing to mend. `warning`: may cost speed. `wrong`: mend this first.
enum class Severity { note, warning, wrong };

std::string_view name(Severity severity);  ///< "note", "warning", "wrong"

/// One thing that was found. Codes: UNBOUND, OVERLAP, SPANS_NUMA, SMT_SIBLING_SHARED, RESERVED_CORE, FAR_NIC, NIC_DOWN,
/// MGMT_NIC, NIC_OVERSUBSCRIBED, GPU_FAR, GPU_SHARED, GPU_INDEX_AMBIGUOUS, MEM_REMOTE, HBM_UNUSED, ENV_CONFLICT, NO_PCI,
/// FOREIGN_CPUS.
struct Finding {
  std::string code;
  Severity severity = Severity::warning;
  std::vector<int> ranks;  ///< ascending; empty where it is about the node
  std::string what;        ///< one sentence
  std::string fix;         ///< what to do, one sentence
};

/// What is known of the cores, GPU and NIC of one rank. Indices are those of Machine::devices() and logical indices of
/// cores and NUMA nodes.
struct RankReport {
  int rank = 0;
  CpuSet cpus;
  std::vector<int> cores, numa;
  std::optional<std::size_t> gpu, nic;
  std::string gpu_from, nic_from;  ///< "the program", or the variable that says so; "" without one
  /// nic_distance also where a variable names several NICs of one distance, so that `nic` is not known.
  std::optional<Distance> gpu_distance, nic_distance;
  /// The usable NICs nearest to its cores, best first.
  std::vector<std::size_t> nearest_nics;
};

/// The verdict on the ranks of a node.
struct Report {
  std::vector<RankReport> ranks;
  std::vector<Finding> findings;     ///< the worst first, then by code: at most one per code and severity
  std::vector<std::string> unknown;  ///< what could not be told, one sentence each
  /// The worst severity; nothing without a finding.
  std::optional<Severity> worst() const;
};

struct CheckOptions {
  /// Hardware threads that ranks must leave alone.
  CpuSet reserved;
  /// Ranks on this node; more than the bindings given: the rest is not known. 0: as many as bindings.
  int ranks = 0;
};

/// Judge how the ranks of one node are bound. Give the bindings of all of them, gathered by MPI or as the program can: a
/// rank alone can be told where it is, but not whether it shares with others. A pure function of its arguments: every
/// rank that holds the same bindings gets the same report.
///
/// A NIC is judged where a variable or the program names it; what libraries choose by themselves is not known, and said
/// so in `unknown`.
///
/// @throws UsageError  two bindings of one rank
/// @note   Cost        bindings^2 comparisons of sets, and bindings * devices distances: below 10 ms for 256 ranks
Report check(Machine const& machine, std::vector<Binding> const& bindings, CheckOptions const& options = {});

/// Names of the environment variables that check() reads, sorted.
std::vector<std::string> const& placement_variables();

}  // namespace kramers::topology

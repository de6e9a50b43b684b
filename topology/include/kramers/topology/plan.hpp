// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/topology/distance.hpp>
#include <kramers/topology/machine.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kramers::topology {

/// What is chosen first for a rank; the rest follows by distance: the NIC from the GPU with `gpu_first`, the GPU from
/// the NIC with `nic_first`, both from the cores with the others. `gpu_first`: a GPU, the cores near it, the NIC
/// nearest to the GPU; `nic_first`: a NIC, the cores near it, a GPU near it; `numa_first`: ranks evenly over NUMA
/// nodes, in blocks; `compact`: consecutive cores from the first on; `spread`: ranks in turn over packages and NUMA
/// nodes; `map`: what the user wrote.
enum class Policy { gpu_first, nic_first, numa_first, compact, spread, map };

std::string_view name(Policy policy);  ///< "gpu-first", "nic-first", ...
/// The policy of that name; nothing for another text.
std::optional<Policy> policy_from(std::string_view text);

/// How ranks share NICs. `near`: a rank gets one of the NICs nearest to it, and ranks that are equally near to several
/// share them evenly; a farther NIC stays idle rather than serve it. `even`: no NIC serves more than
/// ceil(ranks / NICs); ranks for which none is left nearby get a farther one, and the plan says so.
enum class Sharing { near, even };

/// One line of a user's map. Devices by name or bus id; "" leaves the choice to the planner, "none" gives none.
struct MapEntry {
  int rank = 0;
  /// Empty: left to the planner.
  CpuSet cpus;
  std::string gpu, nic;
};

struct PlanRequest {
  /// Ranks on this node, >= 1.
  int ranks = 1;
  /// By default gpu_first where there are GPUs, else numa_first; with a map this is for what it leaves open.
  std::optional<Policy> policy;
  /// Software threads per rank, each on a hardware thread of its own; 0: as many as its share of the cores offers, one
  /// core with compact.
  int threads = 0;
  /// Hardware threads used per core, >= 1; fewer where a core has fewer.
  int smt = 1;
  /// Hardware threads that are not to be used, with the other threads of their cores.
  CpuSet reserved;
  /// The first cores of each NUMA domain that are not to be used, in number.
  int reserved_per_domain = 0;
  /// Ranks on each GPU, which then fill as few GPUs as possible; 0: evenly over all GPUs.
  int ranks_per_gpu = 0;
  /// Never choose a NIC whose ports are down.
  bool honour_port_state = true;
  Sharing sharing = Sharing::near;
  /// Share NICs by the least total distance instead of greedily. Meant for up to 16 NICs.
  bool exact = false;
  /// Hardware threads the ranks are bound to already, one set per rank or none at all: then only devices are chosen.
  std::vector<CpuSet> bindings;
  std::vector<MapEntry> map;
};

/// What one rank gets. Indices are those of Machine::devices().
struct Assignment {
  int rank = 0;
  CpuSet cpus;
  /// Logical indices of the NUMA nodes its memory belongs on, ordinary memory first.
  std::vector<int> numa;
  std::optional<std::size_t> gpu, nic;
  /// NICs that would have been as near as the one chosen, that one included; empty without NIC.
  std::vector<std::size_t> equal_nics;
  /// Distance of the NIC to the cores; unset without NIC.
  std::optional<Distance> nic_distance;
  /// Distance of the GPU to the cores; unset without GPU.
  std::optional<Distance> gpu_distance;
  /// Path between GPU and NIC; unset without both.
  std::optional<Pair> gpu_nic;
  /// A nearer NIC is there, but it is down or full.
  bool forced_far = false;
  /// Why: one sentence.
  std::string why;
};

/// Something about a whole plan that the user should know. Codes: NO_PCI, NO_NIC, NIC_DOWN, NO_LOCALITY, GPU_SHARED,
/// FORCED_FAR, SPANS_NUMA, SMT_SIBLING_SHARED, IDLE_CORES.
struct PlanNote {
  std::string code, text;
};

struct Plan {
  Policy policy = Policy::numa_first;
  std::vector<Assignment> assignments;  ///< by rank
  std::vector<PlanNote> notes;
};

/// Place all ranks of a node. The same machine and request give the same plan everywhere, so every rank can compute it
/// without communication; it depends on the tree and on bus ids, not on the order in which devices were found.
///
/// @throws UsageError  a value of the request is out of range; more threads than the machine has; a policy needs
///                     devices that are not there; the map or the bindings do not fit the machine. The message says
///                     what is asked, what there is and what to change
/// @note   Cost        ranks^2 * NICs steps at most; some milliseconds for 256 ranks
Plan plan(Machine const& machine, PlanRequest const& request);

}  // namespace kramers::topology

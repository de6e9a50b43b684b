// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/topology/machine.hpp>

#include <string>

namespace kramers::topology {

/// The node in the XML that NCCL and RCCL read from NCCL_TOPO_FILE: a cpu for each NUMA node with its threads, and below
/// it the PCI bridges, GPUs and fabric NICs as they hang. For containers and virtual machines that hide the PCI tree.
/// Devices that hang on several NUMA nodes stand below the first of them. Link speeds are written as one of the
/// pairs of speed and width that give the bandwidth hwloc tells.
/// @throws UsageError  the machine's description holds no PCI device
std::string nccl_topology(Machine const& machine);

}  // namespace kramers::topology

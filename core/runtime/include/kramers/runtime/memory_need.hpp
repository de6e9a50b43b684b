// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/runtime/communicator.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace kramers {

/// Part of the memory that this rank needs when it needs most.
struct MemoryNeed {
  std::string what;       ///< "the histograms"
  std::string change;     ///< what makes it less: "observables.histogram.bins"
  double host = 0;        ///< bytes on the host; a double, since people may ask for more than integers count
  double space = 0;       ///< bytes where kernels run: on the device, if they run on one, else on the host too
  bool mirrored = false;  ///< whether the host holds a copy of what a device has
};

/// The sum over parts of what the host has to hold, where kernels run on this space. Kokkos must be initialised.
double host_bytes(std::vector<MemoryNeed> const& needs, std::string const& space);

/// Memory that is still to be had, and who says so.
struct MemoryLimit {
  std::uint64_t bytes = 0;
  std::string source;  ///< "free on this machine"
};

/// What all processes here may still take together: what the system has left, swap included, or the least that a cgroup
/// above this process leaves (version 1 or 2), files in the page cache not counted.
/// @param[in] root  of the file system with proc and sys
MemoryLimit available_memory(std::filesystem::path const& root = "/");

/// Throw MachineError on all ranks where the parts of the ranks of a machine are more than it has, those of a rank more
/// than its address space may grow (RLIMIT_AS), or those on a device more than its memory: what is needed, what there is,
/// what to change. Call it before anything is allocated. Collective.
///
/// @param[in] space  a name of space_names(); Kokkos must be initialised
void require_memory(Communicator const& comm, std::vector<MemoryNeed> const& needs, std::string const& space);

}  // namespace kramers

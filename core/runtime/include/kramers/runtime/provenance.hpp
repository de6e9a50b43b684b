// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/runtime/communicator.hpp>

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace kramers {

/// Version, state of the source and Kokkos: "0.1.0 (git 1a2b3c4d5e6f, modified, Kokkos 5.2.2)".
std::string version_text();
/// The same without Kokkos.
std::string source_text();
/// Version alone: "0.1.0".
std::string version();

/// Name of this machine, "unknown" where the system does not tell.
std::string host_name();

/// What the ranks compute with, of those that are alike once: a list of objects with "space", "threads" (of each rank),
/// "kokkos_version", "cpu", "device" where it is one, and "ranks" as "0-3,8". The same on every rank; Kokkos must be
/// initialised. Collective.
nlohmann::json rank_kinds(Communicator const& comm, std::string const& space);
/// The ranks of such an object.
std::vector<int> ranks_of(nlohmann::json const& kind);
/// The spaces of such a list, each once: "cuda + openmp".
std::string spaces_text(nlohmann::json const& kinds);

/// Everything needed to know where a result comes from: app, version, git hash and whether the tree was modified,
/// compiler, flags, build type, Kokkos version and configuration, execution space, host, CPU and threads, all those of rank 0;
/// number of ranks and their kinds, UTC date, command line and the input verbatim; where the space is that of a GPU, "device" of rank 0: name, memory [bytes], compute
/// capability and the CUDA of its driver. The same object on every rank; Kokkos must be initialised. Collective.
nlohmann::json provenance(Communicator const& comm, std::string const& app, std::string const& space,
                          std::vector<std::string> const& command_line, std::string const& input);

/// Largest resident memory this process has had so far [bytes].
std::uint64_t peak_memory();
/// The same for the rank that had most. Collective.
std::uint64_t peak_memory(Communicator const& comm);

}  // namespace kramers

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/studies/requests.hpp>
#include <kramers/runtime/command_line.hpp>
#include <kramers/runtime/communicator.hpp>
#include <kramers/runtime/config.hpp>
#include <kramers/runtime/recorded_input.hpp>

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <filesystem>
#include <string>

namespace kramers::dynamics {

/// Read an input; space and precision come from the command line. Asks for every key that kramers-spread knows but
/// those of the table [output]. The range is left open.
/// @throws InputError  a key that is missing or impossible
SpreadRequest read_spread(Config const& config, CommandLine const& options, PotentialList const& potentials);

/// A map that all ranks have computed together.
struct SpreadResult {
  Trunk trunk;                   ///< on all ranks
  SpreadPoints points;           ///< all of them, on rank 0
  std::uint64_t state_hash = 0;  ///< of lo and hi of all points
  double seconds = 0;            ///< the slowest rank took to compute
  std::int64_t state_bytes = 0;  ///< of all ranks
};

/// Divide the points over the ranks, compute them and bring them to rank 0. Collective.
/// @throws DivergedError  the trunk or a member left the finite numbers
SpreadResult compute_spread(SpreadRequest request, Communicator const& comm);

/// The summary of a map, the same on all ranks. Collective.
nlohmann::json summarise_spread(SpreadRequest const& request, SpreadResult const& result, Communicator const& comm);

/// Write the result file of a map. Collective; rank 0 has the points, the summary holds the provenance and the units.
/// @throws IoError  it cannot be written
void write_spread(std::filesystem::path const& path, Communicator const& comm, SpreadRequest const& request,
                  SpreadResult const& result, nlohmann::json const& summary, InputRecord const& input);

}  // namespace kramers::dynamics

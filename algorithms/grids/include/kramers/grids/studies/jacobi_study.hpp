// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/grids/jacobi/any_jacobi.hpp>
#include <kramers/grids/studies/published.hpp>
#include <kramers/runtime/checkpoints.hpp>
#include <kramers/runtime/command_line.hpp>
#include <kramers/runtime/input_guide.hpp>
#include <kramers/runtime/memory_need.hpp>
#include <kramers/runtime/recorded_input.hpp>

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace kramers::grids {

/// Jacobi's iteration as an input asks for it.
struct JacobiRequest {
  std::string space, precision;
  JacobiParams params;
  SweepPlan plan;
  std::int64_t iterations = 1000;   ///< with a tolerance the most there may be
  std::optional<double> tolerance;  ///< of the norm
  std::int64_t check = 100;         ///< iterations from norm to norm
  std::string fingerprint;          ///< what a checkpoint is compared with
  Config const* config = nullptr;   ///< that was read, for messages
};

/// Ask for every key of kramers-jacobi but those of the tables [output] and [checkpoint]. The Config has to live as long as
/// the request.
/// @throws InputError  a key that is missing or impossible
JacobiRequest read_jacobi(Config const& config, CommandLine const& options, int ranks);
std::vector<KeyNote> jacobi_keys();
std::vector<MemoryNeed> memory_needed(JacobiRequest const& request, int ranks);

struct JacobiResult {
  std::unique_ptr<AnyJacobi> field;
  std::vector<double> norms;      ///< of iterations check, 2 check, ...
  std::int64_t converged_at = 0;  ///< iteration whose norm met the tolerance; 0 without one
  std::int64_t first = 0;         ///< iterations that were done before this run began
  int signal = 0;                 ///< that ended the run before its end, with a checkpoint; no hash then
  double seconds = 0;             ///< of the slowest rank
  std::uint64_t hash = 0;
};

/// Collective. `tell` hears of progress, at the begin too: cells computed so far by all ranks. Without a plan no signal may
/// be waited for (`interruptible`), since there is no file for a checkpoint.
/// @throws InputError  the norm is above the tolerance after the last iteration, or is no number; a checkpoint of another
///                     input, or from beyond the end
/// @throws IoError     a checkpoint that is missing or damaged, or cannot be written when a signal came
JacobiResult compute_jacobi(JacobiRequest const& request, Communicator const& comm,
                            std::function<void(std::uint64_t)> const& tell, CheckpointPlan const& plan = {});

/// What others have published of this run. Collective.
std::vector<PublishedNumber> compare_published(JacobiRequest const& request, JacobiResult const& result,
                                               Communicator const& comm);

/// The same on all ranks. Collective.
nlohmann::json summarise_jacobi(JacobiRequest const& request, JacobiResult const& result, Communicator const& comm);

/// Field and norms; collective.
/// @throws IoError  it cannot be written
void write_jacobi(std::filesystem::path const& path, Communicator const& comm, JacobiRequest const& request,
                  JacobiResult const& result, nlohmann::json const& summary, InputRecord const& input);

}  // namespace kramers::grids

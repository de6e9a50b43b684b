// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/estimators/exact.hpp>
#include <kramers/dynamics/rare/path_makers.hpp>
#include <kramers/dynamics/rare/shooting.hpp>
#include <kramers/dynamics/rare/splitting.hpp>
#include <kramers/dynamics/rare/weighted.hpp>
#include <kramers/dynamics/studies/any_potential.hpp>
#include <kramers/dynamics/studies/kept_repeats.hpp>
#include <kramers/runtime/command_line.hpp>
#include <kramers/runtime/communicator.hpp>
#include <kramers/runtime/memory_need.hpp>
#include <kramers/runtime/recorded_input.hpp>
#include <kramers/runtime/units.hpp>

#include <nlohmann/json_fwd.hpp>

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace kramers::dynamics {

enum class RareMethod { splitting, shooting, exact, weighted_ensemble };
/// Is it done in independent repeats, whole ones of which can be kept?
constexpr bool has_repeats(RareMethod method) {
  return method == RareMethod::splitting || method == RareMethod::weighted_ensemble;
}

/// Tables of the further states, in turn.
inline constexpr std::array<char const*, most_other_states> other_state_keys{"rare.state_c", "rare.state_d",
                                                                             "rare.state_e"};

/// A rate between two states of a profile, or of a surface of two coordinates, as an input asks for it.
struct RareRequest {
  UnitSystem units;
  std::string space, scheme;
  bool overdamped = false;
  std::shared_ptr<AnyPotential const> potential;
  LangevinParams langevin;
  RareMethod method = RareMethod::splitting;
  std::optional<exact::TwoWells> wells;  ///< of a profile that has two
  exact::Interval reach{};               ///< of a profile: where walkers come
  std::optional<Region> a, b;
  double direction = 1;       ///< +1 where B is to the right of A, along the axis of the passage, else -1
  SplittingParams splitting;  ///< of a weighted ensemble, too, but for the selection
  WeightedParams weighted;
  /// Of level committor without inertia: into B, and each further state, from the grid that it stands on, where that
  /// is fine enough [1/tau].
  std::vector<std::optional<double>> rates_on_grid;
  std::optional<double> target_error;  ///< of splitting: wanted standard error of the rate, relative to it
  std::optional<std::int64_t> batch;   ///< repeats of a rank that run side by side
  std::int64_t path_every = 10;        ///< steps between states of the paths that are kept, even
  ShootingParams shooting;
  Config const* config = nullptr;  ///< that was read, for messages
  /// Makes paths in this potential, of which the Config is read again.
  std::function<std::unique_ptr<AnyPaths>(PathsRequest const&)> make_paths;
};

/// Read an input; the space comes from the command line. Asks for every key that kramers-rare knows for the method but
/// names of files in the table [output]. The Config has to live as long as the request.
/// @throws InputError  a key that is missing or impossible
RareRequest read_rare(Config const& config, CommandLine const& options, PotentialList const& potentials);

/// What all ranks have found together; repeats on rank 0 alone.
struct RareResult {
  std::vector<SplittingRepeat> repeats;
  std::int64_t repeats_done = 0;  ///< of all ranks; where a signal has ended the run too few, and nothing else is known
  bool is_continued = false;      ///< some repeats are those of a run that was stopped; on rank 0 alone
  ReactivePaths paths;            ///< of splitting, on rank 0 alone
  /// A signal has come after the last repeat, and `paths` are not all there.
  bool lacks_paths = false;
  ShootingCounts shots;
  double seconds = 0;  ///< the slowest rank took to compute
  std::int64_t bytes = 0;
  std::uint64_t hash = 0;  ///< of all repeats or counts
};

/// The request with as many replicas as its target error takes, from the scatter of a pilot with its own replicas and
/// other noise; the same request where there is no target. Collective.
/// @throws InputError  as compute_rare; the pilot saw no replica in B; so many replicas are too many
RareRequest sized_by_pilot(RareRequest request, Communicator const& comm);

/// How a run in repeats may be stopped, and go on later.
struct RareKeeping {
  std::vector<NumberedRepeat> done;                              ///< on rank 0: by a run that was stopped
  std::function<void(std::vector<NumberedRepeat> const&)> keep;  ///< called on each rank after each of its batches
  std::function<bool()> stop;  ///< asked often on each rank: shall it leave its batch?
};
/// Does some rank have more than one batch?
bool is_divided(RareRequest const& request, int ranks);

/// Whole repeats, or pairs, go to ranks. Collective.
/// @throws InputError     no walker left A; a path did not end
/// @throws DivergedError  a walker left the finite numbers
RareResult compute_rare(RareRequest const& request, Communicator const& comm, RareKeeping const& keeping = {});

/// The summary, the same on all ranks. Collective.
nlohmann::json summarise_rare(RareRequest const& request, RareResult const& result, Communicator const& comm);

/// Write the file of results. Collective; rank 0 has the repeats, the summary holds the provenance and the units.
/// @throws IoError  it cannot be written
void write_rare(std::filesystem::path const& path, Communicator const& comm, RareRequest const& request,
                RareResult const& result, nlohmann::json const& summary, InputRecord const& input);

/// What this rank allocates.
std::vector<MemoryNeed> memory_needed(RareRequest const& request, int rank, int ranks);

/// What the keys of kramers-rare mean beside those that all programs share.
std::vector<KeyNote> rare_keys();

}  // namespace kramers::dynamics

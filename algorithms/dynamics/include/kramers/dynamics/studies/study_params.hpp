// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/studies/requests.hpp>
#include <kramers/runtime/command_line.hpp>
#include <kramers/runtime/config.hpp>
#include <kramers/runtime/units.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace kramers::dynamics {

/// Everything an input file says about an ensemble study.
struct StudyParams {
  UnitSystem units;  ///< of all numbers here, and of results
  EnsembleRequest request;
  InitialState initial;
  std::int64_t equilibrate = 0;         ///< steps before production
  std::int64_t steps = 0;               ///< steps of production
  std::int64_t sample_after = 0;        ///< steps of production before sampling and correlations begin
  std::int64_t frame_every = 0;         ///< steps between frames (time series)
  std::int64_t correlation_frames = 0;  ///< lags of time correlations, in frames; 0: none
  std::int64_t trajectory_walkers = 0;  ///< ids 0 ... trajectory_walkers - 1 are recorded
  std::int64_t trajectory_every = 0;    ///< steps between their frames
  int trajectory_dimensions = 0;        ///< coordinates written of each: those of the potential, then zeros
  std::optional<double> transient;      ///< time that a population decay needs to become exponential [tau]
  std::int64_t checkpoint_every = 0;    ///< steps between periodic checkpoints; 0: only when asked to stop
  std::filesystem::path checkpoint;
  bool overwrites = false;             ///< a former checkpoint under this name is not kept
  double partial_every = 60;           ///< seconds between results of an unfinished run; 0: none
  double seconds_between_looks = 1.0;  ///< a signal waits for about so long, whatever a launch takes
  /// All keys of the input that decide the results, defaults included, as JSON: what a checkpoint is compared with.
  std::string fingerprint;

  std::int64_t last_step() const { return equilibrate + steps; }
  std::int64_t frames() const { return steps / frame_every; }
  /// The first frame that serves as an origin of correlations.
  std::int64_t first_origin() const { return (sample_after + frame_every - 1) / frame_every; }
};

/// The sizes that numbers of an input may have, so that neither they nor products of three of them overflow or vanish in
/// this precision.
struct NumberRange {
  double least, most;  ///< > 0
};
NumberRange number_range(std::string const& precision);

/// Read the table [initial]: where walkers start; by default in a minimum of the potential. There its energy must be a
/// number of this precision.
InitialState read_initial(Config const& config, AnyPotential const& potential, std::string const& precision);
/// Read time step, friction, temperature and mass from the table [integrator].
LangevinParams read_langevin(Config const& config, bool overdamped, std::string const& precision);

/// Read an input; names and precision come from the command line. Asks for every key that kramers-langevin knows.
/// @throws InputError  a key that is missing, unknown or impossible
StudyParams read_study(Config const& config, CommandLine const& options, PotentialList const& potentials);

}  // namespace kramers::dynamics

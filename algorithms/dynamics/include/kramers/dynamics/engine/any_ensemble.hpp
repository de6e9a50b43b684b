// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/engine/drive.hpp>
#include <kramers/dynamics/engine/layout.hpp>
#include <kramers/dynamics/engine/sampling.hpp>
#include <kramers/dynamics/schemes/langevin_params.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace kramers::dynamics {

/// Where and how fast walkers start. Draws depend on (seed, walker) alone.
struct InitialState {
  double lower[3] = {}, upper[3] = {};  ///< positions are uniform in [lower, upper); a point where they are equal
  bool thermal_velocity = true;         ///< Maxwell-Boltzmann velocities
  double velocity[3] = {};              ///< otherwise this one
};

/// Everything that defines an ensemble but its potential.
struct EnsembleParams {
  std::int64_t walkers = 0;  ///< in the whole ensemble, > 0
  std::uint64_t seed = 0;
  LangevinParams langevin;
  DriveParams drive;
  SamplingParams sampling;
  std::int64_t production_start = 0;  ///< step after which sampling and first-passage clocks start
  bool correlations = false;          ///< keep an origin for time correlations
};

/// Throw DomainError unless the parameters make sense for the scheme.
void check(EnsembleParams const& params, bool overdamped, int dimension);

/// One column of the walkers' state on the host, in id order.
struct StateColumn {
  std::string name;
  std::variant<std::span<double>, std::span<float>, std::span<std::uint8_t>> values;
};

/// Position and velocity of one walker, as doubles (exact for both precisions).
struct WalkerState {
  std::array<double, 3> position{}, velocity{};
};

/// An ensemble whose space, precision, scheme and potential are hidden; what the studies and apps hold.
///
/// "Here" means the walkers this rank owns. Functions that return host data wait for the kernels before them.
class AnyEnsemble {
 public:
  virtual ~AnyEnsemble() = default;

  /// Put all walkers here at their start; step 0.
  virtual void initialise(InitialState const& start) = 0;
  /// Do `steps` >= 0 more steps, sampling as asked; returns before they are done.
  /// A row of cell sums is added up per call, so equal calls are needed for equal bits of the sums (not of the state).
  void advance(std::int64_t steps) {
    advance_blocks(steps, 0, blocks());
    finish_advance(steps);
  }
  /// The same in pieces, with the same bits. First any number of these: all walkers do some of the steps, and each keeps
  /// its own sums (Quantity, 120 bytes) until the last piece.
  virtual void advance_partly(std::int64_t steps) = 0;
  /// Last, the steps that are left for the blocks [first, last) of those here, each block once, in any order; then
  /// finish. In between some blocks are ahead of step(), their sums stand in unit_sums(), and nothing else may be asked
  /// but download().
  virtual void advance_blocks(std::int64_t steps, std::int64_t first, std::int64_t last) = 0;
  virtual void finish_advance(std::int64_t steps) = 0;
  /// Wait until it is done.
  virtual void wait() = 0;
  /// Blocks of EnsembleLayout::block walkers here; the last one may be filled up.
  virtual std::int64_t blocks() const = 0;
  /// Steps done since the start.
  virtual std::int64_t step() const = 0;
  /// Make the present positions and velocities the origin of time correlations.
  virtual void mark_origin() = 0;

  /// Sums over each cell here at this moment.
  virtual FrameSums frame_sums() = 0;
  /// Running sums of each cell here, and their restoration.
  virtual CellSums cell_sums() = 0;
  virtual void set_cell_sums(CellSums const& sums) = 0;
  /// Sums of each unit of the blocks that are ahead, row by row, and their restoration.
  virtual std::vector<double> unit_sums() = 0;
  virtual void set_unit_sums(std::vector<double> const& sums) = 0;
  /// Sums of each walker here in the pieces of a launch so far, row by row; empty where there are none. Their restoration.
  virtual std::vector<double> walker_sums() = 0;
  virtual void set_walker_sums(std::vector<double> const& sums) = 0;
  /// Histogram counters of all groups (those elsewhere are zero), row by row, and their restoration.
  virtual std::vector<std::uint64_t> histogram() = 0;
  virtual void set_histogram(std::vector<std::uint64_t> const& counts) = 0;

  /// Hash of the final positions and velocities here; the wrapping sum over ranks identifies the whole state.
  virtual std::uint64_t state_hash() = 0;
  /// Smallest id here whose position is not finite.
  virtual std::optional<std::int64_t> first_diverged() = 0;
  /// State of some walkers here, by id.
  virtual std::vector<WalkerState> read_walkers(std::vector<std::int64_t> const& ids) = 0;

  /// The whole state here on the host; valid until the next call of advance. upload() sends changed columns back and
  /// says at which step the walkers then are, which decides the noise of the steps to come.
  virtual std::vector<StateColumn> download() = 0;
  virtual void upload(std::int64_t step) = 0;

  /// Bytes of the state and of everything else the engine allocated, on the space it runs on.
  virtual std::int64_t state_bytes() const = 0;
  virtual std::int64_t extra_bytes() const = 0;
  virtual int dimension() const = 0;
  virtual EnsembleLayout const& layout() const = 0;
  virtual EnsembleLayout::Range range() const = 0;
};

}  // namespace kramers::dynamics

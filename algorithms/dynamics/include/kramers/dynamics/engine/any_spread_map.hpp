// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/engine/any_ensemble.hpp>
#include <kramers/dynamics/schemes/langevin_params.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace kramers::dynamics {

/// Everything that defines a spread map but its potential.
///
/// A trunk, one walker, is followed for `steps` steps. From every `every`-th of its states start `members` copies with
/// Gaussian offsets in position and velocity and noise of their own, and run for `member_steps` steps.
struct SpreadParams {
  LangevinParams langevin;
  std::uint64_t seed = 0;
  /// Key of the members' offsets and noise, so that a map can be repeated on the same trunk; nothing means `seed`.
  std::optional<std::uint64_t> member_seed = {};
  std::int64_t walker = 0;         ///< id of the trunk, < 2^16: it is that walker of the ensemble with this seed
  InitialState start;              ///< where the trunk starts
  std::int64_t equilibrate = 0;    ///< steps of the trunk before its first stored state
  std::int64_t steps = 2500;       ///< of the trunk after that; equilibrate + steps < 2^32
  std::int64_t every = 3;          ///< trunk steps from point to point; the first point is at step `every`
  std::int64_t members = 10;       ///< per point, >= 2; in adaptive mode per point and batch
  std::int64_t member_steps = 10;  ///< > 0
  double sigma_position = 0.01;    ///< standard deviation of the offsets >= 0 [length]
  double sigma_velocity = 0.01;    ///< [length / tau]; 0 for overdamped schemes, which have no velocity
  int coordinate = 0;              ///< whose extremes are kept
  double tolerance = 0;            ///< > 0: adaptive, the wanted error of each spread [length]
  std::int64_t max_members = 0;    ///< adaptive: per point, >= 4 * members and <= 2^16

  std::int64_t points() const { return steps / every; }
  bool adaptive() const { return tolerance > 0; }
};

/// Batches of members that every point of an adaptive map gets before its error is looked at: with fewer, an error
/// that is too small by chance would stop too many points.
inline constexpr std::int64_t first_batches = 4;

/// Members per point, and trunk walkers, have to fit into 16 bits of the identity of a member.
inline constexpr std::int64_t max_member_id = 1 << 16;

/// Throw DomainError unless the parameters make sense for the scheme.
void check(SpreadParams const& params, bool overdamped, int dimension);

/// The observed coordinate of the trunk, (steps + 1) states.
struct Trunk {
  std::vector<double> position, velocity;
};

/// What a map says of each point. With one batch of members lo and hi are the lowest and highest position that any
/// member reached in its run, start included; with several batches they are the means over the batches of these, so
/// that the spread of `members` members is estimated without bias however many were run.
struct SpreadPoints {
  std::vector<double> lo, hi;         ///< [length]; the spread is hi - lo
  std::vector<double> error;          ///< one-sigma error of the spread, from the batches; NaN for one [length]
  std::vector<double> growth;         ///< ln(range of positions at the end / at the start) / time [1 / tau]
  std::vector<std::int64_t> members;  ///< run from this point
};

/// hi - lo of each point.
std::vector<double> spread_of(SpreadPoints const& points);

/// A spread map whose space, precision, scheme and potential are hidden.
class AnySpreadMap {
 public:
  virtual ~AnySpreadMap() = default;

  /// Compute the trunk and then the points of this map. Allocates nothing. The fixed map takes two launches and returns
  /// before they are done; the adaptive one takes two and three more per round, and waits for each round.
  virtual void run() = 0;
  /// Compute the trunk alone, for a caller that chooses the points itself. Returns before it is done.
  virtual void follow() = 0;
  /// Run one batch of members from each of these points of the map, after run() or follow(). Of every point the batches
  /// are run in order, each once. Allocates nothing on the space; waits for what was enqueued before, but not for this.
  ///
  /// @param[in] points  index in this map, each at most once
  /// @param[in] batch   which one, from 0: the number of batches that these points have had so far
  /// @throws DomainError  an index beyond the points; more members than 2^16
  virtual void run_batch(std::span<std::int64_t const> points, std::int64_t batch) = 0;
  /// Wait until what has been enqueued is done.
  virtual void wait() = 0;
  /// The trunk; waits. The same on all ranks.
  /// @throws DivergedError  it left the finite numbers, with its first such step
  virtual Trunk trunk() = 0;
  /// The points here; waits. Those that had no members yet have NaN for all their numbers.
  /// @throws DivergedError  a member left the finite numbers; the step is that of the trunk from which it started
  virtual SpreadPoints points() = 0;
  /// Bytes of the trunk and the rows of the points here, on the space it runs on.
  virtual std::int64_t state_bytes() const = 0;
};

/// Points of one rank of several, as [first, last).
struct PointRange {
  std::int64_t first, last;
};
PointRange points_of(std::int64_t points, int rank, int ranks);

/// Derivative along the trunk of a quantity known at equally spaced points, by central differences, one-sided at both
/// ends; NaN for a single point.
///
/// @param[in] spacing  time between points > 0 [tau]
std::vector<double> time_derivative(std::span<double const> values, double spacing);

/// What the adaptive mode cost, and the fixed scheme that gives all points as many members as the neediest.
struct AdaptiveReport {
  std::int64_t member_steps, fixed_member_steps;
  std::int64_t uncertain_points;  ///< whose error was above the tolerance when they had max_members
  double saving() const { return static_cast<double>(fixed_member_steps) / static_cast<double>(member_steps); }
};
/// @param[in] points  all points of the map, at least one
AdaptiveReport report_adaptive(SpreadParams const& params, SpreadPoints const& points);

/// Hash of the lo and hi of some points; the wrapping sum over ranks identifies the map.
std::uint64_t spread_hash(SpreadPoints const& points, std::int64_t first_point);

}  // namespace kramers::dynamics

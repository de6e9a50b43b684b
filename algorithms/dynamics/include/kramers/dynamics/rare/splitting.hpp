// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/estimators/estimators.hpp>
#include <kramers/dynamics/rare/any_paths.hpp>
#include <kramers/dynamics/rare/population.hpp>
#include <kramers/dynamics/rare/reactive_paths.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace kramers::dynamics {

/// The walkers of each repeat that are followed in A, to count how often they leave it.
struct FluxParams {
  std::int64_t walkers = 64;
  std::int64_t equilibrate = 0, steps = 0;  ///< rounded up to whole segments
  PathPoint start{};                        ///< where they start, with velocities of the heat bath: the bottom of A
};

/// Everything that defines a rate A -> B by splitting but scheme and potential.
struct SplittingParams {
  LangevinParams langevin;
  bool overdamped = false;
  int coordinates = 1;
  Passage passage;
  SelectionParams selection;
  FluxParams flux;
  std::int64_t repeats = 64;             ///< >= 2, independent of each other
  std::int64_t max_steps = 100'000'000;  ///< of one path; reaching it is an error
  std::uint64_t seed = 0;
  std::int64_t kept_paths = 0;  ///< of all repeats: paths to B of which the lines are kept
};

/// Throw DomainError unless the parameters make sense.
void check(SplittingParams const& params);

/// One repeat, an estimate of its own of everything: rate = flux * probability.
struct SplittingRepeat {
  double flux = 0;               ///< first entries into bin 0 since A, per time during which A was visited last [1/tau]
  double probability = 0;        ///< of a walker that has just entered bin 0 to reach B before A
  double relative_variance = 0;  ///< of the probability, from the genealogy; 0 where it is 0
  std::int64_t crossings = 0;    ///< entries counted, the starting points of the replicas
  std::int64_t flux_steps = 0, path_steps = 0;
  std::int64_t stages = 0, roots = 0;
  double late_share = 0;        ///< of a weighted ensemble: part of the flux in the second half of what is counted
  bool extinct = false;         ///< no replica was left at some stage
  std::vector<double> reached;  ///< probability to reach each bin, and B
  /// Steps from the entry into bin 0 to B, at most longest_age, of each replica that has come there.
  std::vector<std::uint32_t> durations;
  std::vector<PathLine> lines;  ///< of the first of these
  /// Where others than B end paths: the share of B, and of each of them, of the replicas that have come to any.
  std::vector<double> shares;

  double rate() const { return flux * probability; }
};

/// Sizes of the paths that `repeats` repeats need.
PathsParams paths_for(SplittingParams const& params, std::int64_t repeats);

/// Compute the repeats of these numbers, all side by side. Each is a function of the parameters and its number alone.
///
/// @param[in] paths  made with paths_for()
/// @param[in] stop   asked after each segment of steps: shall the work be left?
/// @return    nothing where it was left
/// @throws DomainError    a path was not in A or B after max_steps; no walker of any repeat left A, or was in it
/// @throws DivergedError  a path left the finite numbers
std::vector<SplittingRepeat> run_splitting(AnyPaths& paths, SplittingParams const& params,
                                           std::span<std::int64_t const> numbers,
                                           std::function<bool()> const& stop = {});
/// Those of the numbers [first, last).
std::vector<SplittingRepeat> run_splitting(AnyPaths& paths, SplittingParams const& params, std::int64_t first,
                                           std::int64_t last);

/// The mean over repeats, with its error.
struct SplittingResult {
  double rate, rate_error;    ///< standard error over repeats [1/tau]
  double lower, upper;        ///< 95 % interval, Student's t over repeats [1/tau]
  double genealogical_error;  ///< of the rate, from the genealogies of the repeats, without that of the flux [1/tau]
  double flux, flux_error;    ///< [1/tau]
  double probability, probability_error;  ///< rate / flux
  double spread;                          ///< standard deviation of one repeat's rate relative to the mean
  double roots;                           ///< mean over repeats
  std::int64_t flux_steps, path_steps, extinct;
  /// Probability to reach each bin, and B, of one that enters bin 0; where it is 0, no error is known.
  std::vector<double> reached, reached_error;

  std::int64_t steps() const { return flux_steps + path_steps; }
};
SplittingResult summarise(std::vector<SplittingRepeat> const& repeats);

/// The rate into one of several states that end paths.
struct RateInto {
  double rate, error;   ///< standard error over repeats [1/tau]
  double lower, upper;  ///< 95 % interval, Student's t over repeats [1/tau]
};
/// Into B and into each of the others, which add up to the rate out of A; nothing where B is alone.
std::vector<RateInto> rates_into(std::vector<SplittingRepeat> const& repeats);

/// How long walkers take from the entry into bin 0 to B, of those that come there before A: paths of repeats count as
/// much as the rates of these.
struct ReactiveTimes {
  Estimate mean;                                       ///< [steps]
  std::vector<std::pair<double, Estimate>> quantiles;  ///< of the shares 0.05, 0.5 and 0.95 [steps]
};
/// Standard errors are those of a jackknife over at most 20 groups of repeats.
/// @return  nothing where no path has come to B, one took longest_age, or one group has all
std::optional<ReactiveTimes> reactive_times(std::vector<SplittingRepeat> const& repeats);

}  // namespace kramers::dynamics

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/estimators/confidence.hpp>
#include <kramers/dynamics/estimators/estimators.hpp>

#include <cstdint>
#include <optional>
#include <vector>

/// Rates and laws of events that a run sees few of, or none, before it ends: censored data, exact intervals.
namespace kramers::dynamics {

/// Rate of events [1/tau], each of which needs a walker at risk.
struct EventRate {
  double value;                 ///< events / time at risk, the most likely rate; 0 without events, NaN without time
  double stderr_;               ///< sqrt(events) / time at risk; NaN without events, where `interval` tells all
  double jackknife;             ///< standard error from the spread of rows; NaN without rows
  ConfidenceInterval interval;  ///< 95 %; lower = 0 and a one-sided upper end without events
  std::int64_t events;
  double time_at_risk;  ///< of all walkers [tau]
};

/// Events that come independently of each other, at a constant rate.
///
/// Valid where time at risk ends by the event or by the end of the run, whatever the number of events.
/// @throws DomainError  events < 0 or time_at_risk < 0
/// @see    Source       poisson_interval(); Lawless, Statistical Models and Methods for Lifetime Data (2003), 4.1
EventRate event_rate(std::int64_t events, double time_at_risk);

/// Events that may come in bursts, such as transitions with recrossings: (transitions_ab, samples_in_a).
///
/// Where counts of rows spread more than Poisson's law, by the factor f of variance, the interval is that of events / f
/// bursts (quasi-Poisson); f comes from the jackknife, so ten rows or more should be there.
/// @param[in] cells     rows of independent walkers
/// @param[in] interval  time that one unit of `exposure` stands for, > 0 [tau]
EventRate event_rate(SampleTable const& cells, Column events, Column exposure, double interval);

/// First passages of walkers that all started at time 0 and were followed until they passed or the run ended.
struct PassageRate {
  EventRate rate;
  Estimate mean_time;                      ///< 1 / rate [tau]; NaN without passages
  ConfidenceInterval mean_time_interval;   ///< 95 %; upper = infinity without passages
  double passed;                           ///< fraction of walkers that have passed
  std::optional<Estimate> mean_of_passed;  ///< plain mean [tau], where all have passed; before it would be too short
};

/// From Quantity::passages and passage_steps. Walkers that have not passed were at risk all the time; the rate, and the
/// mean that goes with it, are right where waiting times are exponential: see exponentiality().
///
/// @param[in] time_step   per step, > 0 [tau]
/// @param[in] total_time  that a walker without passage was followed, >= 0 [tau]
PassageRate passage_rate(SampleTable const& cells, double time_step, double total_time);

/// Fraction of walkers that have not passed at each frame.
struct SurvivalCurve {
  std::vector<Estimate> value;               ///< Greenwood's error; NaN where all or none have passed
  std::vector<ConfidenceInterval> interval;  ///< 95 %, exact for each frame alone
};

/// `passed` holds sums of walkers that have passed up to a frame, one column per frame. All walkers start at time 0 and
/// are followed to the end, so that the estimate of Kaplan and Meier is the plain fraction and Greenwood's error that of
/// a binomial law.
/// @note Cost  two binomial intervals a frame, about 10 microseconds
SurvivalCurve survival(SampleTable const& passed);

/// How well waiting times follow an exponential law.
struct Exponentiality {
  double statistic;  ///< D = sup |S(t) - exp(-rate t)| over the times of the test
  double p_value;    ///< probability of a D so large were the law exponential
  double rate;       ///< most likely rate on the grid [1/tau]
  int intervals;     ///< of the grid, after folding
  std::int64_t events;
};

/// Test of Kolmogorov and Smirnov for an exponential law whose rate comes from the same data, on the grid of frames and
/// with the end of the run as censoring: walkers that have passed (columns = frames, as for survival()).
///
/// The test begins at the first column; who passed before is left out, so that a table without its first columns leaves
/// out a transient. Frames are folded to at most 64 intervals. With n_k of R_k walkers passing in interval k, the most
/// likely rate is -log(1 - sum n_k / sum R_k) / interval. The law of D is made by drawing 999 series of binomial n_k
/// with that rate and treating each like the data (parametric bootstrap): always with the same random numbers.
///
/// Nothing with fewer than 5 passages, fewer than 2 intervals, or where one interval sees all pass.
/// @note   Cost   below 20 ms, whatever the number of walkers
/// @see    Source Lilliefors, J. Am. Stat. Assoc. 64, 387 (1969); Stute, Gonzalez Manteiga and Presedo Quindimil,
///                Metrika 40, 243 (1993); draws after Hoermann, J. Stat. Comput. Simul. 46, 101 (1993)
std::optional<Exponentiality> exponentiality(SampleTable const& passed, FrameTimes const& times);

}  // namespace kramers::dynamics

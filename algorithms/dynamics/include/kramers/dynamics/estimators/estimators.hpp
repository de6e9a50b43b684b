// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/engine/layout.hpp>
#include <kramers/dynamics/engine/sampling.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace kramers::dynamics {

/// A number and its standard error; the error is NaN where there are too few independent samples to tell.
struct Estimate {
  double value = 0;
  double stderr_ = 0;
};

/// A column of a SampleTable, by number or by the name of a quantity.
struct Column {
  int number;
  Column(int n) : number(n) {}
  template <class Q>
    requires(row_length<Q> > 0)
  Column(Q quantity) : number(index(quantity)) {}
};

/// Sums over walkers, one row per set of independent walkers (a cell or a group), as the engine delivers them.
///
/// Shapes   sums (rows, columns) row by row, walkers (rows); rows may hold different numbers of walkers.
/// Every estimator below weighs a row by its walkers, so a last cell that is not full does no harm.
class SampleTable {
 public:
  /// @throws ShapeError   sums is not walkers.size() * columns long
  /// @throws DomainError  no rows, no columns or a row without walkers
  SampleTable(std::vector<double> sums, int columns, std::vector<double> walkers);
  /// Rows of all cells of an ensemble, from AnyEnsemble::cell_sums() or frame_sums(), of all ranks.
  template <class Q>
  SampleTable(Sums<Q> const& sums, EnsembleLayout const& layout) : SampleTable(sums.values(), row_length<Q>, layout) {}
  SampleTable(std::vector<double> sums, int columns, EnsembleLayout const& layout);

  int rows() const { return static_cast<int>(m_walkers.size()); }
  int columns() const { return m_columns; }
  double sum(int row, Column column) const;
  std::span<double const> row(int row) const;
  double walkers(int row) const;
  double walkers() const;              ///< of all rows
  std::vector<double> totals() const;  ///< of each column
  double total(Column column) const { return totals()[static_cast<std::size_t>(column.number)]; }

  /// Neighbouring rows added up, rows_per_group > 0 at a time; the last group may hold fewer.
  SampleTable folded(int rows_per_group) const;
  /// The columns of `right` beside these; both must have the same rows.
  SampleTable beside(SampleTable const& right) const;

 private:
  int m_columns;
  std::vector<double> m_sums, m_walkers;
};

/// Walkers of each cell of an ensemble.
std::vector<double> cell_walkers(EnsembleLayout const& layout);

/// Numbers computed from the totals of each column and the number of walkers behind them.
using Statistics = std::function<std::vector<double>(std::span<double const> totals, double walkers)>;

/// Value of the statistics on all rows, and standard errors by leaving out one row at a time; rows of unequal
/// weight are treated after Busing, Meijer and van der Leeden, Stat. Comput. 9, 3 (1999), which for a mean is the
/// textbook formula. The value is not bias-corrected: the bias is 1/rows of the variance, far below the error.
std::vector<Estimate> jackknife(SampleTable const& table, Statistics const& statistics);

/// Mean per walker and sample of one column, with samples >= 1 samples of each walker in the sums.
Estimate mean(SampleTable const& table, Column column, double samples = 1);

/// Ratio of two column totals, factor * sum / sum, e.g. the configurational temperature
/// <|grad V|^2> / <div grad V> from (force_squared, laplacian). NaN where the denominator is zero.
Estimate ratio(SampleTable const& table, Column numerator, Column denominator, double factor = 1);

/// Rate of leaving a core set [1/tau]: changes of membership per time spent as a member, e.g.
/// (transitions_ab, samples_in_a); `interval` is the time between samples [tau].
///
/// This is the rate of transition-path theory for these cores (Vanden-Eijnden, in Computer Simulations in Condensed
/// Matter, Springer 2006). It is below half the slowest eigenvalue by about 4 <q (1 - q)>, q the committor between the
/// cores: 1 % for a double well at 5 kT and cores that begin 1.3 standard deviations before the minima.
Estimate core_set_rate(SampleTable const& cells, Quantity transitions, Quantity samples_in_core, double interval);

/// Equally spaced times, begin + n * interval for column n [tau].
struct FrameTimes {
  double begin = 0, interval = 1;
  double at(int n) const { return begin + n * interval; }
};

/// What fit_population_decay should know.
struct DecayOptions {
  double equilibrium = 0;           ///< P_left - P_right in equilibrium; 0 for symmetric wells
  std::optional<double> transient;  ///< time until only the slowest mode is left [tau]; detected if not given
  /// Time in which a walker forgets how it began in its well [tau], exact::well_relaxation_time(). A detected transient
  /// lasts five of these at least: a decay that has not yet reached the slowest mode can look exponential for as long.
  double relaxation_in_well = 0;
};

/// Decay of a population difference D(t) = P_left - P_right to equilibrium, D - D_eq = prefactor * exp(-lambda t).
struct DecayFit {
  Estimate eigenvalue;  ///< lambda = k_left_right + k_right_left [1/tau]
  Estimate rate;        ///< k_left_right = lambda * P_right(equilibrium) [1/tau]; lambda / 2 for symmetric wells
  Estimate prefactor;
  double begin = 0, end = 0;  ///< the window of the fit [tau]
};

/// Fit the decay of the left population; `left` holds sums of walkers on the left, one column per frame
/// (FrameQuantity::FrameQuantity::left), rows being cells or groups; errors by jackknife over rows.
///
/// Method. Walkers are counted again and again, so the errors of D at neighbouring frames are strongly correlated and
/// a fit of log D, frame by frame, would weigh noise as if it were new information, and be biased once D is small
/// (the log of a noisy number is low on average; a window that ends where D "looks" small picks its own
/// fluctuations). Once only the slowest mode is left a walker's side is a two-state Markov chain, and then the
/// innovations D(n) - r D(n-1), r = exp(-lambda interval), are uncorrelated with a known variance. Their weighted
/// least squares is a linear regression for r: unbiased up to 1/walkers, no logarithm of data, and frames where D has
/// fallen into the noise carry no weight by themselves, so the window has no end to choose. The relative error is
/// about 2 / sqrt(walkers) for a run longer than 1 / lambda.
/// At most 64 intervals are used: fast recrossing of the divide is an error in D(n-1), which would pull r down by its
/// variance times the number of intervals (relative 1e-4 for 1e4 walkers at 5 kT, and falling as 1/walkers).
///
/// A transient that is not named is detected: the window starts at frame 0, 1/16, 1/8 or 1/4 of the series, the first
/// of them from which the fits of the first and the second half of the decay agree and the mean distance of D from the fit
/// is zero, both within two standard errors. The last of them will do with three, or with a thousandth of rate and fall.
///
/// Returns nothing rather than a number that looks right and is wrong: when there are fewer than 4 frames after the
/// transient or none of its candidates will do; with a single row, which has no error; and without evidence of a decay.
/// There is evidence when D - D_eq is above 5 / sqrt(walkers) at the start of the window, r is in (0, 1), and D falls
/// towards D_eq by five standard errors over the window but its first interval: by jackknife, and by counting, at least
/// 25 walkers more having changed sides than come back, of which sqrt(25) is the smallest standard error they can have.
std::optional<DecayFit> fit_population_decay(SampleTable const& left, FrameTimes const& times,
                                             DecayOptions const& options = {});

/// P_left - P_right at each frame.
std::vector<Estimate> population_difference(SampleTable const& left);

/// Time correlation C(n) = <x(0) x(n)> - <x(0)> <x(n)> at each lag from sums of products (one column per lag, the
/// first is lag 0) and, unless the mean is known to be zero, the sums of x itself at the same lags.
std::vector<Estimate> correlation(SampleTable const& products, SampleTable const* positions = nullptr);

/// Integrated correlation time [tau], interval * (1/2 + sum C(n) / C(0)), trapezoidal. The sum ends at the first lag
/// that is at least 5 times the result so far (Sokal, in Functional Integration, NATO ASI B 361, 131 (1997)): a longer
/// sum adds noise and no signal. The window is chosen once from all rows. The time is NaN, and so is `window`, where the
/// lags cannot tell it: `reason` says why.
struct CorrelationTime {
  enum class Reason {
    ok,
    too_coarse,  ///< C falls too far before lag 1 for trapezoids: see undersampled()
    too_short,   ///< no lag is 5 times the result
    constant,    ///< C(0) is not above 0: the coordinate does not vary
  };
  Estimate time;
  double window;  ///< where the sum ended [tau]
  Reason reason;
};
CorrelationTime correlation_time(SampleTable const& products, SampleTable const* positions, FrameTimes const& lags);

/// Free energy -kT log(probability density) of each bin, given that a walker is inside the grid, from counters of
/// each group (AnyEnsemble::histogram(), groups x grid.counters()); NaN for empty bins. Errors from the spread of the
/// groups. The zero of energy is that of a density of one per unit length (or area).
std::vector<Estimate> free_energy(std::vector<std::uint64_t> const& counts, HistogramGrid const& grid, double kT,
                                  EnsembleLayout const& layout);

/// Diffusion coefficient [length^2 / tau] from sums of squared displacements since time 0, one column per frame:
/// the slope of the mean square displacement from frame `first` on, over 2 * dimension.
///
/// Increments of a diffusive mean square displacement are uncorrelated and their variance grows like t, so they are
/// averaged with weights 1/t; linear in the data, hence unbiased.
Estimate diffusion_coefficient(SampleTable const& squared_displacements, FrameTimes const& times, int first,
                               int dimension);

}  // namespace kramers::dynamics

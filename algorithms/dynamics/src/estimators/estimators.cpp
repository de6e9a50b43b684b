// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/dynamics/estimators/diagnostics.hpp>
#include <kramers/dynamics/estimators/estimators.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

namespace kramers::dynamics {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

std::size_t place(std::int64_t i) {
  return static_cast<std::size_t>(i);
}

// P_left - P_right from walkers counted on the left.
double difference(double left, double walkers) {
  return 2 * left / walkers - 1;
}

// exp(-lambda interval) by weighted regression of D(n) - D_eq on D(n-1) - D_eq; see fit_population_decay.
double persistence(std::vector<double> const& excess, double equilibrium) {
  // Var(innovation) = 1 - <m^2>, m = D_eq + r (side - D_eq) the mean of the next side given this one, side = +-1.
  auto const variance = [&](double r, double x) {
    double const spread = 1 - equilibrium * equilibrium - 2 * equilibrium * x;  // <(side - D_eq)^2>
    return 1 - (equilibrium * equilibrium + 2 * r * equilibrium * x + r * r * spread);
  };
  double r = 0;
  for (int pass = 0; pass < 4; ++pass) {  // the weights need r; they hardly change after the second pass
    double above = 0, below = 0;
    for (std::size_t n = 1; n < excess.size(); ++n) {
      double const weight = 1 / variance(r, excess[n - 1]);
      above += weight * excess[n] * excess[n - 1];
      below += weight * excess[n - 1] * excess[n - 1];
    }
    r = above / below;
    if (!(r > 0 && r < 1)) return nan;
  }
  return r;
}

struct Window {
  int first, last, stride;
};

Window decay_window(int first, int last) {
  constexpr int max_intervals = 64;
  int const stride = (last - first + max_intervals - 1) / max_intervals;
  return {first, first + (last - first) / stride * stride, stride};
}

std::vector<double> excess_in(Window const& window, double equilibrium, std::span<double const> left, double walkers) {
  std::vector<double> excess;
  for (int n = window.first; n <= window.last; n += window.stride) {
    excess.push_back(difference(left[place(n)], walkers) - equilibrium);
  }
  return excess;
}

double decay_rate(Window const& window, double interval, double equilibrium, std::span<double const> left,
                  double walkers) {
  double const r = persistence(excess_in(window, equilibrium, left, walkers), equilibrium);
  return -std::log(r) / (interval * window.stride);
}

// Two numbers that are zero for an exponential decay: by how much the rate of its second half differs from that of the
// first, in units of the latter, and the mean distance of D from the fit; then the fall of D. A jump at the start that
// recrossing of the divide makes shows in the second, because the noise of single frames hardly counts there.
std::vector<double> not_exponential(int first, int last, double equilibrium, std::span<double const> left,
                                    double walkers) {
  // Half of the decay, in the sense of D, is where the information of the fit is split in two.
  std::vector<double> const d = excess_in({first, last, 1}, equilibrium, left, walkers);
  auto const half = std::find_if(d.begin(), d.end(), [&](double x) { return x / d.front() < 0.7; });
  int const middle = first + std::clamp(static_cast<int>(half - d.begin()), 2, std::max(2, (last - first) / 2));
  double const early = decay_rate(decay_window(first, middle), 1, equilibrium, left, walkers);
  double const late = decay_rate(decay_window(middle, last), 1, equilibrium, left, walkers);
  double const rate = decay_rate(decay_window(first, last), 1, equilibrium, left, walkers);
  double distance = 0;
  for (std::size_t n = 0; n < d.size(); ++n) distance += d[n] - d.front() * std::exp(-rate * static_cast<double>(n));
  double const fall = -d.front() * std::expm1(-rate * (last - first));
  return {(late - early) / early, distance / static_cast<double>(d.size()), fall};
}

// First frame, `least` or later, from which the decay is exponential; nothing if there is none.
std::optional<int> end_of_transient(SampleTable const& left, double equilibrium, int least) {
  int const last = left.columns() - 1;
  int const latest = std::max(least, last / 4);
  if (latest > last - 3) return std::nullopt;
  for (int const candidate : {0, last / 16, last / 8, last / 4}) {
    int const first = std::max(least, candidate);
    auto const e = jackknife(left, [&](std::span<double const> totals, double walkers) {
      return not_exponential(first, last, equilibrium, totals, walkers);
    });
    double const deviations = first == latest ? 3 : 2;
    bool const same_rate = std::abs(e[0].value) <= std::max(deviations * e[0].stderr_, first == latest ? 1e-3 : 0.0);
    bool const on_fit = std::abs(e[1].value) <=
                        std::max(deviations * e[1].stderr_, first == latest ? 1e-3 * std::abs(e[2].value) : 0.0);
    if (same_rate && on_fit) return first;
  }
  return std::nullopt;
}

// Whether D falls towards D_eq by more than chance, however small the spread of the rows happens to be. The first interval
// does not count: a fall within it alone is recrossing of the divide, which sets in as soon as walkers move.
bool falls(Window const& window, double equilibrium, SampleTable const& left) {
  constexpr double deviations = 5;
  double const walkers = left.walkers();
  auto const excess = [&](double sum) { return difference(sum, walkers) - equilibrium; };
  double const start = excess(left.total(window.first));
  if (!(std::abs(start) > deviations / std::sqrt(walkers))) return false;
  Estimate const fall = jackknife(left, [&](std::span<double const> totals, double rest) {
    return std::vector{2 * (totals[place(window.first + window.stride)] - totals[place(window.last)]) / rest};
  })[0];
  double const towards = start > 0 ? fall.value : -fall.value;
  return towards > deviations * fall.stderr_ && 0.5 * towards * walkers >= deviations * deviations;
}

}  // namespace

std::vector<double> cell_walkers(EnsembleLayout const& layout) {
  std::vector<double> walkers(place(layout.cells), static_cast<double>(layout.cell));
  walkers.back() = static_cast<double>(layout.walkers - (layout.cells - 1) * layout.cell);
  return walkers;
}

SampleTable::SampleTable(std::vector<double> sums, int columns, std::vector<double> walkers)
    : m_columns(columns), m_sums(std::move(sums)), m_walkers(std::move(walkers)) {
  expects(columns > 0, "columns", columns, "> 0");
  expects(!m_walkers.empty(), "rows", std::int64_t{0}, "> 0");
  for (double const w : m_walkers) expects(w > 0, "walkers of a row", w, "> 0");
  expects_extent("sums", static_cast<std::int64_t>(m_sums.size()),
                 static_cast<std::int64_t>(m_walkers.size()) * columns);
}

SampleTable::SampleTable(std::vector<double> sums, int columns, EnsembleLayout const& layout)
    : SampleTable(std::move(sums), columns, cell_walkers(layout)) {}

double SampleTable::sum(int row, Column column) const {
  return m_sums[place(row) * place(m_columns) + place(column.number)];
}

std::span<double const> SampleTable::row(int row) const {
  return std::span(m_sums).subspan(place(row) * place(m_columns), place(m_columns));
}

double SampleTable::walkers(int row) const {
  return m_walkers[place(row)];
}

double SampleTable::walkers() const {
  double sum = 0;
  for (double const w : m_walkers) sum += w;
  return sum;
}

std::vector<double> SampleTable::totals() const {
  std::vector<double> sums(place(m_columns), 0.0);
  for (std::size_t i = 0; i < m_sums.size(); ++i) sums[i % place(m_columns)] += m_sums[i];
  return sums;
}

SampleTable SampleTable::folded(int rows_per_group) const {
  expects(rows_per_group > 0, "rows_per_group", rows_per_group, "> 0");
  int const groups = (rows() + rows_per_group - 1) / rows_per_group;
  std::vector<double> sums(place(groups) * place(m_columns), 0.0), walkers(place(groups), 0.0);
  for (int r = 0; r < rows(); ++r) {
    std::size_t const group = place(r / rows_per_group);
    walkers[group] += m_walkers[place(r)];
    for (int c = 0; c < m_columns; ++c) sums[group * place(m_columns) + place(c)] += sum(r, c);
  }
  return {std::move(sums), m_columns, std::move(walkers)};
}

SampleTable SampleTable::beside(SampleTable const& right) const {
  expects_extent("rows", right.rows(), rows());
  std::vector<double> sums;
  for (int r = 0; r < rows(); ++r) {
    sums.insert(sums.end(), row(r).begin(), row(r).end());
    sums.insert(sums.end(), right.row(r).begin(), right.row(r).end());
  }
  return {std::move(sums), m_columns + right.columns(), m_walkers};
}

std::vector<Estimate> jackknife(SampleTable const& table, Statistics const& statistics) {
  std::vector<double> const totals = table.totals();
  double const walkers = table.walkers();
  std::vector<double> const whole = statistics(totals, walkers);
  std::size_t const count = whole.size();
  int const rows = table.rows();

  std::vector<std::vector<double>> without;
  if (rows > 1) {
    std::vector<double> rest(totals.size());
    for (int r = 0; r < rows; ++r) {
      for (std::size_t c = 0; c < rest.size(); ++c) rest[c] = totals[c] - table.row(r)[c];
      without.push_back(statistics(rest, walkers - table.walkers(r)));
    }
  }
  std::vector<Estimate> estimates(count);
  for (std::size_t i = 0; i < count; ++i) {
    double centre = rows * whole[i];
    for (int r = 0; r < rows && rows > 1; ++r) {
      centre -= (1 - table.walkers(r) / walkers) * without[place(r)][i];
    }
    double variance = rows > 1 ? 0 : nan;
    for (int r = 0; r < rows && rows > 1; ++r) {
      double const h = walkers / table.walkers(r);
      double const deviation = h * whole[i] - (h - 1) * without[place(r)][i] - centre;
      variance += deviation * deviation / (h - 1) / rows;
    }
    estimates[i] = {whole[i], std::sqrt(variance)};
  }
  return estimates;
}

Estimate mean(SampleTable const& table, Column column, double samples) {
  expects(samples >= 1, "samples", samples, ">= 1");
  return jackknife(table, [&](std::span<double const> totals, double walkers) {
    return std::vector{totals[place(column.number)] / (walkers * samples)};
  })[0];
}

Estimate ratio(SampleTable const& table, Column numerator, Column denominator, double factor) {
  return jackknife(table, [&](std::span<double const> totals, double) {
    double const below = totals[place(denominator.number)];
    return std::vector{below == 0 ? nan : factor * totals[place(numerator.number)] / below};
  })[0];
}

Estimate core_set_rate(SampleTable const& cells, Quantity transitions, Quantity samples_in_core, double interval) {
  expects(interval > 0, "interval", interval, "> 0");
  return ratio(cells, transitions, samples_in_core, 1 / interval);
}

std::vector<Estimate> population_difference(SampleTable const& left) {
  return jackknife(left, [](std::span<double const> totals, double walkers) {
    std::vector<double> d;
    for (double const sum : totals) d.push_back(difference(sum, walkers));
    return d;
  });
}

std::optional<DecayFit> fit_population_decay(SampleTable const& left, FrameTimes const& times,
                                             DecayOptions const& options) {
  double const equilibrium = options.equilibrium;
  expects(times.interval > 0, "interval", times.interval, "> 0");
  int const frames = left.columns();
  if (frames < 4 || !(std::abs(equilibrium) < 1)) return std::nullopt;
  auto const frame_after = [&](double time) {  // a time far beyond the end is no number of an int
    return static_cast<int>(
        std::clamp(std::ceil((time - times.begin) / times.interval), 0.0, static_cast<double>(frames)));
  };
  int const settled = frame_after(5 * options.relaxation_in_well);
  auto const first = options.transient ? frame_after(*options.transient) : end_of_transient(left, equilibrium, settled);
  if (!first || *first > frames - 4) return std::nullopt;
  Window const window = decay_window(*first, frames - 1);
  if (!falls(window, equilibrium, left)) return std::nullopt;

  auto const estimates = jackknife(left, [&](std::span<double const> totals, double walkers) {
    double const lambda = decay_rate(window, times.interval, equilibrium, totals, walkers);
    double const excess = difference(totals[place(*first)], walkers) - equilibrium;
    return std::vector{lambda, 0.5 * (1 - equilibrium) * lambda, excess * std::exp(lambda * times.at(*first))};
  });
  if (!std::isfinite(estimates[0].value) || !(estimates[0].stderr_ > 0)) return std::nullopt;
  return DecayFit{estimates[0], estimates[1], estimates[2], times.at(window.first), times.at(window.last)};
}

std::vector<Estimate> correlation(SampleTable const& products, SampleTable const* positions) {
  int const lags = products.columns();
  SampleTable const table = positions ? products.beside(*positions) : products;
  return jackknife(table, [&](std::span<double const> totals, double walkers) {
    std::vector<double> c;
    for (int n = 0; n < lags; ++n) {
      double const means = positions ? totals[place(lags)] * totals[place(lags + n)] / (walkers * walkers) : 0.0;
      c.push_back(totals[place(n)] / walkers - means);
    }
    return c;
  });
}

CorrelationTime correlation_time(SampleTable const& products, SampleTable const* positions, FrameTimes const& lags) {
  constexpr double window_in_times = 5;
  using Reason = CorrelationTime::Reason;
  std::vector<Estimate> const c = correlation(products, positions);
  if (!(c[0].value > 0)) return {{nan, nan}, nan, Reason::constant};
  if (c.size() < 2) return {{nan, nan}, nan, Reason::too_short};
  if (undersampled(products, positions)) return {{nan, nan}, nan, Reason::too_coarse};
  double sum = 0;
  int window = -1;
  for (std::size_t n = 1; n < c.size(); ++n) {
    sum += 0.5 * (c[n - 1].value + c[n].value) / c[0].value;
    if (static_cast<double>(n) >= window_in_times * sum) {
      window = static_cast<int>(n);
      break;
    }
  }
  if (window < 0) return {{nan, nan}, nan, Reason::too_short};

  int const count = products.columns();
  SampleTable const table = positions ? products.beside(*positions) : products;
  Estimate const time = jackknife(table, [&](std::span<double const> totals, double walkers) {
    auto const at = [&](int n) {
      double const means = positions ? totals[place(count)] * totals[place(count + n)] / (walkers * walkers) : 0.0;
      return totals[place(n)] / walkers - means;
    };
    double area = 0;
    for (int n = 1; n <= window; ++n) area += 0.5 * (at(n - 1) + at(n));
    return std::vector{lags.interval * area / at(0)};
  })[0];
  return {time, window * lags.interval, Reason::ok};
}

std::vector<Estimate> free_energy(std::vector<std::uint64_t> const& counts, HistogramGrid const& grid, double kT,
                                  EnsembleLayout const& layout) {
  auto const counters = static_cast<int>(grid.counters());
  int const bins = counters - 1;
  double volume = 1;
  for (int axis = 0; axis < grid.dimensions; ++axis) {
    volume *= (grid.upper[axis] - grid.lower[axis]) / grid.bins[axis];
  }
  std::vector<double> group_walkers(place(layout.groups), 0.0);
  std::vector<double> const cells = cell_walkers(layout);
  for (std::size_t c = 0; c < cells.size(); ++c) group_walkers[c / place(layout.cells_per_group)] += cells[c];
  SampleTable const table({counts.begin(), counts.end()}, counters, group_walkers);

  // Errors are those of the probability, so that no logarithm of an emptied bin is taken.
  std::vector<Estimate> estimates = jackknife(table, [&](std::span<double const> totals, double) {
    double inside = 0;
    for (int b = 0; b < bins; ++b) inside += totals[place(b)];
    std::vector<double> density;
    density.reserve(place(bins));  // one for each group is kept
    for (int b = 0; b < bins; ++b) density.push_back(totals[place(b)] / (inside * volume));
    return density;
  });
  for (Estimate& e : estimates) {
    e = e.value > 0 ? Estimate{-kT * std::log(e.value), kT * e.stderr_ / e.value} : Estimate{nan, nan};
  }
  return estimates;
}

Estimate diffusion_coefficient(SampleTable const& squared_displacements, FrameTimes const& times, int first,
                               int dimension) {
  int const frames = squared_displacements.columns();
  expects(first >= 0 && first + 1 < frames, "first", first, "two frames before the end or earlier");
  return jackknife(squared_displacements, [&](std::span<double const> totals, double walkers) {
    double rise = 0, run = 0;
    for (int n = first + 1; n < frames; ++n) {
      double const weight = 1 / (0.5 * (times.at(n - 1) + times.at(n)));
      rise += weight * (totals[place(n)] - totals[place(n - 1)]) / walkers;
      run += weight * times.interval;
    }
    return std::vector{rise / (2 * dimension * run)};
  })[0];
}

}  // namespace kramers::dynamics

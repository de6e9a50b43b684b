// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/dynamics/estimators/core_sets.hpp>

#include <cmath>
#include <limits>
#include <utility>

namespace kramers::dynamics {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// Column of twice the lag of column n, -1 if there is none.
int twice(FrameTimes const& lags, int n, int columns) {
  double const column = (2 * lags.at(n) - lags.begin) / lags.interval;
  double const nearest = std::round(column);
  return std::abs(column - nearest) < 1e-6 && nearest < columns ? static_cast<int>(nearest) : -1;
}

}  // namespace

CoreSetRelaxation core_set_relaxation(MembershipCounts const& counts, FrameTimes const& lags) {
  constexpr double fewest_transitions = 20;
  expects(lags.interval > 0, "interval", lags.interval, "> 0");
  expects(lags.begin >= 0, "begin", lags.begin, ">= 0");
  int const columns = counts.a_then_b.columns();
  expects_extent("b_then_a", counts.b_then_a.columns(), columns);
  for (SampleTable const* members : {&counts.in_a, &counts.in_b}) {
    if (members->columns() != 1) expects_extent("members", members->columns(), columns);
  }
  int const in_b = counts.in_a.columns(), ab = in_b + counts.in_b.columns(), ba = ab + columns;
  SampleTable const table = counts.in_a.beside(counts.in_b).beside(counts.a_then_b).beside(counts.b_then_a);
  int const b_columns = counts.in_b.columns();

  auto const estimates = jackknife(table, [&](std::span<double const> totals, double) {
    auto const at = [&](int column) { return totals[static_cast<std::size_t>(column)]; };
    std::vector<double> implied, rates, changes;
    for (int n = 0; n < columns; ++n) {
      double const p_ab = at(ab + n) / at(in_b == 1 ? 0 : n);
      double const p_ba = at(ba + n) / at(in_b + (b_columns == 1 ? 0 : n));
      double const moved = p_ab + p_ba;
      double const lambda = moved > 0 && moved < 1 && lags.at(n) > 0 ? -std::log1p(-moved) / lags.at(n) : nan;
      implied.push_back(lambda);
      rates.push_back(lambda * p_ab / moved);
    }
    for (int n = 0; n < columns; ++n) {
      int const m = twice(lags, n, columns);
      changes.push_back(m < 0 ? nan : implied[static_cast<std::size_t>(n)] - implied[static_cast<std::size_t>(m)]);
    }
    implied.insert(implied.end(), rates.begin(), rates.end());
    implied.insert(implied.end(), changes.begin(), changes.end());
    return implied;
  });

  CoreSetRelaxation result;
  result.implied.assign(estimates.begin(), estimates.begin() + columns);
  result.implied_ab.assign(estimates.begin() + columns, estimates.begin() + 2 * columns);
  for (int n = 0; n < columns && !result.plateau; ++n) {
    Estimate const& change = estimates[result.implied.size() + result.implied_ab.size() + static_cast<std::size_t>(n)];
    double const transitions = counts.a_then_b.total(n) + counts.b_then_a.total(n);
    if (transitions < fewest_transitions || !(std::abs(change.value) <= 2 * change.stderr_)) continue;
    auto const m = static_cast<std::size_t>(twice(lags, n, columns));
    Estimate relaxation = result.implied[m], rate = result.implied_ab[m];
    double const share = rate.value / relaxation.value;
    relaxation.stderr_ = std::hypot(relaxation.stderr_, change.value);
    rate.stderr_ = std::hypot(rate.stderr_, share * change.value);
    result.plateau = {relaxation, rate, lags.at(n)};
  }
  return result;
}

}  // namespace kramers::dynamics

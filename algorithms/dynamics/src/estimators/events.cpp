// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/dynamics/estimators/events.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace kramers::dynamics {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

EventRate event_rate(std::int64_t events, double time_at_risk) {
  expects(events >= 0, "events", events, ">= 0");
  expects(time_at_risk >= 0, "time_at_risk", time_at_risk, ">= 0");
  if (time_at_risk == 0) return {nan, nan, nan, {0, infinity}, events, 0};
  double const count = static_cast<double>(events);
  ConfidenceInterval const of_count = poisson_interval(events);
  return {count / time_at_risk,
          events > 0 ? std::sqrt(count) / time_at_risk : nan,
          nan,
          {of_count.lower / time_at_risk, of_count.upper / time_at_risk},
          events,
          time_at_risk};
}

EventRate event_rate(SampleTable const& cells, Column events, Column exposure, double interval) {
  expects(interval > 0, "interval", interval, "> 0");
  EventRate rate = event_rate(std::llround(cells.total(events)), cells.total(exposure) * interval);
  rate.jackknife = ratio(cells, events, exposure, 1 / interval).stderr_;
  double const factor = rate.jackknife * rate.jackknife / (rate.stderr_ * rate.stderr_);
  if (!(factor > 1)) return rate;  // also without events or rows
  // Bursts are counted in whole numbers; rounding down widens the interval.
  auto const bursts = static_cast<std::int64_t>(static_cast<double>(rate.events) / factor);
  ConfidenceInterval const of_bursts = poisson_interval(std::max<std::int64_t>(bursts, 1));
  double const scale = rate.value / static_cast<double>(std::max<std::int64_t>(bursts, 1));
  rate.interval = {of_bursts.lower * scale, of_bursts.upper * scale};
  return rate;
}

PassageRate passage_rate(SampleTable const& cells, double time_step, double total_time) {
  expects(time_step > 0, "time_step", time_step, "> 0");
  expects(total_time >= 0, "total_time", total_time, ">= 0");
  auto const at_risk = [&](std::span<double const> totals, double walkers) {
    auto const sum = [&](Quantity q) { return totals[static_cast<std::size_t>(index(q))]; };
    return sum(Quantity::passage_steps) * time_step + (walkers - sum(Quantity::passages)) * total_time;
  };
  double const walkers = cells.walkers(), passages = cells.total(Quantity::passages);
  PassageRate result{};
  result.rate = event_rate(std::llround(passages), at_risk(cells.totals(), walkers));
  result.rate.jackknife = jackknife(cells,
                                    [&](std::span<double const> totals, double rest) {
                                      return std::vector{totals[static_cast<std::size_t>(index(Quantity::passages))] /
                                                         at_risk(totals, rest)};
                                    })[0]
                              .stderr_;
  EventRate const& rate = result.rate;
  bool const known = rate.events > 0 && rate.time_at_risk > 0;
  result.mean_time = known ? Estimate{1 / rate.value, rate.stderr_ / (rate.value * rate.value)} : Estimate{nan, nan};
  result.mean_time_interval = {1 / rate.interval.upper, rate.interval.lower > 0 ? 1 / rate.interval.lower : infinity};
  result.passed = passages / walkers;
  if (passages == walkers) {
    result.mean_of_passed = ratio(cells, Quantity::passage_steps, Quantity::passages, time_step);
  }
  return result;
}

SurvivalCurve survival(SampleTable const& passed) {
  SurvivalCurve curve;
  double const walkers = passed.walkers();
  auto const trials = std::llround(walkers);
  for (double const sum : passed.totals()) {
    auto const left = trials - std::llround(sum);
    double const fraction = static_cast<double>(left) / walkers;
    double const variance = fraction * (1 - fraction) / walkers;
    curve.value.push_back({fraction, variance > 0 ? std::sqrt(variance) : nan});
    curve.interval.push_back(binomial_interval(left, trials));
  }
  return curve;
}

}  // namespace kramers::dynamics

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/dynamics/estimators/core_sets.hpp>
#include <kramers/dynamics/estimators/events.hpp>
#include <kramers/dynamics/estimators/exact_rates.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <numeric>

#include "study_evaluation.hpp"

namespace kramers::dynamics::detail {

std::optional<exact::Interval> reach_of(StudyParams const& params) {
  AnyPotential const& potential = *params.request.potential;
  if (!potential.separable() || !potential.confines()) return std::nullopt;
  auto const energy = [&](double x) { return potential.profile_energy(x); };
  try {
    return exact::confinement(energy, params.request.params.langevin.temperature, params.initial.lower[0]);
  } catch (DomainError const&) {
    return std::nullopt;
  }
}

std::optional<exact::TwoWells> wells_of(StudyParams const& params) {
  auto const reach = reach_of(params);
  if (!reach) return std::nullopt;
  return exact::find_wells([&](double x) { return params.request.potential->profile_energy(x); }, *reach);
}

double equilibrium_difference(StudyParams const& params) {
  auto const energy = [&](double x) { return params.request.potential->profile_energy(x); };
  double const kT = params.request.params.langevin.temperature;
  double const divide = params.request.params.sampling.dividing_point;
  exact::Interval const whole = reach_of(params).value();
  double lowest = energy(whole.lower);
  for (int i = 1; i <= 1000; ++i)
    lowest = std::min(lowest, energy(whole.lower + i * (whole.upper - whole.lower) / 1000));
  auto const left = [&](exact::Interval const& range) {
    return exact::integrate([&](double x) { return std::exp((lowest - energy(x)) / kT); }, range);
  };
  double const total = left(whole);
  return divide <= whole.lower ? -1.0 : 2.0 * left({whole.lower, std::min(divide, whole.upper)}) / total - 1.0;
}

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
// Fewer events have no standard error worth the name; their exact interval stands for it.
constexpr std::int64_t few_events = 20;

std::string rounded(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

nlohmann::json to_json(ConfidenceInterval const& interval) {
  return {interval.lower, interval.upper};
}

/// What a reader must know of a rate from few events; empty where there are enough.
std::string note_on(EventRate const& rate, std::string const& events, UnitSystem const& units) {
  if (rate.events >= few_events) return {};
  std::string const seen = rate.events == 0 ? "no " + events : "only " + std::to_string(rate.events) + " " + events;
  std::string const per_time = units.is_reduced() ? "" : " " + units.unit("1 / time");
  std::string const says = rate.events == 0 ? "the rate is below " + rounded(rate.interval.upper) + per_time + " (95 %)"
                                            : "too few for a standard error, the interval is exact";
  return seen + " in " + rounded(rate.time_at_risk) + " " + units.unit("time") + ": " + says +
         "; run longer, with more walkers, or with a method for rare events";
}

nlohmann::json to_json(EventRate const& rate, std::string const& events, UnitSystem const& units) {
  if (rate.time_at_risk == 0) return unknown("no " + events + ": no walker has been where they begin");
  bool const enough = rate.events >= few_events;
  nlohmann::json json = {{"value", rate.events > 0 ? rate.value : nan},
                         {"stderr", enough ? rate.jackknife : nan},
                         {"interval", to_json(rate.interval)},
                         {"events", rate.events}};
  if (std::string const note = note_on(rate, events, units); !note.empty()) json["note"] = note;
  return json;
}

/// Time in which a walker forgets how it began in its well [tau].
double relaxation_in_well(StudyParams const& params, exact::TwoWells const& wells) {
  LangevinParams const& langevin = params.request.params.langevin;
  double const softest = std::min(wells.left_curvature, wells.right_curvature) / langevin.mass;
  if (is_overdamped(params.request.scheme)) return langevin.friction / softest;
  return exact::well_relaxation_time(std::sqrt(softest), langevin.friction);
}

void add_core_sets(StudyParams const& params, StudySums const& sums, StudyResults& results) {
  SamplingParams const& sampling = params.request.params.sampling;
  double const interval = static_cast<double>(sampling.every) * params.request.params.langevin.dt;
  auto const add = [&](char const* name, Quantity transitions, Quantity samples_in_core, std::string const& events) {
    results.observables[name] =
        to_json(event_rate(*sums.cells, transitions, samples_in_core, interval), events, params.units);
  };
  add("core_set_rate_ab", Quantity::transitions_ab, Quantity::samples_in_a, "transitions from A to B");
  add("core_set_rate_ba", Quantity::transitions_ba, Quantity::samples_in_b, "transitions from B to A");
  results.observables["transitions"] = {
      {"value", sums.cells->total(Quantity::transitions_ab) + sums.cells->total(Quantity::transitions_ba)},
      {"stderr", nullptr}};
}

/// Every stride-th column.
SampleTable strided(SampleTable const& table, int stride) {
  std::vector<double> sums, walkers;
  for (int row = 0; row < table.rows(); ++row) {
    walkers.push_back(table.walkers(row));
    for (int column = 0; column < table.columns(); column += stride) sums.push_back(table.sum(row, column));
  }
  return SampleTable(std::move(sums), (table.columns() + stride - 1) / stride, std::move(walkers));
}

/// Walkers remember the core set of their last sample. Frames between two samples would tell it too late, so that a lag is
/// as long as it seems only from sample to sample: this many frames. Nothing where origins lie between samples.
std::optional<int> frames_between_samples(StudyParams const& params) {
  std::int64_t const every = params.request.params.sampling.every, frame = params.frame_every;
  bool const origins_are_sampled = (params.first_origin() * frame - params.sample_after) % every == 0 &&
                                   params.correlation_frames * frame % every == 0;
  if (!origins_are_sampled) return std::nullopt;
  return static_cast<int>(every / std::gcd(every, frame));
}

/// Changes of core set between an origin and a lag, from which short visits that come straight back have gone.
void add_core_set_relaxation(StudyParams const& params, StudySums const& sums, StudyResults& results) {
  auto const stride = frames_between_samples(params);
  if (!stride || *stride >= params.correlation_frames) {
    results.observables["core_set_relaxation_rate"] = unknown(
        "time correlations begin or end between samples; make observables.frame_every a multiple of observables.every");
    return;
  }
  auto const lag = [&](FrameQuantity quantity) { return strided(sums.lags->of(quantity, sums.origins), *stride); };
  results.core_set_lags = {0, results.frame_times.interval * *stride};
  results.core_sets = core_set_relaxation({.in_a = lag(FrameQuantity::origin_in_a),
                                           .in_b = lag(FrameQuantity::origin_in_b),
                                           .a_then_b = lag(FrameQuantity::a_then_b),
                                           .b_then_a = lag(FrameQuantity::b_then_a)},
                                          results.core_set_lags);
  if (!results.core_sets->plateau) return;
  results.observables["core_set_relaxation_rate"] = detail::to_json(results.core_sets->plateau->relaxation);
  results.observables["core_set_rate_ab_lagged"] = detail::to_json(results.core_sets->plateau->rate_ab);
}

/// Time until the first entry into core set B. The clock of all walkers starts with production.
void add_first_passage(StudyParams const& params, StudySums const& sums, double relaxation_time,
                       StudyResults& results) {
  double const dt = params.request.params.langevin.dt;
  SampleTable const passed = sums.frames.of(FrameQuantity::passed);
  FirstPassage result{passage_rate(*sums.cells, dt, static_cast<double>(params.steps) * dt), survival(passed), {}};
  auto const transient = static_cast<std::size_t>(std::ceil(5 * relaxation_time / results.frame_times.interval));
  bool const driven = params.request.params.drive.is_on();
  if (!driven && transient + 2 < sums.frames.rows()) {
    result.exponentiality = exponentiality(sums.frames.from(transient, FrameQuantity::passed), results.frame_times);
  }
  PassageRate const& passage = result.passage;
  nlohmann::json& time = results.observables["first_passage_time"];
  time["events"] = passage.rate.events;
  if (passage.mean_of_passed) {
    time.update(detail::to_json(*passage.mean_of_passed));
  } else {
    bool const exponential = !driven && (!result.exponentiality || result.exponentiality->p_value >= 0.01);
    bool const enough = passage.rate.events >= few_events;
    time["value"] = exponential && passage.rate.events > 0 ? passage.mean_time.value : nan;
    time["stderr"] = exponential && enough ? passage.mean_time.stderr_ : nan;
    if (exponential) time["interval"] = to_json(passage.mean_time_interval);
    std::string const share = rounded(100 * passage.passed) + " % of the walkers have passed";
    if (driven) {
      time["note"] = share + ", and under a periodic force not after exponential times: run until all have passed";
    } else if (!exponential) {
      time["note"] = share + ", and not after exponential times (p = " + rounded(result.exponentiality->p_value) +
                     "): no mean follows from those; run until all have passed";
    } else {
      time["note"] = share + "; the mean is all time at risk over passages, right for exponential times" +
                     (result.exponentiality ? " (p = " + rounded(result.exponentiality->p_value) + ")" : "");
    }
  }
  results.observables["first_passage_rate"] = to_json(passage.rate, "first passages", params.units);
  results.observables["first_passage_fraction"] = {{"value", passage.passed}, {"stderr", nullptr}};
  results.first_passage = std::move(result);
}

void add_decay(StudyParams const& params, StudySums const& sums, exact::TwoWells const& wells, StudyResults& results) {
  double const equilibrium = equilibrium_difference(params);
  results.decay = fit_population_decay(sums.frames.of(FrameQuantity::left), results.frame_times,
                                       {equilibrium, params.transient, relaxation_in_well(params, wells)});
}

/// The rate of leaving the left well, by the best way there is.
void choose_rate(double energy_loss, StudyResults& results) {
  // With less energy lost per orbit walkers come back from a core before they are committed: about exp(-loss / 4) of them,
  // 30 % at 5 kT, by which exact core-set rates exceed eigenvalues (tests/algorithms/dynamics/exact_rates_test.cpp).
  constexpr double least_loss = 5;
  nlohmann::json& out = results.observables;
  if (results.decay) {
    out["rate"] = detail::to_json(results.decay->rate);
    out["relaxation_rate"] = detail::to_json(results.decay->eigenvalue);
    results.references["rate_method"] = "decay of the population difference";
  } else if (out.contains("core_set_rate_ab_lagged")) {
    out["rate"] = out["core_set_rate_ab_lagged"];
    out["relaxation_rate"] = out["core_set_relaxation_rate"];
    results.references["rate_method"] = "changes of core set after a lag";
  } else if (out.contains("core_set_rate_ab") && energy_loss < least_loss) {
    out["rate"] = unknown("no decay of populations was seen, and at this friction (an orbit loses " +
                          rounded(energy_loss) + " kT) changes of core set count visits; run longer");
  } else if (out.contains("core_set_rate_ab")) {
    out["rate"] = out["core_set_rate_ab"];
    results.references["rate_method"] = "transitions between core sets";
  }
}

/// Energy that an orbit at the barrier loses in the well where that is least [kT].
double least_energy_loss(StudyParams const& params, std::optional<exact::TwoWells> const& wells) {
  LangevinParams const& langevin = params.request.params.langevin;
  if (!wells || is_overdamped(params.request.scheme)) return std::numeric_limits<double>::infinity();
  if (langevin.friction == 0) return 0;
  auto const energy = [&](double x) { return params.request.potential->profile_energy(x); };
  auto const loss = exact::energy_loss(energy, langevin, *wells);
  return std::min(loss.left, loss.right);
}

}  // namespace

void add_rates(StudyParams const& params, StudySums const& sums, StudyResults& results) {
  SamplingParams const& sampling = params.request.params.sampling;
  auto const wells = wells_of(params);
  if (sums.cells && sampling.core_sets) add_core_sets(params, sums, results);
  if (sums.lags && sampling.core_sets && sampling.every > 0) add_core_set_relaxation(params, sums, results);
  if (sums.cells && sampling.first_passage) {
    add_first_passage(params, sums, wells ? relaxation_in_well(params, *wells) : 0.0, results);
  }
  if (params.request.params.drive.is_on()) {
    if (sampling.core_sets || wells) {
      results.observables["rate"] = unknown(
          "a periodic force drives the walkers, and no one number is their rate; core_set_rate_ab is a mean over time");
    }
    return;
  }
  if (wells) add_decay(params, sums, *wells, results);
  choose_rate(least_energy_loss(params, wells), results);
}

}  // namespace kramers::dynamics::detail

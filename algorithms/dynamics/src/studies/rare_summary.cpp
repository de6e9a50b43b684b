// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/dynamics/estimators/confidence.hpp>
#include <kramers/dynamics/studies/rare_study.hpp>
#include <kramers/dynamics/studies/study_units.hpp>
#include <kramers/runtime/provenance.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <optional>
#include <utility>

#include "rare_references.hpp"
#include "study_evaluation.hpp"

namespace kramers::dynamics {
namespace {

using detail::to_json;
using detail::unknown;

// Of fewer events a standard error says too little.
constexpr std::int64_t fewest_events = 20;

std::string rounded(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

/// A rate with its 95 % interval, and the exact one that it is to be compared with, if any.
void add_rate(nlohmann::json& summary, char const* name, Estimate const& rate, ConfidenceInterval const& interval,
              char const* exact) {
  nlohmann::json& out = summary["observables"][name];
  out = to_json(rate);
  out["interval"] = {interval.lower, interval.upper};
  if (!exact || !summary["references"].contains(exact)) return;
  double const expected = summary["references"][exact].get<double>();
  out["compared_with"] = exact;
  out["ratio"] = rate.value / expected;
  if (rate.stderr_ > 0) out["z"] = (rate.value - expected) / rate.stderr_;
}

/// Steps for a relative error of 1, and those of a plain ensemble, which sees k h crossings per step.
void add_work(nlohmann::json& summary, RareRequest const& request, std::int64_t steps, Estimate const& rate) {
  double const relative = rate.stderr_ / rate.value;
  double const work = static_cast<double>(steps) * relative * relative;
  double const brute = 1 / (rate.value * request.langevin.dt);
  summary["work"] = {
      {"walker_steps", steps},
      {"steps_for_unit_error", work},
      {"brute_force_steps_for_unit_error", brute},
      {"speed_up", brute / work},
      {"speed_up_means",
       "1 / (rate dt) steps, in which a plain ensemble in A sees one transition, by the steps of this run times its "
       "squared relative error"}};
}

/// Durations of the paths that have come to B, in units of time.
void add_reactive_times(RareRequest const& request, RareResult const& result, nlohmann::json& observables) {
  auto const times = reactive_times(result.repeats);
  if (!times) return;
  auto const in_time = [&](Estimate const& steps) {
    return to_json({steps.value * request.langevin.dt, steps.stderr_ * request.langevin.dt});
  };
  nlohmann::json& out = observables["reactive_time"];
  out = in_time(times->mean);
  for (auto const& [share, steps] : times->quantiles) {
    nlohmann::json quantile = in_time(steps);
    quantile["share"] = share;
    out["quantiles"].push_back(std::move(quantile));
  }
}

constexpr char nothing_in_b[] =
    "no replica of any repeat reached B: the rate is below what so many replicas can see; take more, or more bins";

/// Where several states end paths: the rate into each.
void add_rates_into(RareResult const& result, nlohmann::json& observables) {
  char letter = 'b';
  for (RateInto const& into : rates_into(result.repeats)) {
    nlohmann::json& out = observables[std::string("rate_") + letter];
    if (into.rate > 0) {
      out = to_json({into.rate, into.error});
      out["interval"] = {into.lower, into.upper};
    } else {
      out = unknown(std::string("no replica came to state ") + static_cast<char>(letter - 'a' + 'A') +
                    ": take more of rare.replicas");
    }
    ++letter;
  }
}

void add_warnings(RareRequest const& request, SplittingResult const& found, nlohmann::json& summary) {
  nlohmann::json& warnings = summary["warnings"];
  auto const warn = [&](std::string const& what) { warnings.push_back(what); };
  if (found.rate == 0) return warn(nothing_in_b);
  if (found.extinct > 0) {
    warn(std::to_string(found.extinct) + " repeats lost all replicas and count as zero; take more replicas or bins");
  }
  if (found.spread > 0.5) {
    warn("one repeat scatters by " + rounded(100 * found.spread) +
         " % of the rate, so that the interval may be too short; take more replicas, or a level nearer to the "
         "committor");
  }
  if (found.roots < 20) {
    bool const has_better = request.wells && !request.overdamped;
    warn("what reached B descends from " + rounded(found.roots) +
         " starting points per repeat: the level tells little of what decides, and the rate may be too low; use " +
         (has_better ? "energy as level and states of energy" : "another level") + ", or more replicas");
  }
  if (request.splitting.flux.walkers < 16) {
    warn("the flux of a repeat is a ratio over " + std::to_string(request.splitting.flux.walkers) +
         " walkers, which more repeats do not make right; take 16 of rare.flux.walkers at least");
  }
}

// Of an orbit at the height of the barrier [kT]. States of position are committed where it loses so much; where it loses
// less than the second, what comes back from B while it is hot is a per cent of the rate and more.
constexpr double committing_loss = 27, forgetting_loss = 16;

/// The energy that such an orbit loses in the well where it loses less; nothing without two wells or without inertia.
std::optional<double> energy_loss(nlohmann::json const& references) {
  if (!references.contains("energy_loss_left")) return std::nullopt;
  return std::min(references["energy_loss_left"].get<double>(), references["energy_loss_right"].get<double>());
}

/// The reference that a rate between the states of the input is to be compared with; null where there is none for it.
char const* exact_rate_of(RareRequest const& request, nlohmann::json const& references) {
  int const energies = (request.a->has_energy() ? 1 : 0) + (request.b->has_energy() ? 1 : 0);
  auto const loss = energy_loss(references);
  if (loss && *loss < std::array{forgetting_loss, committing_loss, 0.0}[static_cast<std::size_t>(energies)]) {
    return nullptr;
  }
  if (energies == 0) return "core_set_rate_ab_exact";
  return references.contains("rate_exact_at_dt") ? "rate_exact_at_dt" : "rate_exact";
}

/// What states of position mean where walkers turn round in B.
void add_state_warning(RareRequest const& request, nlohmann::json& summary) {
  auto const loss = energy_loss(summary["references"]);
  if (!loss || *loss >= committing_loss || (request.a->has_energy() && request.b->has_energy())) return;
  std::string what = "an orbit at the height of the barrier loses " + rounded(*loss) +
                     " kT: states of position count visits that are no commitment, so this rate is above that of the "
                     "slowest relaxation; states of energy_below give that one";
  if (*loss < forgetting_loss) {
    what +=
        ". It is that of walkers that have forgotten where they come from, without those that return hot from B, "
        "and compares with none of the exact rates";
  }
  summary["warnings"].push_back(std::move(what));
}

void add_weighted(RareRequest const& request, RareResult const& result, nlohmann::json& summary) {
  SplittingResult const found = summarise(result.repeats);
  WeightedParams const& p = request.weighted;
  nlohmann::json& warnings = summary["warnings"];
  auto const n = static_cast<double>(result.repeats.size());
  double late = 0, squares = 0;
  std::int64_t crossings = 0;
  for (SplittingRepeat const& one : result.repeats) {
    late += one.late_share / n;
    crossings += one.crossings;
  }
  for (SplittingRepeat const& one : result.repeats) {
    squares += (one.late_share - late) * (one.late_share - late);
  }
  summary["weighted_ensemble"] = {{"repeats", request.splitting.repeats},
                                  {"per_bin", p.per_bin},
                                  {"bins", request.splitting.passage.bins()},
                                  {"interval", p.interval},
                                  {"warm_up", p.warm_up},
                                  {"cycles", p.cycles},
                                  {"crossings", crossings},
                                  {"flux_in_second_half", to_json({late, std::sqrt(squares / (n * (n - 1)))})},
                                  {"spread_of_one_repeat", found.spread},
                                  {"repeats_without_crossings", found.extinct}};
  if (found.rate == 0) {
    constexpr char nothing[] =
        "no walker of any repeat came to B: take more of rare.weighted.cycles, or more walkers or bins";
    summary["weighted_ensemble"].erase("spread_of_one_repeat");
    summary["observables"]["rate"] = unknown(nothing);
    warnings.push_back(nothing);
    return;
  }
  Estimate const rate{found.rate, found.rate_error};
  add_rate(summary, "rate", rate, {found.lower, found.upper}, exact_rate_of(request, summary["references"]));
  add_work(summary, request, found.steps(), rate);
  if (found.extinct > 0) {
    warnings.push_back(std::to_string(found.extinct) +
                       " repeats saw no walker in B and count as zero; take more of rare.weighted.cycles");
  }
  if (found.spread > 0.5) {
    warnings.push_back("one repeat scatters by " + rounded(100 * found.spread) +
                       " % of the rate, so that the interval may be too short; take more walkers or cycles");
  }
  // What comes late is worse than a false alarm in 400 runs. Of an odd number of intervals the first half has one more.
  double const error = std::sqrt(squares / (n * (n - 1)));
  double const steady = static_cast<double>(p.cycles / 2) / static_cast<double>(p.cycles);
  if (std::abs(late - steady) > 3 * student_95(std::ssize(result.repeats) - 1) / student_95(1000) * error) {
    warnings.push_back(rounded(100 * late) +
                       " % of the flux came in the second half of the counted intervals: it is not yet steady, and the "
                       "rate is wrong; take more of rare.weighted.warm_up");
  }
  add_state_warning(request, summary);
  if (request.target_error) {
    warnings.push_back(
        "rare.target_error sets the replicas of splitting; a weighted ensemble becomes more precise with "
        "more of rare.repeats or rare.weighted.cycles");
  }
}

void add_splitting(RareRequest const& request, RareResult const& result, nlohmann::json& summary) {
  SplittingResult const found = summarise(result.repeats);
  SplittingParams const& p = request.splitting;
  Estimate const rate{found.rate, found.rate_error};
  char const* const exact = exact_rate_of(request, summary["references"]);
  nlohmann::json& observables = summary["observables"];
  observables["flux"] = to_json({found.flux, found.flux_error});
  if (found.rate > 0) {
    add_rate(summary, "rate", rate, {found.lower, found.upper}, exact);
    observables["rate"]["genealogical_error"] = found.genealogical_error;
    observables["probability"] = to_json({found.probability, found.probability_error});
    add_rates_into(result, observables);
    add_reactive_times(request, result, observables);
    add_work(summary, request, found.steps(), rate);
  } else {
    observables["rate"] = observables["probability"] = unknown(nothing_in_b);
  }
  summary["splitting"] = {{"repeats", p.repeats},           {"replicas", p.selection.replicas},
                          {"bins", p.passage.bins()},       {"spread_of_one_repeat", found.spread},
                          {"roots", found.roots},           {"extinct_repeats", found.extinct},
                          {"flux_steps", found.flux_steps}, {"path_steps", found.path_steps}};
  if (p.kept_paths > 0) summary["splitting"]["paths"] = result.paths.count();
  add_warnings(request, found, summary);
  if (found.rate > 0) add_state_warning(request, summary);
}

void add_shooting(RareRequest const& request, RareResult const& result, nlohmann::json& summary) {
  ShootingCounts const& shots = result.shots;
  double const static_rate = detail::transition_state_rate(request);
  auto const scaled = [&](Estimate const& share) {
    return Estimate{static_rate * share.value, static_rate * share.stderr_};
  };
  nlohmann::json &observables = summary["observables"], &warnings = summary["warnings"];
  summary["shooting"] = {{"pairs", shots.pairs}, {"top", request.shooting.top}};
  if (shots.decided >= fewest_events && shots.committed > 0) {
    Estimate const kappa = transmission(shots), rate = scaled(kappa);
    double const reach = student_95(std::min<std::int64_t>(shots.pairs - 1, 1000)) * rate.stderr_;
    // The static factor is that of continuous time, and the rest changes little with the time step.
    add_rate(summary, "rate", rate, {std::max(0.0, rate.value - reach), rate.value + reach}, "rate_exact");
    observables["transmission"] = to_json(kappa);
    add_work(summary, request, shots.steps, rate);
  } else {
    std::string const why = std::to_string(shots.decided) + " of " + std::to_string(shots.pairs) +
                            " pairs tell the two velocities apart, too few for a rate: take more";
    observables["rate"] = observables["transmission"] = unknown(why);
    warnings.push_back(why);
  }
  if (!request.a) return;
  ConfidenceInterval const share = binomial_interval(shots.effective, shots.pairs);
  add_rate(summary, "core_set_rate_ab", scaled(effective_transmission(shots)),
           {static_rate * share.lower, static_rate * share.upper}, "core_set_rate_ab_exact");
  if (shots.effective < fewest_events) {
    std::string const why = std::to_string(shots.effective) + " of " + std::to_string(shots.pairs) +
                            " pairs come from A and go to B, too few for a standard error: take more";
    nlohmann::json& rate = observables["core_set_rate_ab"];
    rate["stderr"] = nullptr;
    if (shots.effective == 0) rate["value"] = nullptr;
    rate.erase("ratio");
    rate.erase("z");
    rate["note"] = why;
    warnings.push_back("core_set_rate_ab: " + why);
  }
  double const damping = request.langevin.friction * request.langevin.dt;
  if (damping > 0.05) {
    warnings.push_back("core_set_rate_ab asks at each step whether the top was touched, which at friction times dt = " +
                       rounded(damping) + " makes it too large by about " + rounded(100 * damping * 0.1) +
                       " %; take a smaller dt");
  }
}

}  // namespace

nlohmann::json summarise_rare(RareRequest const& request, RareResult const& result, Communicator const& comm) {
  char const* const methods[] = {"splitting", "shooting", "exact", "weighted_ensemble"};
  char hash[19];
  std::snprintf(hash, sizeof hash, "0x%016llx", static_cast<unsigned long long>(result.hash));
  double const estimate = comm.max(host_bytes(memory_needed(request, comm.rank(), comm.size()), request.space));
  nlohmann::json summary{{"app", "kramers-rare"},
                         {"version", version()},
                         {"space", request.space},
                         {"precision", "f64"},
                         {"ranks", comm.size()},
                         {"threads", thread_count(request.space)},
                         {"method", methods[static_cast<int>(request.method)]},
                         {"wall_s", result.seconds},
                         {"state_hash", hash},
                         {"memory",
                          {{"state_bytes", result.bytes},
                           {"peak_resident_bytes_per_rank", peak_memory(comm)},
                           {"estimated_bytes_per_rank", estimate}}},
                         {"observables", nlohmann::json::object()},
                         {"warnings", nlohmann::json::array()}};
  if (comm.is_root()) {
    summary["references"] = detail::rare_references(request);
    if (request.method == RareMethod::splitting) add_splitting(request, result, summary);
    if (request.method == RareMethod::shooting) add_shooting(request, result, summary);
    if (request.method == RareMethod::weighted_ensemble) add_weighted(request, result, summary);
    if (request.splitting.kept_paths > 0 && request.method != RareMethod::splitting) {
      summary["warnings"].push_back("output.paths.count asks for paths, which splitting alone has");
    }
    // Of a run that went on from an earlier one the time is that of its own part.
    if (summary.contains("work") && result.seconds > 0 && !result.is_continued) {
      summary["walker_steps_per_s"] = summary["work"]["walker_steps"].get<double>() / result.seconds;
    }
  }
  std::string text = summary.dump();
  comm.broadcast(text);
  return nlohmann::json::parse(text);
}

}  // namespace kramers::dynamics

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/dynamics/studies/rare_study.hpp>
#include <kramers/dynamics/studies/study_units.hpp>
#include <kramers/runtime/provenance.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "rare_references.hpp"

namespace kramers::dynamics {
namespace {

nlohmann::json to_json(double value, double error) {
  return {{"value", value}, {"stderr", error}};
}

std::string rounded(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

/// The rate with its interval, and the exact one that it is to be compared with.
void add_rate(nlohmann::json& summary, char const* name, Estimate const& rate, double quantile, char const* exact) {
  nlohmann::json& out = summary["observables"][name];
  out = to_json(rate.value, rate.stderr_);
  out["interval"] = {std::max(0.0, rate.value - quantile * rate.stderr_), rate.value + quantile * rate.stderr_};
  if (!summary["references"].contains(exact)) return;
  double const expected = summary["references"][exact].get<double>();
  out["compared_with"] = exact;
  out["ratio"] = rate.value / expected;
  out["z"] = rate.stderr_ > 0 ? (rate.value - expected) / rate.stderr_ : 0.0;
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

void add_warnings(RareRequest const& request, SplittingResult const& found, nlohmann::json& summary) {
  nlohmann::json& warnings = summary["warnings"];
  nlohmann::json const& references = summary["references"];
  auto const warn = [&](std::string const& what) { warnings.push_back(what); };
  if (found.rate == 0) {
    warn(
        "no replica of any repeat reached B: the rate is below what so many replicas can see; take more, or more bins");
    return;
  }
  if (found.extinct > 0) {
    warn(std::to_string(found.extinct) + " repeats lost all replicas and count as zero; take more replicas or bins");
  }
  if (found.spread > 0.5) {
    warn("one repeat scatters by " + rounded(100 * found.spread) +
         " % of the rate, so that the interval may be too short; take more replicas, or a level nearer to the "
         "committor");
  }
  if (found.roots < 20) {
    warn("what reached B descends from " + rounded(found.roots) +
         " starting points per repeat: the level tells little of what decides, and the rate may be too low; use energy "
         "as level and states of energy, or more replicas");
  }
  bool const positions = !request.a->has_energy() && !request.b->has_energy();
  if (!positions || !references.contains("energy_loss_left")) return;
  double const loss =
      std::min(references["energy_loss_left"].get<double>(), references["energy_loss_right"].get<double>());
  if (loss < 27) {
    warn("an orbit at the height of the barrier loses " + rounded(loss) +
         " kT: states of position count visits that are no commitment, so this rate is above that of the slowest "
         "relaxation; states of energy_below give that one");
  }
}

void add_splitting(RareRequest const& request, RareResult const& result, nlohmann::json& summary) {
  SplittingResult const found = summarise(result.repeats);
  SplittingParams const& p = request.splitting;
  Estimate const rate{found.rate, found.rate_error};
  bool const positions = !request.a->has_energy() && !request.b->has_energy();
  nlohmann::json const& references = summary["references"];
  char const* exact = references.contains("rate_exact_at_dt") ? "rate_exact_at_dt" : "rate_exact";
  if (positions) {
    bool const at_dt = references.contains("core_set_rate_ab_exact_at_dt");
    exact = at_dt ? "core_set_rate_ab_exact_at_dt" : "core_set_rate_ab_exact";
  }
  add_rate(summary, "rate", rate, student_95(p.repeats - 1), exact);
  summary["observables"]["rate"]["genealogical_error"] = found.genealogical_error;
  summary["observables"]["flux"] = to_json(found.flux, found.flux_error);
  summary["observables"]["probability"] = to_json(found.probability, found.probability_error);
  summary["splitting"] = {{"repeats", p.repeats},           {"replicas", p.selection.replicas},
                          {"bins", p.passage.bins()},       {"spread_of_one_repeat", found.spread},
                          {"roots", found.roots},           {"extinct_repeats", found.extinct},
                          {"flux_steps", found.flux_steps}, {"path_steps", found.path_steps}};
  if (found.rate > 0) add_work(summary, request, found.steps(), rate);
  add_warnings(request, found, summary);
}

void add_shooting(RareRequest const& request, RareResult const& result, nlohmann::json& summary) {
  ShootingCounts const& shots = result.shots;
  double const static_rate = detail::transition_state_rate(request);
  double const quantile = student_95(std::min<std::int64_t>(shots.pairs - 1, 1000));
  auto const scaled = [&](Estimate const& share) {
    return Estimate{static_rate * share.value, static_rate * share.stderr_};
  };
  Estimate const kappa = transmission(shots), rate = scaled(kappa);
  // The static factor is that of continuous time, and the rest changes little with the time step.
  add_rate(summary, "rate", rate, quantile, "rate_exact");
  summary["observables"]["transmission"] = to_json(kappa.value, kappa.stderr_);
  summary["shooting"] = {{"pairs", shots.pairs}, {"top", request.shooting.top}};
  if (rate.value > 0) {
    add_work(summary, request, shots.steps, rate);
  } else {
    summary["warnings"].push_back("the paths do not tell the two velocities apart: take more pairs");
  }
  if (!request.a) return;
  add_rate(summary, "core_set_rate_ab", scaled(effective_transmission(shots)), quantile, "core_set_rate_ab_exact");
  double const damping = request.langevin.friction * request.langevin.dt;
  if (damping > 0.05) {
    summary["warnings"].push_back(
        "core_set_rate_ab asks at each step whether the top was touched, which at friction times dt = " +
        rounded(damping) + " makes it too large by about " + rounded(100 * damping * 0.1) + " %; take a smaller dt");
  }
}

}  // namespace

nlohmann::json summarise_rare(RareRequest const& request, RareResult const& result, Communicator const& comm) {
  char const* const methods[] = {"splitting", "shooting", "exact"};
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
    if (summary.contains("work") && result.seconds > 0) {
      summary["walker_steps_per_s"] = summary["work"]["walker_steps"].get<double>() / result.seconds;
    }
  }
  std::string text = summary.dump();
  comm.broadcast(text);
  return nlohmann::json::parse(text);
}

}  // namespace kramers::dynamics

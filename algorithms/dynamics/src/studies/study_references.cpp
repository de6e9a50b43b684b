// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/dynamics/estimators/diagnostics.hpp>
#include <kramers/dynamics/estimators/exact_rates.hpp>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <numbers>
#include <string>

#include "study_evaluation.hpp"

namespace kramers::dynamics {
namespace {

// Relative error of exact rates: well below that of any run, and reached in a fraction of a second.
constexpr double tolerance = 1e-5;
// Below this share of the wells' frequency the expansion in functions of the velocity takes seconds and often does not
// converge.
constexpr double least_friction = 0.1;

void add_theory(LangevinParams const& langevin, exact::TwoWells const& wells, bool overdamped,
                exact::Energy const& energy, nlohmann::json& out) {
  double const omega0 = std::sqrt(wells.left_curvature / langevin.mass);
  double const omegab = std::sqrt(wells.top_curvature / langevin.mass);
  auto const kramers = overdamped ? exact::kramers_overdamped : exact::kramers_grote_hynes;
  out[overdamped ? "rate_kramers_overdamped" : "rate_kramers_grote_hynes"] =
      kramers(omega0, omegab, langevin.friction, wells.left_barrier, langevin.temperature);
  if (overdamped || langevin.friction == 0) return;
  auto const loss = exact::energy_loss(energy, langevin, wells);
  out["rate_turnover"] = exact::turnover_rate(energy, langevin, wells);
  out["energy_loss_left"] = loss.left;
  out["energy_loss_right"] = loss.right;
  out["regime"] = std::min(loss.left, loss.right) < 1 ? "energy diffusion (low friction)"
                  : langevin.friction < 2 * omegab    ? "turnover (moderate friction)"
                                                      : "spatial diffusion (strong friction)";
}

/// "baoab" as splittings are spelled; nothing for a scheme that is none.
std::optional<std::string> letters_of(std::string scheme) {
  if (scheme.find_first_not_of("abo") != std::string::npos) return std::nullopt;
  std::ranges::transform(scheme, scheme.begin(), [](char c) { return static_cast<char>(std::toupper(c)); });
  return scheme;
}

/// Exact first-passage time where all walkers start at one point, thermal, when the clock does.
std::optional<double> first_passage_time(StudyParams const& params, exact::Energy const& energy, bool overdamped) {
  LangevinParams const& langevin = params.request.params.langevin;
  SamplingParams const& sampling = params.request.params.sampling;
  auto const axis = static_cast<std::size_t>(sampling.coordinate);
  double const from = params.initial.lower[axis], to = sampling.core_b;
  bool const at_a_point = params.initial.upper[axis] == from && params.initial.thermal_velocity;
  if (!sampling.first_passage || params.equilibrate > 0 || !at_a_point || !(from < to)) return std::nullopt;
  if (overdamped) {
    double const wall = exact::confinement(energy, langevin.temperature, from).lower;
    if (!(wall < from)) return std::nullopt;
    double const drag = langevin.mass * langevin.friction;
    return exact::mean_first_passage_time(energy, langevin.temperature, drag, from, to, wall);
  }
  auto const time = exact::mean_first_passage_time(energy, langevin, from, to, tolerance);
  if (!time) return std::nullopt;
  return time->value;
}

void add_exact(StudyParams const& params, exact::TwoWells const& wells, bool overdamped, exact::Energy const& energy,
               nlohmann::json& out) {
  LangevinParams const& langevin = params.request.params.langevin;
  SamplingParams const& sampling = params.request.params.sampling;
  double const softest = std::min(wells.left_curvature, wells.right_curvature) / langevin.mass;
  if (!overdamped && langevin.friction < least_friction * std::sqrt(softest)) return;
  auto const motion = overdamped ? exact::Motion::overdamped : exact::Motion::underdamped;
  if (auto const rate = exact::relaxation_rate(energy, langevin, motion, tolerance)) {
    out["relaxation_rate_exact"] = rate->value;
    out["rate_exact"] = rate->value * 0.5 * (1 - detail::equilibrium_difference(params));
    if (auto const letters = letters_of(params.request.scheme)) {
      if (auto const shift = exact::step_shift(energy, langevin, *letters, 1e-3)) {
        out["rate_exact_at_dt"] = out["rate_exact"].get<double>() * (1 + shift->value * langevin.dt * langevin.dt);
      }
    }
  }
  if (sampling.core_sets) {
    if (auto const rates = exact::core_set_rate(energy, langevin, sampling.core_a, sampling.core_b, motion, 1e-4)) {
      out["core_set_rate_ab_exact"] = rates->forward;
      out["core_set_rate_ba_exact"] = rates->backward;
    }
  }
  if (auto const time = first_passage_time(params, energy, overdamped)) out["first_passage_time_exact"] = *time;
}

}  // namespace

namespace {

/// What is exact of driven walkers: the response in a harmonic well, in continuous time and that of the scheme.
void add_driven_references(StudyParams const& params, StudyResults& results) {
  EnsembleParams const& ensemble = params.request.params;
  AnyPotential const& potential = *params.request.potential;
  if (potential.kind() != "harmonic" || ensemble.drive.coordinate != ensemble.sampling.coordinate) return;
  double const at_0 = potential.profile_energy(0),
               on_both_sides = potential.profile_energy(1) + potential.profile_energy(-1);
  exact::HarmonicWell const well{on_both_sides - 2 * at_0, 0};
  if (!(well.stiffness > 0)) return;
  auto const period = static_cast<double>(ensemble.drive.period);
  auto const chi =
      exact::susceptibility(well, ensemble.langevin, 2 * std::numbers::pi / (period * ensemble.langevin.dt),
                            is_overdamped(params.request.scheme));
  auto const of_scheme = exact::driven_response(params.request.scheme, well, ensemble.langevin, period);
  nlohmann::json& out = results.references;
  out["response_amplitude_exact"] = ensemble.drive.amplitude * std::abs(chi);
  out["response_phase_lag_exact"] = -std::arg(chi);
  out["response_amplitude_exact_at_dt"] = ensemble.drive.amplitude * std::abs(of_scheme);
  out["response_phase_lag_exact_at_dt"] = -std::arg(of_scheme);
  if (!results.response) return;
  auto const compare = [&](char const* name, Estimate const& found, double expected) {
    double const z = z_score(found, expected);
    if (std::isfinite(z)) results.checks.push_back({name, found, expected, z});
  };
  compare("response_in_phase", results.response->in_phase, ensemble.drive.amplitude * of_scheme.real());
  compare("response_out_of_phase", results.response->out_of_phase, -ensemble.drive.amplitude * of_scheme.imag());
}

}  // namespace

void add_references(StudyParams const& params, StudyResults& results) {
  if (params.request.params.drive.is_on()) return add_driven_references(params, results);
  auto const wells = detail::wells_of(params);
  if (!wells) return;
  AnyPotential const& potential = *params.request.potential;
  LangevinParams const& langevin = params.request.params.langevin;
  bool const overdamped = is_overdamped(params.request.scheme);
  auto const energy = [&](double x) { return potential.profile_energy(x); };
  nlohmann::json& out = results.references;
  add_theory(langevin, *wells, overdamped, energy, out);

  // A question without an answer, as the rate from a core set that nobody reaches, must not cost the run its results.
  try {
    add_exact(params, *wells, overdamped, energy, out);
  } catch (DomainError const&) {
  }
  detail::compare_rates(results);
}

}  // namespace kramers::dynamics

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/dynamics/estimators/diagnostics.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "study_evaluation.hpp"

namespace kramers::dynamics::detail {
namespace {

// Errors are of 64 groups of walkers at most: a sound run passes this in 1 of 6,000 comparisons.
constexpr double alarm = 4;
// A bias below this share is smaller than what most would call right, however sharply a large ensemble shows it.
constexpr double least_bias = 0.005;

template <class... Values>
std::string format(char const* text, Values... values) {
  char line[512];
  std::snprintf(line, sizeof line, text, values...);
  return line;
}

/// V'' of the stiffest place that walkers visit often, V < min V + 5 kT; of a surface, that of the mean over its walkers.
double largest_curvature(StudyParams const& params, StudySums const& sums) {
  AnyPotential const& potential = *params.request.potential;
  double const kT = params.request.params.langevin.temperature;
  auto const reach = reach_of(params);
  if (!reach) {
    double const mean_laplacian = mean(*sums.cells, Quantity::laplacian, sums.samples).value;
    return std::max(0.0, mean_laplacian / potential.dimension());
  }
  auto const energy = [&](double x) { return potential.profile_energy(x); };
  exact::Interval const& range = *reach;
  constexpr int points = 2000;
  double const h = (range.upper - range.lower) / points;
  double lowest = energy(range.lower), largest = 0;
  for (int i = 1; i <= points; ++i) lowest = std::min(lowest, energy(range.lower + i * h));
  for (int i = 1; i < points; ++i) {
    double const x = range.lower + i * h, here = energy(x);
    if (here > lowest + 5 * kT) continue;
    largest = std::max(largest, std::abs(energy(x + h) - 2 * here + energy(x - h)) / (h * h));
  }
  return largest;
}

/// The number of an observable against what it must be; z of it, 0 where there is none.
double check(StudyResults& results, std::string const& name, double expected) {
  auto const found = results.observables.find(name);
  if (found == results.observables.end() || !(*found)["value"].is_number() || !(*found)["stderr"].is_number()) return 0;
  Estimate const estimate{(*found)["value"].get<double>(), (*found)["stderr"].get<double>()};
  double const z = z_score(estimate, expected);
  if (!std::isfinite(z)) return 0;
  results.checks.push_back({name, estimate, expected, z});
  return z;
}

/// Adds checks and warnings to the results.
class Judge {
 public:
  Judge(StudyParams const& params, StudySums const& sums, StudyResults& results)
      : m_params(params), m_langevin(params.request.params.langevin), m_sums(sums), m_results(results) {}

  void judge() {
    bool const driven = m_params.request.params.drive.is_on();
    bool const moves = !driven && in_drift();
    if (m_sums.cells && !driven) {
      compare_temperatures(moves);
      compare_means(moves);
      count_samples();
    }
    if (m_sums.cells) judge_time_step();
    if (driven) judge_drive();
    judge_rates();
    judge_histogram();
  }

 private:
  void warn(std::string text) { m_results.warnings.push_back(std::move(text)); }

  double check(std::string const& name, double expected) { return detail::check(m_results, name, expected); }

  bool in_drift() {
    auto const first = static_cast<int>(m_params.first_origin());
    if (static_cast<int>(m_sums.frames.rows()) < first + 8) return false;
    bool moves = false;
    auto const look = [&](FrameQuantity quantity, char const* name) {
      Drift const change = drift(m_sums.frames.of(quantity), first);
      if (!(std::abs(change.z) > alarm)) return;
      warn(format(
          "not in equilibrium: %s changes by %.2g (%.0f standard errors) between the halves of what was sampled; "
          "raise observables.after or run longer",
          name, change.change.value, std::abs(change.z)));
      moves = true;
    };
    AnyPotential const& potential = *m_params.request.potential;
    if (potential.confines()) look(FrameQuantity::position, "the mean position");
    look(FrameQuantity::potential, "the potential energy per walker");
    if (!is_overdamped(m_params.request.scheme)) look(FrameQuantity::kinetic, "the kinetic energy per walker");
    return moves;
  }

  void compare_temperatures(bool moves) {
    double const kT = m_langevin.temperature;
    std::string const& scheme = m_params.request.scheme;
    auto const compare = [&](std::string const& name, char const* text) {
      double const z = check(name, kT);
      if (!(std::abs(z) > alarm) || moves) return;
      double const bias = m_results.observables[name]["value"].get<double>() / kT - 1;
      if (std::abs(bias) < least_bias) return;
      warn(
          format("%s is %.2g %% %s integrator.temperature (%.0f standard errors): integrator.dt is too long for %s; "
                 "halve it and compare",
                 text, 100 * std::abs(bias), bias > 0 ? "above" : "below", std::abs(z), scheme.c_str()));
    };
    compare("configurational_temperature", "the configurational temperature");
    if (m_params.request.potential->confines()) check("virial_temperature", kT);
    // The velocity that a harmonic well would leave exact is that before the last kick; of OBABO, that on the step.
    if (scheme == "baoab") compare("kinetic_temperature_half_step", "the kinetic temperature");
    if (scheme == "obabo") compare("kinetic_temperature", "the kinetic temperature");
  }

  void compare_means(bool moves) {
    AnyPotential const& potential = *m_params.request.potential;
    auto const reach = reach_of(m_params);
    if (!reach) return;
    auto const energy = [&](double x) { return potential.profile_energy(x); };
    double const kT = m_langevin.temperature;
    exact::Interval const& range = *reach;
    auto const mean = [&](exact::Energy const& f) { return exact::boltzmann_mean(energy, kT, f, range); };
    double const mean_energy = mean(energy), mean_position = mean([](double x) { return x; });
    check("potential_energy", potential.dimension() * mean_energy);
    double const z = check("position", mean_position);
    if (!(std::abs(z) > alarm) || moves) return;
    double const width = std::sqrt(mean([&](double x) { return (x - mean_position) * (x - mean_position); }));
    double const found = m_results.observables["position"]["value"].get<double>();
    if (std::abs(found - mean_position) < 10 * least_bias * width) return;
    double const shown = std::abs(mean_position) < 1e-9 * width ? 0.0 : mean_position;
    warn(format(
        "the mean position is %.3g, in equilibrium %.3g (%.0f standard errors): walkers have not changed wells as "
        "often as it takes; means and free energies are those of where they started",
        found, shown, std::abs(z)));
  }

  void count_samples() {
    double const samples = effective_samples(*m_sums.cells, m_sums.samples);
    m_results.observables["effective_samples"] = {{"value", samples}, {"stderr", nullptr}};
    if (samples < 100) {
      warn(
          format("the mean position rests on about %.0f independent samples: errors are rough; run longer or with more "
                 "walkers",
                 samples));
    }
  }

  void judge_time_step() {
    double const dt = m_langevin.dt, curvature = largest_curvature(m_params, m_sums);
    if (is_overdamped(m_params.request.scheme)) {
      double const step = dt * curvature / (m_langevin.mass * m_langevin.friction);
      if (step > 0.4) {
        warn(format("integrator.dt is %.2g of the fastest relaxation, m gamma / V''; it should be 0.4 at most", step));
      }
      return;
    }
    double const phase = dt * std::sqrt(curvature / m_langevin.mass);
    if (phase > 0.4) {
      warn(
          format("integrator.dt times the fastest frequency, sqrt(V'' / m), is %.2g; it should be 0.4 at most", phase));
    }
    double const factor = exact::diffusion_factor(m_langevin.friction * dt);
    if (factor > 1.02 && m_params.request.scheme != "gjf") {
      warn(format(
          "friction times dt is %.2g: free diffusion, and rates at strong friction, are %.2g %% too fast with %s; "
          "a time step below %.2g keeps this under 1 %%, and the scheme gjf has no such error",
          m_langevin.friction * dt, 100 * (factor - 1), m_params.request.scheme.c_str(),
          std::sqrt(0.12) / m_langevin.friction));
    }
  }

  void judge_drive() {
    std::int64_t const period = m_params.request.params.drive.period;
    if (period < 16) {
      warn(format("the period of the drive is %d steps; it should be 16 at least: lower integrator.dt",
                  static_cast<int>(period)));
    }
    auto const found = m_results.observables.find("response_in_phase");
    if (!m_results.response && found != m_results.observables.end()) {
      warn("there is no response: " + (*found)["note"].get<std::string>());
    }
  }

  void judge_rates() {
    for (auto const* const name : {"core_set_rate_ab", "core_set_rate_ba", "first_passage_time"}) {
      auto const found = m_results.observables.find(name);
      if (found == m_results.observables.end() || !found->contains("note")) continue;
      bool const counted = (*found)["stderr"].is_number() && !std::isnan((*found)["stderr"].get<double>());
      if (!counted) warn(std::string(name) + ": " + (*found)["note"].get<std::string>());
    }
    if (!m_results.decay || !m_results.observables.contains("core_set_rate_ab")) return;
    nlohmann::json const& core = m_results.observables["core_set_rate_ab"];
    if (!core["value"].is_number()) return;
    double const value = core["value"].get<double>(), error = core["stderr"].get<double>();
    Estimate const decay = m_results.decay->rate;
    double const difference = value - decay.value;
    bool const differ = std::abs(difference) > alarm * std::hypot(error, decay.stderr_);
    if (!differ || std::abs(difference) < 0.1 * decay.value) return;
    warn(format(
        "rate (%.3g, decay of populations) and core_set_rate_ab (%.3g, changes of core set) differ by more than "
        "their errors: %s",
        decay.value, value,
        value > decay.value
            ? "walkers enter a core set and come back before they have lost their energy, so that the second counts "
              "visits; rate is what a two-state model needs"
            : "transitions fall between two samples; lower observables.every"));
  }

  void judge_histogram() {
    auto const outside = m_results.observables.find("histogram_outside");
    if (outside == m_results.observables.end()) return;
    double const share = (*outside)["value"].get<double>();
    if (share > 1e-3) {
      warn(format("%.2g %% of the samples lie outside of observables.histogram; the free energy is that of the rest",
                  100 * share));
    }
  }

  StudyParams const& m_params;
  LangevinParams const& m_langevin;
  StudySums const& m_sums;
  StudyResults& m_results;
};

}  // namespace

void compare_rates(StudyResults& results) {
  auto const compare = [&](char const* name, char const* reference, char const* advice) {
    auto const exact = results.references.find(reference);
    if (exact == results.references.end()) return;
    double const expected = exact->get<double>();
    double const z = check(results, name, expected);
    if (!(std::abs(z) > alarm)) return;
    double const bias = results.checks.back().found.value / expected - 1;
    if (std::abs(bias) < 10 * least_bias) return;
    results.warnings.push_back(format("%s is %.2g %% %s the exact %.4g (%.0f standard errors): %s", name,
                                      100 * std::abs(bias), bias > 0 ? "above" : "below", expected, std::abs(z),
                                      advice));
  };
  bool const shifted = results.references.contains("rate_exact_at_dt");
  bool const from_decay = results.decay.has_value();
  if (from_decay) {
    compare("rate", shifted ? "rate_exact_at_dt" : "rate_exact",
            "raise observables.transient, or lower integrator.dt or observables.frame_every");
  }
  char const* const sampling = "samples that lie too far apart miss short visits; lower observables.every";
  compare("core_set_rate_ab", "core_set_rate_ab_exact", sampling);
  compare("core_set_rate_ba", "core_set_rate_ba_exact", sampling);
  compare("first_passage_time", "first_passage_time_exact", sampling);
  compare("core_set_relaxation_rate", "relaxation_rate_exact", "raise observables.correlation_frames");
}

void add_verdict(StudyParams const& params, StudySums const& sums, StudyResults& results) {
  Judge(params, sums, results).judge();
}

}  // namespace kramers::dynamics::detail

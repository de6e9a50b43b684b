// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/dynamics/studies/study_units.hpp>
#include <kramers/runtime/provenance.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

namespace kramers::dynamics {

namespace {

using NameAndDimension = std::pair<std::string_view, std::string_view>;

constexpr std::string_view length = "length", area = "length^2", time = "time", rate = "1 / time",
                           velocity = "length / time", energy = "energy", none;

std::vector<NameAndDimension> const& dimensions() {
  static std::vector<NameAndDimension> const all = {
      // of summaries
      {"kinetic_temperature", energy},
      {"kinetic_temperature_half_step", energy},
      {"configurational_temperature", energy},
      {"virial_temperature", energy},
      {"potential_energy", energy},
      {"position", length},
      {"position_squared", area},
      {"velocity", velocity},
      {"position_correlation_time", time},
      {"velocity_correlation_time", time},
      {"diffusion_coefficient", "length^2 / time"},
      {"response_in_phase", length},
      {"response_out_of_phase", length},
      {"response_amplitude", length},
      {"response_phase_lag", none},  // in radians
      {"spectral_amplification", "length^4 / energy^2"},
      {"response_amplitude_exact", length},
      {"response_amplitude_exact_at_dt", length},
      {"response_phase_lag_exact", none},
      {"response_phase_lag_exact_at_dt", none},
      {"histogram_outside", none},
      {"effective_samples", none},
      {"rate", rate},
      {"relaxation_rate", rate},
      {"core_set_rate_ab", rate},
      {"core_set_rate_ba", rate},
      {"core_set_rate_ab_lagged", rate},
      {"core_set_relaxation_rate", rate},
      {"transitions", none},
      {"first_passage_time", time},
      {"first_passage_rate", rate},
      {"first_passage_fraction", none},
      {"rate_kramers_grote_hynes", rate},
      {"rate_kramers_overdamped", rate},
      {"rate_turnover", rate},
      {"energy_loss_left", none},  // in kT, as energy_loss_right
      {"energy_loss_right", none},
      {"relaxation_rate_exact", rate},
      {"rate_exact", rate},
      {"rate_exact_at_dt", rate},
      {"rate_transition_state", rate},
      {"rate_on_grid", rate},
      {"rate_b", rate},
      {"rate_c", rate},
      {"rate_d", rate},
      {"rate_e", rate},
      {"rate_b_on_grid", rate},
      {"rate_c_on_grid", rate},
      {"rate_d_on_grid", rate},
      {"rate_e_on_grid", rate},
      {"flux", rate},
      {"probability", none},
      {"transmission", none},
      {"reactive_time", time},
      {"core_set_rate_ab_exact", rate},
      {"core_set_rate_ba_exact", rate},
      {"first_passage_time_exact", time},
      {"spread", length},
      {"growth", rate},
      {"tolerance", length},
      {"thresholds", length},
      // of files
      {"parameters@kT", energy},
      {"parameters@friction", rate},
      {"parameters@mass", "mass"},
      {"parameters@dt", time},
      {"parameters@cores", length},
      {"parameters@drive_amplitude", "energy / length"},
      {"parameters@drive_period", time},
      {"parameters@sigma_position", length},
      {"parameters@sigma_velocity", velocity},
      {"parameters@tolerance", length},
      {"particles/walkers/position/value", length},
      {"particles/walkers/velocity/value", velocity},
      {"observables/position/value", length},
      {"observables/position/error", length},
      {"observables/potential_energy/value", energy},
      {"observables/potential_energy/error", energy},
      {"observables/kinetic_energy/value", energy},
      {"observables/kinetic_energy/error", energy},
      {"kramers/population/time", time},
      {"kramers/population/difference", none},
      {"kramers/population/error", none},
      {"kramers/population@rate", rate},
      {"kramers/population@rate_error", rate},
      {"kramers/population@relaxation_rate", rate},
      {"kramers/population@fit_begin", time},
      {"kramers/population@fit_end", time},
      {"kramers/population@reference_rate", rate},
      {"kramers/population@exact_rate", rate},
      {"kramers/survival/time", time},
      {"kramers/survival/value", none},
      {"kramers/survival/error", none},
      {"kramers/survival@rate", rate},
      {"kramers/survival@rate_lower", rate},
      {"kramers/survival@rate_upper", rate},
      {"kramers/survival@exact_mean_first_passage_time", time},
      {"kramers/core_sets/lag", time},
      {"kramers/core_sets/relaxation_rate", rate},
      {"kramers/core_sets/relaxation_rate_error", rate},
      {"kramers/core_sets@relaxation_rate", rate},
      {"kramers/core_sets@relaxation_rate_error", rate},
      {"kramers/core_sets@lag", time},
      {"kramers/core_sets@exact_relaxation_rate", rate},
      {"kramers/free_energy/position", length},
      {"kramers/free_energy/position_x", length},
      {"kramers/free_energy/position_y", length},
      {"kramers/free_energy/value", energy},
      {"kramers/free_energy/error", energy},
      {"kramers/free_energy/exact", energy},
      {"kramers/free_energy@kT", energy},
      {"kramers/response/time", time},
      {"kramers/response/position", length},
      {"kramers/response/error", length},
      {"kramers/response/force", "energy / length"},
      {"kramers/response@amplitude", length},
      {"kramers/response@amplitude_error", length},
      {"kramers/response@amplification", "length^4 / energy^2"},
      {"kramers/response@amplification_error", "length^4 / energy^2"},
      {"kramers/correlation/time", time},
      {"kramers/correlation/position", area},
      {"kramers/correlation/position_error", area},
      {"kramers/correlation/velocity", "length^2 / time^2"},
      {"kramers/correlation/velocity_error", "length^2 / time^2"},
      {"kramers/correlation/displacement", area},
      {"kramers/correlation/displacement_error", area},
      {"trunk/time", time},
      {"trunk/position", length},
      {"trunk/velocity", velocity},
      {"spread/time", time},
      {"spread/position", length},
      {"spread/velocity", velocity},
      {"spread/lo", length},
      {"spread/hi", length},
      {"spread/spread", length},
      {"spread/error", length},
      {"spread/rate", velocity},
      {"spread/growth", rate},
      {"spread/members", none},
      {"kramers/rare@rate", rate},
      {"kramers/rare@rate_error", rate},
      {"kramers/rare@exact_rate", rate},
      {"kramers/rare/repeats/rate", rate},
      {"kramers/rare/repeats/flux", rate},
      {"kramers/rare/paths/position_x", length},
      {"kramers/rare/paths/position_y", length},
      {"kramers/rare/paths/energy", energy},
      {"particles/paths/position/value", length},
      {"particles/paths/velocity/value", velocity},
      {"adaptive/position", length},
      {"adaptive/velocity", velocity},
      {"adaptive@thresholds", length},
  };
  return all;
}

}  // namespace

std::optional<std::string_view> result_dimension(std::string_view name) {
  auto const found = std::ranges::find(dimensions(), name, &NameAndDimension::first);
  if (found == dimensions().end()) return std::nullopt;
  return found->second;
}

nlohmann::json units_json(UnitSystem const& units, nlohmann::json const& summary) {
  nlohmann::json json = {{"system", units.name()}, {"quantities", nlohmann::json::object()}};
  for (char const* const name : {"length", "time", "energy", "mass", "temperature"}) json[name] = units.unit(name);
  auto const add = [&](std::string const& name) {
    if (auto const dimension = result_dimension(name)) json["quantities"][name] = units.unit(*dimension);
  };
  for (char const* const part : {"observables", "references", "adaptive", "replay"}) {
    if (!summary.contains(part)) continue;
    for (auto const& entry : summary[part].items()) add(entry.key());
  }
  if (summary.contains("thresholds")) add("thresholds");
  return json;
}

void write_unit(h5::Writer& file, UnitSystem const& units, std::string const& dataset) {
  auto const dimension = result_dimension(dataset);
  if (units.is_reduced() || !dimension || dimension->empty()) return;
  file.attribute(dataset, "unit", units.h5md_unit(*dimension));
}

void write_attribute_units(h5::Writer& file, UnitSystem const& units, std::string const& group) {
  if (units.is_reduced()) return;
  nlohmann::json json = nlohmann::json::object();
  for (auto const& [name, dimension] : dimensions()) {
    if (name.starts_with(group + "@")) json[std::string(name.substr(group.size() + 1))] = units.unit(dimension);
  }
  file.attribute(group, "units", json.dump());
}

void write_h5md(h5::Writer& file, UnitSystem const& units, std::string const& app) {
  file.group("h5md");
  file.attribute("h5md", "version", std::array<std::int32_t, 2>{1, 1});
  file.group("h5md/author");
  file.attribute("h5md/author", "name", "unknown");
  file.group("h5md/creator");
  file.attribute("h5md/creator", "name", app);
  file.attribute("h5md/creator", "version", version());
  if (units.is_reduced()) return;
  file.group("h5md/modules/units");
  file.attribute("h5md/modules/units", "version", std::array<std::int32_t, 2>{1, 0});
}

}  // namespace kramers::dynamics

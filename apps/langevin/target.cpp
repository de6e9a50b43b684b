// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "target.hpp"

#include <kramers/base/error.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

namespace kramers::langevin {
namespace {

constexpr std::int64_t first_look = 20;      // frames: fewer tell too little of a decay
constexpr std::int64_t fewest_events = 100;  // of fewer an error is itself too uncertain to stop by
// 1 / 0.1^2 = 100 events; a goal above would stop by luck.
constexpr double largest_percent = 10;

constexpr std::array<std::string_view, 22> known = {"rate",
                                                    "relaxation_rate",
                                                    "core_set_rate_ab",
                                                    "core_set_rate_ba",
                                                    "core_set_rate_ab_lagged",
                                                    "core_set_relaxation_rate",
                                                    "first_passage_rate",
                                                    "first_passage_time",
                                                    "diffusion_coefficient",
                                                    "position_correlation_time",
                                                    "velocity_correlation_time",
                                                    "kinetic_temperature",
                                                    "kinetic_temperature_half_step",
                                                    "configurational_temperature",
                                                    "virial_temperature",
                                                    "potential_energy",
                                                    "position",
                                                    "position_squared",
                                                    "response_amplitude",
                                                    "response_in_phase",
                                                    "response_out_of_phase",
                                                    "spectral_amplification"};

}  // namespace

std::optional<Target> read_target(CommandLine const& options) {
  auto const given = options.own.find("--until");
  if (given == options.own.end()) return std::nullopt;
  std::string const& text = given->second;
  auto const colon = text.find(':');
  Target target{text.substr(0, colon), 0};
  if (std::ranges::find(known, target.observable) == known.end()) {
    std::string names;
    for (std::string_view const name : known) names += (names.empty() ? "" : ", ") + std::string(name);
    throw UsageError(invalid_value("--until", text, "NAME:PERCENT with one of the names " + names));
  }
  std::string_view number = colon == std::string::npos ? std::string_view() : std::string_view(text).substr(colon + 1);
  if (number.ends_with('%')) number.remove_suffix(1);
  auto const [stop, error] = std::from_chars(number.data(), number.data() + number.size(), target.percent);
  bool const is_number = error == std::errc{} && stop == number.data() + number.size();
  if (!is_number || !(target.percent > 0 && target.percent <= largest_percent)) {
    throw UsageError(
        invalid_value("--until", text, "NAME:PERCENT with a percentage above 0 and at most 10, as rate:2%"));
  }
  if (options.replay)
    throw UsageError("--until asks about an ensemble, and --replay follows one walker; leave out one");
  return target;
}

bool is_look(StudyParams const& params, std::int64_t first_step, std::int64_t last_step) {
  if (last_step <= params.request.params.production_start) return false;
  auto const frames = [&](std::int64_t step) {
    return std::max<std::int64_t>(0, step - params.equilibrate) / params.frame_every;
  };
  std::int64_t const before = frames(first_step), now = frames(last_step);
  std::int64_t look = first_look;
  while (look <= before) look += look / 10;
  return look <= now;
}

std::optional<double> error_of(Target const& target, nlohmann::json const& observables) {
  auto const found = observables.find(target.observable);
  if (found == observables.end() || !(*found)["value"].is_number() || !(*found)["stderr"].is_number()) return {};
  if (found->contains("events") && (*found)["events"].get<std::int64_t>() < fewest_events) return {};
  double const percent = 100 * (*found)["stderr"].get<double>() / std::abs((*found)["value"].get<double>());
  if (!std::isfinite(percent)) return {};
  return percent;
}

}  // namespace kramers::langevin

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/estimators/core_sets.hpp>
#include <kramers/dynamics/estimators/estimators.hpp>
#include <kramers/dynamics/estimators/events.hpp>
#include <kramers/dynamics/estimators/response.hpp>
#include <kramers/dynamics/studies/study.hpp>
#include <kramers/runtime/recorded_input.hpp>

#include <nlohmann/json.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace kramers::dynamics {

/// A free energy on the bins of the histogram [energy], and the exact one where it is known (NaN elsewhere).
struct FreeEnergyProfile {
  std::vector<Estimate> value;
  std::vector<double> exact;
};

/// Time correlations at each lag [tau].
struct CorrelationFunctions {
  FrameTimes lags;
  std::vector<Estimate> position, velocity;  ///< <dq(0) dq(t)> [length^2], <v(0) . v(t)> [length^2 / tau^2]
  bool velocity_undersampled = false;        ///< velocities forget between two lags
  std::vector<Estimate> displacement;        ///< <|x(t) - x(0)|^2> [length^2]
};

/// First entries into core set B.
struct FirstPassage {
  PassageRate passage;
  SurvivalCurve survival;                        ///< at each frame
  std::optional<Exponentiality> exponentiality;  ///< after the relaxation in the well
};

/// A number of the run beside what it must be.
struct Check {
  std::string name;
  Estimate found;
  double expected;
  double z;  ///< (found - expected) / standard error
};

/// What a study found out; the same on every rank.
struct StudyResults {
  /// name -> {value, stderr}, null where the run cannot tell; beside them interval (95 %), events and note where these say
  /// more.
  nlohmann::json observables = nlohmann::json::object();
  nlohmann::json references = nlohmann::json::object();  ///< name -> exact or theoretical value
  std::vector<Check> checks;                             ///< the run against exact values
  std::vector<std::string> warnings;                     ///< why some of the numbers may be wrong, and what to do
  std::optional<FreeEnergyProfile> free_energy;
  std::optional<Response> response;  ///< of driven walkers whose frames see the period
  DriveFrames response_times;
  std::vector<Estimate> population_difference;  ///< P_left - P_right at each frame
  std::optional<DecayFit> decay;
  std::optional<CoreSetRelaxation> core_sets;
  FrameTimes core_set_lags;  ///< of its rates
  std::optional<FirstPassage> first_passage;
  std::optional<CorrelationFunctions> correlations;
  FrameTimes frame_times;
  /// Means per walker at each frame.
  std::vector<Estimate> position, kinetic_energy, potential_energy;
};

/// Turn the sums of a study into estimates with error bars. Collective.
StudyResults evaluate(Study& study);

/// Put exact rates and theory beside the results of a potential with two wells, and compare. Rates of walkers with inertia
/// come from the Kramers equation (kramers/dynamics/estimators/exact_rates.hpp), within about a second; not at friction
/// below a tenth of the wells' frequency, where it takes longer and often has no answer.
void add_references(StudyParams const& params, StudyResults& results);

/// Write the result file (see apps/langevin/README.md for its layout). Collective.
void write_results(std::filesystem::path const& path, Study const& study, StudyResults const& results,
                   nlohmann::json const& summary, nlohmann::json const& provenance, InputRecord const& input);

/// Write the trajectory of one walker in the same layout. Called by one rank.
void write_replay(std::filesystem::path const& path, StudyParams const& params, std::uint64_t walker,
                  Replay const& replay, nlohmann::json const& summary, nlohmann::json const& provenance,
                  InputRecord const& input);

}  // namespace kramers::dynamics

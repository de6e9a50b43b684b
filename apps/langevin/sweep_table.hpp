// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/studies/study_params.hpp>
#include <kramers/runtime/command_line.hpp>
#include <kramers/runtime/recorded_input.hpp>
#include <kramers/runtime/sweep.hpp>

#include <nlohmann/json.hpp>

#include <filesystem>
#include <vector>

namespace kramers::langevin {

using namespace kramers::dynamics;

/// The summary of a sweep: what all points have in common, and one row for each.
nlohmann::json summarise(AppRun const& run, Sweep const& sweep, UnitSystem const& units,
                         std::vector<nlohmann::json> const& rows, double seconds);

/// Write the file of results (see apps/langevin/README.md for its layout). Called by one rank.
void write_sweep(std::filesystem::path const& path, Sweep const& sweep, std::vector<StudyParams> const& points,
                 nlohmann::json const& summary, nlohmann::json const& provenance, InputRecord const& input);

/// The table for people, on standard output.
void print_sweep(nlohmann::json const& summary);

}  // namespace kramers::langevin

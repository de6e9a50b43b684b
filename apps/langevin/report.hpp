// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/studies/study_results.hpp>
#include <kramers/runtime/command_line.hpp>

#include <nlohmann/json.hpp>

#include <filesystem>
#include <optional>

namespace kramers::langevin {

using namespace kramers::dynamics;

/// Where results go; an option of the command line comes before the key of the input.
struct Outputs {
  std::optional<std::filesystem::path> results;  ///< --output or, but for a replay, output.file
  std::optional<std::filesystem::path> summary;  ///< --summary or, but for a replay, output.summary
};

/// Read them, give the checkpoint a name where the input gives none, and make sure that all files can be used.
/// Collective.
Outputs read_outputs(AppRun const& run, StudyParams& params);

/// What a finished study found out, of the summary: state_hash, observables, references, checks and warnings. Collective
/// over the ranks of the study.
nlohmann::json findings(Study& study, StudyResults const& results);
/// What a study has found out up to now.
struct Findings {
  StudyResults results;
  nlohmann::json summary;
};
/// Evaluate it, with references, and sum up: a study that is not through says so under `partial`. Collective.
Findings find_out(Study& study, AppRun const& run);
/// The summary of a replay: the walker's last state.
nlohmann::json summarise(Replay const& path, StudyParams const& params, AppRun const& run);

/// Say on standard error, from one rank, that a signal ended the run and how to go on.
void report_interruption(Study const& study, int signal);

/// The numbers of a summary for people, on standard output.
void print(nlohmann::json const& summary);

/// Write the file of results, and keep a former one. Collective.
void write_results_file(Outputs const& outputs, Study const& study, Findings const& found, InputRecord const& input,
                        AppRun const& run);
/// Write the summary to its file. Collective.
void write_summary_file(Outputs const& outputs, nlohmann::json const& summary, AppRun const& run);
/// Write the summary to its file and, unless quiet, to standard output. Collective.
void write(Outputs const& outputs, nlohmann::json const& summary, AppRun const& run);

}  // namespace kramers::langevin

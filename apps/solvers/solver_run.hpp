// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/grids/messages.hpp>
#include <kramers/grids/studies/published.hpp>
#include <kramers/runtime/app_files.hpp>
#include <kramers/runtime/checkpoints.hpp>
#include <kramers/runtime/command_line.hpp>
#include <kramers/runtime/forecast.hpp>
#include <kramers/runtime/memory_need.hpp>
#include <kramers/runtime/progress.hpp>

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

/// What kramers-jacobi, kramers-channel and kramers-cg do around their computation.
namespace kramers::solvers {

/// Where results and checkpoints go; an option of the command line comes before the key of the input.
struct SolverFiles {
  std::optional<std::filesystem::path> output, summary;
  std::filesystem::path checkpoint;
  std::int64_t checkpoint_every = 0;  ///< steps; 0: only when a signal ends the run
};

/// Ask for the keys of these files, and count them among the files of the run.
SolverFiles add_outputs(AppFiles& files, AppRun const& run);
/// The same once all other keys have been asked for: no key is left over, and all files can be used. Collective.
/// @throws InputError, UsageError, IoError  otherwise
SolverFiles claim_files(AppRun const& run);

/// The option --gpu-aware, which all have.
AppWord gpu_aware_option();
/// What it decides in this run. Collective.
/// @throws UsageError  it cannot be
grids::MessagePath messages_of(AppRun const& run);

/// Was --verify given?
bool verifies(AppRun const& run);

/// What --check answers of an iteration: the time of a few steps, for each of all.
///
/// @param[in] work     "100 x 100 cells, 1000 iterations"
/// @param[in] unit     what `most` counts: "iterations"
/// @param[in] seconds  that so many of them take
Forecast sampled_forecast(std::string work, std::vector<MemoryNeed> const& needs, std::string const& space,
                          std::int64_t most, std::string const& unit,
                          std::function<double(std::int64_t)> const& seconds);

/// Progress of an iteration over the cells of a grid, in cells of all ranks.
class CellProgress {
 public:
  /// @param[in] steps  that will be done at most
  CellProgress(AppRun const& run, std::int64_t cells, std::int64_t steps, std::string label);
  /// Tell how much is done; the first call, how much was done before this run began.
  void operator()(std::uint64_t done);
  /// A sentence of this program on standard error, from rank 0.
  void warn(std::string const& sentence);

 private:
  AppRun const& m_run;
  std::uint64_t m_total;
  std::string m_label;
  std::optional<Progress> m_shown;
};

/// @param[in] unit  what is counted: "iteration"
CheckpointPlan checkpoint_plan(AppRun const& run, SolverFiles const& files, std::string const& unit);
/// Tell that a signal ended the run after `done` of `all` steps, and how it goes on; the exit code.
int interrupted(AppRun const& run, CheckpointPlan const& plan, int signal, std::int64_t done, std::int64_t all);

/// What a solver has found, beside its summary, and how it is kept and told.
struct Findings {
  grids::MessagePath messages = {};
  std::vector<std::string> warnings = {};
  std::optional<std::vector<grids::PublishedNumber>> published = {};  ///< compared, with --verify
  /// Write a file of results, which has this summary; collective.
  std::function<void(std::filesystem::path const&, nlohmann::json const&)> write;
  /// Tell the main numbers of a summary on standard output; called on rank 0.
  std::function<void(nlohmann::json const&)> print;
};

/// The end of a run: complete the summary by verdict, provenance and input, write the files that are asked for, and tell.
/// Returns the exit code: that of a failure where published numbers differ. Collective.
int conclude(AppRun const& run, SolverFiles const& files, std::string const& space, nlohmann::json summary,
             Findings const& findings);

}  // namespace kramers::solvers

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/text.hpp>
#include <kramers/dynamics/studies/study_memory.hpp>
#include <kramers/dynamics/studies/work_sharing.hpp>
#include <kramers/langevin/program.hpp>
#include <kramers/runtime/app_files.hpp>
#include <kramers/runtime/collective_errors.hpp>
#include <kramers/runtime/provenance.hpp>
#include <kramers/runtime/recorded_input.hpp>
#include <kramers/runtime/signals.hpp>

#include <nlohmann/json.hpp>

#include <cstdio>

#include "forecast.hpp"
#include "input_guide.hpp"
#include "placement.hpp"
#include "report.hpp"
#include "sweep.hpp"
#include "watch.hpp"

namespace kramers::langevin {
namespace {

int follow_one(AppRun const& run, StudyParams const& params, Outputs const& outputs, InputRecord const& input) {
  auto const walkers = static_cast<std::uint64_t>(params.request.params.walkers);
  if (*run.options.replay >= walkers) {
    throw UsageError(invalid_value("--replay", std::to_string(*run.options.replay),
                                   "an id of the ensemble, 0 ... " + std::to_string(walkers - 1)));
  }
  auto const origin =
      provenance(run.comm, "kramers-langevin", params.request.space, run.options.words, run.config.verbatim());
  nlohmann::json summary;
  agree(run.comm, [&] {
    if (!run.comm.is_root()) return;
    Replay const path = interruptible([&] {
      return replay(params, *run.options.replay, params.trajectory_every,
                    run.options.resume ? params.checkpoint : std::filesystem::path{});
    });
    summary = summarise(path, params, run);
    summary["provenance"] = origin;
    summary["input"] = effective_keys(run.config);
    if (outputs.results) {
      keep_former(run, *outputs.results);
      write_replay(*outputs.results, params, *run.options.replay, path, summary, origin, input);
    }
  });
  write(outputs, summary, run);
  return exit_code::success;
}

int study_ensemble(AppRun const& run, PotentialList const& potentials) {
  Sweep sweep;
  StudyParams params = read_study(run.config, run.options, potentials);
  if (!sweep.axes().empty()) return run_sweep(run, potentials, sweep);
  Outputs const outputs = read_outputs(run, params);
  run.config.reject_unknown();
  auto const target = read_target(run.options);
  InputRecord input = record_input(run.config, run.options.precision, run.comm);
  if (run.options.replay) return follow_one(run, params, outputs, input);

  // Ranks of different builds, in one job, each advance what they can.
  bool const are_alike = rank_kinds(run.comm, run.options.space).size() == 1;
  Division const division = first_division(params, run.comm, are_alike);
  require_memory(run.comm, memory_needed(params, division.range_of(run.comm.rank()), run.comm.size()),
                 run.options.space);
  if (run.options.check) return tell(run, forecast(params, division, run.comm));
  Study study(params, run.comm, division);
  if (run.options.resume) study.resume(params.checkpoint);
  auto const warn = [&](std::string const& what) {
    if (run.comm.is_root()) std::fprintf(stderr, "kramers-langevin: warning: %s\n", printable(what).c_str());
  };
  Watch watch(study, outputs, input, run, target, warn);
  auto const look = [&](std::int64_t first_step, Progress& progress) { return watch.look(first_step, progress); };
  if (int const signal = study.run(run.options.quiet, warn, look); signal != 0) {
    report_interruption(study, signal);
    return 128 + signal;
  }
  Findings found = find_out(study, run);
  watch.conclude(found, input);
  write_results_file(outputs, study, found, input, run);
  write(outputs, found.summary, run);
  auto const& warnings = found.results.warnings;
  if (!run.options.quiet) {
    for (std::string const& warning : warnings) warn(warning);
  }
  return run.options.strict && !warnings.empty() ? exit_code::warnings : exit_code::success;
}

}  // namespace

int run(int argc, char** argv, PotentialList const& potentials) {
  AppInfo info{"kramers-langevin", "Run an ensemble of Langevin walkers: rates, free energies, correlations."};
  info.has_replay = info.has_resume = info.has_strict = true;
  info.options = {{"--until", "end once this observable is known to so many percent, as rate:2%", "NAME:PERCENT"}};
  info.guide = input_guide(potentials);
  return run_app(argc, argv, with_placement(info),
                 [&](AppRun const& app_run) { return study_ensemble(app_run, potentials); });
}

}  // namespace kramers::langevin

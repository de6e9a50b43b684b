// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/core/agreement.hpp>
#include <kramers/core/file.hpp>
#include <kramers/core/provenance.hpp>

#include <cstdio>

#include "placement.hpp"
#include "report.hpp"

using namespace kramers;

namespace {

int follow_one(AppRun const& run, StudyParams const& params, langevin::Outputs const& outputs) {
  auto const origin =
      provenance(run.comm, "kramers-langevin", params.request.space, run.options.words, run.config.verbatim());
  nlohmann::json summary;
  agree(run.comm, [&] {
    if (!run.comm.is_root()) return;
    Replay const path = replay(params, *run.options.replay, params.trajectory_every,
                               run.options.resume ? params.checkpoint : std::filesystem::path{});
    summary = langevin::summarise(path, params, run);
    summary["provenance"] = origin;
    if (outputs.results) {
      write_replay(*outputs.results, params, *run.options.replay, path, summary, origin, run.config.verbatim());
    }
  });
  langevin::write(outputs, summary, run);
  return exit_code::success;
}

int study_ensemble(AppRun const& run) {
  StudyParams params = read_study(run.config, run.options);
  langevin::Outputs const outputs = langevin::read_outputs(run, params);
  run.config.reject_unknown();
  if (run.options.replay) return follow_one(run, params, outputs);

  Study study(params, run.comm);
  if (run.options.resume) study.resume(params.checkpoint);
  if (int const signal = study.run(run.options.quiet); signal != 0) {
    langevin::report_interruption(study, signal);
    return 128 + signal;
  }
  StudyResults const results = evaluate(study);
  nlohmann::json summary = langevin::summarise(study, results, run);
  auto const origin =
      provenance(run.comm, "kramers-langevin", params.request.space, run.options.words, run.config.verbatim());
  summary["provenance"] = origin;
  if (outputs.results) write_results(*outputs.results, study, results, summary, origin, run.config.verbatim());
  langevin::write(outputs, summary, run);
  return exit_code::success;
}

}  // namespace

int main(int argc, char** argv) {
  AppInfo info{"kramers-langevin", "Run an ensemble of Langevin walkers: rates, free energies, correlations."};
  info.has_replay = info.has_resume = true;
  return run_app(argc, argv, with_placement(info), study_ensemble);
}

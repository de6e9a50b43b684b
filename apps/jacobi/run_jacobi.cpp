// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "run_jacobi.hpp"

#include <kramers/base/text.hpp>
#include <kramers/grids/studies/jacobi_study.hpp>
#include <kramers/runtime/recorded_input.hpp>

#include <nlohmann/json.hpp>

#include <cstdio>
#include <string>

#include "solver_run.hpp"

namespace kramers::jacobi {

using namespace kramers::grids;

namespace {

void print(nlohmann::json const& summary) {
  auto const text = [&](char const* key) { return summary.at(key).get<std::string>(); };
  auto const number = [&](char const* key) { return summary.at(key).get<std::int64_t>(); };
  std::printf("%s: %s of %ld x %ld in %s on %s, %ld ranks x %ld threads; state hash %s\n\n", text("app").c_str(),
              text("problem").c_str(), number("rows"), number("columns"), text("precision").c_str(),
              text("space").c_str(), number("ranks"), number("threads"), text("state_hash").c_str());
  std::printf("  path                   %s, %ld sweeps a pass: %s\n", text("path").c_str(), number("depth"),
              text("why").c_str());
  if (summary.contains("overlap_why")) {
    std::printf("  overlap                %s: %s\n", summary.at("overlap").get<bool>() ? "yes" : "no",
                text("overlap_why").c_str());
  }
  std::string until;
  if (summary.at("converged").get<bool>()) {
    until = ", until the norm met its tolerance";
    if (number("check_lag") > 0) {
      bool const at_end = number("converged_at") + number("check_lag") > number("iterations");
      until += " at " + std::to_string(number("converged_at")) + ", which is looked at " +
               (at_end ? "at the end" : std::to_string(number("check_lag")) + " later");
    }
  }
  std::printf("  iterations             %ld%s\n", number("iterations"), until.c_str());
  if (summary.at("norm").is_number()) {
    std::printf("  norm                   %s (%s sums%s)\n", shortest_decimal(summary.at("norm").get<double>()).c_str(),
                text("sums").c_str(),
                summary.at("norm_is_reproducible").get<bool>() ? "" : ", whose last bits depend on threads and ranks");
  }
  nlohmann::json const& rate = summary.at("rate");
  if (rate.is_null()) return;  // a checkpoint that had come to the end
  std::printf("  time                   %.4g s, %.4g us per iteration, %.4g cells per second\n",
              summary.at("wall_s").get<double>(), rate.at("us_per_iteration").get<double>(),
              rate.at("cells_per_s").get<double>());
}

/// The time of a few sweeps, for each of all.
Forecast forecast(JacobiRequest const& request, Communicator const& comm) {
  JacobiRequest sample = request;
  sample.tolerance.reset();
  JacobiParams const& params = request.params;
  return solvers::sampled_forecast(
      std::to_string(params.rows) + " x " + std::to_string(params.columns) + " cells, " +
          std::to_string(request.iterations) + " iterations" + (request.tolerance ? " at most" : ""),
      memory_needed(request, comm.size()), request.space, request.iterations, "iterations", [&](std::int64_t size) {
        sample.iterations = size;
        return compute_jacobi(sample, comm, [](std::uint64_t) {}).seconds;
      });
}

JacobiResult compute(JacobiRequest const& request, AppRun const& run, CheckpointPlan plan) {
  solvers::CellProgress progress(run, request.params.rows * request.params.columns, request.iterations, "sweeps");
  plan.warn = [&](std::string const& sentence) { progress.warn(sentence); };
  return compute_jacobi(request, run.comm, [&](std::uint64_t done) { progress(done); }, plan);
}

}  // namespace

int run_jacobi(AppRun const& run) {
  JacobiRequest request = read_jacobi(run.config, run.options, run.comm.size());
  solvers::Findings findings;
  findings.messages = solvers::messages_of(run);
  request.params.messages = findings.messages.messages;
  solvers::SolverFiles const outputs = solvers::claim_files(run);
  InputRecord const input = record_input(run.config, run.options.precision, run.comm);
  require_memory(run.comm, memory_needed(request, run.comm.size()), request.space);
  if (run.options.check) return tell(run, forecast(request, run.comm));

  CheckpointPlan const plan = solvers::checkpoint_plan(run, outputs, "iteration");
  JacobiResult const result = compute(request, run, plan);
  if (result.signal != 0) {
    return solvers::interrupted(run, plan, result.signal, result.field->iteration(), request.iterations);
  }
  if (solvers::verifies(run)) findings.published = compare_published(request, result, run.comm);
  findings.write = [&](std::filesystem::path const& path, nlohmann::json const& summary) {
    write_jacobi(path, run.comm, request, result, summary, input);
  };
  findings.print = print;
  return solvers::conclude(run, outputs, request.space, summarise_jacobi(request, result, run.comm), findings);
}

}  // namespace kramers::jacobi

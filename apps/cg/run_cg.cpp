// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "run_cg.hpp"

#include <kramers/base/hash.hpp>
#include <kramers/runtime/checkpoints.hpp>
#include <kramers/runtime/forecast.hpp>
#include <kramers/runtime/h5.hpp>
#include <kramers/runtime/progress.hpp>
#include <kramers/runtime/provenance.hpp>
#include <kramers/runtime/recorded_input.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cg_checkpoint.hpp"
#include "cg_summary.hpp"
#include "published.hpp"
#include "solver_run.hpp"

namespace kramers::cg {

using namespace kramers::grids;

namespace {

Published require_published(CgRequest const& request) {
  if (auto const found = published_for(request)) return *found;
  throw UsageError(
      "--verify has nothing to compare this input with; published are matrix.kind wrapped, wrapped_corners and "
      "five_point "
      "with matrix.n 10, 32, 64, 100 or 128, right_side.kind ones and cg.tolerance 1e-10");
}

/// Of x in the order of its rows and, after it, the number of iterations.
std::uint64_t state_hash(std::vector<double> const& x, CgSystem const& system, CgResult const& result,
                         Communicator const& comm) {
  std::uint64_t hash = 0;
  auto place = static_cast<std::uint64_t>(system.first_row());
  for (double const value : x) hash += hash_element(place++, std::bit_cast<std::uint64_t>(value));
  return comm.sum(hash) +
         hash_element(static_cast<std::uint64_t>(system.rows()), static_cast<std::uint64_t>(result.iterations));
}

void write_solution(std::filesystem::path const& path, AppRun const& run, CgOutcome const& outcome,
                    std::vector<double> const& x, CgSystem const& system, nlohmann::json const& summary,
                    InputRecord const& input) {
  h5::Writer file(path, run.comm);
  file.attribute("/", "app", run.app);
  file.attribute("/", "version", version());
  file.attribute("/", "provenance", summary.at("provenance").dump());
  write_input(file, input);
  file.attribute("/", "summary", summary.dump());
  file.group("kramers/cg");
  file.write_rows("kramers/cg/x", x, static_cast<std::uint64_t>(system.first_row()),
                  static_cast<std::uint64_t>(system.rows()));
  file.write("kramers/cg/residual", outcome.result.history, {outcome.result.history.size()});
  file.commit();
}

Forecast forecast(CgRequest const& request, Communicator const& comm) {
  Forecast answer;
  answer.work = std::to_string(request.problem.rows()) + " rows, at most " +
                std::to_string(request.params.max_iterations) + " iterations";
  answer.memory = host_bytes(memory_needed(request, comm.size()), request.space);
  answer.sample = "how many iterations it takes is not known before";
  return answer;
}

/// Iterations between two looks at signals: some hundredths of a second.
std::int64_t iterations_between_looks(CgProblem const& problem, int ranks) {
  constexpr std::int64_t elements = 4'000'000, most = 1000;
  std::int64_t const all = problem.rows() + (problem.stored ? problem.stored->entries() : 0);
  return std::clamp<std::int64_t>(elements * ranks / all, 1, most);
}

/// Iterate from the start or a checkpoint to the end, or to a signal.
void solve(CgRequest const& request, CgSystem& system, AppRun const& run, CheckpointPlan plan, CgOutcome& outcome) {
  Communicator const& comm = run.comm;
  system.set(CgVector::b, request.right_side_of_row());
  CgControl control;
  CgStart start;
  if (plan.resumes) {
    start = read_checkpoint(plan.file, comm, request, system);
    control.state = &start.state;
    control.result = &start.result;
  }
  outcome.result = start.result;
  outcome.first = start.result.iterations;
  Progress::Options how;
  how.quiet = run.options.quiet;
  how.unit = "iterations";
  how.start = static_cast<std::uint64_t>(outcome.first);
  Progress progress(comm, static_cast<std::uint64_t>(request.params.max_iterations), "residual", how);
  plan.warn = [&, warn = plan.warn](std::string const& sentence) {
    progress.end_line();
    warn(sentence);
  };
  CheckpointWatch watch(comm, plan, outcome.first);
  outcome.signal = watch.look(outcome.first, false, {});
  if (outcome.signal != 0) return;
  constexpr std::int64_t seldom = 64;
  control.tell = [&](std::int64_t iteration, double norm) {
    if (iteration % seldom != 0) return;
    char label[40];
    std::snprintf(label, sizeof label, "residual %.3g", norm);
    progress.relabel(label);
    progress.update(static_cast<std::uint64_t>(iteration));
  };
  std::int64_t const between = iterations_between_looks(request.problem, comm.size());
  control.pause = [&](CgState const& state, CgResult const& so_far) {
    std::int64_t const done = so_far.iterations;
    if (done % between != 0 && !watch.is_due(done)) return false;
    outcome.signal = watch.look(done, false, [&](std::filesystem::path const& path) {
      write_checkpoint(path, comm, request, system, state, so_far);
    });
    return outcome.signal != 0;
  };
  auto const begin = std::chrono::steady_clock::now();
  outcome.result = solve_cg(system, request.problem, request.params, control);
  outcome.seconds = comm.max(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
}

}  // namespace

int run_cg(AppRun const& run) {
  Communicator const& comm = run.comm;
  CgRequest request = read_request(run.config, run.options);
  solvers::Findings findings;
  findings.messages = solvers::messages_of(run);
  request.problem.messages = findings.messages.messages;
  solvers::SolverFiles const outputs = solvers::claim_files(run);
  std::optional<Published> published;
  if (solvers::verifies(run)) published = require_published(request);
  load(request, comm);
  InputRecord const input = record_input(run.config, run.options.precision, comm);
  require_memory(comm, memory_needed(request, comm.size()), request.space);
  if (run.options.check) return tell(run, forecast(request, comm));

  CgOutcome outcome;
  auto const system =
      make_cg_system(request.space, request.problem, vectors_of(request.params.method, request.problem), comm);
  CheckpointPlan const plan = solvers::checkpoint_plan(run, outputs, "iteration");
  solve(request, *system, run, plan, outcome);
  if (outcome.signal != 0) {
    return solvers::interrupted(run, plan, outcome.signal, outcome.result.iterations, request.params.max_iterations);
  }
  outcome.sum = system->sum(CgVector::x);
  if (published) findings.published = compare_published(*published, request, outcome.result, outcome.sum);
  std::vector<double> const x = system->get(CgVector::x);
  outcome.hash = state_hash(x, *system, outcome.result, comm);
  outcome.bytes = system->bytes();
  nlohmann::json const summary = summarise(request, outcome, comm);
  findings.warnings = summary.at("warnings").get<std::vector<std::string>>();
  findings.write = [&](std::filesystem::path const& path, nlohmann::json const& whole) {
    write_solution(path, run, outcome, x, *system, whole, input);
  };
  findings.print = print;
  return solvers::conclude(run, outputs, request.space, summary, findings);
}

}  // namespace kramers::cg

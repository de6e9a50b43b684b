// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "run_channel.hpp"

#include <kramers/base/text.hpp>
#include <kramers/grids/studies/channel_study.hpp>
#include <kramers/runtime/recorded_input.hpp>

#include <nlohmann/json.hpp>

#include <cstdio>
#include <string>

#include "solver_run.hpp"

namespace kramers::channel {

using namespace kramers::grids;

namespace {

void print_round_off(nlohmann::json const& found) {
  auto const number = [&](char const* key) { return found.at(key).get<double>(); };
  std::printf("  rounding               %.3g in one cell became %.3g at most in %ld steps; ", number("amount"),
              number("largest_difference"), found.at("steps").get<std::int64_t>());
  if (found.at("growth_per_step").is_null()) {
    std::printf("no exponential growth was found\n");
    return;
  }
  std::printf("it grows %.4g times per step (nearly at rest: %.4g), fitted to steps %ld to %ld\n",
              number("growth_per_step"), number("linear_growth_at_rest"),
              found.at("fit").at("first_step").get<std::int64_t>(),
              found.at("fit").at("last_step").get<std::int64_t>());
}

void print(nlohmann::json const& summary) {
  auto const text = [&](char const* key) { return summary.at(key).get<std::string>(); };
  auto const number = [&](char const* key) { return summary.at(key).get<std::int64_t>(); };
  std::printf("%s: %ld x %ld in %s on %s, %ld ranks x %ld threads; state hash %s\n\n", text("app").c_str(),
              number("rows"), number("columns"), text("precision").c_str(), text("space").c_str(), number("ranks"),
              number("threads"), text("state_hash").c_str());
  std::printf("  path                   %s: %s\n", text("path").c_str(), text("why").c_str());
  std::printf("  steps                  %ld of dt = %s%s\n", number("steps"),
              shortest_decimal(summary.at("dt").get<double>()).c_str(),
              summary.at("converged").get<bool>() ? ", until the change met its tolerance" : "");
  std::printf("  change in a step       %s of the sum of u\n",
              shortest_decimal(summary.at("change").get<double>()).c_str());
  nlohmann::json const& found = summary.at("observables");
  for (auto const& [name, value] : found.items()) {
    if (value.is_number()) std::printf("  %-22s %s\n", name.c_str(), shortest_decimal(value.get<double>()).c_str());
  }
  std::printf("  columns                %s\n",
              found.at("columns_are_equal").get<bool>() ? "all have the same bits" : "differ from each other");
  if (summary.contains("round_off")) print_round_off(summary.at("round_off"));
  nlohmann::json const& rate = summary.at("rate");
  if (rate.is_null()) return;  // a checkpoint that had come to the end
  std::printf("  time                   %.4g s, %.4g us per step, %.4g cells swept per second\n",
              summary.at("wall_s").get<double>(), rate.at("us_per_step").get<double>(),
              rate.at("cell_sweeps_per_s").get<double>());
}

/// The time of a few steps, for each of all.
Forecast forecast(ChannelRequest const& request, Communicator const& comm) {
  ChannelRequest sample = request;
  sample.tolerance.reset();
  ChannelParams const& params = request.params;
  return solvers::sampled_forecast(std::to_string(params.rows) + " x " + std::to_string(params.columns) + " cells, " +
                                       std::to_string(request.steps) + " steps" + (request.tolerance ? " at most" : ""),
                                   memory_needed(request, comm.size()), request.space, request.steps, "steps",
                                   [&](std::int64_t size) {
                                     sample.steps = size;
                                     return compute_channel(sample, comm, [](std::uint64_t) {}).seconds;
                                   });
}

ChannelResult compute(ChannelRequest const& request, AppRun const& run, CheckpointPlan plan) {
  solvers::CellProgress progress(run, request.params.rows * request.params.columns, request.steps, "steps");
  plan.warn = [&](std::string const& sentence) { progress.warn(sentence); };
  return compute_channel(request, run.comm, [&](std::uint64_t done) { progress(done); }, plan);
}

}  // namespace

int run_channel(AppRun const& run) {
  ChannelRequest request = read_channel(run.config, run.options, run.comm.size());
  solvers::Findings findings;
  findings.messages = solvers::messages_of(run);
  request.params.messages = findings.messages.messages;
  solvers::SolverFiles const outputs = solvers::claim_files(run);
  InputRecord const input = record_input(run.config, run.options.precision, run.comm);
  require_memory(run.comm, memory_needed(request, run.comm.size()), request.space);
  if (run.options.check) return tell(run, forecast(request, run.comm));

  CheckpointPlan const plan = solvers::checkpoint_plan(run, outputs, "step");
  ChannelResult const result = compute(request, run, plan);
  if (result.signal != 0) {
    return solvers::interrupted(run, plan, result.signal, result.flow->step(), request.steps);
  }
  findings.warnings = request.warnings;
  if (solvers::verifies(run)) findings.published = compare_published(request, result, run.comm);
  findings.write = [&](std::filesystem::path const& path, nlohmann::json const& summary) {
    write_channel(path, run.comm, request, result, summary, input);
  };
  findings.print = print;
  return solvers::conclude(run, outputs, request.space, summarise_channel(request, result, run.comm), findings);
}

}  // namespace kramers::channel

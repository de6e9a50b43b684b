// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "run_channel.hpp"

#include <kramers/base/text.hpp>
#include <kramers/grids/studies/channel_study.hpp>
#include <kramers/runtime/collective_errors.hpp>
#include <kramers/runtime/forecast.hpp>
#include <kramers/runtime/progress.hpp>
#include <kramers/runtime/provenance.hpp>
#include <kramers/runtime/recorded_input.hpp>
#include <kramers/runtime/signals.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <string>

namespace kramers::channel {

using namespace kramers::grids;

namespace {

constexpr char app_name[] = "kramers-channel";

void print(nlohmann::json const& summary) {
  auto const text = [&](char const* key) { return summary.at(key).get<std::string>(); };
  auto const number = [&](char const* key) { return summary.at(key).get<std::int64_t>(); };
  std::printf("%s: %ld x %ld in %s on %s, %ld ranks x %ld threads; state hash %s\n\n", app_name, number("rows"),
              number("columns"), text("precision").c_str(), text("space").c_str(), number("ranks"), number("threads"),
              text("state_hash").c_str());
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
  nlohmann::json const& rate = summary.at("rate");
  std::printf("  time                   %.4g s, %.4g us per step, %.4g cells swept per second\n",
              summary.at("wall_s").get<double>(), rate.at("us_per_step").get<double>(),
              rate.at("cell_sweeps_per_s").get<double>());
}

/// The time of a few steps, for each of all.
Forecast forecast(ChannelRequest const& request, Communicator const& comm) {
  ChannelRequest sample = request;
  sample.tolerance.reset();
  auto const measured = measure_sample(request.steps, [&](std::int64_t size) {
    sample.steps = size;
    return interruptible([&] { return compute_channel(sample, comm, [](std::uint64_t) {}).seconds; });
  });
  ChannelParams const& params = request.params;
  return {std::to_string(params.rows) + " x " + std::to_string(params.columns) + " cells, " +
              std::to_string(request.steps) + " steps" + (request.tolerance ? " at most" : ""),
          host_bytes(memory_needed(request, comm.size()), request.space),
          measured.seconds_each() * static_cast<double>(request.steps),
          std::to_string(measured.size) + " steps took " + shortest_decimal(std::round(1e3 * measured.seconds) / 1e3) +
              " s here just now"};
}

}  // namespace

ChannelFiles add_outputs(AppFiles& files, AppRun const& run) {
  return {files.output("--output", run.options.output, "output.file", FileUse::writes_data),
          files.output("--summary", run.options.summary, "output.summary", FileUse::writes)};
}

int run_channel(AppRun const& run) {
  ChannelRequest const request = read_channel(run.config, run.options, run.comm.size());
  AppFiles files(run);
  ChannelFiles const outputs = add_outputs(files, run);
  run.config.reject_unknown();
  files.require_usable();
  InputRecord const input = record_input(run.config, run.options.precision, run.comm);
  require_memory(run.comm, memory_needed(request, run.comm.size()), request.space);
  if (run.options.check) return tell(run, forecast(request, run.comm));

  ChannelResult result;
  {
    auto const cells = static_cast<std::uint64_t>(request.params.rows * request.params.columns);
    Progress::Options shown;
    shown.quiet = run.options.quiet;
    shown.unit = "cells";
    Progress progress(run.comm, cells * static_cast<std::uint64_t>(request.steps), "steps", shown);
    result = interruptible(
        [&] { return compute_channel(request, run.comm, [&](std::uint64_t done) { progress.update(done); }); });
  }
  nlohmann::json summary = summarise_channel(request, result, run.comm);
  bool const verifies = run.options.own.contains("--verify");
  std::vector<PublishedNumber> published;
  if (verifies) {
    published = compare_published(request, result, run.comm);
    summary["verification"] = verdict_of(published);
  }
  summary["provenance"] = provenance(run.comm, app_name, request.space, run.options.words, run.config.verbatim());
  summary["input"] = effective_keys(run.config);
  agree(run.comm, [&] {
    if (run.comm.is_root() && outputs.output) keep_former(run, *outputs.output);
  });
  if (outputs.output) write_channel(*outputs.output, run.comm, request, result, summary, input);
  agree(run.comm, [&] {
    if (run.comm.is_root() && outputs.summary) write_summary(*outputs.summary, summary, run);
  });
  if (run.comm.is_root() && !run.options.quiet) {
    if (verifies) std::fputs(verdict_text(published).c_str(), stdout);
    print(summary);
    if (outputs.output) std::printf("  written to %s\n", printable(outputs.output->string()).c_str());
    std::fflush(stdout);
    for (auto const& warning : request.warnings) std::fprintf(stderr, "%s: warning: %s\n", app_name, warning.c_str());
  }
  if (verifies && !all_passed(published)) return exit_code::failure;
  return run.options.strict && !request.warnings.empty() ? exit_code::warnings : exit_code::success;
}

}  // namespace kramers::channel

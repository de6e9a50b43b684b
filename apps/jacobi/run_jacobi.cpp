// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "run_jacobi.hpp"

#include <kramers/base/text.hpp>
#include <kramers/grids/studies/jacobi_study.hpp>
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

namespace kramers::jacobi {

using namespace kramers::grids;

namespace {

constexpr char app_name[] = "kramers-jacobi";

void print(nlohmann::json const& summary) {
  auto const text = [&](char const* key) { return summary.at(key).get<std::string>(); };
  auto const number = [&](char const* key) { return summary.at(key).get<std::int64_t>(); };
  std::printf("%s: %s of %ld x %ld in %s on %s, %ld ranks x %ld threads; state hash %s\n\n", app_name,
              text("problem").c_str(), number("rows"), number("columns"), text("precision").c_str(),
              text("space").c_str(), number("ranks"), number("threads"), text("state_hash").c_str());
  std::printf("  path                   %s, %ld sweeps a pass: %s\n", text("path").c_str(), number("depth"),
              text("why").c_str());
  std::printf("  iterations             %ld%s\n", number("iterations"),
              summary.at("converged").get<bool>() ? ", until the norm met its tolerance" : "");
  if (summary.at("norm").is_number()) {
    std::printf("  norm                   %s (%s sums)\n", shortest_decimal(summary.at("norm").get<double>()).c_str(),
                text("sums").c_str());
  }
  nlohmann::json const& rate = summary.at("rate");
  std::printf("  time                   %.4g s, %.4g us per iteration, %.4g cells per second\n",
              summary.at("wall_s").get<double>(), rate.at("us_per_iteration").get<double>(),
              rate.at("cells_per_s").get<double>());
}

/// The time of a few sweeps, for each of all.
Forecast forecast(JacobiRequest const& request, Communicator const& comm) {
  JacobiRequest sample = request;
  sample.tolerance.reset();
  auto const measured = measure_sample(request.iterations, [&](std::int64_t size) {
    sample.iterations = size;
    return interruptible([&] { return compute_jacobi(sample, comm, [](std::uint64_t) {}).seconds; });
  });
  JacobiParams const& params = request.params;
  return {std::to_string(params.rows) + " x " + std::to_string(params.columns) + " cells, " +
              std::to_string(request.iterations) + " iterations" + (request.tolerance ? " at most" : ""),
          host_bytes(memory_needed(request, comm.size()), request.space),
          measured.seconds_each() * static_cast<double>(request.iterations),
          std::to_string(measured.size) + " iterations took " +
              shortest_decimal(std::round(1e3 * measured.seconds) / 1e3) + " s here just now"};
}

}  // namespace

JacobiFiles add_outputs(AppFiles& files, AppRun const& run) {
  return {files.output("--output", run.options.output, "output.file", FileUse::writes_data),
          files.output("--summary", run.options.summary, "output.summary", FileUse::writes)};
}

int run_jacobi(AppRun const& run) {
  JacobiRequest const request = read_jacobi(run.config, run.options, run.comm.size());
  AppFiles files(run);
  JacobiFiles const outputs = add_outputs(files, run);
  run.config.reject_unknown();
  files.require_usable();
  InputRecord const input = record_input(run.config, run.options.precision, run.comm);
  require_memory(run.comm, memory_needed(request, run.comm.size()), request.space);
  if (run.options.check) return tell(run, forecast(request, run.comm));

  JacobiResult result;
  {
    auto const cells = static_cast<std::uint64_t>(request.params.rows * request.params.columns);
    Progress::Options shown;
    shown.quiet = run.options.quiet;
    shown.unit = "cells";
    Progress progress(run.comm, cells * static_cast<std::uint64_t>(request.iterations), "sweeps", shown);
    result = interruptible(
        [&] { return compute_jacobi(request, run.comm, [&](std::uint64_t done) { progress.update(done); }); });
  }
  nlohmann::json summary = summarise_jacobi(request, result, run.comm);
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
  if (outputs.output) write_jacobi(*outputs.output, run.comm, request, result, summary, input);
  agree(run.comm, [&] {
    if (run.comm.is_root() && outputs.summary) write_summary(*outputs.summary, summary, run);
  });
  if (run.comm.is_root() && !run.options.quiet) {
    if (verifies) std::fputs(verdict_text(published).c_str(), stdout);
    print(summary);
    if (outputs.output) std::printf("  written to %s\n", printable(outputs.output->string()).c_str());
  }
  return verifies && !all_passed(published) ? exit_code::failure : exit_code::success;
}

}  // namespace kramers::jacobi

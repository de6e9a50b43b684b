// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "run_rare.hpp"

#include <kramers/base/text.hpp>
#include <kramers/dynamics/studies/rare_study.hpp>
#include <kramers/dynamics/studies/study_units.hpp>
#include <kramers/runtime/collective_errors.hpp>
#include <kramers/runtime/forecast.hpp>
#include <kramers/runtime/provenance.hpp>
#include <kramers/runtime/recorded_input.hpp>
#include <kramers/runtime/signals.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>

namespace kramers::rare {

using namespace kramers::dynamics;

namespace {

constexpr char app_name[] = "kramers-rare";

double number(nlohmann::json const& json) {
  return json.get<double>();
}

/// A line of one observable, and what is to be said of it.
void print(std::string const& name, nlohmann::json const& entry, std::string const& unit) {
  std::printf("  %-28s", name.c_str());
  if (entry["value"].is_number()) {
    std::printf(" %14.7g", number(entry["value"]));
  } else {
    std::printf(" %14s", "unknown");
  }
  if (entry["stderr"].is_number()) std::printf("  +- %.2g", number(entry["stderr"]));
  std::printf("%s\n", unit.c_str());
  if (entry.contains("interval")) {
    std::printf("      [%.5g, %.5g] at 95 %%\n", number(entry["interval"][0]), number(entry["interval"][1]));
  }
  if (entry.contains("quantiles")) {
    auto const at = [&](std::size_t i) { return number(entry["quantiles"][i]["value"]); };
    std::printf("      half take less than %.4g, 5 %% less than %.4g, 5 %% more than %.4g\n", at(1), at(0), at(2));
  }
  if (entry.contains("z")) {
    std::printf("      %.4f of %s, %.1f standard errors away\n", number(entry["ratio"]),
                entry["compared_with"].get<std::string>().c_str(), number(entry["z"]));
  }
  if (entry.contains("note")) std::printf("      %s\n", entry["note"].get<std::string>().c_str());
}

void print(nlohmann::json const& summary) {
  nlohmann::json const& units = summary.at("units");
  auto const unit_of = [&](std::string const& name) {
    std::string const unit = units.at("system") == "reduced" ? "1" : units.at("quantities").value(name, "1");
    return unit == "1" ? std::string() : "  " + unit;
  };
  std::printf("%s by %s on %s, %d ranks x %d threads: %.3g s; state hash %s\n\n", app_name,
              summary.at("method").get<std::string>().c_str(), summary.at("space").get<std::string>().c_str(),
              summary.at("ranks").get<int>(), summary.at("threads").get<int>(), number(summary.at("wall_s")),
              summary.at("state_hash").get<std::string>().c_str());
  for (auto const& [name, entry] : summary.at("observables").items()) {
    print(name, entry, unit_of(name));
  }
  for (auto const& [name, value] : summary.at("references").items()) {
    bool const exact = name.find("_exact") != std::string::npos;
    std::printf("  %-28s %14.7g%s  (%s)\n", name.c_str(), number(value), unit_of(name).c_str(),
                exact ? "exact" : "theory");
  }
  if (summary.contains("work")) {
    nlohmann::json const& work = summary.at("work");
    std::printf("  %.3g walker-steps, %.3g for an error of 100 %%; a plain ensemble takes %.2g times as many\n",
                number(work["walker_steps"]), number(work["steps_for_unit_error"]), number(work["speed_up"]));
  }
}

/// The time of the first repeats or pairs, for each of all.
Forecast forecast(RareRequest const& request, Communicator const& comm) {
  bool const splits = request.method == RareMethod::splitting;
  std::int64_t const all = splits ? request.splitting.repeats : request.shooting.pairs;
  std::string const of =
      splits ? " repeats of " + std::to_string(request.splitting.selection.replicas) + " replicas" : " pairs of paths";
  Forecast answer{"an exact rate and no walkers", 0, {}, "takes a second at most"};
  if (request.method == RareMethod::exact) return answer;
  std::int64_t const mine = (all + comm.size() - 1) / comm.size();
  kramers::Sample measured;
  agree(comm, [&] {
    // Two repeats at least, of which there is a mean.
    measured = measure_sample(std::max<std::int64_t>(1, mine / 2), [&](std::int64_t size) {
      RareRequest sample = request;
      sample.splitting.repeats = sample.shooting.pairs = 2 * size;
      return interruptible([&] { return compute_rare(sample, Communicator::self()).seconds; });
    });
  });
  double const memory = host_bytes(memory_needed(request, comm.rank(), comm.size()), request.space);
  return {std::to_string(all) + of, comm.max(memory),
          comm.max(measured.seconds_each() * 0.5 * static_cast<double>(mine)),
          std::to_string(2 * measured.size) + of + " took " +
              shortest_decimal(std::round(1e3 * measured.seconds) / 1e3) + " s here just now"};
}

}  // namespace

RareFiles add_outputs(AppFiles& files, AppRun const& run) {
  return {files.output("--output", run.options.output, "output.file", FileUse::writes_data),
          files.output("--summary", run.options.summary, "output.summary", FileUse::writes)};
}

int run_rare(AppRun const& run) {
  RareRequest request = read_rare(run.config, run.options, builtin_potentials());
  AppFiles files(run);
  RareFiles const outputs = add_outputs(files, run);
  run.config.reject_unknown();
  files.require_usable();
  InputRecord const input = record_input(run.config, run.options.precision, run.comm);
  require_memory(run.comm, memory_needed(request, run.comm.rank(), run.comm.size()), request.space);
  if (run.options.check) return tell(run, forecast(request, run.comm));

  request = interruptible([&] { return sized_by_pilot(std::move(request), run.comm); });
  require_memory(run.comm, memory_needed(request, run.comm.rank(), run.comm.size()), request.space);
  RareResult const result = interruptible([&] { return compute_rare(request, run.comm); });
  nlohmann::json summary = summarise_rare(request, result, run.comm);
  summary["provenance"] = provenance(run.comm, app_name, request.space, run.options.words, run.config.verbatim());
  summary["input"] = effective_keys(run.config);
  summary["units"] = units_json(request.units, summary);
  agree(run.comm, [&] {
    if (run.comm.is_root() && outputs.output) keep_former(run, *outputs.output);
  });
  if (outputs.output) write_rare(*outputs.output, run.comm, request, result, summary, input);
  agree(run.comm, [&] {
    if (run.comm.is_root() && outputs.summary) write_summary(*outputs.summary, summary, run);
  });
  auto const& warnings = summary["warnings"];
  if (run.comm.is_root() && !run.options.quiet) {
    print(summary);
    if (outputs.output) std::printf("  written to %s\n", printable(outputs.output->string()).c_str());
    for (auto const& warning : warnings) {
      std::fprintf(stderr, "%s: warning: %s\n", app_name, warning.get<std::string>().c_str());
    }
  }
  return run.options.strict && !warnings.empty() ? exit_code::warnings : exit_code::success;
}

}  // namespace kramers::rare

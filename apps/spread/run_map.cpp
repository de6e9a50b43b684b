// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "run_map.hpp"

#include <kramers/base/text.hpp>
#include <kramers/dynamics/studies/spread_study.hpp>
#include <kramers/dynamics/studies/study_memory.hpp>
#include <kramers/dynamics/studies/study_units.hpp>
#include <kramers/runtime/app_files.hpp>
#include <kramers/runtime/collective_errors.hpp>
#include <kramers/runtime/forecast.hpp>
#include <kramers/runtime/provenance.hpp>
#include <kramers/runtime/recorded_input.hpp>
#include <kramers/runtime/signals.hpp>

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdio>
#include <limits>

namespace kramers::spread {

using namespace kramers::dynamics;

namespace {

constexpr char app_name[] = "kramers-spread";

void tell(SpreadRequest const& request, SpreadResult const& result, nlohmann::json const& summary) {
  SpreadParams const& p = request.params;
  auto const line = [&](char const* name) {
    std::string const unit = summary.at("units").at("quantities").at(name).get<std::string>();
    nlohmann::json const& e = summary.at("observables").at(name);
    auto const number = [&](char const* key) {
      return e.at(key).is_number() ? e.at(key).get<double>() : std::numeric_limits<double>::quiet_NaN();
    };
    std::printf("  %-8s %.4g +- %.2g %s (mean over the trunk)\n", name, number("value"), number("stderr"),
                unit.c_str());
  };
  std::printf("%s: trunk of %lld steps, %lld points with %lld members of %lld steps\n", app_name,
              static_cast<long long>(p.steps), static_cast<long long>(p.points()), static_cast<long long>(p.members),
              static_cast<long long>(p.member_steps));
  line("spread");
  line("growth");
  if (p.adaptive()) {
    AdaptiveReport const report = report_adaptive(p, result.points);
    std::printf("  adaptive %lld member steps instead of %lld, a saving of %.2f; %lld points above the tolerance\n",
                static_cast<long long>(report.member_steps), static_cast<long long>(report.fixed_member_steps),
                report.saving(), static_cast<long long>(report.uncertain_points));
  }
  std::printf("  computed in %.3g ms, %.3g steps/s; state hash %s\n", 1e3 * result.seconds,
              summary.at("walker_steps_per_s").get<double>(), summary.at("state_hash").get<std::string>().c_str());
}

/// The time of a map of the first points of the trunk, for each of all.
Forecast forecast(SpreadRequest const& request, Communicator const& comm) {
  SpreadParams const& p = request.params;
  std::int64_t const mine = (p.points() + comm.size() - 1) / comm.size();
  SpreadRequest sample = request;
  sample.params.equilibrate = 0;
  kramers::Sample measured;
  agree(comm, [&] {
    measured = measure_sample(16, mine, [&](std::int64_t points) {
      sample.params.steps = points * p.every;
      return interruptible([&] { return compute_spread(sample, Communicator::self()).seconds; });
    });
  });
  double const memory = host_bytes(memory_needed(request, comm.rank(), comm.size()), request.space);
  return {std::to_string(p.points()) + " points of a trunk of " + std::to_string(p.steps) + " steps, " +
              std::to_string(p.members) + " members of " + std::to_string(p.member_steps) + " steps each" +
              (p.adaptive() ? " and more where the error is above the tolerance" : ""),
          comm.max(memory), comm.max(measured.seconds_each() * static_cast<double>(mine)),
          std::to_string(measured.size) + " points took " + shortest_decimal(std::round(1e4 * measured.seconds) / 1e4) +
              " s here just now, and time grows with their number"};
}

}  // namespace

MapFiles add_outputs(AppFiles& files, AppRun const& run) {
  return {files.output("--output", run.options.output, "output.file", FileUse::writes_data),
          files.output("--summary", run.options.summary, "output.summary", FileUse::writes)};
}

int run_map(AppRun const& run) {
  SpreadRequest const request = read_spread(run.config, run.options, builtin_potentials());
  AppFiles files(run);
  auto const [output, summary_file] = add_outputs(files, run);
  run.config.reject_unknown();
  files.require_usable();
  InputRecord const input = record_input(run.config, run.options.precision, run.comm);
  if (run.options.check) {
    require_memory(run.comm, memory_needed(request, run.comm.rank(), run.comm.size()), request.space);
    return tell(run, forecast(request, run.comm));
  }

  SpreadResult const result = interruptible([&] { return compute_spread(request, run.comm); });
  nlohmann::json summary = summarise_spread(request, result, run.comm);
  summary["provenance"] = provenance(run.comm, app_name, request.space, run.options.words, run.config.verbatim());
  summary["input"] = effective_keys(run.config);
  summary["units"] = units_json(read_units(run.config), summary);
  // Clang 15 captures no structured binding.
  agree(run.comm, [&, &target = output] {
    if (run.comm.is_root() && target) keep_former(run, *target);
  });
  if (output) write_spread(*output, run.comm, request, result, summary, input);
  agree(run.comm, [&, &target = summary_file] {
    if (run.comm.is_root() && target) write_summary(*target, summary, run);
  });
  if (run.comm.is_root() && !run.options.quiet) {
    tell(request, result, summary);
    if (output) std::printf("  written to %s\n", printable(output->string()).c_str());
  }
  return exit_code::success;
}

}  // namespace kramers::spread

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "report.hpp"

#include <kramers/base/text.hpp>
#include <kramers/dynamics/studies/study_memory.hpp>
#include <kramers/dynamics/studies/study_units.hpp>
#include <kramers/runtime/app_files.hpp>
#include <kramers/runtime/collective_errors.hpp>
#include <kramers/runtime/provenance.hpp>
#include <kramers/runtime/recorded_input.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace kramers::langevin {
namespace {

std::string hex(std::uint64_t value) {
  char text[19];
  std::snprintf(text, sizeof text, "0x%016llx", static_cast<unsigned long long>(value));
  return text;
}

nlohmann::json basics(StudyParams const& params, AppRun const& run) {
  return {{"app", "kramers-langevin"},
          {"version", version()},
          {"space", params.request.space},
          {"precision", params.request.precision},
          {"ranks", run.comm.size()},
          {"threads", thread_count(params.request.space)},
          {"walkers", params.request.params.walkers},
          {"steps", params.steps},
          {"equilibrate", params.equilibrate}};
}

double number(nlohmann::json const& json) {
  return json.is_number() ? json.get<double>() : 0.0;
}

/// A line of one observable, and what is to be said of it.
void print(std::string const& name, nlohmann::json const& estimate, std::string const& unit) {
  auto const known = [](nlohmann::json const& json) { return json.is_number() && std::isfinite(json.get<double>()); };
  std::printf("  %-32s", name.c_str());
  if (known(estimate["value"])) {
    std::printf(" %14.7g", number(estimate["value"]));
  } else {
    std::printf(" %14s", "unknown");
  }
  if (known(estimate["stderr"])) {
    std::printf("  +- %.2g", number(estimate["stderr"]));
  } else if (estimate.contains("interval")) {
    std::printf("  [%.3g, %.3g] at 95 %%", number(estimate["interval"][0]), number(estimate["interval"][1]));
  }
  std::printf("%s\n", unit.c_str());
  if (estimate.contains("note")) std::printf("      %s\n", estimate["note"].get<std::string>().c_str());
}

}  // namespace

Outputs read_outputs(AppRun const& run, StudyParams& params) {
  AppFiles files(run);
  Outputs outputs{files.output("--output", run.options.output, "output.file", FileUse::writes_data),
                  files.output("--summary", run.options.summary, "output.summary", FileUse::writes)};
  if (params.checkpoint.empty()) {
    auto const file = run.config.find_output("output.file");
    params.checkpoint = outputs.results.value_or(file.value_or(run.options.input.filename()));
    params.checkpoint.replace_extension(".checkpoint.h5");
  }
  // A signal makes any run write one.
  files.add("the checkpoint", params.checkpoint,
            params.checkpoint_every > 0 ? FileUse::writes_data : FileUse::may_write);
  files.require_usable();
  return outputs;
}

nlohmann::json findings(Study& study, StudyResults const& results) {
  nlohmann::json found = {{"state_hash", hex(study.state_hash())},
                          {"observables", results.observables},
                          {"references", results.references},
                          {"checks", nlohmann::json::object()},
                          {"warnings", results.warnings}};
  for (Check const& check : results.checks) {
    found["checks"][check.name] = {
        {"value", check.found.value}, {"stderr", check.found.stderr_}, {"expected", check.expected}, {"z", check.z}};
  }
  return found;
}

namespace {

/// Which ranks did what.
nlohmann::json work(Study& study, nlohmann::json kinds) {
  std::vector<double> const speeds = study.speeds();
  for (auto& kind : kinds) {
    std::int64_t walkers = 0, fewest = study.params().request.params.walkers, most = 0;
    double speed = 0;
    for (int const rank : ranks_of(kind)) {
      std::int64_t const mine = study.division().range_of(rank).size();
      walkers += mine;
      fewest = std::min(fewest, mine);
      most = std::max(most, mine);
      speed += speeds[static_cast<std::size_t>(rank)];
    }
    kind["walkers"] = walkers;
    kind["walkers_of_a_rank"] = {fewest, most};
    kind["walker_steps_per_s"] = speed;
  }
  return {{"moves", study.moves()}, {"kinds", std::move(kinds)}};
}

nlohmann::json summarise(Study& study, StudyResults const& results, AppRun const& run) {
  StudyParams const params = study.params_so_far();
  nlohmann::json summary = basics(params, run);
  double const seconds = run.comm.max(study.seconds());
  auto const done = static_cast<double>(study.steps_done() * params.request.params.walkers);
  auto const state = run.comm.sum(static_cast<std::int64_t>(study.ensemble().state_bytes()));
  auto const extra = run.comm.sum(static_cast<std::int64_t>(study.ensemble().extra_bytes()));
  summary["wall_s"] = seconds;
  summary["walker_steps_per_s"] = seconds > 0 ? done / seconds : 0.0;
  summary["memory"] = {{"state_bytes", state},
                       {"work_bytes", extra},
                       {"peak_resident_bytes_per_rank", peak_memory(run.comm)},
                       {"estimated_bytes_per_rank",
                        run.comm.max(host_bytes(memory_needed(params, study.ensemble().range(), run.comm.size()),
                                                params.request.space))}};
  if (run.comm.size() > 1) {
    nlohmann::json const kinds = rank_kinds(run.comm, params.request.space);
    summary["space"] = spaces_text(kinds);
    summary["work"] = work(study, kinds);
  }
  summary.update(findings(study, results));
  if (params.steps < study.params().steps) {
    summary["partial"] = {{"steps", params.steps}, {"of", study.params().steps}};
  }
  summary["provenance"] =
      provenance(run.comm, "kramers-langevin", params.request.space, run.options.words, run.config.verbatim());
  summary["input"] = effective_keys(run.config);
  summary["units"] = units_json(params.units, summary);
  return summary;
}

}  // namespace

Findings find_out(Study& study, AppRun const& run) {
  Findings found{evaluate(study), {}};
  add_references(study.params_so_far(), found.results);
  found.summary = summarise(study, found.results, run);
  return found;
}

nlohmann::json summarise(Replay const& path, StudyParams const& params, AppRun const& run) {
  nlohmann::json summary = basics(params, run);
  auto const d = static_cast<std::ptrdiff_t>(params.request.potential->dimension());
  WalkerState const& last = path.states.back();
  summary["replay"] = {{"walker", *run.options.replay},
                       {"first_step", path.steps.front()},
                       {"last_step", path.steps.back()},
                       {"position", std::vector<double>(last.position.begin(), last.position.begin() + d)},
                       {"velocity", std::vector<double>(last.velocity.begin(), last.velocity.begin() + d)}};
  summary["units"] = units_json(params.units, summary);
  return summary;
}

void write_results_file(Outputs const& outputs, Study const& study, Findings const& found, InputRecord const& input,
                        AppRun const& run) {
  if (!outputs.results) return;
  agree(run.comm, [&] {
    if (run.comm.is_root()) keep_former(run, *outputs.results);
  });
  write_results(*outputs.results, study, found.results, found.summary, found.summary["provenance"], input);
}

void write_summary_file(Outputs const& outputs, nlohmann::json const& summary, AppRun const& run) {
  agree(run.comm, [&] {
    if (run.comm.is_root() && outputs.summary) write_summary(*outputs.summary, summary, run);
  });
}

void write(Outputs const& outputs, nlohmann::json const& summary, AppRun const& run) {
  write_summary_file(outputs, summary, run);
  agree(run.comm, [&] {
    if (run.comm.is_root() && !run.options.quiet) print(summary);
  });
}

void report_interruption(Study const& study, int signal) {
  if (!study.comm().is_root()) return;
  if (!study.has_begun()) {
    std::fprintf(stderr, "kramers-langevin: stopped by signal %d before the first step; start it again\n", signal);
    return;
  }
  std::fprintf(stderr,
               "kramers-langevin: stopped by signal %d at step %lld of %lld; go on with --resume (checkpoint %s)\n",
               signal, static_cast<long long>(study.step()), static_cast<long long>(study.params().last_step()),
               printable(study.params().checkpoint.string()).c_str());
}

void print(nlohmann::json const& summary) {
  if (summary.contains("replay")) {
    std::printf("%s\n", summary["replay"].dump(2).c_str());
    return;
  }
  std::printf("%s walkers x %s steps on %s (%s), %d ranks x %d threads: %.2f s, %.3g walker-steps/s\n",
              summary["walkers"].dump().c_str(), summary["steps"].dump().c_str(),
              summary["space"].get<std::string>().c_str(), summary["precision"].get<std::string>().c_str(),
              summary["ranks"].get<int>(), summary["threads"].get<int>(), number(summary["wall_s"]),
              number(summary["walker_steps_per_s"]));
  if (summary.contains("work") && summary["work"]["kinds"].size() > 1) {
    for (auto const& kind : summary["work"]["kinds"]) {
      auto const ranks = kind["ranks"].get<std::string>();
      bool const is_one = ranks.find_first_of(",-") == std::string::npos;
      std::printf("  rank%s %s: %s (%s), %d threads, Kokkos %s: %s walkers, %.3g walker-steps/s\n", is_one ? "" : "s",
                  ranks.c_str(), kind["space"].get<std::string>().c_str(),
                  printable(kind.value("device", kind["cpu"].get<std::string>())).c_str(), kind["threads"].get<int>(),
                  kind["kokkos_version"].get<std::string>().c_str(), kind["walkers"].dump().c_str(),
                  number(kind["walker_steps_per_s"]));
    }
  }
  std::printf("state hash %s, peak memory %.0f MB per rank\n\n", summary["state_hash"].get<std::string>().c_str(),
              number(summary["memory"]["peak_resident_bytes_per_rank"]) / 1e6);
  if (summary.contains("until")) std::printf("%s\n\n", summary["until"]["says"].get<std::string>().c_str());
  nlohmann::json const& units = summary["units"];
  auto const unit_of = [&](std::string const& name) {
    std::string const unit = units["system"] == "reduced" ? "1" : units["quantities"].value(name, "1");
    return unit == "1" ? std::string() : "  " + unit;
  };
  for (auto const& entry : summary["observables"].items()) print(entry.key(), entry.value(), unit_of(entry.key()));
  auto const is_exact = [](std::string const& name) { return name.find("_exact") != std::string::npos; };
  for (bool const exact : {true, false}) {
    for (auto const& [name, value] : summary["references"].items()) {
      if (!value.is_number() || is_exact(name) != exact) continue;
      std::printf("  %-32s %14.7g%s  (%s)\n", name.c_str(), number(value), unit_of(name).c_str(),
                  exact ? "exact" : "theory");
    }
  }
  if (summary["references"].contains("regime")) {
    std::printf("  %-32s %s\n", "regime", summary["references"]["regime"].get<std::string>().c_str());
  }
}

}  // namespace kramers::langevin

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "run_rare.hpp"

#include <kramers/base/text.hpp>
#include <kramers/dynamics/studies/rare_study.hpp>
#include <kramers/dynamics/studies/study_units.hpp>
#include <kramers/runtime/checkpoints.hpp>
#include <kramers/runtime/collective_errors.hpp>
#include <kramers/runtime/forecast.hpp>
#include <kramers/runtime/h5.hpp>
#include <kramers/runtime/provenance.hpp>
#include <kramers/runtime/recorded_input.hpp>
#include <kramers/runtime/signals.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

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
  std::int64_t const all = has_repeats(request.method) ? request.splitting.repeats : request.shooting.pairs;
  std::string of = " pairs of paths";
  if (request.method == RareMethod::splitting) {
    of = " repeats of " + std::to_string(request.splitting.selection.replicas) + " replicas";
  } else if (request.method == RareMethod::weighted_ensemble) {
    of = " repeats of " + std::to_string(request.weighted.warm_up + request.weighted.cycles) + " intervals";
  }
  Forecast answer{"an exact rate and no walkers", 0, {}, "takes a second at most"};
  if (request.method == RareMethod::exact) return answer;
  std::int64_t const mine = (all + comm.size() - 1) / comm.size();
  kramers::Sample measured;
  agree(comm, [&] {
    // Two repeats at least, of which there is a mean.
    measured = measure_sample(
        has_repeats(request.method) ? 1 : 16, std::max<std::int64_t>(1, mine / 2), [&](std::int64_t size) {
          RareRequest sample = request;
          sample.splitting.repeats = sample.shooting.pairs = 2 * size;
          sample.splitting.kept_paths = 0;
          return interruptible([&] { return compute_rare(sample, Communicator::self()).seconds; });
        });
  });
  double const memory = host_bytes(memory_needed(request, comm.rank(), comm.size()), request.space);
  return {std::to_string(all) + of, comm.max(memory),
          comm.max(measured.seconds_each() * 0.5 * static_cast<double>(mine)),
          std::to_string(2 * measured.size) + of + " took " +
              shortest_decimal(std::round(1e3 * measured.seconds) / 1e3) + " s here just now"};
}

/// All that decides the results. Data of the potential count, not the name of their file nor the place in it.
std::string fingerprint(RareRequest const& request, Config const& config) {
  nlohmann::json keys = effective_keys(config);
  erase_places(keys,
               {"/checkpoint", "/output", "/rare/batch", "/potential/file", "/potential/columns", "/potential/set"});
  keys["potential"]["data"] = request.potential->data_hash();
  keys["paths"] = request.splitting.kept_paths;
  keys["format"] = 3;
  return keys.dump();
}

/// A run in repeats, which a signal may stop and --resume continues.
class StoppableRun {
 public:
  StoppableRun(AppRun const& run, RareRequest& request, KeptRepeats kept)
      : m_run(run), m_request(request), m_kept(std::move(kept)) {}

  /// Read what an earlier run has kept, or find out how many replicas it takes.
  void prepare() {
    if (m_run.options.resume) {
      std::int64_t& replicas = m_request.splitting.selection.replicas;
      agree(m_run.comm, [&] {
        if (!m_run.comm.is_root()) return;
        KeptRepeats::Found found = m_kept.read(m_request.splitting);
        replicas = found.replicas;
        m_keeping.done = std::move(found.repeats);
      });
      m_run.comm.broadcast(replicas);
      return;
    }
    if (m_request.target_error) {
      m_request = interruptible([&] { return sized_by_pilot(std::move(m_request), m_run.comm); });
    }
  }

  /// What was found; nothing where a signal has ended it.
  std::optional<RareResult> compute() {
    begin_to_keep();
    m_keeping.stop = [this] { return m_stop.signal() != 0; };
    RareResult result = compute_rare(m_request, m_run.comm, m_keeping);
    if (result.repeats_done == m_request.splitting.repeats && !result.lacks_paths) return result;
    m_done = result.repeats_done - m_run.comm.sum(m_lost);
    return std::nullopt;
  }

  /// Remove what the results have made needless.
  void conclude() const {
    if (m_keeps && m_run.comm.is_root()) m_kept.remove();
  }

  /// Say how a run that was stopped goes on. Returns the exit code.
  int report() const {
    int const signal = m_stop.signal(m_run.comm);
    if (m_run.comm.is_root()) {
      std::string const how = m_keeps ? "go on with --resume (repeats in " + printable(m_kept.folder().string()) + ")"
                                      : "start it again, with a smaller rare.batch if it is to be stopped again";
      std::fprintf(stderr, "%s: stopped by signal %d with %lld of %lld repeats done; %s\n", app_name, signal,
                   static_cast<long long>(m_keeps ? m_done : 0), static_cast<long long>(m_request.splitting.repeats),
                   how.c_str());
    }
    return 128 + signal;
  }

 private:
  /// A run of one batch is short, or has nothing whole before its end: it leaves no files.
  void begin_to_keep() {
    m_keeps = h5::available() && (m_run.options.resume || is_divided(m_request, m_run.comm.size()));
    if (!m_keeps) return;
    bool can_be_made = true;
    agree(m_run.comm, [&] {
      if (!m_run.comm.is_root() || m_run.options.resume) return;
      try {
        m_kept.begin(m_request.splitting.selection.replicas);
      } catch (IoError const& error) {
        warn(error);
        can_be_made = false;
      }
    });
    m_keeps = m_run.comm.min(std::int64_t{can_be_made ? 1 : 0}) == 1;
    if (!m_keeps) return;
    m_keeping.keep = [this](std::vector<NumberedRepeat> const& repeats) {
      try {
        m_kept.keep(repeats);
      } catch (IoError const& error) {
        m_lost += std::ssize(repeats);
        warn(error);
      }
    };
  }

  static void warn(IoError const& error) {
    std::fprintf(stderr, "%s: warning: not kept for --resume: %s\n", app_name, printable(error.what()).c_str());
  }

  AppRun const& m_run;
  RareRequest& m_request;
  KeptRepeats m_kept;
  StopRequest m_stop;
  RareKeeping m_keeping;
  std::int64_t m_done = 0, m_lost = 0;  // of all ranks; of this rank, because their file could not be written
  bool m_keeps = false;
};

}  // namespace

RareFiles add_outputs(AppFiles& files, AppRun const& run) {
  RareFiles outputs{files.output("--output", run.options.output, "output.file", FileUse::writes_data),
                    files.output("--summary", run.options.summary, "output.summary", FileUse::writes),
                    {}};
  auto const folder = run.config.find_output("checkpoint.folder");
  auto const named = run.config.find_output("output.file");
  std::filesystem::path usual = outputs.output.value_or(named.value_or(run.options.input.filename()));
  outputs.kept = folder.value_or(usual.replace_extension(".repeats"));
  return outputs;
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

  bool const splits = has_repeats(request.method);
  if (run.options.resume && !splits) {
    throw UsageError("--resume continues runs in repeats, by splitting or of a weighted ensemble; leave it out");
  }
  StoppableRun stoppable(run, request, KeptRepeats(outputs.kept, fingerprint(request, run.config)));
  if (splits) stoppable.prepare();
  require_memory(run.comm, memory_needed(request, run.comm.rank(), run.comm.size()), request.space);
  RareResult result;
  if (splits) {
    auto found = stoppable.compute();
    if (!found) return stoppable.report();
    result = std::move(*found);
  } else {
    result = interruptible([&] { return compute_rare(request, run.comm); });
  }
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
  stoppable.conclude();
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

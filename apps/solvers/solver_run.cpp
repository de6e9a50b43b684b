// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "solver_run.hpp"

#include <kramers/base/text.hpp>
#include <kramers/runtime/collective_errors.hpp>
#include <kramers/runtime/provenance.hpp>
#include <kramers/runtime/recorded_input.hpp>
#include <kramers/runtime/signals.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

namespace kramers::solvers {
namespace {

void print_warning(AppRun const& run, std::string const& sentence) {
  if (!run.comm.is_root()) return;
  std::fprintf(stderr, "%s: warning: %s\n", run.app.c_str(), printable(sentence).c_str());
}

}  // namespace

SolverFiles add_outputs(AppFiles& files, AppRun const& run) {
  SolverFiles named{files.output("--output", run.options.output, "output.file", FileUse::writes_data),
                    files.output("--summary", run.options.summary, "output.summary", FileUse::writes),
                    {}};
  named.checkpoint_every = run.config.non_negative<std::int64_t>("checkpoint.every", std::int64_t{0});
  if (auto const file = run.config.find_output("checkpoint.file")) {
    named.checkpoint = *file;
  } else {
    named.checkpoint = named.output.value_or(run.options.input.filename());
    named.checkpoint.replace_extension(".checkpoint.h5");
  }
  // A signal makes any run write one.
  files.add("the checkpoint", named.checkpoint, named.checkpoint_every > 0 ? FileUse::writes_data : FileUse::may_write);
  return named;
}

SolverFiles claim_files(AppRun const& run) {
  AppFiles files(run);
  SolverFiles const outputs = add_outputs(files, run);
  run.config.reject_unknown();
  files.require_usable();
  return outputs;
}

AppWord gpu_aware_option() {
  return {"--gpu-aware",
          "messages straight from the memory of kernels: auto (where MPI says that it can), on or off",
          "WHEN",
          {"auto", "on", "off"}};
}

grids::MessagePath messages_of(AppRun const& run) {
  auto const given = run.options.own.find("--gpu-aware");
  return grids::decide_messages(given == run.options.own.end() ? "auto" : given->second, run.options.space, run.comm);
}

bool verifies(AppRun const& run) {
  return run.options.own.contains("--verify");
}

Forecast sampled_forecast(std::string work, std::vector<MemoryNeed> const& needs, std::string const& space,
                          std::int64_t most, std::string const& unit,
                          std::function<double(std::int64_t)> const& seconds) {
  auto const measured =
      measure_sample(16, most, [&](std::int64_t size) { return interruptible([&] { return seconds(size); }); });
  return {std::move(work), host_bytes(needs, space), measured.seconds_each() * static_cast<double>(most),
          std::to_string(measured.size) + " " + unit + " took " +
              shortest_decimal(std::round(1e3 * measured.seconds) / 1e3) + " s here just now"};
}

CellProgress::CellProgress(AppRun const& run, std::int64_t cells, std::int64_t steps, std::string label)
    : m_run(run),
      m_total(static_cast<std::uint64_t>(cells) * static_cast<std::uint64_t>(steps)),
      m_label(std::move(label)) {}

void CellProgress::operator()(std::uint64_t done) {
  if (m_shown) return m_shown->update(done);
  Progress::Options shown;
  shown.quiet = m_run.options.quiet;
  shown.unit = "cells";
  shown.start = done;
  m_shown.emplace(m_run.comm, m_total, m_label, shown);
}

void CellProgress::warn(std::string const& sentence) {
  if (m_shown) m_shown->end_line();
  print_warning(m_run, sentence);
}

CheckpointPlan checkpoint_plan(AppRun const& run, SolverFiles const& files, std::string const& unit) {
  CheckpointPlan plan;
  plan.file = files.checkpoint;
  plan.every = files.checkpoint_every;
  plan.resumes = run.options.resume;
  plan.overwrites = run.options.overwrite;
  plan.quiet = run.options.quiet;
  plan.unit = unit;
  plan.warn = [&run](std::string const& sentence) { print_warning(run, sentence); };
  return plan;
}

int interrupted(AppRun const& run, CheckpointPlan const& plan, int signal, std::int64_t done, std::int64_t all) {
  if (run.comm.is_root() && done == 0) {
    std::fprintf(stderr, "%s: stopped by signal %d before the first %s; start it again\n", run.app.c_str(), signal,
                 plan.unit.c_str());
  } else if (run.comm.is_root()) {
    std::fprintf(stderr, "%s: stopped by signal %d at %s %lld of %lld; go on with --resume (checkpoint %s)\n",
                 run.app.c_str(), signal, plan.unit.c_str(), static_cast<long long>(done), static_cast<long long>(all),
                 printable(plan.file.string()).c_str());
  }
  return 128 + signal;
}

int conclude(AppRun const& run, SolverFiles const& files, std::string const& space, nlohmann::json summary,
             Findings const& findings) {
  Communicator const& comm = run.comm;
  summary["messages"] = {{"memory", findings.messages.memory}, {"why", findings.messages.why}};
  if (findings.published) summary["verification"] = grids::verdict_of(*findings.published);
  summary["provenance"] = provenance(comm, run.app, space, run.options.words, run.config.verbatim());
  summary["input"] = effective_keys(run.config);
  agree(comm, [&] {
    if (comm.is_root() && files.output) keep_former(run, *files.output);
  });
  if (files.output) findings.write(*files.output, summary);
  agree(comm, [&] {
    if (comm.is_root() && files.summary) write_summary(*files.summary, summary, run);
  });
  if (comm.is_root() && !run.options.quiet) {
    if (findings.published) std::fputs(grids::verdict_text(*findings.published).c_str(), stdout);
    findings.print(summary);
    if (comm.size() > 1) {
      std::printf("  messages               %s: %s\n", findings.messages.memory.c_str(), findings.messages.why.c_str());
    }
    if (files.output) std::printf("  written to %s\n", printable(files.output->string()).c_str());
    std::fflush(stdout);  // before what standard error says
    for (std::string const& warning : findings.warnings) print_warning(run, warning);
  }
  if (findings.published && !grids::all_passed(*findings.published)) return exit_code::failure;
  return run.options.strict && !findings.warnings.empty() ? exit_code::warnings : exit_code::success;
}

}  // namespace kramers::solvers

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/text.hpp>
#include <kramers/runtime/best_build.hpp>
#include <kramers/runtime/command_line.hpp>
#include <kramers/runtime/memory_problem.hpp>
#include <kramers/runtime/provenance.hpp>
#include <kramers/runtime/recorded_input.hpp>
#include <kramers/runtime/signals.hpp>

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <thread>
#include <utility>

#include "same_start.hpp"

namespace kramers {

namespace {

bool is_set(char const* variable) {
  return std::getenv(variable) != nullptr;
}

/// The processors this process may use, shared with the other ranks of the machine if nobody has divided them.
int fair_thread_count(int local_ranks) {
  auto const all = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  cpu_set_t allowed[16] = {};  // one has 1024 processors, and Linux refuses to fill a set that is smaller than its own
  int const mine = sched_getaffinity(0, sizeof allowed, allowed) == 0 ? CPU_COUNT_S(sizeof allowed, allowed) : all;
  long const online = sysconf(_SC_NPROCESSORS_ONLN);
  return mine < online ? mine : std::max(1, mine / local_ranks);
}

/// Threads for Kokkos, unless the environment says how many.
std::optional<int> threads_of(Communicator const& machine) {
  if (is_set("OMP_NUM_THREADS") || is_set("KOKKOS_NUM_THREADS")) return std::nullopt;
  return fair_thread_count(machine.size());
}

/// The device of this rank, unless the environment says which.
std::optional<int> device_of(Communicator const& machine, std::optional<int> planned) {
  int const devices = device_count();
  if (devices == 0 || is_set("KOKKOS_DEVICE_ID") || is_set("KOKKOS_MAP_DEVICE_ID_BY")) return std::nullopt;
  return planned.value_or(machine.rank() % devices);
}

/// Says at the end of the scope, where the body is through or gave up, what the user should change.
class WarningsAtEnd {
 public:
  WarningsAtEnd(std::string const& program, AppRun const& run, KokkosSession const& kokkos)
      : m_program(program), m_run(run), m_kokkos(kokkos) {}
  ~WarningsAtEnd() {
    if (!m_run.comm.is_root() || m_run.options.quiet) return;
    std::fflush(stdout);
    for (auto const& warning : m_kokkos.warnings()) tell(warning);
    for (auto const& warning : m_run.config.warnings()) tell(warning);
  }
  WarningsAtEnd(WarningsAtEnd const&) = delete;
  WarningsAtEnd& operator=(WarningsAtEnd const&) = delete;

 private:
  void tell(std::string const& warning) const {
    std::fprintf(stderr, "%s: warning: %s\n", m_program.c_str(), printable(warning).c_str());
  }

  std::string const& m_program;
  AppRun const& m_run;
  KokkosSession const& m_kokkos;
};

/// What decides a run but for where it computes, which may differ: bits are the same on every space.
std::vector<std::string> deciding_words(AppInfo const& info, std::variant<CommandLine, Answer> const& parsed) {
  std::vector<std::string> words{"the program " + info.name + " " + source_text()};
  if (std::holds_alternative<Answer>(parsed)) {
    words.emplace_back("a question about itself");
    return words;
  }
  auto const& line = std::get<CommandLine>(parsed);
  auto const add = [&](std::string const& name, std::string const& value) { words.push_back(name + " " + value); };
  auto const file = [](std::optional<std::filesystem::path> const& path) { return path ? path->string() : "absent"; };
  if (!line.command.empty()) add("the command", line.command);
  for (auto const& path : line.files) add("the file", path.string());
  add("the input", line.input.string());
  for (auto const& assignment : line.sets) add("--set", assignment);
  for (auto const& [name, value] : line.own) add(name, value);
  add("--precision", line.precision);
  add("--topology", line.topology);
  add("--resume", line.resume ? "given" : "absent");
  add("--strict", line.strict ? "given" : "absent");
  add("--replay", line.replay ? std::to_string(*line.replay) : "absent");
  add("--output", file(line.output));
  add("--summary", file(line.summary));
  add("--overwrite", line.overwrite ? "given" : "absent");
  add("--check", line.check ? "given" : "absent");
  add("--keys", line.keys.value_or("absent"));
  add("--template", line.sample.value_or("absent"));
  return words;
}

InputGuide const& guide_of(AppInfo const& info, CommandLine const& options) {
  if (options.command.empty()) return info.guide;
  return std::ranges::find(info.commands, options.command, &AppInfo::name)->guide;
}

/// A question about the input; readers may compute, for which they need Kokkos.
void answer(Communicator const& comm, InputGuide const& guide, CommandLine const& options) {
  KokkosSession const kokkos(1, std::nullopt);
  agree(comm, [&] {
    if (!comm.is_root()) return;
    std::string const text =
        options.keys ? keys_text(guide, options, *options.keys) : template_text(guide, options, *options.sample);
    std::fputs(text.c_str(), stdout);
  });
}

/// A file of results is run again in the precision in which it was run.
void take_precision(Communicator const& comm, CommandLine& options) {
  std::string precision = options.precision;
  agree(comm, [&] {
    if (comm.is_root() && is_hdf5(options.input)) precision = read_recorded_input(options.input).precision;
  });
  comm.broadcast(precision);
  options.precision = precision;
}

/// Run the body; an array that found no room is told in a sentence, while Kokkos knows which device it was for.
int run_body(std::function<int(AppRun const&)> const& body, AppRun const& run) {
  try {
    return body(run);
  } catch (std::exception const& failure) {
    auto const problem = memory_problem(failure.what(), host_memory(), device_of_space(run.options.space));
    if (problem) throw MachineError(*problem);
    throw;
  }
}

}  // namespace

int run_app(int argc, char** argv, AppInfo const& info, std::function<int(AppRun const&)> const& body) {
  auto const other_build = become_best_build(argv);
  StopRequest const stop;  // from the first moment to the last
  MpiSession const mpi(argc, argv);
  auto const comm = Communicator::world();
  return run_guarded(comm, info.name, [&] {
    if (other_build) throw UsageError(*other_build);
    auto parsed = parse_command_line(argc, argv, info);
    detail::expect_same_start(comm, deciding_words(info, parsed));
    if (auto const* answer = std::get_if<Answer>(&parsed)) {
      if (comm.is_root()) std::fputs(answer->text.c_str(), stdout);
      return exit_code::success;
    }
    auto& options = std::get<CommandLine>(parsed);
    if (options.keys || options.sample) {
      answer(comm, guide_of(info, options), options);
      return exit_code::success;
    }
    auto config =
        options.input.empty() ? Config::from_text("", "command line") : Config::from_file(options.input, comm);
    if (!options.chose_precision) take_precision(comm, options);
    for (auto const& assignment : options.sets) config.set(assignment);
    // Before Kokkos starts its threads, which inherit where this one may run.
    Placement placement;
    if (info.place && options.topology != "off") placement = info.place(comm, options.topology);
    auto const machine = comm.local();
    KokkosSession const kokkos(threads_of(machine), device_of(machine, placement.device));
    AppRun const run{comm, std::move(options), std::move(config), std::move(placement.report), info.name};
    WarningsAtEnd const warnings(info.name, run, kokkos);
    return run_body(body, run);
  });
}

}  // namespace kramers

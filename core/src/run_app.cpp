// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/core/command_line.hpp>
#include <kramers/core/file.hpp>

#include <Kokkos_Core.hpp>

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <thread>
#include <utility>

namespace kramers {

namespace {

bool is_set(char const* variable) {
  return std::getenv(variable) != nullptr;
}

/// The processors this process may use, shared with the other ranks of the machine if nobody has divided them.
int fair_thread_count(int local_ranks) {
  auto const all = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  int const mine = sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : all;
  long const online = sysconf(_SC_NPROCESSORS_ONLN);
  return mine < online ? mine : std::max(1, mine / local_ranks);
}

Kokkos::InitializationSettings kokkos_settings(Communicator const& comm, std::optional<int> planned_device) {
  auto const machine = comm.local();
  Kokkos::InitializationSettings settings;
  // The warnings are about thread binding, which is the business of who starts the program.
  settings.set_disable_warnings(true);
  if (!is_set("OMP_NUM_THREADS") && !is_set("KOKKOS_NUM_THREADS")) {
    settings.set_num_threads(fair_thread_count(machine.size()));
  }
  int const devices = Kokkos::num_devices();
  if (devices > 0 && !is_set("KOKKOS_DEVICE_ID") && !is_set("KOKKOS_MAP_DEVICE_ID_BY")) {
    settings.set_device_id(planned_device.value_or(machine.rank() % devices));
  }
  return settings;
}

}  // namespace

void write_summary(std::filesystem::path const& path, nlohmann::json summary, AppRun const& run) {
  summary["placement"] = run.placement;
  write_json_atomically(path, summary);
}

int run_app(int argc, char** argv, AppInfo const& info, std::function<int(AppRun const&)> const& body) {
  MpiSession const mpi(argc, argv);
  auto const comm = Communicator::world();
  return supervise(comm, info.name, [&] {
    auto parsed = parse_command_line(argc, argv, info);
    if (auto const* answer = std::get_if<Answer>(&parsed)) {
      if (comm.is_root()) std::fputs(answer->text.c_str(), stdout);
      return exit_code::success;
    }
    auto& options = std::get<CommandLine>(parsed);
    auto config =
        options.input.empty() ? Config::from_text("", "command line") : Config::from_file(options.input, comm);
    for (auto const& assignment : options.sets) config.set(assignment);
    // Before Kokkos starts its threads, which inherit where this one may run.
    Placement placement;
    if (info.place && options.topology != "off") placement = info.place(comm, options.topology);
    std::optional<Kokkos::ScopeGuard> kokkos;
    if (!Kokkos::is_initialized()) kokkos.emplace(kokkos_settings(comm, placement.device));
    return body(AppRun{comm, std::move(options), std::move(config), std::move(placement.report)});
  });
}

}  // namespace kramers

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "checks.hpp"

#include <kramers/base/error.hpp>
#include <kramers/runtime/build_config.hpp>
#include <kramers/runtime/h5.hpp>
#include <kramers/runtime/kokkos_session.hpp>
#include <kramers/runtime/memory_need.hpp>
#include <kramers/runtime/memory_problem.hpp>
#include <kramers/runtime/provenance.hpp>
#ifdef KRAMERS_HAVE_HWLOC
#include <kramers/topology/check.hpp>
#include <kramers/topology/machine.hpp>
#include <kramers/topology/process.hpp>
#endif

#include <sys/resource.h>
#include <unistd.h>
#ifdef __linux__
#include <sched.h>
#endif

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>

namespace kramers::doctor {

namespace {

using Findings = std::vector<Finding>;

std::string first_line(char const* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::string number_of(std::size_t count, std::string const& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

int allowed_cores() {
#ifdef __linux__
  cpu_set_t allowed[16] = {};  // one has 1024 processors
  if (sched_getaffinity(0, sizeof allowed, allowed) == 0) return CPU_COUNT_S(sizeof allowed, allowed);
#endif
  return static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
}

bool is_in_path(std::string const& program) {
  char const* const path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (access((folder + "/" + program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

void look_at_build(Findings& found) {
  bool const is_debug = std::string_view(KRAMERS_BUILD_TYPE) == "Debug";
  found.push_back({"build", is_debug ? Verdict::warning : Verdict::fine,
                   "kramers " + version_text() + ", " + KRAMERS_BUILD_TYPE,
                   is_debug ? "for results build a preset other than debug, which is ten times slower" : ""});
}

void look_at_devices(Findings& found) {
  if (!is_built_for_devices()) {
    bool const has_driver = access("/proc/driver/nvidia/version", R_OK) == 0 || access("/dev/kfd", R_OK) == 0;
    found.push_back({"device", has_driver ? Verdict::note : Verdict::fine,
                     has_driver ? "this machine has a GPU, for which this build has no backend" : "none built in",
                     has_driver ? "build the preset cuda or hip" : ""});
    return;
  }
  if (auto const problem = device_problem()) {
    found.push_back({"device", Verdict::wrong, *problem});
    return;
  }
  std::string names;
  for (Device const& device : driver_report().devices) {
    names += (names.empty() ? "" : "; ") + device.name + ", " + memory_text(device.memory);
  }
  found.push_back({"device", Verdict::fine, names});
}

/// Starts Kokkos, and says on what it would compute.
void look_at_threads(Findings& found) {
  std::string spaces;
  for (std::string const& space : space_names()) spaces += (spaces.empty() ? "" : ", ") + space;
  found.push_back({"spaces", Verdict::fine, spaces + " (Kokkos " + kokkos_version() + ")"});
  if (is_built_for_devices() && device_problem()) return;
  int const cores = allowed_cores();
  bool const is_told = std::getenv("OMP_NUM_THREADS") != nullptr || std::getenv("KOKKOS_NUM_THREADS") != nullptr;
  try {
    KokkosSession const kokkos(is_told ? std::nullopt : std::optional(cores), std::nullopt);
    int const threads = thread_count(space_names().front());
    bool const are_too_many = threads > cores;
    found.push_back(
        {"threads", are_too_many ? Verdict::warning : Verdict::fine,
         number_of(static_cast<std::size_t>(threads), "thread") + " a rank on " +
             number_of(static_cast<std::size_t>(cores), "allowed hardware thread"),
         are_too_many ? "set OMP_NUM_THREADS=" + std::to_string(cores) + ", or bind ranks to more cores" : ""});
    for (std::string const& warning : kokkos.warnings()) found.push_back({"threads", Verdict::warning, warning});
  } catch (Error const& error) {  // a variable of the environment at which programs end
    found.push_back({"threads", Verdict::wrong, error.what()});
  }
}

void look_at_mpi(Findings& found, MpiAnswer const& mpi) {
  if (!mpi.is_built_in) {
    found.push_back({"mpi", Verdict::note, "not built in: programs run as one rank", "build where CMake finds MPI"});
    return;
  }
  if (!mpi.failure.empty()) {
    found.push_back(
        {"mpi", Verdict::warning, mpi.library + ": " + mpi.failure,
         "inside a job: start it with the launcher of the machine; on a login node this may be as it should"});
    return;
  }
  auto const says = [](std::optional<bool> answer) { return !answer ? "does not say" : *answer ? "yes" : "no"; };
  found.push_back({"mpi", Verdict::fine,
                   mpi.library + "; takes device memory by its own account: CUDA " + says(mpi.takes_cuda) + ", ROCm " +
                       says(mpi.takes_rocm) + " (programs of kramers send host memory alone)"});
  bool const has_launcher =
      std::ranges::any_of(std::vector<std::string>{"mpirun", "mpiexec", "srun", "flux", "jsrun"}, is_in_path);
  if (!has_launcher) {
    found.push_back({"mpi", Verdict::note, "no launcher is in PATH", "load the module of MPI, or install mpirun"});
  }
}

void look_at_hdf5(Findings& found) {
  if (!h5::available()) {
    found.push_back({"hdf5", Verdict::warning, "not built in: no files of results and no checkpoints",
                     "build where CMake finds HDF5"});
    return;
  }
  found.push_back({"hdf5", Verdict::fine,
                   h5::parallel() ? "parallel: all ranks write at once" : "serial: rank 0 writes for all ranks"});
}

/// Whether it has an adapter whose messages need locked memory.
bool look_at_topology(Findings& found) {
#ifdef KRAMERS_HAVE_HWLOC
  namespace topo = topology;
  try {
    auto const machine = topo::Machine::load(topo::Source::this_system());
    auto const count = [&](auto const& is_one) {
      return static_cast<std::size_t>(std::ranges::count_if(machine.devices(), is_one));
    };
    std::size_t const nics =
        count([](topo::Device const& device) { return device.kind == topo::DeviceKind::fabric_nic; });
    found.push_back({"topology", Verdict::fine,
                     number_of(machine.cores().size(), "core") + ", " +
                         number_of(machine.numa_nodes().size(), "NUMA node") + ", " +
                         number_of(machine.gpus().size(), "GPU") + ", " + number_of(nics, "fabric NIC")});
    std::vector<topo::Binding> const mine{topo::this_binding()};
    for (topo::Finding const& finding : topo::check(machine, mine).findings) {
      // That one process may run everywhere is no fault outside of a job.
      if (finding.severity == topo::Severity::note || (finding.code == "UNBOUND" && !topo::local_rank())) continue;
      found.push_back({"topology", finding.severity == topo::Severity::wrong ? Verdict::wrong : Verdict::warning,
                       finding.what, finding.fix});
    }
    return nics > 0;
  } catch (Error const& error) {
    found.push_back({"topology", Verdict::warning, error.what()});
    return false;
  }
#else
  found.push_back({"topology", Verdict::note, "not built in: ranks are not placed", "build where CMake finds hwloc"});
  return false;
#endif
}

void look_at_clocks(Findings& found) {
  std::string const governor = first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
  std::string const source = first_line("/sys/devices/system/clocksource/clocksource0/current_clocksource");
  bool const is_low = governor == "powersave" && !std::filesystem::exists("/sys/devices/system/cpu/intel_pstate") &&
                      !std::filesystem::exists("/sys/devices/system/cpu/amd_pstate");
  bool const is_slow = source == "hpet" || source == "acpi_pm" || source == "jiffies";
  std::string const says = "governor " + (governor.empty() ? "unknown" : governor) + ", clock source " +
                           (source.empty() ? "unknown" : source);
  if (is_low) {
    found.push_back({"clocks", Verdict::warning, says, "processors stay slow: cpupower frequency-set -g performance"});
  } else if (is_slow) {
    found.push_back({"clocks", Verdict::note, says,
                     "reading the time is slow: boot with clocksource=tsc if the processor has a steady one"});
  } else {
    found.push_back({"clocks", Verdict::fine, says});
  }
}

std::string size_of(rlim_t bytes) {
  return bytes == RLIM_INFINITY ? "unlimited" : memory_text(bytes);
}

void look_at_limits(Findings& found, bool has_fabric) {
  rlimit stack{}, locked{}, space{}, files{};
  getrlimit(RLIMIT_STACK, &stack);
  getrlimit(RLIMIT_MEMLOCK, &locked);
  getrlimit(RLIMIT_AS, &space);
  getrlimit(RLIMIT_NOFILE, &files);
  constexpr rlim_t least_stack = rlim_t{1} << 20, least_files = 256;
  found.push_back({"limits", stack.rlim_cur < least_stack ? Verdict::wrong : Verdict::fine,
                   "stack " + size_of(stack.rlim_cur), stack.rlim_cur < least_stack ? "raise it: ulimit -s 8192" : ""});
  bool const is_locked_out = has_fabric && locked.rlim_cur != RLIM_INFINITY;
  found.push_back(
      {"limits", is_locked_out ? Verdict::warning : Verdict::fine, "locked memory " + size_of(locked.rlim_cur),
       is_locked_out ? "the network of this node needs it: ulimit -l unlimited, or ask the administrators" : ""});
  bool const is_limited = space.rlim_cur != RLIM_INFINITY;
  found.push_back({"limits", is_limited ? Verdict::note : Verdict::fine, "address space " + size_of(space.rlim_cur),
                   is_limited ? "GPUs and MPI reserve more than they use: ulimit -v unlimited" : ""});
  bool const are_few = files.rlim_cur < least_files;
  found.push_back({"limits", are_few ? Verdict::warning : Verdict::fine, "open files " + std::to_string(files.rlim_cur),
                   are_few ? "MPI opens some for each rank: ulimit -n 4096" : ""});
  MemoryLimit const memory = available_memory();
  found.push_back({"memory", Verdict::fine, memory_text(memory.bytes) + " " + memory.source});
}

}  // namespace

char const* name(Verdict verdict) {
  constexpr char const* names[] = {"ok", "note", "warning", "wrong"};
  return names[static_cast<std::size_t>(verdict)];
}

std::vector<Finding> look_at_all() {
  MpiAnswer const mpi = ask_mpi();  // by a child, which is to inherit no threads
  Findings found;
  look_at_build(found);
  look_at_devices(found);
  look_at_threads(found);
  look_at_mpi(found, mpi);
  look_at_hdf5(found);
  bool const has_fabric = look_at_topology(found);
  look_at_clocks(found);
  look_at_limits(found, has_fabric);
  return found;
}

}  // namespace kramers::doctor

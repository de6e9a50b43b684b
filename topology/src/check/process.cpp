// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/topology/error.hpp>
#include <kramers/topology/process.hpp>

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <sstream>
#include <string_view>
#include <vector>

#include "common/text_utils.hpp"

namespace kramers::topology {

namespace {

using Lookup = std::function<char const*(char const*)>;

std::optional<unsigned> number_in(Lookup const& get, char const* variable) {
  char const* const text = get(variable);
  return text == nullptr ? std::nullopt : detail::whole_number(text);
}

/// Tasks of Slurm's step on one node, out of "2(x3),1": the counts of its nodes in order.
std::optional<unsigned> slurm_tasks(std::string const& counts, unsigned node) {
  for (std::string const& part : detail::split(counts, ',')) {
    auto const times = part.find("(x");
    auto const tasks = detail::whole_number(part.substr(0, times));
    unsigned repeated = 1;
    if (times != std::string::npos)
      repeated = detail::whole_number(part.substr(times + 2, part.size() - times - 3)).value_or(0);
    if (!tasks) return {};
    if (node < repeated) return tasks;
    node -= repeated;
  }
  return {};
}

struct Launcher {
  char const* rank;
  char const* size;
  std::vector<char const*> job;
};

// mpirun's variables come before those of the Slurm job it may run in.
std::vector<Launcher> const& launchers() {
  static std::vector<Launcher> const all = {
      {.rank = "OMPI_COMM_WORLD_LOCAL_RANK", .size = "OMPI_COMM_WORLD_LOCAL_SIZE", .job = {"PMIX_NAMESPACE"}},
      {.rank = "MPI_LOCALRANKID", .size = "MPI_LOCALNRANKS", .job = {"PMI_JOBID"}},
      {.rank = "MV2_COMM_WORLD_LOCAL_RANK", .size = "MV2_COMM_WORLD_LOCAL_SIZE", .job = {}},
      {.rank = "PALS_LOCAL_RANKID", .size = "PALS_LOCAL_SIZE", .job = {"PALS_APID"}},
      {.rank = "PMI_LOCAL_RANK", .size = "PMI_LOCAL_SIZE", .job = {"PMI_JOBID"}},
      {.rank = "FLUX_TASK_LOCAL_ID", .size = nullptr, .job = {"FLUX_JOB_ID"}},
      {.rank = "JSM_NAMESPACE_LOCAL_RANK", .size = "JSM_NAMESPACE_LOCAL_SIZE", .job = {"LSB_JOBID"}},
      {.rank = "SLURM_LOCALID", .size = nullptr, .job = {"SLURM_JOB_ID", "SLURM_STEP_ID"}}};
  return all;
}

std::optional<LocalRank> local_rank_from(Lookup const& get) {
  for (Launcher const& launcher : launchers()) {
    auto const rank = number_in(get, launcher.rank);
    if (!rank) continue;
    LocalRank found{.rank = static_cast<int>(*rank), .size = 0, .job = "", .from = launcher.rank};
    if (launcher.size != nullptr) found.size = static_cast<int>(number_in(get, launcher.size).value_or(0));
    if (found.from == "SLURM_LOCALID") {
      // A batch script has SLURM_LOCALID=0 too, but no step that srun started has a name.
      char const* const step = get("SLURM_STEP_ID");
      char const* const tasks = get("SLURM_STEP_TASKS_PER_NODE");
      if (step == nullptr || tasks == nullptr) continue;
      found.size = static_cast<int>(slurm_tasks(tasks, number_in(get, "SLURM_NODEID").value_or(0)).value_or(0));
    }
    std::vector<std::string> words;
    for (char const* const variable : launcher.job) {
      if (char const* const text = get(variable)) words.emplace_back(text);
    }
    if (!launcher.job.empty() && words.size() == launcher.job.size()) found.job = detail::join(words, ".");
    return found;
  }
  return {};
}

CpuSet thread_mask() {
  // The kernel refuses masks shorter than its own, so the length is tried upwards.
  for (std::size_t cpus = 1024; cpus <= (std::size_t{1} << 20U); cpus *= 2) {
    cpu_set_t* const mask = CPU_ALLOC(cpus);
    if (mask == nullptr) break;
    std::size_t const bytes = CPU_ALLOC_SIZE(cpus);
    int const status = sched_getaffinity(0, bytes, mask);
    int const code = errno;
    CpuSet found;
    for (std::size_t cpu = 0; status == 0 && cpu < cpus; ++cpu) {
      if (CPU_ISSET_S(cpu, bytes, mask)) found.insert(static_cast<unsigned>(cpu));
    }
    CPU_FREE(mask);
    if (status == 0) return found;
    if (code != EINVAL) throw Error(std::string("the mask of this thread cannot be read: ") + std::strerror(code));
  }
  throw Error("the mask of this thread cannot be read");
}

/// MPOL_* of linux/mempolicy.h, which is not everywhere.
constexpr int policy_preferred = 1, policy_bind = 2, policy_interleave = 3, policy_local = 4, policy_preferred_many = 5;

void read_memory_policy([[maybe_unused]] Binding& binding) {
#ifdef SYS_get_mempolicy
  constexpr std::size_t nodes = 1024, bits = 8 * sizeof(unsigned long);
  std::array<unsigned long, nodes / bits> mask{};
  int mode = 0;
  if (syscall(SYS_get_mempolicy, &mode, mask.data(), nodes, nullptr, 0UL) != 0) return;  // a sandbox may forbid it
  for (std::size_t node = 0; node < nodes; ++node) {
    if ((mask[node / bits] >> (node % bits) & 1UL) != 0) binding.memory_nodes.insert(static_cast<unsigned>(node));
  }
  switch (mode & 0xff) {  // above are flags
    case policy_bind:
      binding.memory = MemoryMode::bind;
      break;
    case policy_interleave:
      binding.memory = MemoryMode::interleave;
      break;
    case policy_preferred:
    case policy_preferred_many:
      binding.memory = binding.memory_nodes.empty() ? MemoryMode::local : MemoryMode::preferred;
      break;
    case 0:
    case policy_local:
      binding.memory = MemoryMode::local;
      break;
    default:
      break;
  }
#endif
}

/// The value of a line "Key:\tvalue" of a status file of /proc; "" without one.
std::string status_line(std::string const& path, std::string const& key) {
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with(key + ":")) return std::string(detail::trimmed(line.substr(key.size() + 1)));
  }
  return "";
}

/// Is a GPU's device file there that this process may not open?
bool some_gpu_is_hidden() {
  std::error_code error;
  for (char const* const folder : {"/dev", "/dev/dri"}) {
    for (auto const& entry : std::filesystem::directory_iterator(folder, error)) {
      std::string const name = entry.path().filename().string();
      bool const gpu =
          name.starts_with("renderD") || (name.starts_with("nvidia") && detail::whole_number(name.substr(6)));
      if (gpu && access(entry.path().c_str(), R_OK | W_OK) != 0) return true;
    }
  }
  return false;
}

void read_environment(Binding& binding, Lookup const& get) {
  for (std::string const& variable : placement_variables()) {
    char const* const value = get(variable.c_str());
    if (value == nullptr) continue;
    // Devices and numbers are plain ASCII; anything else would not fit into JSON.
    std::string& text = binding.environment[variable] = value;
    std::replace_if(text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  }
  if (auto const rank = local_rank_from(get)) binding.rank = rank->rank;
}

}  // namespace

std::optional<LocalRank> local_rank() {
  return local_rank_from([](char const* name) { return std::getenv(name); });
}

Binding this_binding() {
  Binding binding;
  binding.cpus = thread_mask();
  std::string const mems = status_line("/proc/thread-self/status", "Mems_allowed_list");
  if (!mems.empty()) binding.mems = CpuSet::from_list(mems);
  read_memory_policy(binding);
  read_environment(binding, [](char const* name) { return std::getenv(name); });
  binding.gpus_hidden = some_gpu_is_hidden();
  return binding;
}

Binding binding_of(int pid) {
  std::string const folder = "/proc/" + std::to_string(pid);
  std::string const cpus = status_line(folder + "/task/" + std::to_string(pid) + "/status", "Cpus_allowed_list");
  if (cpus.empty()) throw UsageError("there is no process " + std::to_string(pid) + " on this machine");
  std::ifstream file(folder + "/environ", std::ios::binary);
  std::stringstream text;
  if (file) text << file.rdbuf();
  if (!file) {
    throw UsageError("the environment of process " + std::to_string(pid) +
                     " cannot be read: it belongs to another user");
  }
  std::map<std::string, std::string> variables;
  for (std::string const& entry : detail::split(text.str(), '\0')) {
    if (auto const equals = entry.find('='); equals != std::string::npos)
      variables[entry.substr(0, equals)] = entry.substr(equals + 1);
  }
  Binding binding;
  binding.cpus = CpuSet::from_list(cpus);
  std::string const mems = status_line(folder + "/status", "Mems_allowed_list");
  if (!mems.empty()) binding.mems = CpuSet::from_list(mems);
  read_environment(binding, [&variables](char const* name) -> char const* {
    auto const found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
  return binding;
}

void bind_this_thread(CpuSet const& cpus) {
  std::vector<unsigned> const members = cpus.members();
  std::size_t const size = members.empty() ? 1 : members.back() + 1;
  cpu_set_t* const mask = CPU_ALLOC(size);
  if (mask == nullptr) throw Error("out of memory");
  std::size_t const bytes = CPU_ALLOC_SIZE(size);
  CPU_ZERO_S(bytes, mask);
  for (unsigned const cpu : members) CPU_SET_S(cpu, bytes, mask);
  int const status = sched_setaffinity(0, bytes, mask);
  int const code = errno;
  CPU_FREE(mask);
  if (status != 0) {
    throw Error("this process cannot be bound to the hardware threads " + cpus.to_list() + ": " + std::strerror(code) +
                "; a cgroup may allow others only");
  }
}

}  // namespace kramers::topology

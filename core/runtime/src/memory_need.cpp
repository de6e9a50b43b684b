// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/runtime/collective_errors.hpp>
#include <kramers/runtime/kokkos_session.hpp>
#include <kramers/runtime/memory_need.hpp>
#include <kramers/runtime/memory_problem.hpp>

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <sstream>
#include <string_view>

namespace kramers {

namespace {

namespace fs = std::filesystem;

/// The first number of a file; nothing without one, as in "max".
std::optional<std::uint64_t> number_in(fs::path const& path) {
  std::ifstream file(path);
  std::uint64_t value = 0;
  if (!(file >> value)) return std::nullopt;
  return value;
}

/// The number after a word at the begin of a line; 0 without such a line.
std::uint64_t number_after(fs::path const& path, std::string_view word) {
  std::ifstream file(path);
  std::string first;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::uint64_t value = 0;
    if (words >> first >> value && first == word) return value;
  }
  return 0;
}

/// Names of what a version of cgroups says in files.
struct CgroupFiles {
  char const *limit, *used, *page_cache;
};
constexpr CgroupFiles version_1 = {"memory.limit_in_bytes", "memory.usage_in_bytes", "total_cache"};
constexpr CgroupFiles version_2 = {"memory.max", "memory.current", "file"};

/// What one cgroup leaves, if it has a limit.
std::optional<std::uint64_t> left_by(fs::path const& cgroup, CgroupFiles const& files) {
  auto const limit = number_in(cgroup / files.limit);
  if (!limit) return std::nullopt;
  std::uint64_t const used = number_in(cgroup / files.used).value_or(0);
  std::uint64_t const cache = std::min(used, number_after(cgroup / "memory.stat", files.page_cache));
  return *limit - std::min(*limit, used - cache);
}

void lower_to_cgroups(MemoryLimit& limit, fs::path const& mount, std::string path, CgroupFiles const& files) {
  // In a container the path may be the host's; what stands at the mount holds in any case.
  for (;; path.resize(path.rfind('/'))) {
    auto const left = left_by(mount / fs::path(path).relative_path(), files);
    if (left && *left < limit.bytes) limit = {*left, "left by the limit of this process's cgroup"};
    if (path.find('/') == std::string::npos) return;
  }
}

/// What the address space of this process may still grow by, where that is limited.
std::optional<MemoryLimit> address_space() {
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return std::nullopt;
  auto const used = number_in("/proc/self/statm").value_or(0) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  return MemoryLimit{limit.rlim_cur - std::min<std::uint64_t>(limit.rlim_cur, used),
                     "left by the limit of the address space of a process (ulimit -v)"};
}

std::string text_of(double bytes) {
  constexpr double most = 1e19;
  return bytes < most ? memory_text(static_cast<std::uint64_t>(bytes)) : "more than any machine has";
}

double on_host(MemoryNeed const& need) {
  return need.host + need.space;
}
double beside_device(MemoryNeed const& need) {
  return need.host + (need.mirrored ? need.space : 0);
}
double on_device(MemoryNeed const& need) {
  return need.space;
}

using Size = double (*)(MemoryNeed const& need);

double sum_of(std::vector<MemoryNeed> const& needs, Size size) {
  double sum = 0;
  for (MemoryNeed const& need : needs) sum += size(need);
  return sum;
}

/// @param[in] all  bytes that all who share the limit need
void check(double all, std::vector<MemoryNeed> const& needs, Size size, MemoryLimit const& limit) {
  if (all <= static_cast<double>(limit.bytes)) return;
  MemoryNeed const& largest = *std::ranges::max_element(needs, {}, size);
  throw MachineError("not enough memory: this run needs about " + text_of(all) + ", with " + text_of(size(largest)) +
                     " a rank for " + largest.what + ", but " + memory_text(limit.bytes) + " are " + limit.source +
                     "; lower " + largest.change + ", or run on more machines");
}

}  // namespace

double host_bytes(std::vector<MemoryNeed> const& needs, std::string const& space) {
  return sum_of(needs, device_of_space(space) ? beside_device : on_host);
}

MemoryLimit available_memory(fs::path const& root) {
  constexpr std::uint64_t kibi = 1024;
  fs::path const memory = root / "proc/meminfo";
  std::uint64_t const free = number_after(memory, "MemAvailable:") * kibi;
  MemoryLimit limit{free > 0 ? free + number_after(memory, "SwapFree:") * kibi : host_memory(), "free on this machine"};
  std::ifstream file(root / "proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {  // "4:memory:/job", or "0::/job" of version 2
    auto const first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    std::string const controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    std::string const path = line.substr(second + 1);
    if (controllers == ",,") lower_to_cgroups(limit, root / "sys/fs/cgroup", path, version_2);
    if (controllers.find(",memory,") != std::string::npos) {
      lower_to_cgroups(limit, root / "sys/fs/cgroup/memory", path, version_1);
    }
  }
  return limit;
}

void require_memory(Communicator const& comm, std::vector<MemoryNeed> const& needs, std::string const& space) {
  auto const device = device_of_space(space);
  Size const size = device ? beside_device : on_host;
  double const mine = sum_of(needs, size);
  double const here = comm.local().sum(mine);
  agree(comm, [&] {
    check(here, needs, size, available_memory());
    if (auto const limit = address_space()) check(mine, needs, size, *limit);
    if (device && device->memory > 0) {
      check(sum_of(needs, on_device), needs, on_device, {device->memory, "on the device (" + device->name + ")"});
    }
  });
}

}  // namespace kramers

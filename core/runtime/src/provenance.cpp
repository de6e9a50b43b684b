// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/runtime/build_config.hpp>
#include <kramers/runtime/kokkos_session.hpp>
#include <kramers/runtime/provenance.hpp>

#include <nlohmann/json.hpp>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <ctime>
#include <fstream>

#include "source_state.hpp"

namespace kramers {

namespace {

std::string cpu_model() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    auto const colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

std::string utc_now() {
  std::time_t const now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

std::string compiler() {
#if defined(__clang__)
  return __VERSION__;
#else
  return std::string("GCC ") + __VERSION__;
#endif
}

}  // namespace

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

nlohmann::json provenance(Communicator const& comm, std::string const& app, std::string const& space,
                          std::vector<std::string> const& command_line, std::string const& input) {
  std::string text;
  if (comm.is_root()) {
    nlohmann::json mine = {
        {"app", app},
        {"version", version()},
        {"git_hash", detail::git_hash()},
        {"git_modified", detail::is_modified()},
        {"compiler", compiler()},
        {"compile_flags", KRAMERS_COMPILE_FLAGS},
        {"build_type", KRAMERS_BUILD_TYPE},
        {"kokkos_version", kokkos_version()},
        {"kokkos_configuration", kokkos_configuration()},
        {"space", space},
        {"host", host_name()},
        {"cpu", cpu_model()},
        {"ranks", comm.size()},
        {"threads", thread_count(space)},
        {"date", utc_now()},
        {"command_line", command_line},
        {"input", input},
    };
    if (auto const device = device_of_space(space)) {
      mine["device"] = {{"name", device->name}, {"memory_bytes", device->memory}};
      if (device->architecture > 0) mine["device"]["compute_capability"] = capability_text(device->architecture);
      if (int const version = driver_report().version; version > 0)
        mine["device"]["driver"] = cuda_version_text(version);
    }
    // Host names and command lines are bytes, not always UTF-8.
    text = mine.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
  comm.broadcast(text);
  return nlohmann::json::parse(text);
}

std::uint64_t peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
#ifdef __APPLE__
  constexpr std::uint64_t unit = 1;
#else
  constexpr std::uint64_t unit = 1024;
#endif
  return static_cast<std::uint64_t>(usage.ru_maxrss) * unit;
}

std::uint64_t peak_memory(Communicator const& comm) {
  return comm.max(peak_memory());
}

}  // namespace kramers

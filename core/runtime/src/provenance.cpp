// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/runtime/build_config.hpp>
#include <kramers/runtime/kokkos_session.hpp>
#include <kramers/runtime/provenance.hpp>

#include <nlohmann/json.hpp>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <fstream>
#include <sstream>
#include <utility>

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

/// "0-3,8" of ranks in ascending order.
std::string ranges_text(std::vector<int> const& ranks) {
  std::string text;
  for (std::size_t first = 0, last = 0; first < ranks.size(); first = last + 1) {
    for (last = first; last + 1 < ranks.size() && ranks[last + 1] == ranks[last] + 1;) ++last;
    text += (first > 0 ? "," : "") + std::to_string(ranks[first]);
    if (last > first) text += "-" + std::to_string(ranks[last]);
  }
  return text;
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

nlohmann::json rank_kinds(Communicator const& comm, std::string const& space) {
  nlohmann::json mine = {
      {"space", space}, {"threads", thread_count(space)}, {"kokkos_version", kokkos_version()}, {"cpu", cpu_model()}};
  if (auto const device = device_of_space(space)) mine["device"] = device->name;
  auto const texts = comm.gather_texts(mine.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  std::vector<std::pair<std::string, std::vector<int>>> kinds;  // in the order of their first ranks
  for (int rank = 0; rank < static_cast<int>(texts.size()); ++rank) {
    auto const& text = texts[static_cast<std::size_t>(rank)];
    auto known = std::ranges::find(kinds, text, &std::pair<std::string, std::vector<int>>::first);
    if (known == kinds.end()) known = kinds.insert(kinds.end(), {text, {}});
    known->second.push_back(rank);
  }
  auto list = nlohmann::json::array();
  for (auto const& [text, ranks] : kinds) {
    list.push_back(nlohmann::json::parse(text));
    list.back()["ranks"] = ranges_text(ranks);
  }
  std::string all = list.dump();
  comm.broadcast(all);
  return nlohmann::json::parse(all);
}

std::vector<int> ranks_of(nlohmann::json const& kind) {
  std::istringstream text(kind.at("ranks").get<std::string>());
  std::vector<int> ranks;
  for (int first = 0; text >> first; text.ignore()) {  // the comma
    int last = first;
    if (text.peek() == '-') text.ignore() >> last;
    for (int rank = first; rank <= last; ++rank) ranks.push_back(rank);
  }
  return ranks;
}

std::string spaces_text(nlohmann::json const& kinds) {
  std::vector<std::string> names;
  for (auto const& kind : kinds) {
    auto const name = kind.at("space").get<std::string>();
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
  std::string text;
  for (auto const& name : names) text += (text.empty() ? "" : " + ") + name;
  return text;
}

nlohmann::json provenance(Communicator const& comm, std::string const& app, std::string const& space,
                          std::vector<std::string> const& command_line, std::string const& input) {
  auto const kinds = rank_kinds(comm, space);
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
        {"kinds", kinds},
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

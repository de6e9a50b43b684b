// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "gathering.hpp"

#include <kramers/base/file.hpp>
#include <kramers/topology/json.hpp>

#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <thread>

namespace kramers::topology::cli {

namespace {

namespace files = std::filesystem;

constexpr std::chrono::seconds patience{10};

/// Does `done` within the time? Looks every half millisecond.
bool wait_for(std::function<bool()> const& done, std::chrono::steady_clock::time_point until) {
  while (!done()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(500));
  }
  return true;
}

std::string content_of(files::path const& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return file ? text.str() : "";
}

/// A folder for this job and user, in memory where the system has such a place; empty where none can be had.
files::path folder_of(LocalRank const& rank) {
  std::string job = rank.job.empty() ? "parent" + std::to_string(getppid()) : rank.job;
  for (char& c : job) {
    bool const plain =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == '_';
    if (!plain) c = '_';
  }
  char const* const temporary = std::getenv("TMPDIR");
  for (std::string const& base : {std::string("/dev/shm"), std::string(temporary == nullptr ? "/tmp" : temporary)}) {
    files::path const folder = files::path(base) / ("kramers-topo-" + std::to_string(getuid()) + "-" + job);
    bool const made = mkdir(folder.c_str(), 0700) == 0;
    struct stat facts{};
    // It must be ours: others may write to /dev/shm too.
    bool const ours = lstat(folder.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode) && facts.st_uid == getuid() &&
                      (facts.st_mode & 0077U) == 0;
    if (made || ours) return folder;
  }
  return {};
}

/// The binding in the file of another rank, unless it is not there yet or left by a process that is gone.
std::optional<Binding> read_rank(files::path const& path) {
  std::string const text = content_of(path);
  if (text.empty()) return {};
  try {
    auto const document = nlohmann::json::parse(text);
    if (!files::exists("/proc/" + std::to_string(document.at("pid").get<int>()))) return {};
    return bindings_from_json(text, path.string()).front();
  } catch (std::exception const&) {
    return {};
  }
}

}  // namespace

std::vector<Binding> gather(LocalRank const& rank, Binding const& mine) {
  std::vector<Binding> all{mine};
  files::path const folder = folder_of(rank);
  if (folder.empty() || rank.size < 2) return all;
  auto const file = [&folder](int number, char const* ending) { return folder / (std::to_string(number) + ending); };
  nlohmann::json document = json_document("binding");
  document["pid"] = getpid();
  document["bindings"] = nlohmann::json::array({to_json(mine)});
  auto const until = std::chrono::steady_clock::now() + patience;
  try {
    write_text_atomically(file(rank.rank, ".json"),
                          document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  } catch (IoError const&) {
    return all;
  }
  bool complete = true;
  for (int other = 0; other < rank.size; ++other) {
    if (other == rank.rank) continue;
    std::optional<Binding> binding;
    complete = wait_for([&] { return (binding = read_rank(file(other, ".json"))).has_value(); }, until) && complete;
    if (binding) all.push_back(*binding);
  }
  // A file may go only when all have read it.
  std::ofstream(file(rank.rank, ".read")).put('\n');
  for (int other = 0; complete && other < rank.size; ++other) {
    complete =
        wait_for([&] { return files::exists(file(other, ".read")) || !files::exists(file(other, ".json")); }, until);
  }
  std::error_code ignored;
  files::remove(file(rank.rank, ".json"), ignored);
  files::remove(file(rank.rank, ".read"), ignored);
  files::remove(folder, ignored);  // by the last
  return all;
}

}  // namespace kramers::topology::cli

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "file_names.hpp"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <optional>
#include <random>
#include <sstream>
#include <string_view>
#include <system_error>

namespace kramers::detail {

namespace fs = std::filesystem;

namespace {

constexpr int most_links = 40;  // as many as the system follows
constexpr std::string_view ending = ".part";

bool is_link(fs::path const& path) {
  std::error_code ignored;
  return fs::is_symlink(fs::symlink_status(path, ignored));
}

/// The place that a link names.
fs::path next_of(fs::path const& link) {
  std::error_code ignored;
  return folder_of(link) / fs::read_symlink(link, ignored);
}

std::string content_of(std::string const& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

constexpr std::uint64_t ended = ~std::uint64_t{0};

/// When a process started, in ticks since the system did, `ended` where it has and nobody has asked yet how; nothing where
/// /proc does not show it.
std::optional<std::uint64_t> start_of(std::string const& process, std::uint64_t pid) {
  std::string const status = content_of("/proc/" + process + "/stat");
  auto const name_end = status.rfind(')');  // the name of the program may hold anything
  // In a container /proc may number the processes of another one.
  if (name_end == std::string::npos || !status.starts_with(std::to_string(pid) + " ")) return std::nullopt;
  std::istringstream fields(status.substr(name_end + 1));
  std::string field;
  fields >> field;  // the third: the state
  if (field == "Z" || field == "X") return ended;
  for (int i = 4; i < 22; ++i) fields >> field;
  std::uint64_t start = 0;
  if (!(fields >> start)) return std::nullopt;
  return start;
}

/// Who writes a file, as its name tells; all zero where that cannot be known.
struct Writer {
  std::uint64_t machine = 0;  ///< since its last start, and the part of its processes that is numbered together
  std::uint64_t process = 0, start = 0;
};

Writer this_process() {
  auto const pid = static_cast<std::uint64_t>(getpid());
  auto const start = start_of("self", pid);
  std::error_code problem;
  std::string const numbering = fs::read_symlink("/proc/self/ns/pid", problem).string();
  std::string const boot = content_of("/proc/sys/kernel/random/boot_id");
  if (!start || problem || boot.empty()) return {};
  std::uint64_t machine = 0xcbf29ce484222325;  // FNV-1a
  for (char const c : boot + numbering) machine = (machine ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return {machine, pid, *start};
}

/// Only for a writer on this machine.
bool is_gone(Writer const& writer) {
  if (::kill(static_cast<pid_t>(writer.process), 0) != 0 && errno == ESRCH) return true;
  // Another process may have its number now.
  auto const start = start_of(std::to_string(writer.process), writer.process);
  return start && *start != writer.start;
}

std::string hexadecimal(std::uint64_t number) {
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%llx", static_cast<unsigned long long>(number));
  return text.data();
}

/// The writer that a name tells; nothing for the name of another file.
std::optional<Writer> writer_of(std::string_view name, std::string const& target) {
  std::string const begin = "." + target + ".";
  if (!name.starts_with(begin) || !name.ends_with(ending) || name.size() < begin.size() + ending.size()) return {};
  name = name.substr(begin.size(), name.size() - begin.size() - ending.size());
  std::array<std::uint64_t, 4> numbers{};
  for (auto& number : numbers) {
    auto const [stop, error] = std::from_chars(name.data(), name.data() + name.size(), number, 16);
    if (error != std::errc{}) return {};
    name.remove_prefix(static_cast<std::size_t>(stop - name.data()));
    if (&number == &numbers.back() ? !name.empty() : !name.starts_with(".")) return {};
    if (!name.empty()) name.remove_prefix(1);
  }
  return Writer{numbers[0], numbers[1], numbers[2]};
}

}  // namespace

fs::path folder_of(fs::path const& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

fs::path target_of(fs::path path) {
  for (int links = 0; links < most_links && is_link(path); ++links) path = next_of(path);
  return path;
}

bool is_written_in_place(fs::path path) {
  std::error_code ignored;
  auto const status = fs::status(path, ignored);
  if (fs::exists(status) && !fs::is_regular_file(status)) return !fs::is_directory(status);
  // /dev/stdout and /dev/fd/N are links to the open files of this process, whatever these are.
  for (int links = 0; links < most_links && is_link(path); ++links) {
    fs::path const folder = fs::weakly_canonical(folder_of(path), ignored);
    if (folder.filename() == "fd" && folder.string().starts_with("/proc/")) return true;
    path = next_of(path);
  }
  return false;
}

fs::path temporary_of(fs::path const& target) {
  Writer const writer = this_process();
  std::random_device random;
  std::uint64_t const number = (std::uint64_t{random()} << 32) | random();
  std::string name = "." + target.filename().string();
  for (std::uint64_t const part : {writer.machine, writer.process, writer.start, number}) {
    name += "." + hexadecimal(part);
  }
  return folder_of(target) / (name + std::string(ending));
}

std::vector<Leftover> leftovers_of(fs::path const& target) {
  std::vector<Leftover> found;
  Writer const self = this_process();
  std::error_code problem;
  for (fs::directory_iterator entry(folder_of(target), problem), end; !problem && entry != end;
       entry.increment(problem)) {
    fs::path const name = entry->path().filename();
    auto const writer = writer_of(name.string(), target.filename().string());
    if (!writer) continue;
    bool const is_here = self.machine != 0 && writer->machine == self.machine;
    if (!is_here || is_gone(*writer)) found.push_back({target.parent_path() / name, is_here});
  }
  return found;
}

}  // namespace kramers::detail

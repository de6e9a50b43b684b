// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/file.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <system_error>

#include "file_names.hpp"

namespace kramers {

namespace fs = std::filesystem;

namespace {

fs::path backup_of(fs::path const& target, std::uint64_t number) {
  return target.parent_path() / (target.filename().string() + ".~" + std::to_string(number) + "~");
}

/// The number of such a name; 0 for any other. Numbers have at most 18 digits.
std::uint64_t number_of(std::string_view name, std::string const& target) {
  std::string const begin = target + ".~";
  if (!name.starts_with(begin) || !name.ends_with('~')) return 0;
  name.remove_prefix(begin.size());
  name.remove_suffix(std::min<std::size_t>(name.size(), 1));
  std::uint64_t number = 0;
  auto const [stop, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  bool const is_number = error == std::errc{} && stop == name.data() + name.size() && name.size() <= 18;
  return is_number && name[0] != '0' ? number : 0;
}

std::uint64_t last_number(fs::path const& target) {
  std::uint64_t last = 0;
  std::error_code problem;
  for (fs::directory_iterator entry(detail::folder_of(target), problem), end; !problem && entry != end;
       entry.increment(problem)) {
    last = std::max(last, number_of(entry->path().filename().string(), target.filename().string()));
  }
  return last;
}

bool is_one_file(fs::path const& one, fs::path const& other) {
  struct stat first{}, second{};
  return ::lstat(one.c_str(), &first) == 0 && ::lstat(other.c_str(), &second) == 0 && first.st_dev == second.st_dev &&
         first.st_ino == second.st_ino;
}

}  // namespace

std::optional<fs::path> keep_former(fs::path const& path) {
  if (detail::is_written_in_place(path)) return std::nullopt;
  fs::path const target = detail::target_of(path);
  std::error_code ignored;
  if (!fs::is_regular_file(fs::symlink_status(target, ignored))) return std::nullopt;
  std::uint64_t const last = last_number(target);
  // A run that failed after this has kept it already.
  if (last > 0 && is_one_file(target, backup_of(target, last))) return backup_of(target, last);
  for (std::uint64_t number = last + 1;; ++number) {
    fs::path const backup = backup_of(target, number);
    // A second name: at no moment is the file without one, and no name that stands is taken.
    if (::link(target.c_str(), backup.c_str()) == 0) return backup;
    if (errno == EEXIST && is_one_file(target, backup)) return backup;  // a network that tried twice
    if (errno == EEXIST) continue;
    int reason = errno;
    // Without links, as on FAT: another name, which must not be taken.
    bool const has_links = reason != EPERM && reason != ENOTSUP && reason != ENOSYS && reason != EMLINK;
    if (!has_links && !fs::exists(fs::symlink_status(backup, ignored))) {
      if (::rename(target.c_str(), backup.c_str()) == 0) return backup;
      reason = errno;
    }
    throw IoError(path.string(), "cannot be kept as " + backup.filename().string() + ": " + std::strerror(reason) +
                                     "; make room, or let --overwrite replace it");
  }
}

}  // namespace kramers

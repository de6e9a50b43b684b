// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/file.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "file_names.hpp"

namespace kramers {

namespace fs = std::filesystem;

namespace {

bool is_written(NamedFile const& file) {
  return file.use == FileUse::writes || file.use == FileUse::writes_data || file.use == FileUse::may_write;
}

bool is_same(fs::path const& one, fs::path const& other) {
  struct stat first{}, second{};
  bool const has_first = ::stat(one.c_str(), &first) == 0, has_second = ::stat(other.c_str(), &second) == 0;
  if (has_first != has_second) return false;
  if (has_first) return first.st_dev == second.st_dev && first.st_ino == second.st_ino && S_ISREG(first.st_mode);
  auto const name_of = [](fs::path const& path) {
    std::error_code ignored;
    fs::path const target = detail::target_of(path);
    return fs::weakly_canonical(fs::absolute(detail::folder_of(target), ignored), ignored) / target.filename();
  };
  return name_of(one) == name_of(other);
}

void require_distinct(NamedFile const& written, NamedFile const& other) {
  if (!is_same(written.path, other.path)) return;
  throw UsageError(invalid_value(written.role, written.path.string(),
                                 "a file other than " + other.role + " (" + other.path.string() + "), which is " +
                                     (is_written(other) ? "written too" : "read")));
}

void require_readable(fs::path const& path) {
  auto const fail = [&](std::string const& reason) { throw InputError(path.string(), 0, "cannot be read: " + reason); };
  if (::access(path.c_str(), R_OK) != 0) fail(std::strerror(errno));
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) fail("it is not a regular file");
}

void require_writable(NamedFile const& file) {
  if (file.use == FileUse::writes && detail::is_written_in_place(file.path)) {
    if (::access(file.path.c_str(), W_OK) == 0) return;
    throw IoError(file.path.string(), std::string("cannot be written: ") + std::strerror(errno));
  }
  PendingFile const probe(file.path);
}

/// Remove it, if that is certain to be right, or leave that to the user; what to say.
std::string remove(detail::Leftover const& leftover, fs::path const& target) {
  std::error_code problem;
  if (leftover.is_certain && (fs::remove(leftover.path, problem) || !problem)) {
    return "removed " + leftover.path.string() + ", left behind by a process that was killed";
  }
  return leftover.path.string() + " may be left over from a process that was killed" +
         (leftover.is_certain ? "" : " on another machine") + "; delete it if none writes " + target.string() + " now";
}

}  // namespace

std::vector<std::string> require_usable(std::vector<NamedFile> const& files) {
  for (std::size_t i = 0; i < files.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      bool const is_later = is_written(files[i]);
      if (is_later || is_written(files[j])) require_distinct(files[is_later ? i : j], files[is_later ? j : i]);
    }
  }
  for (NamedFile const& file : files) {
    if (file.use == FileUse::reads_data) require_readable(file.path);
  }
  std::vector<std::string> notes;
  for (NamedFile const& file : files) {
    if (!is_written(file)) continue;
    if (file.use != FileUse::may_write) require_writable(file);
    fs::path const target = detail::target_of(file.path);
    for (auto const& leftover : detail::leftovers_of(target)) notes.push_back(remove(leftover, target));
  }
  return notes;
}

}  // namespace kramers

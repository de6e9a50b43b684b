// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/file.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <random>
#include <utility>

namespace kramers {

namespace fs = std::filesystem;

namespace {

/// A file descriptor, closed at the end of the scope.
class Descriptor {
 public:
  explicit Descriptor(int number) : m_number(number) {}
  ~Descriptor() {
    if (m_number >= 0) ::close(m_number);
  }
  Descriptor(Descriptor const&) = delete;
  Descriptor& operator=(Descriptor const&) = delete;
  int get() const { return m_number; }
  /// Close now; false if that failed, which may be the first news of a write that did.
  bool close() { return ::close(std::exchange(m_number, -1)) == 0; }

 private:
  int m_number;
};

[[noreturn]] void cannot_write(fs::path const& path, int reason,
                               std::source_location where = std::source_location::current()) {
  throw IoError(path.string(), std::string("cannot be written: ") + std::strerror(reason), where);
}

fs::path folder_of(fs::path const& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

/// What the name stands for: a link is followed, so that it stays a link.
fs::path target_of(fs::path const& path) {
  std::error_code ignored;
  if (!fs::is_symlink(fs::symlink_status(path, ignored))) return path;
  fs::path target = fs::weakly_canonical(path, ignored);
  return target.empty() ? path : target;
}

std::string unique_suffix() {
  std::random_device random;
  auto const number = (std::uint64_t{random()} << 32) | random();
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(number));
  return text.data();
}

/// Errors that only say that this kind of file or folder cannot be synchronised.
bool is_unsupported(int reason) {
  return reason == EINVAL || reason == ENOTSUP || reason == EROFS;
}

/// Is this a name that must not be renamed over, such as a pipe or /dev/stdout?
bool is_written_in_place(fs::path path) {
  std::error_code ignored;
  auto const status = fs::status(path, ignored);
  if (fs::exists(status) && !fs::is_regular_file(status)) return !fs::is_directory(status);
  // /dev/stdout and /dev/fd/N are links to the open files of this process, whatever these are.
  for (int links = 0; links < 40 && fs::is_symlink(fs::symlink_status(path, ignored)); ++links) {
    fs::path const folder = fs::weakly_canonical(folder_of(path), ignored);
    if (folder.filename() == "fd" && folder.string().starts_with("/proc/")) return true;
    path = folder / fs::read_symlink(path, ignored);
  }
  return false;
}

void write_all(int file, std::string_view text, fs::path const& path) {
  while (!text.empty()) {
    auto const written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) cannot_write(path, errno);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

PendingFile::PendingFile(fs::path const& path) : m_path(path), m_target(target_of(path)) {
  std::error_code ignored;
  fs::path const folder = folder_of(m_target);
  if (!m_target.has_filename()) throw IoError(path.string(), "cannot be written: it does not name a file");
  if (!fs::exists(folder, ignored)) {
    throw IoError(path.string(), "cannot be written: the folder " + folder.string() + " does not exist");
  }
  if (fs::exists(m_target, ignored)) {
    if (!fs::is_regular_file(m_target, ignored)) {
      throw IoError(path.string(), "cannot be written: it exists and is not a regular file");
    }
    if (::access(m_target.c_str(), W_OK) != 0) cannot_write(path, errno);
  }
  m_temporary = folder / ("." + m_target.filename().string() + "." + unique_suffix() + ".part");
  Descriptor const file(::open(m_temporary.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666));
  if (file.get() < 0) cannot_write(path, errno);
}

PendingFile::~PendingFile() {
  if (!m_temporary.empty()) ::unlink(m_temporary.c_str());
}

void PendingFile::commit() {
  Descriptor file(::open(m_temporary.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) cannot_write(m_path, errno);
  if (::fsync(file.get()) != 0 && !is_unsupported(errno)) cannot_write(m_path, errno);
  if (!file.close()) cannot_write(m_path, errno);
  if (::rename(m_temporary.c_str(), m_target.c_str()) != 0) cannot_write(m_path, errno);
  m_temporary.clear();
  // The file is whole under its name; a folder that cannot be synchronised is no reason to fail now.
  Descriptor const folder(::open(folder_of(m_target).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() >= 0) ::fsync(folder.get());
}

void require_writable(fs::path const& path) {
  PendingFile const probe(path);
}

std::string read_text(fs::path const& path, std::size_t limit) {
  auto const fail = [&](std::string const& reason) { throw IoError(path.string(), "cannot be read: " + reason); };
  Descriptor const file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) fail(std::strerror(errno));
  std::string text;
  std::array<char, 65536> buffer;
  while (true) {
    auto const got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(std::strerror(errno));
    if (got == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
    if (text.size() > limit) fail("it is larger than " + std::to_string(limit) + " bytes");
  }
}

void write_text_atomically(fs::path const& path, std::string_view text) {
  auto const write = [&](fs::path const& to, int flags) {
    Descriptor file(::open(to.c_str(), O_WRONLY | O_CLOEXEC | flags));
    if (file.get() < 0) cannot_write(path, errno);
    write_all(file.get(), text, path);
    if (!file.close()) cannot_write(path, errno);
  };
  if (is_written_in_place(path)) return write(path, O_APPEND | O_NOCTTY);
  PendingFile pending(path);
  write(pending.temporary(), 0);
  pending.commit();
}

}  // namespace kramers

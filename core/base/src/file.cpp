// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/file.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <system_error>
#include <utility>

#include "file_names.hpp"

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

/// Errors that only say that this kind of file or folder cannot be synchronised.
bool is_unsupported(int reason) {
  return reason == EINVAL || reason == ENOTSUP || reason == EROFS;
}

void write_all(int file, std::string_view text, fs::path const& path) {
  while (!text.empty()) {
    auto const written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) cannot_write(path, errno);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

/// Read to the end; what is wrong, if anything.
std::optional<std::string> read_all(fs::path const& path, std::size_t limit, std::string& text) {
  auto const because = [](std::string const& reason) { return "cannot be read: " + reason; };
  // Without waiting for a writer, who may never come.
  Descriptor const file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status{};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) return because(std::strerror(errno));
  std::array<char, 65536> buffer;
  while (true) {
    auto const got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN && ::fcntl(file.get(), F_SETFL, 0) == 0) continue;  // there is a writer: wait for it
    if (got < 0) return because(std::strerror(errno));
    if (got == 0 && text.empty() && S_ISFIFO(status.st_mode)) return because("nothing is written into this pipe");
    if (got == 0) return std::nullopt;
    text.append(buffer.data(), static_cast<std::size_t>(got));
    if (text.size() > limit) return because("it is larger than " + std::to_string(limit) + " bytes");
  }
}

}  // namespace

PendingFile::PendingFile(fs::path const& path) : m_path(path), m_target(detail::target_of(path)) {
  std::error_code ignored;
  fs::path const folder = detail::folder_of(m_target);
  if (!m_target.has_filename()) throw IoError(path.string(), "cannot be written: it does not name a file");
  if (!fs::exists(folder, ignored)) {
    throw IoError(path.string(), "cannot be written: the folder " + folder.string() + " does not exist");
  }
  if (fs::is_symlink(fs::symlink_status(m_target, ignored))) cannot_write(path, ELOOP);
  bool const is_other = fs::exists(m_target, ignored) && !fs::is_regular_file(m_target, ignored);
  if (is_other || detail::is_written_in_place(path)) {
    throw IoError(path.string(), "cannot be written: it exists and is not a regular file");
  }
  if (fs::exists(m_target, ignored) && ::access(m_target.c_str(), W_OK) != 0) cannot_write(path, errno);
  m_temporary = detail::temporary_of(m_target);
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
  Descriptor const folder(::open(detail::folder_of(m_target).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() >= 0) ::fsync(folder.get());
}

std::string read_text(fs::path const& path, std::size_t limit) {
  std::string text;
  auto const problem = read_all(path, limit, text);
  if (problem) throw IoError(path.string(), *problem);
  return text;
}

std::string read_input(fs::path const& path, std::size_t limit) {
  std::string text;
  auto const problem = read_all(path, limit, text);
  if (problem) throw InputError(path.string(), 0, *problem);
  return text;
}

void write_text_atomically(fs::path const& path, std::string_view text) {
  auto const write = [&](fs::path const& to, int flags) {
    Descriptor file(::open(to.c_str(), O_WRONLY | O_CLOEXEC | flags));
    if (file.get() < 0) cannot_write(path, errno);
    write_all(file.get(), text, path);
    if (!file.close()) cannot_write(path, errno);
  };
  if (detail::is_written_in_place(path)) return write(path, O_APPEND | O_NOCTTY);
  PendingFile pending(path);
  write(pending.temporary(), 0);
  pending.commit();
}

}  // namespace kramers

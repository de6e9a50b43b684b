// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/base/error.hpp>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace kramers {

/// Throw IoError unless a file of this name can be written: its folder exists and is writable, and what may already
/// stand there is a regular file. Creates and removes a small file; not collective, call it on rank 0.
void require_writable(std::filesystem::path const& path);

/// A file that takes its name only when it is whole. Write to `temporary()`, close it, then `commit()`. Until then
/// what stood under the name is untouched, and without commit the temporary file is removed.
///
/// @throws IoError  with the reason the system gives
class PendingFile {
 public:
  explicit PendingFile(std::filesystem::path const& path);
  ~PendingFile();
  PendingFile(PendingFile const&) = delete;
  PendingFile& operator=(PendingFile const&) = delete;

  std::filesystem::path const& path() const { return m_path; }
  std::filesystem::path const& temporary() const { return m_temporary; }
  /// Bring the content to the disk, give the file its name, and bring the name to the disk.
  void commit();

 private:
  std::filesystem::path m_path, m_target, m_temporary;
};

/// The whole content of a file of at most `limit` bytes.
///
/// @throws IoError  it cannot be read, or is larger
std::string read_text(std::filesystem::path const& path, std::size_t limit = std::size_t{1} << 30);
/// Replace the file by this text, or leave it as it was. What is no regular file (a pipe, a terminal) and what an open
/// file of this process stands for (/dev/stdout) cannot be replaced: the text is appended to it.
void write_text_atomically(std::filesystem::path const& path, std::string_view text);

}  // namespace kramers

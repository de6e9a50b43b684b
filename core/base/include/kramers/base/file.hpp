// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/base/error.hpp>

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kramers {

/// What a program does with a file that its user has named.
enum class FileUse {
  reads,        ///< text: a pipe will do, and whoever reads it says what is wrong with it
  reads_data,   ///< must be there, and a regular file
  writes,       ///< text: may go into a pipe or a device
  writes_data,  ///< not from its beginning to its end, so that it takes a regular file
  may_write,    ///< perhaps, and later: it need not be writable yet
};

/// A file and what its user calls it: "INPUT", "--output", "'output.file'".
struct NamedFile {
  std::string role;
  std::filesystem::path path;
  FileUse use;
};

/// Throw unless a program can go on to use all these files. No file that is written may be another one of them, under
/// whatever name or link; what is no regular file, as a terminal or /dev/null, may take several texts. What a killed
/// process has left behind of a file that will be written is removed, if it is certain that the process is gone.
/// Creates and removes small files; not collective, call it on rank 0.
///
/// @return  what was removed and what may be left over, for the user: one sentence each
/// @throws UsageError  two are the same file
/// @throws InputError  one to be read is not there
/// @throws IoError     one cannot be written
std::vector<std::string> require_usable(std::vector<NamedFile> const& files);

/// A file that takes its name only when it is whole. Write to `temporary()`, close it, then `commit()`. Until then
/// what stood under the name is untouched, and without commit the temporary file is removed. A link stays a link, also
/// where what it names is still to come. Names that cannot be replaced, as those of pipes, are refused.
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

/// Keep the regular file that stands under this name, before another takes its place, as NAME.~1~, NAME.~2~, ... beside
/// what a link leads to. It is a second name of the same file, so that whatever ends the process nothing is lost, and
/// calling this again adds none; where the file system has no such names it is renamed.
///
/// @return  the new name; nothing where there is no regular file to keep
/// @throws IoError  the file stays as it is
std::optional<std::filesystem::path> keep_former(std::filesystem::path const& path);

/// The whole content of a file of at most `limit` bytes. A pipe is read to its end, if anything writes into it.
///
/// @throws IoError  it cannot be read, or is larger
std::string read_text(std::filesystem::path const& path, std::size_t limit = std::size_t{1} << 30);
/// The same for a file that the user has given as input, where a wrong file is wrong input.
///
/// @throws InputError  it cannot be read, or is larger
std::string read_input(std::filesystem::path const& path, std::size_t limit = std::size_t{1} << 30);
/// Replace the file by this text, or leave it as it was. What is no regular file (a pipe, a terminal) and what an open
/// file of this process stands for (/dev/stdout) cannot be replaced: the text is appended to it.
void write_text_atomically(std::filesystem::path const& path, std::string_view text);

}  // namespace kramers

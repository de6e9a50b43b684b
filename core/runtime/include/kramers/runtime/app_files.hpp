// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/base/file.hpp>
#include <kramers/runtime/command_line.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kramers {

/// The files of a run, gathered before an app computes: what it has read (Config::inputs), and what is added.
class AppFiles {
 public:
  explicit AppFiles(AppRun const& run);

  void add(std::string role, std::filesystem::path path, FileUse use);
  /// Add what an option of the command line names or, where that is absent, a key of the input; its path. A replay, which
  /// must not replace the results of the whole run, writes only what the command line names.
  std::optional<std::filesystem::path> output(std::string option, std::optional<std::filesystem::path> const& value,
                                              std::string_view key, FileUse use);
  /// require_usable, on rank 0, which prints what it returns, unless --quiet. Collective.
  void require_usable() const;

 private:
  AppRun const& m_run;
  std::vector<NamedFile> m_files;
};

/// What stands where results are to be written is kept under a numbered name, and standard error says so, unless
/// --overwrite or --quiet. Results of the same run, when it was unfinished, are replaced. Call it on one rank, just before the new file takes the name.
/// @throws IoError  it cannot be kept; it stays as it is
void keep_former(AppRun const& run, std::filesystem::path const& path);

}  // namespace kramers

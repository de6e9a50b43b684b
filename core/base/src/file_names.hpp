// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace kramers::detail {

std::filesystem::path folder_of(std::filesystem::path const& path);

/// What the name stands for: links are followed, also where they lead to nothing yet; a link itself if they do not end.
std::filesystem::path target_of(std::filesystem::path path);

/// Is this a name that must not be renamed over, such as a pipe or /dev/stdout?
bool is_written_in_place(std::filesystem::path path);

/// A new name beside `target` for what is to become it. It tells which process writes there.
std::filesystem::path temporary_of(std::filesystem::path const& target);

/// What lies there under such a name, of which no process that runs on this machine is the writer.
struct Leftover {
  std::filesystem::path path;
  bool is_certain;  ///< false: its writer ran on another machine, or before this one was started
};
std::vector<Leftover> leftovers_of(std::filesystem::path const& target);

}  // namespace kramers::detail

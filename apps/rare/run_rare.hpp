// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/runtime/app_files.hpp>
#include <kramers/runtime/command_line.hpp>

#include <filesystem>
#include <optional>

namespace kramers::rare {

/// Where results go; an option of the command line comes before the key of the input.
struct RareFiles {
  std::optional<std::filesystem::path> output, summary;
  std::filesystem::path kept;  ///< the folder of KeptRepeats
};
/// Read them and count them among the files of the run.
RareFiles add_outputs(AppFiles& files, AppRun const& run);

/// Read the input, find the rate, write the files it asks for and tell the main numbers. Returns the exit code.
int run_rare(AppRun const& run);

}  // namespace kramers::rare

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/runtime/app_files.hpp>
#include <kramers/runtime/command_line.hpp>

#include <filesystem>
#include <optional>

#include "cg_request.hpp"

namespace kramers::cg {

/// Where results go; an option of the command line comes before the key of the input.
struct CgFiles {
  std::optional<std::filesystem::path> output, summary;
};
/// Read them and count them among the files of the run.
CgFiles add_outputs(AppFiles& files, AppRun const& run);

/// Read the input, solve, write the files it asks for and tell the main numbers. Returns the exit code.
int run_cg(AppRun const& run);

}  // namespace kramers::cg

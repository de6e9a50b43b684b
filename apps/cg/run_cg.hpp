// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/runtime/command_line.hpp>

namespace kramers::cg {

/// Read the input, solve, write the files it asks for and tell the main numbers. Returns the exit code.
int run_cg(AppRun const& run);

}  // namespace kramers::cg

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/runtime/command_line.hpp>

namespace kramers::jacobi {

/// Read the input, iterate, write the files it asks for and tell the main numbers. Returns the exit code.
int run_jacobi(AppRun const& run);

}  // namespace kramers::jacobi

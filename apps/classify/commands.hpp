// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/runtime/command_line.hpp>

namespace kramers::classify {

/// The body of kramers-classify: what its command asks for. Returns the exit code.
/// @throws UsageError  more than one rank
int run(AppRun const& run);

}  // namespace kramers::classify

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/runtime/command_line.hpp>

namespace kramers::channel {

/// Read the input, follow the flow, write the files it asks for and tell the main numbers. Returns the exit code.
int run_channel(AppRun const& run);

}  // namespace kramers::channel

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/runtime/communicator.hpp>

#include <string>
#include <vector>

namespace kramers::detail {

/// Throw UsageError on all ranks unless they were started alike: `words` is what decides a run, such as the program and
/// its options, and one of them that differs is named. Ranks that disagree would compute a mixture, or wait for each
/// other for ever. Collective, the first call of a program.
void expect_same_start(Communicator const& comm, std::vector<std::string> const& words);

}  // namespace kramers::detail

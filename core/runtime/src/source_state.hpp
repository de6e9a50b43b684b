// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <string>

namespace kramers::detail {

/// Of the commit that was built, "unknown" outside a repository.
std::string git_hash();
/// Did the sources differ from it?
bool is_modified();

}  // namespace kramers::detail

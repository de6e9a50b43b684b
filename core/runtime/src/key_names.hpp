// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kramers::detail {

/// The candidate nearest to a word, and whether it is near enough to be what was meant.
struct NearestKey {
  std::string name;
  bool is_near = false;
};

/// The key nearest by edit distance, by its last part alone, or by what others call it (gamma for friction).
NearestKey nearest_key(std::string_view word, std::vector<std::string> const& candidates);

}  // namespace kramers::detail

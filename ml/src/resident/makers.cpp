// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "makers.hpp"

namespace kramers::ml::detail {

std::vector<ResidentMaker> const& resident_makers() {
  static std::vector<ResidentMaker> const makers;
  return makers;
}

}  // namespace kramers::ml::detail

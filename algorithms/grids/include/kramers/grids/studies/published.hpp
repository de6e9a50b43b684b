// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace kramers::grids {

/// A number that others have published of a run, and what this one found.
struct PublishedNumber {
  std::string what;  ///< "norm of iteration 100"
  double published = 0, found = 0;
  double tolerance = 0;  ///< largest difference; 0: to the last bit

  bool passed() const;  ///< false for NaN
};

/// {"verdict": "PASSED" or "FAILED", "numbers": [...]}; nothing to compare is FAILED.
nlohmann::json verdict_of(std::vector<PublishedNumber> const& numbers);
/// Lines for people, the verdict first.
std::string verdict_text(std::vector<PublishedNumber> const& numbers);
bool all_passed(std::vector<PublishedNumber> const& numbers);

}  // namespace kramers::grids

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/grids/studies/published.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace kramers::grids {

bool PublishedNumber::passed() const {
  return std::abs(found - published) <= tolerance;
}

bool all_passed(std::vector<PublishedNumber> const& numbers) {
  return !numbers.empty() && std::ranges::all_of(numbers, &PublishedNumber::passed);
}

nlohmann::json verdict_of(std::vector<PublishedNumber> const& numbers) {
  nlohmann::json list = nlohmann::json::array();
  for (PublishedNumber const& number : numbers) {
    list.push_back({{"what", number.what},
                    {"published", number.published},
                    {"found", number.found},
                    {"tolerance", number.tolerance},
                    {"passed", number.passed()}});
  }
  return {{"verdict", all_passed(numbers) ? "PASSED" : "FAILED"}, {"numbers", list}};
}

std::string verdict_text(std::vector<PublishedNumber> const& numbers) {
  if (numbers.empty()) return "FAILED: no number of this run is published\n";
  auto const passed = std::ranges::count_if(numbers, &PublishedNumber::passed);
  std::string text = all_passed(numbers) ? "PASSED: " : "FAILED: ";
  text += std::to_string(passed) + " of " + std::to_string(numbers.size()) + " published numbers\n";
  for (PublishedNumber const& number : numbers) {
    if (number.passed()) continue;
    text += "  " + number.what + " is " + shortest_decimal(number.found) + ", published " +
            shortest_decimal(number.published) + "\n";
  }
  return text;
}

}  // namespace kramers::grids

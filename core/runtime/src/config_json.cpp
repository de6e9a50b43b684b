// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <nlohmann/json.hpp>

#include "config_impl.hpp"

namespace kramers {

nlohmann::json Config::effective() const {
  nlohmann::json tree = nlohmann::json::object();
  for (auto const& [key, value] : m_impl->used) {
    nlohmann::json* node = &tree;
    std::string_view rest = key;
    for (auto dot = rest.find('.'); dot != std::string_view::npos; dot = rest.find('.')) {
      node = &(*node)[std::string(rest.substr(0, dot))];
      rest.remove_prefix(dot + 1);
    }
    std::visit([&](auto const& one) { (*node)[std::string(rest)] = one; }, value);
  }
  return tree;
}

}  // namespace kramers

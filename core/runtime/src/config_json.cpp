// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <nlohmann/json.hpp>

#include "config_impl.hpp"

namespace kramers {

nlohmann::json Config::effective() const {
  nlohmann::json tree = nlohmann::json::object();
  for (auto const& [key, value] : m_impl->used) {
    auto const several = m_impl->swept.find(key);
    bool const is_swept = several != m_impl->swept.end();
    if (is_swept && !several->second) continue;  // the parts of its range stand for it
    nlohmann::json* node = &tree;
    std::string_view rest = key;
    for (auto dot = rest.find('.'); dot != std::string_view::npos; dot = rest.find('.')) {
      node = &(*node)[std::string(rest.substr(0, dot))];
      rest.remove_prefix(dot + 1);
    }
    nlohmann::json& place = (*node)[std::string(rest)];
    if (is_swept) {
      place = *several->second;
    } else {
      std::visit([&](auto const& one) { place = one; }, value);
    }
  }
  return tree;
}

}  // namespace kramers

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "toml_limits.hpp"

#include <kramers/base/error.hpp>

#include <algorithm>

namespace kramers::detail {

namespace {

/// One string of the text, with its quotes. What has no end takes all the rest: the parser stops there too.
std::string_view string_at(std::string_view text) {
  char const quote = text[0];
  bool const long_one = text.size() > 2 && text[1] == quote && text[2] == quote;
  std::string_view const end = text.substr(0, long_one ? 3 : 1);
  std::size_t i = end.size();
  while (i < text.size() && !text.substr(i).starts_with(end)) i += quote == '"' && text[i] == '\\' ? 2 : 1;
  i += end.size();
  // Up to two quotes more belong to what stands between three.
  for (int more = 0; long_one && more < 2 && i < text.size() && text[i] == quote; ++more) ++i;
  return text.substr(0, i);
}

}  // namespace

void check_nesting(std::string_view toml, std::string const& source) {
  int line = 1, parts = 1, depth = 0;
  auto const reject = [&](std::string const& what) { throw InputError(source, line, what); };
  while (!toml.empty()) {
    std::size_t taken = 1;
    switch (toml[0]) {
      case '"':
      case '\'':
        taken = string_at(toml).size();
        break;
      case '#':
        taken = std::min(toml.find('\n'), toml.size());
        break;
      case '[':
      case '{':
        ++depth;
        break;
      case ']':
      case '}':
        depth = std::max(0, depth - 1);
        break;
      default:
        break;
    }
    if (std::string_view("[]{},=\n#").find(toml[0]) != std::string_view::npos) parts = 1;
    if (toml[0] == '.' && ++parts > most_parts) reject("a key has more than " + std::to_string(most_parts) + " parts");
    if (depth > deepest) {
      reject("arrays or tables are nested more than " + std::to_string(deepest) + " deep");
    }
    line += static_cast<int>(std::ranges::count(toml.substr(0, taken), '\n'));
    toml.remove_prefix(taken);
  }
}

void check_key(std::string_view key, std::string const& source, int line) {
  if (key.size() <= longest_key) return;
  throw InputError(source, line,
                   "the key '" + std::string(key.substr(0, 40)) + "...' has " + std::to_string(key.size()) +
                       " characters; expected at most " + std::to_string(longest_key));
}

}  // namespace kramers::detail

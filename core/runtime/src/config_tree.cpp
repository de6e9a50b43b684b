// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "config_tree.hpp"

#include <kramers/base/error.hpp>

#include <algorithm>
#include <cctype>
#include <sstream>
#include <string_view>
#include <utility>

#include "toml_limits.hpp"

namespace kramers::detail {

namespace {

[[noreturn]] void malformed_assignment(std::string const& assignment, std::string const& what) {
  throw InputError("command line", 0, "--set " + assignment + ": " + what);
}

/// What the right side says under `key`, if it is one value of TOML; else nothing.
std::vector<ConfigEntry> parse_value(std::string const& key, std::string const& value) {
  std::string const name = "value";
  std::vector<ConfigEntry> entries;
  try {
    entries = parse_toml(name + " = " + value, "command line");
  } catch (InputError const&) {
    return {};
  }
  for (auto& entry : entries) {
    if (entry.key != name && !is_below(entry.key, name)) return {};
    entry.key.replace(0, name.size(), key);
  }
  return entries;
}

struct Describe {
  std::string operator()(ConfigValue::Table) const { return "a table"; }
  std::string operator()(ConfigValue::Date) const { return "a date or time"; }
  std::string operator()(ConfigValue::List const&) const { return "an array"; }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(std::int64_t value) const { return "the integer " + std::to_string(value); }
  std::string operator()(double value) const { return "the number " + shortest_decimal(value); }
  std::string operator()(std::string const& value) const { return "the string '" + value + "'"; }
};

}  // namespace

std::vector<ConfigEntry> parse_assignment(std::string const& assignment) {
  auto const equals = assignment.find('=');
  if (equals == std::string::npos) malformed_assignment(assignment, "write it as a.b=value");
  std::string const key = assignment.substr(0, equals);
  std::string const value = assignment.substr(equals + 1);
  if (value.empty()) malformed_assignment(assignment, "the value is missing");
  check_key(key, "command line", 0);
  std::istringstream parts(key + ".");
  for (std::string part; std::getline(parts, part, '.');) {
    // "[3]" at the end addresses an element of an array of tables.
    auto const bracket = part.find('[');
    std::string_view const index = bracket == std::string::npos ? "[0]" : std::string_view(part).substr(bracket);
    bool const is_index =
        index.size() > 2 && index.back() == ']' &&
        std::ranges::all_of(index.substr(1, index.size() - 2), [](unsigned char c) { return std::isdigit(c) != 0; });
    if (!is_bare(part.substr(0, bracket)) || !is_index) malformed_assignment(assignment, "'" + key + "' is not a key");
  }
  auto entries = parse_value(key, value);
  if (entries.empty()) entries.push_back({key, {value}, 0, {}});  // no TOML: a bare word
  for (auto& entry : entries) {
    entry.line = 0;
    entry.assignment = assignment;
  }
  return entries;
}

std::string describe(ConfigValue const& value) {
  return std::visit(Describe{}, value.value);
}

bool is_below(std::string const& key, std::string const& table) {
  return key.size() > table.size() && key.starts_with(table) && (key[table.size()] == '.' || key[table.size()] == '[');
}

bool is_bare(std::string const& name) {
  return !name.empty() &&
         std::ranges::all_of(name, [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-'; });
}

}  // namespace kramers::detail

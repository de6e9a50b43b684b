// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "config_tree.hpp"

#include <kramers/base/error.hpp>

// Where toml++ comes as headers, version 3.4 asserts that a key follows "[[", or with NDEBUG lets the compiler assume it,
// before it checks that and reports what stands there instead ("[[[a]]]"). Leave it to the check.
#undef NDEBUG
#define TOML_ASSERT(expression) static_cast<void>(0)
#include <toml++/toml.hpp>

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <optional>
#include <sstream>
#include <string_view>

namespace kramers::detail {

namespace {

using Json = nlohmann::json;

// TOML's dates have no use here; this marks one until somebody asks for the key.
constexpr char date_mark[] = "date or time";

Json to_json(toml::node const& node) {
  if (auto const* value = node.as_boolean()) return value->get();
  if (auto const* value = node.as_integer()) return value->get();
  if (auto const* value = node.as_floating_point()) return value->get();
  if (auto const* value = node.as_string()) return value->get();
  if (auto const* array = node.as_array()) {
    Json list = Json::array();
    for (auto const& element : *array) list.push_back(to_json(element));
    return list;
  }
  if (auto const* table = node.as_table()) {
    Json object = Json::object();
    for (auto const& [name, child] : *table) object[std::string(name.str())] = to_json(child);
    return object;
  }
  return Json{{date_mark, true}};
}

/// Where the first character stands that is no printable ASCII, outside strings and comments: never in good TOML, and
/// toml++ 3.4 has undefined behaviour for many of them. The same for one in a string that comes first after a backslash,
/// or after one at the end of the line before, which would be good.
std::optional<std::size_t> first_stray(std::string_view text) {
  bool const has_mark = text.starts_with("\xef\xbb\xbf");  // of UTF-8
  std::string_view quotes;                                 // that end the string we are in
  bool in_comment = false, in_line_end = false;
  char before = '\n';  // the last character but spaces, outside strings and comments
  for (std::size_t i = has_mark ? 3 : 0; i < text.size(); ++i) {
    auto const c = static_cast<unsigned char>(text[i]);
    std::string_view const rest = text.substr(i);
    bool const is_space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (in_line_end && c >= 0x80) return i;
    if (!is_space) in_line_end = false;
    if (c == '\n' && quotes.size() < 2) {
      before = '\n';
      quotes = {};
      in_comment = false;
    } else if (in_comment) {
      continue;
    } else if (!quotes.empty()) {
      if (c == '\\' && quotes.front() == '"' && rest.size() > 1) {
        ++i;
        if (static_cast<unsigned char>(text[i]) >= 0x80) return i;
        in_line_end = std::string_view(" \t\r\n").find(text[i]) != std::string_view::npos;
      } else if (rest.starts_with(quotes)) {
        i += quotes.size() - 1;
        quotes = {};
      }
    } else if ((c == '"' || c == '\'') && std::string_view("\n=,.[{").find(before) != std::string_view::npos) {
      before = '"';
      bool const is_long = rest.starts_with("\"\"\"") || rest.starts_with("'''");
      quotes = rest.substr(0, is_long ? 3 : 1);
      i += quotes.size() - 1;
    } else if (!is_space && (c < 0x20 || c >= 0x7f)) {
      return i;
    } else {
      in_comment = c == '#';
      if (!is_space) before = text[i];
    }
  }
  return std::nullopt;
}

bool is_bare(std::string_view name) {
  return !name.empty() &&
         std::ranges::all_of(name, [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-'; });
}

void flatten(toml::node const& node, std::string const& key, std::vector<ConfigEntry>& entries) {
  auto const* table = node.as_table();
  if (table != nullptr && !table->empty()) {
    for (auto const& [name, child] : *table) {
      std::string const part = is_bare(name.str()) ? std::string(name.str()) : "\"" + std::string(name.str()) + "\"";
      flatten(child, key.empty() ? part : key + "." + part, entries);
    }
    return;
  }
  auto const* array = node.as_array();
  if (array != nullptr && array->is_homogeneous<toml::table>()) {
    for (std::size_t i = 0; i < array->size(); ++i) {
      flatten(*array->get(i), key + "[" + std::to_string(i) + "]", entries);
    }
    return;
  }
  if (!key.empty()) entries.push_back({key, to_json(node), static_cast<int>(node.source().begin.line), {}});
}

[[noreturn]] void malformed_assignment(std::string const& assignment, std::string const& what) {
  throw InputError("command line", 0, "--set " + assignment + ": " + what);
}

}  // namespace

std::vector<ConfigEntry> parse_toml(std::string const& text, std::string const& source) {
  if (auto const stray = first_stray(text)) {
    auto const before = std::string_view(text).substr(0, *stray);
    auto const line_start = before.rfind('\n') + 1;  // npos + 1 is 0
    throw InputError(source, static_cast<int>(1 + std::ranges::count(before, '\n')),
                     "column " + std::to_string(*stray - line_start + 1) +
                         ": malformed TOML: characters beyond printable ASCII stand only in strings and comments, and "
                         "not after a backslash");
  }
  try {
    std::vector<ConfigEntry> entries;
    flatten(toml::parse(text, source), "", entries);
    std::ranges::stable_sort(entries, {}, &ConfigEntry::line);
    return entries;
  } catch (toml::parse_error const& e) {
    auto const at = e.source().begin;
    throw InputError(source, static_cast<int>(at.line),
                     "column " + std::to_string(at.column) + ": malformed TOML: " + std::string(e.description()));
  }
}

std::vector<ConfigEntry> parse_assignment(std::string const& assignment) {
  auto const equals = assignment.find('=');
  if (equals == std::string::npos) malformed_assignment(assignment, "write it as a.b=value");
  std::string const key = assignment.substr(0, equals);
  std::string const value = assignment.substr(equals + 1);
  if (value.empty()) malformed_assignment(assignment, "the value is missing");
  std::istringstream parts(key + ".");
  for (std::string part; std::getline(parts, part, '.');) {
    // "[3]" at the end addresses an element of an array of tables.
    auto const bracket = part.find('[');
    std::string_view const index = bracket == std::string::npos ? "[0]" : std::string_view(part).substr(bracket);
    bool const is_index =
        index.size() > 2 && index.back() == ']' &&
        std::ranges::all_of(index.substr(1, index.size() - 2), [](unsigned char c) { return std::isdigit(c) != 0; });
    if (!is_bare(std::string_view(part).substr(0, bracket)) || !is_index) {
      malformed_assignment(assignment, "'" + key + "' is not a key");
    }
  }
  std::vector<ConfigEntry> entries;
  std::string const text = "value = " + value;
  try {
    toml::table const table = first_stray(text) ? toml::table() : toml::parse(text);
    if (table.size() == 1) flatten(*table.get("value"), key, entries);
  } catch (toml::parse_error const&) {
  }
  if (entries.empty()) entries.push_back({key, value, 0, {}});  // no TOML: a bare word
  for (auto& entry : entries) {
    entry.line = 0;
    entry.assignment = assignment;
  }
  return entries;
}

std::string describe(Json const& value) {
  switch (value.type()) {
    case Json::value_t::boolean:
      return value.get<bool>() ? "true" : "false";
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
      return "the integer " + value.dump();
    case Json::value_t::number_float:
      return "the number " + shortest_decimal(value.get<double>());
    case Json::value_t::string:
      return "the string '" + value.get<std::string>() + "'";
    case Json::value_t::array:
      return "an array";
    case Json::value_t::object:
      return value.contains(date_mark) ? "a date or time" : "a table";
    default:
      return "nothing";
  }
}

bool is_below(std::string const& key, std::string const& table) {
  return key.size() > table.size() && key.starts_with(table) && (key[table.size()] == '.' || key[table.size()] == '[');
}

}  // namespace kramers::detail

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace kramers::detail {

/// A value as it stands in an input. Dates, and tables within lists of other things, have no use here; they are told
/// apart for messages.
struct ConfigValue {
  struct Date {};
  struct Table {};
  using List = std::vector<ConfigValue>;
  std::variant<Table, bool, std::int64_t, double, std::string, List, Date> value;

  bool is_table() const { return std::holds_alternative<Table>(value); }
};

/// One key of an input with its value, or one empty table.
struct ConfigEntry {
  std::string key;  ///< with dots, "a.b[0].c"
  ConfigValue value;
  int line = 0;            ///< 0 where it comes from the command line
  std::string assignment;  ///< the text given to `set`, empty for the file
};

/// All keys of a TOML text in the order of the text.
///
/// @throws InputError  malformed text, with line and column
std::vector<ConfigEntry> parse_toml(std::string const& text, std::string const& source);

/// The entries of one assignment "a.b=value".
///
/// @throws InputError  no key, no value
std::vector<ConfigEntry> parse_assignment(std::string const& assignment);

/// "the number 0.5", "the string 'fast'", "a table".
std::string describe(ConfigValue const& value);

/// Does `key` stand below `table`, as "a.b" or "a[0].b" below "a"?
bool is_below(std::string const& key, std::string const& table);

/// Can the name stand in a key without quotes?
bool is_bare(std::string const& name);

}  // namespace kramers::detail

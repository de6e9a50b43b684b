// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/runtime/config.hpp>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config_tree.hpp"

namespace kramers {

struct Config::Impl {
  /// What `config_value` allows.
  using UsedValue = std::variant<bool, std::int64_t, std::uint64_t, double, std::string, std::vector<double>,
                                 std::vector<std::int64_t>, std::vector<std::string>>;

  std::string text;
  std::string source;
  bool is_recorded = false;  ///< the source is a file of results, and files that keys name are read from it
  std::vector<std::string> assignments;
  std::vector<detail::ConfigEntry> entries;
  // What the getters remember.
  std::set<std::string> asked;
  std::map<std::string, UsedValue> used;
  std::map<std::string, std::filesystem::path> inputs;
  std::vector<std::string> warnings;
  /// Keys with several values, of which `used` has the one of a point: their list, or nothing where they have a range,
  /// whose parts are keys.
  std::map<std::string, std::optional<std::vector<double>>> swept;

  detail::ConfigEntry const* entry(std::string_view key) const {
    auto const at = std::ranges::find(entries, key, &detail::ConfigEntry::key);
    return at == entries.end() ? nullptr : &*at;
  }

  /// The value that the living Sweep has now for a number that has several; nothing where there is no such thing.
  std::optional<detail::ConfigValue> one_of_several(Config const& config, std::string const& key);

  InputError error_at(std::string_view key, std::string const& sentence) const {
    auto const* at = entry(key);
    if (at == nullptr) at = entry(std::string(key) + ".from");  // of a range of values
    if (at == nullptr) return InputError(source, 0, sentence);
    if (at->line == 0) return InputError("command line", 0, sentence + " (--set " + at->assignment + ")");
    return InputError(source, at->line, sentence);
  }

  InputError invalid(std::string_view key, std::string const& got, std::string_view rule) const {
    return error_at(key, "invalid '" + std::string(key) + "': got " + got + "; expected " + std::string(rule));
  }
};

}  // namespace kramers

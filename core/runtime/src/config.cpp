// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/file.hpp>
#include <kramers/runtime/collective_errors.hpp>
#include <kramers/runtime/config.hpp>
#include <kramers/runtime/key_recorder.hpp>
#include <kramers/runtime/recorded_input.hpp>
#include <kramers/runtime/sweep.hpp>
#include <kramers/runtime/units.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "config_impl.hpp"
#include "key_names.hpp"

namespace kramers {

namespace fs = std::filesystem;
using detail::ConfigEntry;
using detail::ConfigValue;

namespace {

// No sane input file is larger; a device or a core dump given by mistake is.
constexpr std::size_t largest_input = std::size_t{16} << 20;

/// Empty if `from` can be taken as T, else what is expected.
std::string convert(ConfigValue const& from, bool& to) {
  auto const* value = std::get_if<bool>(&from.value);
  if (value == nullptr) return "true or false";
  to = *value;
  return {};
}

std::string convert(ConfigValue const& from, double& to) {
  if (auto const* whole = std::get_if<std::int64_t>(&from.value)) {
    to = static_cast<double>(*whole);
  } else if (auto const* value = std::get_if<double>(&from.value)) {
    to = *value;
  } else {
    return "a number";
  }
  return std::isfinite(to) ? "" : "a finite number";
}

std::string convert(ConfigValue const& from, std::int64_t& to) {
  if (auto const* whole = std::get_if<std::int64_t>(&from.value)) {
    to = *whole;
    return {};
  }
  // 1e6 is an integer to people; from 2^53 on a float stands for several, as 2^53 itself does for 2^53 + 1.
  auto const* value = std::get_if<double>(&from.value);
  if (value == nullptr || !(std::abs(*value) < 9007199254740992.0) || *value != std::floor(*value)) return "an integer";
  to = static_cast<std::int64_t>(*value);
  return {};
}

std::string convert(ConfigValue const& from, std::uint64_t& to) {
  std::int64_t value = 0;  // the integers of TOML
  if (!convert(from, value).empty() || value < 0) return "an integer between 0 and 2^63 - 1";
  to = static_cast<std::uint64_t>(value);
  return {};
}

std::string convert(ConfigValue const& from, std::string& to) {
  auto const* value = std::get_if<std::string>(&from.value);
  if (value == nullptr) return "a string";
  to = *value;
  return {};
}

template <class T>
std::string convert(ConfigValue const& from, std::vector<T>& to) {
  T element{};
  std::string const whole = "an array, each element ";
  auto const* list = std::get_if<ConfigValue::List>(&from.value);
  if (list == nullptr) return whole + convert(ConfigValue{}, element);
  for (auto const& part : *list) {
    std::string const wanted = convert(part, element);
    if (!wanted.empty()) return whole + wanted;
    to.push_back(element);
  }
  return {};
}

/// What is wrong with a value, and what is expected.
struct Refusal {
  std::string got, wanted;
};

/// Numbers of the unit system in the place of texts as "25 kJ/mol".
template <class T>
std::optional<Refusal> take_units(std::string_view, ConfigValue&, T const&) {
  return std::nullopt;
}

std::optional<Refusal> take_units(std::string_view key, ConfigValue& value, double number) {
  auto const* const text = std::get_if<std::string>(&value.value);
  if (text == nullptr) return std::nullopt;
  std::string const wanted = KeyUnits::convert(key, *text, number);
  if (!wanted.empty()) return Refusal{detail::describe(value), wanted};
  value.value = number;
  return std::nullopt;
}

std::optional<Refusal> take_units(std::string_view key, ConfigValue& value, std::vector<double> const&) {
  auto* const list = std::get_if<ConfigValue::List>(&value.value);
  if (list == nullptr) return std::nullopt;
  for (ConfigValue& part : *list) {
    if (auto refusal = take_units(key, part, 0.0)) return refusal;
  }
  return std::nullopt;
}

/// A value that was used, as people write it.
std::string text_of(bool value) {
  return value ? "true" : "false";
}

std::string text_of(double value) {
  return shortest_decimal(value);
}

std::string text_of(std::string const& value) {
  return "'" + value + "'";
}

template <std::integral T>
std::string text_of(T value) {
  return std::to_string(value);
}

template <class T>
std::string text_of(std::vector<T> const& values) {
  std::string text;
  for (auto const& value : values) text += (text.empty() ? "" : ", ") + text_of(value);
  return "[" + text + "]";
}

template <class T>
constexpr char const* type_name = "integer";
template <>
constexpr char const* type_name<bool> = "true or false";
template <>
constexpr char const* type_name<double> = "number";
template <>
constexpr char const* type_name<std::string> = "text";
template <>
constexpr char const* type_name<std::vector<double>> = "numbers";
template <>
constexpr char const* type_name<std::vector<std::int64_t>> = "integers";
template <>
constexpr char const* type_name<std::vector<std::string>> = "texts";

/// A default as a list of keys shows it.
template <class T>
std::string shown(T const& value) {
  if constexpr (std::same_as<T, std::string>) {
    return value;
  } else {
    return text_of(value);
  }
}

}  // namespace

Config::Config(std::unique_ptr<Impl> impl) : m_impl(std::move(impl)) {}
Config::~Config() = default;
Config::Config(Config&&) noexcept = default;
Config& Config::operator=(Config&&) noexcept = default;

Config Config::from_text(std::string text, std::string source) {
  auto impl = std::make_unique<Impl>();
  impl->entries = detail::parse_toml(text, source);
  impl->text = std::move(text);
  impl->source = std::move(source);
  return Config(std::move(impl));
}

Config Config::from_file(fs::path const& path, Communicator const& comm) {
  std::string text;
  std::uint64_t recorded = 0;
  agree(comm, [&] {
    if (!comm.is_root()) return;
    recorded = is_hdf5(path) ? 1 : 0;
    text = recorded != 0 ? read_recorded_input(path).text : read_input(path, largest_input);
  });
  comm.broadcast(text);
  comm.broadcast(recorded);
  Config config = from_text(std::move(text), path.string());
  config.m_impl->is_recorded = recorded != 0;
  config.m_impl->inputs.emplace("", path);
  return config;
}

void Config::set(std::string const& assignment) {
  auto& entries = m_impl->entries;
  auto fresh = detail::parse_assignment(assignment);
  std::string const key = assignment.substr(0, assignment.find('='));
  for (auto const& entry : entries) {
    if (detail::is_below(key, entry.key) && !entry.value.is_table()) {
      throw InputError("command line", 0, "--set " + assignment + ": '" + entry.key + "' is not a table");
    }
  }
  auto const bracket = key.rfind('[');
  if (bracket != std::string::npos && !has(key.substr(0, key.find(']', bracket) + 1))) {
    throw InputError("command line", 0, "--set " + assignment + ": there is no such element");
  }
  std::erase_if(entries, [&](ConfigEntry const& old) { return old.key == key || detail::is_below(old.key, key); });
  entries.insert(entries.end(), std::make_move_iterator(fresh.begin()), std::make_move_iterator(fresh.end()));
  m_impl->assignments.push_back(assignment);
}

InputError Config::error(std::string_view key, std::string const& what) const {
  return m_impl->error_at(key, "'" + std::string(key) + "' " + what);
}

template <config_value T>
std::optional<T> Config::find(std::string_view key) const {
  std::string const name(key);
  m_impl->asked.insert(name);
  detail::note_type(name, type_name<T>);
  auto const* entry = m_impl->entry(key);
  if constexpr (std::same_as<T, double> || (std::integral<T> && !std::same_as<T, bool>)) {
    if (auto const one = m_impl->one_of_several(*this, name)) {
      T value{};
      std::string const wanted = convert(*one, value);
      if (!wanted.empty()) throw m_impl->invalid(key, detail::describe(*one), wanted);
      m_impl->used[name] = value;
      return value;
    }
  }
  if (entry == nullptr) {
    for (auto const& other : m_impl->entries) {
      if (detail::is_below(other.key, name)) {
        throw error(other.key, "makes a table of '" + name + "', which is a single value");
      }
      if (detail::is_below(name, other.key) && !other.value.is_table()) {
        throw m_impl->invalid(other.key, detail::describe(other.value), "a table with the key '" + name + "'");
      }
    }
    return std::nullopt;
  }
  T value{};
  ConfigValue given = entry->value;
  if (auto const refusal = take_units(key, given, value)) throw m_impl->invalid(key, refusal->got, refusal->wanted);
  std::string const wanted = convert(given, value);
  if (!wanted.empty()) throw m_impl->invalid(key, detail::describe(given), wanted);
  m_impl->used[name] = value;
  return value;
}

template <config_value T>
T Config::get(std::string_view key) const {
  detail::note_required(key);
  auto value = find<T>(key);
  if (value) return *std::move(value);
  T unused{};
  std::string message = "is missing; expected " + convert(ConfigValue{}, unused);
  std::vector<std::string> spare;
  for (auto const& entry : m_impl->entries) {
    if (!m_impl->asked.contains(entry.key)) spare.push_back(entry.key);
  }
  auto const meant = detail::nearest_key(key, spare);
  if (meant.is_near) {
    auto const line = m_impl->entry(meant.name)->line;
    message += "; is '" + meant.name + "'" + (line > 0 ? " in line " + std::to_string(line) : "") + " a misspelling?";
  }
  throw error(key, message);
}

template <config_value T>
T Config::get(std::string_view key, T const& fallback) const {
  detail::note_fallback(key, shown(fallback));
  auto value = find<T>(key);
  if (value) return *std::move(value);
  m_impl->used[std::string(key)] = fallback;
  return fallback;
}

#define KRAMERS_CONFIG_VALUE(T)                                      \
  template std::optional<T> Config::find<T>(std::string_view) const; \
  template T Config::get<T>(std::string_view) const;                 \
  template T Config::get<T>(std::string_view, T const&) const;
KRAMERS_CONFIG_VALUE(bool)
KRAMERS_CONFIG_VALUE(std::int64_t)
KRAMERS_CONFIG_VALUE(std::uint64_t)
KRAMERS_CONFIG_VALUE(double)
KRAMERS_CONFIG_VALUE(std::string)
KRAMERS_CONFIG_VALUE(std::vector<double>)
KRAMERS_CONFIG_VALUE(std::vector<std::int64_t>)
KRAMERS_CONFIG_VALUE(std::vector<std::string>)
#undef KRAMERS_CONFIG_VALUE

std::int64_t Config::bounded_integer(std::string_view key, std::int64_t lowest, std::int64_t highest,
                                     std::optional<std::int64_t> fallback) const {
  auto const value = fallback ? get<std::int64_t>(key, *fallback) : get<std::int64_t>(key);
  check(lowest <= value && value <= highest, key,
        lowest == highest ? std::to_string(lowest)
                          : "between " + std::to_string(lowest) + " and " + std::to_string(highest));
  return value;
}

std::string Config::one_of(std::string_view key, std::vector<std::string> const& names,
                           std::string_view fallback) const {
  detail::note_choices(key, names);
  auto value = fallback.empty() ? get<std::string>(key) : get<std::string>(key, std::string(fallback));
  if (std::ranges::find(names, value) != names.end()) return value;
  std::string list;
  for (auto const& name : names) list += (list.empty() ? "'" : ", '") + name + "'";
  auto const meant = detail::nearest_name(value, names);
  throw m_impl->invalid(key, "'" + value + "'",
                        "one of " + list + (meant ? "; did you mean '" + *meant + "'?" : std::string()));
}

std::optional<fs::path> Config::find_output(std::string_view key) const {
  auto const text = find<std::string>(key);
  detail::note_type(key, "file");
  if (!text) return std::nullopt;
  if (text->empty()) throw m_impl->invalid(key, "an empty text", "the name of a file");
  bool const from_file = m_impl->entry(key)->assignment.empty();
  return from_file ? fs::path(m_impl->source).parent_path() / *text : fs::path(*text);
}

std::optional<fs::path> Config::find_path(std::string_view key) const {
  auto found = find_output(key);
  if (!found) return found;
  std::string const name(key);
  bool const within = m_impl->is_recorded && m_impl->entry(key)->assignment.empty();
  m_impl->inputs[name] = within ? fs::path(m_impl->source) : *found;
  return within ? recorded_file(m_impl->source, name) : found;
}

fs::path Config::path(std::string_view key) const {
  detail::note_required(key);
  auto const found = find_path(key);
  return found ? *found : fs::path(get<std::string>(key));  // the latter throws: the key is missing
}

std::vector<NamedFile> Config::inputs() const {
  std::vector<NamedFile> files;
  for (auto const& [key, path] : m_impl->inputs) {
    files.push_back({key.empty() ? "INPUT" : "'" + key + "'", path, FileUse::reads});
  }
  return files;
}

bool Config::has(std::string_view key) const {
  std::string const name(key);
  return std::ranges::any_of(m_impl->entries, [&](ConfigEntry const& entry) {
    return entry.key == name || detail::is_below(entry.key, name);
  });
}

std::int64_t Config::count(std::string_view table) const {
  std::int64_t number = 0;
  while (has(std::string(table) + "[" + std::to_string(number) + "]")) ++number;
  return number;
}

void Config::check(bool ok, std::string_view key, std::string_view rule) const {
  if (ok) return;
  auto const used = m_impl->used.find(std::string(key));
  auto const* entry = m_impl->entry(key);
  throw m_impl->invalid(key,
                        used != m_impl->used.end()
                            ? std::visit([](auto const& value) { return text_of(value); }, used->second)
                        : entry != nullptr ? detail::describe(entry->value)
                        : has(key)         ? "a table"
                                           : "nothing",
                        rule);
}

void Config::renamed(std::string_view now, std::string_view before) const {
  std::string const old(before);
  auto const is_old = [&](ConfigEntry const& entry) { return entry.key == old || detail::is_below(entry.key, old); };
  auto const first = std::ranges::find_if(m_impl->entries, is_old);
  if (first == m_impl->entries.end()) return;
  std::string const sentence = "'" + old + "' is now called '" + std::string(now) + "'";
  if (has(now)) throw m_impl->error_at(first->key, sentence + ", and the input has both; leave the old one out");
  m_impl->warnings.emplace_back(
      m_impl->error_at(first->key, sentence + "; the old name will be refused in the next release").what());
  for (auto& entry : m_impl->entries) {
    if (is_old(entry)) entry.key.replace(0, old.size(), now);
  }
}

std::vector<std::string> const& Config::warnings() const {
  return m_impl->warnings;
}

void Config::reject_unknown() const {
  std::vector<std::string> const keys(m_impl->asked.begin(), m_impl->asked.end());
  std::vector<std::string> tables;
  for (auto const& key : keys) {
    if (key.rfind('.') != std::string::npos) tables.push_back(key.substr(0, key.rfind('.')));
  }
  for (auto const& entry : m_impl->entries) {
    if (m_impl->asked.contains(entry.key)) continue;
    bool const is_empty_table = entry.value.is_table();
    // An empty table is fine if it could have held something.
    auto const below = [&](std::string const& key) { return detail::is_below(key, entry.key); };
    if (is_empty_table && std::ranges::any_of(keys, below)) continue;
    auto const meant = detail::nearest_key(entry.key, is_empty_table ? tables : keys);
    std::string const hint = meant.name.empty() ? ""
                             : meant.is_near    ? "; did you mean '" + meant.name + "'?"
                                                : "; the nearest valid key is '" + meant.name + "'";
    throw m_impl->error_at(entry.key, "unknown key '" + entry.key + "'" + hint);
  }
}

std::string Config::verbatim() const {
  std::string text = m_impl->text;
  if (!m_impl->assignments.empty() && !text.empty() && text.back() != '\n') text += '\n';
  for (auto assignment : m_impl->assignments) {
    std::ranges::replace(assignment, '\n', ' ');
    text += "# --set " + assignment + "\n";
  }
  return text;
}

std::string const& Config::source() const {
  return m_impl->source;
}

}  // namespace kramers

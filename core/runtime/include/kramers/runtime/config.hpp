// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/base/error.hpp>
#include <kramers/runtime/communicator.hpp>

#include <nlohmann/json_fwd.hpp>

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace kramers {

struct NamedFile;

/// The types a key of an input file can have.
template <class T>
concept config_value =
    std::same_as<T, bool> || std::same_as<T, std::int64_t> || std::same_as<T, std::uint64_t> ||
    std::same_as<T, double> || std::same_as<T, std::string> || std::same_as<T, std::vector<double>> ||
    std::same_as<T, std::vector<std::int64_t>> || std::same_as<T, std::vector<std::string>>;

/// An input file in TOML, read strictly. A key is written with dots, "integrator.dt"; element i of an array of tables is
/// "table[i]", counted from 0. Every key asked for is remembered; `reject_unknown` then finds the ones nobody asked for.
///
/// Numbers: a double takes an integer too; an integer takes a float without fraction (1e6). NaN and infinity are
/// rejected. The getters are const but remember: use one Config from one thread.
///
/// @throws InputError  with file, line and key, from all functions: wrong type, missing key, broken rule
class Config {
 public:
  /// Read a file; rank 0 of `comm` reads it and every rank gets the text. Collective.
  static Config from_file(std::filesystem::path const& path, Communicator const& comm = Communicator::self());
  /// Read a text; `source` names it in messages, and file names in it are relative to the folder of `source`.
  static Config from_text(std::string text, std::string source);

  ~Config();
  Config(Config&&) noexcept;
  Config& operator=(Config&&) noexcept;

  /// Replace or add one key: "integrator.dt=0.01". The value is TOML; what is no TOML value is a string.
  void set(std::string const& assignment);

  /// Value of a required key.
  template <config_value T>
  T get(std::string_view key) const;
  /// Value of a key, or `fallback` where it is absent.
  template <config_value T>
  T get(std::string_view key, T const& fallback) const;
  std::string get(std::string_view key, char const* fallback) const { return get<std::string>(key, fallback); }
  /// Value of a key, or nothing where it is absent.
  template <config_value T>
  std::optional<T> find(std::string_view key) const;

  /// A number > 0, or >= 0.
  template <config_value T>
    requires(std::is_arithmetic_v<T> && !std::same_as<T, bool>)
  T positive(std::string_view key, std::optional<T> fallback = {}) const {
    T const value = fallback ? get<T>(key, *fallback) : get<T>(key);
    check(value > T{0}, key, "> 0");
    return value;
  }
  template <config_value T>
    requires(std::is_signed_v<T>)
  T non_negative(std::string_view key, std::optional<T> fallback = {}) const {
    T const value = fallback ? get<T>(key, *fallback) : get<T>(key);
    check(value >= T{0}, key, ">= 0");
    return value;
  }
  /// An integer from `lowest` to `highest`, checked before it becomes a T: the way to any type that is none of
  /// `config_value`, for a cast would make another number of one that does not fit.
  template <std::integral T>
    requires(!std::same_as<T, bool> && (std::is_signed_v<T> || sizeof(T) < sizeof(std::int64_t)))
  T bounded(std::string_view key, std::type_identity_t<T> lowest, std::type_identity_t<T> highest,
            std::optional<std::type_identity_t<T>> fallback = {}) const {
    return static_cast<T>(bounded_integer(key, lowest, highest, fallback));
  }
  /// One of the given names; the message for another name suggests the nearest. An empty fallback means required.
  std::string one_of(std::string_view key, std::vector<std::string> const& names, std::string_view fallback = {}) const;
  /// The name of a file to read; `inputs` remembers it. One written in the file is relative to the folder of that file,
  /// one given to `set` to the current.
  std::filesystem::path path(std::string_view key) const;
  std::optional<std::filesystem::path> find_path(std::string_view key) const;
  /// The name of a file to write, in the same way.
  std::optional<std::filesystem::path> find_output(std::string_view key) const;
  /// What is read: the input file itself, and what `path` and `find_path` gave.
  std::vector<NamedFile> inputs() const;

  /// Is the key, or a table of that name, in the input? Does not count as asking for it.
  bool has(std::string_view key) const;
  /// Number of tables in an array of tables; 0 where it is absent.
  std::int64_t count(std::string_view table) const;

  /// Throw InputError "invalid 'key': got VALUE; expected RULE" unless `ok`; the rule is like "> 0".
  void check(bool ok, std::string_view key, std::string_view rule) const;
  /// The error for a key whose value cannot be used: "input.toml:12: 'key' <what is wrong>".
  [[nodiscard]] InputError error(std::string_view key, std::string const& what) const;

  /// The key or table `now` was called `before` in the last release: where the input has the old name, it serves as the
  /// new one, and a warning says so. Call it after the last `set` and before the first lookup of either.
  /// @throws InputError  the input has both
  void renamed(std::string_view now, std::string_view before) const;
  /// What the user should change though it works today, one sentence each; printed by whoever may print.
  std::vector<std::string> const& warnings() const;

  /// Throw InputError for the first key of the input that nobody has asked for, with the nearest one asked for.
  void reject_unknown() const;

  /// The text as read, followed by one comment line per `set`.
  std::string verbatim() const;
  /// All keys asked for so far and the values used, defaults included, as nested objects.
  nlohmann::json effective() const;
  /// Name of the source, as given.
  std::string const& source() const;

 private:
  std::int64_t bounded_integer(std::string_view key, std::int64_t lowest, std::int64_t highest,
                               std::optional<std::int64_t> fallback) const;

  struct Impl;
  explicit Config(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> m_impl;
};

namespace detail {
/// The candidate nearest to `word` by edit distance, if it is near enough to be a misspelling.
std::optional<std::string> nearest_name(std::string_view word, std::vector<std::string> const& candidates);
}  // namespace detail

}  // namespace kramers

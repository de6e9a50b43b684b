// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>
#include <source_location>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

namespace kramers {

/// Base of every exception kramers throws: one sentence for people, and where it was raised.
class Error : public std::runtime_error {
 public:
  explicit Error(std::string const& message, std::source_location where = std::source_location::current());
  std::source_location const& where() const { return m_where; }

 private:
  std::source_location m_where;
};

/// An argument has a value outside the domain of the function: "invalid NAME: got VALUE; expected RULE".
class DomainError : public Error {
 public:
  DomainError(std::string name, std::string got, std::string rule,
              std::source_location where = std::source_location::current());
  std::string const& name() const { return m_name; }
  std::string const& got() const { return m_got; }
  std::string const& rule() const { return m_rule; }

 private:
  std::string m_name, m_got, m_rule;
};

/// An array has the wrong extent: "invalid extent of NAME: got 3; expected 4".
class ShapeError : public Error {
 public:
  ShapeError(std::string name, std::int64_t got, std::int64_t want,
             std::source_location where = std::source_location::current());
  std::string const& name() const { return m_name; }
  std::int64_t got() const { return m_got; }
  std::int64_t want() const { return m_want; }

 private:
  std::string m_name;
  std::int64_t m_got, m_want;
};

/// The user's input is wrong: the source (a file name or "command line"), the line (0 if none) and what to change.
class InputError : public Error {
 public:
  InputError(std::string source, int line, std::string const& what_is_wrong,
             std::source_location where = std::source_location::current());
  std::string const& source() const { return m_source; }
  int line() const { return m_line; }

 private:
  std::string m_source;
  int m_line;
};

/// The request cannot be met as it stands, most often because of the command line: the message says what to change.
class UsageError : public Error {
 public:
  // Spelled out: the front end of nvcc crashes on `using Error::Error`.
  explicit UsageError(std::string const& message, std::source_location where = std::source_location::current());
};

/// The machine lacks what the run needs, a GPU that the build can use or memory: the message says what to do.
class MachineError : public Error {
 public:
  explicit MachineError(std::string const& message, std::source_location where = std::source_location::current());
};

/// A file could not be read or written: its path and the reason.
class IoError : public Error {
 public:
  IoError(std::string path, std::string const& reason, std::source_location where = std::source_location::current());
  std::string const& path() const { return m_path; }

 private:
  std::string m_path;
};

/// A trajectory left the finite numbers: which walker, at which step, and its last position.
class DivergedError : public Error {
 public:
  DivergedError(std::uint64_t walker, std::int64_t step, double value, double dt,
                std::source_location where = std::source_location::current());
  std::uint64_t walker() const { return m_walker; }
  std::int64_t step() const { return m_step; }
  double value() const { return m_value; }

 private:
  std::uint64_t m_walker;
  std::int64_t m_step;
  double m_value;
};

/// The shortest decimal text that reads back as the same double.
std::string shortest_decimal(double value);

/// "invalid NAME: got GOT; expected EXPECTED", the wording of all programs for a bad value.
std::string invalid_value(std::string_view name, std::string_view got, std::string_view expected);

/// Throw DomainError unless `ok`; `value` is printed as it is, and the rule reads after "expected", as in "> 0".
template <class T>
void expects(bool ok, std::string_view name, T const& value, std::string_view rule,
             std::source_location where = std::source_location::current()) {
  if (ok) return;
  if constexpr (std::is_convertible_v<T, std::string_view>) {
    throw DomainError(std::string(name), std::string(std::string_view(value)), std::string(rule), where);
  } else if constexpr (std::is_floating_point_v<T>) {
    throw DomainError(std::string(name), shortest_decimal(static_cast<double>(value)), std::string(rule), where);
  } else {
    throw DomainError(std::string(name), std::to_string(value), std::string(rule), where);
  }
}

/// Throw ShapeError unless the two extents agree.
inline void expects_extent(std::string_view name, std::int64_t got, std::int64_t want,
                           std::source_location where = std::source_location::current()) {
  if (got != want) throw ShapeError(std::string(name), got, want, where);
}

}  // namespace kramers

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>

#include <array>
#include <charconv>
#include <utility>

namespace kramers {

Error::Error(std::string const& message, std::source_location where) : std::runtime_error(message), m_where(where) {}

DomainError::DomainError(std::string name, std::string got, std::string rule, std::source_location where)
    : Error(invalid_value(name, got, rule), where),
      m_name(std::move(name)),
      m_got(std::move(got)),
      m_rule(std::move(rule)) {}

ShapeError::ShapeError(std::string name, std::int64_t got, std::int64_t want, std::source_location where)
    : Error("invalid extent of " + name + ": got " + std::to_string(got) + "; expected " + std::to_string(want), where),
      m_name(std::move(name)),
      m_got(got),
      m_want(want) {}

InputError::InputError(std::string source, int line, std::string const& what_is_wrong, std::source_location where)
    : Error(source + (line > 0 ? ":" + std::to_string(line) : "") + ": " + what_is_wrong, where),
      m_source(std::move(source)),
      m_line(line) {}

UsageError::UsageError(std::string const& message, std::source_location where) : Error(message, where) {}

MachineError::MachineError(std::string const& message, std::source_location where) : Error(message, where) {}

IoError::IoError(std::string path, std::string const& reason, std::source_location where)
    : Error(path + ": " + reason, where), m_path(std::move(path)) {}

DivergedError::DivergedError(std::uint64_t walker, std::int64_t step, double value, double dt,
                             std::source_location where)
    : Error("the integration diverged: walker " + std::to_string(walker) + " reached " + shortest_decimal(value) +
                " at step " + std::to_string(step) + "; use a time step smaller than dt = " + shortest_decimal(dt),
            where),
      m_walker(walker),
      m_step(step),
      m_value(value) {}

std::string shortest_decimal(double value) {
  std::array<char, 32> text{};
  auto const end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return std::string(text.data(), end);
}

std::string invalid_value(std::string_view name, std::string_view got, std::string_view expected) {
  return "invalid " + std::string(name) + ": got " + std::string(got) + "; expected " + std::string(expected);
}

}  // namespace kramers

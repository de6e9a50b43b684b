// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What the readers of profiles and of surfaces share: lines of columns, and headers of PLUMED.
namespace kramers::dynamics::detail {

/// Without the blanks around it.
std::string_view trim(std::string_view text);
/// Is it blank, or one that starts with `#`, `;` or `@`?
bool is_comment(std::string_view trimmed);
/// The columns of a line, separated by commas if it has any, else by blanks.
std::vector<std::string_view> columns_of(std::string_view line);
bool has_commas(std::string_view line);
/// A decimal number, NaN where no double can hold it; nothing where the text is none.
std::optional<double> number(std::string_view text);
/// What stands in a message: the text itself, cut where it is long.
std::string in_quotes(std::string_view text);
/// "1 column", "2 columns".
std::string counted(std::size_t n, std::string const& what);
/// Visit every line of a text, numbered from 1, without a byte order mark and without line ends.
void for_each_line(std::string_view text, std::function<void(std::string_view line, int number)> const& visit);

/// The lines `#! FIELDS name ...` and `#! SET key value` of PLUMED.
class PlumedHeader {
 public:
  struct Setting {
    std::string value;
    int line;
  };

  explicit PlumedHeader(std::string const& source) : m_source(source) {}

  void line(std::string_view text, int number);

  /// Names of the columns; empty where no header names them.
  std::vector<std::string> const& fields() const { return m_fields; }
  Setting const* find(std::string const& key) const;
  /// Is field i a derivative along field j, `der_phi` along `phi`?
  bool is_derivative(std::size_t i, std::size_t j) const;

  /// The period of a coordinate, max - min; 0 where it is not periodic.
  /// @throws InputError  with the line of what is wrong
  double period_of(std::string const& name) const;
  /// @throws InputError  the header announces more points along this coordinate
  void expect_points(std::string const& name, std::size_t points) const;

  /// @throws InputError  of this line, or of that of the fields
  [[noreturn]] void fail(int line, std::string const& what) const;
  [[noreturn]] void fail_fields(std::string const& what) const { fail(m_fields_line, what); }

 private:
  double end(std::string const& key, Setting const& periodic) const;

  std::string const& m_source;
  std::vector<std::string> m_fields;
  int m_fields_line = 0;
  std::map<std::string, Setting> m_settings;
};

}  // namespace kramers::dynamics::detail

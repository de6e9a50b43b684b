// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/base/hash.hpp>
#include <kramers/dynamics/potentials/table.hpp>
#include <kramers/runtime/recorded_input.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

#include "table_text.hpp"

namespace kramers::dynamics {
namespace {

using detail::counted;
using detail::in_quotes;
using detail::number;
using detail::PlumedHeader;

// Columns of position and energy that a header names, from 0.
std::array<std::size_t, 2> profile_columns(PlumedHeader const& header) {
  auto const& fields = header.fields();
  if (fields.size() < 2) header.fail_fields("names " + counted(fields.size(), "field") + ", but two are needed");
  for (std::size_t i = 2; i < fields.size(); ++i) {
    if (header.is_derivative(i, 0)) continue;
    header.fail_fields("names " + counted(fields.size(), "field") + ", of which " + in_quotes(fields[i]) +
                       " is no derivative; choose those of position and energy");
  }
  return {0, 1};
}

double profile_period(PlumedHeader const& header, std::size_t position) {
  auto const& fields = header.fields();
  if (position >= fields.size()) return 0;
  for (std::string const& other : fields) {
    auto const* const lower = other == fields[position] ? nullptr : header.find("min_" + other);
    if (lower != nullptr) header.fail(lower->line, "makes this a grid of several coordinates, but a profile has one");
  }
  return header.period_of(fields[position]);
}

class Parser {
 public:
  Parser(std::string const& source, TableChoice const& choice) : m_source(source), m_choice(choice), m_header(source) {}

  void line(std::string_view raw, int number) {
    m_line = number;
    std::string_view const text = detail::trim(raw);
    if (text.starts_with("#!")) {
      if (!m_seen_row) m_header.line(text, m_line);
      return;
    }
    if (detail::is_comment(text)) return;
    if (text.front() == '&') {
      m_set_ended = m_set_ended || m_seen_row;
      return;
    }
    if (m_set_ended) ++m_set;
    m_set_ended = false;
    if (m_choice.set ? m_set != *m_choice.set : m_set > 1) {
      m_seen_row = true;
      if (m_choice.set) return;
      fail("a second data set begins here, but a profile is one; choose it by its number");
    }
    row(text);
  }

  Table finish() {
    if (m_choice.set && m_set < *m_choice.set) {
      throw InputError(m_source, 0,
                       "holds " + counted(static_cast<std::size_t>(m_set), "data set") + ", but number " +
                           std::to_string(*m_choice.set) + " is chosen");
    }
    std::size_t const points = m_table.position.size();
    auto const& fields = m_header.fields();
    if (points > 0 && m_columns[0] < fields.size()) m_header.expect_points(fields[m_columns[0]], points);
    if (points < Table::fewest_points) {
      throw InputError(m_source, 0,
                       "holds " + std::to_string(points) + " points, but a spline needs at least " +
                           std::to_string(Table::fewest_points));
    }
    return std::move(m_table);
  }

 private:
  [[noreturn]] void fail(std::string const& what) const { throw InputError(m_source, m_line, what); }

  void row(std::string_view text) {
    auto const fields = detail::columns_of(text);
    if (!m_know_columns) choose_columns();
    check_count(fields.size());
    std::string_view const x = fields[m_columns[0]], v = fields[m_columns[1]];
    auto const position = number(x), energy = number(v);
    bool const may_be_header = detail::has_commas(text) && !m_seen_row;
    m_seen_row = true;
    if (may_be_header && !position && !energy) return;
    if (!position) fail(in_quotes(x) + " is not a number");
    if (!energy) fail(in_quotes(v) + " is not a number");
    if (!std::isfinite(*position)) fail("the position " + in_quotes(x) + " is not a finite number");
    if (!std::isfinite(*energy)) fail("the energy " + in_quotes(v) + " is not a finite number");
    add(*position, *energy);
  }

  void choose_columns() {
    if (m_choice.columns) {
      for (std::size_t i = 0; i < 2; ++i) m_columns[i] = static_cast<std::size_t>((*m_choice.columns)[i] - 1);
    } else if (!m_header.fields().empty()) {
      m_columns = profile_columns(m_header);
    }
    m_table.period = profile_period(m_header, m_columns[0]);
    m_know_columns = true;
  }

  void check_count(std::size_t count) const {
    std::size_t const last = std::max(m_columns[0], m_columns[1]) + 1;
    std::size_t const named = m_header.fields().size();
    if (named > 0 && count != named) {
      fail("has " + counted(count, "column") + ", but the header names " + std::to_string(named));
    }
    if (m_choice.columns && count < last) {
      fail("has " + counted(count, "column") + ", but number " + std::to_string(last) + " is chosen");
    }
    if (!m_choice.columns && named == 0 && count != 2) {
      fail("has " + counted(count, "column") + ", but two are needed: position and energy" +
           (count > 2 ? "; choose them by their numbers" : ""));
    }
  }

  void add(double position, double energy) {
    if (!m_table.position.empty() && position <= m_table.position.back()) {
      fail("the position " + shortest_decimal(position) +
           (position == m_table.position.back() ? " is repeated"
                                                : " follows " + shortest_decimal(m_table.position.back())) +
           ", but positions must increase from line to line");
    }
    m_table.position.push_back(position);
    m_table.energy.push_back(energy);
  }

  std::string const& m_source;
  TableChoice const& m_choice;
  PlumedHeader m_header;
  int m_line = 0;
  std::int64_t m_set = 1;
  bool m_seen_row = false, m_set_ended = false, m_know_columns = false;
  std::array<std::size_t, 2> m_columns{0, 1};
  Table m_table;
};

}  // namespace

Table parse_table(std::string_view text, std::string const& source, TableChoice const& choice) {
  Parser parser(source, choice);
  detail::for_each_line(text, [&](std::string_view line, int number) { parser.line(line, number); });
  return parser.finish();
}

Table read_table(std::filesystem::path const& path, TableChoice const& choice) {
  return parse_table(read_named_input(path), path.string(), choice);
}

Table with_period(Table table, double period) {
  auto& x = table.position;
  auto& v = table.energy;
  double const length = x.back() - x.front();
  constexpr double rounding = 1e-6;  // files hold about so many digits
  if (!(length < period * (1 - rounding))) {
    expects(length <= period * (1 + rounding), "period", period,
            "at least the length of the table, " + shortest_decimal(length));
    auto const [least, most] = std::ranges::minmax(v);
    expects(std::abs(v.back() - v.front()) <= rounding * (most - least), "energy one period after the first", v.back(),
            shortest_decimal(v.front()) + ", as at the first point");
    x.pop_back();
    v.pop_back();
  }
  table.period = period;
  return table;
}

std::uint64_t hash_of(Table const& table) {
  std::uint64_t sum = 0, place = 0;
  for (auto const* column : {&table.position, &table.energy}) {
    for (double const value : *column) sum += hash_element(place++, std::bit_cast<std::uint64_t>(value));
  }
  if (table.period > 0) sum += hash_element(place, std::bit_cast<std::uint64_t>(table.period));
  return sum;
}

}  // namespace kramers::dynamics

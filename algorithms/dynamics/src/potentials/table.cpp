// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/base/hash.hpp>
#include <kramers/dynamics/potentials/table.hpp>
#include <kramers/runtime/recorded_input.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>

namespace kramers::dynamics {
namespace {

constexpr std::string_view blanks = " \t\r\v\f";

std::string_view trim(std::string_view text) {
  auto const first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::vector<std::string_view> split(std::string_view line, std::string_view separators, bool repeated_as_one) {
  std::vector<std::string_view> fields;
  for (std::size_t begin = 0; begin <= line.size();) {
    std::size_t const end = std::min(line.find_first_of(separators, begin), line.size());
    std::string_view const field = trim(line.substr(begin, end - begin));
    if (!field.empty() || !repeated_as_one) fields.push_back(field);
    begin = end + 1;
  }
  return fields;
}

std::optional<double> number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range && end == text.data() + text.size()) return std::nan("");
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// What stands in a message: the field itself, cut where it is long.
std::string quoted(std::string_view text) {
  constexpr std::size_t longest = 40;
  return "'" + std::string(text.substr(0, longest)) + (text.size() > longest ? "...'" : "'");
}

class Parser {
 public:
  explicit Parser(std::string const& source) : m_source(source) {}

  void line(std::string_view raw) {
    ++m_line;
    std::string_view const text = trim(raw);
    if (text.empty() || text.front() == '#' || text.front() == ';' || text.front() == '@') return;
    if (text.front() == '&') {
      m_set_ended = !m_table.position.empty();
      return;
    }
    if (m_set_ended) fail("a second data set begins here, but a profile is one set of two columns");
    bool const commas = text.find(',') != std::string_view::npos;
    auto const fields = commas ? split(text, ",", false) : split(text, blanks, true);
    if (fields.size() != 2) {
      fail("has " + std::to_string(fields.size()) + (fields.size() == 1 ? " column" : " columns") +
           ", but two are needed: position and energy");
    }
    auto const position = number(fields[0]), energy = number(fields[1]);
    bool const may_be_header = commas && !m_seen_row;
    m_seen_row = true;
    if (may_be_header && !position && !energy) return;
    if (!position) fail(quoted(fields[0]) + " is not a number");
    if (!energy) fail(quoted(fields[1]) + " is not a number");
    add(*position, *energy, fields);
  }

  Table finish() {
    if (m_table.position.size() < Table::fewest_points) {
      throw InputError(m_source, 0,
                       "holds " + std::to_string(m_table.position.size()) + " points, but a spline needs at least " +
                           std::to_string(Table::fewest_points));
    }
    return std::move(m_table);
  }

 private:
  [[noreturn]] void fail(std::string const& what) const { throw InputError(m_source, m_line, what); }

  void add(double position, double energy, std::vector<std::string_view> const& fields) {
    if (!std::isfinite(position)) fail("the position " + quoted(fields[0]) + " is not a finite number");
    if (!std::isfinite(energy)) fail("the energy " + quoted(fields[1]) + " is not a finite number");
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
  int m_line = 0;
  bool m_seen_row = false, m_set_ended = false;
  Table m_table;
};

}  // namespace

Table parse_table(std::string_view text, std::string const& source) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  Parser parser(source);
  while (!text.empty()) {
    std::size_t const end = std::min(text.find('\n'), text.size());
    parser.line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parser.finish();
}

Table read_table(std::filesystem::path const& path) {
  return parse_table(read_named_input(path), path.string());
}

std::uint64_t hash_of(Table const& table) {
  std::uint64_t sum = 0, place = 0;
  for (auto const* column : {&table.position, &table.energy}) {
    for (double const value : *column) sum += hash_element(place++, std::bit_cast<std::uint64_t>(value));
  }
  return sum;
}

}  // namespace kramers::dynamics

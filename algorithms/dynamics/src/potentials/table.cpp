// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/base/hash.hpp>
#include <kramers/dynamics/potentials/table.hpp>
#include <kramers/runtime/recorded_input.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <map>
#include <numbers>
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
std::string in_quotes(std::string_view text) {
  constexpr std::size_t longest = 40;
  return "'" + std::string(text.substr(0, longest)) + (text.size() > longest ? "...'" : "'");
}

// A number as PLUMED takes it: numbers and pi, multiplied and divided, "-pi/2".
std::optional<double> constant(std::string_view text) {
  double value = text.starts_with('-') ? -1 : 1;
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  for (char operation = '*';;) {
    std::size_t const end = std::min(text.find_first_of("*/"), text.size());
    auto const factor = text.substr(0, end) == "pi" ? std::numbers::pi : number(text.substr(0, end));
    if (!factor) return std::nullopt;
    value = operation == '*' ? value * *factor : value / *factor;
    if (end == text.size()) break;
    operation = text[end];
    text.remove_prefix(end + 1);
  }
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

std::string counted(std::size_t n, std::string const& what) {
  return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

// The lines `#! FIELDS name ...` and `#! SET key value` of PLUMED.
class PlumedHeader {
 public:
  explicit PlumedHeader(std::string const& source) : m_source(source) {}

  void line(std::string_view text, int number) {
    auto const words = split(text.substr(2), blanks, true);
    if (words.empty()) return;
    if (words[0] == "FIELDS") {
      m_fields.assign(words.begin() + 1, words.end());
      m_fields_line = number;
    } else if (words[0] == "SET" && words.size() == 3) {
      m_settings.insert_or_assign(std::string(words[1]), Setting{std::string(words[2]), number});
    }
  }

  std::size_t fields() const { return m_fields.size(); }

  // Columns of position and energy, from 0.
  std::array<std::size_t, 2> columns() const {
    if (m_fields.size() < 2) fail(m_fields_line, "names " + counted(m_fields.size(), "field") + ", but two are needed");
    for (std::size_t i = 2; i < m_fields.size(); ++i) {
      if (m_fields[i].starts_with('d') && m_fields[i].ends_with("_" + m_fields[0])) continue;
      fail(m_fields_line, "names " + counted(m_fields.size(), "field") + ", of which " + in_quotes(m_fields[i]) +
                              " is no derivative; choose those of position and energy");
    }
    return {0, 1};
  }

  double period(std::size_t position) const {
    if (position >= m_fields.size()) return 0;
    std::string const& name = m_fields[position];
    for (std::string const& other : m_fields) {
      auto const* const lower = other == name ? nullptr : find("min_" + other);
      if (lower != nullptr) fail(lower->line, "makes this a grid of several coordinates, but a profile has one");
    }
    auto const* const periodic = find("periodic_" + name);
    if (periodic == nullptr || periodic->value == "false") return 0;
    if (periodic->value != "true") fail(periodic->line, in_quotes(periodic->value) + " is neither true nor false");
    double const period = end("max_" + name, *periodic) - end("min_" + name, *periodic);
    if (!(period > 0)) fail(find("max_" + name)->line, "the period, max - min, is not larger than 0");
    return period;
  }

  void expect_points(std::size_t position, std::size_t points) const {
    auto const* const bins = position < m_fields.size() ? find("nbins_" + m_fields[position]) : nullptr;
    if (bins == nullptr) return;
    auto const wanted = number(bins->value);
    if (!wanted) fail(bins->line, in_quotes(bins->value) + " is not a number");
    if (static_cast<double>(points) < *wanted) {
      fail(bins->line, "announces " + bins->value + " points, but " + std::to_string(points) + " follow");
    }
  }

 private:
  struct Setting {
    std::string value;
    int line;
  };

  [[noreturn]] void fail(int line, std::string const& what) const { throw InputError(m_source, line, what); }

  Setting const* find(std::string const& key) const {
    auto const found = m_settings.find(key);
    return found == m_settings.end() ? nullptr : &found->second;
  }
  double end(std::string const& key, Setting const& periodic) const {
    auto const* const setting = find(key);
    if (setting == nullptr) fail(periodic.line, "needs a line '#! SET " + key + " VALUE', too");
    auto const value = constant(setting->value);
    if (!value) fail(setting->line, in_quotes(setting->value) + " is not a number");
    return *value;
  }

  std::string const& m_source;
  std::vector<std::string> m_fields;
  int m_fields_line = 0;
  std::map<std::string, Setting> m_settings;
};

class Parser {
 public:
  Parser(std::string const& source, TableChoice const& choice) : m_source(source), m_choice(choice), m_header(source) {}

  void line(std::string_view raw) {
    ++m_line;
    std::string_view const text = trim(raw);
    if (text.starts_with("#!")) {
      if (!m_seen_row) m_header.line(text, m_line);
      return;
    }
    if (text.empty() || text.front() == '#' || text.front() == ';' || text.front() == '@') return;
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
    if (points > 0) m_header.expect_points(m_columns[0], points);
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
    bool const commas = text.find(',') != std::string_view::npos;
    auto const fields = commas ? split(text, ",", false) : split(text, blanks, true);
    if (!m_know_columns) choose_columns();
    check_count(fields.size());
    std::string_view const x = fields[m_columns[0]], v = fields[m_columns[1]];
    auto const position = number(x), energy = number(v);
    bool const may_be_header = commas && !m_seen_row;
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
    } else if (m_header.fields() > 0) {
      m_columns = m_header.columns();
    }
    m_table.period = m_header.period(m_columns[0]);
    m_know_columns = true;
  }

  void check_count(std::size_t count) const {
    std::size_t const last = std::max(m_columns[0], m_columns[1]) + 1;
    if (m_header.fields() > 0 && count != m_header.fields()) {
      fail("has " + counted(count, "column") + ", but the header names " + std::to_string(m_header.fields()));
    }
    if (m_choice.columns && count < last) {
      fail("has " + counted(count, "column") + ", but number " + std::to_string(last) + " is chosen");
    }
    if (!m_choice.columns && m_header.fields() == 0 && count != 2) {
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
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  Parser parser(source, choice);
  while (!text.empty()) {
    std::size_t const end = std::min(text.find('\n'), text.size());
    parser.line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
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

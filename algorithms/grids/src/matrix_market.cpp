// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/base/text.hpp>
#include <kramers/grids/matrix_market.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <optional>

namespace kramers::grids {
namespace {

constexpr std::string_view blanks = " \t\r\v\f";
constexpr std::int64_t most_rows = std::numeric_limits<std::int32_t>::max();

std::string in_quotes(std::string_view text) {
  constexpr std::size_t longest = 40;
  return "'" + printable(text.substr(0, longest)) + (text.size() > longest ? "...'" : "'");
}

/// The next word of a line, which loses it; empty at the end.
std::string_view next_word(std::string_view& line) {
  std::size_t const begin = std::min(line.find_first_not_of(blanks), line.size());
  std::size_t const end = std::min(line.find_first_of(blanks, begin), line.size());
  std::string_view const word = line.substr(begin, end - begin);
  line.remove_prefix(end);
  return word;
}

std::string lower_case(std::string_view word) {
  std::string text(word);
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

/// The lines of a text, with what all formats share: a banner, comments, sizes, numbers.
class Lines {
 public:
  Lines(std::string_view text, std::string const& source) : m_rest(text), m_text(text), m_source(source) {}

  [[noreturn]] void fail(std::string const& what) const { throw InputError(m_source, m_line, what); }
  /// About the whole file.
  [[noreturn]] void fail_at_end(std::string const& what) const { throw InputError(m_source, 0, what); }

  /// The next line that is neither empty nor a comment; nothing at the end.
  std::optional<std::string_view> next() {
    while (!m_rest.empty()) {
      std::size_t const end = m_rest.find('\n');
      // A number that was cut would be another number.
      bool const whole = end != std::string_view::npos;
      std::string_view const line = m_rest.substr(0, whole ? end : m_rest.size());
      m_rest.remove_prefix(whole ? end + 1 : m_rest.size());
      ++m_line;
      std::size_t const first = line.find_first_not_of(blanks);
      if (first == std::string_view::npos || line[first] == '%') continue;
      if (!whole) fail("the last line has no end, so that the file may be truncated; end it with a newline");
      return line;
    }
    return std::nullopt;
  }

  /// The words of "%%MatrixMarket matrix ...", in small letters.
  std::vector<std::string> banner(std::size_t words) {
    std::size_t const end = std::min(m_rest.find('\n'), m_rest.size());
    std::string_view line = m_rest.substr(0, end);
    m_rest.remove_prefix(std::min(end + 1, m_rest.size()));
    m_line = 1;
    std::vector<std::string> found;
    for (std::string_view word = next_word(line); !word.empty() && found.size() <= words; word = next_word(line)) {
      found.push_back(lower_case(word.substr(0, 40)));
    }
    if (found.size() < 2 || found[0] != "%%matrixmarket" || found[1] != "matrix") {
      fail("is no matrix of Matrix Market, which begins with '%%MatrixMarket matrix'");
    }
    if (found.size() != words) fail("the banner has not " + std::to_string(words) + " words");
    return found;
  }

  std::int64_t integer(std::string_view& line, char const* what, std::int64_t least, std::int64_t most) const {
    std::string_view const word = next_word(line);
    std::int64_t value = 0;
    auto const [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (word.empty()) fail("has no " + std::string(what));
    bool const good = error == std::errc{} && end == word.data() + word.size() && value >= least && value <= most;
    if (!good) {
      fail(invalid_value(what, in_quotes(word),
                         "an integer from " + std::to_string(least) + " to " + std::to_string(most)));
    }
    return value;
  }

  double number(std::string_view& line) const {
    std::string_view const word = next_word(line);
    if (word.empty()) fail("has no value");
    std::string_view digits = word;
    if (digits.starts_with('+')) digits.remove_prefix(1);
    double value = 0;
    auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    bool const good = error == std::errc{} && end == digits.data() + digits.size() && std::isfinite(value);
    if (!good || digits.starts_with('+')) fail(invalid_value("value", in_quotes(word), "a finite number"));
    return value;
  }

  void expect_end(std::string_view line) const {
    std::string_view const word = next_word(line);
    if (!word.empty()) fail("has " + in_quotes(word) + " after what belongs there");
  }

  /// No line of an entry is shorter than two characters, so that a size beyond this is a lie that need not cost memory.
  std::int64_t most_entries() const { return static_cast<std::int64_t>(m_text.size() / 2); }

 private:
  std::string_view m_rest, m_text;
  std::string const& m_source;
  int m_line = 0;
};

std::string counted(std::int64_t n, std::string const& what) {
  return std::to_string(n) + " " + what;
}

/// The line of the next of `all` entries.
std::string_view next_entry(Lines& lines, std::int64_t read, std::int64_t all) {
  auto const line = lines.next();
  if (!line) {
    lines.fail_at_end("is truncated: it announces " + counted(all, "entries") + " and has " + std::to_string(read));
  }
  return *line;
}

void expect_no_more(Lines& lines, std::int64_t all) {
  if (lines.next()) lines.fail("has more entries than the " + std::to_string(all) + " announced");
}

struct Entry {
  std::int32_t row, column;
  double value;
};

/// The rows of these entries, each sorted by column, and equal ones added up in their order.
CsrMatrix by_rows(std::vector<Entry> const& entries, std::int64_t rows, std::int64_t columns, Lines const& lines) {
  CsrMatrix matrix;
  matrix.columns = columns;
  std::vector<std::int64_t> start(static_cast<std::size_t>(rows) + 1, 0);
  for (Entry const& entry : entries) ++start[static_cast<std::size_t>(entry.row) + 1];
  for (std::size_t row = 0; row < static_cast<std::size_t>(rows); ++row) {
    if (start[row + 1] == 0) lines.fail_at_end("row " + std::to_string(row + 1) + " has no entries");
  }
  std::partial_sum(start.begin(), start.end(), start.begin());
  std::vector<std::int64_t> order(entries.size()), next(start.begin(), start.end() - 1);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    auto& place = next[static_cast<std::size_t>(entries[i].row)];
    order[static_cast<std::size_t>(place++)] = static_cast<std::int64_t>(i);
  }
  auto const entry = [&](std::int64_t i) -> Entry const& { return entries[static_cast<std::size_t>(i)]; };
  matrix.row_start.resize(static_cast<std::size_t>(rows) + 1);
  matrix.column.reserve(entries.size());
  matrix.value.reserve(entries.size());
  for (std::size_t row = 0; row < static_cast<std::size_t>(rows); ++row) {
    auto const begin = order.begin() + start[row], end = order.begin() + start[row + 1];
    std::stable_sort(begin, end, [&](std::int64_t a, std::int64_t b) { return entry(a).column < entry(b).column; });
    for (auto i = begin; i != end; ++i) {
      if (i != begin && entry(*i).column == entry(*(i - 1)).column) {
        matrix.value.back() += entry(*i).value;
      } else {
        matrix.column.push_back(entry(*i).column);
        matrix.value.push_back(entry(*i).value);
      }
    }
    matrix.row_start[row + 1] = static_cast<std::int64_t>(matrix.value.size());
  }
  return matrix;
}

std::string place(std::int64_t row, std::int64_t column) {
  return "(" + std::to_string(row + 1) + ", " + std::to_string(column + 1) + ")";
}

}  // namespace

CsrMatrix parse_matrix_market(std::string_view text, std::string const& source) {
  Lines lines(text, source);
  auto const banner = lines.banner(5);
  std::string const &format = banner[2], &field = banner[3], &symmetry = banner[4];
  if (format != "coordinate") lines.fail(invalid_value("format", in_quotes(format), "coordinate"));
  if (field != "real" && field != "integer" && field != "pattern") {
    lines.fail(invalid_value("field", in_quotes(field), "real, integer or pattern"));
  }
  if (symmetry != "general" && symmetry != "symmetric") {
    lines.fail(invalid_value("symmetry", in_quotes(symmetry), "general or symmetric"));
  }
  bool const symmetric = symmetry == "symmetric";
  auto sizes = lines.next();
  if (!sizes) lines.fail_at_end("is truncated: it has no line with sizes");
  std::int64_t const rows = lines.integer(*sizes, "number of rows", 1, most_rows);
  std::int64_t const columns = lines.integer(*sizes, "number of columns", 1, most_rows);
  std::int64_t const all = lines.integer(*sizes, "number of entries", 1, lines.most_entries());
  lines.expect_end(*sizes);
  if (symmetric && rows != columns) lines.fail("a symmetric matrix has as many columns as rows");
  std::int64_t const most = symmetric ? 2 * all : all;
  if (rows > most) lines.fail("has fewer entries than rows, so that a row has none");

  std::vector<Entry> entries;
  entries.reserve(static_cast<std::size_t>(most));
  for (std::int64_t i = 0; i < all; ++i) {
    std::string_view line = next_entry(lines, i, all);
    auto const row = static_cast<std::int32_t>(lines.integer(line, "row", 1, rows) - 1);
    auto const column = static_cast<std::int32_t>(lines.integer(line, "column", 1, columns) - 1);
    double const value = field == "pattern" ? 1 : lines.number(line);
    lines.expect_end(line);
    if (symmetric && column > row)
      lines.fail("is above the diagonal, of which a symmetric file has the lower triangle");
    entries.push_back({row, column, value});
    if (symmetric && column != row) entries.push_back({column, row, value});
  }
  expect_no_more(lines, all);
  return by_rows(entries, rows, columns, lines);
}

std::vector<double> parse_matrix_market_vector(std::string_view text, std::string const& source) {
  Lines lines(text, source);
  auto const banner = lines.banner(5);
  if (banner[2] != "array") lines.fail(invalid_value("format", in_quotes(banner[2]), "array"));
  if (banner[3] != "real" && banner[3] != "integer") {
    lines.fail(invalid_value("field", in_quotes(banner[3]), "real or integer"));
  }
  if (banner[4] != "general") lines.fail(invalid_value("symmetry", in_quotes(banner[4]), "general"));
  auto sizes = lines.next();
  if (!sizes) lines.fail_at_end("is truncated: it has no line with sizes");
  std::int64_t const rows = lines.integer(*sizes, "number of rows", 1, std::min(most_rows, lines.most_entries()));
  lines.integer(*sizes, "number of columns", 1, 1);
  lines.expect_end(*sizes);
  std::vector<double> values;
  values.reserve(static_cast<std::size_t>(rows));
  for (std::int64_t i = 0; i < rows; ++i) {
    std::string_view line = next_entry(lines, i, rows);
    values.push_back(lines.number(line));
    lines.expect_end(line);
  }
  expect_no_more(lines, rows);
  return values;
}

void require_symmetric(CsrMatrix const& matrix, std::string const& source) {
  auto const fail = [&](std::string const& what) { throw InputError(source, 0, what); };
  if (matrix.rows() != matrix.columns) {
    fail("has " + counted(matrix.rows(), "rows") + " and " + counted(matrix.columns, "columns") +
         "; conjugate gradients need a square matrix");
  }
  for (std::int64_t row = 0; row < matrix.rows(); ++row) {
    if (!(matrix.at(row, row) > 0)) {
      fail("the entry at " + place(row, row) + " is " + shortest_decimal(matrix.at(row, row)) +
           "; conjugate gradients need a positive definite matrix, whose diagonal is > 0");
    }
    for (auto i = matrix.row_start[static_cast<std::size_t>(row)];
         i < matrix.row_start[static_cast<std::size_t>(row) + 1]; ++i) {
      std::int64_t const column = matrix.column[static_cast<std::size_t>(i)];
      double const here = matrix.value[static_cast<std::size_t>(i)];
      double const mirrored = matrix.at(column, row);
      if (here == mirrored) continue;
      fail("the entry at " + place(row, column) + " is " + shortest_decimal(here) + " and that at " +
           place(column, row) + " is " + shortest_decimal(mirrored) + "; conjugate gradients need a symmetric matrix");
    }
  }
}

}  // namespace kramers::grids

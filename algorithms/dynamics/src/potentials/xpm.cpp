// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "xpm.hpp"

#include <kramers/base/error.hpp>
#include <kramers/dynamics/potentials/surface.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "table_text.hpp"

namespace kramers::dynamics::detail {
namespace {

constexpr std::array<char const*, 2> axis_label{"x-axis:", "y-axis:"};

std::optional<std::size_t> whole_number(std::string_view text) {
  std::size_t value = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

// What stands between the first quote of a text and the next one, and what follows.
struct Quoted {
  std::string_view text, rest;
};
std::optional<Quoted> first_quoted(std::string_view line) {
  auto const begin = line.find('"');
  if (begin == std::string_view::npos) return std::nullopt;
  auto const end = line.find('"', begin + 1);
  if (end == std::string_view::npos) return std::nullopt;
  return Quoted{line.substr(begin + 1, end - begin - 1), line.substr(end + 1)};
}

// What a message shows of a symbol, which may be the zero that GROMACS has in its list.
std::string shown(std::string_view symbol) {
  std::string text(symbol);
  std::ranges::replace_if(text, [](char c) { return static_cast<unsigned char>(c) < ' '; }, '?');
  return in_quotes(text);
}

class Parser {
 public:
  explicit Parser(std::string const& source) : m_source(source) {}

  void line(std::string_view raw, int number) {
    m_line = number;
    std::string_view const text = trim(raw);
    if (m_in_comment || text.starts_with("/*")) {
      comment(text);
    } else if (text.starts_with('"')) {
      auto const quoted = first_quoted(text);
      if (!quoted) fail("has a quote that is not closed");
      string(*quoted);
    } else if (!text.empty() && !text.starts_with("static") && text != "}" && text != "};") {
      fail(in_quotes(text) + " is no line of an XPM matrix");
    }
  }

  XpmMatrix matrix() {
    auto const whole = [this](std::string const& what) { throw InputError(m_source, 0, what); };
    if (m_characters == 0) whole("is no whole XPM matrix: it ends before its size");
    if (m_values.size() < m_colours) {
      whole("ends after " + std::to_string(m_values.size()) + " of " + counted(m_colours, "colour"));
    }
    if (m_rows < m_matrix.pixels[1]) {
      whole("ends after " + std::to_string(m_rows) + " of " + counted(m_matrix.pixels[1], "row"));
    }
    for (std::size_t a = 0; a < 2; ++a) {
      std::size_t const pixels = m_matrix.pixels[a], positions = m_matrix.axis[a].size();
      if (positions != pixels && positions != pixels + 1) {
        whole("has " + counted(positions, "position") + " in comments '" + axis_label[a] + "', but " +
              counted(pixels, "pixel") + ", which have as many centres or one edge more");
      }
    }
    return std::move(m_matrix);
  }

 private:
  [[noreturn]] void fail(std::string const& what) const { throw InputError(m_source, m_line, what); }

  // A comment, or what a later line has of it: a type, or the positions along an axis, which may go on.
  void comment(std::string_view text) {
    if (!m_in_comment) {
      text = trim(text.substr(2));
      for (std::size_t a = 0; a < 2; ++a) {
        std::string_view const label = axis_label[a];
        if (!text.starts_with(label)) continue;
        m_axis = a;
        text.remove_prefix(label.size());
      }
      if (text.starts_with("type:")) expect_continuous(text);
    }
    auto const end = text.find("*/");
    m_in_comment = end == std::string_view::npos;
    if (m_axis) positions(trim(text.substr(0, end)));
    if (!m_in_comment) m_axis.reset();
  }

  void expect_continuous(std::string_view text) const {
    auto const type = first_quoted(text);
    if (!type || type->text == "Continuous") return;
    fail("is a matrix of the type " + in_quotes(type->text) + "; expected 'Continuous', as energies are");
  }

  void positions(std::string_view text) {
    auto& axis = m_matrix.axis[*m_axis];
    for (std::string_view const word : columns_of(text)) {
      auto const position = number(word);
      if (!position || !std::isfinite(*position)) {
        fail("the position " + in_quotes(word) + (position ? " is not a finite number" : " is not a number"));
      }
      if (std::ssize(axis) > Surface::most_points) fail("has more positions than a grid may have points");
      axis.push_back(*position);
    }
  }

  void string(Quoted const& quoted) {
    if (m_characters == 0) {
      size(quoted.text);
    } else if (m_values.size() < m_colours) {
      colour(quoted);
    } else if (m_rows < m_matrix.pixels[1]) {
      row(quoted.text);
    } else {
      fail("comes after the last of " + counted(m_rows, "row") + "; expected one matrix");
    }
  }

  void size(std::string_view text) {
    std::array<std::size_t, 4> value{};
    auto const words = columns_of(text);
    for (std::size_t i = 0; i < value.size(); ++i) {
      auto const whole = i < words.size() ? whole_number(words[i]) : std::nullopt;
      if (!whole || *whole == 0) {
        fail(in_quotes(text) + " is no size of a matrix: columns, rows, colours and characters per pixel");
      }
      value[i] = *whole;
    }
    if (value[3] > 2) fail("has " + std::to_string(value[3]) + " characters per pixel; expected 1 or 2");
    constexpr auto most = static_cast<std::size_t>(Surface::most_points);
    if (value[0] > most || value[1] > most / value[0]) {
      fail("has more than " + std::to_string(most) + " pixels; use a coarser grid");
    }
    m_matrix.pixels = {value[0], value[1]};
    m_matrix.value.resize(value[0] * value[1]);
    m_colours = value[2];
    m_characters = value[3];
  }

  void colour(Quoted const& quoted) {
    if (quoted.text.size() < m_characters) fail(in_quotes(quoted.text) + " is no colour");
    std::string_view const symbol = quoted.text.substr(0, m_characters);
    auto const meaning = first_quoted(quoted.rest);
    if (!meaning) fail("says of the colour " + shown(symbol) + " no energy, /* \"NUMBER\" */");
    auto const energy = number(trim(meaning->text));
    if (!energy) fail(in_quotes(meaning->text) + " is not a number");
    if (!std::isfinite(*energy)) fail("the energy " + in_quotes(meaning->text) + " is not a finite number");
    if (!m_values.emplace(symbol, *energy).second) fail("gives the colour " + shown(symbol) + " again");
  }

  void row(std::string_view text) {
    auto const [columns, rows] = m_matrix.pixels;
    if (text.size() != columns * m_characters) {
      fail("has " + counted(text.size(), "character") + ", but " + counted(columns, "pixel") + " of " +
           counted(m_characters, "character") + " are " + std::to_string(columns * m_characters));
    }
    std::size_t const y = rows - 1 - m_rows;
    for (std::size_t x = 0; x < columns; ++x) {
      std::string_view const symbol = text.substr(x * m_characters, m_characters);
      auto const found = m_values.find(symbol);
      if (found == m_values.end()) {
        fail("has the colour " + shown(symbol) + " in pixel " + std::to_string(x + 1) +
             ", which the table of colours lacks");
      }
      m_matrix.value[x * rows + y] = found->second;
    }
    ++m_rows;
  }

  std::string const& m_source;
  int m_line = 0;
  bool m_in_comment = false;
  std::optional<std::size_t> m_axis;  // whose positions the comment holds
  std::size_t m_colours = 0, m_characters = 0, m_rows = 0;
  std::map<std::string, double, std::less<>> m_values;  // what each colour stands for
  XpmMatrix m_matrix;
};

}  // namespace

bool is_xpm(std::string_view text) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  auto const first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text.substr(first).starts_with("/*");
}

XpmMatrix parse_xpm(std::string_view text, std::string const& source) {
  Parser parser(source);
  for_each_line(text, [&](std::string_view line, int number) { parser.line(line, number); });
  return parser.matrix();
}

}  // namespace kramers::dynamics::detail

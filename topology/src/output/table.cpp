// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "output/table.hpp"

#include <kramers/base/text.hpp>

#include <algorithm>

#include "common/text_utils.hpp"

namespace kramers::topology::detail {

std::string toned(std::string_view text, Tone tone, bool colour) {
  std::string const shown = printable(text);
  if (!colour || tone == Tone::plain || text.empty()) return shown;
  char const* code = "1";  // strong
  if (tone == Tone::faint) code = "2";
  if (tone == Tone::good) code = "32";
  if (tone == Tone::warn) code = "33";
  if (tone == Tone::bad) code = "1;31";
  return "\x1b[" + std::string(code) + "m" + shown + "\x1b[0m";
}

Table::Table(std::vector<std::string> head, std::vector<std::size_t> right) : m_right(std::move(right)) {
  for (std::string const& title : head) m_head.push_back(printable(title));
}

void Table::add(std::vector<Cell> row) {
  for (Cell& cell : row) cell.text = printable(cell.text);
  m_rows.push_back(std::move(row));
}

std::string Table::text(std::size_t indent, bool colour) const {
  std::vector<std::size_t> width(m_head.size());
  for (std::size_t c = 0; c < m_head.size(); ++c) width[c] = m_head[c].size();
  for (auto const& row : m_rows) {
    for (std::size_t c = 0; c < row.size(); ++c) width[c] = std::max(width[c], row[c].text.size());
  }
  std::string text;
  auto const line = [&](std::vector<Cell> const& row) {
    std::string out(indent, ' ');
    for (std::size_t c = 0; c < row.size(); ++c) {
      std::string const blanks(width[c] - row[c].text.size(), ' ');
      bool const right = std::find(m_right.begin(), m_right.end(), c) != m_right.end();
      if (right) out += blanks;
      out += toned(row[c].text, row[c].tone, colour);
      if (!right) out += blanks;
      if (c + 1 < row.size()) out += "  ";
    }
    text += out.substr(0, out.find_last_not_of(' ') + 1) + "\n";
  };
  if (std::any_of(m_head.begin(), m_head.end(), [](std::string const& h) { return !h.empty(); })) {
    std::vector<Cell> titles;
    for (std::string const& title : m_head) titles.emplace_back(title, Tone::strong);
    line(titles);
  }
  for (auto const& row : m_rows) line(row);
  return text;
}

std::string wrapped(std::string_view sentence, std::size_t indent, std::size_t width) {
  std::string text;
  std::size_t column = indent;
  for (std::string const& word : split(printable(sentence), ' ')) {
    if (column > indent && column + 1 + word.size() > width) {
      text += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      text += ' ';
      ++column;
    }
    text += word;
    column += word.size();
  }
  return text;
}

std::string cut(std::string const& text, std::size_t width) {
  if (text.size() <= width) return text;
  std::string const head = text.substr(0, width - 2);
  return head.substr(0, head.find_last_not_of(' ') + 1) + "..";
}

std::string shortened(std::string const& list, std::size_t width) {
  if (list.size() <= width) return list;
  std::vector<std::string> const parts = split(list, ',');
  std::string head, best;
  for (std::string const& part : parts) {
    head += part + ",";
    std::string const whole = head + "..," + parts.back();
    if (whole.size() > width && !best.empty()) break;
    best = whole;
  }
  return best;
}

}  // namespace kramers::topology::detail

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace kramers::topology::detail {

enum class Tone { plain, strong, faint, good, warn, bad };

// What these make is for terminals: a control character in a name out of a file becomes "\\x1b".

/// The text in the colours of ANSI terminals, or plain.
std::string toned(std::string_view text, Tone tone, bool colour);

struct Cell {
  Cell(std::string content = "", Tone how = Tone::plain) : text(std::move(content)), tone(how) {}
  Cell(char const* content) : text(content) {}
  std::string text;
  Tone tone = Tone::plain;
};

/// Columns as wide as their longest cell, two blanks apart; numbers may be set to the right.
class Table {
 public:
  /// @param head   titles; all empty: no line of titles
  /// @param right  columns set to the right
  explicit Table(std::vector<std::string> head, std::vector<std::size_t> right = {});
  void add(std::vector<Cell> row);
  bool empty() const { return m_rows.empty(); }
  std::string text(std::size_t indent, bool colour) const;

 private:
  std::vector<std::string> m_head;
  std::vector<std::size_t> m_right;
  std::vector<std::vector<Cell>> m_rows;
};

/// Break a sentence at blanks so that no line is longer than `width`; lines after the first begin with `indent` blanks.
/// `indent` blanks are taken to stand before the first already.
std::string wrapped(std::string_view sentence, std::size_t indent, std::size_t width = 100);

/// The first `width` letters, the last two of them dots where some are left out.
std::string cut(std::string const& text, std::size_t width);

/// "0-3,8": a list shortened in its middle where it is longer than `width`.
std::string shortened(std::string const& list, std::size_t width);

}  // namespace kramers::topology::detail

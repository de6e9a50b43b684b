// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/base/text.hpp>

// Where toml++ comes as headers, version 3.4 asserts that a key follows "[[", or with NDEBUG lets the compiler assume it,
// before it checks that and reports what stands there instead ("[[[a]]]"). Leave it to the check.
#undef NDEBUG
#define TOML_ASSERT(expression) static_cast<void>(0)
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.hpp>

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

#include "config_tree.hpp"
#include "toml_limits.hpp"

namespace kramers::detail {

namespace {

/// toml++ 3.4 has undefined behaviour for many characters beyond ASCII outside strings and comments, where no good TOML
/// has them, and telling inside from outside takes a parser. So it never sees one: each of their bytes becomes a mark and
/// two digits, which mean nothing inside and are an error outside, and comes back in what was parsed.
class AsciiText {
 public:
  /// @throws InputError  not UTF-8, or a control character, which TOML has nowhere
  AsciiText(std::string_view text, std::string const& source);

  std::string const& text() const { return m_text; }
  /// What a part of the text, or of what the parser made of it, was before.
  std::string before(std::string_view part) const;
  /// The column, in characters from 1, where the text had what now stands at this one of the line.
  std::size_t column_before(std::size_t line, std::size_t column) const;
  /// Did a character beyond ASCII stand there?
  bool is_replaced(std::size_t line, std::size_t column) const { return is_mark(rest_of(line), column - 1); }

 private:
  bool is_mark(std::string_view part, std::size_t i) const {
    return m_mark != 0 && i < part.size() && part[i] == m_mark;
  }
  /// From this line on.
  std::string_view rest_of(std::size_t line) const;

  std::string m_text;
  char m_mark = 0;  ///< none where all is ASCII
};

constexpr std::string_view digits = "0123456789abcdef";

/// A character that TOML has in strings and comments only and that is not in the text, nor as an escape; 0 if none is.
char unused_mark(std::string_view text) {
  for (char const mark : std::string_view("~^|;?!@$%&*<>/()`")) {
    auto const at = [&](std::size_t i) { return text[i] | 0x20; };  // in lower case, if it is a digit
    bool is_used = text.find(mark) != std::string_view::npos;
    // "\u007e" or "\U0000007e"
    for (auto i = text.find("00"); !is_used && i != std::string_view::npos && i + 3 < text.size();
         i = text.find("00", i + 1)) {
      is_used = at(i + 2) == digits[static_cast<unsigned char>(mark) >> 4U] && at(i + 3) == digits[mark & 15];
    }
    if (!is_used) return mark;
  }
  return 0;
}

[[noreturn]] void malformed(std::string_view text, std::size_t at, std::string const& source, std::string const& what) {
  auto const before = text.substr(0, at);
  auto const line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  throw InputError(source, static_cast<int>(1 + std::ranges::count(before, '\n')),
                   "column " + std::to_string(characters(before.substr(line_start)) + 1) + ": malformed TOML: " + what);
}

AsciiText::AsciiText(std::string_view text, std::string const& source) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // the byte order mark of UTF-8
  for (std::size_t i = 0; i < text.size();) {
    auto const c = static_cast<unsigned char>(text[i]);
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f)
      malformed(text, i, source, "a control character");
    std::size_t const length = character_length(text.substr(i));
    if (length == 0) malformed(text, i, source, "not UTF-8");
    if (length > 1 && m_mark == 0) {
      m_mark = unused_mark(text);
      if (m_mark == 0) malformed(text, i, source, "too many kinds of punctuation beside characters beyond ASCII");
    }
    for (std::size_t const end = i + length; i < end; ++i) {
      auto const byte = static_cast<unsigned char>(text[i]);
      if (length == 1) {
        m_text += text[i];
      } else {
        m_text += {m_mark, digits[byte >> 4U], digits[byte & 15U]};
      }
    }
  }
}

std::string AsciiText::before(std::string_view part) const {
  std::string text;
  for (std::size_t i = 0; i < part.size(); ++i) {
    auto const digit = [&](std::size_t j) { return j < part.size() ? digits.find(part[j]) : std::string_view::npos; };
    auto const high = digit(i + 1), low = digit(i + 2);
    if (is_mark(part, i) && std::max(high, low) < digits.size()) {
      text += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      text += part[i];
    }
  }
  return text;
}

std::string_view AsciiText::rest_of(std::size_t line) const {
  std::string_view rest = m_text;
  for (; line > 1; --line) rest.remove_prefix(rest.find('\n') + 1);
  return rest;
}

std::size_t AsciiText::column_before(std::size_t line, std::size_t column) const {
  return characters(before(rest_of(line).substr(0, column - 1))) + 1;
}

ConfigValue value_of(toml::node const& node, AsciiText const& ascii) {
  if (auto const* value = node.as_boolean()) return {value->get()};
  if (auto const* value = node.as_integer()) return {value->get()};
  if (auto const* value = node.as_floating_point()) return {value->get()};
  if (auto const* value = node.as_string()) return {ascii.before(value->get())};
  if (node.is_table()) return {ConfigValue::Table{}};
  if (auto const* array = node.as_array()) {
    ConfigValue::List list;
    for (auto const& element : *array) list.push_back(value_of(element, ascii));
    return {std::move(list)};
  }
  return {ConfigValue::Date{}};
}

void flatten(toml::node const& node, std::string const& key, AsciiText const& ascii,
             std::vector<ConfigEntry>& entries) {
  auto const* table = node.as_table();
  if (table != nullptr && !table->empty()) {
    for (auto const& [name, child] : *table) {
      std::string const plain = ascii.before(name.str());
      std::string const part = is_bare(plain) ? plain : "\"" + plain + "\"";
      flatten(child, key.empty() ? part : key + "." + part, ascii, entries);
    }
    return;
  }
  auto const* array = node.as_array();
  if (array != nullptr && array->is_homogeneous<toml::table>()) {
    for (std::size_t i = 0; i < array->size(); ++i) {
      flatten(*array->get(i), key + "[" + std::to_string(i) + "]", ascii, entries);
    }
    return;
  }
  if (!key.empty()) entries.push_back({key, value_of(node, ascii), static_cast<int>(node.source().begin.line), {}});
}

}  // namespace

std::vector<ConfigEntry> parse_toml(std::string const& text, std::string const& source) {
  AsciiText const ascii(text, source);
  check_nesting(ascii.text(), source);
  try {
    std::vector<ConfigEntry> entries;
    flatten(toml::parse(ascii.text()), "", ascii, entries);
    for (ConfigEntry const& entry : entries) check_key(entry.key, source, entry.line);
    std::ranges::stable_sort(entries, {}, &ConfigEntry::line);
    return entries;
  } catch (toml::parse_error const& e) {
    auto const at = e.source().begin;
    std::string what = ascii.is_replaced(at.line, at.column)
                           ? "characters beyond ASCII stand only in strings and comments"
                           : ascii.before(e.description());
    if (what.ends_with("not representable in 64 bits")) what += "; integers are between -2^63 and 2^63 - 1";
    throw InputError(source, static_cast<int>(at.line),
                     "column " + std::to_string(ascii.column_before(at.line, at.column)) + ": malformed TOML: " + what);
  }
}

}  // namespace kramers::detail

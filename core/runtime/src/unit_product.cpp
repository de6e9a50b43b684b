// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "unit_product.hpp"

#include <charconv>
#include <cmath>
#include <cstdlib>

namespace kramers::detail {

namespace {

constexpr std::size_t longest = 100;
constexpr int highest_power = 9;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Letters, and all of UTF-8 beyond ASCII.
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
}

/// Recursive descent; its depth is bounded by the length of the text.
class ProductReader {
 public:
  explicit ProductReader(std::string_view text) : m_rest(text) {}

  bool read(UnitProduct& out) { return product(1, out) && m_rest.empty(); }

 private:
  void skip_blanks() {
    while (!m_rest.empty() && m_rest.front() == ' ') m_rest.remove_prefix(1);
  }

  bool take(char c) {
    skip_blanks();
    if (!m_rest.starts_with(c)) return false;
    m_rest.remove_prefix(1);
    return true;
  }

  bool product(int sign, UnitProduct& out) {
    bool divides = false;
    // "1/ps", or what is left of it once its number is taken.
    bool const is_inverse = take('1') || m_rest.starts_with('/');
    skip_blanks();
    if (is_inverse ? !m_rest.starts_with('/') : !factor(sign, out)) return false;
    while (true) {
      skip_blanks();
      if (m_rest.empty() || m_rest.front() == ')') return true;
      if (take('/')) {
        divides = true;
      } else if (divides) {
        return false;
      } else {
        take('*');
      }
      if (!factor(divides ? -sign : sign, out)) return false;
    }
  }

  bool factor(int sign, UnitProduct& out) {
    skip_blanks();
    if (take('(')) return product(sign, out) && take(')');
    std::size_t end = 0;
    while (end < m_rest.size() && is_letter(m_rest[end])) ++end;
    if (end == 0) return false;
    std::string const name(m_rest.substr(0, end));
    m_rest.remove_prefix(end);
    int power = 1;
    if (m_rest.starts_with('^') && !read_power(power)) return false;
    out.emplace_back(name, sign * power);
    return true;
  }

  bool read_power(int& power) {
    m_rest.remove_prefix(1);
    auto const [end, error] = std::from_chars(m_rest.data(), m_rest.data() + m_rest.size(), power);
    if (error != std::errc{} || power == 0 || std::abs(power) > highest_power) return false;
    m_rest.remove_prefix(static_cast<std::size_t>(end - m_rest.data()));
    return true;
  }

  std::string_view m_rest;
};

}  // namespace

std::optional<UnitProduct> read_product(std::string_view text) {
  UnitProduct product;
  if (text.size() > longest) return std::nullopt;
  while (text.ends_with(' ')) text.remove_suffix(1);
  if (text.empty()) return product;
  if (!ProductReader(text).read(product)) return std::nullopt;
  return product;
}

std::string product_text(UnitProduct const& product) {
  std::string above, below;
  for (auto const& [name, power] : product) {
    std::string const factor = name + (std::abs(power) == 1 ? "" : "^" + std::to_string(std::abs(power)));
    if (power > 0) {
      above += (above.empty() ? "" : "*") + factor;
    } else {
      below += "/" + factor;
    }
  }
  return (above.empty() ? "1" : above) + below;
}

std::string h5md_text(UnitProduct const& product) {
  std::string text;
  for (auto const& [name, power] : product) {
    text += (text.empty() ? "" : " ") + name + (power == 1 ? "" : std::to_string(power));
  }
  return text.empty() ? "1" : text;
}

std::optional<NumberAndUnits> split_number(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  std::size_t const sign = text.starts_with('-') || text.starts_with('+') ? 1 : 0;
  // Not "inf" or "nan", which from_chars takes.
  if (text.size() == sign || !(is_digit(text[sign]) || text[sign] == '.')) return std::nullopt;
  if (text.starts_with('+')) text.remove_prefix(1);
  double number = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  return NumberAndUnits{number, text.substr(static_cast<std::size_t>(end - text.data()))};
}

}  // namespace kramers::detail

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "table_text.hpp"

#include <kramers/base/error.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numbers>

namespace kramers::dynamics::detail {
namespace {

constexpr std::string_view blanks = " \t\r\v\f";

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

}  // namespace

std::string_view trim(std::string_view text) {
  auto const first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

bool is_comment(std::string_view trimmed) {
  return trimmed.empty() || trimmed.front() == '#' || trimmed.front() == ';' || trimmed.front() == '@';
}

bool has_commas(std::string_view line) {
  return line.find(',') != std::string_view::npos;
}

std::vector<std::string_view> columns_of(std::string_view line) {
  return has_commas(line) ? split(line, ",", false) : split(line, blanks, true);
}

std::optional<double> number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range && end == text.data() + text.size()) return std::nan("");
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t longest = 40;
  return "'" + std::string(text.substr(0, longest)) + (text.size() > longest ? "...'" : "'");
}

std::string counted(std::size_t n, std::string const& what) {
  return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

void for_each_line(std::string_view text, std::function<void(std::string_view line, int number)> const& visit) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  for (int line = 1; !text.empty(); ++line) {
    std::size_t const end = std::min(text.find('\n'), text.size());
    visit(text.substr(0, end), line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

void PlumedHeader::line(std::string_view text, int number) {
  auto const words = split(text.substr(2), blanks, true);
  if (words.empty()) return;
  if (words[0] == "FIELDS") {
    m_fields.assign(words.begin() + 1, words.end());
    m_fields_line = number;
  } else if (words[0] == "SET" && words.size() == 3) {
    m_settings.insert_or_assign(std::string(words[1]), Setting{std::string(words[2]), number});
  }
}

PlumedHeader::Setting const* PlumedHeader::find(std::string const& key) const {
  auto const found = m_settings.find(key);
  return found == m_settings.end() ? nullptr : &found->second;
}

bool PlumedHeader::is_derivative(std::size_t i, std::size_t j) const {
  return m_fields[i].starts_with('d') && m_fields[i].ends_with("_" + m_fields[j]);
}

double PlumedHeader::period_of(std::string const& name) const {
  auto const* const periodic = find("periodic_" + name);
  if (periodic == nullptr || periodic->value == "false") return 0;
  if (periodic->value != "true") fail(periodic->line, in_quotes(periodic->value) + " is neither true nor false");
  double const period = end("max_" + name, *periodic) - end("min_" + name, *periodic);
  if (!(period > 0)) fail(find("max_" + name)->line, "the period, max - min, is not larger than 0");
  return period;
}

void PlumedHeader::expect_points(std::string const& name, std::size_t points) const {
  auto const* const bins = find("nbins_" + name);
  if (bins == nullptr) return;
  auto const wanted = number(bins->value);
  if (!wanted) fail(bins->line, in_quotes(bins->value) + " is not a number");
  if (static_cast<double>(points) < *wanted) {
    fail(bins->line, "announces " + bins->value + " points, but " + std::to_string(points) + " follow");
  }
}

void PlumedHeader::fail(int line, std::string const& what) const {
  throw InputError(m_source, line, what);
}

double PlumedHeader::end(std::string const& key, Setting const& periodic) const {
  auto const* const setting = find(key);
  if (setting == nullptr) fail(periodic.line, "needs a line '#! SET " + key + " VALUE', too");
  auto const value = constant(setting->value);
  if (!value) fail(setting->line, in_quotes(setting->value) + " is not a number");
  return *value;
}

}  // namespace kramers::dynamics::detail

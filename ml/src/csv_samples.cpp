// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/base/text.hpp>
#include <kramers/ml/samples.hpp>

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <optional>

#include "sample_labels.hpp"

namespace kramers::ml {
namespace {

constexpr std::size_t longest_name = 256;

std::string in_quotes(std::string_view text) {
  constexpr std::size_t longest = 40;
  return "'" + printable(text.substr(0, longest)) + (text.size() > longest ? "...'" : "'");
}

std::string counted(std::size_t n, std::string const& what) {
  return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

/// A text of samples, read line by line.
class CsvReader {
 public:
  CsvReader(std::string_view text, std::string const& source, SampleChoice choice, SampleNames const* known)
      : m_rest(text), m_source(source), m_choice(std::move(choice)), m_known(known), m_labels(source) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (m_rest.starts_with(byte_order_mark)) m_rest.remove_prefix(byte_order_mark.size());
  }

  SampleTable read() {
    if (!next_line()) throw InputError(m_source, 0, "holds no samples");
    m_separator = separator_of();
    split();
    m_columns = m_fields.size();
    m_first_line = m_number;
    if (m_columns > most_features) fail("has " + counted(m_columns, "field") + "; expected at most 65536");
    bool more = true;
    if (is_header()) {
      read_header();
      more = next_line();
      if (more) split();
    } else {
      place_columns();
    }
    // No number and what separates it from the next are shorter than two bytes together: a file cannot ask for more.
    std::size_t const lines = 2 + static_cast<std::size_t>(std::ranges::count(m_rest, '\n'));
    m_table.inputs.reserve(std::min(lines * m_features.size(), (m_line.size() + m_rest.size()) / 2 + 2));
    for (; more; more = next_line_split()) read_sample();
    return finish();
  }

 private:
  [[noreturn]] void fail(std::string const& what) const { throw InputError(m_source, m_number, what); }
  [[noreturn]] void fail(std::size_t column, std::string const& got, std::string const& expected) const {
    std::string name = "column " + std::to_string(column + 1);
    if (column < m_names.size()) name += " (" + in_quotes(m_names[column]) + ")";
    fail(invalid_value(name, got, expected));
  }

  /// Go to the next line that holds anything.
  bool next_line() {
    while (!m_rest.empty()) {
      std::size_t const end = std::min(m_rest.find('\n'), m_rest.size());
      m_line = m_rest.substr(0, end);
      m_rest.remove_prefix(std::min(end + 1, m_rest.size()));
      ++m_number;
      if (m_line.ends_with('\r')) m_line.remove_suffix(1);
      std::size_t const first = m_line.find_first_not_of(" \t");
      if (first == std::string_view::npos || m_line[first] == '#') continue;
      if (m_line.find('\0') != std::string_view::npos) fail("holds a zero byte; expected text of UTF-8");
      return true;
    }
    return false;
  }
  bool next_line_split() {
    bool const more = next_line();
    if (more) split();
    return more;
  }

  char separator_of() const {
    std::string const& chosen = m_choice.separator;
    if (!chosen.empty()) return chosen == "comma" ? ',' : chosen == "semicolon" ? ';' : chosen == "tab" ? '\t' : ' ';
    char found = ' ';
    bool is_quoted = false;
    for (char const c : m_line) {
      if (c == '"') is_quoted = !is_quoted;
      if (is_quoted || c == found || (c != ',' && c != ';' && c != '\t')) continue;
      if (found != ' ') fail("has more than one of comma, semicolon and tab; choose with samples.separator");
      found = c;
    }
    return found;
  }

  /// The fields of the line.
  void split() {
    m_fields.clear();
    m_unescaped.clear();
    bool const by_blanks = m_separator == ' ';
    std::string_view const blanks = m_separator == '\t' ? " " : " \t";
    for (std::size_t at = 0;; ++at) {
      at = std::min(m_line.find_first_not_of(blanks, at), m_line.size());
      if (at == m_line.size()) {
        if (!by_blanks) m_fields.emplace_back();
        return;
      }
      if (m_line[at] == '"') {
        at = quoted(at);
      } else {
        std::size_t const begin = at;
        at = by_blanks ? m_line.find_first_of(blanks, at) : m_line.find(m_separator, at);
        at = std::min(at, m_line.size());
        std::string_view const field = m_line.substr(begin, at - begin);
        m_fields.push_back(field.substr(0, field.find_last_not_of(blanks) + 1));
      }
      if (at == m_line.size()) return;
    }
  }

  /// A field in quotes that begins here; where its separator stands.
  std::size_t quoted(std::size_t at) {
    std::string& text = m_unescaped.emplace_back();
    for (++at;; ++at) {
      std::size_t const end = m_line.find('"', at);
      if (end == std::string_view::npos) fail("has a quote that the line does not close");
      text += m_line.substr(at, end - at);
      at = end + 1;
      if (at >= m_line.size() || m_line[at] != '"') break;
      text += '"';
    }
    m_fields.push_back(text);
    bool const by_blanks = m_separator == ' ';
    std::size_t const next = std::min(m_line.find_first_not_of(m_separator == '\t' ? " " : " \t", at), m_line.size());
    bool const ends = next == m_line.size() || (by_blanks ? next > at : m_line[next] == m_separator);
    if (!ends) fail("has text between a closing quote and the next separator");
    return by_blanks && next < m_line.size() ? next - 1 : next;
  }

  /// Column of the labels by number, from 0, where no header names it; nothing where there is none.
  std::optional<std::size_t> label_by_number() const {
    if (m_known != nullptr && m_columns != m_known->features.size() + 1) return std::nullopt;
    auto const chosen = static_cast<std::size_t>(m_choice.label_column);
    if (chosen > m_columns) {
      fail("has " + counted(m_columns, "column") + ", but the labels are in column " + std::to_string(chosen));
    }
    return chosen == 0 ? m_columns - 1 : chosen - 1;
  }

  bool is_header() const {
    if (m_choice.header == "no") return false;
    if (m_choice.header == "yes") return true;
    // A header is expected where it has to name the labels, unless this is a file for a classifier.
    bool const names_label = !m_choice.label.empty() && m_known == nullptr;
    std::optional<std::size_t> label;
    if (!names_label) label = label_by_number();
    std::size_t numbers = 0, texts = 0;
    for (std::size_t i = 0; i < m_fields.size(); ++i) {
      if (i == label) continue;
      ++(number_in(m_fields[i]) ? numbers : texts);
    }
    if (numbers > 0 && texts > 0 && m_known == nullptr) {
      fail(
          "has fields that are numbers and fields that are none, besides the label; say with samples.header whether it "
          "is a header");
    }
    return numbers == 0;
  }

  void read_header() {
    std::map<std::string, std::size_t> places;
    for (std::size_t i = 0; i < m_columns; ++i) {
      if (m_fields[i].empty()) fail(i, "no name", "one, as every column of a header needs one");
      m_names.push_back(text_of(i, "name"));
      auto const [place, is_new] = places.emplace(m_names.back(), i);
      if (!is_new) fail(i, "a name that column " + std::to_string(place->second + 1) + " has", "another one");
    }
    if (m_known != nullptr) return place_by_names(places);
    if (m_choice.label.empty()) return place_columns();
    auto const place = places.find(m_choice.label);
    if (place == places.end()) fail("has no column " + in_quotes(m_choice.label) + ", which samples.label names");
    m_label = place->second;
    place_features();
  }

  /// Columns in the order of the file.
  void place_columns() {
    if (m_names.empty() && m_known == nullptr && !m_choice.label.empty()) {
      fail("is no header, so that no column is called " + in_quotes(m_choice.label) + "; see samples.label_column");
    }
    m_label = label_by_number();
    place_features();
    if (m_known != nullptr && m_features.size() != m_known->features.size()) {
      fail("has " + counted(m_columns, "column") + "; expected the " + counted(m_known->features.size(), "feature") +
           " of the model, with or without a label");
    }
  }
  void place_features() {
    for (std::size_t i = 0; i < m_columns; ++i) {
      if (i != m_label) m_features.push_back(i);
    }
    if (m_features.empty())
      fail("has one column; expected features and a label (samples.separator may be another one)");
  }

  /// Columns in the order of the model's features.
  void place_by_names(std::map<std::string, std::size_t> const& places) {
    for (std::string const& feature : m_known->features) {
      auto const place = places.find(feature);
      if (place == places.end()) fail("has no column " + in_quotes(feature) + ", a feature of the model");
      m_features.push_back(place->second);
    }
    auto const label = places.find(m_choice.label);
    if (label != places.end()) m_label = label->second;
    for (auto const& [name, place] : places) {
      bool const is_known = place == m_label || std::ranges::find(m_known->features, name) != m_known->features.end();
      if (!is_known) fail(place, in_quotes(name), "a feature of the model or its label");
    }
  }

  void read_sample() {
    if (m_fields.size() != m_columns) {
      fail("has " + counted(m_fields.size(), "field") + ", but line " + std::to_string(m_first_line) + " has " +
           std::to_string(m_columns));
    }
    for (std::size_t const column : m_features) {
      std::string_view const field = m_fields[column];
      auto const value = number_in(field);
      if (!value || !std::isfinite(*value)) {
        fail(column, field.empty() ? "nothing" : in_quotes(field), "a finite number");
      }
      m_table.inputs.push_back(*value);
    }
    if (!m_label) return;
    if (m_fields[*m_label].empty()) fail(*m_label, "nothing", "a label");
    if (m_labels.knows(m_fields[*m_label])) return m_labels.add(m_fields[*m_label], m_number);
    m_labels.add(text_of(*m_label, "label"), m_number);
  }

  /// A name as it may be kept: short, and UTF-8.
  std::string text_of(std::size_t column, std::string const& what) const {
    std::string_view const text = m_fields[column];
    if (text.size() > longest_name) fail(column, in_quotes(text), "a " + what + " of at most 256 bytes");
    for (std::string_view rest = text; !rest.empty();) {
      std::size_t const length = detail::character_length(rest);
      if (length == 0) fail(column, in_quotes(text), "a " + what + " in UTF-8");
      rest.remove_prefix(length);
    }
    return std::string(text);
  }

  SampleTable finish() {
    if (m_table.inputs.empty()) throw InputError(m_source, 0, "holds no samples");
    SampleNames& names = m_table.names;
    if (m_known != nullptr) {
      names = *m_known;
      if (m_label) m_table.labels = m_labels.of(names.classes);
      return std::move(m_table);
    }
    for (std::size_t i = 0; i < m_features.size(); ++i) {
      names.features.push_back(m_names.empty() ? "x" + std::to_string(i + 1) : m_names[m_features[i]]);
    }
    names.choice = m_choice;
    names.choice.label_column = static_cast<int>(*m_label) + 1;
    if (!m_names.empty()) names.choice.label = m_names[*m_label];
    m_table.labels = m_labels.counted(names.classes);
    return std::move(m_table);
  }

  std::string_view m_rest, m_line;
  std::string const& m_source;
  SampleChoice m_choice;
  SampleNames const* m_known;
  int m_number = 0, m_first_line = 0;  // of the line
  char m_separator = ' ';
  std::vector<std::string_view> m_fields;
  std::deque<std::string> m_unescaped;  // what fields in quotes say
  std::size_t m_columns = 0;
  std::vector<std::string> m_names;     // of all columns; empty without a header
  std::vector<std::size_t> m_features;  // their columns
  std::optional<std::size_t> m_label;
  SampleLabels m_labels;
  SampleTable m_table;
};

}  // namespace

SampleTable parse_csv(std::string_view text, std::string const& source, SampleChoice const& choice) {
  if (!choice.inputs.empty()) throw InputError(source, 0, "has no arrays: samples.inputs is for NPZ");
  return CsvReader(text, source, choice, nullptr).read();
}

SampleTable parse_csv(std::string_view text, std::string const& source, SampleNames const& known) {
  return CsvReader(text, source, known.choice, &known).read();
}

}  // namespace kramers::ml

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "sample_labels.hpp"

#include <kramers/base/error.hpp>
#include <kramers/base/text.hpp>
#include <kramers/ml/samples.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

namespace kramers::ml {
namespace {

std::string in_quotes(std::string const& text) {
  return "'" + printable(text) + "'";
}

}  // namespace

std::optional<double> number_in(std::string_view field) {
  if (field.starts_with('+') && !field.starts_with("+-")) field.remove_prefix(1);
  double value = 0;
  auto const [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (field.empty() || end != field.data() + field.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) return std::nan("");
  return error == std::errc{} ? std::optional(value) : std::nullopt;
}

void SampleLabels::add(std::string_view text, int line) {
  auto const known = m_places.find(text);
  if (known != m_places.end()) return m_samples.push_back(known->second);
  if (m_labels.size() == most_classes) {
    throw InputError(m_source, line, "has another label than the 1000 before; expected at most 1000 classes");
  }
  Label label{std::string(text), std::nullopt, line};
  if (auto const value = number_in(text)) {
    bool const is_class = *value >= 0 && *value < static_cast<double>(most_classes) && *value == std::floor(*value);
    if (!is_class) {
      throw InputError(m_source, line,
                       invalid_value("label", in_quotes(label.text), "an integer from 0 to 999 or a name"));
    }
    label.number = static_cast<int>(*value);
    label.text = std::to_string(*label.number);
  }
  m_samples.push_back(m_labels.size());
  m_places.emplace(text, m_labels.size());
  m_labels.push_back(std::move(label));
}

std::vector<int> SampleLabels::counted(std::vector<std::string>& classes) const {
  if (m_labels.empty()) return {};
  bool const are_numbers = m_labels.front().number.has_value();
  auto const odd = std::ranges::find_if(m_labels, [&](Label const& l) { return l.number.has_value() != are_numbers; });
  if (odd != m_labels.end()) {
    throw InputError(
        m_source, odd->line,
        invalid_value("label", in_quotes(odd->text),
                      std::string(are_numbers ? "an integer, as " : "a name, as ") + in_quotes(m_labels.front().text) +
                          " in line " + std::to_string(m_labels.front().line)));
  }
  if (are_numbers) {
    int highest = 0;
    for (Label const& label : m_labels) highest = std::max(highest, *label.number);
    std::vector<std::int64_t> counts(static_cast<std::size_t>(highest) + 1, 0);
    for (Label const& label : m_labels) ++counts[static_cast<std::size_t>(*label.number)];
    expect_no_gaps(counts, m_source);
    for (int k = 0; k <= highest; ++k) classes.push_back(std::to_string(k));
  } else {
    std::set<std::string> names;
    for (Label const& label : m_labels) names.insert(label.text);
    if (names.size() < 2) throw InputError(m_source, 0, "has samples of one class only, " + in_quotes(*names.begin()));
    classes.assign(names.begin(), names.end());
  }
  return of(classes);
}

std::vector<int> SampleLabels::of(std::vector<std::string> const& classes) const {
  std::vector<int> class_of_place;
  for (Label const& label : m_labels) {
    auto const found = std::ranges::find(classes, label.text);
    if (found == classes.end()) {
      throw InputError(m_source, label.line,
                       invalid_value("label", in_quotes(label.text), "one of the classes of the model"));
    }
    class_of_place.push_back(static_cast<int>(found - classes.begin()));
  }
  std::vector<int> labels;
  labels.reserve(m_samples.size());
  for (std::size_t const place : m_samples) labels.push_back(class_of_place[place]);
  return labels;
}

void expect_no_gaps(std::span<std::int64_t const> counts, std::string const& source) {
  auto const gap = std::ranges::find(counts, 0);
  if (gap != counts.end()) {
    throw InputError(source, 0,
                     "has no sample of class " + std::to_string(gap - counts.begin()) + ", but one of class " +
                         std::to_string(counts.size() - 1) + "; count labels from 0 without gaps");
  }
  if (counts.size() < 2) throw InputError(source, 0, "has samples of class 0 only");
}

}  // namespace kramers::ml

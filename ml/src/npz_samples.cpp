// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/base/text.hpp>
#include <kramers/ml/samples.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "npy_array.hpp"
#include "sample_labels.hpp"
#include "zip_archive.hpp"

namespace kramers::ml {
namespace {

/// A member is called after its array.
std::string member(std::string const& array) {
  return array + ".npy";
}

/// Two arrays in an archive of NumPy.
class NpzReader {
 public:
  NpzReader(std::string_view bytes, std::string const& source, std::string inputs, std::string label)
      : m_archive(bytes, source), m_source(source), m_inputs(std::move(inputs)), m_label(std::move(label)) {}

  /// The inputs, and how many features each sample has.
  std::size_t read_inputs(SampleTable& table) const {
    std::string const content = read(m_inputs, "samples.inputs");
    auto const array = detail::parse_npy(content, m_source, m_inputs);
    if (array.shape.size() != 2 || array.shape[0] == 0 || array.shape[1] == 0 || array.shape[1] > most_features) {
      fail(m_inputs, shape_text(array), "(samples, features) with 1 to 65536 features");
    }
    auto const samples = static_cast<std::size_t>(array.shape[0]), features = static_cast<std::size_t>(array.shape[1]);
    table.inputs.reserve(samples * features);
    for (std::size_t i = 0; i < samples; ++i) {
      for (std::size_t f = 0; f < features; ++f) {
        double const value = array.real(array.by_columns ? f * samples + i : i * features + f);
        // Integers beyond 2^53 would become other ones.
        bool const is_exact = array.kind == 'f' || std::abs(value) <= 0x1p53;
        if (!std::isfinite(value) || !is_exact) {
          throw InputError(m_source, 0,
                           invalid_value(m_inputs + "[" + std::to_string(i) + ", " + std::to_string(f) + "]",
                                         shortest_decimal(value), "a finite number that a double holds"));
        }
        table.inputs.push_back(value);
      }
    }
    return features;
  }

  bool has_labels() const { return m_archive.has(member(m_label)); }

  /// A label for each of so many samples.
  std::vector<int> read_labels(std::size_t samples) const {
    std::string const content = read(m_label, "samples.label");
    auto const array = detail::parse_npy(content, m_source, m_label);
    if (array.shape.size() != 1 || array.shape[0] != samples) {
      fail(m_label, shape_text(array), "(" + std::to_string(samples) + ",), a label for each sample");
    }
    if (array.kind == 'f') {
      throw InputError(m_source, 0, "array '" + printable(m_label) + "' is of real numbers; expected integers from 0");
    }
    std::vector<int> labels;
    labels.reserve(samples);
    for (std::size_t i = 0; i < samples; ++i) {
      std::int64_t const value = array.integer(i);
      if (value < 0 || value >= static_cast<std::int64_t>(most_classes)) {
        throw InputError(
            m_source, 0,
            invalid_value(m_label + "[" + std::to_string(i) + "]", std::to_string(value), "an integer from 0 to 999"));
      }
      labels.push_back(static_cast<int>(value));
    }
    return labels;
  }

 private:
  std::string read(std::string const& array, char const* key) const {
    if (m_archive.has(member(array))) return m_archive.content(member(array));
    throw InputError(m_source, 0,
                     "has no array '" + printable(array) + "', which " + key + " may name, but " + m_archive.names());
  }

  static std::string shape_text(detail::NpyArray const& array) {
    std::string text;
    for (std::uint64_t const extent : array.shape) text += (text.empty() ? "" : ", ") + std::to_string(extent);
    return "(" + text + (array.shape.size() == 1 ? ",)" : ")");
  }
  [[noreturn]] void fail(std::string const& array, std::string const& got, std::string const& expected) const {
    throw InputError(m_source, 0, invalid_value("shape of '" + printable(array) + "'", got, expected));
  }

  detail::ZipArchive m_archive;
  std::string const& m_source;
  std::string m_inputs, m_label;
};

std::string or_else(std::string const& name, char const* usual) {
  return name.empty() ? usual : name;
}

}  // namespace

SampleTable parse_npz(std::string_view bytes, std::string const& source, SampleChoice const& choice) {
  if (!choice.header.empty() || !choice.separator.empty() || choice.label_column != 0) {
    throw InputError(source, 0, "has no lines: samples.header, separator and label_column are for CSV");
  }
  SampleTable table;
  SampleNames& names = table.names;
  names.choice.inputs = or_else(choice.inputs, "X");
  names.choice.label = or_else(choice.label, "y");
  NpzReader const reader(bytes, source, names.choice.inputs, names.choice.label);
  std::size_t const features = reader.read_inputs(table);
  for (std::size_t f = 0; f < features; ++f) names.features.push_back("x" + std::to_string(f + 1));
  table.labels = reader.read_labels(table.size());
  std::vector<std::int64_t> counts(static_cast<std::size_t>(std::ranges::max(table.labels)) + 1, 0);
  for (int const label : table.labels) ++counts[static_cast<std::size_t>(label)];
  expect_no_gaps(counts, source);
  for (std::size_t k = 0; k < counts.size(); ++k) names.classes.push_back(std::to_string(k));
  return table;
}

SampleTable parse_npz(std::string_view bytes, std::string const& source, SampleNames const& known) {
  SampleTable table;
  // Where the model was trained on CSV, its label is a column of that.
  bool const was_npz = !known.choice.inputs.empty();
  NpzReader const reader(bytes, source, or_else(known.choice.inputs, "X"), was_npz ? known.choice.label : "y");
  std::size_t const features = reader.read_inputs(table);
  if (features != known.features.size()) {
    throw InputError(source, 0,
                     "has samples of " + std::to_string(features) + " features; expected the " +
                         std::to_string(known.features.size()) + " of the model");
  }
  table.names = known;
  if (!reader.has_labels()) return table;
  for (int const label : reader.read_labels(table.size())) {
    auto const found = std::ranges::find(known.classes, std::to_string(label));
    if (found == known.classes.end()) {
      throw InputError(source, 0, invalid_value("label", std::to_string(label), "one of the classes of the model"));
    }
    table.labels.push_back(static_cast<int>(found - known.classes.begin()));
  }
  return table;
}

}  // namespace kramers::ml

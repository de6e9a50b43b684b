// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/runtime/config.hpp>
#include <kramers/runtime/input_guide.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace kramers::ml {

/// Most features, and most classes, that a file of samples may have.
inline constexpr std::size_t most_features = 1 << 16, most_classes = 1000;

/// How a file of samples is read; what is empty is seen from the file.
struct SampleChoice {
  std::string header = {};     ///< CSV: "yes" or "no"
  std::string separator = {};  ///< CSV: "comma", "semicolon", "tab" or "blanks"
  std::string label = {};      ///< CSV: the column of the labels by its name; NPZ: their array, "y" if empty
  int label_column = 0;        ///< CSV: the same by its number, from 1; 0: the last
  std::string inputs = {};     ///< NPZ: the array of the inputs, "X" if empty
};
/// Read the table [samples] of an input.
SampleChoice read_sample_choice(Config const& config);
/// What its keys mean.
std::vector<KeyNote> sample_keys();

/// What the columns and the classes of samples are called, and how their file was read: all that is needed to read
/// another one for the same classifier.
struct SampleNames {
  std::vector<std::string> features;  ///< "x1", "x2", ... where the file does not name them
  std::vector<std::string> classes;   ///< of label 0, 1, ...
  SampleChoice choice;                ///< with the column of the labels as found

  bool empty() const { return features.empty(); }
};

/// Samples of any number of features with a class each.
struct SampleTable {
  SampleNames names;
  std::vector<double> inputs;  ///< (N, features) row by row, finite
  std::vector<int> labels;     ///< (N) from 0; empty where the file has none

  std::size_t size() const { return names.features.empty() ? 0 : inputs.size() / names.features.size(); }
  /// Identifies values, labels and names, in their order.
  std::uint64_t hash() const;
};

/// Are these samples, rather than the results of kramers-spread: does the name end in .csv, .tsv, .txt, .dat or .npz, in
/// small or large letters?
bool is_sample_file(std::filesystem::path const& path);

/// Read samples to be learned: every sample has a label, and every class a sample.
///
/// CSV: lines that are empty or begin with # are skipped; a byte order mark and CRLF are taken. A field may stand in
/// double quotes, a quote in it is written twice, and it ends on its line. Seen from the first line, if nothing else is
/// chosen: the separator (of comma, semicolon and tab the only one there is, else blanks), and whether it is a header
/// (no field but the label is a number). Labels are integers from 0 without gaps, or names, which are counted in the
/// order of their bytes.
///
/// NPZ, as numpy.savez and, in builds with zlib, savez_compressed write it: inputs (samples, features) of f4, f8 or
/// integers, labels (samples,) of integers from 0 without gaps, little-endian, by rows or by columns.
///
/// @throws InputError  with line and column: no text of UTF-8, a line with more or fewer fields than the first, a value
///                     that is missing or no finite number, labels that are integers and names or skip a class, one
///                     class only; an archive that is truncated or damaged, an array of another type or shape; no file
SampleTable read_samples(std::filesystem::path const& path, SampleChoice const& choice);
/// Read samples for a classifier of others: columns are found by their names where the file has a header, else by their
/// order. The labels may be absent.
/// @throws InputError  also for a feature that is missing, a column too many or a label that names none of the classes
SampleTable read_samples(std::filesystem::path const& path, SampleNames const& known);

/// The same from the content of a file; `source` names it in messages.
SampleTable parse_csv(std::string_view text, std::string const& source, SampleChoice const& choice);
SampleTable parse_csv(std::string_view text, std::string const& source, SampleNames const& known);
SampleTable parse_npz(std::string_view bytes, std::string const& source, SampleChoice const& choice);
SampleTable parse_npz(std::string_view bytes, std::string const& source, SampleNames const& known);

}  // namespace kramers::ml

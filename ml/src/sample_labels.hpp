// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kramers::ml {

/// The number that a whole field is, infinite or NaN where a double holds none such; nothing where it is none.
std::optional<double> number_in(std::string_view field);

/// Labels as they are read, each different one kept once.
class SampleLabels {
 public:
  /// @param[in] source  the file, for messages
  explicit SampleLabels(std::string const& source) : m_source(source) {}

  bool knows(std::string_view text) const { return m_places.find(text) != m_places.end(); }
  /// @throws InputError  more than most_classes different ones; a number that is no label
  void add(std::string_view text, int line);

  /// The class of each sample, and what the classes are called.
  /// @throws InputError  integers and names, a class without a sample, one class only
  std::vector<int> counted(std::vector<std::string>& classes) const;
  /// The same for classes that are known. @throws InputError  a label that names none of them
  std::vector<int> of(std::vector<std::string> const& classes) const;

 private:
  struct Label {
    std::string text;  // integers as "3", however they are written
    std::optional<int> number;
    int line;  // where it stands first
  };

  std::string const& m_source;
  std::map<std::string, std::size_t, std::less<>> m_places;
  std::vector<Label> m_labels;         // in the order of their lines
  std::vector<std::size_t> m_samples;  // which of them each sample has
};

/// Throw InputError unless the largest label leaves no class below it without a sample and there are two or more.
/// @param[in] counts  samples of each class
void expect_no_gaps(std::span<std::int64_t const> counts, std::string const& source);

}  // namespace kramers::ml

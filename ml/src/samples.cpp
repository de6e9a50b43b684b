// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/file.hpp>
#include <kramers/base/hash.hpp>
#include <kramers/ml/samples.hpp>

#include <algorithm>
#include <bit>

namespace kramers::ml {
namespace {

constexpr std::size_t largest_file = std::size_t{1} << 36;

/// The value of a key that may be absent, of these words.
std::string one_of(Config const& config, char const* key, std::vector<std::string> const& words) {
  std::string list;
  for (std::string const& word : words) list += (list.empty() ? "one of " : ", ") + word;
  auto const value = config.find<std::string>(key);
  config.check(!value || std::ranges::find(words, *value) != words.end(), key, list);
  return value.value_or("");
}

std::string ending_of(std::filesystem::path const& path) {
  std::string ending = path.extension().string();
  for (char& c : ending) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return ending;
}

template <class Names>
SampleTable read(std::filesystem::path const& path, Names const& names) {
  std::string const content = read_input(path, largest_file);
  return ending_of(path) == ".npz" ? parse_npz(content, path.string(), names)
                                   : parse_csv(content, path.string(), names);
}

}  // namespace

SampleChoice read_sample_choice(Config const& config) {
  SampleChoice choice;
  choice.header = one_of(config, "samples.header", {"yes", "no"});
  choice.separator = one_of(config, "samples.separator", {"comma", "semicolon", "tab", "blanks"});
  auto const label = config.find<std::string>("samples.label");
  config.check(!label || !label->empty(), "samples.label", "a name");
  choice.label = label.value_or("");
  auto const column = config.find<std::int64_t>("samples.label_column");
  config.check(!column || (*column >= 1 && *column <= static_cast<std::int64_t>(most_features)), "samples.label_column",
               "between 1 and 65536");
  config.check(!column || choice.label.empty(), "samples.label_column", "absent where samples.label names the column");
  choice.label_column = static_cast<int>(column.value_or(0));
  auto const inputs = config.find<std::string>("samples.inputs");
  config.check(!inputs || !inputs->empty(), "samples.inputs", "a name");
  choice.inputs = inputs.value_or("");
  return choice;
}

std::vector<KeyNote> sample_keys() {
  return {
      {"samples.header", "", "is the first line of a CSV a header: yes, no", "as the first line looks"},
      {"samples.separator", "", "between the fields of a CSV: comma, semicolon, tab, blanks",
       "as the first line looks"},
      {"samples.label", "", "column of the labels by its name; in an NPZ, their array", "none; y"},
      {"samples.label_column", "", "the same column by its number, from 1", "the last"},
      {"samples.inputs", "", "array of the inputs in an NPZ", "X"},
  };
}

std::uint64_t SampleTable::hash() const {
  std::uint64_t sum = 0, place = 0;
  for (double const value : inputs) sum += hash_element(place++, std::bit_cast<std::uint64_t>(value));
  for (int const label : labels) sum += hash_element(place++, static_cast<std::uint64_t>(label));
  for (auto const* const texts : {&names.features, &names.classes}) {
    for (std::string const& text : *texts) {
      sum += hash_element(place++, text.size());
      for (char const c : text) sum += hash_element(place++, static_cast<unsigned char>(c));
    }
  }
  return sum;
}

bool is_sample_file(std::filesystem::path const& path) {
  std::string const ending = ending_of(path);
  return ending == ".csv" || ending == ".tsv" || ending == ".txt" || ending == ".dat" || ending == ".npz";
}

SampleTable read_samples(std::filesystem::path const& path, SampleChoice const& choice) {
  return read(path, choice);
}

SampleTable read_samples(std::filesystem::path const& path, SampleNames const& known) {
  return read(path, known);
}

}  // namespace kramers::ml

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Any bytes as a text of samples: a table whose parts fit together, or an InputError, nothing else.
#include <kramers/base/error.hpp>
#include <kramers/ml/samples.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

using namespace kramers::ml;

void expect_whole(SampleTable const& table) {
  std::size_t const features = table.names.features.size();
  if (features == 0 || table.size() == 0 || table.size() * features != table.inputs.size()) std::abort();
  if (!table.labels.empty() && table.labels.size() != table.size()) std::abort();
  for (double const value : table.inputs) {
    if (!std::isfinite(value)) std::abort();
  }
  for (int const label : table.labels) {
    if (label < 0 || label >= static_cast<int>(table.names.classes.size())) std::abort();
  }
}

void use(std::string const& text, SampleChoice const& choice) {
  try {
    SampleTable const table = parse_csv(text, "fuzz", choice);
    expect_whole(table);
    if (table.labels.empty() || table.names.classes.size() < 2) std::abort();
    // What was learned can be evaluated: the same file serves a classifier of these names.
    if (parse_csv(text, "fuzz", table.names).hash() != table.hash()) std::abort();
  } catch (kramers::InputError const&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string const text(data, data + size);
  use(text, {});
  use(text, {.header = "no", .separator = "semicolon", .label = {}, .label_column = 1, .inputs = {}});
  use(text, {.header = "yes", .separator = "blanks", .label = "l", .label_column = 0, .inputs = {}});
  try {
    expect_whole(parse_csv(text, "fuzz", SampleNames{{"a", "b"}, {"0", "1", "c"}, {.label = "l", .label_column = 3}}));
  } catch (kramers::InputError const&) {
  }
  return 0;
}

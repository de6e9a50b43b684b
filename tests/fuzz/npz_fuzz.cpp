// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Any bytes as an archive of NumPy, as one whose arrays they are, and as one array: a table whose parts fit together, or an
// InputError, nothing else.
#include <kramers/base/error.hpp>
#include <kramers/ml/safetensors.hpp>
#include <kramers/ml/samples.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <utility>

#include "npy_array.hpp"

namespace {

using namespace kramers::ml;

std::string little_endian(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(i < 8 ? value >> (8 * i) & 0xffU : 0U);
  return text;
}

/// An archive with two members of these contents and the right checksums, so that arrays are read.
std::string archive_of(std::string const& x, std::string const& y) {
  std::string locals, directory;
  for (auto const& [name, content] : {std::pair<std::string, std::string>{"X.npy", x}, {"y.npy", y}}) {
    auto const checksum = safetensors::detail::crc32(0, std::as_bytes(std::span(content)));
    std::string const sizes =
        little_endian(checksum, 4) + little_endian(content.size(), 4) + little_endian(content.size(), 4);
    std::string const common = little_endian(0, 8) + sizes + little_endian(name.size(), 2) + little_endian(0, 2);
    directory += little_endian(0x02014b50, 4) + little_endian(20, 2) + little_endian(20, 2) + common +
                 little_endian(0, 10) + little_endian(locals.size(), 4) + name;
    locals += little_endian(0x04034b50, 4) + little_endian(20, 2) + common + name + content;
  }
  return locals + directory + little_endian(0x06054b50, 4) + little_endian(0, 4) + little_endian(2, 2) +
         little_endian(2, 2) + little_endian(directory.size(), 4) + little_endian(locals.size(), 4) +
         little_endian(0, 2);
}

/// A header of version 1 and numbers.
std::string array_of(std::string const& header, std::string const& numbers) {
  return "\x93NUMPY" + little_endian(1, 2) + little_endian(header.size(), 2) + header + numbers;
}

bool use(std::string const& bytes) {
  try {
    SampleTable const table = parse_npz(bytes, "fuzz", SampleChoice{});
    std::size_t const features = table.names.features.size(), classes = table.names.classes.size();
    if (features == 0 || table.size() == 0 || table.size() * features != table.inputs.size()) std::abort();
    if (table.labels.size() != table.size() || classes < 2) std::abort();
    for (double const value : table.inputs) {
      if (!std::isfinite(value)) std::abort();
    }
    for (int const label : table.labels) {
      if (label < 0 || label >= static_cast<int>(classes)) std::abort();
    }
    if (parse_npz(bytes, "fuzz", table.names).hash() != table.hash()) std::abort();
    return true;
  } catch (kramers::InputError const&) {
    return false;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string const bytes(data, data + size);
  use(bytes);
  std::string const labels =
      array_of("{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }", std::string("\0\1", 2));
  std::string const inputs =
      array_of("{'descr': '|i1', 'fortran_order': False, 'shape': (2, 1), }", std::string("\3\4", 2));
  static bool const works = use(archive_of(inputs, labels));
  if (!works) std::abort();
  use(archive_of(bytes, labels));
  use(archive_of(inputs, bytes));
  try {
    std::string const name = "a";
    auto const array = detail::parse_npy(bytes, "fuzz", name);
    std::uint64_t count = array.shape.empty() ? 0 : 1;
    for (std::uint64_t const extent : array.shape) count *= extent;
    if (count > 0) static_cast<void>(array.real(count - 1) + static_cast<double>(array.integer(count - 1)));
  } catch (kramers::InputError const&) {
  }
  return 0;
}

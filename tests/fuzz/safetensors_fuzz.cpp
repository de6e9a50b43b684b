// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Any bytes as a safetensors file, and as the header of one: content or an IoError, nothing else; and content is the
// same after it is written and read once more.
#include <kramers/base/error.hpp>
#include <kramers/ml/safetensors.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

namespace safetensors = kramers::ml::safetensors;

void read(std::string const& bytes) {
  try {
    auto const content = safetensors::parse(bytes, "fuzz.safetensors");
    if (safetensors::parse(safetensors::to_bytes(content), "again") != content) std::abort();
  } catch (kramers::IoError const&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string const bytes(data, data + size);
  read(bytes);
  // The last byte says how much data there is.
  std::uint64_t const length = size > 0 ? size - 1 : 0;
  std::string file(sizeof length, '\0');
  std::memcpy(file.data(), &length, sizeof length);
  read(file + bytes.substr(0, length) + std::string(size > 0 ? data[size - 1] & 63U : 0U, '\1'));
  return 0;
}

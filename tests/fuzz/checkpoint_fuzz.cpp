// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Any texts in the metadata of a checkpoint, and any tensor missing from it: a checkpoint that can be written again or
// an IoError, nothing else. The input is lines "key=text" and "!tensor".
#include <kramers/base/error.hpp>
#include <kramers/ml/checkpoint.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>

namespace {

using kramers::ml::Activation;
using kramers::ml::Checkpoint;

kramers::ml::safetensors::Content good_file(std::size_t models) {
  Checkpoint good;
  good.network = kramers::ml::NetworkSpec(2).dense(3, Activation::tanh).batch_norm().dense(2);
  good.params.models.resize(models);
  good.models.resize(models);
  auto const table = kramers::ml::arena_of(good.network);
  for (auto& model : good.models) {
    model.parameters.resize(static_cast<std::size_t>(table.parameter_extent));
    model.buffers.resize(static_cast<std::size_t>(table.buffer_extent));
    model.first_moment = model.parameters;
  }
  return content_of(good);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  static auto const files = {good_file(1), good_file(2)};
  for (auto file : files) {
    std::istringstream lines(std::string(data, data + size));
    for (std::string line; std::getline(lines, line);) {
      auto const equals = line.find('=');
      if (line.starts_with('!')) file.tensors.erase(line.substr(1));
      if (equals != std::string::npos) file.metadata["kramers." + line.substr(0, equals)] = line.substr(equals + 1);
    }
    try {
      auto const checkpoint = kramers::ml::checkpoint_of(file, "fuzz.safetensors");
      if (content_of(checkpoint).tensors != file.tensors) std::abort();
    } catch (kramers::IoError const&) {
    }
  }
  return 0;
}

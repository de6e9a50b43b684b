// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What safetensors_test.py runs.
// usage: safetensors_tool write FILE      arrays of every type that we make, with values by rule
//        safetensors_tool copy FROM TO    what is read from one file is written to another
//        safetensors_tool weights FILE    2 -> 3 tanh -> batch_norm -> 2 with weights 1, 2, 3, ... in the order of the arena
#include <kramers/base/error.hpp>
#include <kramers/ml/checkpoint.hpp>

#include <cstdint>
#include <iostream>
#include <numeric>
#include <string>
#include <vector>

namespace {

using namespace kramers::ml;
using safetensors::Tensor;

template <class T>
std::vector<T> counted(std::size_t count, T first) {
  std::vector<T> values(count);
  std::iota(values.begin(), values.end(), first);
  return values;
}

safetensors::Content example() {
  safetensors::Content content;
  content.tensors["f32"] = Tensor::of({2, 3}, counted<float>(6, -1.5F));
  content.tensors["f64"] = Tensor::of({3, 1, 2}, counted<double>(6, 0.1));
  content.tensors["i64"] = Tensor::of({}, counted<std::int64_t>(1, INT64_MIN));
  content.tensors["u64"] = Tensor::of({2}, counted<std::uint64_t>(2, UINT64_MAX - 1));
  content.tensors["empty"] = Tensor::of<float>({0, 4}, {});
  content.tensors["\xc3\xa9\n"] = Tensor::of<float>({1}, {0.0F});
  content.metadata = {{"key", "text"}, {"quote", "\"\xe2\x82\xac\""}};
  return content;
}

void write_counted_weights(std::string const& path) {
  auto const network = NetworkSpec(2).dense(3, Activation::tanh).batch_norm().dense(2);
  auto const table = arena_of(network);
  ModelState<double> model;
  model.parameters.resize(static_cast<std::size_t>(table.parameter_extent));
  model.buffers.resize(static_cast<std::size_t>(table.buffer_extent));
  double next = 0;
  for (auto const& entry : table.parameters) {
    for (int i = 0; i < entry.size; ++i) model.parameters[static_cast<std::size_t>(entry.offset + i)] = ++next;
  }
  for (auto const& entry : table.buffers) {
    for (int i = 0; i < entry.size; ++i) model.buffers[static_cast<std::size_t>(entry.offset + i)] = ++next;
  }
  model.step = 7;
  write_weights(path, network, "f32", model);
}

}  // namespace

int main(int argc, char** argv) try {
  std::vector<std::string> const words(argv + 1, argv + argc);
  if (words.size() == 2 && words[0] == "write") {
    safetensors::write(words[1], example());
  } else if (words.size() == 3 && words[0] == "copy") {
    safetensors::write(words[2], safetensors::read(words[1]));
  } else if (words.size() == 2 && words[0] == "weights") {
    write_counted_weights(words[1]);
  } else {
    return 64;
  }
  return 0;
} catch (kramers::Error const& e) {
  std::cerr << e.what() << '\n';
  return 1;
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/ml/activation.hpp>

#include <algorithm>

namespace kramers::ml {

std::vector<std::string> const& activation_names() {
  static std::vector<std::string> const names{"identity", "tanh", "relu", "gelu_erf", "gelu_tanh"};
  return names;
}

std::string name_of(Activation activation) {
  return activation_names().at(static_cast<std::size_t>(activation));
}

Activation activation_named(std::string const& name) {
  auto const& names = activation_names();
  auto const place = std::find(names.begin(), names.end(), name);
  expects(place != names.end(), "activation", name, "one of identity, tanh, relu, gelu_erf, gelu_tanh");
  return static_cast<Activation>(place - names.begin());
}

}  // namespace kramers::ml

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <string>
#include <vector>

namespace kramers::ml {

/// What a dense layer applies to z = W x + b. There is no bare "gelu": the exact one and its tanh form differ by up to
/// 5e-4 and every framework has another default.
enum class Activation : int { identity, tanh, relu, gelu_erf, gelu_tanh };

/// The name in input files and checkpoints: "identity", "tanh", "relu", "gelu_erf", "gelu_tanh".
std::string name_of(Activation activation);
/// @throws DomainError  no such activation
Activation activation_named(std::string const& name);
/// All names.
std::vector<std::string> const& activation_names();

}  // namespace kramers::ml

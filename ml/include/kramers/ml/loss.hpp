// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <string>

namespace kramers::ml {

/// softmax_cross_entropy: labels are class numbers, outputs are logits, the loss is the mean over the batch.
/// mean_squared_error: targets are as many numbers as outputs, the loss is the mean over batch and outputs.
enum class Loss : int { softmax_cross_entropy, mean_squared_error };
std::string name_of(Loss loss);
/// @throws DomainError  no such loss
Loss loss_named(std::string const& name);

}  // namespace kramers::ml

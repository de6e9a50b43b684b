// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/runtime/input_guide.hpp>

#include <vector>

namespace kramers::ml {

/// What the keys mean that read_classifier asks for.
std::vector<KeyNote> classifier_keys();

}  // namespace kramers::ml

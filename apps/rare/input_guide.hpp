// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/runtime/input_guide.hpp>

namespace kramers::rare {

/// What the keys of kramers-rare mean, with a template for each method.
InputGuide input_guide();

}  // namespace kramers::rare

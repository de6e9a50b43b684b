// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/runtime/input_guide.hpp>

namespace kramers::channel {

/// What the keys of kramers-channel mean, with a template for each published case.
InputGuide input_guide();

}  // namespace kramers::channel

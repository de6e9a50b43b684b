// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/runtime/input_guide.hpp>

namespace kramers::cg {

/// What the keys of kramers-cg mean, with a template for each kind of matrix.
InputGuide input_guide();

}  // namespace kramers::cg

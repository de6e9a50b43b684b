// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/runtime/input_guide.hpp>

namespace kramers::jacobi {

/// What the keys of kramers-jacobi mean, with a template for each problem.
InputGuide input_guide();

}  // namespace kramers::jacobi

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/runtime/input_guide.hpp>

namespace kramers::spread {

/// What the keys of kramers-spread mean, with a template for each potential of one coordinate and for the classifier.
InputGuide input_guide();

}  // namespace kramers::spread

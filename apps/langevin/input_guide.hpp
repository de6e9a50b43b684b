// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/studies/any_potential.hpp>
#include <kramers/runtime/input_guide.hpp>

namespace kramers::langevin {

/// What the keys of kramers-langevin mean, with a template for each of these potentials.
InputGuide input_guide(dynamics::PotentialList const& potentials);

}  // namespace kramers::langevin

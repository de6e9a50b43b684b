// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/studies/any_potential.hpp>

namespace kramers::langevin {

/// kramers-langevin with these potentials: what its main returns. A program of your own adds potentials to the list
/// (kramers_add_potential in cmake/KramersPotentials.cmake writes it).
int run(int argc, char** argv, dynamics::PotentialList const& potentials);

}  // namespace kramers::langevin

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/studies/any_potential.hpp>
#include <kramers/runtime/input_guide.hpp>

#include <string>
#include <vector>

namespace kramers::dynamics {

/// What the keys mean that every study has: tables [potential], [integrator] and [initial], and ensemble.seed.
std::vector<KeyNote> shared_keys();
/// Those of tabulated surfaces in [potential], which studies of one coordinate do not have, and what others mean there.
std::vector<KeyNote> surface_keys();
/// shared_keys with these in their places.
std::vector<KeyNote> shared_and_surface_keys();
/// Those that read_study asks for beside them.
std::vector<KeyNote> ensemble_keys();
/// Those that read_spread asks for beside them.
std::vector<KeyNote> spread_keys();

/// One example for each potential that kramers comes with, with the tables [potential] and [integrator], followed by
/// `rest`; potentials of one's own give examples without a name, of which the kind is all that is known.
std::vector<InputExample> potential_examples(PotentialList const& potentials, std::string const& rest);

}  // namespace kramers::dynamics

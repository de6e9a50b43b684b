// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/engine/any_ensemble.hpp>
#include <kramers/dynamics/potentials/potential_params.hpp>

#include <memory>
#include <string>
#include <vector>

namespace kramers::dynamics {

/// Which ensemble to make, by names.
struct EnsembleRequest {
  std::string space;      ///< a name of space_names()
  std::string precision;  ///< "f64" or "f32"
  std::string scheme;     ///< a name of scheme_names()
  PotentialParams potential;
  EnsembleParams params;
  EnsembleLayout::Range range;  ///< walkers of this rank
};

/// "baoab", "aboba", "obabo", "euler-maruyama", "leimkuhler-matthews"; the first is the default.
std::vector<std::string> const& scheme_names();
/// Whether a scheme has no velocities.
bool is_overdamped(std::string const& scheme);

/// Make an ensemble; its walkers are not yet initialised.
/// @throws DomainError  a name or value that is not allowed; Error for a space that is not built in
std::unique_ptr<AnyEnsemble> make_ensemble(EnsembleRequest const& request);

}  // namespace kramers::dynamics

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/studies/any_potential.hpp>

#include <memory>
#include <string>
#include <vector>

namespace kramers::dynamics {

/// Which ensemble to make, by names.
struct EnsembleRequest {
  std::string space;      ///< a name of space_names()
  std::string precision;  ///< "f64" or "f32"
  std::string scheme;     ///< a name of scheme_names()
  std::shared_ptr<AnyPotential const> potential;
  EnsembleParams params;
  EnsembleLayout::Range range;  ///< walkers of this rank
};

/// Which spread map to make, by names.
struct SpreadRequest {
  std::string space, precision, scheme;  ///< as above
  std::shared_ptr<AnyPotential const> potential;
  SpreadParams params;
  PointRange range;  ///< points of this rank
};

/// "baoab", "aboba", "obabo", "gjf", "euler-maruyama", "leimkuhler-matthews"; the first is the default.
std::vector<std::string> const& scheme_names();
/// Whether a scheme has no velocities.
/// @throws DomainError  no such scheme
bool is_overdamped(std::string const& scheme);

/// Make an ensemble; its walkers are not yet initialised.
/// @throws DomainError  a name or value that is not allowed
inline std::unique_ptr<AnyEnsemble> make_ensemble(EnsembleRequest const& request) {
  return request.potential->make_ensemble(request);
}
/// Make a spread map in a potential of one coordinate.
/// @throws DomainError  a name or value that is not allowed; a potential of more coordinates
inline std::unique_ptr<AnySpreadMap> make_spread_map(SpreadRequest const& request) {
  return request.potential->make_spread_map(request);
}

}  // namespace kramers::dynamics

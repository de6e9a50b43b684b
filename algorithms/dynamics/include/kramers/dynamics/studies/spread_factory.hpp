// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/engine/any_spread_map.hpp>
#include <kramers/dynamics/potentials/potential_params.hpp>

#include <memory>
#include <string>

namespace kramers::dynamics {

/// Which spread map to make, by names.
struct SpreadRequest {
  std::string space;      ///< a name of space_names()
  std::string precision;  ///< "f64" or "f32"
  std::string scheme;     ///< a name of scheme_names()
  PotentialParams potential;
  SpreadParams params;
  PointRange range;  ///< points of this rank
};

/// Make a spread map in a potential of one coordinate.
/// @throws DomainError  a name or value that is not allowed; a potential of more coordinates
std::unique_ptr<AnySpreadMap> make_spread_map(SpreadRequest const& request);

}  // namespace kramers::dynamics

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/dynamics/studies/spread_factory.hpp>

#include "../spread_maps/makers.hpp"

namespace kramers::dynamics {

std::unique_ptr<AnySpreadMap> make_spread_map(SpreadRequest const& request) {
  PotentialParams const& potential = request.potential;
  expects(potential.dimensions == 1, "dimensions", potential.dimensions, "1 for a spread map");
  if (potential.kind == "harmonic") return detail::make_harmonic_map(request);
  if (potential.kind == "double_well") return detail::make_double_well_map(request);
  if (potential.kind == "cosine") return detail::make_cosine_map(request);
  if (potential.kind == "tabulated") return detail::make_tabulated_map(request);
  throw DomainError("potential", potential.kind, "one of harmonic, double_well, cosine, tabulated");
}

}  // namespace kramers::dynamics

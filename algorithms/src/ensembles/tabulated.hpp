// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/algorithms/potentials/tabulated.hpp>

#include "make_ensemble.hpp"

namespace kramers::detail {

template <class T>
std::unique_ptr<AnyEnsemble> make_tabulated(EnsembleRequest const& request) {
  PotentialParams const& p = request.potential;
  expects(p.table.has_value(), "potential.table", "nothing", "a table for a tabulated potential");
  return make_separable(request, [spline = natural_spline(*p.table), &p]<class Space>(Space const& space) {
    return Tabulated<T, Space>(space, spline, p.wall_stiffness);
  });
}

}  // namespace kramers::detail

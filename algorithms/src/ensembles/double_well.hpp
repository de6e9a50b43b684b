// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/algorithms/potentials/double_well.hpp>

#include "make_ensemble.hpp"

namespace kramers::detail {

template <class T>
std::unique_ptr<AnyEnsemble> make_double_well(EnsembleRequest const& request) {
  PotentialParams const& p = request.potential;
  return make_separable(
      request, [&](auto const&) { return DoubleWell<T>{static_cast<T>(p.barrier), static_cast<T>(p.tilt)}; });
}

}  // namespace kramers::detail

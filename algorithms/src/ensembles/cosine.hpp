// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/algorithms/potentials/periodic_cosine.hpp>

#include "make_ensemble.hpp"

namespace kramers::detail {

template <class T>
std::unique_ptr<AnyEnsemble> make_cosine(EnsembleRequest const& request) {
  PotentialParams const& p = request.potential;
  return make_separable(request, [&](auto const&) {
    return PeriodicCosine<T>{static_cast<T>(p.barrier), static_cast<T>(p.period), static_cast<T>(p.constant_pull)};
  });
}

}  // namespace kramers::detail

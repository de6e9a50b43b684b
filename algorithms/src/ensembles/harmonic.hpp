// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/algorithms/potentials/harmonic.hpp>

#include "make_ensemble.hpp"

namespace kramers::detail {

template <class T>
std::unique_ptr<AnyEnsemble> make_harmonic(EnsembleRequest const& request) {
  PotentialParams const& p = request.potential;
  return make_separable(request, [&](auto const&) {
    return Harmonic<T>{static_cast<T>(p.stiffness), static_cast<T>(p.centre), static_cast<T>(p.constant_pull)};
  });
}

}  // namespace kramers::detail

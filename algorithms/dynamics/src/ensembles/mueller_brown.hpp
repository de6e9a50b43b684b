// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/potentials/mueller_brown.hpp>

#include "make_ensemble.hpp"

namespace kramers::dynamics::detail {

template <class T>
std::unique_ptr<AnyEnsemble> make_mueller_brown(EnsembleRequest const& request) {
  expects(request.potential.dimensions == 2, "dimensions", request.potential.dimensions, "2 for mueller_brown");
  return for_space(request.space, [&]<class Space>(Space const&) {
    return make_for_scheme<Space>(MuellerBrown<T>{static_cast<T>(request.potential.scale)}, request);
  });
}

}  // namespace kramers::dynamics::detail

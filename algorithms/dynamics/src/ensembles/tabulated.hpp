// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "make_ensemble.hpp"

namespace kramers::dynamics::detail {

template <class T>
std::unique_ptr<AnyEnsemble> make_tabulated(EnsembleRequest const& request) {
  expects(request.potential.dimensions == 1, "dimensions", request.potential.dimensions, "1 for tabulated");
  return for_space(request.space, [&]<class Space>(Space const& space) {
    using Profile = Tabulated<T, Space>;
    return make_for_scheme<Space>(Separable<Profile, 1>{{tabulated_profile<T>(request.potential, space)}}, request);
  });
}

}  // namespace kramers::dynamics::detail

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/spaces.hpp>
#include <kramers/dynamics/engine/ensemble.hpp>
#include <kramers/dynamics/potentials/potential_kind.hpp>
#include <kramers/dynamics/potentials/separable.hpp>
#include <kramers/dynamics/schemes/schemes.hpp>
#include <kramers/dynamics/studies/detail/instances.hpp>

namespace kramers::dynamics::detail {

template <class Space, class List, class Potential>
std::unique_ptr<AnyEnsemble> make_for_scheme(Space const& space, List schemes, Potential const& potential,
                                             EnsembleRequest const& request) {
  return for_scheme(schemes, request.scheme, [&]<class Scheme>(Scheme) -> std::unique_ptr<AnyEnsemble> {
    return std::make_unique<Ensemble<Space, Scheme, Potential>>(space, potential, request.params, request.range);
  });
}

template <class Kind, class T>
std::unique_ptr<AnyEnsemble> make_ensemble_of(typename Kind::Params const& params, EnsembleRequest const& request) {
  return for_space(request.space, [&]<class Space>(Space const& space) -> std::unique_ptr<AnyEnsemble> {
    auto const one = Kind::template make<T>(params, space);
    if constexpr (!is_profile<Kind>) {
      return make_for_scheme(space, Schemes{}, one, request);
    } else {
      using Profile = std::remove_const_t<decltype(one)>;
      if constexpr (max_dimensions<Kind>() == 3) {
        SchemesInManyDimensions const schemes;
        int const dimension = request.potential->dimension();
        if (dimension == 2) return make_for_scheme(space, schemes, Separable<Profile, 2>{{one, one}}, request);
        if (dimension == 3) return make_for_scheme(space, schemes, Separable<Profile, 3>{{one, one, one}}, request);
      }
      return make_for_scheme(space, Schemes{}, Separable<Profile, 1>{{one}}, request);
    }
  });
}

}  // namespace kramers::dynamics::detail

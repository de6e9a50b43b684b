// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/engine/ensemble.hpp>
#include <kramers/dynamics/potentials/separable.hpp>
#include <kramers/dynamics/studies/detail/dispatch.hpp>

#include "makers.hpp"

namespace kramers::dynamics::detail {

template <class Space, class Potential>
std::unique_ptr<AnyEnsemble> make_for_scheme(Potential const& potential, EnsembleRequest const& request) {
  return for_scheme(request.scheme, [&]<class Scheme>(Scheme) -> std::unique_ptr<AnyEnsemble> {
    return std::make_unique<Ensemble<Space, Scheme, Potential>>(Space{}, potential, request.params, request.range);
  });
}

/// In two and three equal coordinates the program offers the best scheme of each kind, which halves what has to be
/// compiled; the library has all.
template <class Space, class Potential>
std::unique_ptr<AnyEnsemble> make_for_best_schemes(Potential const& potential, EnsembleRequest const& request) {
  if (request.scheme == "baoab") {
    return std::make_unique<Ensemble<Space, Baoab, Potential>>(Space{}, potential, request.params, request.range);
  }
  if (request.scheme == "leimkuhler-matthews") {
    return std::make_unique<Ensemble<Space, LeimkuhlerMatthews, Potential>>(Space{}, potential, request.params,
                                                                            request.range);
  }
  throw DomainError("scheme", request.scheme, "baoab or leimkuhler-matthews in more than one dimension");
}

/// `profile(space)` makes the profile of one coordinate; all coordinates get the same.
template <class MakeProfile>
std::unique_ptr<AnyEnsemble> make_separable(EnsembleRequest const& request, MakeProfile const& profile) {
  return for_space(request.space, [&]<class Space>(Space const& space) -> std::unique_ptr<AnyEnsemble> {
    auto const one = profile(space);
    using Profile = std::decay_t<decltype(one)>;
    switch (request.potential.dimensions) {
      case 1:
        return make_for_scheme<Space>(Separable<Profile, 1>{{one}}, request);
      case 2:
        return make_for_best_schemes<Space>(Separable<Profile, 2>{{one, one}}, request);
      case 3:
        return make_for_best_schemes<Space>(Separable<Profile, 3>{{one, one, one}}, request);
      default:
        throw DomainError("dimensions", std::to_string(request.potential.dimensions), "1, 2 or 3");
    }
  });
}

}  // namespace kramers::dynamics::detail

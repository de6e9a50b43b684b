// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/engine/spread_map.hpp>
#include <kramers/dynamics/potentials/separable.hpp>
#include <kramers/dynamics/studies/detail/dispatch.hpp>

#include "makers.hpp"

namespace kramers::dynamics::detail {

/// `profile(T, space)` makes the profile in the precision of its first argument.
template <class MakeProfile>
std::unique_ptr<AnySpreadMap> make_map(SpreadRequest const& request, MakeProfile const& profile) {
  return for_space(request.space, [&]<class Space>(Space const& space) {
    auto const make = [&]<class T>(T) {
      auto const one = profile(T{}, space);
      using Potential = Separable<std::decay_t<decltype(one)>, 1>;
      return for_scheme(request.scheme, [&]<class Scheme>(Scheme) -> std::unique_ptr<AnySpreadMap> {
        return std::make_unique<SpreadMap<Space, Scheme, Potential>>(space, Potential{{one}}, request.params,
                                                                     request.range);
      });
    };
    if (request.precision == "f64") return make(double{});
    if (request.precision == "f32") return make(float{});
    throw DomainError("precision", request.precision, "f64 or f32");
  });
}

}  // namespace kramers::dynamics::detail

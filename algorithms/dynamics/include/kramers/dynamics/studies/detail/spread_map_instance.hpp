// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/spaces.hpp>
#include <kramers/dynamics/engine/spread_map.hpp>
#include <kramers/dynamics/potentials/potential_kind.hpp>
#include <kramers/dynamics/potentials/separable.hpp>
#include <kramers/dynamics/schemes/schemes.hpp>
#include <kramers/dynamics/studies/detail/instances.hpp>

namespace kramers::dynamics::detail {

template <class Kind>
std::unique_ptr<AnySpreadMap> make_spread_map_of(typename Kind::Params const& params, SpreadRequest const& request) {
  expects(request.potential->dimension() == 1, "dimensions", request.potential->dimension(), "1 for a spread map");
  if constexpr (is_profile<Kind>) {
    return for_space(request.space, [&]<class Space>(Space const& space) {
      return for_precision(request.precision, [&]<class T>(T) {
        auto const one = Kind::template make<T>(params, space);
        using Potential = Separable<std::remove_const_t<decltype(one)>, 1>;
        return for_scheme(Schemes{}, request.scheme, [&]<class Scheme>(Scheme) -> std::unique_ptr<AnySpreadMap> {
          return std::make_unique<SpreadMap<Space, Scheme, Potential>>(space, Potential{{one}}, request.params,
                                                                       request.range);
        });
      });
    });
  }
  return nullptr;  // never reached: a surface has more than one coordinate
}

}  // namespace kramers::dynamics::detail

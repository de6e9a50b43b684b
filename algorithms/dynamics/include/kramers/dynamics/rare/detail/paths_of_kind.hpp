// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/spaces.hpp>
#include <kramers/dynamics/potentials/potential_kind.hpp>
#include <kramers/dynamics/potentials/separable.hpp>
#include <kramers/dynamics/rare/path_makers.hpp>
#include <kramers/dynamics/rare/paths.hpp>
#include <kramers/dynamics/schemes/schemes.hpp>

#include <type_traits>

namespace kramers::dynamics::detail {

/// The maker of paths in a profile.
template <potential_kind Kind>
PathsMaker paths_of_kind() {
  return {Kind::name, [](Config const& config, PathsRequest const& request) {
            typename Kind::Params const params = Kind::read(config);
            return for_space(request.space, [&]<class Space>(Space const& space) {
              auto const one = Kind::template make<double>(params, space);
              using Potential = Separable<std::remove_const_t<decltype(one)>, 1>;
              auto const make = [&]<class Scheme>(Scheme) -> std::unique_ptr<AnyPaths> {
                return std::make_unique<Paths<Space, Scheme, Potential>>(space, Potential{{one}}, request.params);
              };
              return for_scheme(SchemesInManyDimensions{}, request.scheme, make);
            });
          }};
}

}  // namespace kramers::dynamics::detail

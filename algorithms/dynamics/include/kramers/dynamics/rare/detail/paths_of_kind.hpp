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

/// The maker of paths in a profile, or in a surface.
template <potential_kind Kind>
PathsMaker paths_of_kind() {
  return {Kind::name, [](Config const& config, PathsRequest const& request) {
            typename Kind::Params const params = Kind::read(config);
            return for_space(request.space, [&]<class Space>(Space const& space) {
              auto const one = Kind::template make<double>(params, space);
              auto const make_in = [&](auto const& potential) {
                using Potential = std::remove_cvref_t<decltype(potential)>;
                return for_scheme(
                    SchemesInManyDimensions{}, request.scheme, [&]<class Scheme>(Scheme) -> std::unique_ptr<AnyPaths> {
                      return std::make_unique<Paths<Space, Scheme, Potential>>(space, potential, request.params);
                    });
              };
              if constexpr (is_profile<Kind>) {
                return make_in(Separable<std::remove_const_t<decltype(one)>, 1>{{one}});
              } else {
                return make_in(one);
              }
            });
          }};
}

}  // namespace kramers::dynamics::detail

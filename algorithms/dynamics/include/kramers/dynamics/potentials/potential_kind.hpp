// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/potentials/potential.hpp>
#include <kramers/runtime/config.hpp>

#include <concepts>
#include <cstdint>

namespace kramers::dynamics {

/// What programs need to know of a kind of potential, in one struct beside its functor (double_well.hpp is an example):
///
///   name                     in inputs, a `static constexpr char[]`
///   Params                   its parameters, plain data
///   read(config)             Params from the table [potential] of an input; all keys it asks for are recorded
///   make<T>(params, space)   the functor in precision T for kernels on `space`: a profile (one coordinate, of which
///                            programs make 1 to 3 equal ones) or a potential in its own number of coordinates
///   usual_start(params)      where walkers start by default: a number for a profile, else a Vec [length]
///   confines(params)         whether exp(-V / kT) can be normalised
///
/// Optional: `max_dimensions` (of a profile, else 3), `diffuses(params)` (walkers move without bound, else false),
/// `data_hash(params)` (of what was read from files, else 0).
template <class K>
concept potential_kind =
    requires(Config const& config, typename K::Params const& params, Kokkos::DefaultHostExecutionSpace const& space) {
      { &K::name[0] } -> std::convertible_to<char const*>;
      { K::read(config) } -> std::same_as<typename K::Params>;
      K::template make<double>(params, space);
      K::usual_start(params);
      { K::confines(params) } -> std::same_as<bool>;
    };

/// The functor of a kind in precision T for kernels on Space.
template <class Kind, class T, class Space>
using functor_of =
    decltype(Kind::template make<T>(std::declval<typename Kind::Params const&>(), std::declval<Space const&>()));

/// Is it a profile along one coordinate, rather than a surface in its own number of coordinates?
template <class Kind>
inline constexpr bool is_profile = profile<functor_of<Kind, double, Kokkos::DefaultHostExecutionSpace>>;

/// Most equal coordinates that programs make of a profile.
template <class Kind>
constexpr int max_dimensions() {
  if constexpr (requires { Kind::max_dimensions; }) {
    return Kind::max_dimensions;
  } else {
    return 3;
  }
}

}  // namespace kramers::dynamics

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/spaces.hpp>

#include <gtest/gtest.h>

#include <string>

namespace kramers::test {

template <class S, class R>
struct Config {
  using Space = S;
  using Real = R;
};

namespace lists {
template <class List>
struct AsTypes;
template <class... C>
struct AsTypes<TypeList<C...>> {
  using type = ::testing::Types<C...>;
};
template <class... S>
Join<TypeList<Config<S, double>, Config<S, float>>...> both_precisions(TypeList<S...>);
template <class... S>
TypeList<Config<S, double>...> in_double(TypeList<S...>);
}  // namespace lists

/// Every execution space of this build in both precisions.
using AllConfigs = typename lists::AsTypes<decltype(lists::both_precisions(Spaces{}))>::type;
/// Every execution space of this build in double precision.
using DoubleConfigs = typename lists::AsTypes<decltype(lists::in_double(Spaces{}))>::type;

/// Names test cases like OpenMP_f64.
struct ConfigName {
  template <class C>
  static std::string GetName(int) {
    return std::string(C::Space::name()) + (sizeof(typename C::Real) == 8 ? "_f64" : "_f32");
  }
};

}  // namespace kramers::test

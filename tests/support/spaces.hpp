// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <Kokkos_Core.hpp>

#include <gtest/gtest.h>

#include <string>

namespace kramers::test {

template <class S, class R>
struct Config {
  using Space = S;
  using Real = R;
};

template <class... Configs>
struct ConfigList {
  using Types = ::testing::Types<Configs...>;
};

/// Every execution space of this build in both precisions.
template <class... Lists>
struct Join;
template <class... A, class... B, class... Rest>
struct Join<ConfigList<A...>, ConfigList<B...>, Rest...> {
  using type = typename Join<ConfigList<A..., B...>, Rest...>::type;
};
template <class... A>
struct Join<ConfigList<A...>> {
  using type = ConfigList<A...>;
};

template <class Space>
using BothPrecisions = ConfigList<Config<Space, double>, Config<Space, float>>;

using AllConfigs = typename Join<ConfigList<>
#ifdef KOKKOS_ENABLE_SERIAL
                                 ,
                                 BothPrecisions<Kokkos::Serial>
#endif
#ifdef KOKKOS_ENABLE_OPENMP
                                 ,
                                 BothPrecisions<Kokkos::OpenMP>
#endif
#ifdef KOKKOS_ENABLE_CUDA
                                 ,
                                 BothPrecisions<Kokkos::Cuda>
#endif
#ifdef KOKKOS_ENABLE_HIP
                                 ,
                                 BothPrecisions<Kokkos::HIP>
#endif
                                 >::type::Types;

/// Names test cases like OpenMP_f64.
struct ConfigName {
  template <class C>
  static std::string GetName(int) {
    return std::string(C::Space::name()) + (sizeof(typename C::Real) == 8 ? "_f64" : "_f32");
  }
};

}  // namespace kramers::test

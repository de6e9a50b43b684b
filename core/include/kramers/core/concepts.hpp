// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <Kokkos_Core.hpp>

#include <concepts>
#include <type_traits>

namespace kramers {

/// A Kokkos execution space (Serial, OpenMP, Cuda, HIP, ...).
template <class S>
concept execution_space = static_cast<bool>(Kokkos::is_execution_space<S>::value);

/// A Kokkos memory space.
template <class S>
concept memory_space = static_cast<bool>(Kokkos::is_memory_space<S>::value);

/// The precisions kramers computes in.
template <class T>
concept real = std::same_as<T, float> || std::same_as<T, double>;

/// A View of the given rank whose elements can be reached from kernels on Space.
template <class V, class Space, int Rank>
concept view_on = static_cast<bool>(Kokkos::is_view<V>::value) && static_cast<int>(V::rank) == Rank &&
                  static_cast<bool>(Kokkos::SpaceAccessibility<Space, typename V::memory_space>::accessible);

/// A View of real numbers of the given rank, reachable from Space.
template <class V, class Space, int Rank>
concept real_view = view_on<V, Space, Rank> && real<typename V::non_const_value_type>;

}  // namespace kramers

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <Kokkos_Core.hpp>

#include <concepts>

namespace kramers {

/// A Kokkos execution space (Serial, OpenMP, Cuda, HIP, ...).
template <class S>
concept execution_space = static_cast<bool>(Kokkos::is_execution_space<S>::value);

/// The precisions kramers computes in.
template <class T>
concept real = std::same_as<T, float> || std::same_as<T, double>;

}  // namespace kramers

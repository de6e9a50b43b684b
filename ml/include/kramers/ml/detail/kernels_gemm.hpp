// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/ml/detail/host_gemm.hpp>

namespace kramers::ml::detail {

/// Whether this build has Kokkos Kernels.
bool has_kernels_gemm();

/// C = op(A) op(B) by KokkosBlas::gemm, all matrices contiguous, m, n, k > 0; returns before it is done. Instantiated
/// in ml/src/kokkos/kernels_gemm.cpp for the spaces of the build, float and double.
template <class Space, class T>
void kernels_gemm(Space const& exec, Product const& p, T const* a, T const* b, T* c);

}  // namespace kramers::ml::detail

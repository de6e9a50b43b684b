// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <string>

namespace kramers::ml {

/// What multiplies matrices for networks of run-time sizes.
enum class GemmBackEnd : int {
  kernels,   ///< KokkosBlas::gemm of Kokkos Kernels: cuBLAS, rocBLAS or a host's BLAS
  openblas,  ///< OpenBLAS on fixed blocks of the result, each by one thread: hosts only
  plain,     ///< a tiled kernel of our own: everywhere, with the same bits everywhere
};
/// "kernels", "openblas", "plain".
std::string name_of(GemmBackEnd back_end);
/// @throws DomainError  no such back end
GemmBackEnd gemm_back_end_named(std::string const& name);

/// Whether this build has it for a device (device) or for host spaces.
bool has_back_end(GemmBackEnd back_end, bool device);

/// What is chosen, and a sentence that says why.
struct GemmChoice {
  GemmBackEnd back_end;
  std::string reason;
};
/// The back end that the environment variable KRAMERS_ML_GEMM names, else the first of these that the build has: on a
/// device Kokkos Kernels, plain; on a host OpenBLAS, whose bits do not depend on the number of threads as it is called here,
/// Kokkos Kernels, plain.
/// @throws DomainError  KRAMERS_ML_GEMM names none, or one that this build lacks there
GemmChoice choose_gemm(bool device);

}  // namespace kramers::ml

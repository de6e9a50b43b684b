// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/runtime/build_config.hpp>
#include <kramers/runtime/gpu_aware_mpi.hpp>

#ifdef KRAMERS_HAVE_MPI
#include <mpi.h>
#ifdef OPEN_MPI
#include <mpi-ext.h>
#endif
#endif

namespace kramers {
namespace {

#if defined(MPIX_GPU_SUPPORT_CUDA) || defined(MPIX_GPU_SUPPORT_HIP)
/// MPICH and its descendants have one question for all kinds.
[[maybe_unused]] std::optional<bool> ask_mpich(int kind) {
  int is_supported = 0;
  if (MPIX_GPU_query_support(kind, &is_supported) != MPI_SUCCESS) return std::nullopt;
  return is_supported != 0;
}
#endif

}  // namespace

std::optional<bool> mpi_takes_cuda_memory() {
#if defined(MPIX_CUDA_AWARE_SUPPORT)
  return MPIX_Query_cuda_support() == 1;
#elif defined(MPIX_GPU_SUPPORT_CUDA)
  return ask_mpich(MPIX_GPU_SUPPORT_CUDA);
#else
  return std::nullopt;
#endif
}

std::optional<bool> mpi_takes_hip_memory() {
#if defined(OMPI_HAVE_MPI_EXT_ROCM) && OMPI_HAVE_MPI_EXT_ROCM
  return MPIX_Query_rocm_support() == 1;
#elif defined(MPIX_GPU_SUPPORT_HIP)
  return ask_mpich(MPIX_GPU_SUPPORT_HIP);
#else
  return std::nullopt;
#endif
}

}  // namespace kramers

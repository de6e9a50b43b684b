// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <optional>

/// What MPI says of memory of devices. Ask between MPI_Init and MPI_Finalize.
namespace kramers {

/// Does MPI take memory of CUDA devices? Nothing where it has no such question, or there is no MPI.
std::optional<bool> mpi_takes_cuda_memory();

/// Does MPI take memory of HIP devices? Nothing where it has no such question, or there is no MPI.
std::optional<bool> mpi_takes_hip_memory();

}  // namespace kramers

# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# shellcheck shell=bash
module load CMake GCC CUDA OpenMPI HDF5

# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# shellcheck shell=bash
module load cmake/3.30.5 craype-accel-amd-gfx90a rocm/6.2.4 cray-mpich/8.1.31
module load cce/18.0.1 hdf5/1.14.3-mpi ninja  # after rocm
export LD_LIBRARY_PATH=$LD_LIBRARY_PATH:$ROCM_PATH/llvm/lib

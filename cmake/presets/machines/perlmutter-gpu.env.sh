# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# shellcheck shell=bash
module load gpu PrgEnv-gnu craype craype-x86-milan craype-accel-nvidia80 cudatoolkit gcc-native/13.2
module load cmake/3.30.2 cray-hdf5-parallel/1.12.2.9
export CRAY_ACCEL_TARGET=nvidia80

# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# shellcheck shell=bash
module use /soft/modulefiles
module load PrgEnv-gnu craype-x86-milan craype-accel-nvidia80 spack-pe-gnu cuda/12.6 cudatoolkit-standalone/12.6
module load cmake cray-hdf5-parallel
export CRAY_ACCEL_TARGET=nvidia80

# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# shellcheck shell=bash
# The compilers, MPI, HDF5 and Kokkos are those of the uenv: for building, `uenv start --view=default prgenv-gnu/26.3`.

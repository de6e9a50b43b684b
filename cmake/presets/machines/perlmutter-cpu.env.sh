# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# shellcheck shell=bash
module load cpu PrgEnv-gnu cmake/3.30.2 cray-hdf5-parallel/1.12.2.9

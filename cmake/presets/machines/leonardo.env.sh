# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# shellcheck shell=bash
module load gcc openmpi hdf5 cmake cuda  # versions: modmap

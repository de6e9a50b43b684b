# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# shellcheck shell=bash
module purge
module load nvidia-hpc-sdk/24.11 hdf5/1.14.1-2-nvidia-nvhpcx

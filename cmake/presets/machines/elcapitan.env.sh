# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# shellcheck shell=bash
module load rocm/6.4.1 cmake/3.29.2 ninja/1.10.2

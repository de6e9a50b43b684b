# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# shellcheck shell=bash
module load LUMI/25.03 partition/G rocm/6.3.4 buildtools/25.03

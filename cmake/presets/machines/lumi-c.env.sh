# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# shellcheck shell=bash
module load LUMI/25.03 partition/C buildtools/25.03

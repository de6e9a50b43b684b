# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Job scripts for the machines of cmake/presets."""

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What each kernel of a device check needs of an SM of compute capability 9.0, as ptxas reports it.

usage: resources.py BUILD_FOLDER [--table]

Fails where a kernel spills registers or has a stack frame: state that lives in local memory costs a trip through L1 in
each step. --table prints all kernels of kramers instead: registers, the share of an SM's 2048 threads that fits, bytes of
stack, spills and static shared memory.
"""

import argparse
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "cmake" / "device_check"))
from kernels import kernels

# Kernels that may live in local memory: those of a formula of the input, whose 32 registers are chosen by instructions at
# run time, which registers of a device cannot be (the walkers' state stays in them; L1 holds the rest); and scans, where the
# 8 bytes are of Kokkos, once per map or segment of paths.
ALLOWED = re.compile(r".*\bExpression<|SelectUncertainKernel<|CompactPathsKernel<")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--table", action="store_true")
    arguments = parser.parse_args()
    everything = kernels(arguments.folder)
    if not everything:
        print(f"{arguments.folder} holds no reports of ptxas", file=sys.stderr)
        return 1
    if arguments.table:
        print("registers  occupancy  stack  spilled  shared  kernel (source)")
        for kernel in sorted(set(everything), key=lambda k: (k.source, k.name)):
            print(f"{kernel.registers:9}  {kernel.occupancy():9.0%}  {kernel.stack:5}  {kernel.spilled:7}  {kernel.shared:6}"
                  f"  {kernel.name} ({kernel.source})")
        return 0
    wrong = [k for k in everything if (k.spilled or k.stack) and not ALLOWED.match(f"{k.name} in {k.source}")]
    for kernel in sorted(set(wrong), key=lambda k: (k.source, k.name)):
        print(f"{kernel.name} in {kernel.source}: stack frame of {kernel.stack} bytes, {kernel.spilled} bytes spilled; "
              "an array is indexed by what is not known at compile time, or needs more than 255 registers")
    print(f"{len(everything)} kernels, {len(wrong)} of them in local memory")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

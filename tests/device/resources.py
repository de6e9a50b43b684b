#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What each kernel of a device check needs of an SM of compute capability 9.0, as ptxas reports it.

usage: resources.py BUILD_FOLDER [--table]

Fails where a kernel spills registers or has a stack frame: state that lives in local memory costs a trip through L1 in
each step. --table prints all kernels of kramers instead: registers, the share of an SM's 2048 threads that fits, bytes of
stack, spills and static shared memory.
"""

import argparse
import dataclasses
import pathlib
import re
import subprocess
import sys

# Kernels with a stack frame that is no loss, and why.
FRAMES_ALLOWED: dict[str, str] = {}

SCHEMES = {"OBABO": "Obabo", "ABOBA": "Aboba", "BAOAB": "Baoab"}


@dataclasses.dataclass(frozen=True)
class Kernel:
    """Resources of one kernel; sizes in bytes."""

    name: str
    source: str
    registers: int
    stack: int
    spilled: int
    shared: int

    def occupancy(self, threads: int = 128) -> float:
        """Share of an SM's threads that its registers leave room for, in blocks of so many threads.

        CUDA C++ Programming Guide, compute capability 9.0: 65,536 registers per SM, given to warps 256 at a time.
        """
        warp = -(-self.registers * 32 // 256) * 256
        warps = 65536 // warp // (threads // 32) * (threads // 32)
        return min(warps, 64) / 64


def readable(symbol: str) -> str:
    """The functor in the name of a kernel, without what is the same in all of them."""
    symbol = symbol.replace("(char)", "").replace("Kokkos::Cuda, ", "")
    symbol = re.sub(r"Splitting<([\d, ]+)>", lambda m: SCHEMES["".join(chr(int(c)) for c in m[1].split(","))], symbol)
    begin = symbol.find("kramers::")
    symbol = re.split(r", Kokkos::(?:Team|Range|MDRange)Policy|, Kokkos::Impl::", symbol[begin:])[0]
    return re.sub(r"kramers::(\w+::)*", "", symbol)


def kernels(folder: pathlib.Path) -> list[Kernel]:
    """All kernels of kramers in the objects of a build, with the target that each belongs to."""
    found, symbols = [], []
    for report in sorted(folder.rglob("*.resources")):
        text = report.read_text()
        for entry in text.split("Compiling entry function '")[1:]:
            symbols.append(entry[: entry.index("'")])
            numbers = {key: int(value) for value, key in re.findall(r"(\d+) bytes (stack frame|spill stores|smem)", entry)}
            registers = re.search(r"Used (\d+) registers", entry)
            if not registers:
                raise SystemExit(f"{report}: no registers for {symbols[-1]}: this ptxas writes another format")
            target = next(part for part in report.parts if part.endswith(".dir"))
            found.append((target.removesuffix(".dir"), int(registers[1]), numbers))
    names = subprocess.run(["c++filt"], input="\n".join(symbols), capture_output=True, text=True, check=True)
    result = []
    for name, (source, registers, numbers) in zip(names.stdout.splitlines(), found):
        if "kramers::" in name:
            result.append(Kernel(readable(name), source, registers, numbers.get("stack frame", 0),
                                 numbers.get("spill stores", 0), numbers.get("smem", 0)))
    return result


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
    wrong = [k for k in everything if k.spilled or (k.stack and not any(name in k.name for name in FRAMES_ALLOWED))]
    for kernel in sorted(set(wrong), key=lambda k: (k.source, k.name)):
        print(f"{kernel.name} in {kernel.source}: stack frame of {kernel.stack} bytes, {kernel.spilled} bytes spilled; "
              "an array is indexed by what is not known at compile time, or needs more than 255 registers")
    print(f"{len(everything)} kernels, {len(wrong)} of them in local memory")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

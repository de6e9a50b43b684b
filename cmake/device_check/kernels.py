# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The kernels that a device check for CUDA has compiled, with what ptxas reported of each (compile.sh keeps it)."""

import dataclasses
import json
import pathlib
import re
import subprocess

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
    symbol: str
    object: pathlib.Path = dataclasses.field(compare=False)  # that holds its machine code

    def occupancy(self, threads: int = 128) -> float:
        """Share of an SM's threads that its registers leave room for, in blocks of so many threads.

        CUDA C++ Programming Guide, compute capability 9.0: 65,536 registers per SM, given to warps 256 at a time; at most
        32 blocks and 64 warps per SM.
        """
        warp = -(-self.registers * 32 // 256) * 256
        blocks = min(65536 // warp // (threads // 32), 32)
        return min(blocks * (threads // 32), 64) / 64


def readable(symbol: str) -> str:
    """The functor in the name of a kernel, without what is the same in all of them."""
    symbol = symbol.replace("(char)", "").replace("Kokkos::Cuda, ", "")
    symbol = re.sub(r"Splitting<([\d, ]+)>", lambda m: SCHEMES["".join(chr(int(c)) for c in m[1].split(","))], symbol)
    begin = symbol.find("kramers::")
    symbol = re.split(r", Kokkos::(?:Team|Range|MDRange)Policy|, Kokkos::Impl::", symbol[begin:])[0]
    return re.sub(r"kramers::(\w+::)*", "", symbol)


def device_objects(folder: pathlib.Path) -> list[str]:
    """Paths in a build folder of the objects that depend on Kokkos, and so are compiled for the device."""
    commands = json.loads((folder / "compile_commands.json").read_text())
    return sorted({command["output"] for command in commands if "-DKOKKOS_DEPENDENCE" in command["command"].split()})


def kernels(folder: pathlib.Path) -> list[Kernel]:
    """All kernels of kramers in the objects of a build, with the target that each belongs to."""
    found, symbols = [], []
    for name in device_objects(folder):
        report = folder / f"{name}.resources"
        if not report.exists():
            raise SystemExit(f"{report} is missing: build the check first")
        text = report.read_text()
        for entry in text.split("Compiling entry function '")[1:]:
            symbols.append(entry[: entry.index("'")])
            numbers = {key: int(value) for value, key in re.findall(r"(\d+) bytes (stack frame|spill stores|smem)", entry)}
            registers = re.search(r"Used (\d+) registers", entry)
            if not registers:
                raise SystemExit(f"{report}: no registers for {symbols[-1]}: this ptxas writes another format")
            target = next(part for part in report.parts if part.endswith(".dir"))
            found.append((target.removesuffix(".dir"), report.with_suffix(""), int(registers[1]), numbers))
    names = subprocess.run(["c++filt"], input="\n".join(symbols), capture_output=True, text=True, check=True)
    result = []
    for symbol, name, (source, code, registers, numbers) in zip(symbols, names.stdout.splitlines(), found):
        if "kramers::" in name:
            result.append(Kernel(readable(name), source, registers, numbers.get("stack frame", 0),
                                 numbers.get("spill stores", 0), numbers.get("smem", 0), symbol, code))
    return result

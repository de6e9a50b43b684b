#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What an H200 cannot exceed in the hot kernels, from their machine code: bounds, not measurements.

usage: gpu_limits.py BUILD_FOLDER [PATTERN]     of the preset cuda-check; PATTERN: a regular expression for kernels
       gpu_limits.py build/cuda-check 'Advance.*<Obabo, .*DoubleWell'

Prints a Markdown table: resources of each kernel, the instructions of its hot loop per unit of work by the pipe that executes
them, and for each pipe the units per second at which it would never rest. Latencies, slow paths, samples and launches come
on top, so a real rate is below the lowest of them.
"""

import collections
import math
import pathlib
import re
import sys

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / "cmake" / "device_check")]
from kernels import Kernel, kernels
from machine_code import CALLS, PIPE_OF, PIPES, WRITES, blocks, code_of, hot_loop

# H200 SXM: 132 SMs at up to 1.98 GHz and 4.8 TB/s of HBM3e; 132 * 128 * 2 * 1.98e9 are the 67 Tflop/s (fp32) of NVIDIA's
# data sheet, and half of it the 34 (fp64).
SM_CYCLES = 132 * 1.98e9
BYTES = 4.8e12
# Threads that an SM serves per cycle: CUDA C++ Programming Guide, "Throughput of Native Arithmetic Instructions", compute
# capability 9.0 (fp32 128, fp64 64, integer 64, special functions 16), and NVIDIA H100 white paper, figure of the SM: four
# schedulers that issue an instruction for 32 threads each, 32 load/store units. Integer multiply-adds take the heavy half
# of the FMA pipe that fp32 has whole (Nsight Compute, "Pipelines"), so they and the rest are two pipes of 64.
COUNTED = (*PIPES, "unknown")
LIMITS = {  # by column: what is executed together, and how much of it per cycle
    "issue": [(COUNTED, 128)],
    "FP64": [(("FP64",), 64)],
    "FP32": [(("FP32", "IMAD"), 128)],
    "INT": [(("IMAD",), 64), (("ALU",), 64)],
    "MUFU": [(("MUFU",), 16)],
    "memory": [(("memory",), 32)],
}
STEPS_PER_LAUNCH = 1000  # what one call of Ensemble::advance does, of the order of; state is read and written once in it
TARGETS = {  # walker-steps per second, BAOAB in the double well
    "AdvanceKernel<Baoab, Separable<DoubleWell<float>, 1>, 1>": 2e11,
    "AdvanceKernel<Baoab, Separable<DoubleWell<double>, 1>, 1>": 1e11,
}
PRODUCTS_OF_PHILOX = 19  # of a block, at least: ten rounds of two, of which one does not depend on the step
LIBRARIES = ("kramers_studies", "kramers_ml")  # others have the same kernels again, or less
MAIN = r"^(Advance|Spread)Kernel<Baoab, |^PredictKernel|FitWork"


def dimension(kernel: str) -> int:
    """Separable<Profile, D> has D coordinates, a surface two."""
    match = re.search(r"Separable<.*, (\d)>, 1>$", kernel)
    return int(match[1]) if match else 2


def steps_per_turn(kernel: str, turn: collections.Counter) -> int:
    """Steps that a turn of a walker's loop makes: those of core/noise_group.hpp, which take whole blocks of Philox."""
    per_block = 2 if "double" in kernel else 4
    per_step = dimension(kernel) * (2 if "<Obabo" in kernel else 1)
    steps = per_block // math.gcd(per_step, per_block)
    drawn = turn["IMAD.WIDE"] // PRODUCTS_OF_PHILOX
    if drawn * per_block != steps * per_step:
        raise SystemExit(f"{kernel}: a turn of the loop draws {drawn} blocks of random bits, but {steps} steps take "
                         f"{steps * per_step / per_block:g}: is it unrolled?")
    return steps


def hot(kernel: Kernel, code: bytes) -> tuple[str, int, collections.Counter | None, float]:
    """Unit of work, threads per block, instructions of a unit (None if its loop is not known) and bytes of device memory
    that it cannot do without."""
    size = 8 if "double" in kernel.name else 4
    if kernel.name.startswith("PredictKernel"):
        widths = [int(width) for width in re.findall(r"(?:In|Dense)<(\d+)", kernel.name)]
        products = collections.Counter({"DFMA" if size == 8 else "FFMA": sum(a * b for a, b in zip(widths, widths[1:]))})
        return "sample", 128, hot_loop(code, CALLS, products), size * (widths[0] + widths[-1])
    if kernel.name.startswith(("AdvanceKernel", "SpreadKernel")):
        turn = hot_loop(code, CALLS | WRITES, collections.Counter({"IMAD.WIDE": PRODUCTS_OF_PHILOX}))
        if turn:
            steps = steps_per_turn(kernel.name, turn)
            turn = collections.Counter({name: count / steps for name, count in turn.items()})
        if kernel.name.startswith("SpreadKernel"):
            return "member-step", 32, turn, 0
        return "walker-step", 128, turn, 4 * dimension(kernel.name) * size / STEPS_PER_LAUNCH
    return "kernel", 32, None, 0


def by_pipe(names: collections.Counter) -> collections.Counter:
    pipes = collections.Counter()
    for name, count in names.items():
        pipes[PIPE_OF.get(name, "unknown")] += count
    return pipes


def bounds(pipes: collections.Counter, traffic: float) -> dict[str, float]:
    """Units per second at which what executes them, or device memory, would never rest."""
    result = {}
    for column, parts in LIMITS.items():
        rates = [SM_CYCLES * lanes / count for names, lanes in parts if (count := sum(pipes[name] for name in names))]
        if column == "memory" and traffic:
            rates.append(BYTES / traffic)
        result[column] = min(rates, default=math.inf)
    return result


def rows(folder: pathlib.Path, pattern: str):
    """Kernel, its unit of work, threads per block, instructions by pipe and bounds (None where no loop is the unit's)."""
    chosen = {k.name: k for k in kernels(folder) if k.source in LIBRARIES and re.search(pattern, k.name)}
    codes = code_of({kernel.object for kernel in chosen.values()})
    for name in sorted(chosen):
        kernel = chosen[name]
        code = codes[kernel.symbol]
        unit, threads, turn, traffic = hot(kernel, code)
        if turn:
            pipes = by_pipe(turn)
            yield kernel, unit, threads, pipes, bounds(pipes, traffic)
        else:
            everything = collections.Counter(name for block in blocks(code).values() for name in block.names)
            yield kernel, "whole kernel", threads, by_pipe(everything), None


def line(cells) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def row(kernel: Kernel, unit: str, threads: int, pipes: collections.Counter, limit: dict[str, float] | None) -> str:
    name = re.sub(r"(\w+Work)<.*> >", r"\1", kernel.name)  # which names its network a second time
    cells = [f"`{name}`", kernel.registers, f"{kernel.occupancy(threads):.0%}", kernel.shared, unit]
    cells += [f"{count:.4g}" for count in (sum(pipes.values()), *(pipes[pipe] for pipe in COUNTED))]
    if not limit:
        return line(cells + ["-"] * (len(LIMITS) + 1))
    cells += [f"{rate / 1e9:.0f}" if rate < math.inf else "-" for rate in limit.values()]
    return line(cells + [min(limit, key=limit.get)])


def main() -> int:
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    titles = ["kernel", "registers", "occupancy", "shared", "per", "instructions", *COUNTED, *(f"{name} <" for name in LIMITS)]
    print("Bounds (<) in 1e9 units per second of one H200 that never waits; not measurements.\n")
    print(line(titles + ["binding"]), line(["---"] * (len(titles) + 1)), sep="\n")
    verdicts = []
    for kernel, unit, threads, pipes, limit in rows(pathlib.Path(sys.argv[1]), (sys.argv + [MAIN])[2]):
        print(row(kernel, unit, threads, pipes, limit))
        if limit and (target := TARGETS.get(kernel.name)):
            bound = min(limit.values())
            side = "above" if bound > target else "BELOW"
            verdicts.append(f"{bound:.2g} for `{kernel.name}`, {side} the target {target:.2g}")
    print("\nWalker-steps per second at most: " + ("; ".join(verdicts) or "no kernel with a target is among these") + ".")
    return 0


if __name__ == "__main__":
    sys.exit(main())

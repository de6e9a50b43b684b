#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""From which size of grid on each of the paths of kramers-jacobi is the fastest.

    bench/crossover.py build/openmp/bin

Prints a table for bench/README.md. All paths sweep the same grid within seconds of each other, again and again, must have the
same field, and of the ratios to the path that the program chooses itself the median counts; a comparison during which other
processes took more than a tenth of a core is tried again.
"""
import argparse
from pathlib import Path
import statistics
import sys
import tempfile
import time

from ranks import Others, Runs, wait_for_quiet

INPUT = """[grid]
rows = {size}
columns = {size}
[jacobi]
iterations = {iterations}
path = "{path}"
"""
PATHS = ("automatic", "plain", "cached", "blocked")


def compare(options, runs, program, size, threads):
    """Rates of all paths [cells/s], one after the other, and the path that the program chose."""
    iterations = max(50, int(options.seconds * 1.5e9 / size**2))
    rates, fields, chosen = {}, set(), None
    for path in PATHS:
        found = runs.run([(None, program)], INPUT.format(size=size, iterations=iterations, path=path), threads=threads)
        rates[path] = found["rate"]["cells_per_s"]
        fields.add(found["state_hash"])
        if path == "automatic":
            chosen = found["path"]
    if len(fields) != 1:
        sys.exit(f"{size} x {size}: paths have different fields")
    return rates, chosen


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", type=Path, help="folder of programs")
    parser.add_argument("--sizes", type=int, nargs="+", default=[32, 64, 100, 128, 160, 200, 256, 512, 1024, 2048, 4096])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=0.5, help="that a run is to take, about")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--others", type=float, default=0.1, help="cores that other processes may take while it counts")
    parser.add_argument("--attempts", type=int, default=10)
    parser.add_argument("--patience", type=float, default=30, help="seconds to wait for a quiet moment before each attempt")
    options = parser.parse_args()
    program = (options.programs / "kramers-jacobi").resolve()
    print("| points | plain | cached | blocked | chosen | of the best |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="kramers-crossover-") as folder:
        runs = Runs(folder)
        for size in options.sizes:
            found, chosen = [], None
            for _ in range(options.attempts):
                if len(found) == options.repeats:
                    break
                wait_for_quiet(options.patience)
                others = Others()
                rates, chosen = compare(options, runs, program, size, options.threads)
                if others.cores() < options.others:
                    found.append(rates)
            if not found:
                sys.exit(f"no quiet moment in {options.attempts} attempts")
            middle = {path: statistics.median(rates[path] for rates in found) for path in PATHS}
            share = statistics.median(rates[chosen] / max(rates[path] for path in PATHS[1:]) for rates in found)
            cells = " | ".join(f"{middle[path] / 1e6:.0f}" for path in PATHS[1:])
            print(f"| {size} x {size} | {cells} | {chosen} | {100 * share:.0f} % |", flush=True)
    print(f"\nMillion points/s, {options.threads} threads, {time.strftime('%d %B %Y')}, medians of {options.repeats} comparisons, in which "
          f"other processes took less than {options.others} cores.")


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The solvers on grids that every peer of kramers-jacobi, kramers-channel and kramers-cg is.

A peer is a class with `run()`, which begins anew, solves and returns how many iterations or steps that took, and
`means()`, numbers of its solution. `main` times runs and prints these numbers as JSON; what they must be, to the last
bit where that is published, says kramers_bench/grid_peers.py, so that no peer judges itself.
"""

import argparse
import json
import time


def main(make, variants):
    """`make(variant)` is the peer."""
    parser = argparse.ArgumentParser()
    parser.add_argument("variant", choices=variants)
    parser.add_argument("--blocks", type=int, required=True, help="runs to measure")
    words = parser.parse_args()
    peer = make(words.variant)
    work = peer.run()  # whatever is set up at first use
    wall, cpu = [], []
    for _ in range(words.blocks):
        start, cpu_start = time.perf_counter(), time.process_time()
        peer.run()
        cpu.append(time.process_time() - cpu_start)
        wall.append(time.perf_counter() - start)
    print(json.dumps({"version": peer.version, "work": work, "wall_s": wall, "cpu_s": cpu,
                      "means": {name: float(value) for name, value in peer.means().items()}}))

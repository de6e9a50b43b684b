# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The ensemble that every peer runs: walkers in the double well of langevin_bench, from the left minimum and at rest.

A peer is a class with `advance(steps)`, which has finished when it returns, and `state()`, the positions and velocities as
NumPy arrays. `main` times blocks of steps and prints means of the state as JSON; what they must be, and whether they
are, says kramers_bench/peers.py, so that no peer judges itself.
"""

import argparse
import json
import time

import numpy

BARRIER, KT, FRICTION, DT = 1.0, 0.2, 1.0, 0.01  # V = BARRIER (x^2 - 1)^2, mass 1
START = -1.0
SEED = 2026
HEATING_STEPS = 20  # from rest, until the kinetic energy tells the friction
WARM_UP_STEPS = 1000  # ten relaxation times


def means(x, v):
    """Moments over all walkers, from which the checks are made."""
    x, v = numpy.asarray(x, dtype=float).ravel(), numpy.asarray(v, dtype=float).ravel()
    squared = x * x
    return {"x2": squared.mean(), "x4": (squared**2).mean(), "x6": (squared**3).mean(), "v2": (v * v).mean()}


def main(make, variants):
    """`make(variant, walkers)` is the peer."""
    parser = argparse.ArgumentParser()
    parser.add_argument("variant", choices=variants)
    parser.add_argument("--walkers", type=int, required=True, help="a multiple of 3")
    parser.add_argument("--blocks", type=int, required=True, help="times to measure")
    parser.add_argument("--steps", type=int, required=True, help="of a block")
    words = parser.parse_args()
    peer = make(words.variant, words.walkers)
    peer.advance(HEATING_STEPS)
    heating = means(*peer.state())["v2"]
    peer.advance(WARM_UP_STEPS)
    wall, cpu, found = [], [], []
    for _ in range(words.blocks):
        start, cpu_start = time.perf_counter(), time.process_time()
        peer.advance(words.steps)
        cpu.append(time.process_time() - cpu_start)
        wall.append(time.perf_counter() - start)
        found.append(means(*peer.state()))
    together = {name: float(numpy.mean([block[name] for block in found])) for name in found[0]}
    print(json.dumps({"version": peer.version, "work": words.walkers * words.steps, "wall_s": wall, "cpu_s": cpu,
                      "means": {"heating": float(heating), **together}}))

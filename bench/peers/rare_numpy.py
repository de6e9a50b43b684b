# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A weighted ensemble in NumPy (Huber and Kim 1996): the rate at which BAOAB walkers of a double well go over 8 kT, from
x <= -1 to x >= 1. Fixed bins along x, systematic resampling in each, walkers that come to B begin anew in A.

TOGETHER repeats are one array, which stays in the caches and is changed in place. The script prints its rate with the
standard error over repeats; what the rate must be, and whether it is, says kramers_bench/rare_peers.py, so that no peer
judges itself.
"""

import argparse
import json
import math
import time

import numpy

BARRIER, KT, FRICTION, DT = 1.0, 0.125, 4.0, 0.02  # V = BARRIER (x^2 - 1)^2, mass 1
A, B = -1.0, 1.0
BINS, PER_BIN = 20, 20  # of equal width between A and B; what is left of A is one bin more
INTERVAL, WARM_UP, CYCLES = 10, 200, 400  # steps between resamplings; resamplings before the flux counts, and while
BANK, SPREAD_STEPS = 64, 150  # walkers of each repeat that spread in A first, from its lowest point
SEED = 2026
TOGETHER = 16


class Ensemble:
    def __init__(self, number):
        self.rng = numpy.random.Generator(numpy.random.SFC64([SEED, number]))
        self.flux, self.walker_steps = numpy.zeros(TOGETHER), 0
        most = TOGETHER * max((BINS + 1) * PER_BIN, BANK)
        self.normals, self.force, self.highest = (numpy.empty(most) for _ in range(3))

    def advance(self, x, v, steps):
        """In place; which walkers have come to B."""
        normals, force, highest = (array[:x.size] for array in (self.normals, self.force, self.highest))
        decay = math.exp(-FRICTION * DT)
        noise = math.sqrt(KT * (1 - decay * decay))
        highest.fill(-math.inf)

        def kick():
            numpy.multiply(x, x, out=force)
            numpy.subtract(1, force, out=force)
            numpy.multiply(force, x, out=force)
            numpy.multiply(force, 4 * BARRIER * 0.5 * DT, out=force)
            numpy.add(v, force, out=v)

        def drift():
            numpy.multiply(v, 0.5 * DT, out=normals)
            numpy.add(x, normals, out=x)

        kick()
        for step in range(steps):
            if step:
                numpy.add(v, force, out=v)  # the second half of the kick before, at the same place
            drift()
            self.rng.standard_normal(out=normals)
            numpy.multiply(normals, noise, out=normals)
            numpy.multiply(v, decay, out=v)
            numpy.add(v, normals, out=v)
            drift()
            kick()
            numpy.maximum(highest, x, out=highest)
        self.walker_steps += x.size * steps
        return highest >= B

    def begin(self):
        """Walkers that have spread in A: the ensemble of each repeat, and where it goes on from after B."""
        repeat = numpy.repeat(numpy.arange(TOGETHER), BANK)
        x, v = numpy.full(repeat.size, A), math.sqrt(KT) * self.rng.standard_normal(repeat.size)
        stays = ~self.advance(x, v, SPREAD_STEPS)
        self.x, self.v, self.repeat = x[stays], v[stays], repeat[stays]
        in_bank = numpy.bincount(self.repeat, minlength=TOGETHER)
        self.weight = 1 / in_bank[self.repeat]
        self.bank = self.x, self.v, numpy.cumsum(in_bank) - in_bank, in_bank

    def resample(self):
        """PER_BIN copies of the walkers of each bin of a repeat, all of the same weight."""
        place = numpy.floor((self.x - A) * (BINS / (B - A))).astype(numpy.int64)
        key = self.repeat * (BINS + 1) + numpy.clip(place, -1, BINS - 1) + 1
        order = numpy.argsort(key.astype(numpy.uint16), kind="stable")  # of 16 bits NumPy sorts by radix
        key, weight = key[order], self.weight[order]
        first = numpy.flatnonzero(numpy.diff(key, prepend=-1))
        counts = numpy.diff(first, append=key.size)
        all_weight = numpy.add.reduceat(weight, first)
        # Each walker has its share of the stretch from 0 to PER_BIN, and as many copies as there are marks in it, which stand
        # at distances of 1 from a random place on.
        so_far = numpy.cumsum(weight / numpy.repeat(all_weight, counts)) - numpy.repeat(numpy.arange(first.size), counts)
        shift = numpy.repeat(self.rng.random(first.size), counts)
        marks = numpy.clip(numpy.ceil(PER_BIN * so_far - shift), 0, PER_BIN).astype(numpy.int64)
        marks[first + counts - 1] = PER_BIN
        copies = numpy.diff(marks, prepend=0)
        copies[first] = marks[first]
        parents = numpy.repeat(order, copies)
        self.x, self.v, self.repeat = self.x[parents], self.v[parents], self.repeat[parents]
        self.weight = numpy.repeat(all_weight / PER_BIN, PER_BIN)

    def begin_anew(self, arrived):
        repeat = self.repeat[arrived]
        x, v, first, count = self.bank
        chosen = first[repeat] + self.rng.integers(count[repeat])
        self.x[arrived], self.v[arrived] = x[chosen], v[chosen]
        return numpy.bincount(repeat, self.weight[arrived], TOGETHER)

    def rates(self):
        self.begin()
        for cycle in range(WARM_UP + CYCLES):
            self.resample()
            came = self.begin_anew(numpy.flatnonzero(self.advance(self.x, self.v, INTERVAL)))
            if cycle >= WARM_UP:
                self.flux += came
        return self.flux / (CYCLES * INTERVAL * DT)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("variant", choices=["weighted"])
    parser.add_argument("--repeats", type=int, required=True, help=f"of a block, a multiple of {TOGETHER}")
    parser.add_argument("--blocks", type=int, required=True, help="times to measure")
    words = parser.parse_args()
    ensembles = words.repeats // TOGETHER
    Ensemble(0).begin()  # whatever is set up at first use
    wall, cpu, rates, walker_steps = [], [], [], 0
    for block in range(words.blocks):
        start, cpu_start = time.perf_counter(), time.process_time()
        for number in range(block * ensembles, (block + 1) * ensembles):
            ensemble = Ensemble(number)
            rates.extend(ensemble.rates())
            walker_steps += ensemble.walker_steps
        cpu.append(time.process_time() - cpu_start)
        wall.append(time.perf_counter() - start)
    rate, error = numpy.mean(rates), numpy.std(rates, ddof=1) / math.sqrt(len(rates))
    means = {"transition_rate": rate, "standard_error": error, "walker_steps": walker_steps}
    # A block is worth so many independent estimates with an error of 100 %.
    print(json.dumps({"version": f"NumPy {numpy.__version__}", "work": float((rate / error)**2 / words.blocks), "wall_s": wall,
                      "cpu_s": cpu, "means": {name: float(value) for name, value in means.items()}}))


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""BAOAB in NumPy: whole arrays that stay in the caches, changed in place, one force per step, its fastest normals."""

import math

import double_well as well
import numpy


class Ensemble:
    version = f"NumPy {numpy.__version__}"

    def __init__(self, precision, walkers):
        self.type = numpy.dtype(precision)
        self.rng = numpy.random.Generator(numpy.random.SFC64(well.SEED))
        self.x = numpy.full(walkers, well.START, self.type)
        self.v, self.force, self.scratch = (numpy.zeros(walkers, self.type) for _ in range(3))

    def kick(self):
        numpy.multiply(self.x, self.x, out=self.force)
        numpy.subtract(1, self.force, out=self.force)
        numpy.multiply(self.force, self.x, out=self.force)
        self.force *= self.type.type(4 * well.BARRIER * 0.5 * well.DT)
        self.v += self.force

    def drift(self):
        numpy.multiply(self.v, self.type.type(0.5 * well.DT), out=self.scratch)
        self.x += self.scratch

    def advance(self, steps):
        decay = math.exp(-well.FRICTION * well.DT)
        noise = self.type.type(math.sqrt(well.KT * (1 - decay * decay)))
        decay = self.type.type(decay)
        self.kick()
        for step in range(steps):
            if step:
                self.v += self.force  # the second half of the kick before, at the same place
            self.drift()
            self.rng.standard_normal(out=self.scratch, dtype=self.type)
            self.scratch *= noise
            self.v *= decay
            self.v += self.scratch
            self.drift()
            self.kick()

    def state(self):
        return self.x, self.v


if __name__ == "__main__":
    well.main(Ensemble, ["float64", "float32"])

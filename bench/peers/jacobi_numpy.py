# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Laplace's equation of the Legate talk in NumPy: two fields in turn, sums in place, the norm of each 100th iteration."""

import math

import numpy
import solver

ITERATIONS = {"100": 1000, "1000": 100}  # of grids of so many rows and columns
CHECK = 100
TOLERANCE = 1e-3  # at which 100 x 100 stops in a run that looks at every norm


class Field:
    def __init__(self, values):
        self.all = values.copy()
        inner = slice(1, -1)
        self.east, self.west = self.all[inner, 2:], self.all[inner, :-2]
        self.south, self.north = self.all[2:, inner], self.all[:-2, inner]  # the row after, the row before
        self.inner = self.all[inner, inner]


class Jacobi:
    version = f"NumPy {numpy.__version__}"

    def __init__(self, variant):
        self.size = int(variant)
        self.iterations = ITERATIONS[variant]
        self.first = numpy.zeros((self.size, self.size))
        # libm's sine: that of NumPy with AVX-512 differs in the last bit.
        self.first[-1] = [math.sin(1.5 * math.pi * x) for x in numpy.linspace(0, 1, self.size)]
        self.fields = Field(self.first), Field(self.first)
        self.sum, self.scratch = numpy.empty((self.size - 2, self.size - 2)), numpy.empty_like(self.first)

    def sweep(self):
        new, old = self.fields = self.fields[::-1]
        numpy.add(old.east, old.west, out=self.sum)
        self.sum += old.south
        self.sum += old.north
        numpy.multiply(self.sum, 0.25, out=new.inner)

    def norm(self):
        new, old = self.fields
        numpy.subtract(new.all, old.all, out=self.scratch)
        numpy.multiply(self.scratch, self.scratch, out=self.scratch)
        change = self.scratch.sum()
        numpy.multiply(old.all, old.all, out=self.scratch)
        return math.sqrt(change / self.scratch.sum())

    def begin(self):
        for field in self.fields:
            field.all[:] = self.first

    def run(self):
        self.begin()
        self.norms = []
        for iteration in range(1, self.iterations + 1):
            self.sweep()
            if iteration % CHECK == 0:
                self.norms.append(self.norm())
        return self.iterations

    def last_iteration(self):
        self.begin()
        for iteration in range(1, 10 * self.iterations):
            self.sweep()
            if self.norm() <= TOLERANCE:
                return iteration
        return 0

    def means(self):
        found = {f"norm_{CHECK * (index + 1)}": norm for index, norm in enumerate(self.norms)}
        return found if self.size > 100 else {**found, "last_iteration": self.last_iteration()}


if __name__ == "__main__":
    solver.main(Jacobi, list(ITERATIONS))

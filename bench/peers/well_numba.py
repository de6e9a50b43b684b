# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""BAOAB compiled by numba: the loop over steps inside the loop over walkers, as in the textbook program of langevin_bench."""

import math

import double_well as well
import numba
import numpy


@numba.njit(parallel=True, fastmath=True)
def run(x, v, steps, half, stiffness, decay, noise):
    for walker in numba.prange(x.size):
        at, velocity = x[walker], v[walker]
        kick = half * stiffness * at * (1 - at * at)
        for _ in range(steps):
            velocity += kick
            at += half * velocity
            velocity = decay * velocity + noise * numpy.random.standard_normal()
            at += half * velocity
            kick = half * stiffness * at * (1 - at * at)
            velocity += kick
        x[walker], v[walker] = at, velocity


class Ensemble:
    version = f"numba {numba.__version__}"

    def __init__(self, _, walkers):
        self.x, self.v = numpy.full(walkers, well.START), numpy.zeros(walkers)

    def advance(self, steps):
        decay = math.exp(-well.FRICTION * well.DT)
        run(self.x, self.v, steps, 0.5 * well.DT, 4 * well.BARRIER, decay, math.sqrt(well.KT * (1 - decay * decay)))

    def state(self):
        return self.x, self.v


if __name__ == "__main__":
    well.main(Ensemble, ["float64"])

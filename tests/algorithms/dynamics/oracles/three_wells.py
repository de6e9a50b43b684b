#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Rates from one of three wells into each of the others without inertia: the constants of rare_plane_test.cpp.

usage: three_wells.py [--check]

V = 3 ((x^2 + y^2)^2 / 2 - (x^3 - 3 x y^2) 2/3) + y / 4, kT = 0.1, m gamma = 1, discs of radius 0.2. The chance q to come
to B or C before A solves div(exp(-V / kT) grad q) = 0; the rate into each is the current of exp(-V / kT) (1 - q) into it,
by the weight of exp(-V / kT) (1 - q). Finite volumes on three square grids, of which --check compares the last with the
digits that the tests use; exit code 77 says that SciPy is missing.
"""

import sys

try:
    import numpy as np
    import scipy.sparse as sp
    import scipy.sparse.linalg as sla
except ImportError:
    print("skipped: no SciPy")
    sys.exit(77)

KT, RADIUS = 0.1, 0.2
A, TARGETS = (1.0, 0.0), ((-0.5, 0.866), (-0.5, -0.866))
RATES = (1.759e-3, 7.331e-3)  # ten times those of rare_plane_test.cpp, where m gamma = 10
TOLERANCE = 0.002  # of a rate: the scatter of the grids


def energy(x, y):
    return 3 * ((x * x + y * y) ** 2 / 2 - (x**3 - 3 * x * y * y) * 2 / 3) + 0.25 * y


def rates(width: float) -> list[float]:
    """Rates into both on a grid of this width."""
    x, y = np.arange(-1.9, 2.1, width), np.arange(-2.0, 2.0, width)
    at_x, at_y = np.meshgrid(x, y, indexing="ij")
    place = np.arange(at_x.size).reshape(at_x.shape)
    lowest = energy(at_x, at_y).min()

    def weight(px, py):
        return np.exp(-np.minimum((energy(px, py) - lowest) / KT, 200.0))

    here, there, flow = [], [], []
    for axis in (0, 1):
        first = tuple(slice(None, -1) if d == axis else slice(None) for d in (0, 1))
        last = tuple(slice(1, None) if d == axis else slice(None) for d in (0, 1))
        here.append(place[first].ravel())
        there.append(place[last].ravel())
        flow.append(weight((at_x[first] + at_x[last]) / 2, (at_y[first] + at_y[last]) / 2).ravel())  # of the face
    here, there, flow = (np.concatenate(part) for part in (here, there, flow))
    size = at_x.size
    links = sp.coo_matrix((flow, (here, there)), (size, size)).tocsr()
    links = links + links.T
    operator = sp.diags(np.asarray(links.sum(axis=1)).ravel()) - links

    in_a = np.hypot(at_x - A[0], at_y - A[1]).ravel() <= RADIUS
    inside = [np.hypot(at_x - c[0], at_y - c[1]).ravel() <= RADIUS for c in TARGETS]
    q = np.where(inside[0] | inside[1], 1.0, 0.0)
    free = ~in_a & ~inside[0] & ~inside[1]
    q[free] = sla.spsolve(operator[free][:, free].tocsc(), -(operator[free] @ q))
    last_in_a = float((weight(at_x, at_y).ravel() * (1 - q)).sum() * width * width)
    return [KT * float((flow * ((1 - q)[here] * s[there] + (1 - q)[there] * s[here])).sum()) / last_in_a for s in inside]


def main() -> int:
    grids = {width: rates(width) for width in (0.04, 0.02, 0.0133)}
    wrong = 0
    for number, used in enumerate(RATES):
        found = [grid[number] for grid in grids.values()]
        agree = abs(found[-1] - used) <= TOLERANCE * used
        print(f"A to {'BC'[number]}: " + ", ".join(f"{rate:.6f} (width {width})" for width, rate in zip(grids, found))
              + f"; the tests use {used}{'' if agree else '  DIFFERENT'}")
        wrong += not agree
    return 1 if wrong and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())

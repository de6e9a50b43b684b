#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Rates between two discs on the surface of Mueller and Brown without inertia: the constants of rare_plane_test.cpp.

usage: mueller_brown_discs.py [--check]

kT = 15, m gamma = 1, discs of radius 0.1 around the two deepest minima. The forward committor q solves
div(exp(-V / kT) grad q) = 0 with q = 0 in A and 1 in B, and k_AB = D int exp(-V / kT) |grad q|^2 / int exp(-V / kT) (1 - q),
D = kT / (m gamma) (E and Vanden-Eijnden, J. Stat. Phys. 123, 503 (2006)). Finite volumes on three square grids; the error
of a disc made of squares is of the order of their width, so that the finest grids and their scatter are told. --check
compares with the digits that the tests use; exit code 77 says that SciPy is missing.
"""

import sys

try:
    import numpy as np
    import scipy.sparse as sp
    import scipy.sparse.linalg as sla
except ImportError:
    print("skipped: no SciPy")
    sys.exit(77)

KT, RADIUS = 15.0, 0.1
A, B = (-0.558, 1.442), (0.623, 0.028)
TERMS = ((-200, -1, 0, -10, 1, 0), (-100, -1, 0, -10, 0, 0.5), (-170, -6.5, 11, -6.5, -0.5, 1.5), (15, 0.7, 0.6, 0.7, -1, 1))
RATES = {"A to B": 0.1459, "B to A": 1.341}  # those of rare_plane_test.cpp
TOLERANCE = 0.002  # of a rate: the scatter of the grids


def energy(x, y):
    return sum(s * np.exp(a * (x - u) ** 2 + b * (x - u) * (y - v) + c * (y - v) ** 2) for s, a, b, c, u, v in TERMS)


def rates(width: float) -> dict[str, float]:
    """Both rates on a grid of this width."""
    x, y = np.arange(-1.7, 1.4, width), np.arange(-0.6, 2.2, width)
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

    density = weight(at_x, at_y).ravel()
    distance = [np.hypot(at_x - c[0], at_y - c[1]).ravel() for c in (A, B)]
    q = np.where(distance[1] <= RADIUS, 1.0, 0.0)
    free = (distance[0] > RADIUS) & (distance[1] > RADIUS)
    q[free] = sla.spsolve(operator[free][:, free].tocsc(), -(operator[free] @ q))
    current = KT * float((flow * (q[there] - q[here]) ** 2).sum())
    cell = width * width
    return {"A to B": current / float((density * (1 - q)).sum() * cell), "B to A": current / float((density * q).sum() * cell)}


def main() -> int:
    grids = {width: rates(width) for width in (0.02, 0.01, 0.00667)}
    wrong = 0
    for name, used in RATES.items():
        found = [grid[name] for grid in grids.values()]
        agree = abs(found[-1] - used) <= TOLERANCE * used
        print(f"{name}: " + ", ".join(f"{rate:.5f} (width {width})" for width, rate in zip(grids, found))
              + f"; the tests use {used}{'' if agree else '  DIFFERENT'}")
        wrong += not agree
    return 1 if wrong and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())

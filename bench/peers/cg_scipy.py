# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Conjugate gradients of SciPy (1.12 or later) with matrices of kramers-cg, stored in CSR: 100 x 100 points, b = 1."""

import numpy
import scipy
import solver
from scipy.sparse import diags
from scipy.sparse.linalg import cg

SIDE, TOLERANCE = 100, 1e-10


class System:
    version = f"SciPy {scipy.__version__}"

    def __init__(self, kind):
        rows = SIDE * SIDE
        beside, below = -numpy.ones(rows - 1), -numpy.ones(rows - SIDE)
        if kind == "five_point":
            beside[SIDE - 1::SIDE] = 0  # the last point of a row and the first of the next are no neighbours
        self.matrix = diags([below, beside, numpy.full(rows, 4.0), beside, below], [-SIDE, -1, 0, 1, SIDE],
                            format="csr")
        self.matrix.eliminate_zeros()
        self.right_side = numpy.ones(rows)

    def solve(self, **words):
        return cg(self.matrix, self.right_side, rtol=0, atol=TOLERANCE, maxiter=10 * SIDE * SIDE, **words)

    def run(self):
        if not hasattr(self, "iterations"):
            norms = []
            self.solve(callback=norms.append)
            self.iterations = len(norms)
        self.x, _ = self.solve()
        return self.iterations

    def means(self):
        residual = numpy.linalg.norm(self.right_side - self.matrix @ self.x)
        return {"last_iteration": self.iterations, "sum": self.x.sum(), "true_residual": residual}


if __name__ == "__main__":
    solver.main(System, ["wrapped", "five_point"])

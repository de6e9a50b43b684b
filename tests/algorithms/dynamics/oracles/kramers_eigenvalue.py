#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Exact escape rates of the double well V = (x^2 - 1)^2, m = 1, kT = 1/5, by friction: the constants of rate_test.cpp.

usage: kramers_eigenvalue.py [--check]

The rate is half the first non-zero eigenvalue of the Kramers (Klein-Kramers) operator. With f = exp(-H / 2 kT) sum_n
c_n(x) h_n(v), h_n the Hermite functions of the velocity, it is block tridiagonal (Risken, The Fokker-Planck Equation,
chapter 10):  (L c)_n = -n gamma c_n - sqrt(n) D c_{n-1} + sqrt(n + 1) D^T c_{n+1},  D = sqrt(kT) d/dx + V' / (2 sqrt(kT)).
In Hermite functions of x, x and d/dx are banded matrices. --check compares the digits that the test uses with two
resolutions; exit code 77 says that SciPy is missing.
"""

import sys

try:
    import numpy as np
    import scipy.sparse as sp
    import scipy.sparse.linalg as sla
except ImportError:
    print("skipped: no SciPy")
    sys.exit(77)

KT = 0.2
RATES = {0.3: 1.84704e-3, 1.0: 2.216814e-3, 3.0: 1.433885e-3, 10.0: 5.380656e-4}  # those of rate_test.cpp


def rate(friction: float, positions: int, velocities: int) -> float:
    """Half the smallest non-zero eigenvalue with so many basis functions of x and v."""
    scale = 0.42  # of the Hermite functions of x; any near the width of the wells will do
    padded = positions + 8  # x^3 of the highest functions is right before the basis is cut
    n = np.sqrt(np.arange(1, padded) / 2)
    x = sp.diags([n, n], [1, -1]) * scale
    d = sp.diags([n, -n], [1, -1]) / scale
    slope = 4 * (x @ x @ x) - 4 * x
    down = (np.sqrt(KT) * d + slope / (2 * np.sqrt(KT))).tocsr()[:positions, :positions]
    root = np.sqrt(np.arange(1, velocities))
    raised, lowered = sp.diags([root], [-1]), sp.diags([root], [1])
    operator = (friction * sp.kron(sp.diags(np.arange(velocities, dtype=float)), sp.eye(positions))
                + sp.kron(raised, down) - sp.kron(lowered, down.T)).tocsc()
    values = sla.eigs(operator, k=4, sigma=1e-3, return_eigenvectors=False)
    real = sorted(value.real for value in values if abs(value.imag) < 1e-12)
    return real[1] / 2  # real[0] is the equilibrium, 0


def main() -> int:
    wrong = 0
    for friction, used in RATES.items():
        coarse, fine = rate(friction, 120, 130), rate(friction, 140, 180)
        agree = abs(coarse - fine) < 1e-6 * fine and abs(fine - used) < 3e-6 * fine
        print(f"friction {friction:4.1f}: {fine:.7e} (coarser basis {coarse:.7e}), the test uses {used:.6e}"
              f"{'' if agree else '  DIFFERENT'}")
        wrong += not agree
    return 1 if wrong and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())

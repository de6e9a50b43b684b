#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Three matrices in files of Matrix Market, and what SciPy makes of them: the numbers that tests/apps/cg_test.py expects.

usage: scipy_cg.py [--check]

Writes scipy_cg.json: for each matrix the file as text, b, the x of SciPy's direct solver, its sum, and the iterations that
SciPy's conjugate gradients take to |r| < 1e-10. SciPy reads the files, so that it is also asked what they mean. --check
compares with what is written; exit code 77 says that SciPy is missing.
"""

import io
import json
import pathlib
import sys

try:
    import numpy as np
    from scipy.io import mmread
    from scipy.sparse.linalg import cg, spsolve
except ImportError:
    print("skipped: no SciPy")
    sys.exit(77)

FILE = pathlib.Path(__file__).with_suffix(".json")


def text(kind, n, entries):
    lines = "".join(f"{i + 1} {j + 1} {value}\n" for i, j, value in entries)
    return f"%%MatrixMarket matrix coordinate {kind}\n% {kind}\n{n} {n} {len(entries)}\n{lines}"


def rod(n=40):
    """A rod whose conductivity jumps by three decades: real, symmetric, badly scaled."""
    c = [10.0 ** (i % 4 - 1) for i in range(n + 1)]
    entries = [(i, i, repr(c[i] + c[i + 1])) for i in range(n)] + [(i + 1, i, repr(-c[i + 1])) for i in range(n - 1)]
    return text("real symmetric", n, entries)


def normal_equations(n=30):
    """B B^T + 3 of integers B: integer, general, entries in no order, the diagonal in two parts."""
    random = np.random.RandomState(11)
    b = random.randint(-1, 2, (n, n)) * (random.rand(n, n) < 0.15)
    a = b @ b.T
    entries = [(i, j, int(a[i, j])) for i in range(n) for j in range(n) if a[i, j] != 0] + [(i, i, 3) for i in range(n)]
    random.shuffle(entries)
    return text("integer general", n, entries)


def plate(side=7):
    """Bilinear finite elements on an anisotropic grid: real, general, nine points a row, values with exponents."""
    k = 2 * np.eye(side) - np.eye(side, k=1) - np.eye(side, k=-1)
    m = (4 * np.eye(side) + np.eye(side, k=1) + np.eye(side, k=-1)) / 6
    a = np.kron(k, m) + 0.05 * np.kron(m, k)
    entries = [(int(i), int(j), f"{a[i, j]:.17e}") for i, j in zip(*np.nonzero(a))]
    return text("real general", side * side, entries)


def solved(name, matrix, seed):
    a = mmread(io.StringIO(matrix)).tocsr()
    b = np.random.RandomState(seed).standard_normal(a.shape[0])
    x = spsolve(a.tocsc(), b)
    count = []
    tolerance = {"rtol": 0.0} if "rtol" in cg.__code__.co_varnames else {"tol": 0.0}
    _, failed = cg(a, b, atol=1e-10, callback=count.append, **tolerance)
    assert failed == 0, name
    return {"matrix": matrix, "b": b.tolist(), "x": x.tolist(), "sum": float(x.sum()), "iterations": len(count)}


def main():
    cases = {"rod": (rod(), 1), "normal_equations": (normal_equations(), 2), "plate": (plate(), 3)}
    found = {name: solved(name, matrix, seed) for name, (matrix, seed) in cases.items()}
    if sys.argv[1:] == ["--check"]:
        known = json.loads(FILE.read_text())
        for name, case in found.items():
            assert case["matrix"] == known[name]["matrix"], name
            assert np.allclose(case["x"], known[name]["x"], rtol=1e-11, atol=0), name
            assert abs(case["iterations"] - known[name]["iterations"]) <= 1, name
    else:
        FILE.write_text(json.dumps(found, indent=1) + "\n")
    print({name: case["iterations"] for name, case in found.items()})


if __name__ == "__main__":
    main()

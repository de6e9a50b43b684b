# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Small result files as kramers-jacobi, kramers-channel and kramers-cg write them, with the right numbers, from NumPy.

    python3 grid_fixtures.py DIR   writes jacobi.h5, channel.h5 and cg.h5
"""
import json
import math
import sys
from pathlib import Path

import h5py
import numpy as np


def head(file, app, summary):
    provenance = {"app": app, "version": "0.1.0", "git_hash": "0123456789ab", "date": "2026-01-02T03:04:05Z"}
    summary = {"app": app, "version": "0.1.0", "precision": "f64", "state_hash": "0x0123456789abcdef", **summary}
    file.attrs.update(app=app, version="0.1.0", provenance=json.dumps(provenance), summary=json.dumps(summary))


def image(file, spacing, **fields):
    """As algorithms/grids/src/image_file.cpp."""
    rows, columns = next(iter(fields.values())).shape
    group = file.create_group("VTKHDF")
    group.attrs["Version"] = np.array([2, 0])
    group.attrs["Type"] = np.bytes_("ImageData")
    group.attrs["WholeExtent"] = np.array([0, columns - 1, 0, rows - 1, 0, 0])
    group.attrs["Origin"] = np.zeros(3)
    group.attrs["Spacing"] = np.array([*spacing, 1.0])
    group.attrs["Direction"] = np.eye(3).ravel()
    for name, field in fields.items():
        group[f"PointData/{name}"] = field


def jacobi(path, n=24, iterations=200, check=10, tolerance=None):
    """Laplace's equation as the Legate talk solves it; with a tolerance until the norm meets it."""
    p = np.zeros((n, n))
    p[-1] = [math.sin(1.5 * math.pi * i / (n - 1)) for i in range(n)]
    done, norms = 0, []
    while done < iterations and not (norms and tolerance and norms[-1] <= tolerance):
        old, done = p.copy(), done + 1
        p[1:-1, 1:-1] = 0.25 * (old[1:-1, 2:] + old[1:-1, :-2] + old[2:, 1:-1] + old[:-2, 1:-1])
        if done % check == 0:
            norms.append(math.sqrt(((p - old)**2).sum() / (old**2).sum()))
    keys = {"jacobi": {"problem": "laplace", **({"tolerance": tolerance} if tolerance else {})}}
    with h5py.File(path, "w") as file:
        head(file, "kramers-jacobi", {"problem": "laplace", "iterations": done, "check": check, "input": keys,
                                      "converged": tolerance is not None})
        image(file, [1 / (n - 1)] * 2, p=p)
        file["kramers/jacobi/iteration"] = check * np.arange(1, len(norms) + 1)
        file["kramers/jacobi/norm"] = np.array(norms)


def channel(path, rows=21, columns=25, steps=12, tolerance=None):
    """The flow of CFD Python's step 12 with a v that depends on x, in a few steps and sweeps."""
    dx, dy, dt, nu = 2 / (columns - 1), 2 / (rows - 1), 0.002, 0.1
    y = dy * np.arange(rows)[:, None]
    u, p = np.zeros((rows, columns)), np.ones((rows, columns))
    v = 0.1 * np.sin(2 * np.pi * np.arange(columns) / columns) * np.sin(np.pi * y / 2)
    v[[0, -1]] = 0

    def parts(f):
        """East, west, north and south of the rows between the walls."""
        return np.roll(f, -1, 1)[1:-1], np.roll(f, 1, 1)[1:-1], f[2:], f[:-2]

    changes = []
    for _ in range(steps):
        (u_e, u_w, u_n, u_s), (v_e, v_w, v_n, v_s), before = parts(u), parts(v), u.sum()
        ux, uy, vx, vy = (u_e - u_w) / (2 * dx), (u_n - u_s) / (2 * dy), (v_e - v_w) / (2 * dx), (v_n - v_s) / (2 * dy)
        b = (ux + vy) / dt - ux**2 - 2 * uy * vx - vy**2
        for _ in range(20):
            pe, pw, pn, ps = parts(p)
            p[1:-1] = ((pe + pw) * dy**2 + (pn + ps) * dx**2 - dx**2 * dy**2 * b) / (2 * (dx**2 + dy**2))
            p[-1], p[0] = p[-2], p[1]
        pe, pw, pn, ps = parts(p)
        uc, vc = u[1:-1].copy(), v[1:-1].copy()
        for f, (e, w, n, s), slope, force in ((u, (u_e, u_w, u_n, u_s), (pe - pw) / (2 * dx), 1.0),
                                              (v, (v_e, v_w, v_n, v_s), (pn - ps) / (2 * dy), 0.0)):
            c = f[1:-1]
            f[1:-1] = c + dt * (-uc * (c - w) / dx - vc * (c - s) / dy - slope + force +
                                nu * ((e - 2 * c + w) / dx**2 + (n - 2 * c + s) / dy**2))
        changes.append((u.sum() - before) / u.sum())
    keys = {"flow": {"dt": dt, **({"tolerance": tolerance} if tolerance else {})}}
    with h5py.File(path, "w") as file:
        head(file, "kramers-channel", {"steps": steps, "dt": dt, "start": "perturbed", "input": keys})
        image(file, [dx, dy], u=u, v=v, p=p)
        file["kramers/channel/change"] = np.array(changes)


def cg(path, n=10, tolerance=1e-10):
    """Conjugate gradients for the wrapped matrix and b = 1: 35 iterations for n = 10."""
    def product(p):
        q = 4 * p
        for shift in (1, n):
            q[shift:] -= p[:-shift]
            q[:-shift] -= p[shift:]
        return q

    b = np.ones(n * n)
    x, r = np.zeros_like(b), b.copy()
    p, history = r.copy(), []
    while not history or history[-1] >= tolerance:
        q, rr = product(p), r @ r
        alpha = rr / (p @ q)
        x += alpha * p
        r -= alpha * q
        history.append(math.sqrt(r @ r))
        p = r + (r @ r) / rr * p
    summary = {"method": "classic", "preconditioner": "none", "matrix": {"kind": "wrapped", "n": n, "rows": n * n},
               "right_side": {"kind": "ones", "norm": float(n)}, "iterations": len(history), "residual": history[-1],
               "true_residual": float(np.linalg.norm(b - product(x))), "input": {"cg": {"tolerance": tolerance}}}
    with h5py.File(path, "w") as file:
        head(file, "kramers-cg", summary)
        file["kramers/cg/x"] = x
        file["kramers/cg/residual"] = np.array(history)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    jacobi(folder / "jacobi.h5", n=100, iterations=10**5, check=1, tolerance=1e-4)
    channel(folder / "channel.h5", rows=41, columns=41, steps=100)
    cg(folder / "cg.h5", n=100)

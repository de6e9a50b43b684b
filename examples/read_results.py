#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a result file of kramers-langevin holds.

usage: read_results.py FILE.h5
"""

import json
import sys

import h5py
import numpy as np

with h5py.File(sys.argv[1]) as file:
    summary = json.loads(file.attrs["summary"])
    print(f"{file.attrs['app']} {file.attrs['version']}, state hash {summary['state_hash']}")
    for name, estimate in summary["observables"].items():
        if estimate["value"] is not None:
            error = "" if estimate["stderr"] is None else f" +- {estimate['stderr']:.2g}"
            print(f"  {name:<32} {estimate['value']:.6g}{error}")

    if "kramers/free_energy" in file:
        profile = file["kramers/free_energy"]
        x, value, error, exact = (profile[key][...] for key in ("position", "value", "error", "exact"))
        known = np.isfinite(value) & np.isfinite(exact) & (error > 0)
        print(f"free energy on {known.sum()} bins: largest |z| against the exact one "
              f"{np.max(np.abs((value - exact) / error)[known]):.1f}")

    # The input that made the file, to run it again.
    print(file.attrs["input"].splitlines()[0])

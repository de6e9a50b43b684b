# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Where kramers_bench is, and results made up for the tests."""

import json
import pathlib
import random
import sys

BENCH = pathlib.Path(__file__).resolve().parents[2] / "bench"
sys.path.insert(0, str(BENCH))

CONTEXT = {
    "date": "2026-11-22T08:00:00+00:00", "host_name": "node", "executable": "x_bench", "num_cpus": 2, "mhz_per_cpu": 3000,
    "caches": [], "load_avg": [0.1, 0.1, 0.1], "library_version": "1.9.1", "library_build_type": "release",
    "json_schema_version": 1, "build_type": "Release", "compile_flags": "-march=native", "compiler": "GCC 14.2.0",
    "git_hash": "0123456789ab", "git_modified": "false", "kokkos_space": "OpenMP", "kokkos_version": "5.2.0",
    "threads": "2",
}


def entry(name, cost=1.0, **counters):
    """A row whose limit_ratio, ratio and time all say the same."""
    return {"name": name, "run_name": name, "run_type": "iteration", "repetitions": 1, "repetition_index": 0, "threads": 1,
            "iterations": 15, "real_time": 10.0 * cost, "cpu_time": 10.0 * cost, "time_unit": "ms",
            "limit_ratio": 0.5 / cost, "limit_cpu_ratio": 0.5 / cost, "ratio": 2 / cost, "cpu_ratio": 2 / cost,
            "pct_limit": 50.0 / cost, "rate": 1e9 / cost, "label": "bound by the vector unit", **counters}


def limit(name, rate, unit):
    return {**entry(name), "rate": rate, "label": f"limit {unit}", "limit_ratio": 0, "pct_limit": 0}


def document(rows, processes=1, key="machine-2c-0", context=None, seed=1, noise=0.004):
    """A file of kramers-bench run: rows is {name: cost}, each with a little noise in every process."""
    rng = random.Random(seed)
    entries = []
    for index in range(processes):
        for name, cost in rows.items():
            entries.append({**entry(name, cost * (1 + rng.gauss(0, noise))), "repetitions": processes,
                            "repetition_index": index})
    return {"context": {**CONTEXT, **(context or {})}, "benchmarks": entries,
            "kramers": {"schema": 1, "machine_key": key, "machine": {"cpu": {"name": "Test"}, "allowed_cpus": [0, 1]},
                        "processes": processes, "load_before": [0, 0, 0], "load_after": [0, 0, 0],
                        "created": "2026-11-22T08:00:00Z"}}


def write(path, value):
    pathlib.Path(path).write_text(value if isinstance(value, str) else json.dumps(value))
    return str(path)

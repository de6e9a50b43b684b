# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What is kept of a machine: FOLDER/<machine key>/baseline.json and noise.json."""

import json
import math
import pathlib

from . import BenchError, INVALID_CODE, results, runner, stats, verdict

DEFAULT = pathlib.Path(__file__).resolve().parents[1] / "baselines"


def folder_of(store, key):
    return pathlib.Path(store) / key


def noise_of(costs):
    """Noise of a row from the costs of processes that ran one after the other with the same code."""
    differences = [after - before for before, after in zip(costs, costs[1:])]
    deviation = 1.4826 * stats.median([abs(value) for value in differences])
    # Of the estimate of Hodges and Lehmann from as many pairs as confirm a change; 0.955 is its efficiency.
    return {"floor": deviation / math.sqrt(0.955 * verdict.CONFIRM_PAIRS), "pair_deviation": deviation,
            "process_deviation": stats.robust_deviation(costs), "processes": len(costs)}


def calibration(result):
    """The noise of every row and metric of a result whose processes all ran the same code."""
    rows = {}
    for name, processes in result.code().items():
        problem = results.problem_of(processes)
        if problem:
            raise BenchError(f"{name} is invalid: {problem}; a machine cannot be calibrated with it", INVALID_CODE)
        if len(processes) < verdict.LEAST_PROCESSES:
            raise BenchError(f"invalid number of processes: got {len(processes)} of {name}; expected at least "
                             f"{verdict.LEAST_PROCESSES}")
        rows[name] = {metric: noise_of([row.cost(metric, sign) for row in processes])
                      for metrics in results.METRICS.values() for metric, sign, _ in metrics
                      if all(row.has(metric) for row in processes)}
    return {"schema": results.SCHEMA, "machine_key": result.machine_key, "git": result.git,
            "created": result.about["created"], "load": [result.about["load_before"], result.about["load_after"]],
            "rows": rows}


def load_noise(store, key):
    """The noise of a machine, or nothing where it is not calibrated."""
    path = folder_of(store, key) / "noise.json"
    if not path.exists():
        return None
    try:
        noise = json.loads(path.read_text())
        if noise["schema"] != results.SCHEMA or noise["machine_key"] != key:
            raise KeyError
        for row in noise["rows"].values():
            for found in row.values():
                if not 0 <= found["floor"] < math.inf:
                    raise KeyError
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BenchError(f"invalid {path}: it is no noise of machine {key}; run kramers-bench calibrate again") from None
    return noise


def save(store, key, name, document):
    path = folder_of(store, key) / name
    runner.write(document, path)
    return path


def check_baseline(result):
    """Raises unless a result may become a baseline."""
    if result.machine_key is None:
        raise BenchError(f"{result.path} does not say what machine it is of: make it with kramers-bench run")
    for name, rows in result.code().items():
        problem = results.problem_of(rows)
        if problem:
            raise BenchError(f"{name} is invalid: {problem}; it cannot be a baseline", INVALID_CODE)
        if len(rows) < verdict.LEAST_PROCESSES:
            raise BenchError(f"invalid number of processes: got {len(rows)} of {name}; a baseline needs at least "
                             f"{verdict.LEAST_PROCESSES} (kramers-bench run --processes {verdict.LEAST_PROCESSES})")

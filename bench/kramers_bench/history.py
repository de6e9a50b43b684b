# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How a row went over time: an append-only file of one JSON line per row and run, and where its level steps."""

import json
import math
import pathlib

from . import BenchError, results, stats, verdict

LEAST_SEGMENT = 5


def lines_of(result):
    """The lines of a result; a row that is invalid gets none."""
    if result.machine_key is None:
        raise BenchError(f"{result.path} does not say what machine it is of: make it with kramers-bench run")
    lines = []
    for name, rows in sorted(result.code().items()):
        metric = results.metric_of([rows], "auto", lasting=True)
        if metric is None or results.problem_of(rows):
            continue
        lines.append({"schema": results.SCHEMA, "created": result.about["created"], "git": result.git,
                      "machine_key": result.machine_key, "space": result.space, "row": name, "metric": metric[0],
                      "cost": stats.median([row.cost(*metric) for row in rows]), "processes": len(rows)})
    return lines


def append(path, result):
    lines = lines_of(result)
    known = {(line["created"], line["machine_key"], line["space"], line["row"]) for line in load(path)} \
        if pathlib.Path(path).exists() else set()
    new = [line for line in lines if (line["created"], line["machine_key"], line["space"], line["row"]) not in known]
    with open(path, "a", encoding="utf-8") as file:
        file.writelines(json.dumps(line, sort_keys=True) + "\n" for line in new)
    return len(new)


def load(path):
    lines = []
    try:
        with open(path, encoding="utf-8") as file:
            for number, text in enumerate(file, 1):
                try:
                    line = json.loads(text)
                    if line["schema"] != results.SCHEMA or not math.isfinite(line["cost"]):
                        raise ValueError
                    (line["created"], line["git"], line["machine_key"], line["space"], line["row"], line["metric"])
                except (ValueError, KeyError, TypeError):
                    raise BenchError(f"invalid {path}: line {number} is no line of kramers-bench history; remove it") from None
                lines.append(line)
    except (OSError, UnicodeDecodeError) as error:
        raise BenchError(f"invalid {path}: it cannot be read ({error})") from None
    return lines


def series_of(lines):
    """{(machine key, space, row, metric): lines by time}: only what may be compared stands in one series."""
    series = {}
    for line in sorted(lines, key=lambda line: line["created"]):
        series.setdefault((line["machine_key"], line["space"], line["row"], line["metric"]), []).append(line)
    return series


def steps_of(lines):
    """Where the level of a series steps: (line after the step, logarithm of the change)."""
    costs = [line["cost"] for line in lines]
    places = stats.change_points(costs, math.log1p(verdict.LEAST_BAND), LEAST_SEGMENT)
    bounds = [0, *places, len(costs)]
    levels = [stats.median(costs[first:last]) for first, last in zip(bounds, bounds[1:])]
    return [(lines[place], after - before) for place, before, after in zip(places, levels, levels[1:])]


def export_otava(lines, folder):
    """A CSV for every series, and the configuration that Apache Otava reads them by."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tests = ["tests:"]
    for index, (key, found) in enumerate(series_of(lines).items()):
        name = f"series{index:03d}"
        rows = [f"{line['created']},{line['git']},{math.exp(line['cost'])!r}" for line in found]
        (folder / f"{name}.csv").write_text("\n".join(["time,commit,cost", *rows]) + "\n")
        tests += [f"  {name}:  # {' '.join(key)}", "    type: csv", f"    file: {name}.csv", "    time_column: time",
                  "    attributes: [commit]", "    metrics:", "      cost: {column: cost, direction: -1}",
                  "    csv_options: {delimiter: ','}"]
    (folder / "otava.yaml").write_text("\n".join(tests) + "\n")
    return index + 1 if lines else 0

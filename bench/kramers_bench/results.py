# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Results: files as Google Benchmark writes them, and what `run` makes of several; which rows may be compared, and by what.

A file of `run` is one of Google Benchmark with a block `kramers` beside `context` and `benchmarks`. Its rows are processes:
rows of one name have a repetition_index each.
"""

import json
import math
import re

from . import BenchError

SCHEMA = 1
MOST_OF_LIMIT = 105  # percent; more means that the declared work is wrong, never a win
# What can be compared: how the counter becomes a cost (its logarithm), and whether it outlives the process.
METRICS = {
    "wall": [("limit_ratio", -1, True), ("ratio", -1, True), ("real_time", 1, False)],
    "cpu": [("limit_cpu_ratio", -1, True), ("cpu_ratio", -1, True), ("cpu_time", 1, False)],
}


class Row:
    """One benchmark in one process."""

    def __init__(self, entry, path):
        self.entry = entry
        self.name = clean(entry.get("run_name", entry["name"]))
        self.process = entry.get("repetition_index", 0)
        self.label = entry.get("label", "")
        self.problem = self._problem(path)

    def _problem(self, path):
        """Why this row may not be used, or nothing."""
        if self.entry.get("error_occurred"):
            return self.entry.get("error_message", "the program reported an error")
        for key in ("real_time", "cpu_time"):
            if not is_number(self.entry.get(key)):
                raise BenchError(f"invalid {path}: {self.name} has no number as {key}; run it again")
        for key, value in self.entry.items():
            if isinstance(value, float) and not math.isfinite(value):
                return f"{key} is {value}"
        if not self.entry["real_time"] > 0:
            return f"real_time is {self.entry['real_time']}"
        # The lower quartile, where there is one: a busy machine lifts a single repetition above what is possible.
        percent = self.entry.get("pct_limit_q1", self.entry.get("pct_limit", 0))
        if percent > MOST_OF_LIMIT:
            return f"{percent:.0f} % of the machine's limit: its work or its limit is declared wrongly"
        return None

    def is_limit(self):
        """Whether this is a limit of the machine and no code of kramers."""
        return self.label.startswith("limit ")

    def cost(self, metric, sign):
        """Logarithm of what it costs: higher is slower."""
        return sign * math.log(self.entry[metric])

    def has(self, metric):
        value = self.entry.get(metric)
        return is_number(value) and math.isfinite(value) and value > 0


class Result:
    """All rows of a file, by name; each a list with one entry per process."""

    def __init__(self, path, document):
        self.path = path
        self.context = document["context"]
        self.about = document.get("kramers", {})
        self.rows = {}
        for entry in document["benchmarks"]:
            if entry.get("run_type", "iteration") != "iteration" or entry.get("skipped"):
                continue
            if "name" not in entry:
                raise BenchError(f"invalid {path}: a row has no name; run it again")
            row = Row(entry, path)
            if "/smoke" not in row.name:
                self.rows.setdefault(row.name, []).append(row)
        if not self.rows:
            raise BenchError(f"invalid {path}: it has no rows to compare; run it without a filter that leaves nothing")

    @property
    def machine_key(self):
        return self.about.get("machine_key")

    @property
    def space(self):
        return self.context.get("kokkos_space", "unknown")

    @property
    def git(self):
        modified = "+" if self.context.get("git_modified") == "true" else ""
        return self.context.get("git_hash", "unknown") + modified

    def code(self):
        """The rows of kramers' code, without the limits and other programs."""
        return {name: rows for name, rows in self.rows.items()
                if not name.startswith("peers/") and not any(row.is_limit() for row in rows)}

    def limits(self):
        return {name: rows for name, rows in self.rows.items() if any(row.is_limit() for row in rows)}


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def clean(name):
    """The name of a row without how often it was timed."""
    return re.sub(r"/(iterations:\d+|manual_time|real_time|process_time)", "", name)


def problem_of(rows):
    """Why none of these rows may be used: the first reason of any."""
    return next((row.problem for row in rows if row.problem), None)


def parse(text, path):
    """A result from the text of a file.

    Raises BenchError 64 for what is no result, or one of a build that is no build to measure."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise BenchError(f"invalid {path}: it is no JSON ({error}); was the program stopped? Run it again") from None
    if not isinstance(document, dict) or not isinstance(document.get("context"), dict) \
            or not isinstance(document.get("benchmarks"), list) \
            or not all(isinstance(entry, dict) for entry in document["benchmarks"]):
        raise BenchError(f"invalid {path}: it has no context and benchmarks; expected a file of Google Benchmark or of "
                         "kramers-bench run")
    version = document["context"].get("json_schema_version", 1)
    if version != 1:
        raise BenchError(f"invalid {path}: got json_schema_version {version}; expected 1, as of Google Benchmark 1.7 to 1.9")
    about = document.get("kramers", {"schema": SCHEMA})
    if not isinstance(about, dict) or about.get("schema") != SCHEMA:
        raise BenchError(f"invalid {path}: got schema {about.get('schema') if isinstance(about, dict) else about}; expected "
                         f"{SCHEMA}: use the kramers-bench that wrote it")
    refuse_build(document["context"], path)
    return Result(path, document)


def refuse_build(context, path):
    flags = context.get("compile_flags", "")
    for sign in ("-fsanitize", "-O0", "--coverage"):
        if sign in flags:
            raise BenchError(f"invalid {path}: it is of a build with {sign}; measure a Release build without sanitizers")
    if context.get("build_type", "Release") not in ("Release", "RelWithDebInfo"):
        raise BenchError(f"invalid {path}: it is of a {context['build_type']} build; measure a Release build")


def load(path):
    try:
        with open(path, encoding="utf-8") as file:
            return parse(file.read(), path)
    except (OSError, UnicodeDecodeError) as error:
        raise BenchError(f"invalid {path}: it cannot be read ({error})") from None


def metric_of(row_lists, clock, lasting):
    """The best thing to compare that all these rows have: (counter, sign), or nothing. `lasting`: among those that mean
    the same in another process and another hour. The clock `auto` is processor time for code on one core of a host, which
    other programs on the machine do not lengthen, and the wall's for all else."""
    if clock == "auto":
        clock = "cpu" if all(row.entry.get("cores") == 1 for rows in row_lists for row in rows) else "wall"
    for metric, sign, lasts in METRICS[clock]:
        if (lasts or not lasting) and all(row.has(metric) for rows in row_lists for row in rows):
            return metric, sign
    return None

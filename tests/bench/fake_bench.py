# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Behaves as a benchmark program: lists its rows, filters them, writes Google Benchmark's JSON. How fast and how well is in
fake.json beside it: {"cost": {row: factor}, "noise": s, "code": exit code, "context": {...}, "extra": {counter: value}}."""

import json
import pathlib
import random
import re
import subprocess
import sys

import support

# What stands in a build folder: the same, as a program.
SCRIPT = f"""#!{sys.executable}
import subprocess, sys
sys.path.insert(0, {str(pathlib.Path(__file__).parent)!r})
import fake_bench
done = fake_bench.call(sys.argv)
sys.stdout.write(done.stdout)
sys.stderr.write(done.stderr)
sys.exit(done.returncode)
"""


def call(command, _environment=None):
    """As runner.call, without starting a program."""
    here = pathlib.Path(command[0]).resolve().parent
    fake = json.loads((here / "fake.json").read_text())
    words = dict(str(word).lstrip("-").partition("=")[::2] for word in command[1:])
    names = [f"{row}/n:8/iterations:15/manual_time" for row in fake["cost"]] + ["fast/smoke/iterations:1/manual_time"]
    if "benchmark_list_tests" in words:
        return subprocess.CompletedProcess(command, 0, "\n".join(names) + "\n", "")
    counter = here / "calls"
    calls = int(counter.read_text()) if counter.exists() else 0
    counter.write_text(str(calls + 1))
    with open(here.parents[1] / "order", "a", encoding="utf-8") as order:
        order.write(here.parent.name[0])
    rng = random.Random(f"{here.parent.name} {calls}")
    rows = []
    for name in names:
        if re.search(words.get("benchmark_filter", ""), name):
            cost = fake["cost"].get(name.split("/")[0], 1) * (1 + rng.gauss(0, fake.get("noise", 0.003)))
            rows.append({**support.entry(name, cost), **fake.get("extra", {})})
    pathlib.Path(words["benchmark_out"]).write_text(
        json.dumps({"context": {**support.CONTEXT, **fake.get("context", {})}, "benchmarks": rows}))
    code = fake.get("code", 0)
    return subprocess.CompletedProcess(command, code, "", "error: the mean energy is wrong\n" if code else "")

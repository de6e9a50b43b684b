#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Behaves as a benchmark program: lists its rows, filters them, writes Google Benchmark's JSON. How fast and how well is in
fake.json beside it: {"cost": {row: factor}, "noise": s, "code": exit code, "context": {...}, "extra": {counter: value}}."""

import json
import pathlib
import random
import re
import sys

sys.path.insert(0, "@support@")
import support  # noqa: E402

here = pathlib.Path(__file__).resolve().parent
fake = json.loads((here / "fake.json").read_text())
words = dict(word.lstrip("-").partition("=")[::2] for word in sys.argv[1:])
names = [f"{row}/n:8/iterations:15/manual_time" for row in fake["cost"]] + ["fast/smoke/iterations:1/manual_time"]
if "benchmark_list_tests" in words:
    print("\n".join(names))
    sys.exit(0)
counter = here / "calls"
calls = int(counter.read_text()) if counter.exists() else 0
counter.write_text(str(calls + 1))
with open(here.parents[1] / "order", "a", encoding="utf-8") as order:
    order.write(here.parent.name[0])
rng = random.Random(f"{here}{calls}")
wanted = re.compile(words.get("benchmark_filter", "").replace("\\\\", "\\"))
rows = []
for name in names:
    if wanted.search(name):
        cost = fake["cost"].get(name.split("/")[0], 1) * (1 + rng.gauss(0, fake.get("noise", 0.003)))
        rows.append({**support.entry(name, cost), **fake.get("extra", {})})
pathlib.Path(words["benchmark_out"]).write_text(
    json.dumps({"context": {**support.CONTEXT, **fake.get("context", {})}, "benchmarks": rows}))
if fake.get("code"):
    print("error: the mean energy is wrong", file=sys.stderr)
sys.exit(fake.get("code", 0))

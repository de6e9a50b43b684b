#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""bench/ranks.py with stand-ins for mpirun and the programs, whose rates are known: efficiencies, shapes of jobs, and a run
that computes something else. Asserts no times."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "bench" / "ranks.py"
COLUMNS = 100
MPIRUN = """#!/bin/sh
while [ "$1" != -n ]; do shift; done
export RANKS=$2
shift 2
exec "$@"
"""
# 100 million a second per thread, of which several lose 10 % on the same work and 20 % on more; a field per size.
PROGRAM = f"""#!{sys.executable}
import json, os, sys
keys = dict(line.split(" = ") for line in open(sys.argv[1]).read().splitlines() if " = " in line)
threads, ranks = int(os.environ["OMP_NUM_THREADS"]), int(os.environ.get("RANKS", 1))
size, least = (int(keys["rows"]), {COLUMNS}) if "rows" in keys else (int(keys["walkers"]), 65536)
speed = 1e8 * threads * ranks * (1 if threads * ranks == 1 else 0.9 if size == least else 0.8)
wrong = os.environ.get("WRONG") == f"{{threads}} x {{ranks}}"
summary = {{"walker_steps_per_s": speed, "rate": {{"cells_per_s": speed}}, "state_hash": "other" if wrong else str(size)}}
json.dump(summary, open(sys.argv[-1].removeprefix("--summary="), "w"))
"""
ALONE, TWO, FOUR = "100 | 100 % | 100 | 100 %", "180 | 90 % | 160 | 80 %", "360 | 180 % | 320 | 160 %"


@unittest.skipUnless(hasattr(os, "sched_getaffinity") and len(os.sched_getaffinity(0)) > 1, "threads scale over two cores")
class Scaling(unittest.TestCase):
    def run_script(self, what, **environment):
        cores = sorted(os.sched_getaffinity(0))[:2]
        with tempfile.TemporaryDirectory() as scratch:
            for name, text in (("mpirun", MPIRUN), ("kramers-jacobi", PROGRAM), ("kramers-langevin", PROGRAM)):
                path = pathlib.Path(scratch) / name
                path.write_text(text)
                path.chmod(0o755)
            return subprocess.run(
                ["taskset", "-c", ",".join(map(str, cores)), sys.executable, "-B", SCRIPT, what, scratch, "--repeats", "2",
                 "--others", "1e9", "--patience", "0", "--columns", str(COLUMNS)], capture_output=True, text=True,
                env={**os.environ, **environment, "PATH": f"{scratch}:{os.environ['PATH']}"}, timeout=300)

    def table(self, what):
        done = self.run_script(what)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [line.strip("| ") for line in done.stdout.splitlines() if line.startswith("| ")][1:]

    def test_ranks(self):
        self.assertEqual(self.table("scaling"), [f"1 | {ALONE}", f"2 | {TWO}", f"4 on 2 cores | {FOUR}"])

    def test_threads_and_ranks(self):
        self.assertEqual(self.table("grid"), [f"1 x 1 | {ALONE}", f"2 x 1 | {TWO}", f"1 x 2 | {TWO}",
                                              f"2 x 2 on 2 cores | {FOUR}", f"1 x 4 on 2 cores | {FOUR}"])

    def test_another_field_is_seen(self):
        done = self.run_script("grid", WRONG="1 x 2")
        self.assertEqual(done.returncode, 1)
        self.assertIn("1 threads x 2 ranks: another field", done.stderr)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""kramers-bench with the programs of a build: what they write can be compared and reported. Asserts no times.

usage: programs_test.py BUILD_FOLDER"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import support
from kramers_bench import cli, machine, results, runner

BUILD = pathlib.Path(sys.argv.pop(1))
SMALL = "topology/check|limits/f64_(multiply_adds|triad/level:L1)/cores:1|limits/philox"


class Programs(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)

    def test_run_and_report(self):
        made = self.folder / "r.json"
        words = ["--quick", "--filter", SMALL, "--processes", "2", "--output", str(made)]
        self.assertEqual(cli.main(["run", str(BUILD), *words]), 0)
        result = results.load(made)
        self.assertEqual(set(result.code()), {"topology/check/node"})
        self.assertGreaterEqual(len(result.limits()), 4)
        for rows in result.rows.values():
            self.assertEqual(sorted(row.process for row in rows), [0, 1])
        for row in result.rows["topology/check/node"]:
            self.assertTrue(row.has("limit_ratio") and row.has("limit_cpu_ratio"))
            self.assertEqual(row.entry["cores"], 1)
        for name in ("git_hash", "compiler", "compile_flags", "kokkos_version", "kokkos_configuration", "OMP_PROC_BIND"):
            self.assertIn(name, result.context)
        self.assertEqual(result.machine_key, machine.key(machine.describe(), result.context.get("device", "")))
        page = self.folder / "r.html"
        self.assertEqual(cli.main(["report", str(made), "--output", str(page)]), 0)
        self.assertIn("topology/check/node", page.read_text())

    def test_a_limit_is_measured_beside_every_row(self):
        """Each smoke row of code has the counters that comparisons need; a limit has a rate."""
        for program in runner.programs_of(BUILD):
            if program.name in runner.OVER_RANKS:
                continue
            made = self.folder / "smoke.json"
            subprocess.run([program, "--benchmark_filter=/smoke", f"--benchmark_out={made}"], check=True, capture_output=True)
            rows = [row for row in json.loads(made.read_text())["benchmarks"] if not row.get("skipped")]
            self.assertTrue(rows, program)
            for row in rows:
                if row["label"].startswith("limit "):
                    self.assertGreater(row["rate"], 0)
                else:
                    self.assertGreater(row["limit_ratio"], 0)
                    self.assertRegex(row["label"], "^bound by ")

    def test_repetitions(self):
        program = BUILD / "bin/limits_bench"
        for text, code in (("2", 0), ("0", 64), ("1001", 64), ("many", 64), ("", 64)):
            done = subprocess.run([program, "--benchmark_list_tests"], capture_output=True, text=True,
                                  env={**os.environ, "KRAMERS_BENCH_REPETITIONS": text})
            self.assertEqual(done.returncode, code, text)
            self.assertIn("iterations:2/" if code == 0 else "KRAMERS_BENCH_REPETITIONS", done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()

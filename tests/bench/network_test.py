#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""network_bench over 2 and 4 ranks: one report, and an end on all ranks where a sum is wrong on one. Asserts no times.

usage: network_test.py PROGRAM WRONG_SUM_LIBRARY LAUNCHER...   (a word NP of the launcher is the number of ranks)"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import support  # noqa: F401  finds kramers_bench
from kramers_bench import runner

PROGRAM, LIBRARY, *LAUNCHER = sys.argv[1:]
del sys.argv[1:]
SECONDS = 240  # far more than a second or two, also on a busy machine, and far less than for ever


class Network(unittest.TestCase):
    def run_ranks(self, ranks, *words, code=0, **environment):
        launcher = [str(ranks) if word == "NP" else word for word in LAUNCHER]
        done = subprocess.run([*launcher, PROGRAM, *words], capture_output=True, text=True, timeout=SECONDS,
                              env={**os.environ, **environment})
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def test_one_report(self):
        for ranks in (2, 4):
            with self.subTest(ranks), tempfile.TemporaryDirectory() as scratch:
                made = pathlib.Path(scratch) / "made.json"
                done = self.run_ranks(ranks, "--benchmark_filter=(bytes:(8|65536)|columns:100)/", f"--benchmark_out={made}",
                                      KRAMERS_BENCH_REPETITIONS="2")
                self.assertEqual(done.stdout.count(f"allreduce/bytes:8/ranks:{ranks}/"), 1)
                rows = json.loads(made.read_text())["benchmarks"]
                self.assertEqual([row["label"] for row in rows], ["limit calls/s", "limit B/s", "limit B/s"])
                for row in rows:
                    self.assertEqual((row["iterations"], row["ranks"]), (2, ranks))
                    self.assertGreaterEqual(row["rate"], row["rate_q3"])

    def test_a_wrong_sum_on_one_rank_ends_all(self):
        for ranks, wrong in ((2, 0), (2, 1), (4, 3)):
            with self.subTest(f"rank {wrong} of {ranks}"):
                done = self.run_ranks(ranks, "--benchmark_filter=smoke", code=1, LD_PRELOAD=LIBRARY, KRAMERS_WRONG_RANK=str(wrong))
                self.assertEqual(done.stderr.count("network_bench: error: a sum over ranks is"), 1, done.stderr)
                self.assertNotIn("limit calls/s", done.stdout)

    def test_usage(self):
        done = self.run_ranks(2, "--benchmark_enable_random_interleaving=true", code=64)
        self.assertEqual(done.stderr.count("ranks must run the same rows in the same order"), 1)
        self.run_ranks(2, "--no-such-option", code=64)
        done = subprocess.run([PROGRAM], capture_output=True, text=True, timeout=SECONDS)
        self.assertEqual(done.returncode, 64)
        self.assertIn("got 1; expected at least 2", done.stderr)

    def test_kramers_bench_starts_it_with_a_launcher_alone(self):
        folder = pathlib.Path(PROGRAM).parent
        alone = runner.Suite(folder, "empty_kernel|network")
        self.assertEqual({program.name for program, _ in alone.selected}, {"limits_bench"})
        launcher = [("2" if word == "NP" else word) for word in LAUNCHER]
        suite = runner.Suite(folder, "network/.*:8/", None, 1, launcher)
        self.assertEqual(suite.names, ["network/allreduce/bytes:8/ranks:2"])
        _, rows = suite.run()
        self.assertEqual([row["name"] for row in rows], suite.names)


if __name__ == "__main__":
    unittest.main()

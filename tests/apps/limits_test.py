#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What is too much or out of range for the programs ends in a sentence, before work begins."""
import argparse
import json
import os
from pathlib import Path
import shutil
import subprocess
import sys
import tempfile
import unittest

# Longer than anything here takes, even with sanitizers on a busy machine: only a program that hangs gets there.
PATIENCE = 120

parser = argparse.ArgumentParser()
for program in ("langevin", "spread", "classify", "topo"):
    parser.add_argument(f"--{program}", help="the program kramers-" + program)
options, unittest_words = parser.parse_known_args()

LANGEVIN = """
[ensemble]
walkers = 300
seed = 7
[potential]
kind = "double_well"
[integrator]
dt = 0.02
friction = 1.0
temperature = 0.4
[run]
steps = 200
[observables]
every = 5
frame_every = 100
"""


class Outcome:
    def __init__(self, process):
        self.code, self.out, self.err = process.returncode, process.stdout, process.stderr

    @property
    def messages(self):
        """What the program itself says; libraries add remarks of their own."""
        return [line for line in self.err.splitlines() if line.startswith("kramers-")]


class Case(unittest.TestCase):
    """A folder of its own."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="kramers-limits-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.write("langevin.toml", LANGEVIN)

    def write(self, name, text):
        (self.folder / name).write_text(text)

    def attempt(self, program, *words, **environment):
        path = getattr(options, program)
        if path is None:
            self.skipTest(f"kramers-{program} is not built here")
        # Waiting threads sleep, so that the tests also go on where processors are few. None: no such variable.
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OMP_PROC_BIND": "false", "OMP_WAIT_POLICY": "passive",
                       **environment}
        environment = {name: value for name, value in environment.items() if value is not None}
        return Outcome(subprocess.run([path, *map(str, words)], cwd=self.folder, env=environment, text=True,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE))

    def refuse(self, code, pattern, program, *words, **environment):
        """The program ends with this code and one sentence, which matches."""
        outcome = self.attempt(program, *words, **environment)
        self.assertEqual(outcome.code, code, outcome.err)
        self.assertEqual(len(outcome.messages), 1, outcome.err)
        self.assertRegex(outcome.messages[0], pattern)
        return outcome


class Threads(Case):
    """More threads than Kokkos and OpenMP have."""

    def run_langevin(self, *words, **environment):
        outcome = self.attempt("langevin", "langevin.toml", "--topology", "off", "--summary", "run.json", *words,
                               **environment)
        self.assertEqual(outcome.code, 0, outcome.err)
        return outcome, json.loads((self.folder / "run.json").read_text())

    def test_no_more_than_kokkos_has_room_for(self):
        _, two = self.run_langevin(OMP_NUM_THREADS="2")
        if two["space"] != "openmp":
            self.skipTest("kernels run elsewhere than on threads of OpenMP")
        for threads in (513, 768, 1000):
            outcome, summary = self.run_langevin(OMP_NUM_THREADS=str(threads))
            self.assertEqual(summary["threads"], 512)
            self.assertEqual(summary["state_hash"], two["state_hash"])
            self.assertEqual(summary["observables"], two["observables"])
            self.assertEqual(len(outcome.messages), 1, outcome.err)
            self.assertRegex(outcome.messages[0], f"warning: {threads} threads asked for, 512 threads used")
        outcome, summary = self.run_langevin("--quiet", KOKKOS_NUM_THREADS="768")
        self.assertEqual(outcome.err, "")
        self.assertEqual(summary["threads"], 512)

    def test_no_more_than_openmp_gives(self):
        _, two = self.run_langevin(OMP_NUM_THREADS="2")
        if two["space"] != "openmp":
            self.skipTest("kernels run elsewhere than on threads of OpenMP")
        for variable in ({"OMP_THREAD_LIMIT": "1"}, {"OMP_MAX_ACTIVE_LEVELS": "0"}):
            outcome, summary = self.run_langevin(KOKKOS_NUM_THREADS="2", **variable)
            self.assertEqual(summary["threads"], 1)
            self.assertEqual(summary["observables"], two["observables"])
            self.assertRegex("".join(outcome.messages), "2 threads asked for, 1 thread used: OpenMP gives no more")

    def test_variables_that_say_nothing(self):
        for name, value in {"OMP_NUM_THREADS": "abc", "KOKKOS_NUM_THREADS": "abc", "KOKKOS_DEVICE_ID": "x",
                            "KOKKOS_MAP_DEVICE_ID_BY": "x", "KOKKOS_DISABLE_WARNINGS": "maybe",
                            "KOKKOS_TUNE_INTERNALS": ""}.items():
            self.refuse(64, f"invalid environment variable {name}: got '{value}'; expected", "langevin",
                        "langevin.toml", **{name: value})
        for value in ("0", "-1", "2x", "4294967297"):
            self.refuse(64, "expected an integer >= 1", "langevin", "langevin.toml", KOKKOS_NUM_THREADS=value)
        self.run_langevin(OMP_NUM_THREADS=" 2 , 1", KOKKOS_DISABLE_WARNINGS="Yes")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *unittest_words])

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""One job over ranks of two builds of kramers-langevin: bits, shares, and what is refused."""
import contextlib
import json
import os
from pathlib import Path
import re
import shutil
import signal
import subprocess
import sys
import time
import unittest

import langevin_runs
from langevin_runs import Case, DOUBLE_WELL, h5py, options, PATIENCE, ranks_of

langevin_runs.parser.add_argument("--other", required=True, help="the program of another build, as that of --program")
langevin_runs.parser.add_argument("--hangs", help="a library that keeps a rank from answering")
options = langevin_runs.options = langevin_runs.parser.parse_known_args()[0]

# Long enough to be worth measuring.
LONG = {**DOUBLE_WELL, "ensemble": {"walkers": 20000, "seed": 7}, "run": {"equilibrate": 100, "steps": 26000},
        "observables": {**DOUBLE_WELL["observables"], "frame_every": 1000},
        "output": {"trajectory": {"walkers": 12000, "every": 13000}}}


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def version(program):
    """Its version and state of the sources; the Kokkos may differ."""
    told = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=PATIENCE).stdout
    return told.partition(", Kokkos")[0]


class Hybrid(Case):
    def wrapper(self, *ranks):
        """A script that starts on each rank what is its turn: (program, environment)."""
        lines = ["#!/bin/sh", 'case ${OMPI_COMM_WORLD_RANK:-${PMI_RANK:-$SLURM_PROCID}} in']
        for rank, (program, *environment) in enumerate(ranks):
            lines.append(f'  {rank}) exec env {" ".join(environment)} "{program}" "$@" ;;')
        path = self.folder / "each.sh"
        path.write_text("\n".join([*lines, "esac"]) + "\n")
        path.chmod(0o755)
        return path

    def hybrid(self, *ranks, words=()):
        program, options.program = options.program, str(self.wrapper(*ranks))
        try:
            return self.attempt(*words, ranks=len(ranks))
        finally:
            options.program = program

    def test_two_builds_with_unequal_threads_give_the_bits_of_one_rank(self):
        self.write_input(tables=LONG)
        alone = self.run_study("--output", "alone.h5", name="alone")
        for name, ranks in {"first": ((options.program, "OMP_NUM_THREADS=2"), (options.other,)),
                            "last": ((options.other,), (options.program, "OMP_NUM_THREADS=3"), (options.program,))}.items():
            with self.subTest(name):
                outcome = self.hybrid(*ranks, words=("--output", f"{name}.h5", "--summary", f"{name}.json"))
                self.assertEqual(outcome.code, 0, outcome.err)
                summary = json.loads((self.folder / f"{name}.json").read_text())
                self.assert_same_results(summary, alone)
                self.assert_same_data(f"{name}.h5", "alone.h5")
                kinds = summary["work"]["kinds"]
                self.assertEqual([kind["ranks"] for kind in kinds], [str(rank) for rank in range(len(ranks))])
                self.assertEqual(sum(kind["walkers"] for kind in kinds), LONG["ensemble"]["walkers"])
                self.assertTrue(all(kind["walker_steps_per_s"] > 0 for kind in kinds), kinds)
                self.assertEqual(len({kind["kokkos_version"] for kind in kinds}), 2)
                spaces = [kind["space"] for kind in kinds]
                self.assertEqual(summary["space"], " + ".join(dict.fromkeys(spaces)))
                self.assertIn(" + ", summary["space"])
                own = [{key: kind[key] for key in ("space", "threads", "kokkos_version", "cpu", "ranks")} for kind in kinds]
                self.assertEqual(summary["provenance"]["kinds"], own)

    def test_people_are_told_who_did_what(self):
        self.write_input(tables=LONG)
        self.wrapper((options.other,), (options.program, "OMP_NUM_THREADS=2"))
        launch = [word.replace("NP", "2") for word in options.launcher]
        ran = subprocess.run([*launch, str(self.folder / "each.sh"), "input.toml"], cwd=self.folder, text=True,
                             capture_output=True, timeout=PATIENCE)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertRegex(ran.stdout, r"20000 walkers x 26000 steps on \w+ \+ \w+ \(f64\), 2 ranks")
        for rank, threads in ((0, 1), (1, 2)):
            self.assertRegex(ran.stdout, rf"(?m)^  rank {rank}: \w+ \(.+\), {threads} threads, Kokkos \S+: \d+ walkers, \S+ "
                                         r"walker-steps/s$")

    def test_a_stopped_hybrid_goes_on_anywhere(self):
        self.write_input(tables=LONG)
        alone = self.run_study("--output", "alone.h5", name="alone")
        program, options.program = options.program, str(self.wrapper((options.program,), (options.other,)))
        process = self.start("--output", "run.h5", "--set", "checkpoint.every=1000", ranks=2)
        options.program = program
        self.wait_for_checkpoint(process, self.folder / "run.checkpoint.h5")
        for rank in ranks_of(process)[-1:]:
            os.kill(rank, signal.SIGTERM)
        self.end(process)
        resumed = self.run_study("--output", "run.h5", "--set", "checkpoint.every=1000", "--resume", name="resumed")
        self.assert_same_results(resumed, alone)
        self.assert_same_data("run.h5", "alone.h5")

    def refused(self, outcome, code, says):
        self.assertEqual(outcome.code, code, outcome.err)
        self.assertEqual(len(outcome.errors), 1, outcome.err)
        self.assertRegex(outcome.errors[0], says)
        for process in Path("/proc").glob("[0-9]*/cwd"):
            with contextlib.suppress(OSError):
                self.assertNotEqual(os.readlink(process), str(self.folder), f"{process} is left running")

    def test_versions_must_agree(self):
        git = re.search(r"git (\w{12})", version(options.program))
        if git is None:
            self.skipTest("these sources are of no git")
        other = self.folder / "other"
        shutil.copy(options.program, other)
        text = other.read_bytes()
        begin = git[1][:8].encode()  # compilers cut short texts up into words
        self.assertIn(begin, text)
        other.write_bytes(text.replace(begin, b"01234567"))
        outcome = self.hybrid((options.program,), (other,))
        self.refused(outcome, 64, rf"rank 1 was started with the program kramers-langevin .*git 01234567.*, rank 0 with .*"
                                  rf"git {git[1]}.*; start all ranks alike")

    def test_a_rank_that_never_answers_ends_the_run(self):
        if not options.hangs:
            self.skipTest("this build has no library that hangs a rank")
        self.write_input(tables=LONG)
        begin = time.monotonic()
        outcome = self.hybrid((options.program,), (options.other, f"LD_PRELOAD={options.hangs}"))
        self.refused(outcome, 65, "invalid job: rank 1 of 2 did not answer within 60 s when asked for its speed; look at the "
                                  "nodes of these ranks, or start without them")
        self.assertLess(time.monotonic() - begin, 100)


if __name__ == "__main__":
    if h5py is None:
        skip("this Python has no h5py")
    if not Path(options.other).exists():
        skip(f"there is no {options.other}; build the preset serial beside this one")
    if version(options.program) != version(options.other):
        skip(f"{options.other} is of other sources ({version(options.other)}); build it again")
    unittest.main(argv=[sys.argv[0], *langevin_runs.parser.parse_known_args()[1]])

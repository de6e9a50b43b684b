# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs of a program with the input that is shipped with it, and changes of its keys. A test sets Case.shipped."""
import argparse
import json
import os
from pathlib import Path
import shutil
import subprocess
import sys
import tempfile
import unittest

try:
    import h5py
except ImportError:
    h5py = None

PATIENCE = 120  # only a program that hangs gets there
SOURCE = Path(__file__).resolve().parents[2]

parser = argparse.ArgumentParser()
parser.add_argument("--program", required=True)
parser.add_argument("--launcher", action="append", default=[],
                    help="a word of what starts several ranks; NP stands for their number")
options, unittest_words = parser.parse_known_args()


class Case(unittest.TestCase):
    """A folder of its own."""
    shipped = None

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix=f"{Path(options.program).name}-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def start(self, *words, sets=(), ranks=1, threads=1, given=None):
        launcher = [str(ranks) if word == "NP" else word for word in options.launcher] if ranks > 1 else []
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "OMP_PROC_BIND": "false",
                       "OMP_WAIT_POLICY": "passive"}
        command = [*launcher, options.program, str(given or self.shipped), "--topology", "off", *map(str, words)]
        command += [word for assignment in sets for word in ("--set", assignment)]
        return subprocess.Popen(command, cwd=self.folder, env=environment, text=True, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def attempt(self, *words, **how):
        with self.start(*words, **how) as process:
            try:
                stdout, stderr = process.communicate(timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
            return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)

    def summary(self, *words, **how):
        outcome = self.attempt("--quiet", "--overwrite", "--summary", "summary.json", *words, **how)
        self.assertEqual(outcome.returncode, 0, outcome.stderr)
        return json.loads((self.folder / "summary.json").read_text())

    def refuse(self, *says, code=65, words=(), ranks=1, **how):
        """One sentence, once for all ranks; a launcher may add its own."""
        outcome = self.attempt("--quiet", *words, ranks=ranks, **how)
        self.assertEqual(outcome.returncode, code, outcome.stderr)
        if ranks == 1:
            self.assertEqual(outcome.stderr.count("\n"), 1, outcome.stderr)
        self.assertEqual(outcome.stderr.count(f"{Path(options.program).name}: error"), 1, outcome.stderr)
        for text in says:
            self.assertIn(text, outcome.stderr)

    def assert_same_by_copies(self, sets):
        """On hosts --gpu-aware off forces the path that devices take; on and auto are direct."""
        alone = self.summary(sets=sets)
        self.assertEqual(alone["messages"]["memory"], "none")
        for ranks in (2, 4) if options.launcher else ():
            for wish, memory in (("auto", "direct"), ("on", "direct"), ("off", "staged")):
                found = self.summary("--gpu-aware", wish, sets=sets, ranks=ranks)
                self.assertEqual((found["messages"]["memory"], found["ranks"]), (memory, ranks))
                self.assertEqual(found["state_hash"], alone["state_hash"], (sets, wish, ranks))


def main():
    unittest.main(argv=[sys.argv[0], *unittest_words])

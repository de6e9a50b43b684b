# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs kramers-langevin for the tests: inputs, processes and what they leave behind."""
import argparse
import contextlib
import json
import os
from pathlib import Path
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

try:
    import h5py
except ImportError:
    h5py = None

# Longer than anything here takes, even with sanitizers on a busy machine: only a program that hangs gets there.
PATIENCE = 120

parser = argparse.ArgumentParser()
parser.add_argument("--program", default="kramers-langevin")
parser.add_argument("--launcher", action="append", default=[],
                    help="a word of what starts several ranks; NP stands for their number")
options, unittest_words = parser.parse_known_args()

DOUBLE_WELL = {
    "ensemble": {"walkers": 300, "seed": 7},
    "potential": {"kind": "double_well", "barrier": 1.0},
    "integrator": {"dt": 0.02, "friction": 1.0, "temperature": 0.4},
    "run": {"equilibrate": 100, "steps": 1000},
    "observables": {"every": 5, "core_sets": [-0.7, 0.7], "frame_every": 100, "correlation_frames": 3,
                    "histogram": {"bins": [32], "lower": [-2.0], "upper": [2.0]}},
    "output": {"trajectory": {"walkers": 80, "every": 50}},
}


def toml(tables):
    """TOML text of nested dictionaries: JSON values are TOML values but for dictionaries, written as tables."""
    lines = []

    def table(name, content):
        lines.append(f"[{name}]")
        lines.extend(f"{key} = {json.dumps(v)}" for key, v in content.items() if not isinstance(v, dict))
        for key, v in content.items():
            if isinstance(v, dict):
                table(f"{name}.{key}", v)

    for name, content in tables.items():
        table(name, content)
    return "\n".join(lines) + "\n"


class Outcome:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def errors(self):
        """Messages of the program itself; the launcher, MPI and, on a full disk, HDF5 add remarks of their own."""
        return [line for line in self.err.splitlines() if line.startswith("kramers-langevin: ")]


class Case(unittest.TestCase):
    """A folder of its own, with an input file in it."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="kramers-langevin-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.write_input()

    def write_input(self, name="input.toml", tables=None):
        (self.folder / name).write_text(toml(tables or DOUBLE_WELL))

    def start(self, *words, ranks=1, threads=1, source="input.toml", limit=None, environment=None):
        """The process of a run in this folder. limit: no file may grow beyond so many bytes."""
        launch = [word.replace("NP", str(ranks)) for word in options.launcher] if ranks > 1 else []
        # Waiting threads sleep, so that the tests also go on where processors are few.
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "OMP_PROC_BIND": "false",
                       "OMP_WAIT_POLICY": "passive", **(environment or {})}

        def limit_files():
            # Without its signal a write beyond the limit fails as one on a full disk does.
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        return subprocess.Popen([*launch, options.program, source, "--quiet", *map(str, words)], cwd=self.folder,
                                env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                restore_signals=limit is None, preexec_fn=limit_files if limit else None)

    def end(self, process):
        try:
            out, err = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            self.fail(f"hangs: {process.args}: {process.communicate()[1]}")
        return Outcome(process.returncode, out, err)

    def attempt(self, *words, **how):
        return self.end(self.start(*words, **how))

    def run_study(self, *words, name="run", **how):
        """Run to the end; the summary."""
        outcome = self.attempt("--summary", f"{name}.json", *words, **how)
        self.assertEqual(outcome.code, 0, outcome.err)
        return json.loads((self.folder / f"{name}.json").read_text())

    def refuse(self, *words, code, says, name="results", second_name=None, **how):
        """The run fails so, and leaves the folder as it was."""
        earlier = self.folder / f"{name}.h5"
        if not earlier.exists():
            earlier.write_bytes(b"an earlier result")
        before = self.contents()
        outcome = self.attempt(*(words if "--output" in words else (*words, "--output", earlier)), **how)
        self.assertEqual(outcome.code, code, outcome.err)
        self.assertEqual(len(outcome.errors), 1, outcome.err)
        self.assertTrue(outcome.errors[0].startswith("kramers-langevin: error: "), outcome.err)
        for part in [says] if isinstance(says, str) else says:
            self.assertIn(part, outcome.errors[0])
        self.assertEqual(outcome.out, "")
        if second_name:  # of the results that would have been replaced
            before[second_name] = before["results.h5"]
        self.assertEqual(self.contents(), before)

    def contents(self):
        return {path.name: path.read_bytes() for path in self.folder.iterdir() if path.is_file()}

    def need_ranks(self):
        if not options.launcher:
            self.skipTest("built without MPI")

    def assert_same_results(self, one, other):
        self.assertEqual(one["state_hash"], other["state_hash"])
        self.assertEqual(one["observables"], other["observables"])

    def assert_same_data(self, one, other):
        """All numbers of two result files are equal, whatever their provenance."""
        def datasets(name):
            found = {}
            with h5py.File(self.folder / name) as file:
                file.visititems(lambda path, item: found.update({path: item[()].tobytes()})
                                if isinstance(item, h5py.Dataset) else None)
            return found
        ours, theirs = datasets(one), datasets(other)
        self.assertEqual(ours.keys(), theirs.keys())
        self.assertIn("particles/walkers/position/value", ours)
        for path, data in ours.items():
            self.assertEqual(data, theirs[path], path)

    def checkpoint_step(self, name):
        with h5py.File(self.folder / name) as file:
            return int(file.attrs["step"])

    def wait_for_checkpoint(self, process, path, old=None):
        """Wait until there is another file of this name than the old one; its inode."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if process.poll() is not None:
                self.fail(f"ended too early: {process.communicate()[1]}")
            with contextlib.suppress(FileNotFoundError):
                status = path.stat()
                if (status.st_ino, status.st_mtime_ns) != old:
                    return status.st_ino, status.st_mtime_ns
            time.sleep(0.001)
        process.kill()
        self.fail("no checkpoint appears")


def ranks_of(launcher):
    """Process ids of the program's ranks below a launcher, or the process itself."""
    children = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            name, rest = (entry / "stat").read_text().rsplit(")", 1)
            children.setdefault(int(rest.split()[1]), []).append((int(entry.name), name.split("(", 1)[1]))
    program = Path(options.program).name[:15]
    found, todo = [], [launcher.pid]
    while todo:
        for pid, name in children.get(todo.pop(), []):
            todo.append(pid)
            if name == program:
                found.append(pid)
    return sorted(found) or [launcher.pid]


def main():
    if h5py is None:
        print("skipped: this Python has no h5py")
        sys.exit(77)
    unittest.main(argv=[sys.argv[0], *unittest_words])

# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Programs under attack: how they are started, hit and judged."""
import contextlib
import json
import os
from pathlib import Path
import signal
import subprocess
import time

import h5py

# What a program may answer; 128 + n after a signal is judged apart.
ANSWERS = (0, 1, 64, 65)


class Verdict(Exception):
    """What must not happen: kind is one of the figures of attack.py."""

    def __init__(self, kind, text):
        super().__init__(text)
        self.kind = kind


class Outcome:
    def __init__(self, words, code, out, err):
        self.words, self.code, self.out, self.err = words, code, out, err

    def __str__(self):
        return f"{' '.join(map(str, self.words))}\n  code {self.code}\n  {self.err.strip()[-1500:]}"

    @property
    def errors(self):
        return [line for line in self.err.splitlines() if ": error: " in line and line.startswith("kramers-")]


class Programs:
    def __init__(self, folder, launcher, patience):
        self.folder, self.launcher, self.patience = Path(folder), launcher, patience
        # Waiting threads sleep, and ranks may outnumber the cores.
        self.environment = {**os.environ, "OMP_NUM_THREADS": "1", "OMP_PROC_BIND": "false", "OMP_WAIT_POLICY": "passive"}

    def has(self, name):
        return (self.folder / f"kramers-{name}").is_file()

    def start(self, name, *words, cwd, ranks=1, **environment):
        launch = [word.replace("NP", str(ranks)) for word in self.launcher] if ranks > 1 else []
        command = [*launch, str(self.folder / f"kramers-{name}"), *map(str, words)]
        return subprocess.Popen(command, cwd=cwd, env={**self.environment, **environment}, text=True, errors="replace",
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def end(self, process):
        """The outcome of a process, which must be a sane one."""
        try:
            out, err = process.communicate(timeout=self.patience)
        except subprocess.TimeoutExpired:
            for pid in ranks_of(process) + [process.pid]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            out, err = process.communicate()
            raise Verdict("hung", str(Outcome(process.args, None, out, err))) from None
        return Outcome(process.args, process.returncode, out, err)

    def run(self, name, *words, **how):
        """Run to an end that a program may come to."""
        outcome = self.end(self.start(name, *words, **how))
        expect_sane(outcome)
        return outcome

    def succeed(self, name, *words, kind="lost", **how):
        outcome = self.run(name, *words, **how)
        if outcome.code != 0:
            raise Verdict(kind, str(outcome))
        return outcome

    def hit(self, name, *words, moment, number, rank, **how):
        """Start, send this signal to one of the ranks after some seconds, and wait for the end."""
        process = self.start(name, *words, **how)
        time.sleep(moment)
        pids = ranks_of(process)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pids[rank % len(pids)], number)
        outcome = self.end(process)
        # A launcher may end before its last rank does, or even before it knows of its ranks; their files are then no
        # leftovers yet.
        deadline = time.monotonic() + self.patience
        while works_in(how["cwd"]) and time.monotonic() < deadline:
            time.sleep(0.01)
        return outcome


def expect_sane(outcome):
    """An answer with at most one error, in a sentence, or none."""
    if outcome.code not in ANSWERS:
        raise Verdict("crashed", str(outcome))
    bad = [mark for mark in ("AddressSanitizer", "runtime error:", "terminate called", "Backtrace", "Traceback",
                             "[json.exception", "basic_string", "Kokkos::") if mark in outcome.err]
    if bad or len(outcome.errors) > 1 or (outcome.code != 0 and len(outcome.errors) != 1):
        raise Verdict("unclear", str(outcome))
    if any(ord(c) < 0x20 or ord(c) == 0x7F for line in outcome.errors for c in line):
        raise Verdict("unclear", repr(outcome.err[-1500:]))


def works_in(folder):
    """Is this the folder of any process but ours?"""
    folder = Path(folder).resolve()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                if (entry / "cwd").readlink() == folder:
                    return True
    return False


def ranks_of(process):
    """Process ids of the program's ranks below a launcher, or the process itself."""
    children = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                name, rest = (entry / "stat").read_text().rsplit(")", 1)
                children.setdefault(int(rest.split()[1]), []).append((int(entry.name), name.split("(", 1)[1]))
    found, todo = [], [process.pid]
    while todo:
        for pid, name in children.get(todo.pop(), []):
            todo.append(pid)
            if name.startswith("kramers-"):
                found.append(pid)
    return sorted(found) or [process.pid]


def numbers_of(path):
    """All datasets of an HDF5 file as bytes, but for texts, which say when and how it was made."""
    found = {}

    def visit(name, item):
        if isinstance(item, h5py.Dataset) and item.dtype.kind in "iuf":
            found[name] = item[()].tobytes()

    with h5py.File(path) as file:
        file.visititems(visit)
    return found


def result_of(summary, results=None):
    """What must be the same whatever happened on the way: estimates, hashes, and the numbers of the file."""
    told = json.loads(Path(summary).read_text())
    kept = {key: told[key] for key in ("observables", "state_hash", "model", "loss", "held_out", "best", "class_counts")
            if key in told}
    return json.dumps(kept, sort_keys=True), numbers_of(results) if results else None


def flipped(data, chance):
    """A damaged copy: some bits flipped, a piece cut off at the end, zeroed or moved."""
    data = bytearray(data)
    kind = chance.choice(["bit", "bit", "bit", "bits", "cut", "zero", "move"])
    at = chance.randrange(len(data))
    if kind == "cut":
        del data[at:]
    elif kind == "zero":
        data[at:at + 512] = bytes(len(data[at:at + 512]))
    elif kind == "move":
        other = chance.randrange(len(data))
        piece, there = data[at:at + 64], data[other:other + 64]
        if len(piece) == len(there):
            data[at:at + 64], data[other:other + 64] = there, piece
    else:
        for _ in range(1 if kind == "bit" else 8):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(data)

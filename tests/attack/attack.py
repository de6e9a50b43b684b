#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Attacks the programs at random, for some time, and counts what must not happen.

usage: attack.py BIN_FOLDER [--seconds S] [--seed N] [--only NAME] [--launcher WORD]...

Each try has a number, from which all its choices follow: --only NAME --seed N --first TRY repeats one. The figures are
  lost      a result or a checkpoint that was there is gone, or does not lead to the end of the run
  wrong     exit code 0 with other numbers than the undisturbed run
  crashed   a signal of its own, or an exit code that no program of ours has
  hung      no end within the patience
  unclear   no sentence, several, a library's own text, control characters, or leftovers
All are zero, or the exit code is 1.
"""
import argparse
import collections
import os
from pathlib import Path
import random
import shutil
import signal
import sys
import tempfile
import time

try:
    import h5py  # noqa: F401
except ImportError:
    print("skipped: this Python has no h5py")
    sys.exit(77)

import cases
from runs import Programs, Verdict

FIGURES = ("lost", "wrong", "crashed", "hung", "unclear")


def remove(folder):
    """Ranks that their launcher has ended may still write for a moment."""
    for _ in range(100):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.1)
    raise OSError(f"{folder} does not go away: something still writes there")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=sorted({attack.__name__ for attack in cases.ATTACKS}))
    parser.add_argument("--first", type=int, default=0, help="number of the first try")
    parser.add_argument("--tries", type=int, default=10**9)
    parser.add_argument("--patience", type=float, default=60.0, help="seconds after which a program hangs")
    parser.add_argument("--launcher", action="append", default=[],
                        help="a word of what starts several ranks; NP stands for their number")
    options = parser.parse_args()
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    end = time.monotonic() + options.seconds
    tries, found = collections.Counter(), collections.Counter()
    with tempfile.TemporaryDirectory(prefix="kramers-attack-") as scratch:
        programs = Programs(options.folder.resolve(), options.launcher, options.patience)
        targets = cases.Targets(programs, Path(scratch) / "targets")
        number = options.first
        while time.monotonic() < end and number < options.first + options.tries:
            chance = random.Random(f"{options.seed} {number}")
            usable = [attack for attack in cases.ATTACKS if not options.only or attack.__name__ == options.only]
            attack = usable[number % len(usable)]
            folder = Path(scratch) / "try"
            folder.mkdir()
            before = os.getcwd()
            try:
                tries[attack.__name__] += 1
                attack(targets, folder, chance)
            except Verdict as verdict:
                found[verdict.kind] += 1
                print(f"{verdict.kind}: {attack.__name__}, seed {options.seed}, try {number}\n  {verdict}", flush=True)
            os.chdir(before)
            remove(folder)
            number += 1
    print("tries: " + ", ".join(f"{count} {name}" for name, count in sorted(tries.items())))
    print(f"{targets.resumed_within_launch} times resumed within a launch")
    print(f"{sum(tries.values())} tries, " + ", ".join(f"{found[kind]} {kind}" for kind in FIGURES))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

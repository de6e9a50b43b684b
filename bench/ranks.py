#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""kramers-langevin on several ranks: hybrid jobs against their parts, and weak and strong scaling. The same scaling of
kramers-jacobi over threads and ranks.

    bench/ranks.py hybrid build/openmp/bin build/serial/bin     a rank of each; then a rank slowed by a busy loop
    bench/ranks.py scaling build/openmp/bin                     1, 2 and 4 ranks of one thread
    bench/ranks.py grid build/openmp/bin                        threads x ranks, up to all cores

Prints tables for bench/README.md. Everything that is compared runs within seconds of each other, again and again, and of the
ratios the median counts. A comparison during which other processes took more than a tenth of a core does not count: ranks that
wait for each other lose more by that than jobs that do not. On a busy machine it is tried again, --attempts times at most.
"""
import argparse
import contextlib
import functools
import json
import os
from pathlib import Path
import resource
import statistics
import subprocess
import sys
import tempfile
import time

WALKERS = """[ensemble]
walkers = {walkers}
seed = 1
[potential]
kind = "double_well"
[integrator]
dt = 0.02
friction = 1.0
temperature = 0.3
[run]
steps = {steps}
[observables]
every = 20
frame_every = {frame}
"""
CELLS = """[grid]
rows = {rows}
columns = {columns}
[jacobi]
iterations = {iterations}
"""
UNITS = {"hybrid": "walker-steps", "scaling": "walker-steps", "grid": "cells"}
MPIRUN = ["mpirun", "--oversubscribe", "--bind-to", "none"]


def walkers_input(walkers, steps):
    return WALKERS.format(walkers=walkers, steps=steps, frame=max(1, steps // 10))


class Runs:
    """Runs of programs in a folder."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.number = 0
        self.environment = {**os.environ, "OMP_PROC_BIND": "false", "OMPI_ALLOW_RUN_AS_ROOT": "1",
                            "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}

    def start(self, ranks, text, threads=1):
        """A job: a list of (core or None, program) per rank, and an input; the process and where its summary will be."""
        self.number += 1
        name = self.folder / str(self.number)
        name.with_suffix(".toml").write_text(text)
        lines = ["#!/bin/sh", "case ${OMPI_COMM_WORLD_RANK:-0} in"]
        for rank, (core, program) in enumerate(ranks):
            place = "" if core is None else f"taskset -c {core} "
            lines.append(f'{rank}) exec {place}"{program}" "$@" ;;')
        name.with_suffix(".sh").write_text("\n".join([*lines, "esac"]) + "\n")
        launch = [*MPIRUN, "-n", str(len(ranks))] if len(ranks) > 1 else []
        words = [*launch, "/bin/sh", f"{name}.sh", f"{name}.toml", "--quiet", "--topology=off", f"--summary={name}.json"]
        environment = {**self.environment, "OMP_NUM_THREADS": str(threads)}
        return subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL), Path(f"{name}.json")

    def end(self, job):
        process, summary = job
        if process.wait() != 0:
            sys.exit(f"a run failed: {' '.join(process.args)}")
        return json.loads(summary.read_text())

    def run(self, *job, **words):
        return self.end(self.start(*job, **words))


@contextlib.contextmanager
def busy_loop(core):
    """Something else on a core, which takes about half of it; its process id."""
    process = subprocess.Popen(["taskset", "-c", str(core), sys.executable, "-c", "while True: pass"])
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


class Others:
    """What processes that are not of this measurement take of the processors."""

    def __init__(self, loop=None):
        self.loop = loop
        self.begin, self.at = self.seconds(), time.monotonic()

    def seconds(self):
        ticks = os.sysconf("SC_CLK_TCK")
        user, nice, system = map(int, Path("/proc/stat").read_text().split()[1:4])
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        mine = used.ru_utime + used.ru_stime
        if self.loop:
            fields = Path(f"/proc/{self.loop}/stat").read_text().rsplit(")", 1)[1].split()
            mine += (int(fields[11]) + int(fields[12])) / ticks
        return (user + nice + system) / ticks - mine

    def cores(self):
        return (self.seconds() - self.begin) / (time.monotonic() - self.at)


def wait_for_quiet(patience):
    """Until the processors have been idle for a moment, or for so many seconds."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        others = Others()
        time.sleep(0.5)
        if others.cores() < 0.1:
            return


def hybrid(options, runs):
    cores = sorted(os.sched_getaffinity(0))[:2]
    if len(cores) < 2:
        sys.exit("a hybrid job needs two cores")
    first, second = (Path(folder, "kramers-langevin").resolve() for folder in (options.builds * 2)[:2])
    cases = {f"{first.parts[-3]} beside {second.parts[-3]}": (second, contextlib.nullcontext),
             f"{first.parts[-3]} beside {first.parts[-3]} with a busy loop on its core": (first, lambda: busy_loop(cores[1]))}
    print("| ranks | first alone | second alone | sum | together | of the sum | walkers | moves |\n|---|---|---|---|---|---|---|---|")
    for name, (other, disturbance) in cases.items():
        ranks = [(cores[0], first), (cores[1], other)]
        rows = []
        speeds, attempts = [2e8, 2e8], 0
        while len(rows) < options.repeats and attempts < options.attempts:
            attempts += 1
            wait_for_quiet(options.patience)
            with disturbance() as loop:
                others = Others(loop)
                # Both parts at the same time, each as a job of its own that takes as long as the other.
                jobs = [runs.start([rank], walkers_input(options.walkers, int(options.seconds * speed / options.walkers)))
                        for rank, speed in zip(ranks, speeds)]
                speeds = [runs.end(job)["walker_steps_per_s"] for job in jobs]
                together = runs.run(ranks, walkers_input(options.walkers, int(options.seconds * sum(speeds) / options.walkers)))
                # The first tells how long jobs are to be.
                if attempts > 1 and others.cores() < options.others:
                    rows.append((*speeds, sum(speeds), together["walker_steps_per_s"],
                                 together["walker_steps_per_s"] / sum(speeds), together["work"]))
        if not rows:
            print(f"| {name} | no quiet moment in {attempts} attempts |", flush=True)
            continue
        middle = sorted(rows, key=lambda row: row[4])[len(rows) // 2]
        work = middle[5]
        shares = " + ".join(str(kind["walkers"]) for kind in work["kinds"])
        if len(work["kinds"]) == 1:
            shares = " + ".join(map(str, sorted(work["kinds"][0]["walkers_of_a_rank"], reverse=True)))
        ratios = sorted(row[4] for row in rows)
        print(f"| {name} | " + " | ".join(f"{value / 1e6:.0f}" for value in middle[:4])
              + f" | {100 * middle[4]:.0f} % ({100 * ratios[0]:.0f} to {100 * ratios[-1]:.0f}, {len(rows)} of {attempts - 1}) | {shares} | {work['moves']} |", flush=True)


def scaling_table(options, head, cases):
    """Prints strong and weak scaling of {name: (cores that it would use, what returns its rate)}, the first on one core."""
    cores = len(os.sched_getaffinity(0))
    speeds = {kind: {name: [] for name in cases} for kind in ("strong", "weak")}
    first = next(iter(cases))
    for kind, found in speeds.items():
        for attempt in range(options.attempts):
            if len(found[first]) == options.repeats:
                break
            wait_for_quiet(options.patience)
            others = Others()
            row = {name: rate(kind == "weak") for name, (_, rate) in cases.items()}
            if others.cores() < options.others:
                for name, speed in row.items():
                    found[name].append(speed)
        if not found[first]:
            sys.exit(f"no quiet moment in {options.attempts} attempts")
    print(f"| {head} | strong | efficiency | weak | efficiency |\n|---|---|---|---|---|")
    for name, (wanted, _) in cases.items():
        cells = []
        for found in speeds.values():
            ratios = [many / (one * min(wanted, cores)) for many, one in zip(found[name], found[first])]
            cells += [f"{statistics.median(found[name]) / 1e6:.0f}", f"{100 * statistics.median(ratios):.0f} %"]
        print(f"| {name}{f' on {cores} cores' if wanted > cores else ''} | " + " | ".join(cells) + " |")


def scaling(options, runs):
    program = Path(options.builds[0], "kramers-langevin").resolve()
    steps = int(options.seconds * 2e8 / options.walkers)

    def rate(ranks, weak):
        text = walkers_input(options.walkers * (ranks if weak else 1), steps)
        return runs.run([(None, program)] * ranks, text)["walker_steps_per_s"]

    scaling_table(options, "ranks", {str(ranks): (ranks, functools.partial(rate, ranks)) for ranks in (1, 2, 4)})


def grid(options, runs):
    """Threads share the memory of a rank, ranks send halos: one of all, all of one thread, and pairs of threads between."""
    program = Path(options.builds[0], "kramers-jacobi").resolve()
    cores = len(os.sched_getaffinity(0))
    iterations = max(8, int(options.seconds * 5e8 / options.columns**2))
    hashes = {}

    def rate(threads, ranks, weak):
        rows = options.columns * (threads * ranks if weak else 1)
        text = CELLS.format(rows=rows, columns=options.columns, iterations=iterations)
        found = runs.run([(None, program)] * ranks, text, threads=threads)
        if hashes.setdefault(rows, found["state_hash"]) != found["state_hash"]:
            sys.exit(f"{threads} threads x {ranks} ranks: another field than that of the run before, of {rows} rows")
        return found["rate"]["cells_per_s"]

    shapes, wanted = [(1, 1)], 2
    while wanted <= max(4, cores):
        shapes += dict.fromkeys([(threads, wanted // threads) for threads in (wanted, 2, 1) if threads <= cores])
        wanted *= 2
    scaling_table(options, "threads x ranks", {
        f"{threads} x {ranks}": (threads * ranks, functools.partial(rate, threads, ranks)) for threads, ranks in shapes})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["hybrid", "scaling", "grid"])
    parser.add_argument("builds", nargs="+", help="folders of programs")
    parser.add_argument("--walkers", type=int, default=65536)
    parser.add_argument("--columns", type=int, default=4000, help="and rows of a grid")
    parser.add_argument("--seconds", type=float, default=10, help="that a run is to take, about")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--others", type=float, default=0.1, help="cores that other processes may take while it counts")
    parser.add_argument("--attempts", type=int, default=30)
    parser.add_argument("--patience", type=float, default=30, help="seconds to wait for a quiet moment before each attempt")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="kramers-ranks-") as folder:
        {"hybrid": hybrid, "scaling": scaling, "grid": grid}[options.what](options, Runs(folder))
    print(f"\nMillion {UNITS[options.what]}/s, {time.strftime('%d %B %Y')}, medians of {options.repeats} comparisons, in which other "
          f"processes took less than {options.others} cores; load average at the start {load:.1f}.")


if __name__ == "__main__":
    main()

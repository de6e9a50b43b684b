# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs benchmark programs and gathers what they write; pairs of builds in turns."""

import json
import os
import pathlib
import random
import re
import subprocess
import tempfile
import time

from . import BenchError, INVALID_CODE, machine, results

SECONDS = 1800  # that one program may take
OVER_RANKS = ("network_bench",)  # programs that are about several ranks, and need a launcher


def programs_of(folder):
    """The benchmark programs of a build folder or of its bin."""
    folder = pathlib.Path(folder)
    for place in (folder / "bin", folder):
        found = sorted(path for path in place.glob("*_bench") if os.access(path, os.X_OK) and path.is_file())
        if found:
            return found
    raise BenchError(f"invalid build folder: got {folder}; expected one whose bin has programs named *_bench (build them, or "
                     "name another preset)")


def call(command, environment):
    try:
        return subprocess.run([str(word) for word in command], capture_output=True, text=True, env=environment,
                              timeout=SECONDS)
    except subprocess.TimeoutExpired:
        raise BenchError(f"{command[0]} has not ended after {SECONDS} s; name fewer rows with --filter") from None
    except OSError as error:
        raise BenchError(f"{command[0]} cannot be run: {error}") from None


def escaped(name):
    """For Google Benchmark's regular expressions, which know fewer escapes than Python's."""
    return re.sub(r"([.\[\]{}()*+?^$|\\])", r"\\\1", name)


class Suite:
    """Rows of a build that were asked for, and how to run them."""

    def __init__(self, folder, pattern="", rows=None, repetitions=None, launcher=()):
        self.environment, self.launcher = dict(os.environ), launcher
        if repetitions:
            self.environment["KRAMERS_BENCH_REPETITIONS"] = str(repetitions)
        self.selected = []  # (program, names as it knows them)
        self.names = []
        for program in programs_of(folder):
            if program.name in OVER_RANKS and not launcher:
                continue
            listed = self._listed(program)
            wanted = []
            for name in listed:
                full = self._full(program, name)
                if "/smoke" in name or not re.search(pattern, full) or (rows is not None and full not in rows):
                    continue
                wanted.append(name)
                self.names.append(full)
            if wanted:
                self.selected.append((program, wanted))
        if not self.selected:
            raise BenchError(f"invalid --filter: {pattern!r} leaves no row of {folder}; "
                             "kramers-bench run --list names them all")

    @staticmethod
    def _full(program, name):
        return f"{program.name[:-len('_bench')]}/{results.clean(name)}"

    def _command(self, program, *words):
        return [*(self.launcher if program.name in OVER_RANKS else ()), program, *words]

    def _listed(self, program):
        done = call(self._command(program, "--benchmark_list_tests"), self.environment)
        if done.returncode:
            raise BenchError(f"{program} does not measure: {done.stderr.strip() or done.returncode}")
        return [line for line in done.stdout.splitlines() if "/" in line]

    def run(self):
        """One process of every program: its context, and its rows."""
        contexts, entries = {}, []
        with tempfile.TemporaryDirectory() as scratch:
            target = pathlib.Path(scratch) / "rows.json"
            for program, names in self.selected:
                pattern = "^(" + "|".join(escaped(name) for name in names) + ")$"
                done = call(self._command(program, f"--benchmark_filter={pattern}", f"--benchmark_out={target}",
                                          "--benchmark_out_format=json"), self.environment)
                if done.returncode:
                    raise BenchError(f"{program} ended with code {done.returncode}: {done.stderr.strip().splitlines()[-1:]}; "
                                     "a result was wrong, or it could not run", INVALID_CODE)
                found = results.parse(target.read_text(), program)
                contexts[program.name] = found.context
                for rows in found.rows.values():
                    for row in rows:
                        name = self._full(program, row.name)
                        entry = {**row.entry, "name": name, "run_name": name}
                        if row.problem:  # kept as Google Benchmark would: what is not finite does not survive strict JSON
                            entry.update(error_occurred=True, error_message=row.problem)
                        entries.append(entry)
        return contexts, entries


def merged(contexts, processes, before):
    """The document of several processes: rows of one name get a repetition_index each."""
    first = next(iter(contexts.values()))
    about = machine.describe()
    entries = []
    for index, process in enumerate(processes):
        for entry in process:
            entries.append({**entry, "repetitions": len(processes), "repetition_index": index, "run_type": "iteration"})
    return {
        "context": first,
        "benchmarks": entries,
        "kramers": {
            "schema": results.SCHEMA,
            "machine": about,
            "machine_key": machine.key(about, first.get("device", "")),
            "processes": len(processes),
            "load_before": before,
            "load_after": machine.load(),
            "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        },
    }


def run(suite, processes, say):
    before, gathered, contexts = machine.load(), [], {}
    for index in range(processes):
        say(f"process {index + 1} of {processes}")
        contexts, entries = suite.run()
        gathered.append(entries)
    return merged(contexts, gathered, before)


def write(document, path):
    """As strict JSON: what is not finite becomes nothing, so that every reader opens it."""
    def strict(value):
        if isinstance(value, dict):
            return {key: strict(item) for key, item in value.items()}
        if isinstance(value, list):
            return [strict(item) for item in value]
        return None if isinstance(value, float) and value - value != 0 else value
    text = json.dumps(strict(document), indent=1, allow_nan=False) + "\n"
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def order_of_pairs(count, seed):
    """Which side goes first in each pair: A B, B A, A B, ... with the first by chance."""
    first = random.Random(seed).random() < 0.5
    return [first ^ bool(index % 2) for index in range(count)]


def run_pairs(first, second, count, seed, say):
    """Pairs of processes of two suites in turns (A B B A ...): a list of (entries of A, entries of B), and contexts."""
    pairs, contexts = [], ({}, {})
    for index, ahead in enumerate(order_of_pairs(count, seed)):
        say(f"pair {index + 1} of {count}")
        found = [None, None]
        for side in ((0, 1) if ahead else (1, 0)):
            context, found[side] = (first, second)[side].run()
            contexts[side].update(context)
        pairs.append(tuple(found))
    return pairs, contexts

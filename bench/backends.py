#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The same runs on every execution space of a build: are the bits the pinned ones, and how fast is each?

usage: backends.py BIN_FOLDER [--json FILE] [--table FILE.md] [--inputs FOLDER] [--walkers N ...]

Runs kramers-langevin, kramers-spread and kramers-classify of BIN_FOLDER in both precisions on each space, compares the
state hashes with the pinned ones, then times kramers-langevin without samples for numbers of walkers up to the largest
asked for (hosts: a million, from where on theirs stays the same). Exit code 1 where a hash differs, that of the program where
one fails. Rates are those of one run of about a second each and carry no error bar:
bench/README.md has the benchmarks that compare within one process.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

SHORT = ["--set", "run.steps=2000", "--set", "observables.after=1000"]
PINNED = {
    ("langevin", "f64"): "0x88b20b9d76bb921d",
    ("langevin", "f32"): "0x539ac7d213574196",
    ("spread", "f64"): "0x6b297c12afd2013a",
    ("spread", "f32"): "0xe4ab10bb677c8b0c",
    ("classify", "f64"): "0x9615591f866f6a11",
    ("classify", "f32"): "0xb42ffdd836836277",
}
HOSTS = ("serial", "openmp", "threads")
SECONDS = 1.0  # that a timed run should take


class Programs:
    """The programs of a build, run in a scratch folder."""

    def __init__(self, binaries, inputs, scratch):
        self.binaries, self.inputs, self.scratch = binaries, inputs, pathlib.Path(scratch)

    def summary(self, name, *words):
        """What a run writes as its summary."""
        target = self.scratch / "summary.json"
        command = [self.binaries / f"kramers-{name}", *words, "--quiet", "--summary", target]
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
        if done.returncode:
            print(done.stderr.strip() or f"{command[0]} ended with code {done.returncode}", file=sys.stderr)
            raise SystemExit(done.returncode)
        return json.loads(target.read_text())

    def spaces(self):
        text = subprocess.run([str(self.binaries / "kramers-langevin"), "--help"], capture_output=True, text=True,
                              check=True).stdout
        return re.findall(r"\w+", re.search(r"where to run: ([\w, ]+?)(?:\s{2,}|\n|$)", text)[1])

    def hash_of(self, program, space, precision):
        where = ["--space", space, "--precision", precision]
        if program == "langevin":
            return self.summary("langevin", self.inputs / "langevin/double_well.toml", *SHORT, *where)["state_hash"]
        if program == "spread":
            return self.summary("spread", self.inputs / "spread/double_well.toml", *where)["state_hash"]
        data = self.scratch / "spread.h5"
        if not data.exists():
            self.summary("spread", self.inputs / "spread/double_well.toml", "--output", data)
        return self.summary("classify", "train", data, self.inputs / "classify/spread.toml", *where)["model"]["state_hash"]

    def rate(self, space, precision, walkers):
        """Walker-steps per second of one launch after another, and the bytes of state that they take."""
        steps = 100
        for _ in range(3):  # until the run is long enough to be worth timing
            settings = {"ensemble.walkers": walkers, "run.steps": steps, "observables.after": steps - 1,
                        "observables.frame_every": steps, "output.trajectory.walkers": 0}  # nothing but the steps
            words = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
            out = self.summary("langevin", self.inputs / "langevin/double_well.toml", *words, "--space", space,
                               "--precision", precision)
            if out["wall_s"] > 0.3 * SECONDS:
                break
            steps = int(min(steps * SECONDS / max(out["wall_s"], 1e-4), 1e8))
        return out["walker_steps_per_s"], out["memory"]["state_bytes"], out


def markdown(report):
    lines = ["| run | precision | space | state hash | pinned |", "|---|---|---|---|---|"]
    for row in report["hashes"]:
        lines.append(f"| {row['run']} | {row['precision']} | {row['space']} | {row['hash']} | "
                     f"{'same' if row['same'] else 'DIFFERS from ' + row['pinned']} |")
    lines += ["", "| walkers | precision | space | walker-steps per second | state [MB] |", "|---|---|---|---|---|"]
    for row in report["rates"]:
        lines.append(f"| {row['walkers']} | {row['precision']} | {row['space']} | {row['walker_steps_per_s']:.3g} | "
                     f"{row['state_bytes'] / 1e6:.1f} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path, help="folder with the programs")
    parser.add_argument("--inputs", type=pathlib.Path, default=pathlib.Path(__file__).parent.parent / "apps")
    parser.add_argument("--walkers", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--table", type=pathlib.Path)
    arguments = parser.parse_args()
    missing = [name for name in ("langevin", "spread", "classify") if not (arguments.folder / f"kramers-{name}").is_file()]
    if missing:
        parser.error(f"{arguments.folder} has no kramers-{missing[0]}: name the folder bin of a build with HDF5")
    report = {"hashes": [], "rates": []}
    with tempfile.TemporaryDirectory() as scratch:
        programs = Programs(arguments.folder.resolve(), arguments.inputs.resolve(), scratch)
        spaces = programs.spaces()
        for (run, precision), pinned in PINNED.items():
            for space in spaces:
                found = programs.hash_of(run, space, precision)
                report["hashes"].append({"run": run, "precision": precision, "space": space, "hash": found,
                                         "pinned": pinned, "same": found == pinned})
        for walkers in arguments.walkers:
            for precision in ("f64", "f32"):
                for space in spaces:
                    if space in HOSTS and walkers > 1_000_000:
                        continue
                    rate, size, summary = programs.rate(space, precision, walkers)
                    report["rates"].append({"walkers": walkers, "precision": precision, "space": space,
                                            "walker_steps_per_s": rate, "state_bytes": size})
                    report["provenance"] = summary.get("provenance", {})
    text = markdown(report)
    print(text, end="")
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")
    if arguments.table:
        arguments.table.write_text(text)
    return 0 if all(row["same"] for row in report["hashes"]) else 1


if __name__ == "__main__":
    sys.exit(main())

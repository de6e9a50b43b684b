#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How accurate can a classifier be whose labels are noisy?

The class of a point comes from the spread of a few members, so that other members may give it another class. This program
repeats the members of all points on the same trunk (spread.seed of kramers-spread) and gives the repetitions their classes
with the thresholds of the classifier. The limit is the share of labels that the best guess for each point, its most
frequent class, gets right. Guess and share come from different halves of the repetitions, or the limit would be too high.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("results", metavar="RESULTS.h5", type=Path, help="what kramers-classify train has written")
    parser.add_argument("input", metavar="SPREAD.toml", type=Path, help="input of the spread map it was trained on")
    parser.add_argument("--spread", metavar="PROGRAM", default="kramers-spread", help="default: kramers-spread")
    parser.add_argument("--repetitions", metavar="N", type=int, default=400, help="an even number (default: 400)")
    parser.add_argument("--first-seed", metavar="SEED", type=int, default=1000, help="of N (default: 1000)")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the numbers here, too")
    options = parser.parse_args()
    if options.repetitions < 2 or options.repetitions % 2:
        parser.error("--repetitions must be an even number above 0")
    return options


def spreads(options, folder, seed=None):
    """The spread of all points of one map."""
    import h5py

    file = folder / "map.h5"
    change = [] if seed is None else ["--set", f"spread.seed={seed}"]
    subprocess.run([options.spread, options.input, "--quiet", "--output", file, *change], check=True,
                   env={"OMP_NUM_THREADS": "1", "OMP_PROC_BIND": "false", **os.environ})
    with h5py.File(file) as result:
        return result["spread/spread"][:]


def main():
    options = arguments()
    import h5py
    import numpy as np

    with h5py.File(options.results) as file:
        points = file["classifier/points"]
        thresholds = file["classifier"].attrs["thresholds"]
        measured, raw, predicted = (points[name][:] for name in ("spread", "raw_class", "predicted_class"))
        held_out = points["held_out"][:] == 1
    classes = len(thresholds) + 1
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if not np.array_equal(spreads(options, folder), measured):
            sys.exit(f"label_noise.py: {options.input} does not give the points of {options.results}")
        labels = np.array([np.searchsorted(thresholds, spreads(options, folder, options.first_seed + i), side="right")
                           for i in range(options.repetitions)])
    half = options.repetitions // 2
    halves = labels[:half], labels[half:]

    def best_guess(repetitions):
        return np.array([(repetitions == k).mean(axis=0) for k in range(classes)]).argmax(axis=0)

    guess = best_guess(labels)
    numbers = {"repetitions": options.repetitions}
    for part, rows in (("held_out", held_out), ("all", np.ones_like(held_out))):
        limit = np.mean([(one == best_guess(other))[:, rows].mean() for one, other in (halves, halves[::-1])])
        numbers[part] = {"points": int(rows.sum()),
                         "limit": limit,
                         "limit_on_these_labels": (raw == guess)[rows].mean(),
                         "accuracy_on_repeated_labels": (labels == predicted)[:, rows].mean(),
                         "accuracy": (raw == predicted)[rows].mean(),
                         "agreement_with_best_guess": (predicted == guess)[rows].mean()}
    for part in ("held_out", "all"):
        found = numbers[part]
        print(f"{found['points']} points ({part.replace('_', ' ')}), {options.repetitions} repetitions")
        print(f"  labels of the dataset    classifier {found['accuracy']:.4f}   best guess {found['limit_on_these_labels']:.4f}")
        print(f"  labels of repetitions    classifier {found['accuracy_on_repeated_labels']:.4f}   best guess "
              f"{found['limit']:.4f}  (the limit)")
        print(f"  classifier = best guess at {found['agreement_with_best_guess']:.4f} of the points")
    if options.json:
        options.json.write_text(json.dumps(numbers, indent=2) + "\n")


if __name__ == "__main__":
    main()

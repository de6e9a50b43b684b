# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The training that every peer does: a cloud of 833 points classified by the distance from its centre, as in ml_bench, in
batches of 128 (the last has 65), Adam 1e-2.

`train(x, y, epochs)` starts anew and returns a function that predicts classes.
"""

import argparse
import json
import time

import numpy

POINTS, BATCH, LEARNING_RATE, SEED = 833, 128, 1e-2, 2026


def main(train, version):
    parser = argparse.ArgumentParser()
    parser.add_argument("variant", choices=["float32", "float64"])
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--blocks", type=int, required=True, help="times to measure")
    words = parser.parse_args()
    x = numpy.random.default_rng(SEED).standard_normal((POINTS, 2)).astype(words.variant)
    far = (x * x).sum(axis=1)
    y = (far > 0.81).astype(numpy.int64) + (far > 2.2)
    train(x, y, 2)  # whatever is set up at first use
    wall, cpu = [], []
    for _ in range(words.blocks):
        start, cpu_start = time.perf_counter(), time.process_time()
        predict = train(x, y, words.epochs)
        cpu.append(time.process_time() - cpu_start)
        wall.append(time.perf_counter() - start)
    accuracy = float((predict(x) == y).mean())
    print(json.dumps({"version": version, "work": words.epochs, "wall_s": wall, "cpu_s": cpu,
                      "means": {"accuracy": accuracy}}))

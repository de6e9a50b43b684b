#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Exact 95 % intervals of Poisson means and of probabilities by SciPy: the constants of confidence_test.cpp.

usage: intervals.py [--check]

Prints the rows of the test's two tables. --check compares those in the test with them; exit code 77 says that SciPy
is missing.
"""

import pathlib
import re
import sys

try:
    from scipy import stats
except ImportError:
    print("skipped: no SciPy")
    sys.exit(77)

TEST = pathlib.Path(__file__).parent.parent / "confidence_test.cpp"
EVENTS = (1, 2, 5, 20, 100, 999, 10000, 10001, 1000000, 1000000000, 1000000000000)
TRIALS = ((1, 2), (1, 10), (3, 10), (5, 1000), (999, 1000), (500, 1000), (20, 100000000), (9999, 50000),
          (20000, 50000), (1000000, 3000000))


def poisson(events: int) -> tuple[float, float]:
    return stats.chi2.ppf(0.025, 2 * events) / 2, stats.chi2.isf(0.025, 2 * events + 2) / 2


def binomial(hits: int, trials: int) -> tuple[float, float]:
    return stats.beta.ppf(0.025, hits, trials - hits + 1), stats.beta.isf(0.025, hits + 1, trials - hits)


def main() -> int:
    rows = [f"{{{n}, {poisson(n)[0]:.15g}, {poisson(n)[1]:.15g}}}" for n in EVENTS]
    rows += [f"{{{k}, {n}, {binomial(k, n)[0]:.12g}, {binomial(k, n)[1]:.12g}}}" for k, n in TRIALS]
    print(",\n".join(rows))
    if "--check" not in sys.argv:
        return 0
    text = TEST.read_text(encoding="utf-8")
    numbers = [[float(x) for x in re.split(", ", row)] for row in re.findall(r"\{(\d+(?:, [\d.e+-]+){2,3})\}", text)]
    wrong = 0
    for row in rows:
        want = [float(x) for x in row.strip("{}").split(", ")]
        near = [have for have in numbers if len(have) == len(want)
                and all(abs(a - b) <= 1e-9 * abs(b) for a, b in zip(have, want))]
        if not near:
            print(f"not in {TEST.name}: {row}")
            wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the benchmarks, compares their results honestly, and reports them: bench/README.md. Standard library only."""


class BenchError(Exception):
    """Something that a command cannot go on with: one sentence, and the exit code that says of which kind."""

    def __init__(self, message, code=64):
        super().__init__(message)
        self.code = code


# Exit codes: what a script can act on.
OK, SLOWER_CODE, UNSURE_CODE, UNCALIBRATED, INVALID_CODE, USAGE = 0, 1, 2, 3, 4, 64

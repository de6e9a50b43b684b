#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""bench/gpu_limits.py finds the loops it looks for, and the speed aimed at is one that an H200 can reach.

usage: limits.py BUILD_FOLDER     of the preset cuda-check
"""

import collections
import pathlib
import re
import struct
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench"))
import gpu_limits
import machine_code


def word(name: str, turns: int = 0, predicate: int = 7) -> bytes:
    """One instruction; a branch goes so many instructions on, counted from the next."""
    code = next(code for code, other in machine_code.NAMES.items() if other == name)
    distance = turns * 4  # in units of 4 bytes: the lowest 8 bits stand at 16, the others from 34 on
    rest = (distance >> 8) & (1 << 48) - 1
    return struct.pack("<QQ", code | predicate << 12 | (distance & 0xFF) << 16 | (rest << 34) & (1 << 64) - 1,
                       rest >> 30 | 7 << 23)


class HotLoop(unittest.TestCase):
    needed = collections.Counter({"FFMA": 2})

    def test_way_past_what_is_avoided(self):
        code = (word("MOV") + word("FFMA") + word("BRA", 2, predicate=0) + word("CALL") + word("FFMA")
                + word("BRA", 1, predicate=0) + word("FFMA") + word("BRA", -7, predicate=0) + word("EXIT"))
        turn = machine_code.hot_loop(code, machine_code.CALLS, self.needed)
        self.assertEqual(turn, {"FFMA": 2, "BRA": 3})

    def test_loop_within_a_loop(self):
        inner = word("FFMA") + word("BRA", -2, predicate=0)
        code = word("FFMA") + inner + word("FFMA") + word("BRA", -5, predicate=0) + word("EXIT")
        self.assertIsNone(machine_code.hot_loop(code, machine_code.CALLS, self.needed))


class Bounds(unittest.TestCase):
    folder: pathlib.Path

    def test_targets(self):
        pattern = "|".join(re.escape(name) for name in gpu_limits.TARGETS)
        found = {row[0].name: row[1:] for row in gpu_limits.rows(self.folder, f"^({pattern})$")}
        self.assertEqual(set(found), set(gpu_limits.TARGETS))
        for name, (unit, _, pipes, limit) in found.items():
            with self.subTest(name):
                self.assertEqual(unit, "walker-step")  # the loop was found
                self.assertEqual(pipes["unknown"], 0)
                self.assertEqual(pipes["memory"], 0)
                # A step of BAOAB takes 5 multiply-adds, and half a normal pair 17 (fp64) or a quarter of two 10 (fp32).
                self.assertGreaterEqual(pipes["FP64" if "double" in name else "FP32"], 22 if "double" in name else 15)
                self.assertGreater(min(limit.values()), gpu_limits.TARGETS[name])


if __name__ == "__main__":
    Bounds.folder = pathlib.Path(sys.argv.pop())
    unittest.main()

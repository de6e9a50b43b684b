# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Which build of a program starts, among stand-ins for those of x86-64-v3 and -v4 that say who they are."""
import os
from pathlib import Path
import platform
import shutil
import subprocess
import sys
import tempfile
import unittest

# Of x86-64-ABI 1.0, table 3.1, as Linux names them.
V3 = {"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave"}
V4 = {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}


def levels_here():
    """What Linux says of the processor, best first."""
    flags = set()
    if platform.machine() == "x86_64":
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        flags = set(next(line for line in lines if line.startswith("flags")).split())
    return (["x86-64-v4"] if flags >= V3 | V4 else []) + (["x86-64-v3"] if flags >= V3 else [])


class Builds(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name) / "a prefix"
        (self.root / "bin").mkdir(parents=True)
        self.program = self.root / "bin/kramers-any"
        shutil.copy(PROBE, self.program)

    def add(self, *levels):
        for level in levels:
            build = self.root / f"libexec/kramers/{level}/kramers-any"
            build.parent.mkdir(parents=True)
            build.write_text(f'#!/bin/sh\necho {level} "$@" $HANDED_ON\nexit 7\n')
            build.chmod(0o755)

    def run_program(self, *words, program=None, **environment):
        clean = {name: value for name, value in os.environ.items() if name != "KRAMERS_CPU_LEVEL"}
        ran = subprocess.run([program or self.program, *words], env={**clean, **environment}, capture_output=True, text=True)
        return ran.returncode, ran.stdout.strip()

    def test_the_best_that_the_processor_has(self):
        self.add("x86-64-v3", "x86-64-v4")
        here = levels_here()
        if not here:
            self.assertEqual(self.run_program(), (0, "baseline"))
            return
        self.assertEqual(self.run_program("--words", "with blanks", HANDED_ON="on"), (7, f"{here[0]} --words with blanks on"))
        link = self.root / "link"
        link.symlink_to(self.program)
        self.assertEqual(self.run_program(program=link), (7, here[0]))
        for level in here:
            self.assertEqual(self.run_program(KRAMERS_CPU_LEVEL=level), (7, level))
        self.assertEqual(self.run_program(KRAMERS_CPU_LEVEL="baseline"), (0, "baseline"))

    def test_the_next_one_where_one_is_not_installed(self):
        self.assertEqual(self.run_program(), (0, "baseline"))
        self.add("x86-64-v3")
        expected = (7, "x86-64-v3") if "x86-64-v3" in levels_here() else (0, "baseline")
        self.assertEqual(self.run_program(), expected)

    def test_a_level_that_cannot_be_had(self):
        status, told = self.run_program(KRAMERS_CPU_LEVEL="x86-64-v9")
        known = " or ".join([*levels_here(), "baseline"])
        self.assertEqual((status, told), (1, f"invalid KRAMERS_CPU_LEVEL: got x86-64-v9; expected a level of this processor, {known}"))
        for level in levels_here():
            status, told = self.run_program(KRAMERS_CPU_LEVEL=level)
            self.assertEqual(status, 1)
            self.assertEqual(told, f"invalid KRAMERS_CPU_LEVEL: got {level}; expected one that is installed, but "
                             f"{self.root}/libexec/kramers/{level}/kramers-any does not start: No such file or directory")


if __name__ == "__main__":
    PROBE = sys.argv.pop(1)
    unittest.main(verbosity=2)

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The bits of ensembles on other processors: programs made from bits.cpp against kramers-langevin on this one."""
import argparse
import json
from pathlib import Path
import subprocess
import sys
import tempfile
import unittest

STUDIES = {
    "double_well": """
integrator = {dt = 0.02, friction = 1.0, temperature = 0.2, mass = 1.0}
initial = {position = [-1.0]}
""",
    "mueller_brown": """
integrator = {dt = 0.004, friction = 10.0, temperature = 15.0, mass = 1.0}
initial = {position = [-0.558, 1.442]}
""",
}
COMMON = "ensemble = {walkers = 256, seed = 1}\nrun = {steps = 203}\n"

parser = argparse.ArgumentParser()
parser.add_argument("--langevin", required=True)
parser.add_argument("--emulator", help="of aarch64")
parser.add_argument("programs", nargs="+")
options, unittest_words = parser.parse_known_args()


def hashes_here():
    """What kramers-langevin gives: {"double_well double": hash, ...}."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, text in STUDIES.items():
            study = Path(folder, "study.toml")
            study.write_text(COMMON + f'potential = {{kind = "{name}"}}\n' + text)
            for precision in ("f64", "f32"):
                summary = Path(folder, "summary.json")
                subprocess.run([options.langevin, study, f'--precision={precision}', "--overwrite", "--quiet",
                                f"--summary={summary}"], check=True, capture_output=True, timeout=60)
                found[f"{name} {precision}"] = json.loads(summary.read_text())["state_hash"]
    return found


class Bits(unittest.TestCase):
    def test_every_processor_and_compiler_gives_the_bits_of_this_one(self):
        expected = hashes_here()
        self.assertEqual(len(expected), 4)
        for program in options.programs:
            with self.subTest(program=Path(program).name):
                emulated = "aarch64" in program
                output = subprocess.run([*([options.emulator] if emulated else []), program], check=True, text=True,
                                        capture_output=True, timeout=60).stdout
                self.assertEqual(dict(line.rsplit(" ", 1) for line in output.splitlines()), expected)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *unittest_words])

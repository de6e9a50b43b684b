# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The Python recipes of examples/recipes.md, on files of a short run and a short sweep."""
import argparse
import importlib.util
import os
from pathlib import Path
import re
import subprocess
import sys
import tempfile
import unittest

SOURCE = Path(__file__).resolve().parents[2]
INPUT = """
units = {system = "md"}
ensemble = {walkers = 256, seed = 1}
potential = {kind = "double_well", barrier = "8 kJ/mol"}
integrator = {dt = "20 fs", friction = "2/ps", temperature = 300, mass = "10 u"}
run = {steps = 2000}
observables = {core_sets = [-1.0, 1.0], histogram = {bins = [20], lower = [-2.0], upper = [2.0]}}
output = {trajectory = {walkers = 5, every = 100, dimensions = 3}}
"""
SWEEP = ("--set", "integrator.friction=[1.0, 2.0, 4.0]", "--set", "output.trajectory.walkers=0")
# What each prints or writes, by the heading it stands under.
EXPECTED = {
    "Numbers with their errors and units (h5py)": r"(?m)^kinetic_temperature 2\.\d+ \+- 0\.\d+ kJ/mol$",
    "A free energy as a table (NumPy)": r"^$",
    "Trajectories (NumPy)": r"^5 walkers, 21 frames up to 40; last mean -?\d\.\d{3} nm$",
    "Trajectories in MDAnalysis": r"^$",
    "A sweep as a data frame (pandas)": r"integrator\.friction +rate +error +exact",
}

parser = argparse.ArgumentParser()
parser.add_argument("--langevin", required=True)
options, unittest_words = parser.parse_known_args()


def recipes():
    text = (SOURCE / "examples" / "recipes.md").read_text()
    return dict(re.findall(r"^## ([^\n]+)\n```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))


class Recipes(unittest.TestCase):
    def test_each_does_what_it_says(self):
        self.assertEqual(set(recipes()), set(EXPECTED))
        with tempfile.TemporaryDirectory(prefix="kramers-recipes-") as folder:
            (Path(folder) / "input.toml").write_text(INPUT)
            for words in (("--output", "study.h5"), ("--output", "sweep.h5", *SWEEP)):
                subprocess.run([options.langevin, "input.toml", "--quiet", "--topology", "off", *words], cwd=folder,
                               env={**os.environ, "OMP_NUM_THREADS": "1", "OMP_PROC_BIND": "false"}, check=True)
            for name, recipe in recipes().items():
                packages = set(re.findall(r"^import (\w+)", recipe, re.MULTILINE))
                missing = sorted(package for package in packages if importlib.util.find_spec(package) is None)
                if missing:
                    print(f"left out, for want of {', '.join(missing)}: {name}")
                    continue
                with self.subTest(name):
                    self.assertLessEqual(len(recipe.splitlines()), 11)
                    ended = subprocess.run([sys.executable, "-c", recipe], cwd=folder, capture_output=True, text=True)
                    self.assertEqual((ended.returncode, ended.stderr), (0, ""))
                    self.assertRegex(ended.stdout.strip() if EXPECTED[name] == "^$" else ended.stdout, EXPECTED[name])
            lines = (Path(folder) / "free_energy.csv").read_text().splitlines()
            self.assertEqual(lines[0], "# position,value,error,exact")
            self.assertGreater(len(lines), 8)


if __name__ == "__main__":
    if importlib.util.find_spec("h5py") is None:
        print("skipped: this Python has no h5py")
        sys.exit(77)
    unittest.main(argv=[sys.argv[0], *unittest_words])

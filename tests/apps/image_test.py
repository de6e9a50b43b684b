# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""VTK's own reader finds in the files of kramers-jacobi and kramers-channel what h5py finds. VTK is on this machine or in
the root of `./dev peers`; without it the test is skipped."""
import argparse
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

MISSING = [name for name in ("numpy", "h5py") if importlib.util.find_spec(name) is None]
if MISSING:
    print(f"skipped: this Python lacks {', '.join(MISSING)}")
    sys.exit(77)

import h5py
import numpy as np

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parents[1]
sys.path.insert(0, str(SOURCE / "bench"))
from kramers_bench import peers

PATIENCE = 120  # only a program that hangs gets there
parser = argparse.ArgumentParser()
parser.add_argument("--jacobi", default="kramers-jacobi")
parser.add_argument("--channel", default="kramers-channel")
parser.add_argument("--launcher", action="append", default=[],
                    help="a word of what starts several ranks; NP stands for their number")
options, unittest_words = parser.parse_known_args()


def vtk(*words):
    """What read_image.py, or another command of a Python that has VTK, answers."""
    return peers.call([*peers.python(HERE), "-B", *words], 1)


def why_missing():
    """Why VTK cannot be asked; nothing where it can."""
    try:
        asked = vtk("-c", "import numpy\nfrom vtkmodules.vtkIOHDF import vtkHDFReader")
    except OSError as error:
        return str(error)
    if asked.returncode == 0:
        return ""
    return (asked.stderr.strip().splitlines() or ["python3 cannot be run"])[-1]


class Image(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="kramers-image-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def written(self, program, shipped, sets, ranks=1):
        """The file of a run."""
        launcher = [str(ranks) if word == "NP" else word for word in options.launcher] if ranks > 1 else []
        command = [*launcher, program, str(SOURCE / "apps" / shipped), "--topology", "off", "--quiet", "--overwrite",
                   "--output", "field.h5", *(word for assignment in sets for word in ("--set", assignment))]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OMP_PROC_BIND": "false"}
        outcome = subprocess.run(command, cwd=self.folder, env=environment, text=True, capture_output=True,
                                 stdin=subprocess.DEVNULL, timeout=PATIENCE, check=False)
        self.assertEqual(outcome.returncode, 0, outcome.stderr)
        return self.folder / "field.h5"

    def compare(self, path, names, spacing):
        """Each number that VTK reads is the one that h5py reads, and lies where the run had it."""
        answer = vtk(HERE / "read_image.py", path, self.folder)
        self.assertEqual(answer.returncode, 0, answer.stderr)
        found = json.loads(answer.stdout.splitlines()[-1])
        self.assertEqual((found["can_read"], found["kind"]), (True, "vtkImageData"), answer.stderr)
        # An array that VTK cannot read is left out, with an error on standard error and no other sign.
        self.assertEqual(sorted(found["arrays"]), names, answer.stderr)
        with h5py.File(path) as file:
            image = file["VTKHDF"]
            rows, columns = image[f"PointData/{names[0]}"].shape
            self.assertEqual(found["dimensions"], [columns, rows, 1])
            self.assertEqual(found["spacing"], list(image.attrs["Spacing"]))
            self.assertEqual(found["spacing"], [*spacing, 1])
            self.assertEqual(found["origin"], list(image.attrs["Origin"]))
            np.testing.assert_allclose(found["last"], [spacing[0] * (columns - 1), spacing[1] * (rows - 1), 0],
                                       rtol=1e-15)
            for name in names:
                values = image[f"PointData/{name}"][:]
                read = np.load(self.folder / f"{name}.npy")
                self.assertEqual(read.dtype, np.float64)
                # Points go along rows; one component each.
                np.testing.assert_array_equal(read, values.ravel(), name)
                self.assertGreater(np.ptp(values), 0, "a field that is the same everywhere would tell nothing")

    def test_jacobi(self):
        """Rows and columns differ in number, so that none is taken for the other."""
        sets = ("grid.rows=40", "grid.columns=60", "jacobi.iterations=50", "jacobi.check=10")
        for ranks in (1, 3) if options.launcher else (1,):
            with self.subTest(ranks=ranks):
                path = self.written(options.jacobi, "jacobi/laplace.toml", sets, ranks)
                self.compare(path, ["p"], [1 / 59, 1 / 39])

    def test_channel(self):
        sets = ("grid.rows=21", "grid.columns=31", 'flow.start="perturbed"', "flow.dt=0.002", "flow.steps=3")
        shipped = self.folder / "perturbed.toml"
        shipped.write_text("".join(f"{assignment}\n" for assignment in sets))
        path = self.written(options.channel, shipped, ())
        self.compare(path, ["p", "u", "v"], [2 / 30, 2 / 20])


if __name__ == "__main__":
    reason = why_missing()
    if reason:
        print(f"skipped: {reason}: ./dev peers has VTK")
        sys.exit(77)
    unittest.main(argv=[sys.argv[0], *unittest_words])

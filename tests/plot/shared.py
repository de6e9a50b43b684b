# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the tests of kramers-plot share: a run of the program, files that are made once, what a figure says. Ends with 77
where Python lacks a module."""
import importlib.util
import io
import sys
import tempfile
import unittest
import warnings
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

MISSING = [name for name in ("numpy", "h5py", "matplotlib") if importlib.util.find_spec(name) is None]
if MISSING:
    print(f"skipped: this Python lacks {', '.join(MISSING)}")
    sys.exit(77)

import h5py

PLOT = Path(__file__).resolve().parents[2] / "apps" / "plot"
sys.path.insert(0, str(PLOT))
import fixtures
from kramers_plot import style
from kramers_plot.command_line import FIGURES, main
from kramers_plot.result_file import ResultFile

LANGEVIN = ["free_energy", "trajectory", "population", "correlation", "survival", "core_set_relaxation"]
RATES = ["rate_sweep"]
RARE = ["splitting"]
SPREAD = ["trunk", "spread_map", "spread_time"]
CLASSIFY = ["classes", "loss", "evaluation", "sweep"]

FILES = {"langevin": fixtures.langevin, "mueller_brown": fixtures.mueller_brown, "rates": fixtures.rates,
         "rates_two": lambda path: fixtures.rates(path, two_keys=True), "rare": fixtures.rare,
         "spread": lambda path: fixtures.spread(path, steps=300), "classify": fixtures.classify}


class Answer:
    """What a run of the program gave."""

    def __init__(self, *arguments, ignoring_warnings=False):
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err), warnings.catch_warnings():
            warnings.simplefilter("ignore" if ignoring_warnings else "error")
            try:
                self.returncode = main([str(word) for word in arguments])
            except SystemExit as leave:  # --help
                self.returncode = leave.code
        self.stdout, self.stderr = out.getvalue(), err.getvalue()


def make_files(*names):
    """For setUpModule: the result files that the tests of a module read, or all."""
    folder = tempfile.TemporaryDirectory()
    unittest.addModuleCleanup(folder.cleanup)
    WithFiles.files = Path(folder.name)
    for name in names or FILES:
        FILES[name](WithFiles.files / f"{name}.h5")


class WithFiles(unittest.TestCase):
    """Result files that are made once; each test may write into a folder of its own."""

    def setUp(self):
        own = tempfile.TemporaryDirectory()
        self.addCleanup(own.cleanup)
        self.own = Path(own.name)
        style.apply()

    def changed(self, name, change):
        """A copy of a file to which `change` was done."""
        path = self.own / f"changed_{name}.h5"
        path.write_bytes((self.files / f"{name}.h5").read_bytes())
        with h5py.File(path, "r+") as file:
            change(file)
        return path

    def draw(self, function, path):
        with ResultFile(path) as result:
            return function(result)


def figures_of(name):
    """Those that are drawn from the group of this dataset."""
    return [figure for figure, (_, group, _) in FIGURES.items()
            if name.split("/")[:2] == group.split("/")[:2] or name.split("/")[0] == group]


def lines(axes):
    return {line.get_label(): line for line in axes.get_lines()}


def legend(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]

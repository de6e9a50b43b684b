#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tests of the figures of kramers-rare."""
import tempfile
import unittest
from pathlib import Path

import figures_test as shared  # ends with 77 where modules are missing
import fixtures
import h5py
import numpy as np
from kramers_plot import rare
from kramers_plot.errors import BadData


def setUpModule():
    folder = tempfile.TemporaryDirectory()
    unittest.addModuleCleanup(folder.cleanup)
    shared.WithFiles.files = Path(folder.name)
    fixtures.rare(shared.WithFiles.files / "rare.h5")
    fixtures.weighted(shared.WithFiles.files / "weighted.h5")


class Contents(shared.WithFiles):
    def test_splitting_has_the_mean_over_repeats(self):
        figure = self.draw(rare.splitting, self.files / "rare.h5")
        level, beside = figure.axes
        with h5py.File(self.files / "rare.h5") as file:
            reached, rates = file["kramers/rare/probability"][:], file["kramers/rare/repeats/rate"][:]
            exact = file["kramers/rare"].attrs["exact_rate"]
        self.assertEqual(level.get_yscale(), "log")
        np.testing.assert_array_equal(level.lines[0].get_ydata(), reached)
        np.testing.assert_allclose(beside.lines[0].get_ydata(), np.cumsum(rates) / np.arange(1, rates.size + 1))
        self.assertEqual(beside.lines[2].get_ydata()[0], exact)
        error = rates.std(ddof=1) / np.sqrt(rates.size)
        top = beside.collections[0].get_paths()[0].vertices[:, 1].max()
        self.assertGreaterEqual(top, rates.mean() + 0.999 * error)
        self.assertIn("24 repeats", shared.legend(beside))
        with self.assertRaisesRegex(BadData, "no rate above zero"):
            self.draw(rare.splitting, self.changed("rare", lambda file: file["kramers/rare"].attrs.update(rate=0.0)))

    def test_a_weighted_ensemble_has_the_weight_of_each_bin(self):
        figure = self.draw(rare.weighted, self.files / "weighted.h5")
        axes, beside = figure.axes
        with h5py.File(self.files / "weighted.h5") as file:
            edges, weight = file["kramers/rare/level"][:], file["kramers/rare/weight"][:]
            rates, exact = file["kramers/rare/repeats/rate"][:], file["kramers/rare"].attrs["exact_rate"]
        self.assertEqual(axes.get_yscale(), "log")
        shown = axes.patches[0].get_data()
        np.testing.assert_array_equal(shown.edges, edges)
        np.testing.assert_array_equal(shown.values, np.where(weight > 0, weight, np.nan))
        self.assertEqual(axes.get_title("right"), "no weight in 1 of 20 bins")
        np.testing.assert_allclose(beside.lines[0].get_ydata()[-1], rates.mean())
        self.assertEqual(beside.lines[2].get_ydata()[0], exact)
        self.assertIn("16 repeats", shared.legend(beside))

    def test_a_damaged_weighted_ensemble_is_refused(self):
        def replaced(name, values):
            def change(file):
                del file[f"kramers/rare/{name}"]
                file[f"kramers/rare/{name}"] = values
            return change

        for name, values, said in (("weight", np.zeros(20), "no number above zero"), ("weight", np.full(20, -1.0), "some below"),
                                   ("weight", np.ones(7), "not one number more"), ("level", np.ones(21), "does not rise"),
                                   ("repeats/rate", np.full(16, np.nan), "no finite number")):
            with self.assertRaisesRegex(BadData, said):
                self.draw(rare.weighted, self.changed("weighted", replaced(name, values)))


class Program(shared.WithFiles):
    def test_draws_what_each_file_holds(self):
        for style in ((), ("--style", "paper", "--column", "1")):
            answer = shared.Answer(*(self.files / f"{name}.h5" for name in ("rare", "weighted")), "--output-dir", self.own,
                                   "--format", "png", "--dpi", 40, *style)
            self.assertEqual((answer.returncode, answer.stderr), (0, ""))
            self.assertEqual({path.name for path in self.own.iterdir()}, {"rare_splitting.png", "weighted_weighted.png"})


if __name__ == "__main__":
    unittest.main()

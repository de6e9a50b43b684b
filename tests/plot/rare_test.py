#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tests of the figures of kramers-rare."""
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import shared  # ends with 77 where modules are missing
import fixtures
import h5py
import numpy as np
from kramers_plot import rare, reactive_paths
from kramers_plot.errors import BadData
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection


def setUpModule():
    folder = tempfile.TemporaryDirectory()
    unittest.addModuleCleanup(folder.cleanup)
    shared.WithFiles.files = Path(folder.name)
    fixtures.rare(shared.WithFiles.files / "rare.h5")
    fixtures.weighted(shared.WithFiles.files / "weighted.h5")
    fixtures.reactive_paths(shared.WithFiles.files / "paths.h5")
    fixtures.reactive_paths(shared.WithFiles.files / "plane.h5", plane=True)
    fixtures.reactive_paths(shared.WithFiles.files / "overdamped.h5", overdamped=True)


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


class ReactivePaths(shared.WithFiles):
    def lines(self, axes):
        return next(one for one in axes.collections if isinstance(one, LineCollection))

    def test_each_path_is_a_line_from_the_first_level_to_b(self):
        for name, other in (("paths", "velocity"), ("plane", "position")):
            figure = self.draw(reactive_paths.reactive_paths, self.files / f"{name}.h5")
            own, beside = figure.axes[:2]
            with h5py.File(self.files / f"{name}.h5") as file:
                offset = file["kramers/rare/paths/offset"][:]
                time, x = file["particles/paths/position/time"][:], file["particles/paths/position/value"][:, 0, 0]
                y = file[f"particles/paths/{other}/value"][:, 0, -1]
                weight = file["kramers/rare/paths/weight"][:]
            for axes, columns in ((own, (time, x)), (beside, (x, y))):
                drawn = self.lines(axes).get_segments()
                self.assertEqual(len(drawn), offset.size - 1)
                for line, begin, end in zip(drawn, offset[:-1], offset[1:]):
                    np.testing.assert_array_equal(line, np.column_stack([column[begin:end] for column in columns]))
                for marks, rows in zip(axes.lines, (offset[:-1], offset[1:] - 1)):
                    np.testing.assert_array_equal(marks.get_ydata(), columns[1][rows])
            self.assertEqual(np.argmax(self.lines(own).get_colors()[:, 3]), np.argmax(weight))
            self.assertIn("state B", shared.legend(own))
            self.assertIn("5\\ reactive\\ paths", figure.get_suptitle())

    def test_contours_are_those_of_the_energy(self):
        """In kT over the lowest, and with the kinetic energy where the other axis is the velocity."""
        for name, expected in (("paths", 0.5), ("plane", 1.0)):
            with mock.patch("matplotlib.axes.Axes.contourf", autospec=True, side_effect=Axes.contourf) as contourf:
                self.draw(reactive_paths.reactive_paths, self.files / f"{name}.h5")
            _, x, y, energy = contourf.call_args.args
            wanted = ((x**2 - 1)**2 + expected * y[:, None]**2) / fixtures.KT
            np.testing.assert_allclose(energy, wanted - wanted.min(), rtol=1e-12, atol=1e-12)

    def test_without_velocities_there_is_one_panel(self):
        figure = self.draw(reactive_paths.reactive_paths, self.files / "overdamped.h5")
        self.assertEqual(len(figure.axes), 1)

    def test_damaged_paths_are_refused(self):
        def replaced(name, values):
            def change(file):
                del file[name]
                file[name] = values
            return change

        for name, values, said in (("kramers/rare/paths/offset", np.array([0, 3]), "does not divide"),
                                   ("kramers/rare/paths/offset", np.array([0, 500, 3]), "does not divide"),
                                   ("kramers/rare/paths/weight", np.ones(3), "no weight for each path"),
                                   ("kramers/rare/paths/weight", -np.ones(5), "no weight for each path"),
                                   ("kramers/rare/paths/energy", np.ones(7), "extents"),
                                   ("particles/paths/position/value", np.ones((9, 2, 1)), "9 frames"),
                                   ("particles/paths/velocity/value", np.ones((9, 1, 1)), "velocities have extents")):
            with self.assertRaisesRegex(BadData, said):
                self.draw(reactive_paths.reactive_paths, self.changed("paths", replaced(name, values)))


class Program(shared.WithFiles):
    def test_draws_what_each_file_holds(self):
        for style in ((), ("--style", "paper", "--column", "1")):
            answer = shared.Answer(*(self.files / f"{name}.h5" for name in ("rare", "weighted", "plane")), "--output-dir", self.own,
                                   "--format", "png", "--dpi", 40, *style)
            self.assertEqual((answer.returncode, answer.stderr), (0, ""))
            self.assertEqual({path.name for path in self.own.iterdir()}, {"rare_splitting.png", "weighted_weighted.png",
                                                                         "plane_reactive_paths.png"})


if __name__ == "__main__":
    unittest.main()

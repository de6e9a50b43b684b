#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tests of the figures of trajectories and of sweeps."""
import unittest

import shared  # ends with 77 where modules are missing
import h5py
import numpy as np
from kramers_plot import paths, rate_sweep, style, trajectory
from kramers_plot.errors import BadData, PlotError
from shared import WithFiles, legend, lines


def setUpModule():
    shared.make_files()


class Figures(WithFiles):
    def test_trajectory_shows_core_sets_and_transitions(self):
        path = self.changed("langevin", lambda file: file["parameters"].attrs.update(cores=[-0.5, 0.5]))
        figure = self.draw(trajectory.trajectory, path)
        strip = figure.axes[0]
        with h5py.File(path) as file:
            x = file["particles/walkers/position/value"][:, :, 0]
        counts = [paths.core_transitions(series, -0.5, 0.5).size for series in x.T]
        walker = int(np.argmax(counts))
        self.assertGreater(counts[walker], 0)
        self.assertTrue(strip.get_title("left").startswith(f"walker {walker}, {counts[walker]} transition"))
        *wells, series, dots = strip.get_lines()
        np.testing.assert_array_equal(series.get_ydata(), x[:, walker])
        self.assertEqual(dots.get_xdata().size, counts[walker])
        np.testing.assert_allclose([well.get_ydata()[0] for well in wells], [-1, 1], atol=0.03)

    def test_trajectory_with_a_fixed_interval_and_in_two_dimensions(self):
        def change(file):
            group = file["particles/walkers/position"]
            value = group["value"][:]
            for name in ("time", "value"):
                del group[name]
            group["value"] = np.concatenate([value, value], axis=2)
            group["time"] = 0.5
            group["time"].attrs["offset"] = 3.0
            del file["particles/walkers/velocity"]

        figure = self.draw(trajectory.trajectory, self.changed("langevin", change))
        np.testing.assert_allclose(figure.axes[0].get_lines()[-2].get_xdata(), 3 + 0.5 * np.arange(151))
        self.assertTrue(figure.axes[3].get_ylabel().startswith("position $y$"))

    def test_paths_on_a_surface_lie_over_its_free_energy(self):
        path = self.files / "mueller_brown.h5"
        figure = self.draw(trajectory.trajectory, path)
        strips, side = figure.axes[:3], figure.axes[3]
        with h5py.File(path) as file:
            position = file["particles/walkers/position/value"][:]
            exact = file["kramers/free_energy/exact"][:] / 15
        counts = [paths.core_transitions(series, -0.4, 0.5).size for series in position[:, :, 0].T]
        walkers = sorted(range(4), key=lambda walker: -counts[walker])[:3]
        self.assertGreater(counts[walkers[0]], 0)
        drawn = side.get_lines()
        for line, strip, walker, colour in zip(drawn, strips, walkers, style.WALKERS):
            np.testing.assert_array_equal(line.get_xydata(), position[:, walker])
            self.assertEqual((line.get_color(), strip.get_lines()[0].get_color()), (colour, colour))
        longest = paths.transition_path(position[:, walkers[0], 0],
                                        paths.core_transitions(position[:, walkers[0], 0], -0.4, 0.5), -0.4, 0.5)
        np.testing.assert_array_equal(drawn[3].get_xydata(), position[longest, walkers[0]])
        self.assertEqual(list(side.collections[0].levels), list(range(0, 14, 2)))
        self.assertIn("exact free energy", figure.axes[4].get_ylabel())
        self.assertGreater(exact.max(), 12)

    def test_paths_of_an_unknown_surface_lie_over_that_of_the_simulation(self):
        unknown = self.changed("mueller_brown", lambda file: file["kramers/free_energy/exact"].write_direct(
            np.full((40, 36), np.nan)))
        figure = self.draw(trajectory.trajectory, unknown)
        self.assertTrue(figure.axes[4].get_ylabel().startswith("free energy"))

    def test_phase_space_shows_the_orbit_with_the_energy_of_the_barrier(self):
        axes = self.draw(trajectory.trajectory, self.files / "langevin.h5").axes[3]
        x, v = axes.collections[-1].get_paths()[0].vertices.T
        self.assertIn("energy of the barrier", legend(axes))
        # (x^2 - 1)^2 + v^2 / 2 = 1; bins are 0.05 wide and the lines between them straight.
        np.testing.assert_allclose((x * x - 1)**2 + v**2 / 2, 1, atol=0.02)

    def test_rates_of_a_sweep_have_theory_exact_values_and_limits(self):
        path = self.files / "rates.h5"
        axes = self.draw(rate_sweep.rate_sweep, path).axes[0]
        with h5py.File(path) as file:
            friction = file["sweep/values/integrator.friction"][:]
            rate, exact = file["sweep/observables/rate/value"][:], file["sweep/references/rate_exact"][:]
            limit = file["sweep/observables/rate/upper"][-1]
        lines = {line.get_label(): line for line in axes.get_lines()}
        np.testing.assert_array_equal(lines["exact"].get_ydata(), exact)
        self.assertIn("Mel'nikov-Meshkov", lines)
        (points, *_), (limited, *_) = (container for container in axes.containers)
        np.testing.assert_array_equal(points.get_xdata(), friction[1:-1])
        np.testing.assert_array_equal(points.get_ydata(), rate[1:-1])
        self.assertEqual(list(limited.get_ydata()), [limit])
        self.assertEqual((axes.get_xscale(), axes.get_yscale()), ("log", "log"))
        self.assertIn("friction", axes.get_xlabel())
        self.assertEqual(axes.get_title("right"), "no rate at 1 of 9 points")

    def test_rates_over_two_keys_are_a_map_in_their_order(self):
        path = self.files / "rates_two.h5"
        axes, bar = self.draw(rate_sweep.rate_sweep, path).axes
        with h5py.File(path) as file:
            rate = file["sweep/observables/rate/value"][:].reshape(9, 3)
        shown = axes.collections[0].get_array()
        np.testing.assert_array_equal(shown.filled(np.nan), rate[:, [0, 2, 1]])  # temperatures rise
        self.assertEqual((axes.get_yscale(), axes.get_xscale()), ("log", "linear"))
        self.assertIn("temperature", axes.get_xlabel())
        self.assertIn("rate", bar.get_ylabel())
        self.assertEqual(axes.get_title("right"), "grey: no rate at 2 of 27 points")

    def test_a_sweep_of_driven_walkers_shows_their_response(self):
        def driven(file):
            file.move("sweep/observables/rate", "sweep/observables/spectral_amplification")
            file["sweep/observables"].create_dataset("rate/value", data=np.full(9, np.nan))

        path = self.changed("rates", driven)
        axes = self.draw(rate_sweep.rate_sweep, path).axes[0]
        self.assertIn("spectral amplification", axes.get_ylabel())
        self.assertEqual(axes.get_title("right"), "no spectral amplification at 1 of 9 points")

    def test_sweeps_that_no_figure_shows(self):
        def third(file):
            table = file["sweep"]
            table["values/run.steps"] = np.full(27, 1.0)
            table.attrs.update(keys=[*table.attrs["keys"], "run.steps"], scales=["log", "linear", "linear"], counts=[9, 3, 1])

        with self.assertRaisesRegex(PlotError, "sweep of 3 keys"):
            self.draw(rate_sweep.rate_sweep, self.changed("rates_two", third))
        with self.assertRaisesRegex(PlotError, "runs have no rate"):
            self.draw(rate_sweep.rate_sweep, self.changed("rates", lambda file: file["sweep/observables"].pop("rate")))
        for change, said in ((lambda file: file["sweep"].attrs.update(counts=[8]), "9 values for 8 points"),
                             (lambda file: file["sweep"].attrs.pop("keys"), "does not tell its keys"),
                             (lambda file: file["sweep/observables/rate/value"].write_direct(np.full(9, np.nan)),
                              "known at no point")):
            with self.assertRaisesRegex(BadData, said):
                self.draw(rate_sweep.rate_sweep, self.changed("rates", change))


if __name__ == "__main__":
    unittest.main()

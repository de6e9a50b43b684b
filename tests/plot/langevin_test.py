#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tests of what the figures of kramers-langevin show."""
import unittest

import shared  # ends with 77 where modules are missing
import fixtures
import h5py
import numpy as np
from kramers_plot import core_sets, langevin, style, trajectory
from shared import WithFiles, legend, lines


def setUpModule():
    shared.make_files("langevin", "mueller_brown")


class Figures(WithFiles):
    def test_free_energy_is_in_kT_from_the_exact_minimum(self):
        shifted = self.changed("langevin", lambda file: [file[f"kramers/free_energy/{name}"].write_direct(
            file[f"kramers/free_energy/{name}"][:] - 7.0) for name in ("value", "exact")])
        with h5py.File(self.files / "langevin.h5") as file:
            group = file["kramers/free_energy"]
            value, error, exact_energy = (group[name][:] for name in ("value", "error", "exact"))
        for path in (self.files / "langevin.h5", shifted):
            axes, below = self.draw(langevin.free_energy, path).axes
            x, exact = lines(axes)["exact"].get_data()
            # The barrier is 1 = 5 kT at x = 0; the bins nearest to the minima are off them by at most 0.025, 0.013 kT.
            np.testing.assert_allclose(exact, 5 * (x * x - 1)**2, atol=0.02)
            for part, wanted in ((axes, (value - exact_energy.min()) / 0.2), (below, (value - exact_energy) / 0.2)):
                bars = part.containers[0]
                np.testing.assert_allclose(bars.lines[0].get_ydata(), wanted[np.isfinite(value)], atol=1e-12)
                lengths = [segment[1, 1] - segment[0, 1] for segment in bars.lines[2][0].get_segments()]
                np.testing.assert_allclose(lengths, 2 * error[np.isfinite(value)] / 0.2)

    def test_free_energy_plane_shows_known_bins_at_their_place(self):
        axes = self.draw(langevin.free_energy, self.files / "mueller_brown.h5").axes[0]
        filled, exact = axes.collections
        np.testing.assert_array_equal(filled.levels, exact.levels)
        with h5py.File(self.files / "mueller_brown.h5") as file:
            group = file["kramers/free_energy"]
            known = group["error"][:] <= 0.5 * 15
            top = group["value"][:][known].max() / 15
        self.assertTrue(filled.levels[-2] < top <= filled.levels[-1])
        # Deepest colour: around the minimum at (-0.558, 1.442), not at its mirror image (1.442, -0.558).
        for contours in (filled, exact):
            deepest = contours.get_paths()[0 if contours is filled else 1].vertices
            self.assertLess(np.abs(deepest.mean(axis=0) - (-0.558, 1.442)).max(), 0.2)

    def test_population_shows_fit_and_reference(self):
        axes = self.draw(langevin.population, self.files / "langevin.h5").axes[0]
        with h5py.File(self.files / "langevin.h5") as file:
            group = file["kramers/population"]
            fit = dict(group.attrs)
            difference = group["difference"][:]
        self.assertEqual(axes.get_yscale(), "log")
        data, fitted, reference = axes.get_lines()
        np.testing.assert_array_equal(data.get_ydata(), np.where(difference > 0, difference, np.nan))
        time = fitted.get_xdata()
        np.testing.assert_allclose(time, [fit["fit_begin"], fit["fit_end"]])
        np.testing.assert_allclose(fitted.get_ydata(), fit["prefactor"] * np.exp(-2 * fit["rate"] * time))
        time, decay = reference.get_data()
        self.assertAlmostEqual(-np.log(decay[1] / decay[0]) / (time[1] - time[0]) / 2, fixtures.KGH)
        self.assertIn(style.measured(fit["rate"], fit["rate_error"]), legend(axes)[1])
        self.assertIn(style.scientific(fixtures.KGH), legend(axes)[2])

    def test_population_relaxes_to_a_tilted_equilibrium(self):
        # Three quarters of the walkers end on the right: P_left - P_right = -0.5.
        path = self.changed("langevin", lambda file: file["kramers/population"].attrs.update(
            rate=0.75 * 0.125, relaxation_rate=0.125))
        data, fitted, reference = self.draw(langevin.population, path).axes[0].get_lines()
        self.assertAlmostEqual(data.get_ydata()[0], 1.5)
        for line, decay in ((fitted, 0.125), (reference, fixtures.KGH / 0.75)):
            time, value = line.get_data()
            self.assertAlmostEqual(-np.log(value[1] / value[0]) / (time[1] - time[0]), decay)

    def test_population_that_starts_on_the_right(self):
        def change(file):
            group = file["kramers/population"]
            group["difference"].write_direct(-group["difference"][:])
            group.attrs["prefactor"] *= -1

        left, right = (self.draw(langevin.population, path).axes[0]
                       for path in (self.files / "langevin.h5", self.changed("langevin", change)))
        for one, other in zip(left.get_lines(), right.get_lines()):
            np.testing.assert_allclose(one.get_ydata(), other.get_ydata())
        self.assertIn("$-(", right.get_ylabel())

    def test_population_without_a_fit_is_linear(self):
        path = self.changed("langevin", lambda file: file["kramers/population"].attrs.clear())
        axes = self.draw(langevin.population, path).axes[0]
        self.assertEqual(axes.get_yscale(), "linear")
        with h5py.File(path) as file:
            np.testing.assert_array_equal(axes.get_lines()[0].get_ydata(), file["kramers/population/difference"][:])

    def test_overdamped_walkers_have_no_velocity(self):
        path = self.changed("langevin", lambda file: file["parameters"].attrs.update(scheme="euler_maruyama"))
        self.assertNotIn("velocity $v$", "".join(a.get_ylabel() for a in self.draw(trajectory.trajectory, path).axes))
        time, free = lines(self.draw(langevin.correlation, path).axes[-1])["free particle"].get_data()
        np.testing.assert_allclose(free, 2 * fixtures.KT * time)
        self.assertIn("strong friction", legend(self.draw(langevin.population, path).axes[0])[2])

    def test_free_particle_has_the_friction_and_mass_of_the_run(self):
        path = self.changed("langevin", lambda file: file["parameters"].attrs.update(friction=3.0, mass=2.0))
        time, free = lines(self.draw(langevin.correlation, path).axes[-1])["free particle"].get_data()
        # Uhlenbeck and Ornstein 1930: <x^2> = 2 kT / (m friction^2) (friction t - 1 + exp(-friction t))
        np.testing.assert_allclose(free, 2 * fixtures.KT / (2 * 9) * (3 * time - 1 + np.exp(-3 * time)), rtol=1e-6)

    def test_correlations_begin_at_one_and_displacement_has_its_reference(self):
        *panels, right = self.draw(langevin.correlation, self.files / "langevin.h5").axes
        with h5py.File(self.files / "langevin.h5") as file:
            group = file["kramers/correlation"]
            for axes, name in zip(panels, ("position", "velocity")):
                value, error = group[name][:], group[f"{name}_error"][:]
                np.testing.assert_allclose(axes.get_lines()[-1].get_ydata(), value[1:] / value[0])
                corners = axes.collections[0].get_paths()[0].vertices[:, 1]
                self.assertAlmostEqual(corners.max(), ((value + error)[1:] / value[0]).max())
                self.assertEqual(axes.get_yscale(), "linear")
                self.assertIsNone(axes.get_legend())
        time, free = lines(right)["free particle"].get_data()
        np.testing.assert_allclose(free, 2 * fixtures.KT * (time - 1 + np.exp(-time)))

    def test_a_correlation_that_decays_is_logarithmic_down_to_its_noise(self):
        def change(swing):
            def write(file):
                group = file["kramers/correlation"]
                time = group["time"][:]
                group["position"][:] = 3 * np.exp(-time) * np.cos(swing * time)
                group["position_error"][:] = 0.03
            return write

        axes = self.draw(langevin.correlation, self.changed("langevin", change(0))).axes[0]
        time, value = axes.get_lines()[-1].get_data()
        self.assertEqual((axes.get_yscale(), axes.get_xscale()), ("log", "linear"))
        np.testing.assert_allclose(value, np.exp(-time))
        self.assertEqual((time[0], round(time[-1], 6)), (0, 4.6))  # exp(-4.6) > 0.01 > exp(-4.8)
        axes = self.draw(langevin.correlation, self.changed("langevin", change(1))).axes[0]
        self.assertEqual((axes.get_yscale(), axes.get_xscale()), ("linear", "log"))

    def test_velocities_that_are_undersampled_are_told(self):
        path = self.changed("langevin", lambda file: file["kramers/correlation"].attrs.update(
            velocity_undersampled=True))
        position, velocity, _ = self.draw(langevin.correlation, path).axes
        self.assertIsNone(position.get_legend())
        self.assertIn("undersampled", legend(velocity)[0])

    def test_population_shows_the_exact_rate_before_the_theory(self):
        path = self.changed("langevin", lambda file: file["kramers/population"].attrs.update(exact_rate=0.00222))
        axes = self.draw(langevin.population, path).axes[0]
        time, decay = axes.get_lines()[2].get_data()
        self.assertAlmostEqual(-np.log(decay[1] / decay[0]) / (time[1] - time[0]) / 2, 0.00222)
        self.assertEqual([text.split(",")[0] for text in legend(axes)[2:]], ["exact", "Kramers-Grote-Hynes"])

    def test_survival_shows_data_rate_and_exact_mean(self):
        with h5py.File(self.files / "langevin.h5") as file:
            group = file["kramers/survival"]
            told, value, error = dict(group.attrs), group["value"][:], group["error"][:]
        self.assertTrue(0 < told["events"] and value[-1] > 0.8)  # less than 20 %: linear
        axes = self.draw(core_sets.survival, self.files / "langevin.h5").axes[0]
        data, fitted, exact = axes.get_lines()
        self.assertEqual(axes.get_yscale(), "linear")
        np.testing.assert_array_equal(data.get_ydata(), value)
        for line, rate in ((fitted, told["rate"]), (exact, fixtures.KGH)):
            np.testing.assert_allclose(line.get_ydata(), np.exp(-rate * line.get_xdata()))
        corners = [band.get_paths()[0].vertices for band in axes.collections]
        self.assertAlmostEqual(corners[0][:, 1].min(), (value - error).min())
        for rate in (told["rate_lower"], told["rate_upper"]):
            ends = corners[1][corners[1][:, 0] == 30.0][:, 1]
            self.assertTrue(np.isclose(ends, np.exp(-rate * 30)).any(), rate)
        self.assertIn(f"{told['events']} of 300 walkers", legend(axes)[0])
        self.assertIn(style.interval(told["rate"], told["rate_lower"], told["rate_upper"]), legend(axes)[1])
        self.assertEqual(len(legend(axes)), 3)

    def test_survival_that_falls_far_is_logarithmic_and_tells_its_test(self):
        def change(file):
            group = file["kramers/survival"]
            group["value"][:] = np.linspace(1, 0, 151)
            group.attrs["p_exponential"] = 0.003
            del group.attrs["exact_mean_first_passage_time"]

        axes = self.draw(core_sets.survival, self.changed("langevin", change)).axes[0]
        self.assertEqual(axes.get_yscale(), "log")
        self.assertEqual(axes.get_lines()[0].get_xdata().size, 150)  # zero has no place
        self.assertEqual(legend(axes)[2], "waiting times are not exponential ($p$ = 0.003)")

    def test_survival_without_events_shows_the_upper_limit(self):
        def change(file):
            group = file["kramers/survival"]
            group["value"][:] = 1
            group.attrs.update(events=0, rate=0.0, rate_lower=0.0, rate_upper=3e-4, p_exponential=np.nan)

        axes = self.draw(core_sets.survival, self.changed("langevin", change)).axes[0]
        limit, exact = axes.get_lines()
        np.testing.assert_allclose(limit.get_ydata(), np.exp(-3e-4 * limit.get_xdata()))
        self.assertTrue(any("$k$ < 3.000" in text and "none of 300" in text for text in legend(axes)), legend(axes))
        self.assertEqual(len(legend(axes)), 2)

    def test_core_set_relaxation_shows_plateau_and_exact_rate(self):
        axes = self.draw(core_sets.core_set_relaxation, self.files / "langevin.h5").axes[0]
        found = lines(axes)
        with h5py.File(self.files / "langevin.h5") as file:
            group = file["kramers/core_sets"]
            np.testing.assert_array_equal(found["simulation, with standard error"].get_data(),
                                          [group["lag"][:], group["relaxation_rate"][:]])
            begin, last = group.attrs["lag"], group["lag"][-1]
        plateau, exact = (line for name, line in found.items() if name.startswith(("plateau", "exact")))
        self.assertEqual((list(plateau.get_xdata()), plateau.get_ydata()[0]), ([begin, last], 2.05 * fixtures.KGH))
        self.assertEqual(exact.get_ydata()[0], 2 * fixtures.KGH)
        self.assertEqual(axes.get_xscale(), "log")

    def test_few_lags_have_bars_and_no_plateau_is_none(self):
        def change(file):
            group = file["kramers/core_sets"]
            group.attrs.clear()
            for name in ("lag", "relaxation_rate", "relaxation_rate_error"):
                series = group[name][:20]
                del group[name]
                group[name] = series

        axes = self.draw(core_sets.core_set_relaxation, self.changed("langevin", change)).axes[0]
        self.assertEqual((len(axes.containers), legend(axes)), (1, ["simulation, with standard error"]))
        self.assertEqual(axes.get_xscale(), "linear")


if __name__ == "__main__":
    unittest.main()

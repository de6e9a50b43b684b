#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tests of titles, footers, units, and the style of papers."""
import importlib
import json
import unittest

import shared  # ends with 77 where modules are missing
import fixtures
import numpy as np
from kramers_plot import langevin, spread, style, trajectory
from kramers_plot.command_line import FIGURES
from kramers_plot.errors import BadData
from kramers_plot.result_file import ResultFile
from kramers_plot.units import Units
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from shared import Answer, WithFiles, legend


def setUpModule():
    shared.make_files()


class Frame(WithFiles):
    def test_title_and_footer_tell_the_system_and_the_origin(self):
        figure = self.draw(langevin.population, self.files / "langevin.h5")
        for word in ("double well", r"$\gamma$ = 1", "$kT$ = 0.2", "BAOAB"):
            self.assertIn(word, figure.get_suptitle())
        for word in ("kramers-langevin 0.1.0", "git 0123456789ab (modified)", "0x0123456789abcdef", "langevin.h5"):
            self.assertIn(word, figure.get_supxlabel())

    def test_results_of_an_unfinished_run_say_so(self):
        def unfinish(file, steps=999):
            file.attrs["summary"] = json.dumps({"partial": {"steps": steps, "of": 1000}})
        path = self.changed("langevin", unfinish)
        self.assertIn("partial: 99 % of the run", self.draw(langevin.population, path).get_suptitle())
        answer = Answer(path, "--only", "population", "--format", "png", "--dpi", 30)
        self.assertEqual((answer.returncode, answer.stderr),
                         (0, f"kramers-plot: warning: {path}: partial: 99 % of the run\n"))
        damaged = self.changed("langevin", lambda file: unfinish(file, "many"))
        self.assertNotIn("partial", self.draw(langevin.population, damaged).get_suptitle())

    def test_long_titles_and_footers_are_broken_into_lines(self):
        path = self.changed("langevin", lambda file: file["parameters"].attrs.update(
            scheme="leimkuhler-matthews", walkers=10**9, friction=0.0123, kT=0.001234))
        figure = self.draw(langevin.free_energy, path)
        renderer = FigureCanvasAgg(figure).get_renderer()
        figure.draw_without_rendering()
        self.assertEqual(figure.get_suptitle().count("\n"), 2)
        for text in (figure._suptitle, figure._supxlabel):
            box = text.get_window_extent(renderer)
            self.assertTrue(0 <= box.x0 and box.x1 <= figure.bbox.width, text.get_text())

    def test_what_the_file_does_not_tell_is_left_out(self):
        def forget(file):
            del file["parameters"]
            for name in ("provenance", "summary", "input"):
                del file.attrs[name]
            del file["kramers/free_energy"].attrs["kT"]
            file["kramers/population"].attrs.clear()
            file["kramers/free_energy/exact"][:] = np.nan

        path = self.changed("langevin", forget)
        self.assertEqual(len(self.draw(langevin.free_energy, path).axes), 1)
        self.draw(langevin.population, path)
        self.assertEqual(legend(self.draw(langevin.correlation, path).axes[-1]), ["simulation"])
        figure = self.draw(trajectory.trajectory, path)
        self.assertIn("walker 0", [axes.get_title("left") for axes in figure.axes])

    def test_figures_of_a_paper_have_letters_and_no_title(self):
        for column in (1, 2):
            style.apply(column)
            figure = self.draw(trajectory.trajectory, self.files / "mueller_brown.h5")
            self.assertIsNone(figure._suptitle)
            self.assertIsNone(figure._supxlabel)
            headings = [axes.get_title("left") for axes in figure.axes]
            for letter, text in zip("abcd", headings):
                self.assertTrue(text.startswith(rf"$\bf{{{letter}}}$"), text)
            self.assertEqual(headings[4:], [""])  # the colour bar
            self.assertEqual([axes.get_title("right") for axes in figure.axes], [""] * 5)
            single = self.draw(langevin.population, self.files / "langevin.h5")
            self.assertEqual(single.axes[0].get_title("left"), "")

    def test_texts_of_a_paper_are_within_the_figure(self):
        style.apply(1)
        for name, (module, group, _) in FIGURES.items():
            for file in ("langevin", "mueller_brown", "rare", "spread", "classify"):
                with ResultFile(self.files / f"{file}.h5") as result:
                    if not result.has(group):
                        continue
                    figure = getattr(importlib.import_module(f"kramers_plot.{module}"), name)(result)
                figure.draw_without_rendering()
                box = figure.get_tightbbox()
                with self.subTest(figure=name, file=file):
                    self.assertTrue(box.x0 > -0.02 and box.x1 < figure.get_figwidth() + 0.02, box)
                    self.assertTrue(box.y0 > -0.02 and box.y1 < figure.get_figheight() + 0.02, box)
                    sizes = {text.get_fontsize() for text in figure.findobj(Text) if text.get_text()}
                    self.assertTrue(6 <= min(sizes) and max(sizes) <= 8, sizes)


class InUnits(WithFiles):
    """The same files, but of runs in nm, ps and kJ/mol."""

    def in_units(self, name, system="md", change=lambda file: None):
        def add(file):
            summary = json.loads(file.attrs["summary"])
            file.attrs["summary"] = json.dumps({**summary, "units": {"system": system}})
            change(file)

        return self.changed(name, add)

    def test_axes_name_units(self):
        path = self.in_units("langevin")
        for function, labels in ((langevin.free_energy, ["position $x$ / nm", "free energy $F$ / kJ mol$^{-1}$"]),
                                 (langevin.population, ["time $t$ / ps"]),
                                 (langevin.correlation, ["lag time $t$ / ps", "mean square displacement / nm$^2$"]),
                                 (trajectory.trajectory, ["time $t$ / ps", "velocity $v$ / nm ps$^{-1}$"])):
            figure = self.draw(function, path)
            told = {text for axes in figure.axes for text in (axes.get_xlabel(), axes.get_ylabel())}
            self.assertEqual(set(labels) - told, set())
            self.assertEqual([text for text in told if "l_0" in text or "tau" in text], [])
        figure = self.draw(spread.spread_map, self.in_units("spread"))
        self.assertEqual(figure.axes[0].get_xlabel(), "position $x$ / nm")
        figure = self.draw(spread.spread_map, self.in_units("spread", "lj"))
        self.assertEqual(figure.axes[0].get_xlabel(), r"position $x$ / $\sigma$")
        self.assertEqual(self.draw(spread.spread_map, self.files / "spread.h5").axes[0].get_xlabel(),
                         "position $x$ [$l_0$]")

    def test_energies_are_those_of_the_file(self):
        plain = self.draw(langevin.free_energy, self.files / "langevin.h5").axes[0].lines[-1].get_ydata()
        in_units = self.draw(langevin.free_energy, self.in_units("langevin")).axes[0].lines[-1].get_ydata()
        np.testing.assert_allclose(in_units, fixtures.KT * plain, rtol=1e-12)

    def test_small_rates_are_per_nanosecond(self):
        def slow(file):
            file["kramers/population"].attrs.update(rate=2.5e-4, rate_error=1e-5, exact_rate=2.4e-5)

        figure = self.draw(langevin.population, self.in_units("langevin", change=slow))
        told = " ".join(text.get_text() for text in figure.axes[0].get_legend().get_texts())
        self.assertIn("$k$ = 0.250(10) ns$^{-1}$", told)
        self.assertIn("$k$ = 0.024 ns$^{-1}$", told)

    def test_units_of_rates(self):
        units = Units({"units": {"system": "md"}}, "file")
        for value, factor, name in ((2.0, 1, "ps$^{-1}$"), (0.0, 1, "ps$^{-1}$"), (1e-2, 1, "ps$^{-1}$"),
                                    (9.9e-3, 1e3, "ns$^{-1}$"), (2e-5, 1e3, "ns$^{-1}$"),
                                    (9e-6, 1e6, "\N{MICRO SIGN}s$^{-1}$"), (1e-20, 1e9, "ms$^{-1}$")):
            self.assertEqual(units.rate(value), (factor, name))
        self.assertEqual(Units({}, "file").rate(1e-5), (1, r"$\tau^{-1}$"))

    def test_unknown_units_are_refused(self):
        for system in ("si", 7, None):
            with self.assertRaisesRegex(BadData, "names the units"):
                self.draw(langevin.free_energy, self.in_units("langevin", system))
        with self.assertRaisesRegex(BadData, "names the units"):
            Units({"units": []}, "file")


if __name__ == "__main__":
    unittest.main()

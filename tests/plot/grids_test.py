#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tests of the figures of kramers-jacobi, kramers-channel and kramers-cg."""
import json
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import shared  # ends with 77 where modules are missing
import grid_fixtures
import h5py
import numpy as np
from kramers_plot import convergence, damage, fields, style
from kramers_plot.errors import BadData
from kramers_plot.result_file import ResultFile
from matplotlib.text import Text

FIGURES = {"jacobi": [fields.solution, convergence.norm], "channel": [fields.flow, convergence.change],
           "cg": [convergence.residual]}


def setUpModule():
    folder = tempfile.TemporaryDirectory()
    unittest.addModuleCleanup(folder.cleanup)
    shared.WithFiles.files = Path(folder.name)
    grid_fixtures.jacobi(shared.WithFiles.files / "jacobi.h5")
    grid_fixtures.channel(shared.WithFiles.files / "channel.h5")
    grid_fixtures.cg(shared.WithFiles.files / "cg.h5")


def replaced(name, value):
    """A change of a file: the dataset `name` with other content, or gone where that is None."""
    def change(file):
        del file[name]
        if value is not None:
            file[name] = value
    return change


def told(**summary):
    """A change of a file: other entries of its summary."""
    def change(file):
        file.attrs["summary"] = json.dumps({**json.loads(file.attrs["summary"]), **summary})
    return change


def colours(axes):
    """What a map shows, row by row."""
    return axes.get_images()[0].get_array()


class Contents(shared.WithFiles):
    def test_the_files_of_this_test_have_the_published_numbers(self):
        """Or else they are not what the programs write."""
        path = self.own / "talk.h5"
        grid_fixtures.jacobi(path, n=100, iterations=100, check=100)
        with h5py.File(path) as file:
            self.assertAlmostEqual(file["kramers/jacobi/norm"][0], 0.00326407674225425, delta=1e-15)
        with h5py.File(self.files / "cg.h5") as file:
            self.assertEqual(file["kramers/cg/residual"].size, 35)
            self.assertAlmostEqual(file["kramers/cg/x"][:].sum(), 1054.82660734, delta=1e-8)

    def test_solution_lies_where_the_image_says(self):
        """The sine on the last row is at the top, and contour lines pass where the field has their value."""
        path = self.changed("jacobi", lambda file: file["VTKHDF"].attrs.update(
            Origin=[1.0, -2.0, 0.0], Spacing=[0.5, 0.25, 1.0]))
        figure = self.draw(fields.solution, path)
        axes = figure.axes[0]
        with h5py.File(path) as file:
            field = file["VTKHDF/PointData/p"][:]
        np.testing.assert_array_equal(colours(axes), field)
        image = axes.get_images()[0]
        self.assertEqual((image.origin, tuple(image.get_extent())), ("lower", (0.75, 12.75, -2.125, 3.875)))
        self.assertEqual((axes.get_xlim(), axes.get_ylim()), ((1, 12.5), (-2, 3.75)))
        lines = axes.collections[0]
        np.testing.assert_allclose(np.diff(lines.levels), 0.1)
        for level, line in zip(lines.levels, lines.get_paths()):
            x, y = line.vertices.T
            column, row = (x - 1) / 0.5, (y + 2) / 0.25
            # Lines cross the edges between points, on which the field is linear: one of the coordinates is whole.
            below, left = np.floor(row + 1e-9).astype(int), np.floor(column + 1e-9).astype(int)
            up, right = np.minimum(below + 1, 23), np.minimum(left + 1, 23)
            a, b = np.clip(row - below, 0, 1), np.clip(column - left, 0, 1)
            np.testing.assert_allclose((1 - a) * (1 - b) * field[below, left] + a * (1 - b) * field[up, left] +
                                       (1 - a) * b * field[below, right] + a * b * field[up, right], level, atol=1e-6)
        self.assertEqual(image.cmap.name, "viridis")
        self.assertEqual((axes.get_xlabel(), axes.get_ylabel()), ("$x$", "$y$"))
        for word in ("Laplace", "24", "200 iterations", "f64"):
            self.assertIn(word, figure.get_suptitle())

    def test_points_without_a_number_are_grey(self):
        def change(file):
            file["VTKHDF/PointData/p"][5, 7] = np.nan
            file["VTKHDF/PointData/p"][6, 7] = np.inf

        axes = self.draw(fields.solution, self.changed("jacobi", change)).axes[0]
        mask = np.zeros((24, 24), bool)
        mask[[5, 6], 7] = True
        np.testing.assert_array_equal(np.ma.getmaskarray(colours(axes)), mask)
        self.assertIn("grey: no number at 2 of 576 points", axes.get_title("left"))
        self.assertEqual(axes.get_facecolor()[:3], (0.85, 0.85, 0.85))
        path = self.changed("channel", lambda file: file["VTKHDF/PointData/v"].write_direct(
            np.where(np.arange(25) < 5, np.nan, file["VTKHDF/PointData/v"][:])))
        speed, pressure = self.draw(fields.flow, path).axes
        self.assertEqual([np.ma.count_masked(colours(axes)) for axes in (speed, pressure)], [5 * 21, 0])

    def test_a_large_field_is_thinned(self):
        with mock.patch.object(fields, "MOST_POINTS", 10):
            axes = self.draw(fields.solution, self.files / "jacobi.h5").axes[0]
        with h5py.File(self.files / "jacobi.h5") as file:
            np.testing.assert_array_equal(colours(axes), file["VTKHDF/PointData/p"][::3, ::3])
        self.assertIn("one of 9 points", axes.get_title("left"))
        np.testing.assert_allclose(axes.get_xlim(), [0, 21 / 23])

    def test_flow_shows_speed_streamlines_and_pressure(self):
        speed, pressure = self.draw(fields.flow, self.files / "channel.h5").axes
        with h5py.File(self.files / "channel.h5") as file:
            u, v, p = (file[f"VTKHDF/PointData/{name}"][:] for name in "uvp")
        np.testing.assert_array_equal(colours(speed), np.hypot(u, v))
        np.testing.assert_array_equal(colours(pressure), p)
        self.assertGreater(len(pressure.collections[0].levels), 5)
        # Streamlines run along (u, v): each piece, at the velocity of the nearest point.
        lines = speed.collections[0].get_segments()
        middle = np.concatenate([0.5 * (line[1:] + line[:-1]) for line in lines])
        along = np.concatenate([np.diff(line, axis=0) for line in lines])
        self.assertGreater(len(along), 100)
        column, row = np.rint(middle[:, 0] / (2 / 24)).astype(int), np.rint(middle[:, 1] / (2 / 20)).astype(int)
        there = np.stack([u[row, column], v[row, column]], axis=1)
        clear = (np.hypot(*there.T) > 0.3 * np.hypot(u, v).max()) & (np.hypot(*along.T) > 0)
        along, there = along[clear], there[clear]
        cosine = (along * there).sum(axis=1) / np.hypot(*along.T) / np.hypot(*there.T)
        self.assertGreater(np.median(cosine), 0.99)
        for word in ("12 steps", "0.002"):
            self.assertIn(word, self.draw(fields.flow, self.files / "channel.h5").get_suptitle())

    def test_a_uniform_pressure_has_no_lines(self):
        """As in the default case of the lesson: p = 1 and v = 0 exactly; rounding is no pattern."""
        def change(file):
            file["VTKHDF/PointData/p"][:] = 1 + 2e-16 * np.arange(25)
            file["VTKHDF/PointData/v"][:] = 0

        speed, pressure = self.draw(fields.flow, self.changed("channel", change)).axes
        self.assertEqual((len(pressure.collections), pressure.get_title("left")), (0, "1 everywhere"))
        self.assertGreater(len(speed.collections), 0)

    def test_a_fluid_at_rest_has_no_streamlines(self):
        def change(file):
            for name in "uv":
                file[f"VTKHDF/PointData/{name}"][:] = 0

        speed, _ = self.draw(fields.flow, self.changed("channel", change)).axes
        self.assertEqual((len(speed.collections), speed.get_title("left")), (0, "0 everywhere"))

    def test_norms_and_the_tolerance(self):
        path = self.own / "stops.h5"
        grid_fixtures.jacobi(path, check=1, tolerance=4e-3)
        axes = self.draw(convergence.norm, path).axes[0]
        with h5py.File(path) as file:
            iteration, norm = file["kramers/jacobi/iteration"][:], file["kramers/jacobi/norm"][:]
        self.assertLess(iteration[-1], 200)
        curve, line, met = axes.get_lines()
        np.testing.assert_array_equal(curve.get_data(), [iteration, norm])
        self.assertEqual((axes.get_xscale(), axes.get_yscale()), ("log", "log"))
        self.assertEqual(line.get_ydata()[0], 4e-3)
        self.assertEqual([list(data) for data in met.get_data()], [[iteration[-1]], [norm[-1]]])
        self.assertEqual(shared.legend(axes), ["tolerance 0.004", f"met in iteration {iteration[-1]}"])
        # Without a tolerance nothing is told of one; few norms have marks and a linear axis.
        axes = self.draw(convergence.norm, self.files / "jacobi.h5").axes[0]
        self.assertEqual((len(axes.get_lines()), axes.get_legend(), axes.get_xscale()), (1, None, "linear"))
        self.assertEqual(axes.get_lines()[0].get_marker(), "o")

    def test_a_norm_of_zero_has_no_place_but_is_told(self):
        path = self.changed("jacobi", lambda file: file["kramers/jacobi/norm"].write_direct(
            np.where(np.arange(20) < 15, file["kramers/jacobi/norm"][:], 0)))
        axes = self.draw(convergence.norm, path).axes[0]
        self.assertEqual(np.isnan(axes.get_lines()[0].get_ydata()).sum(), 5)
        self.assertIn("exactly 0 at 5 of 20", axes.get_title("right"))
        zeros = self.changed("jacobi", lambda file: file["kramers/jacobi/norm"].write_direct(np.zeros(20)))
        self.assertEqual(self.draw(convergence.norm, zeros).axes[0].get_yscale(), "linear")

    def test_a_run_without_norms_has_its_solution_alone(self):
        def change(file):
            replaced("kramers/jacobi/norm", np.zeros(0))(file)
            replaced("kramers/jacobi/iteration", np.zeros(0, np.int64))(file)

        path = self.changed("jacobi", change)
        answer = shared.Answer(path, "--output-dir", self.own / "figures", "--format", "png", "--dpi", 30)
        self.assertEqual((answer.returncode, answer.stderr), (0, ""))
        self.assertEqual([place.name for place in (self.own / "figures").iterdir()], ["changed_jacobi_solution.png"])

    def test_changes_of_both_signs(self):
        path = self.changed("channel", told(input={"flow": {"tolerance": 0.2}}))
        axes = self.draw(convergence.change, path).axes[0]
        with h5py.File(path) as file:
            moved = file["kramers/channel/change"][:]
        curve, line, met = axes.get_lines()
        np.testing.assert_array_equal(curve.get_data(), [np.arange(1, 13), moved])
        self.assertEqual((line.get_ydata()[0], met.get_ydata()[0]), (0.2, moved[-1]))
        falling = moved * np.where(np.arange(12) > 8, -1, 1)
        path = self.changed("channel", replaced("kramers/channel/change", falling))
        rises, falls = self.draw(convergence.change, path).axes[0].get_lines()
        np.testing.assert_array_equal(falls.get_ydata(), np.where(falling < 0, -falling, np.nan))
        np.testing.assert_array_equal(rises.get_ydata(), np.where(falling > 0, falling, np.nan))

    def test_both_residuals(self):
        figure = self.draw(convergence.residual, self.files / "cg.h5")
        axes = figure.axes[0]
        with h5py.File(self.files / "cg.h5") as file:
            recursive, summary = file["kramers/cg/residual"][:], json.loads(file.attrs["summary"])
        curve, true, line, met = axes.get_lines()
        np.testing.assert_array_equal(curve.get_data(), [np.arange(36), [10, *recursive]])  # |b| = 10 at x = 0
        self.assertEqual([list(data) for data in true.get_data()], [[35], [summary["true_residual"]]])
        self.assertEqual((line.get_ydata()[0], met.get_ydata()[0]), (1e-10, recursive[-1]))
        self.assertEqual((axes.get_xscale(), axes.get_yscale()), ("linear", "log"))
        self.assertIn("wrapped, 100 rows", figure.get_suptitle())
        # What the summary does not tell is left out.
        path = self.changed("cg", lambda file: file.attrs.update(summary="{}"))
        curve, = self.draw(convergence.residual, path).axes[0].get_lines()
        np.testing.assert_array_equal(curve.get_data(), [np.arange(1, 36), recursive])

    def test_a_tolerance_far_away_leaves_the_axis_as_it_is(self):
        for tolerance in (1e-300, 1e300):
            figure = self.draw(convergence.residual, self.changed("cg", told(input={"cg": {"tolerance": tolerance}})))
            figure.draw_without_rendering()
            low, high = figure.axes[0].get_ylim()
            self.assertTrue(1e-16 < low < high < 1e3, (low, high))

    def test_figures_of_a_paper_are_within_their_width(self):
        for column in (1, 2):
            style.apply(column)
            for name, functions in FIGURES.items():
                for function in functions:
                    figure = self.draw(function, self.files / f"{name}.h5")
                    figure.draw_without_rendering()
                    box = figure.get_tightbbox()
                    with self.subTest(figure=function.__name__, column=column):
                        self.assertTrue(box.x0 > -0.02 and box.x1 < figure.get_figwidth() + 0.02, box)
                        self.assertTrue(box.y0 > -0.02 and box.y1 < figure.get_figheight() + 0.02, box)
                        sizes = {text.get_fontsize() for text in figure.findobj(Text) if text.get_text()}
                        self.assertTrue(6 <= min(sizes) and max(sizes) <= 8, sizes)
                    letters = [axes.get_title("left") for axes in figure.axes]
                    self.assertEqual(letters, [r"$\bf{a}$", r"$\bf{b}$"] if function is fields.flow else [""])


class Program(shared.WithFiles):
    def refused(self, path, code, *words):
        answer = shared.Answer(path, "--output-dir", self.own / "figures", "--format", "png", "--dpi", 30)
        self.assertEqual(answer.returncode, code, answer.stderr)
        self.assertRegex(answer.stderr, r"^kramers-plot: [^\n]+\n$")
        for word in (str(path), *words):
            self.assertIn(word, answer.stderr)

    def test_draws_what_each_file_holds_and_the_same_bytes_again(self):
        for folder, words in (("first", [self.files / f"{name}.h5" for name in FIGURES]),
                              ("second", [self.files / "channel.h5", "--only", "flow"])):
            answer = shared.Answer(*words, "--output-dir", self.own / folder, "--dpi", 40)
            self.assertEqual((answer.returncode, answer.stderr), (0, ""))
        written = {place.name for place in (self.own / "first").iterdir()}
        self.assertEqual(written, {f"{name}_{function.__name__}.{kind}" for name, functions in FIGURES.items()
                                   for function in functions for kind in ("png", "svg")})
        again = [place.name for place in (self.own / "second").iterdir()]
        self.assertEqual(len(again), 2)
        for name in again:
            self.assertEqual(*((self.own / folder / name).read_bytes() for folder in ("first", "second")), name)

    def test_damaged_contents(self):
        def attribute(name, value):
            return lambda file: file["VTKHDF"].attrs.update({name: value})

        p, plane = "VTKHDF/PointData/p", np.zeros((24, 24))
        for file, change, word in (
                ("jacobi", replaced(p, None), "lacks the dataset /VTKHDF/PointData/p"),
                ("jacobi", replaced(p, plane[None]), "extents (1, 24, 24)"),
                ("jacobi", replaced(p, plane[1:]), "extents (23, 24)"),
                ("jacobi", replaced(p, np.full(plane.shape, np.nan)), "no finite number"),
                ("jacobi", replaced(p, plane.astype("S1")), "does not hold numbers"),
                ("jacobi", attribute("Type", np.bytes_("UnstructuredGrid")), "not image data"),
                ("jacobi", attribute("Spacing", np.array([0.1, 0.0, 1.0])), "where its points lie"),
                ("jacobi", attribute("Spacing", np.array([0.1, np.nan, 1.0])), "where its points lie"),
                ("jacobi", attribute("Origin", np.zeros(2)), "where its points lie"),
                ("jacobi", attribute("WholeExtent", np.array([0, 23, 0, 23, 0, 1])), "no plane"),
                ("jacobi", attribute("WholeExtent", np.array([0, 2**40, 0, 2**40, 0, 0])), "extents (24, 24)"),
                ("jacobi", replaced("VTKHDF", None), "not image data"),
                ("jacobi", replaced("kramers/jacobi/norm", np.full(20, np.nan)), "no finite number"),
                ("jacobi", replaced("kramers/jacobi/norm", np.zeros(19)), "19 values"),
                ("jacobi", replaced("kramers/jacobi/norm", np.full(20, -1.0)), "below zero"),
                ("jacobi", replaced("kramers/jacobi/iteration", np.arange(20)), "does not rise from 1"),
                ("channel", replaced("VTKHDF/PointData/v", None), "lacks the dataset /VTKHDF/PointData/v"),
                ("channel", replaced("kramers/channel/change", np.zeros((2, 6))), "extents (2, 6)"),
                ("cg", replaced("kramers/cg/residual", np.full(35, -1.0)), "below zero"),
                ("cg", replaced("kramers/cg/residual", "text"), "does not hold numbers")):
            with self.subTest(file=file, word=word):
                self.refused(self.changed(file, change), 65, word)

    def test_data_that_do_not_match_their_checksum(self):
        def guard(file):
            for name in ("VTKHDF/PointData/p", "kramers/jacobi/norm"):
                file[name].attrs["checksum"] = np.uint64(damage.checksum(file[name][:]))

        whole = self.changed("jacobi", guard)
        self.assertEqual(shared.Answer(whole, "--output-dir", self.own, "--format", "png", "--dpi", 30).returncode,
                         0)
        for name in ("VTKHDF/PointData/p", "kramers/jacobi/norm"):
            with h5py.File(whole) as file:
                place = file[name].id.get_offset() + 8 * 7 + 6
            content = bytearray(whole.read_bytes())
            content[place] ^= 0x10
            damaged = self.own / "damaged.h5"
            damaged.write_bytes(content)
            self.refused(damaged, 65, f"/{name} do not match their checksum")

    def test_nothing_that_a_file_holds_ends_in_a_traceback(self):
        """Each dataset and all entries of the summary as other data than a run writes: a figure, or a sentence."""
        odd = np.random.default_rng(3)
        kinds = (lambda shape: odd.choice([0, -1, 1e300, 1e-320, np.inf, 2.5], size=shape),
                 lambda shape: odd.choice([-1.7e308, 1.7e308], size=shape), lambda shape: np.full(shape, np.nan))
        changes = []
        for name in FIGURES:
            with h5py.File(self.files / f"{name}.h5") as file:
                shapes = {}
                file.visititems(lambda place, item, shapes=shapes: shapes.update({place: item.shape})
                                if isinstance(item, h5py.Dataset) else None)
                entries = json.loads(file.attrs["summary"])
            for place, shape in shapes.items():
                changes.append((name, replaced(place, kinds[len(changes) % 3](shape))))
            value = ([{}], -1e300, {"kind": [1], "cg": {"tolerance": "x"}})[list(FIGURES).index(name)]
            changes.append((name, told(**dict.fromkeys(entries, value))))
        replies = set()
        for i, (name, change) in enumerate(changes):
            with self.subTest(file=name, change=i), mock.patch.object(style, "save"):
                answer = shared.Answer(self.changed(name, change), "--output-dir", self.own, ignoring_warnings=True)
                if answer.returncode:
                    self.assertIn(answer.returncode, (1, 65), answer.stderr)
                    self.assertRegex(answer.stderr, r"^kramers-plot: [^\n]+\n$")
                replies.add(answer.returncode)
        self.assertEqual(replies, {0, 65})

    def test_what_is_refused_by_a_figure_is_bad_data(self):
        with ResultFile(self.changed("jacobi", replaced("VTKHDF/PointData/p", None))) as result:
            with self.assertRaises(BadData):
                fields.solution(result)


if __name__ == "__main__":
    unittest.main()

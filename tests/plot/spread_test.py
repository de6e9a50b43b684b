#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tests of the figures of kramers-spread and kramers-classify."""
import json
import unittest

import shared  # ends with 77 where modules are missing
import h5py
import numpy as np
from kramers_plot import classify, spread
from kramers_plot.errors import BadData
from shared import WithFiles, legend


def setUpModule():
    shared.make_files()


class Figures(WithFiles):
    def test_trunk_has_the_band_between_lo_and_hi(self):
        axes = self.draw(spread.trunk, self.files / "spread.h5").axes[0]
        with h5py.File(self.files / "spread.h5") as file:
            low, high, time = (file[f"spread/{name}"][:] for name in ("lo", "hi", "time"))
        corners = axes.collections[0].get_paths()[0].vertices
        for edge in (low, high):
            for point in zip(time, edge):
                self.assertTrue((np.abs(corners - point).max(axis=1) < 1e-12).any(), point)

    def test_map_colours_each_point_by_its_spread(self):
        figure = self.draw(spread.spread_map, self.files / "spread.h5")
        points = figure.axes[0].collections[0]
        with h5py.File(self.files / "spread.h5") as file:
            position, velocity, width = (file[f"spread/{name}"][:] for name in ("position", "velocity", "spread"))
        shown = {tuple(place): colour for place, colour in zip(points.get_offsets().data, points.get_array().data)}
        self.assertEqual(shown, {(x, v): w for x, v, w in zip(position, velocity, width)})
        self.assertEqual(points.norm.__class__.__name__, "Normalize")

    def test_a_wide_range_of_spreads_has_a_logarithmic_scale(self):
        path = self.changed("spread", lambda file: file["spread/spread"].write_direct(np.geomspace(1e-3, 1, 100)))
        norm = self.draw(spread.spread_map, path).axes[0].collections[0].norm
        self.assertEqual((norm.__class__.__name__, norm.vmin, norm.vmax), ("LogNorm", 1e-3, 1))
        self.assertEqual(self.draw(spread.spread_time, path).axes[0].get_yscale(), "log")

    def test_the_number_of_members_is_shown_where_it_varies(self):
        def change(file):
            file["spread/members"].write_direct(np.arange(100))
            file["spread/error"].write_direct(np.full(100, 0.01))
            del file["spread/growth"]

        fixed = self.draw(spread.spread_time, self.files / "spread.h5").axes
        self.assertEqual([axes.get_ylabel().split(" [")[0] for axes in fixed], ["spread", "rate of spread", "growth rate"])
        self.assertEqual(len(fixed[0].collections), 0)
        adaptive = self.draw(spread.spread_time, self.changed("spread", change)).axes
        np.testing.assert_array_equal(adaptive[2].get_lines()[0].get_ydata(), np.arange(100))
        self.assertEqual(len(adaptive[0].collections), 1)

    def test_classes_are_those_of_the_file(self):
        figure = self.draw(classify.classes, self.files / "classify.h5")
        colours = classify.class_colours(3)
        with h5py.File(self.files / "classify.h5") as file:
            for axes, group, name in zip(figure.axes, ("points", "points", "random"),
                                         ("raw_class", "predicted_class", "predicted_class")):
                part = file[f"classifier/{group}"]
                points = axes.collections[0]
                np.testing.assert_array_equal(points.get_offsets().data,
                                              np.column_stack([part["position"][:], part["velocity"][:]]))
                np.testing.assert_allclose(points.get_facecolors(), colours[part[name][:]])
        names = legend(figure.axes[3])
        self.assertEqual(names[0], "class 0: spread < 0.1")
        self.assertEqual(names[2:], [r"class 2: spread $\geq$ 0.15", "region of the data"])

    def test_classes_without_random_points_or_thresholds(self):
        def change(file):
            del file["classifier/random"], file["classifier"].attrs["thresholds"]

        figure = self.draw(classify.classes, self.changed("classify", change))
        self.assertEqual(len(figure.axes), 3)  # two panels and the legend
        self.assertEqual(legend(figure.axes[2]), ["class 0", "class 1", "class 2"])

    def test_loss_has_logarithmic_axes(self):
        axes = self.draw(classify.loss, self.files / "classify.h5").axes[0]
        self.assertEqual((axes.get_xscale(), axes.get_yscale()), ("log", "log"))
        with h5py.File(self.files / "classify.h5") as file:
            part = file["classifier/loss"]
            np.testing.assert_array_equal(axes.get_lines()[0].get_ydata(), part["train"][:])
            np.testing.assert_array_equal(axes.get_lines()[1].get_xdata(), part["held_out_epoch"][:])
        self.assertAlmostEqual(axes.get_lines()[2].get_ydata()[0], np.log(3))

    def test_evaluation_shows_counts_and_shares(self):
        left, right = self.draw(classify.evaluation, self.files / "classify.h5").axes
        with h5py.File(self.files / "classify.h5") as file:
            part = file["classifier/evaluation/held_out"]
            confusion, count = part["confusion"][:], part["bin_count"][:]
            confidence, accuracy = part["bin_confidence"][:], part["bin_accuracy"][:]
        cells, shares = zip(*(text.get_text().split("\n") for text in left.texts))
        self.assertEqual(cells, tuple(str(number) for number in confusion.ravel()))
        share = confusion / confusion.sum(axis=1)[:, None]  # of the raw class
        self.assertEqual(shares, tuple(f"{100 * part:.0f} %" for part in share.ravel()))
        np.testing.assert_allclose(left.get_images()[0].get_array(), share)
        self.assertIn(f"{confusion.sum()} held-out samples", left.get_title("left"))
        shown = right.containers[0].lines[0]
        np.testing.assert_array_equal(shown.get_xdata(), confidence[count > 0])
        np.testing.assert_array_equal(shown.get_ydata(), accuracy[count > 0])
        trained = self.changed("classify", lambda file: file.pop("classifier/evaluation/held_out"))
        self.assertIn("samples trained on", self.draw(classify.evaluation, trained).axes[0].get_title("left"))

    def test_classes_of_samples_have_their_names(self):
        def change(file):
            summary = json.loads(file["summary"][()])
            summary["model"]["classes"] = ["cat", "a $dog$", "a very long name"]
            del file["classifier/points"], file["classifier/random"], file["classifier"].attrs["thresholds"], file["summary"]
            file["summary"] = json.dumps(summary)

        path = self.changed("classify", change)
        left = self.draw(classify.evaluation, path).axes[0]
        for labels in (left.get_xticklabels(), left.get_yticklabels()):
            self.assertEqual([label.get_text() for label in labels], ["cat", r"a \$dog\$", "a very long "])
        guessing = self.draw(classify.loss, path).axes[0].get_lines()[2]
        self.assertAlmostEqual(guessing.get_ydata()[0], np.log(3))

    def test_sweep_marks_the_best_and_leaves_out_what_diverged(self):
        axes = self.draw(classify.sweep, self.files / "classify.h5").axes[0]
        with h5py.File(self.files / "classify.h5") as file:
            part = file["classifier/sweep"]
            loss, rate, best = part["held_out_loss"][:], part["learning_rate"][:], part.attrs["best"]
        points, median, marked = axes.get_lines()
        np.testing.assert_array_equal(points.get_ydata(), loss[:-1])
        self.assertEqual(median.get_ydata()[1], np.median(loss[rate == 0.01]))
        self.assertEqual(marked.get_ydata()[0], loss[best])
        self.assertIn("1 of 12 models diverged", axes.get_title("right"))

    def test_a_confusion_matrix_that_is_none_is_refused(self):
        def change(file):
            del file["classifier/evaluation/held_out/confusion"]
            file["classifier/evaluation/held_out/confusion"] = np.ones((3, 2))

        with self.assertRaises(BadData):
            self.draw(classify.evaluation, self.changed("classify", change))


if __name__ == "__main__":
    unittest.main()

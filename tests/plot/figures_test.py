#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tests of kramers-plot: its command line, its messages, and what the figures show."""
import importlib
import importlib.util
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import warnings
import xml.dom.minidom
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

MISSING = [name for name in ("numpy", "h5py", "matplotlib") if importlib.util.find_spec(name) is None]
if MISSING:
    print(f"skipped: this Python lacks {', '.join(MISSING)}")
    sys.exit(77)

import h5py
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

PLOT = Path(__file__).resolve().parents[2] / "apps" / "plot"
sys.path.insert(0, str(PLOT))
import fixtures
from kramers_plot import classify, core_sets, damage, langevin, paths, rate_sweep, spread, style, trajectory
from kramers_plot.command_line import FIGURES, main
from kramers_plot.errors import BadData, PlotError
from kramers_plot.result_file import ResultFile
from kramers_plot.units import Units

LANGEVIN = ["free_energy", "trajectory", "population", "correlation", "survival", "core_set_relaxation"]
RATES = ["rate_sweep"]
RARE = ["splitting"]
SPREAD = ["trunk", "spread_map", "spread_time"]
CLASSIFY = ["classes", "loss", "evaluation", "sweep"]


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


def setUpModule():
    folder = tempfile.TemporaryDirectory()
    unittest.addModuleCleanup(folder.cleanup)
    WithFiles.files = Path(folder.name)
    fixtures.langevin(WithFiles.files / "langevin.h5")
    fixtures.mueller_brown(WithFiles.files / "mueller_brown.h5")
    fixtures.rates(WithFiles.files / "rates.h5")
    fixtures.rates(WithFiles.files / "rates_two.h5", two_keys=True)
    fixtures.rare(WithFiles.files / "rare.h5")
    fixtures.spread(WithFiles.files / "spread.h5", steps=300)
    fixtures.classify(WithFiles.files / "classify.h5")


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


class CommandLine(WithFiles):
    def test_help_names_every_figure(self):
        answer = Answer("--help")
        self.assertEqual(answer.returncode, 0)
        for name in [*LANGEVIN, "response", *RATES, *SPREAD, *CLASSIFY]:
            self.assertIn(f"\n  {name} ", answer.stdout)

    def test_the_program_itself(self):
        command = [sys.executable, "-B", str(PLOT / "kramers-plot")]
        file = str(self.files / "spread.h5")
        drawn = subprocess.run([*command, file, "--only", "trunk", "--output-dir", str(self.own), "--dpi", "30"],
                               capture_output=True, text=True, check=False)
        self.assertEqual((drawn.returncode, drawn.stderr), (0, ""))
        self.assertEqual(sorted(os.listdir(self.own)), ["spread_trunk.png", "spread_trunk.svg"])
        self.assertEqual(subprocess.run([*command], capture_output=True, check=False).returncode, 64)

    def test_wrong_usage_is_64_with_one_line(self):
        file = self.files / "spread.h5"
        for arguments in ([], ["--colour", file], [file, "--only", "nothing"], [file, "--dpi", "0"],
                          [file, "--dpi", "many"], [file, "--format", "eps"], [file, file], [file, "--column", "1"],
                          [file, "--style", "paper", "--column", "3"], [file, "--style", "paper", "--column", "1.5"]):
            answer = Answer(*arguments)
            self.assertEqual(answer.returncode, 64, arguments)
            self.assertRegex(answer.stderr, r"^kramers-plot: [^\n]+\n$")

    def test_mistyped_names_are_told(self):
        file = self.files / "spread.h5"
        for arguments, word in (([file, "--fromat", "png"], "unknown option --fromat; did you mean --format?"),
                                ([file, "--colum=1"], "unknown option --colum; did you mean --column?"),
                                ([file, "--only", "spreadmap"], "no figure spreadmap; did you mean spread_map?"),
                                ([file, "--only", "qqqq"], "no figure qqqq (see kramers-plot --help)")):
            self.assertIn(word, Answer(*arguments).stderr)

    def test_the_version_is_that_of_the_project(self):
        project = (PLOT.parents[1] / "CMakeLists.txt").read_text(encoding="utf-8")
        number = re.search(r"project\(kramers VERSION (\S+)", project)[1]
        answer = Answer("--version")
        self.assertEqual((answer.returncode, answer.stdout), (0, f"kramers-plot {number}\n"))

    def test_an_installed_program_knows_its_version_without_the_sources(self):
        shutil.copytree(PLOT, self.own / "bin", ignore=shutil.ignore_patterns("figures", "__pycache__"))
        command = [sys.executable, "-B", str(self.own / "bin" / "kramers-plot"), "--version"]
        for content, told in ((None, "of unknown version"), ("7.8.9\n", "7.8.9")):
            if content:
                (self.own / "bin" / "kramers_plot" / "VERSION").write_text(content, encoding="utf-8")
            answer = subprocess.run(command, capture_output=True, text=True, check=False)
            self.assertEqual((answer.returncode, answer.stdout, answer.stderr), (0, f"kramers-plot {told}\n", ""))

    def test_a_paper_has_its_own_widths_and_pdf(self):
        for column, millimetres in (("1", 85), ("2", 175)):
            answer = Answer(self.files / "spread.h5", "--style", "paper", "--column", column, "--output-dir",
                            self.own / column, "--dpi", 254, "--format", "png", "--only", "trunk")
            self.assertEqual((answer.returncode, answer.stderr), (0, ""))
            content = (self.own / column / "spread_trunk.png").read_bytes()
            self.assertAlmostEqual(int.from_bytes(content[16:20], "big") / 10, millimetres, delta=0.1)
        self.assertEqual(Answer(self.files / "spread.h5", "--style", "paper", "--format", "pdf", "--only", "trunk",
                                "--output-dir", self.own).returncode, 0)
        content = (self.own / "spread_trunk.pdf").read_bytes()
        self.assertTrue(content.startswith(b"%PDF-"))
        self.assertFalse(b"CreationDate" in content)
        width = float(re.search(rb"/MediaBox \[ 0 0 (\S+)", content)[1])
        self.assertAlmostEqual(width / 72 * 25.4, 85, delta=0.1)

    def test_draws_what_each_file_holds(self):
        answer = Answer(*(self.files / f"{file}.h5" for file in ("langevin", "rates", "rates_two", "rare", "spread",
                                                              "classify")),
                        "--output-dir", self.own / "a" / "b", "--dpi", 50)
        self.assertEqual((answer.returncode, answer.stderr), (0, ""))
        expected = {f"{file}_{name}.{kind}" for file, names in (("langevin", LANGEVIN), ("rates", RATES),
                                                                ("rates_two", RATES), ("rare", RARE),
                                                                ("spread", SPREAD), ("classify", CLASSIFY)) for name in names for kind in ("png", "svg")}
        written = {path.name for path in (self.own / "a" / "b").iterdir()}
        self.assertEqual(written, expected)
        self.assertEqual({Path(line).name for line in answer.stdout.split()}, expected)
        for name in expected:
            content = (self.own / "a" / "b" / name).read_bytes()
            if name.endswith(".png"):
                self.assertEqual(content[:8], b"\x89PNG\r\n\x1a\n")
            else:
                self.assertEqual(xml.dom.minidom.parseString(content).documentElement.tagName, "svg")

    def test_beside_the_file_one_figure_one_format(self):
        path = self.changed("spread", lambda file: None)
        self.assertEqual(Answer(path, "--only", "trunk", "--format", "png", "--dpi", 100).returncode, 0)
        self.assertEqual(sorted(os.listdir(self.own)), ["changed_spread.h5", "changed_spread_trunk.png"])
        width = int.from_bytes((self.own / "changed_spread_trunk.png").read_bytes()[16:20], "big")
        self.assertEqual(width, 840)  # 8.4 inches

    def test_the_same_bytes_again(self):
        for folder in ("first", "second"):
            Answer(self.files / "spread.h5", "--output-dir", self.own / folder, "--dpi", 40)
        for name in os.listdir(self.own / "first"):
            self.assertEqual((self.own / "first" / name).read_bytes(), (self.own / "second" / name).read_bytes(), name)

    def test_the_same_bytes_of_a_pdf_from_another_process_at_another_time(self):
        """Hashes of texts differ from process to process; a date would differ from second to second."""
        command = [sys.executable, "-B", str(PLOT / "kramers-plot"), str(self.files / "spread.h5"), "--format", "pdf",
                   "--only", "spread_map", "--style", "paper"]
        for seed in "12":
            subprocess.run([*command, "--output-dir", str(self.own / seed)], capture_output=True, check=True,
                           env={**os.environ, "PYTHONHASHSEED": seed})
        one, other = ((self.own / seed / "spread_spread_map.pdf").read_bytes() for seed in "12")
        self.assertEqual(one, other)


class Faults(WithFiles):
    def refused(self, path, code, *words, only=()):
        chosen = [word for figure in only for word in ("--only", figure)]
        answer = Answer(path, "--output-dir", self.own / "figures", "--format", "png", "--dpi", 30, *chosen)
        self.assertEqual(answer.returncode, code, answer.stderr)
        self.assertRegex(answer.stderr, r"^kramers-plot: [^\n]+\n$")
        for word in (str(path), *words):
            self.assertIn(word, answer.stderr)
        return answer

    def survived(self, path, figure):
        """A figure, but for its pixels, or one sentence and an exit code."""
        with mock.patch.object(style, "save"):
            answer = Answer(path, "--only", figure, "--output-dir", self.own, ignoring_warnings=True)
        if answer.returncode != 0:
            self.assertIn(answer.returncode, (1, 65), answer.stderr)
            self.assertRegex(answer.stderr, r"^kramers-plot: [^\n]+\n$")
        return answer.returncode

    def written(self, name, content):
        path = self.own / name
        path.write_bytes(content)
        return path

    def test_files_that_are_no_results(self):
        whole = (self.files / "langevin.h5").read_bytes()
        self.refused(self.own / "absent.h5", 65, "no such file")
        self.refused(self.own, 65, "no such file")
        self.refused(self.written("empty.h5", b""), 1, "not a whole HDF5 file")
        self.refused(self.written("text.h5", b"walkers = 3\n" * 100), 1, "not a whole HDF5 file")
        self.refused(self.written("half.h5", whole[:len(whole) // 2]), 1, "not a whole HDF5 file", "truncated")
        foreign = self.own / "foreign.h5"
        with h5py.File(foreign, "w") as file:
            file["something"] = 1
        self.refused(foreign, 1, "holds nothing")

    def test_a_figure_that_the_file_does_not_hold(self):
        answer = Answer(self.files / "spread.h5", "--only", "population", "--output-dir", self.own)
        self.assertEqual(answer.returncode, 1)
        self.assertIn("trunk, spread_map, spread_time", answer.stderr)

    def test_damaged_contents(self):
        def replace(name, value):
            def change(file):
                del file[name]
                if value is not None:
                    file[name] = value
            return change

        table = "kramers/free_energy/value"
        for file, name, value, word in (
                ("langevin", table, None, "lacks the dataset"),
                ("langevin", table, np.zeros(3), "3 values"),
                ("langevin", table, np.full(72, np.nan), "no finite"),
                ("langevin", table, "text", "not hold numbers"),
                ("langevin", table, np.zeros((2, 36)), "extents (2, 36)"),
                ("langevin", "particles/walkers/position/time", np.zeros(2), "2 values"),
                ("langevin", "particles/walkers/velocity/value", np.zeros((2, 30, 1)), "velocities"),
                ("langevin", "particles/walkers/id", np.arange(3), "3 ids"),
                ("langevin", "kramers/population/difference", np.full(151, -1.0), "beyond its equilibrium"),
                ("langevin", "kramers/correlation/displacement", np.zeros(75), "no positive"),
                ("langevin", "kramers/survival/value", None, "lacks the dataset"),
                ("langevin", "kramers/survival/error", np.zeros(3), "3 values"),
                ("langevin", "kramers/survival/value", np.full(151, 0.0), "no share above zero"),
                ("langevin", "kramers/survival/value", np.full(151, 1.5), "between 0 and 1"),
                ("langevin", "kramers/core_sets/relaxation_rate", np.full(150, np.nan), "at no lag time"),
                ("mueller_brown", table, np.zeros((3, 4)), "(3, 4)"),
                ("mueller_brown", "kramers/free_energy/error", np.full((40, 36), 99.0), "0.5 kT in 0 bins"),
                ("spread", "spread/time", np.zeros(0), "none of them zero"),
                ("spread", "spread/spread", np.full(100, np.nan), "no finite")):
            with self.subTest(name=name, word=word):
                self.refused(self.changed(file, replace(name, value)), 65, word, only=figures_of(name))
        for name, value, word in (("rate_upper", np.nan, "upper limit"), ("walkers", 0, "number of events and walkers"),
                                  ("events", -1, "number of events"), ("rate", 0.0, "no rate above zero"),
                                  ("rate_lower", 1.0, "no rate above zero")):
            with self.subTest(attribute=name):
                path = self.changed("langevin", lambda file: file["kramers/survival"].attrs.update({name: value}))
                self.refused(path, 65, word, only=["survival"])
        damaged = self.changed("spread", lambda file: file.attrs.update(provenance="{"))
        self.refused(damaged, 65, "provenance")

    def test_data_that_do_not_match_their_checksum(self):
        def guarded(file):
            data = file["spread/spread"]
            data.attrs["checksum"] = np.uint64(damage.checksum(data[:]))

        whole = self.changed("spread", guarded)
        self.assertEqual(Answer(whole, "--only", "spread_map", "--output-dir", self.own).returncode, 0)
        with h5py.File(whole) as file:
            place = file["spread/spread"].id.get_offset()
        content = bytearray(whole.read_bytes())
        content[place + 8 * 17 + 6] ^= 0x20
        self.refused(self.written("damaged.h5", content), 65, "/spread/spread do not match their checksum")

    def test_a_damaged_heap_of_texts_does_not_hang_hdf5(self):
        """The free space of a heap that seems to be smaller than it is; HDF5 1.14 would read sizes of 0 from there on."""
        content = bytearray((self.files / "spread.h5").read_bytes())
        place = content.index(damage.HEAP) + 16
        while int.from_bytes(content[place:place + 2], "little"):
            place += 16 + (int.from_bytes(content[place + 8:place + 16], "little") + 7) // 8 * 8
        size = int.from_bytes(content[place + 8:place + 16], "little")
        content[place + 8:place + 16] = (size ^ (1 << size.bit_length() - 1)).to_bytes(8, "little")
        self.refused(self.written("damaged.h5", content), 65, "damaged where its texts stand")

    def test_nothing_that_a_file_holds_ends_in_a_traceback(self):
        """Each dataset as other data than a run writes: a figure, or a sentence."""
        replies = set()
        for file in ("langevin", "rates", "rare", "spread", "classify"):
            with h5py.File(self.files / f"{file}.h5") as source:
                names = []
                source.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
            for i, name in enumerate(names):
                def change(content, kind):
                    old = content[name]
                    shape, attributes = old.shape, dict(old.attrs)
                    del content[name]
                    if kind == 0:
                        content[name] = np.full(shape, np.nan)
                    elif kind == 1:
                        content[name] = np.random.default_rng(3).choice([0, -1, 1e300, np.inf, 2.5], size=shape)
                    elif kind == 2:
                        content.create_group(name)
                    elif kind == 3:
                        content.create_dataset(name, shape=(2**50,), dtype="f8", chunks=(2**10,))
                    if kind < 2:
                        content[name].attrs.update(attributes)

                kind = i % 4
                with self.subTest(file=file, name=name, kind=kind):
                    changed = self.changed(file, lambda content: change(content, kind))
                    replies |= {self.survived(changed, figure) for figure in figures_of(name)}
        self.assertLessEqual({0, 65}, replies)

    def test_a_folder_that_cannot_be_written(self):
        barrier = self.written("file", b"")
        answer = Answer(self.files / "spread.h5", "--output-dir", barrier / "figures")
        self.assertEqual(answer.returncode, 1)
        self.assertRegex(answer.stderr, r"^kramers-plot: [^\n]+cannot be written[^\n]+\n$")

    def test_one_bad_file_does_not_hinder_the_next(self):
        answer = Answer(self.own / "absent.h5", self.files / "spread.h5", "--output-dir", self.own, "--format", "png",
                     "--dpi", 30)
        self.assertEqual(answer.returncode, 65)
        self.assertEqual(len(list(self.own.iterdir())), len(SPREAD))

    def test_each_bad_file_is_told(self):
        answer = Answer(self.own / "absent.h5", self.own / "missing.h5")
        self.assertEqual((answer.returncode, answer.stderr.count("no such file")), (65, 2))


def figures_of(name):
    """Those that are drawn from the group of this dataset."""
    return [figure for figure, (_, group, _) in FIGURES.items()
            if name.split("/")[:2] == group.split("/")[:2] or name.split("/")[0] == group]


def lines(axes):
    return {line.get_label(): line for line in axes.get_lines()}


def legend(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


class Contents(WithFiles):
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


class Parts(unittest.TestCase):
    def test_checksum_is_that_of_the_library(self):
        """Printed by kramers::h5::checksum of these vectors."""
        self.assertEqual(damage.checksum(np.array([1.0, 2.0, 3.0])), 12535170825843292343)
        self.assertEqual(damage.checksum(np.array([[7, 8], [9, 10]], np.uint8)), 15913093595298025715)

    def test_hull_of_a_square_with_points_inside(self):
        square = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0.5, 0.5], [0.2, 0.9], [0.5, 0]])
        self.assertEqual(classify.hull(square).tolist(), [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]])
        self.assertEqual(len(classify.hull(np.array([[1.0, 2.0], [1.0, 2.0]]))), 1)

    def test_wilson_interval(self):
        low, high = classify.wilson(np.array([0.0, 0.5]), np.array([1, 100]))
        np.testing.assert_allclose([low[0], high[0]], [0, 0.5], atol=1e-12)
        np.testing.assert_allclose([low[1], high[1]], [0.45, 0.55], atol=1e-3)

    def test_measured(self):
        self.assertEqual(style.measured(2.2263e-3, 0.029e-3), r"2.226(29)$\times 10^{-3}$")
        self.assertEqual(style.measured(0.52, 0.013), "0.520(13)")
        self.assertEqual(style.measured(1234.5, 21.4), "1234(21)")
        self.assertEqual(style.measured(1.5e-5, float("nan")), r"1.500$\times 10^{-5}$")

    def test_interval(self):
        self.assertEqual(style.interval(2.2263e-3, 2.1e-3, 2.36e-3), r"2.23 (95 %: 2.10 to 2.36)$\times 10^{-3}$")
        self.assertEqual(style.interval(0.5, 0.3, 0.8), "0.50 (95 %: 0.30 to 0.80)")

    def test_wells_are_parted_by_real_barriers(self):
        x = np.linspace(-2, 2, 401)
        self.assertEqual(paths.wells(x, 5 * (x * x - 1)**2), [-1.0, 1.0])
        self.assertEqual(paths.wells(x, x * x + 0.2 * np.cos(40 * x))[1:], [])
        self.assertEqual(paths.wells(x, np.full(401, np.nan)), [])

    def test_transitions_need_the_other_core(self):
        x = np.array([0, -1, 0.9, -1, 0.2, 0.4, 1.2, 0.5, 1.1, 0, -1.5])
        changes = paths.core_transitions(x, -1, 1)
        self.assertEqual(list(changes), [6, 10])
        self.assertEqual(list(paths.transition_path(x, changes, -1, 1)), [3, 4, 5, 6])
        self.assertIsNone(paths.transition_path(np.array([-1.0, 1.0]), np.array([1]), -1, 1))
        self.assertEqual(paths.core_transitions(np.zeros(4), -1, 1).size, 0)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tests of the command line of kramers-plot, and of files that are damaged."""
import os
import re
import shutil
import subprocess
import sys
import unittest
import xml.dom.minidom
from pathlib import Path
from unittest import mock

import shared  # ends with 77 where modules are missing
import h5py
import numpy as np
from kramers_plot import classify, damage, paths, style
from shared import Answer, CLASSIFY, LANGEVIN, PLOT, RARE, RATES, SPREAD, WithFiles, figures_of


def setUpModule():
    shared.make_files()


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

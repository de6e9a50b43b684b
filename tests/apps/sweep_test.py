# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Sweeps of kramers-langevin: each row is what the run alone finds, whatever the ranks and however often interrupted."""
import copy
import json
import os
import signal
import subprocess
import time

import langevin_runs
from langevin_runs import DOUBLE_WELL, Case, h5py, main

BASE = copy.deepcopy(DOUBLE_WELL)
del BASE["output"]
FINDINGS = ("state_hash", "observables", "references", "checks", "warnings")
FOUR = ("--set", "integrator.friction={from=0.5, to=2, count=2, scale='log'}", "--set", "ensemble.seed=[7, 8]")


class SweepCase(Case):
    def setUp(self):
        super().setUp()
        self.write_input(tables=BASE)

    def rows(self, *words, **how):
        return self.run_study(*words, **how)["rows"]

    def files(self):
        return sorted(path.name for path in self.folder.iterdir())

    def refuse(self, said, *words, code=65):
        outcome = self.attempt(*words)
        self.assertEqual(outcome.code, code, outcome.err)
        self.assertEqual(len(outcome.errors), 1, outcome.err)
        self.assertIn(said, outcome.errors[0])


class Sweep(SweepCase):
    def test_each_row_is_the_run_alone_on_any_number_of_ranks(self):
        rows = self.rows(*FOUR, "--output", "one.h5")
        self.assertEqual([row["values"] for row in rows],
                         [{"ensemble.seed": s, "integrator.friction": f} for s in (7, 8) for f in (0.5, 2)])
        self.assertEqual(len({row["state_hash"] for row in rows}), 4)
        for row in rows:
            alone = self.run_study("--set", f"ensemble.seed={row['values']['ensemble.seed']:.0f}", "--set",
                                   f"integrator.friction={row['values']['integrator.friction']}", name="alone")
            self.assertEqual({key: row[key] for key in FINDINGS}, {key: alone[key] for key in FINDINGS})
        if langevin_runs.options.launcher:
            for ranks in (2, 4, 6):
                self.assertEqual(self.rows(*FOUR, "--output", "more.h5", ranks=ranks), rows)
                self.assert_same_tables("one.h5", "more.h5")
        self.assertEqual([name for name in self.files() if "points" in name], [])

    def assert_same_tables(self, *names):
        tables = []
        for name in names:
            with h5py.File(self.folder / name) as file:
                found = {}
                file["sweep"].visititems(lambda path, item: found.update({path: item[()].tobytes() if item.shape else item[()]})
                                         if isinstance(item, h5py.Dataset) else None)
                tables.append(found)
        self.assertIn("observables/rate/value", tables[0])
        self.assertEqual(*tables)

    def test_the_table_has_what_the_rows_have(self):
        """One point has no rate: of 300 walkers none changed sides in so short a time, which its note says."""
        words = ("--set", "integrator.temperature=[0.05, 0.4]", "--output", "run.h5")
        rows = self.rows(*words)
        with h5py.File(self.folder / "run.h5") as file:
            table = file["sweep"]
            self.assertEqual(list(table.attrs["keys"]), ["integrator.temperature"])
            self.assertEqual((list(table.attrs["scales"]), list(table.attrs["counts"])), (["linear"], [2]))
            self.assertEqual(list(table["values/integrator.temperature"]), [0.05, 0.4])
            self.assertEqual([f"0x{h:016x}" for h in table["state_hash"]], [row["state_hash"] for row in rows])
            for name in ("rate", "potential_energy", "core_set_rate_ab"):
                for part, column in (("value", "value"), ("stderr", "error")):
                    for row, number in zip(rows, table[f"observables/{name}/{column}"]):
                        expected = row["observables"][name][part]
                        self.assertTrue(number != number if expected is None else number == expected, (name, part))
            self.assertEqual(table["observables/core_set_rate_ab/upper"][0],
                             rows[0]["observables"]["core_set_rate_ab"]["interval"][1])
            self.assertEqual(list(table["references/rate_turnover"]), [row["references"]["rate_turnover"] for row in rows])
            notes = json.loads(table["notes"][()])
            self.assertEqual(notes[0], rows[0]["observables"]["rate"]["note"])
            self.assertEqual(file["parameters"].attrs["friction"], 1.0)
            self.assertNotIn("kT", file["parameters"].attrs)

    def test_a_point_that_diverges_leaves_the_others(self):
        outcome = self.attempt("--set", "integrator.dt=[0.02, 2.0]", "--summary", "run.json", "--output", "run.h5", "--strict")
        self.assertEqual(outcome.code, 2, outcome.err)
        good, bad = json.loads((self.folder / "run.json").read_text())["rows"]
        self.assertIn("kinetic_temperature", good["observables"])
        self.assertIn("use a time step smaller than dt = 2", bad["note"])
        self.assertNotIn("observables", bad)
        with h5py.File(self.folder / "run.h5") as file:
            self.assertIn("diverged", json.loads(file["sweep/notes"][()])[1])
            self.assertEqual(file["sweep/observables/potential_energy/value"].shape, (2,))

    def test_what_it_tells_people(self):
        command = [langevin_runs.options.program, "input.toml", *FOUR, "--set", "run.steps=[200, 400]"]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OMP_PROC_BIND": "false"}

        def tell(*words):
            ended = subprocess.run([*command, *words], cwd=self.folder, env=environment, text=True, capture_output=True,
                                   timeout=langevin_runs.PATIENCE)
            self.assertEqual(ended.returncode, 0, ended.stderr)
            return ended

        self.assertIn("is good: 8 points of ensemble.seed x integrator.friction x run.steps, the longest: 300 walkers, 500 steps",
                      tell("--check").stdout)
        ended = tell()
        points = [line.split()[2] for line in ended.stderr.splitlines() if " point " in line]
        self.assertEqual(points, list("24681357"))  # the longest first
        self.assertIn("point 2 of 8 (ensemble.seed 7, integrator.friction 0.5, run.steps 400)", ended.stderr)
        self.assertRegex(ended.stdout, r"ensemble\.seed +integrator\.friction +run\.steps +rate +stderr +rate_exact +rate_turnover")

    def test_units_are_those_of_single_runs(self):
        self.write_input(tables={**BASE, "units": {"system": "md"},
                                 "integrator": {"dt": "20 fs", "friction": "1/ps", "temperature": 300, "mass": "10 u"}})
        words = ("--set", "potential.barrier=10 kJ/mol", "--output", "run.h5")
        summary = self.run_study(*words, "--set", 'integrator.friction=["1/ps", "2e-3/fs"]')
        self.assertEqual([row["values"]["integrator.friction"] for row in summary["rows"]], [1, 2])
        self.assertEqual((summary["units"]["system"], summary["units"]["quantities"]["rate"]), ("md", "1/ps"))
        with h5py.File(self.folder / "run.h5") as file:
            self.assertEqual(file["sweep/observables/rate/value"].attrs["unit"], "ps-1")
            self.assertAlmostEqual(file["parameters"].attrs["kT"], 300 * 8.31446261815324e-3, delta=1e-12)
            self.assertNotIn("friction", file["parameters"].attrs)
        self.run_study(*words, "--set", "integrator.temperature=[300, 310]")
        self.assertIn("run.h5.~1~", self.files())
        with h5py.File(self.folder / "run.h5") as file:
            self.assertEqual(list(file["sweep/values/integrator.temperature"]), [300, 310])
            self.assertNotIn("kT", file["parameters"].attrs)
            self.assertEqual(file["parameters"].attrs["friction"], 1.0)

    def test_what_is_no_sweep(self):
        self.refuse("--until ends one run", "--until", "rate:5", "--set", "ensemble.seed=[1, 2]", code=64)
        wrong = [
            ("integrator.friction=[]", "got []; expected at least one number"),
            ("integrator.friction=[1, 1]", "expected numbers that differ"),
            ("integrator.friction=[1, -2]", "got -2; expected >= 0"),
            ("integrator.friction=[[1], [2]]", "each element a number"),
            ("integrator.friction=['a']", "got the string 'a'; expected a number"),
            ("integrator.friction={from=1, to=2}", "'integrator.friction.count' is missing"),
            ("integrator.friction={from=1, to=2, count=1}", "got 1; expected between 2 and 10000"),
            ("integrator.friction={from=0, to=2, count=3, scale='log'}", "got 0; expected > 0"),
            ("integrator.friction={from=1, to=2, count=3, scales='log'}", "did you mean 'integrator.friction.scale'?"),
            ("integrator.fricton=[1, 2]", "did you mean 'integrator.friction'?"),
            ("ensemble.walkers=[100, 100.5]", "got the number 100.5; expected an integer"),
            ("integrator.scheme=['baoab', 'aboba']", "expected a string"),
            ("integrator={dt={from=0.01, to=0.02, count=101}, friction={from=1, to=2, count=100}, temperature=1}",
             "too many runs: 101 of 'integrator.dt' x 100 of 'integrator.friction'; expected at most 10000"),
            ("output.trajectory={walkers=[0, 3], every=10}", "which a sweep does not keep"),
        ]
        for assignment, said in wrong:
            with self.subTest(assignment):
                self.refuse(said, "--set", assignment)
        self.refuse("(point 2 of 2: integrator.friction -2)", "--set", "integrator.friction=[1, -2]")
        self.refuse("--replay follows a walker of one run", "--set", "integrator.friction=[1, 2]", "--replay", 3, code=64)
        self.assertEqual(self.files(), ["input.toml"])


    def test_a_folder_without_a_sweep_is_no_hindrance(self):
        words = ("--set", "integrator.friction=[1, 2]", "--output", "run.h5")
        (self.folder / "run.checkpoint.points").mkdir()
        (self.folder / "run.checkpoint.points" / "notes").touch()
        self.rows(*words)
        self.assertEqual([path.name for path in (self.folder / "run.checkpoint.points").iterdir()], ["notes"])
        (self.folder / "other").touch()
        outcome = self.attempt(*words, "--set", "checkpoint.file='other/x.h5'")
        self.assertEqual(outcome.code, 1, outcome.err)


class SweepLong(SweepCase):
    """What takes minutes with sanitizers."""

    LONG = ("--set", "ensemble.walkers=20000", "--set", "integrator.friction=[0.5, 1, 2, 4]", "--set",
            "checkpoint.every=100")
    FOLDER = "run.checkpoint.points"

    def test_rates_agree_with_the_exact_ones(self):
        """One chance in 5,000 with another seed that one of three lies beyond 4 standard errors."""
        words = ("--set", "integrator.friction=[0.5, 1, 4]", "--set", "ensemble.walkers=4000", "--set", "run.steps=3000",
                 "--set", "observables.frame_every=20")
        rates = []
        for row in self.rows(*words):
            rate, exact = row["observables"]["rate"], row["references"]["rate_exact"]
            self.assertLess(abs(rate["value"] - exact), 4 * rate["stderr"])
            self.assertLess(rate["stderr"], 0.15 * exact)
            rates.append(rate["value"])
        self.assertLess(rates[2], rates[1])  # strong friction slows the crossing

    def test_results_run_again(self):
        """frame_every follows from the steps of each point: it is no part of what they share."""
        del BASE["observables"]["frame_every"]
        self.addCleanup(BASE["observables"].update, frame_every=100)
        self.write_input(tables=BASE)
        one = self.run_study("--set", "run.steps=[600, 1000]", "--set", "integrator.friction={from=1, to=100, count=3, scale='log'}",
                             "--output", "run.h5", "--precision", "f32")
        self.assertNotIn("frame_every", one["input"]["observables"])
        again = self.run_study("--output", "again.h5", source="run.h5", name="again")
        self.assertEqual((again["rows"], again["input"], again["precision"]), (one["rows"], one["input"], "f32"))
        self.assertEqual([axis["scale"] for axis in again["sweep"]], ["log", "linear"])
        one_of_them = self.run_study("--set", "run.steps=600", "--set", "integrator.friction=10", source="run.h5")
        self.assertEqual(one_of_them["state_hash"], one["rows"][2]["state_hash"])
        self.assertEqual(one_of_them["observables"], one["rows"][2]["observables"])

    def interrupt(self, words):
        """A run that has finished one point and is within the second, as its checkpoint shows, when the signal comes."""
        run = self.start(*words)
        end = time.monotonic() + langevin_runs.PATIENCE
        second = self.folder / self.FOLDER / "point_2.checkpoint.h5"
        while not second.exists() and run.poll() is None and time.monotonic() < end:
            time.sleep(0.005)
        run.send_signal(signal.SIGTERM)
        return self.end(run)

    def test_goes_on_after_signals_with_the_same_rows(self):
        words = (*self.LONG, "--output", "run.h5")
        rows = self.rows(*self.LONG, "--output", "whole.h5", name="whole")
        outcome = self.interrupt(words)
        self.assertEqual(outcome.code, 143, outcome.err)
        self.assertRegex(outcome.err, r"stopped by signal 15 with [123] of 4 points done; go on with --resume")
        kept = sorted(path.name for path in (self.folder / self.FOLDER).iterdir())
        self.assertIn("point_1.h5", kept)  # and a checkpoint of the second, unless this machine was busy elsewhere
        self.assertNotIn("point_4.h5", kept)
        first = (self.folder / self.FOLDER / "point_1.h5").stat().st_mtime_ns

        self.refuse("go on with --resume, or remove it", *words, code=64)
        self.refuse("belongs to a sweep of another input", *words, "--set", "run.steps=999", "--resume")
        self.refuse("belongs to a sweep of another input", *words, "--set", "integrator.friction=[0.5, 1]", "--resume")
        self.damage("point_1.h5", words)
        self.assertEqual((self.folder / self.FOLDER / "point_1.h5").stat().st_mtime_ns, first)

        (self.folder / self.FOLDER / ".point_4.h5.machine.1.2.3.part").touch()  # as a killed process leaves
        ranks = 2 if langevin_runs.options.launcher else 1
        self.assertEqual(self.rows(*words, "--resume", ranks=ranks), rows)
        self.assertFalse((self.folder / self.FOLDER).exists())
        with h5py.File(self.folder / "run.h5") as one, h5py.File(self.folder / "whole.h5") as other:
            self.assertEqual(list(one["sweep/state_hash"]), list(other["sweep/state_hash"]))
        self.refuse("holds no points to go on from", *words, "--resume")

    def damage(self, name, words):
        path = self.folder / self.FOLDER / name
        content, times = path.read_bytes(), path.stat()
        place = content.index(b'"state_hash"') + 20
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1:])
        self.refuse("checksum", *words, "--resume", code=1)
        path.write_bytes(content)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


if __name__ == "__main__":
    main()

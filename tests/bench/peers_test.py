#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""kramers-bench peers: exact values, the verdict on a peer's physics or digits, peers that fail, and those that are installed
here, as small as shows that they are right. Asserts no times."""

import contextlib
import io
import json
import math
import pathlib
import tempfile
import unittest

import support
from kramers_bench import BenchError, cli, grid_peers, page, peers, results, texts

TINY = peers.Size(walkers=6144, blocks=4, steps=50, epochs=100, repeats=16, kramers_steps=100)
NUMPY = ("double_well", "f64", "numpy", "well_numpy.py", "float64")
RIGHT = {"heating": peers.heating(0.2), "v2": peers.KT,
         **{f"x{power}": peers.boltzmann_mean(lambda x, power=power: x**power) for power in (2, 4, 6)}}


class Kramers:
    """Stands in for the programs of a build: always as fast, and right."""
    version, context = "kramers 1", {"kokkos_space": "OpenMP", "git_hash": "0"}
    physically_right = True

    def __init__(self, *_):
        pass

    def time(self, task, precision):
        return 1000, 1.0, 0.5

    def physics(self, task, precision):
        return {"position_squared": 0.9}, None if self.physically_right else "wrong physics: made up"


class Exact(unittest.TestCase):
    def test_identities_of_the_equilibrium(self):
        """The virial and the slope squared give kT; the mean of x^2 is that of kramers::dynamics::exact at kT = 0.2."""
        self.assertAlmostEqual(peers.boltzmann_mean(lambda x: x * peers.slope(x)), peers.KT, delta=1e-12)
        squared = peers.boltzmann_mean(lambda x: peers.slope(x)**2)
        self.assertAlmostEqual(squared / peers.boltzmann_mean(peers.curvature), peers.KT, delta=1e-12)
        self.assertAlmostEqual(peers.checked_ensemble(RIGHT, TINY)[0]["configurational_temperature"], peers.KT, delta=1e-12)
        # <V> = 0.11316605958816588 (kramers-langevin), and x V' = 4 x^4 - 4 x^2 with V = x^4 - 2 x^2 + 1.
        self.assertAlmostEqual(RIGHT["x2"], peers.KT / 4 + 1 - 0.11316605958816588, delta=1e-12)

    def test_heating(self):
        """At first by 2 gamma kT t, less by friction and the well; at last to kT."""
        self.assertAlmostEqual(peers.heating(1e-4) / (2 * peers.FRICTION * peers.KT * 1e-4), 1, delta=2e-4)
        self.assertAlmostEqual(peers.heating(30), peers.KT, delta=1e-6)
        # The series of <v^2> in t, from the generator: with V'' = 8, gamma = 1; the next term is of the order of 10 t^4.
        t = 0.02
        self.assertAlmostEqual(peers.heating(t) / (peers.KT * (2 * t - 2 * t**2 - 4 * t**3)), 1, delta=2e-4)


class Physics(unittest.TestCase):
    def check(self, **changes):
        return peers.checked_ensemble({**RIGHT, **changes}, peers.FULL)[1]

    def test_right_is_right(self):
        self.assertIsNone(self.check())

    def test_a_tenth_off_is_wrong(self):
        for name, quantity in (("x2", "position_squared"), ("v2", "kinetic_temperature"),
                               ("x4", "configurational_temperature"), ("heating", "heating")):
            for factor in (0.9, 1.1, math.nan):
                self.assertRegex(self.check(**{name: RIGHT[name] * factor}) or "", f"^wrong physics: {quantity} is", factor)

    def test_a_classifier_that_guesses_is_wrong(self):
        self.assertIsNone(peers.checked_classifier({"accuracy": 0.97}, TINY)[1])
        self.assertIn("has not learnt", peers.checked_classifier({"accuracy": 0.45}, TINY)[1])


class Solver:
    """Stands in for the programs that solve on grids: start and end take 0.2 s of processor time, an iteration 1e-5 s."""

    def __init__(self, verdict="PASSED", norm=0.003597435576946526):
        self.verdict, self.norm, self.calls = verdict, norm, []

    def program(self, name, precision, keys, *words):
        self.calls.append((name, keys, words))
        done = keys.get("jacobi.iterations", keys.get("flow.steps", 364))
        numbers = [{"what": "last step", "found": 500, "passed": self.verdict == "PASSED"}]
        return {"wall_s": 1e-5 * done, "iterations": 364, "norm": self.norm,
                "verification": {"verdict": self.verdict, "numbers": numbers}}, 0.2 + 1e-5 * done


    def bench(self, name, pattern):
        self.calls.append((name, pattern))
        return {"rate": 125.0, "cpu_ms_per_solution": 4.0}


class Digits(unittest.TestCase):
    def test_published_numbers_are_right_and_the_next_double_is_wrong(self):
        for task, numbers in grid_peers.PUBLISHED.items():
            right = {name: value for name, (value, _) in numbers.items()}
            self.assertIsNone(grid_peers.wrong(right, task))
            for name, (value, tolerance) in numbers.items():
                for other in (math.nextafter(value + 1.01 * tolerance, math.inf), math.nan):
                    self.assertRegex(peers.CHECKS[task]({**right, name: other}, TINY)[1] or "", f"^wrong numbers: {name} is")
                self.assertIn(name, grid_peers.wrong({key: right[key] for key in right if key != name}, task))

    def test_what_is_published_is_that_of_the_programs(self):
        """The sources of the programs have the same digits."""
        root = pathlib.Path(__file__).resolve().parents[2]
        sources = [root / "algorithms/grids/src" / f"{name}_published.cpp" for name in ("jacobi", "channel")]
        text = " ".join(path.read_text() for path in [*sources, root / "apps/cg/published.cpp"])
        for task, numbers in grid_peers.PUBLISHED.items():
            for name, (value, _) in numbers.items():
                if value and task != "jacobi_1000":
                    self.assertIn(repr(value), text, f"{task}: {name}")

    def test_start_and_end_of_a_program_are_no_work(self):
        for task, many in (("jacobi_100", 100_000), ("channel", 20_000)):
            work, wall, cpu = grid_peers.time(Solver(), task, "f64")
            self.assertEqual(work, many)
            self.assertAlmostEqual(wall, 1e-5 * many)
            self.assertAlmostEqual(cpu, 1e-5 * many)
        self.assertEqual(grid_peers.time(Solver(), "cg_wrapped", "f64"), (364, 0.008, 0.004))

    def test_kramers_is_held_to_the_same(self):
        for task in grid_peers.WORK:
            solver = Solver()
            self.assertIsNone(grid_peers.physics(solver, task, "f64")[1], task)
            self.assertEqual(solver.calls[0][2], () if task == "jacobi_1000" else ("--verify",))
            other = Solver("FAILED", 0.0035974355769465265)
            self.assertIn("wrong numbers: ", grid_peers.physics(other, task, "f64")[1] or "", task)

    def test_a_program_that_is_not_built_is_missing(self):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "kramers-langevin").write_text("")
            with self.assertRaisesRegex(peers.Missing, "grids_bench is not built"):
                peers.Kramers(folder, TINY, 1).time("cg_wrapped", "f64")


class Answers(unittest.TestCase):
    """Scripts that answer well, badly or not at all."""

    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        real, peers.Kramers = peers.Kramers, Kramers
        self.addCleanup(setattr, peers, "Kramers", real)
        self.addCleanup(setattr, Kramers, "physically_right", True)

    def run_script(self, text, **words):
        (self.folder / "x.py").write_text(text)
        said = []
        document = peers.run(self.folder, "", 1, said.append, TINY, [("double_well", "f64", "x", "x.py", "v")], self.folder)
        return results.parse(json.dumps(document), "made up"), said

    def answer(self, **changes):
        answer = {"version": "X 1", "work": 500, "wall_s": [1.0, 3.0, 2.0], "cpu_s": [1.0, 1.0, 1.0], "means": RIGHT, **changes}
        return f"import json\nprint(json.dumps({answer!r}))"

    def problem(self, text):
        result, _ = self.run_script(text)
        rows = result.rows["peers/double_well/x/f64"]
        self.assertNotIn("rate", rows[0].entry)
        return results.problem_of(rows)

    def test_a_right_answer_has_a_ratio(self):
        result, said = self.run_script(self.answer())
        row = result.rows["peers/double_well/x/f64"][0]
        self.assertIsNone(row.problem)
        self.assertAlmostEqual(row.entry["rate"], 250)  # the median block, by the wall clock
        self.assertAlmostEqual(row.entry["kramers_ratio"], 4)
        self.assertAlmostEqual(row.entry["kramers_cpu_ratio"], 4)
        self.assertEqual(said, ["double_well/x/f64"])
        self.assertAlmostEqual(result.rows["peers/double_well/kramers/f64"][0].entry["cpu_rate"], 2000)
        made = page.html_of([result], peers=result)
        self.assertIn("<h2>Other programs</h2>", made)
        kramers, other = texts.peers_cells(result)
        self.assertEqual((kramers[0], other[:4]), ("kramers", ["x", "double_well f64", "500 /s", "4"]))
        self.assertEqual(other[4:7], ["4", 1, "X 1"])
        self.assertNotIn("Portability", made)  # which is about kramers alone

    def test_wrong_physics_has_no_time(self):
        wrong = {**RIGHT, "v2": 0.3}
        self.assertRegex(self.problem(self.answer(means=wrong)), "^wrong physics: kinetic_temperature is 0.3; expected 0.2 within")
        result, _ = self.run_script(self.answer(means=wrong))
        self.assertEqual(texts.peers_cells(result)[1][2:5], ["INVALID", "", ""])

    def test_kramers_is_held_to_the_same(self):
        Kramers.physically_right = False
        result, _ = self.run_script(self.answer())
        self.assertEqual(results.problem_of(result.rows["peers/double_well/kramers/f64"]), "wrong physics: made up")

    def test_no_answer(self):
        for text, why in (("import sys; sys.exit(3)", "ended with code 3: it said nothing"),
                          ("raise ValueError('broken')", "ended with code 1: ValueError: broken"),
                          ("", "no answer"), ("print('nothing')", "no answer"), ("print('{}')", "no answer"),
                          (self.answer(wall_s=[0.0]), "no answer"), (self.answer(cpu_s=["1"]), "no answer"),
                          (self.answer(means={"heating": None}), "no answer")):
            self.assertIn(why, self.problem(text), text)

    def test_what_is_missing_is_left_out(self):
        with self.assertRaisesRegex(BenchError, "no peer is installed"):
            self.run_script("import no_such_module")
        (self.folder / "y.py").write_text(self.answer())
        (self.folder / "x.py").write_text("import no_such_module")
        said, two = [], [("double_well", "f64", name, f"{name}.py", "v") for name in ("x", "y")]
        document = peers.run(self.folder, "", 1, said.append, TINY, two, self.folder)
        self.assertEqual([row["name"].split("/")[2] for row in document["benchmarks"]], ["y", "kramers"])
        self.assertIn("left out: double_well/x/f64: no_such_module is not installed", said)

    def test_threads_are_set_for_all(self):
        text = "import os\n" + "".join(f"assert os.environ[{name!r}] == '3', {name!r}\n" for name in peers.THREADS)
        (self.folder / "x.py").write_text(text + self.answer())
        answer = peers.ask(("double_well", "f64", "x", "x.py", "v"), TINY, 3, self.folder)
        self.assertEqual(answer["version"], "X 1")

    def test_the_command(self):
        with contextlib.redirect_stderr(io.StringIO()) as printed:
            self.assertEqual(cli.main(["peers", str(self.folder), "--filter", "nobody"]), 64)
        self.assertIn("'nobody' leaves no peer", printed.getvalue())


class Real(unittest.TestCase):
    """The peers that are installed on this machine."""
    # The other rows are the same scripts in the other precision, or OpenMM's other platform.
    ROWS = ("double_well/f64/numpy", "double_well/f64/numba", "double_well/f32/torch", "double_well/f64/openmm_middle_CPU",
            "double_well/f64/openmm_baoab_CPU", "double_well/f64/lammps_langevin", "double_well/f64/lammps_gjf",
            "classifier/f32/torch", "classifier/f64/sklearn", "jacobi_100/f64/numpy", "channel/f64/numpy",
            "cg_wrapped/f64/scipy", "cg_five_point/f64/scipy", "rare_weighted/f64/numpy")

    def test_their_physics_is_right(self):
        wanted = [peer for peer in peers.PEERS if "/".join(peer[:3]) in self.ROWS]
        self.assertEqual(len(wanted), len(self.ROWS))
        missing = []
        for peer in wanted:
            with self.subTest(peer[2]):
                try:
                    answer = peers.ask(peer, TINY, 1)
                except peers.Missing as why:
                    missing.append(str(why))
                    continue
                self.assertIsNone(peers.CHECKS[peer[0]](answer["means"], TINY)[1])
        if missing:
            self.skipTest(f"{', '.join(sorted(set(missing)))}: ./dev peers has them")

    def test_another_ensemble_is_seen(self):
        """The same script with one constant changed by a third is not the same physics."""
        try:
            peers.ask(NUMPY, TINY, 1)
        except peers.Missing as why:
            self.skipTest(str(why))
        constants = (peers.SCRIPTS / "double_well.py").read_text()
        line = "BARRIER, KT, FRICTION, DT = 1.0, 0.2, 1.0, 0.01"
        self.assertIn(line, constants)
        for values, quantity in (("1.33, 0.2, 1.0, 0.01", "configurational_temperature"), ("1.0, 0.2, 1.33, 0.01", "heating"),
                                 ("1.0, 0.2, 1.0, 0.0067", "heating")):
            with self.subTest(values), tempfile.TemporaryDirectory() as scratch:
                folder = pathlib.Path(scratch)
                (folder / "double_well.py").write_text(constants.replace(line, line.split("=")[0] + "= " + values))
                (folder / "well_numpy.py").write_text((peers.SCRIPTS / "well_numpy.py").read_text())
                means = peers.ask(NUMPY, TINY, 1, folder)["means"]
                self.assertRegex(peers.checked_ensemble(means, TINY)[1] or "right", f"wrong physics: {quantity} ")


    def test_another_solver_is_seen(self):
        """Scripts with one line changed: a last bit of the boundary, walls without a pressure, a looser tolerance."""
        for script, line, changed, name in (
                ("jacobi_numpy.py", "[math.sin(1.5 * math.pi * x)", "[(1 + 3e-16) * math.sin(1.5 * math.pi * x)", "norm_"),
                ("channel_numpy.py", "self.p[-1], self.p[0] = self.p[-2], self.p[1]", "pass", "perturbed_"),
                ("cg_scipy.py", "TOLERANCE = 100, 1e-10", "TOLERANCE = 100, 1e-8", "last_iteration")):
            peer = next(peer for peer in peers.PEERS if peer[3] == script)
            text = (peers.SCRIPTS / script).read_text()
            self.assertEqual(text.count(line), 1)
            with self.subTest(script), tempfile.TemporaryDirectory() as scratch:
                folder = pathlib.Path(scratch)
                (folder / "solver.py").write_text((peers.SCRIPTS / "solver.py").read_text())
                (folder / script).write_text(text.replace(line, changed))
                try:
                    means = peers.ask(peer, TINY, 1, folder)["means"]
                except peers.Missing as why:
                    self.skipTest(str(why))
                self.assertRegex(peers.CHECKS[peer[0]](means, TINY)[1] or "right", f"wrong numbers: {name}")


class Readers(unittest.TestCase):
    """Other people's tools open what kramers-bench writes."""
    COMPARE = "usr/share/benchmark/compare.py"

    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        self.made = [support.write(self.folder / f"{name}.json", support.document({"x/row": cost}, 10, seed=int(cost)))
                     for name, cost in (("a", 1.0), ("b", 2.0))]

    def read(self, *words):
        done = peers.call([*peers.python(self.folder), *words], 1)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_google_benchmark_s_compare(self):
        if not any((root / self.COMPARE).is_file() for root in (peers.ROOT, pathlib.Path("/"))):
            self.skipTest("libbenchmark-tools is not installed: ./dev peers has it")
        text = self.read("/" + self.COMPARE, "--no-color", "benchmarks", *self.made)
        rows = [line.split() for line in text.splitlines() if line.startswith("x/row ")]
        self.assertEqual(len(rows), 10)
        for row in rows:
            self.assertAlmostEqual(float(row[1]), 1, delta=0.05)  # the second is twice as slow
        self.assertRegex(text, r"x/row_pvalue +0\.0002 ")  # the U test of all 10 processes

    def test_pandas_reads_the_table_of_portability(self):
        with contextlib.redirect_stdout(io.StringIO()):
            self.assertEqual(cli.main(["pp", self.made[0], "--csv", str(self.folder / "pp.csv")]), 0)
        try:
            text = self.read("-c", "import pandas\nprint(pandas.read_csv('pp.csv').groupby('problem')['arch eff'].max().to_json())")
        except AssertionError as error:
            if "No module named 'pandas'" in str(error):
                self.skipTest("pandas is not installed: ./dev peers has it")
            raise
        self.assertAlmostEqual(json.loads(text)["x/row"], 0.5, delta=0.02)


if __name__ == "__main__":
    unittest.main()

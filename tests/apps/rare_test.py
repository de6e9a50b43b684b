# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""kramers-rare as its users meet it: rates, bits on any number of ranks, bad input, files."""
import json
import math
import os
import re
import signal as signals
import subprocess
import sys
import time

from shipped_runs import Case, h5py, main, options, PATIENCE, SOURCE

Case.shipped = SOURCE / "apps" / "rare" / "double_well.toml"
CORES = ("rare.state_a={below=-1.0}", "rare.state_b={above=1.0}")
SMALL = ("rare.repeats=8", "rare.replicas=100", "integrator.temperature=0.2", "rare.state_a.energy_below=0.2")

# Overdamped, from the disc around the lowest minimum of the surface of Mueller and Brown to that around the second.
MINIMA = ("{centre=[-0.558, 1.442], radius=0.1}", "{centre=[0.623, 0.028], radius=0.1}")
SURFACE = ('potential={kind="mueller_brown"}', 'integrator={scheme="leimkuhler-matthews", dt=1e-5, friction=1.0, temperature=15.0}',
           "rare.level.kind=distance", f"rare.state_a={MINIMA[0]}", f"rare.state_b={MINIMA[1]}")
THREE = "rare.state_c={centre=[-0.05, 0.467], radius=0.05}"  # the third minimum
FEW = ("rare.repeats=8", "rare.replicas=100", "rare.flux={walkers=8, equilibrate=2000, steps=2000}")


class Rates(Case):
    def test_methods_agree(self):
        """Each within 4 standard errors of the exact rate: one seed in some thousands fails."""
        exact = self.summary(sets=("rare.method=exact", *CORES))["references"]
        self.assertAlmostEqual(exact["rate_exact"] / 7.16896497977e-10, 1, 4)
        shots = self.summary(sets=("rare.method=shooting", "rare.shooting.pairs=20000", *CORES))
        for name in ("rate", "core_set_rate_ab"):
            rate = shots["observables"][name]
            self.assertLess(abs(rate["z"]), 4)
            self.assertLess(rate["stderr"], 0.01 * rate["value"])
        split = self.summary(sets=("integrator.temperature=0.1", "rare.state_a.energy_below=0.1", "rare.replicas=300"))
        rate = split["observables"]["rate"]
        self.assertEqual(rate["compared_with"], "rate_exact_at_dt")
        self.assertLess(abs(rate["z"]), 4)
        self.assertAlmostEqual(rate["value"], split["observables"]["flux"]["value"] * split["observables"]["probability"]["value"], 12)
        self.assertGreater(split["work"]["speed_up"], 10)

    def test_surface(self):
        """From finite volumes on grids of 0.02 to 0.0067, k_AB = 0.1459(1), k_BA = 1.341(1) (m gamma = 1)."""
        for states, expected in ((MINIMA, 0.1459), (MINIMA[::-1], 1.341)):
            summary = self.summary(sets=(*SURFACE, f"rare.state_a={states[0]}", f"rare.state_b={states[1]}", "rare.replicas=300"))
            rate = summary["observables"]["rate"]
            self.assertLess(abs(rate["value"] - expected), 4 * rate["stderr"])
            self.assertLess(rate["stderr"], 0.08 * expected)
            self.assertEqual(summary["references"], {})
            self.assertNotIn("z", rate)

    def test_table_of_a_surface(self):
        """The same surface from a grid of 0.03, between the same discs; and again from the results alone."""
        terms = ((-200, -1, 0, -10, 1, 0), (-100, -1, 0, -10, 0, 0.5), (-170, -6.5, 11, -6.5, -0.5, 1.5), (15, 0.7, 0.6, 0.7, -1, 1))

        def energy(x, y):
            return sum(height * math.exp(a * (x - p)**2 + b * (x - p) * (y - q) + c * (y - q)**2) for height, a, b, c, p, q in terms)
        points = [(-1.7 + 0.03 * i, -0.6 + 0.03 * j) for i in range(97) for j in range(91)]
        (self.folder / "grid.txt").write_text("".join(f"{x:.4f} {y:.4f} {energy(x, y)!r}\n" for x, y in points))
        grid = ('potential={kind="tabulated_2d", file="grid.txt", outside_x="wall", wall_stiffness_x=1e5, outside_y="wall", '
                'wall_stiffness_y=1e5}')
        sets = (grid, *SURFACE[1:], "rare.replicas=300")
        summary = self.summary("--output", "grid.h5", sets=sets)
        rate = summary["observables"]["rate"]
        self.assertLess(abs(rate["value"] - 0.1459), 4 * rate["stderr"])
        self.assertLess(rate["stderr"], 0.08 * 0.1459)
        self.assertEqual(summary["references"], {})
        (self.folder / "grid.txt").rename(self.folder / "away.txt")
        self.assertEqual(self.summary(given=self.folder / "grid.h5")["state_hash"], summary["state_hash"])
        (self.folder / "away.txt").rename(self.folder / "grid.txt")
        self.assertNotIn("z", rate)
        open_y = 'potential={kind="tabulated_2d", file="grid.txt", outside_x="wall", wall_stiffness_x=1e5}'
        self.refuse("'potential.kind'", "a potential that walkers do not leave", sets=(open_y, *SURFACE[1:]))
        # Quantities with units reach the paths, too.
        warm = (*SURFACE[1:], *FEW, "units.system=md", "integrator.temperature=1804")
        quantities = grid.replace("1e5", '"100 J/mol/pm^2"')  # 1e5 kJ/mol/nm^2
        self.assertEqual(self.summary(sets=(quantities, *warm))["state_hash"], self.summary(sets=(grid, *warm))["state_hash"])

    def test_committor(self):
        """The same rates, and less scatter at equal cost: 2.6 times less, of which an F ratio of 63 and 63 repeats has a half."""
        work = {}
        for kind in ("distance", "committor"):
            summary = self.summary(sets=(*SURFACE, f"rare.level.kind={kind}", "rare.replicas=300"))
            rate = summary["observables"]["rate"]
            self.assertLess(abs(rate["value"] - 0.1459), 4 * rate["stderr"])
            work[kind] = summary["work"]["steps_for_unit_error"]
        self.assertAlmostEqual(summary["references"]["rate_on_grid"] / 0.1459, 1, delta=0.005)
        self.assertLess(rate["stderr"], 0.05 * 0.1459)
        self.assertLess(work["committor"], 0.75 * work["distance"])
        self.refuse("'rare.level.kind'", "in one coordinate", sets=("rare.level.kind=committor",))

    def test_states(self):
        """Rates into each of two states, which add up; what each repeat has found; and words for one that none has reached."""
        summary = self.summary("--output", "three.h5", sets=(*SURFACE, THREE, *FEW, "rare.level.kind=committor"))
        found = summary["observables"]
        self.assertAlmostEqual(sum(found[name]["value"] for name in ("rate_b", "rate_c")) / found["rate"]["value"], 1, 12)
        for name in ("rate_b", "rate_c"):
            self.assertLess(found[name]["interval"][0], found[name]["value"])
            self.assertLess(abs(found[name]["value"] - found[name]["interval"][1]), 3 * found[name]["stderr"])
        # Most walkers pass by C on their way to B: how many do is not resolved by the grid, and not told.
        self.assertEqual([name for name in summary["references"] if name.endswith("_on_grid")], [])
        if h5py:
            with h5py.File(self.folder / "three.h5") as file:
                share, rate = (file[f"kramers/rare/repeats/{name}"][:] for name in ("share", "rate"))
            self.assertEqual(share.shape, (8, 2))
            self.assertAlmostEqual((rate * share[:, 1]).mean() / found["rate_c"]["value"], 1, 12)
        away = self.summary(sets=(*SURFACE, "rare.state_c={centre=[0.3, 1.2], radius=0.02}", *FEW))["observables"]
        self.assertIsNone(away["rate_c"]["value"])
        self.assertIn("no replica came to state C", away["rate_c"]["note"])
        alone = self.summary(sets=(*SURFACE, *FEW))["observables"]
        self.assertNotIn("rate_b", alone)

    def test_reactive_times(self):
        """Shares in order, and the mean between them; in units of time."""
        for sets, least in ((SMALL, 0.2), ((*SURFACE, *FEW), 1e-3)):
            time = self.summary(sets=sets)["observables"]["reactive_time"]
            self.assertEqual([quantile["share"] for quantile in time["quantiles"]], [0.05, 0.5, 0.95])
            values = [quantile["value"] for quantile in time["quantiles"]]
            self.assertEqual(values, sorted(values))
            self.assertLess(least, values[0])
            self.assertLess(values[0], time["value"])
            self.assertLess(time["value"], values[2])
            self.assertGreater(time["stderr"], 0)

    def test_target_error(self):
        """A pilot of 8 repeats tells their scatter to 25 %."""
        given = (*SMALL, "rare.target_error=0.02")
        found = self.summary(sets=given)
        rate = found["observables"]["rate"]
        self.assertGreater(found["splitting"]["replicas"], 400)
        self.assertLess(rate["stderr"], 0.04 * rate["value"])
        self.assertGreater(rate["stderr"], 0.008 * rate["value"])
        self.assertLess(abs(rate["z"]), 6)  # 7 degrees of freedom: one seed in 2,000
        if options.launcher:
            self.assertEqual(self.summary(sets=given, ranks=2)["state_hash"], found["state_hash"])

    def test_warnings(self):
        outcome = self.attempt("--strict", sets=("rare.repeats=4", "rare.replicas=200"))
        self.assertEqual(outcome.returncode, 2, outcome.stderr)
        self.assertIn("starting points per repeat", outcome.stderr)
        weak = self.summary(sets=(*CORES, *SMALL[:3], "rare.level.kind=coordinate"))
        self.assertIn("loses 13.3 kT", " ".join(weak["warnings"]))


class Bits(Case):
    def test_ranks_and_threads(self):
        for more in (SMALL, ("rare.method=shooting", "rare.shooting.pairs=999", *CORES), (*SURFACE, *FEW),
                     (*SURFACE, *FEW, "rare.level.kind=committor", THREE),
                     ("rare.method=weighted_ensemble", "rare.repeats=5", "rare.weighted={per_bin=3, warm_up=5, cycles=20}",
                      "integrator.temperature=0.2", "rare.state_a.energy_below=0.2")):
            alone = self.summary(sets=more)
            self.assertEqual(self.summary(sets=more, threads=2)["state_hash"], alone["state_hash"])
            self.assertNotEqual(self.summary(sets=(*more, "ensemble.seed=1"))["state_hash"], alone["state_hash"])
            if not options.launcher:
                continue
            for ranks in (2, 4):
                shared = self.summary(sets=more, ranks=ranks)
                self.assertEqual(shared["ranks"], ranks)
                self.assertEqual(shared["state_hash"], alone["state_hash"])
                self.assertEqual(shared["observables"], alone["observables"])

    def test_one_repeat_for_many_ranks(self):
        if not options.launcher:
            self.skipTest("no launcher of ranks")
        few = (*SMALL, "rare.repeats=2")
        self.assertEqual(self.summary(sets=few, ranks=4)["state_hash"], self.summary(sets=few)["state_hash"])


# What the README shows of the paths in a file.
RECIPE = re.search(r"```python\n(.*?)```", (SOURCE / "apps" / "rare" / "README.md").read_text(), re.DOTALL)[1]
PATHS = ("kramers/rare/paths", "particles/paths")


class Paths(Case):
    """Reactive paths in the file of results."""

    def setUp(self):
        super().setUp()
        if h5py is None:
            self.skipTest("no h5py")

    def contents(self, *words, **how):
        """All datasets of paths, and the summary."""
        summary = self.summary("--output", "rare.h5", *words, **how)
        found = {}
        with h5py.File(self.folder / "rare.h5") as file:
            for group in PATHS:
                file[group].visititems(lambda name, one: found.update({f"{group}/{name}": one[()].tobytes()})
                                       if isinstance(one, h5py.Dataset) else None)
        return found, summary

    def test_files(self):
        for sets, count in (((*SMALL, "output.paths.count=12"), 12), ((*SURFACE, *FEW, "output.paths={count=5, every=50}"), 5)):
            _, summary = self.contents(sets=sets)
            self.assertEqual(summary["splitting"]["paths"], count)
            with h5py.File(self.folder / "rare.h5") as file:
                self.assertEqual(tuple(file["h5md"].attrs["version"]), (1, 1))
                paths, position = file[PATHS[0]], file["particles/paths/position"]
                offset, step, value = paths["offset"][:], position["step"][:], position["value"][:]
                self.assertEqual((len(offset), offset[0], offset[-1]), (count + 1, 0, len(step)))
                self.assertEqual(value.shape, (len(step), 1, 2 if sets[0] == SURFACE[0] else 1))
                self.assertEqual("velocity" in file["particles/paths"], sets[0] != SURFACE[0])
                self.assertAlmostEqual(paths["weight"][:].sum(), 1, 12)
                rates = file["kramers/rare/repeats/rate"][:]
                for repeat, weight in zip(paths["repeat"][:], paths["weight"][:]):
                    # Of 12 paths of 8 repeats each second repeat has two.
                    share = list(paths["repeat"][:]).count(repeat)
                    rate = rates[repeat] / rates[sorted(set(paths["repeat"][:]))].sum()
                    self.assertAlmostEqual(weight, rate / share, 12)
                every = 10 if sets[0] != SURFACE[0] else 50
                for first, end in zip(offset[:-1], offset[1:]):
                    self.assertEqual(step[first], 0)
                    self.assertTrue(all(gap in (every - 1, every, every + 1) for gap in step[first + 1:end - 1] - step[first:end - 2]))
                last = value[offset[1:] - 1, 0]
                if sets[0] == SURFACE[0]:
                    self.assertTrue(((last - [0.623, 0.028])**2).sum(axis=1).max() <= 0.01)
                else:
                    self.assertGreater(last.min(), 0)
                branches = paths["branch_offset"][:]
                self.assertEqual((len(branches), branches[-1]), (count + 1, len(paths["branch/parent"])))
                self.assertTrue((paths["branch/parent"][:][branches[:-1]] == -1).all())

    def test_recipe(self):
        self.contents(sets=(*SMALL, "output.paths.count=12"))
        ended = subprocess.run([sys.executable, "-c", RECIPE], cwd=self.folder, capture_output=True, text=True)
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        self.assertLessEqual(len(RECIPE.splitlines()), 12)
        self.assertRegex(ended.stdout, r"^12 paths; the first has \d+ states, \d+ branches and takes \d+\.\d+\nmean time \d+\.\d+\n$")

    def test_ranks(self):
        for sets in ((*SMALL, "output.paths.count=12"), (*SURFACE, *FEW, "output.paths.count=5")):
            alone, summary = self.contents(sets=sets)
            self.assertEqual(self.contents(sets=(*sets, "rare.batch=1"), threads=2)[0], alone)
            self.assertEqual(self.summary(sets=sets[:-1])["state_hash"], summary["state_hash"])
            for ranks in (2, 4) if options.launcher else ():
                self.assertEqual(self.contents(sets=sets, ranks=ranks)[0], alone)

    def test_other_methods_have_none(self):
        told = self.summary(sets=("rare.method=exact", "output.paths.count=3", *CORES))["warnings"]
        self.assertIn("splitting alone", " ".join(told))

    def test_too_many_for_the_memory(self):
        outcome = self.attempt("--check", sets=(*SMALL, "output.paths.count=10000"))
        self.assertEqual(outcome.returncode, 0, outcome.stderr)
        self.assertRegex(outcome.stdout, r"memory  about 1\.\d* GiB")


class Restart(Case):
    """A run of 16 batches, each of some hundredths of a second or more."""
    LONG = ("integrator.temperature=0.2", "rare.state_a.energy_below=0.2", "rare.repeats=16", "rare.replicas=10000")

    def stop(self, signal, sets, files=2):
        """Stop a run once it has kept so many batches; how it ended."""
        with self.start("--quiet", "--overwrite", "--output", "rare.h5", "--summary", "summary.json", sets=sets) as process:
            begin = time.monotonic()
            while len(list(self.folder.glob("rare.repeats/repeats_*.h5"))) < files:
                self.assertLess(time.monotonic() - begin, PATIENCE)
                self.assertIsNone(process.poll(), "the run was over before it was stopped")
                time.sleep(0.002)
            process.send_signal(signal)
            _, stderr = process.communicate(timeout=PATIENCE)
        self.assertFalse((self.folder / "summary.json").exists())
        return process.returncode, stderr

    def test_same_bits(self):
        whole = self.summary("--output", "rare.h5", sets=self.LONG)
        divided = (*self.LONG, "rare.batch=1")
        self.assertEqual(self.summary("--output", "rare.h5", sets=divided)["state_hash"], whole["state_hash"])
        self.assertFalse((self.folder / "rare.repeats").exists())
        for signal, ranks in ((signals.SIGTERM, 1), (signals.SIGKILL, 2 if options.launcher else 1)):
            (self.folder / "summary.json").unlink()
            code, stderr = self.stop(signal, divided)
            if signal == signals.SIGTERM:
                self.assertEqual(code, 128 + signal, stderr)
                self.assertRegex(stderr, r"stopped by signal 15 with \d+ of 16 repeats done; go on with --resume")
            summary = self.summary("--output", "rare.h5", "--resume", sets=(*self.LONG, "rare.batch=3"), ranks=ranks)
            self.assertEqual(summary["state_hash"], whole["state_hash"])
            self.assertEqual(summary["observables"], whole["observables"])
            self.assertNotIn("walker_steps_per_s", summary)
            self.assertFalse((self.folder / "rare.repeats").exists())

    def test_same_paths(self):
        if h5py is None:
            self.skipTest("no h5py")
        sets = (*self.LONG, "rare.batch=1", "output.paths.count=20")
        whole, _ = Paths.contents(self, sets=sets)
        (self.folder / "summary.json").unlink()
        self.stop(signals.SIGKILL, sets)
        self.refuse("another input", words=("--output", "rare.h5", "--resume"), sets=(*sets, "output.paths.count=19"))
        found, summary = Paths.contents(self, "--resume", sets=sets, ranks=2 if options.launcher else 1)
        self.assertEqual(found, whole)
        self.assertEqual(summary["splitting"]["paths"], 20)

    def test_pilot_is_not_repeated(self):
        """The replicas that a pilot has found are those of the run that goes on."""
        sets = (*self.LONG[:3], "rare.replicas=2000", "rare.target_error=0.005", "rare.batch=1")
        whole = self.summary("--output", "rare.h5", sets=sets)
        (self.folder / "summary.json").unlink()
        self.stop(signals.SIGTERM, sets)
        summary = self.summary("--output", "rare.h5", "--resume", sets=sets)
        self.assertEqual(summary["state_hash"], whole["state_hash"])
        self.assertEqual(summary["splitting"]["replicas"], whole["splitting"]["replicas"])

    def test_refusals(self):
        sets = (*self.LONG, "rare.batch=1")
        self.refuse("holds no repeats to go on from", words=("--output", "rare.h5", "--resume"), sets=sets)
        self.refuse("splitting", code=64, words=("--resume",), sets=("rare.method=exact",))
        self.stop(signals.SIGTERM, sets)
        common = ("--output", "rare.h5")
        self.refuse("go on with --resume", code=64, words=common, sets=sets)
        self.refuse("another input", words=(*common, "--resume"), sets=(*sets, "ensemble.seed=3"))
        kept = sorted(self.folder.glob("rare.repeats/repeats_*.h5"))
        whole = kept[0].read_bytes()
        half = len(whole) // 2  # among the durations, most of the file
        for damaged in (whole[:half], whole[:half] + bytes([whole[half] ^ 1]) + whole[half + 1:], kept[1].read_bytes()):
            kept[0].write_bytes(damaged)
            outcome = self.attempt(*common, "--resume", sets=sets)
            self.assertEqual(outcome.returncode, 1, outcome.stderr)
            self.assertEqual(outcome.stderr.count("\n"), 1, outcome.stderr)
        kept[0].write_bytes(whole)
        folder = kept[0].parent
        # Repeats without the input that they belong to, and among those of another one.
        (folder / "input.h5").rename(self.folder / "input.h5")
        self.refuse("go on with --resume", code=64, words=common, sets=sets)
        self.refuse("holds no repeats to go on from", words=(*common, "--resume"), sets=sets)
        folder.rename(self.folder / "former")
        self.stop(signals.SIGTERM, (*sets, "ensemble.seed=3"))
        (self.folder / "former" / kept[1].name).rename(kept[1])
        self.refuse(f"{kept[1].name}: is damaged: it holds no repeats of this run", code=1, words=(*common, "--resume"),
                    sets=(*sets, "ensemble.seed=3"))
        kept[1].unlink()
        own = {"notes.txt", "repeats_of_mine.h5", "repeats_.h5"}
        for name in own:
            (folder / name).write_text("of a user")
        self.summary(*common, "--resume", sets=(*sets, "ensemble.seed=3"))
        self.assertEqual({path.name for path in folder.iterdir()}, own)

    def test_where_nothing_is_kept(self):
        """One batch has nothing whole; a folder that cannot be made is a warning."""
        sets = (*self.LONG, "rare.batch=1", "checkpoint.folder=absent/kept")
        outcome = self.attempt("--overwrite", "--output", "rare.h5", sets=sets)
        self.assertEqual(outcome.returncode, 0, outcome.stderr)
        self.assertIn("warning: not kept for --resume", outcome.stderr)
        with self.start("--quiet", sets=(*SMALL, "rare.flux.steps=10000000000")) as process:
            time.sleep(1)
            process.send_signal(signals.SIGTERM)
            _, stderr = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 143, stderr)
        self.assertIn("with 0 of 8 repeats done; start it again", stderr)


class BadInput(Case):
    def test_sentences(self):
        for says, sets in ((("'rare.state_b'", "does not overlap"), ("rare.state_a={below=1.0}", "rare.state_b={above=0.0}")),
                           (("'rare.state_a'", "where walkers come"), ("rare.state_a={below=-9.0}",)),
                           (("no walker left",), ("rare.level.start=0.99", "rare.flux={walkers=1, steps=32}")),
                           (("'potential.dimensions'", "one coordinate"), ("potential.dimensions=2",)),
                           (("'rare.state_a'", "on a surface"), ("potential={kind=\"mueller_brown\"}", "rare.state_a={energy_below=0.1}")),
                           (("'rare.state_b'", "does not overlap"), (*SURFACE, "rare.state_b={centre=[-0.4, 1.4], radius=0.1}")),
                           (("'rare.state_a'", "451 kT above"), (*SURFACE, "rare.state_a={centre=[1.5, 2.0], radius=0.1}")),
                           (("'rare.state_a'", "no walker left"), (*SURFACE, *FEW, "rare.level.start=0.9", "rare.flux.steps=32")),
                           (("'rare.direction'", "two coordinates"), (*SURFACE, "rare.direction=[1.0]")),
                           (("'rare.level.kind'", "in one coordinate"), ("rare.level.kind=distance",)),
                           (("'rare.level.top'", "the saddle"), (*SURFACE, "rare.level.kind=energy")),
                           (("unknown key 'rare.state_a.centre'",), ("rare.state_a.centre=[0.0, 0.0]",)),
                           (("'rare.method'", "weighted_ensemble on a surface"), (*SURFACE, "rare.method=exact")),
                           (("'potential.kind'", "harmonic, double_well, tabulated, tabulated_2d, mueller_brown, expression_2d"),
                            ("potential={kind=\"cosine\"}",)),
                           (("'rare.max_steps' is 64",), ("rare.max_steps=64",)),
                           (("'splitting', 'shooting', 'exact'",), ("rare.method=guess",)),
                           (("with inertia",), ("rare.method=shooting", "integrator.scheme=leimkuhler-matthews"))):
            with self.subTest(sets=sets):
                self.refuse(*says, sets=sets)
        self.refuse("--precision", code=64, words=("--precision", "f32"))
        self.refuse("diverged", "smaller than dt = 2", code=1, sets=("integrator.dt=2.0",))

    def test_ranks_agree(self):
        if not options.launcher:
            self.skipTest("no launcher of ranks")
        outcome = self.attempt(sets=(*SMALL, "rare.max_steps=32"), ranks=4)
        self.assertEqual(outcome.returncode, 65, outcome.stderr)
        self.assertEqual(outcome.stderr.count("kramers-rare: error"), 1, outcome.stderr)


class Output(Case):
    def test_files(self):
        if h5py is None:
            self.skipTest("no h5py")
        summary = self.summary("--output", "rare.h5", sets=SMALL)
        with h5py.File(self.folder / "rare.h5") as file:
            rare = file["kramers/rare"]
            reached = rare["probability"][:]
            self.assertEqual(len(rare["level"]), 65)
            self.assertEqual(reached[0], 1)
            self.assertTrue(all(reached[1:] <= reached[:-1]))
            probability = summary["observables"]["probability"]
            self.assertAlmostEqual(reached[-1] / probability["value"], 1, 12)
            self.assertAlmostEqual(rare["probability_error"][-1] / probability["stderr"], 1, 10)
            rates = rare["repeats/rate"][:]
            self.assertAlmostEqual(rates.mean() / summary["observables"]["rate"]["value"], 1, 12)
            self.assertAlmostEqual(rates.std(ddof=1) / 8**0.5 / summary["observables"]["rate"]["stderr"], 1, 12)
            self.assertEqual(rare.attrs["rate"], summary["observables"]["rate"]["value"])
            self.assertEqual(json.loads(file.attrs["summary"])["state_hash"], summary["state_hash"])
        again = subprocess.run([options.program, "rare.h5", "--topology", "off", "--quiet", "--summary", "again.json"],
                               cwd=self.folder, env={**os.environ, "OMP_NUM_THREADS": "1"}, check=True)
        self.assertEqual(again.returncode, 0)
        self.assertEqual(json.loads((self.folder / "again.json").read_text())["state_hash"], summary["state_hash"])

    def test_other_methods(self):
        for method in ("shooting", "exact", "weighted_ensemble"):
            self.summary("--output", f"{method}.h5", sets=(f"rare.method={method}", "rare.shooting.pairs=500",
                                                           "rare.weighted.cycles=10", "rare.repeats=3"))
            self.assertTrue((self.folder / f"{method}.h5").exists())

    def test_weighted_ensemble(self):
        """Weights add up to less than one, and become smaller on the way; too short a warm-up is told."""
        sets = ("rare.method=weighted_ensemble", "integrator.temperature=0.1", "rare.state_a.energy_below=0.1", "rare.repeats=8")
        summary = self.summary("--output", "rare.h5", sets=sets)
        rate = summary["observables"]["rate"]
        self.assertEqual(rate["compared_with"], "rate_exact_at_dt")
        self.assertLess(abs(rate["z"]), 6)  # 7 degrees of freedom: one seed in 2,000
        self.assertEqual(summary["warnings"], [])
        if h5py is not None:
            with h5py.File(self.folder / "rare.h5") as file:
                weight = file["kramers/rare/weight"][:]
                self.assertEqual(len(file["kramers/rare/level"]), len(weight) + 1)
                self.assertLess(weight.sum(), 1)
                self.assertLess(weight[10], 0.1 * weight[0])
                self.assertAlmostEqual(file["kramers/rare/repeats/rate"][:].mean() / rate["value"], 1, 12)
        hasty = self.summary(sets=(*sets, "rare.weighted={warm_up=0, cycles=60}"))
        self.assertIn("is not yet steady", " ".join(hasty["warnings"]))

    def test_what_was_not_seen_is_no_rate(self):
        few = ("rare.repeats=2", "rare.replicas=2", "rare.kill=0.5")
        summary = self.summary("--output", "none.h5", sets=few)
        for name in ("rate", "probability"):
            self.assertIsNone(summary["observables"][name]["value"])
            self.assertIn("no replica", summary["observables"][name]["note"])
        self.assertNotIn("work", summary)
        self.assertIn("no replica", summary["warnings"][0])
        told = self.attempt("--strict", sets=few)
        self.assertEqual(told.returncode, 2, told.stderr)
        self.assertRegex(told.stdout, r"(?m)^  rate +unknown$")
        shots = self.summary(sets=("rare.method=shooting", "rare.shooting.pairs=8", *CORES))["observables"]
        self.assertIsNone(shots["rate"]["value"])
        self.assertIn("pairs tell", shots["rate"]["note"])
        cores = shots["core_set_rate_ab"]
        self.assertIsNone(cores["stderr"])
        self.assertGreater(cores["interval"][1], 0)
        self.assertNotIn("z", cores)

    def test_units(self):
        """kT at 300 K is 2.494 kJ/mol; lengths stay numbers."""
        sets = ("units.system=md", 'potential.barrier="20 kJ/mol"', "integrator.temperature=300", "integrator.dt=0.004",
                "integrator.mass=1.0", "rare.state_a.energy_below=2.5", "rare.state_b.energy_below=8.0",
                "rare.method=shooting", "rare.shooting.pairs=1000")
        summary = self.summary(sets=sets)
        self.assertEqual(summary["units"]["quantities"]["rate"], "1/ps")


if __name__ == "__main__":
    main()

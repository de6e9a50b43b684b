# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What programs tell of their inputs: results hold them, --keys lists, --template shows, --check forecasts."""
import argparse
import json
import os
from pathlib import Path
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

parser = argparse.ArgumentParser()
for name in ("langevin", "spread", "rare", "classify", "jacobi", "cg", "channel"):
    parser.add_argument(f"--{name}", required=True)
options, unittest_words = parser.parse_known_args()

SOURCE = Path(__file__).resolve().parents[2]
PATIENCE = 300
TABLE = "".join(f"{x / 10} {(x / 10) ** 4 - (x / 10) ** 2}\n" for x in range(-20, 21))
# Command -> names of its templates.
TEMPLATES = {
    (options.langevin,): ("double_well", "harmonic", "cosine", "tabulated", "tabulated_2d", "mueller_brown", "expression",
                          "expression_2d"),
    (options.spread,): ("double_well", "harmonic", "cosine", "tabulated", "expression", "classifier"),
    (options.rare,): ("splitting", "shooting", "exact", "tabulated", "weighted_ensemble", "mueller_brown",
                      "expression_2d", "tabulated_2d"),
    (options.cg,): ("five_point", "wrapped", "file"),
    (options.jacobi,): ("laplace", "neumann", "stencil", "nvidia"),
    (options.channel,): ("cfd", "perturbed", "legate"),
    (options.classify, "train"): ("classifier",),
    (options.classify, "sweep"): ("classifier",),
}
# What makes a run of one short.
SHORT = {options.langevin: ("run.steps=20", "ensemble.walkers=64"), options.spread: ("trunk.steps=300",),
         options.rare: ("rare.repeats=2", "rare.replicas=50", "rare.shooting.pairs=50"),
         options.jacobi: (), options.cg: (), options.channel: (),
         options.classify: ("training.epochs=2", "sweep.seeds=1", "random_points.count=10")}
LOOP = ("trunk.steps=900", "adaptive.rounds=1", "adaptive.repeats=2", "adaptive.models=2", "adaptive.reference_batches=4",
        "training.epochs=2")


def sets(assignments):
    return [word for assignment in assignments for word in ("--set", assignment)]


class Case(unittest.TestCase):
    """A folder of its own."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="kramers-inputs-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def attempt(self, *words, folder=None):
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OMP_PROC_BIND": "false", "OMP_WAIT_POLICY": "passive"}
        return subprocess.run([str(word) for word in words], cwd=folder or self.folder, env=environment, text=True,
                              capture_output=True, stdin=subprocess.DEVNULL, timeout=PATIENCE, check=False)

    def good(self, *words, **how):
        outcome = self.attempt(*words, **how)
        self.assertEqual(outcome.returncode, 0, (words, outcome.stderr))
        return outcome.stdout

    def refuse(self, *words, code, says):
        outcome = self.attempt(*words)
        self.assertEqual(outcome.returncode, code, (words, outcome.stderr))
        self.assertEqual(outcome.stderr.count("\n"), 1, outcome.stderr)
        for part in says:
            self.assertIn(part, outcome.stderr)

    def template(self, command, name, file):
        """Write a template, and the files that it says how to make; the options that it names."""
        text = self.good(*command, "--template", name)
        (self.folder / file).write_text(text)
        for line in re.findall(r"^#   (printf .*)$", text, re.M):
            subprocess.run(["sh", "-c", line], cwd=self.folder, check=True, timeout=PATIENCE)
        return re.findall(r"^# Run it with (--\S+)\.$", text, re.M)

    def dataset(self):
        self.good(options.spread, SOURCE / "apps/spread/double_well.toml", "--quiet", "--output", "data.h5")

    def summary(self, *words, **how):
        self.good(*words, "--quiet", "--summary", "summary.json", **how)
        return json.loads(((how.get("folder") or self.folder) / "summary.json").read_text())


class Rerun(Case):
    """A file of results is an input: all that it was computed from is in it."""

    def rerun(self, *words, file="run.h5"):
        """Run the results again, alone in another folder."""
        other = self.folder / "other"
        other.mkdir()
        shutil.copy(self.folder / file, other / "old.h5")
        for name in ("data.h5",):
            if (self.folder / name).exists():
                shutil.copy(self.folder / name, other)
        return self.summary(*words, folder=other)

    def test_a_study_with_overrides(self):
        first = self.summary(options.langevin, SOURCE / "apps/langevin/double_well.toml", *sets(SHORT[options.langevin]),
                             *sets(("observables.after=0", "potential.barrier=1.5", "integrator.dt=0.01234567890123",
                                    "output.file='run.h5'", "output.trajectory.walkers=3", "output.trajectory.every=5")))
        again = self.rerun(options.langevin, "old.h5", "--output", "new.h5")
        self.assertEqual(first["state_hash"], again["state_hash"])
        self.assertEqual(first["observables"], again["observables"])
        self.assertEqual(first["input"], again["input"])
        self.assertEqual(first["input"]["potential"]["barrier"], 1.5)
        self.assertEqual(first["input"]["integrator"]["mass"], 1.0)
        self.assertEqual(first["input"]["output"], {"partial_every": 60.0, "trajectory": {"walkers": 3, "every": 5, "dimensions": 1}})
        changed = self.summary(options.langevin, "old.h5", "--set", "ensemble.seed=2", folder=self.folder / "other")
        self.assertNotEqual(first["state_hash"], changed["state_hash"])
        third = self.summary(options.langevin, "new.h5", folder=self.folder / "other")
        self.assertEqual(first["state_hash"], third["state_hash"])

    def test_diffusion_instead_of_friction(self):
        text = (SOURCE / "apps/langevin/double_well.toml").read_text()
        for name, line in (("friction", "friction = 2.0"), ("diffusion", "diffusion = 0.125")):  # kT / (m gamma)
            path = self.folder / f"{name}.toml"
            path.write_text(re.sub("^friction = .*$", line, text, flags=re.MULTILINE))
        known = [self.summary(options.langevin, self.folder / f"{name}.toml", *sets(SHORT[options.langevin]),
                              *sets(("observables.after=0", "integrator.temperature=0.5", "integrator.mass=2.0")))
                 for name in ("friction", "diffusion")]
        self.assertEqual(known[0]["state_hash"], known[1]["state_hash"])
        self.assertEqual(known[1]["input"]["integrator"]["diffusion"], 0.125)
        self.assertNotIn("friction", known[1]["input"]["integrator"])

    def test_the_text_alone(self):
        try:
            import h5py
        except ImportError:
            self.skipTest("this Python has no h5py")
        first = self.summary(options.langevin, SOURCE / "apps/langevin/mueller_brown.toml", "--output", "run.h5",
                             *sets((*SHORT[options.langevin], "run.equilibrate=3")))
        with h5py.File(self.folder / "run.h5") as file:
            text, precision = file.attrs["effective_input"], file.attrs["precision"]
        text = text.decode() if isinstance(text, bytes) else text
        (self.folder / "again.toml").write_text(text)
        self.assertEqual(precision.decode() if isinstance(precision, bytes) else precision, "f64")
        self.assertEqual(first["state_hash"], self.summary(options.langevin, "again.toml")["state_hash"])

    def test_a_table_and_the_precision(self):
        self.template((options.langevin,), "tabulated", "input.toml")
        (self.folder / "other.dat").write_text(TABLE)
        first = self.summary(options.langevin, "input.toml", *sets((*SHORT[options.langevin], "potential.file='other.dat'")),
                             "--precision", "f32", "--output", "run.h5")
        again = self.rerun(options.langevin, "old.h5", "--output", "new.h5")
        self.assertEqual((first["state_hash"], first["precision"]), (again["state_hash"], "f32"))
        self.assertEqual(again["precision"], "f32")
        third = self.summary(options.langevin, "new.h5", folder=self.folder / "other")
        self.assertEqual(first["state_hash"], third["state_hash"])
        wide = self.summary(options.langevin, "new.h5", "--precision", "f64", folder=self.folder / "other")
        self.assertEqual(wide["precision"], "f64")
        shutil.copy(self.folder / "run.h5", self.folder / "x.h5")
        self.refuse(options.langevin, "x.h5", "--output", "x.h5", code=64, says=("INPUT (x.h5), which is read",))

    def test_a_replay_is_the_same(self):
        input = SOURCE / "apps/langevin/double_well.toml"
        short = sets((*SHORT[options.langevin], "observables.after=0"))
        first = self.summary(options.langevin, input, *short, "--replay", 5, "--output", "run.h5")
        self.assertEqual(first["replay"], self.rerun(options.langevin, "old.h5", "--replay", 5)["replay"])

    def test_a_map(self):
        first = self.summary(options.spread, SOURCE / "apps/spread/double_well.toml", "--output", "run.h5",
                             *sets(("trunk.steps=300", "spread.adaptive={tolerance=0.01, max_members=80}")))
        again = self.rerun(options.spread, "old.h5")
        for part in ("state_hash", "observables", "input", "adaptive"):
            self.assertEqual(first[part], again[part])

    def test_the_loop_of_a_classifier(self):
        words = ("--adaptive=classifier", "--precision", "f32")
        first = self.summary(options.spread, SOURCE / "apps/spread/double_well.toml", *words, *sets(LOOP), "--output", "run.h5")
        again = self.rerun(options.spread, "--adaptive=classifier", "old.h5")
        self.assertEqual((first["classifier"], first["input"]), (again["classifier"], again["input"]))

    def test_classifiers(self):
        self.dataset()
        for command, part in (("train", "model"), ("sweep", "best")):
            first = self.summary(options.classify, command, "data.h5", SOURCE / "apps/classify/spread.toml", "--precision", "f64",
                                 *sets((*SHORT[options.classify], "network.hidden=[5]")), "--output", "run.h5")
            again = self.rerun(options.classify, command, "data.h5", "old.h5")
            self.assertEqual((first[part], first["input"]), (again[part], again["input"]))
            shutil.rmtree(self.folder / "other")

    def test_what_holds_no_input(self):
        self.dataset()
        self.good(options.classify, "train", "data.h5", SOURCE / "apps/classify/spread.toml", "--quiet", "--model", "net",
                  *sets(SHORT[options.classify]))
        self.good(options.classify, "predict", "data.h5", "net", "--quiet", "--output", "run.h5")
        self.refuse(options.classify, "train", "data.h5", "run.h5", code=65, says=("run.h5: gives no input to run again",))
        self.refuse(options.langevin, "data.h5", code=65, says=("data.h5", "is missing"))
        (self.folder / "half.h5").write_bytes((self.folder / "data.h5").read_bytes()[:3000])
        self.refuse(options.spread, "half.h5", code=65, says=("half.h5: gives no input to run again",))


class Keys(Case):
    """--keys lists what readers ask for, with the notes of one table, which READMEs show."""

    def rows(self, *command):
        lines = self.good(*command).splitlines()
        self.assertEqual(lines[0].split(), ["key", "type", "default", "unit", "meaning"])
        return {line.split()[0]: re.split(r" {2,}", line, maxsplit=4)[1:] for line in lines[1:]}

    def test_every_key_has_a_meaning(self):
        for command in TEMPLATES:
            for key, (kind, fallback, _, meaning) in self.rows(*command, "--keys").items():
                with self.subTest(command=command[1:], key=key):
                    self.assertGreater(len(kind), 1)
                    self.assertNotIn(fallback, ("", "depends"))
                    self.assertRegex(meaning, "^[a-z0-9+\\[-].* |^[a-z]{3,}|^(CSV|NPZ): ")
                    self.assertFalse(meaning.startswith("of double_well"), "a key without a note")

    def test_types_and_defaults(self):
        rows = self.rows(options.langevin, "--keys")
        self.assertEqual(rows["integrator.dt"][:3], ["number", "required", "time"])
        self.assertEqual(rows["observables.every"][:3], ["integer", "10", "steps"])
        self.assertIn("baoab, aboba", rows["integrator.scheme"][3])
        self.assertIn("of tabulated", rows["potential.file"][3])
        self.assertEqual(self.rows(options.classify, "sweep", "--keys")["network.hidden"][:2], ["integers", "[8]"])

    def test_a_prefix(self):
        self.assertEqual(list(self.rows(options.langevin, "--keys", "run.")), ["run.equilibrate", "run.steps"])
        self.refuse(options.langevin, "--keys", "nothing", code=64, says=("invalid --keys: got nothing",))

    def test_what_a_run_used_is_listed(self):
        summary = self.summary(options.langevin, SOURCE / "apps/langevin/double_well.toml",
                               *sets((*SHORT[options.langevin], "observables.after=0")))
        used = {f"{table}.{key}" for table, keys in summary["input"].items() for key, value in keys.items()
                if not isinstance(value, dict)}
        self.assertLess({"integrator.mass", "run.steps"}, used)
        self.assertLessEqual(used, self.rows(options.langevin, "--keys").keys())

    def test_readmes(self):
        bin_folder = self.folder / "bin"
        bin_folder.mkdir()
        for program in ("langevin", "spread", "rare", "classify", "jacobi", "cg", "channel"):
            (bin_folder / f"kramers-{program}").symlink_to(getattr(options, program))
        self.good(sys.executable, "-B", SOURCE / "apps/key_tables.py", SOURCE, bin_folder, "--check")


class Templates(Case):
    """A template runs as it is printed."""

    def test_they_run(self):
        self.dataset()
        for command, names in TEMPLATES.items():
            files = ("data.h5",) if len(command) > 1 else ()
            for name in names:
                with self.subTest(command=command[1:], name=name):
                    own = self.template(command, name, f"{name}.toml")
                    short = LOOP if own else SHORT[command[0]]
                    summary = self.summary(*command, *own, *files, f"{name}.toml", *sets(short))
                    if name in ("harmonic", "cosine", "tabulated", "tabulated_2d", "mueller_brown", "expression", "expression_2d"):
                        self.assertEqual(summary["input"]["potential"]["kind"], name)

    def test_every_key_is_in_one(self):
        for command, names in TEMPLATES.items():
            shown = set()
            for name in names:
                table = ""
                for line in self.good(*command, "--template", name).splitlines():
                    line = line.removeprefix("# ")
                    if match := re.fullmatch(r"\[(\S+)\]", line):
                        table = match[1]
                    elif match := re.match(r"(\w+) = ", line):
                        shown.add(f"{table}.{match[1]}")
            keys = {line.split()[0] for line in self.good(*command, "--keys").splitlines()[1:]}
            self.assertEqual(keys - shown, set())

    def test_names(self):
        self.assertIn('kind = "double_well"', self.good(options.langevin, "--template"))
        self.refuse(options.langevin, "--template", "triple_well", code=64,
                    says=("invalid --template: got triple_well", "double_well, harmonic"))


class Check(Case):
    """--check finds what a run would refuse, and computes nothing but a sample."""

    def test_good_inputs(self):
        self.dataset()
        loop = ("--adaptive=classifier", SOURCE / "apps/spread/double_well.toml")
        for words in ((options.langevin, SOURCE / "apps/langevin/double_well.toml", "--output", "run.h5"),
                      (options.langevin, SOURCE / "apps/langevin/tabulated.toml", "--precision", "f32"),
                      (options.langevin, SOURCE / "apps/langevin/friction_sweep.toml"),
                      (options.spread, SOURCE / "apps/spread/double_well.toml", "--output", "run.h5"),
                      (options.rare, SOURCE / "apps/rare/double_well.toml", "--output", "run.h5"),
                      (options.classify, "train", "data.h5", SOURCE / "apps/classify/spread.toml", "--model", "net"),
                      (options.classify, "sweep", "data.h5", SOURCE / "apps/classify/spread.toml", "--output", "run.h5"),
                      (options.spread, *loop)):
            with self.subTest(words=words[1:]):
                said = self.good(*words, "--check")
                self.assertRegex(said, r"^\S+ is good: .*\n  memory  about [0-9.]+ [KMG]iB per rank .*\n  time    ")
                if words[1:] != loop:
                    self.assertRegex(said, r"time    about [0-9.e+]+ (ms|s|min|h|days), an estimate: .* took [0-9.e-]+ s here")
                # A sample is a part of the work: two of 24 repeats, each of which takes a tenth of a second.
                self.assertNotIn("24 repeats of 2500 replicas took", said)
                self.assertEqual(self.good(*words, "--check", "--quiet"), "")
        self.assertEqual([path.name for path in self.folder.iterdir()], ["data.h5"])

    def test_time_grows_with_the_steps(self):
        def minutes(steps):
            said = self.good(options.langevin, SOURCE / "apps/langevin/double_well.toml", "--check", *sets(
                (f"run.steps={steps}", "observables.frame_every=10000", "output.trajectory.walkers=0")))
            number, unit = re.search(r"time    about ([0-9.e+]+) (\w+),", said).groups()
            return float(number) * {"ms": 1 / 60000, "s": 1 / 60, "min": 1, "h": 60, "days": 1440}[unit]
        # A factor of 1000; a busy machine may slow one of the samples by ten.
        self.assertGreater(minutes(1e8), 20 * minutes(1e5))

    def test_bad_inputs(self):
        self.dataset()
        good = SOURCE / "apps/langevin/double_well.toml"
        self.refuse(options.langevin, good, "--check", "--set", "integrator.dt=-1", code=65, says=("integrator.dt",))
        self.refuse(options.langevin, good, "--check", "--set", "ensemble.walkers=1e12", code=65, says=("not enough memory",))
        self.refuse(options.langevin, SOURCE / "apps/langevin/tabulated.toml", "--check", "--set", "potential.file='no'",
                    code=65, says=("no: ",))
        self.refuse(options.langevin, good, "--check", "--output", "no/such.h5", code=1, says=("no",))
        self.refuse(options.spread, SOURCE / "apps/spread/double_well.toml", "--check", "--set", "spread.every=0", code=65,
                    says=("spread.every",))
        self.refuse(options.classify, "train", "data.h5", SOURCE / "apps/classify/spread.toml", "--check", "--set",
                    "training.batch=0", code=65, says=("training.batch",))


class Names(Case):
    """What others call a key or an option is understood, and said."""

    def test_keys(self):
        good = (SOURCE / "apps/langevin/double_well.toml").read_text()
        for wrong, right in (("integrator.gamma=1", "integrator.friction"), ("integrator.gama=1", "integrator.friction"),
                             ("integrator.kT=1", "integrator.temperature"),
                             ("integrator.timestep=1", "integrator.dt"), ("ensemble.n_walkers=1", "ensemble.walkers"),
                             ("ensemble.random_seed=1", "ensemble.seed"), ("beta=1", "integrator.temperature")):
            self.refuse(options.langevin, SOURCE / "apps/langevin/double_well.toml", "--set", wrong, code=65,
                        says=(f"unknown key '{wrong.split('=')[0]}'", f"did you mean '{right}'?"))
        (self.folder / "gamma.toml").write_text(good.replace("friction = ", "gamma = "))
        self.refuse(options.langevin, "gamma.toml", code=65,
                    says=("'integrator.friction' is missing", "is 'integrator.gamma' in line 15 a misspelling?"))

    def test_options(self):
        for words, right in (((options.langevin, "--sumary", "a", "in"), "--summary"),
                             ((options.langevin, "in", "--precison=f32"), "--precision"),
                             ((options.classify, "train", "a", "b", "--modle", "x"), "--model")):
            self.refuse(*words, code=64, says=(f"did you mean {right}?",))

    def test_exit_codes_are_in_every_help(self):
        for command in ((options.langevin,), (options.spread,), (options.classify,), (options.classify, "train"),
                        (options.classify, "predict")):
            text = self.good(*command, "--help")
            self.assertRegex(text, r"(?s)Exit codes: 0 .*64 .*65 ")
            self.assertEqual("2 done, with warnings (--strict)" in text, "  --strict" in text, command)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *unittest_words])

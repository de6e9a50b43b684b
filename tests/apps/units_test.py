# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Quantities with units: what inputs may say, which numbers they become, and what results say of their units."""
import argparse
from concurrent.futures import ThreadPoolExecutor
import json
import os
from pathlib import Path
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

PATIENCE = 120  # only a program that hangs gets there
KT = 2.494338785445972  # 300 K times 8.31446261815324 J/(mol K), in kJ/mol

parser = argparse.ArgumentParser()
for program in ("langevin", "spread"):
    parser.add_argument(f"--{program}", required=True, help="the program kramers-" + program)
options, unittest_words = parser.parse_known_args()

STUDY = """
[units]
system = "md"
[ensemble]
walkers = 512
seed = 7
[potential]
kind = "double_well"
barrier = "6 kcal/mol"
tilt = "10 pN"
[integrator]
dt = "5 fs"
friction = "32/ps"
temperature = "300 K"
mass = "39.1 g/mol"
[initial]
position = ["-8 angstrom"]
[observables]
core_sets = ["-900 pm", 0.9]
histogram = {bins = [20], lower = ["-2 nm"], upper = [2]}
correlation_frames = 5
[run]
steps = 2000
"""
# The same by hand: 6 * 4.184, 10 pN * 1 nm * N_A = 6.02214076 kJ/mol, R * 300 K.
REDUCED = f"""
[ensemble]
walkers = 512
seed = 7
[potential]
kind = "double_well"
barrier = 25.104
tilt = 6.02214076
[integrator]
dt = 0.005
friction = 32
temperature = {KT!r}
mass = 39.1
[initial]
position = [-0.8]
[observables]
core_sets = [-0.9, 0.9]
histogram = {{bins = [20], lower = [-2], upper = [2]}}
correlation_frames = 5
[run]
steps = 2000
"""
WELL = """
[units]
system = "md"
[ensemble]
walkers = 4096
seed = 3
[potential]
kind = "harmonic"
stiffness = "1000 kJ/mol/nm^2"
[integrator]
dt = "10 fs"
friction = "2/ps"
temperature = "300 K"
mass = "18 u"
[run]
equilibrate = 500
steps = 2000
[observables]
every = 20
"""
MAP = """
[units]
system = "md"
[ensemble]
seed = 7
[potential]
kind = "double_well"
barrier = "3 kcal/mol"
[integrator]
dt = "5 fs"
friction = "1/ps"
temperature = "300 K"
mass = "40 u"
[trunk]
steps = 200
[spread]
every = 10
members = 10
sigma_position = "1 pm"
sigma_velocity = "1 nm/ns"
"""


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="kramers-units-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def said(self, program, text, *words):
        path = self.folder / "input.toml"
        if text is not None:
            path.write_text(text)
        return subprocess.run([getattr(options, program), *([path] if text is not None else []), *words], cwd=self.folder,
                              env={**os.environ, "OMP_NUM_THREADS": "2", "OMP_PROC_BIND": "false"}, text=True,
                              capture_output=True, timeout=PATIENCE)

    def summary(self, program, text, *words):
        outcome = self.said(program, text, "--quiet", "--summary", "summary.json", *words)
        self.assertEqual((outcome.returncode, outcome.stderr), (0, ""))
        return json.loads((self.folder / "summary.json").read_text())

    def assert_refused(self, outcome, *parts):
        self.assertEqual(outcome.returncode, 65, outcome.stderr)
        self.assertEqual(len(outcome.stderr.splitlines()), 1, outcome.stderr)
        for part in parts:
            self.assertIn(part, outcome.stderr)


class Numbers(Case):
    def test_a_study_is_that_of_the_numbers_by_hand(self):
        with_units, by_hand = self.summary("langevin", STUDY), self.summary("langevin", REDUCED)
        self.assertEqual(with_units["state_hash"], by_hand["state_hash"])
        for part in ("observables", "references", "checks"):
            for summary in (with_units, by_hand):
                for estimate in summary["observables"].values():
                    estimate.pop("note", None)  # has the unit of time
            self.assertEqual(with_units[part], by_hand[part])
        self.assertEqual(with_units["input"]["integrator"]["temperature"], 300)
        self.assertEqual(with_units["input"]["potential"]["barrier"], 25.104)
        warmer = self.summary("langevin", STUDY, "--set", "integrator.temperature=301 K")
        self.assertNotEqual(warmer["state_hash"], by_hand["state_hash"])

    def test_bare_numbers_are_in_the_units_of_the_system(self):
        bare = STUDY
        for quantity, number in (("6 kcal/mol", "25.104"), ("10 pN", "6.02214076"), ("5 fs", "0.005"), ("32/ps", "32"),
                                 ("300 K", "300"), ("39.1 g/mol", "39.1"), ("-8 angstrom", "-0.8"), ("-900 pm", "-0.9"),
                                 ("-2 nm", "-2")):
            self.assertIn(f'"{quantity}"', bare)
            bare = bare.replace(f'"{quantity}"', number)
        self.assertEqual(self.summary("langevin", bare)["state_hash"], self.summary("langevin", STUDY)["state_hash"])

    def test_reduced_units_of_lennard_jones(self):
        lj = REDUCED.replace("[ensemble]", '[units]\nsystem = "lj"\n[ensemble]').replace("barrier = 25.104", 'barrier = "25.104 epsilon"')
        lj = lj.replace(f"temperature = {KT!r}", f'temperature = "{KT!r} epsilon"').replace("[-0.8]", '["-0.8 sigma"]')
        self.assertEqual(self.summary("langevin", lj)["state_hash"], self.summary("langevin", REDUCED)["state_hash"])

    def test_a_harmonic_well_at_300_kelvin(self):
        # <x^2> = kT / k = 2.494339e-3 nm^2; BAOAB has no error of the time step in it. One in 1.7 million beyond 5 errors.
        observables = self.summary("langevin", WELL)["observables"]
        for name, expected in (("position_squared", KT / 1000), ("virial_temperature", KT),
                               ("kinetic_temperature_half_step", KT)):
            found = observables[name]
            self.assertLess(abs(found["value"] - expected), 5 * found["stderr"], name)
            self.assertLess(found["stderr"], 0.02 * expected, name)

    def test_results_run_again(self):
        first = self.summary("langevin", STUDY, "--output", "run.h5")
        again = self.summary("langevin", None, "run.h5", "--output", "again.h5")
        third = self.summary("langevin", None, "again.h5")
        for other in (again, third):
            self.assertEqual((first["state_hash"], first["input"], first["units"]),
                             (other["state_hash"], other["input"], other["units"]))

    def test_a_checkpoint_goes_on_in_the_same_units_alone(self):
        words = ("--set", "checkpoint.every=1000", "--set", "checkpoint.file=c.h5")
        self.summary("langevin", STUDY, *words)
        whole = self.summary("langevin", STUDY, "--set", "run.steps=3000", "--set", "observables.frame_every=10")
        part = ("--set", "observables.frame_every=10", *words)
        self.summary("langevin", STUDY, *part, "--overwrite")
        longer = self.summary("langevin", STUDY, *part, "--set", "run.steps=3000", "--resume")
        self.assertEqual(longer["state_hash"], whole["state_hash"])
        # The same words, but 300 is now an energy.
        bare = ("--set", "integrator.temperature=300", "--set", "units.system=lj", "--set", "potential.barrier=25.104",
                "--set", "potential.tilt=6.02214076", "--set", "integrator.dt=0.005", "--set", "integrator.friction=32",
                "--set", "integrator.mass=39.1", "--set", "initial.position=[-0.8]", "--set",
                "observables.core_sets=[-0.9, 0.9]", "--set", "observables.histogram.lower=[-2]")
        self.assert_refused(self.said("langevin", STUDY, *part, *bare, "--resume"), "units.system")

    def test_checkpoints_of_reduced_runs_know_no_units(self):
        import h5py
        for text, word in ((REDUCED, False), (STUDY, True)):
            self.summary("langevin", text, "--set", "checkpoint.every=1000", "--set", "checkpoint.file=c.h5", "--overwrite")
            with h5py.File(self.folder / "c.h5") as file:
                self.assertEqual(b'"units"' in file["fingerprint"][()].tobytes(), word)

    def test_a_table_in_other_units(self):
        places = range(-20, 21)
        energies = [round(((place / 10)**2 - 1)**2 * 5, 3) for place in places]
        (self.folder / "foreign.dat").write_text("".join(f"{p} {e}\n" for p, e in zip(places, energies)))
        (self.folder / "own.dat").write_text("".join(f"{p / 10} {e * 4184 / 1000!r}\n" for p, e in zip(places, energies)))
        kind = '[potential]\nkind = "tabulated"\noutside = "wall"\nwall_stiffness = "10 kcal/mol/nm^2"\n'
        rest = re.sub(r"\[potential\][^[]*", "", STUDY)
        own = self.summary("langevin", rest + kind + 'file = "own.dat"\n')
        units = 'file = "foreign.dat"\nlength_unit = "angstrom"\nenergy_unit = "kcal/mol"\n'
        self.assertEqual(self.summary("langevin", rest + kind + units)["state_hash"], own["state_hash"])
        self.assertNotEqual(self.summary("langevin", rest + kind + 'file = "foreign.dat"\nlength_unit = "angstrom"\n')["state_hash"],
                            own["state_hash"])

    def test_a_surface_in_other_units(self):
        def rows(length, energy):
            return "".join(f"{x * length!r} {y * length!r} {energy((x * x - 4)**2 / 8 + y * y)!r}\n"
                           for x in range(-4, 5) for y in range(-3, 4))
        (self.folder / "foreign.dat").write_text(rows(5.0, lambda energy: energy))
        (self.folder / "own.dat").write_text(rows(0.5, lambda energy: energy * 4184 / 1000))
        kind = ('[potential]\nkind = "tabulated_2d"\noutside_x = "wall"\nwall_stiffness_x = "10 kcal/mol/nm^2"\n'
                'outside_y = "wall"\nwall_stiffness_y = "4184 J/mol/nm^2"\n')
        rest = re.sub(r"\[potential\].*(?=\[integrator\])|\[initial\].*(?=\[run\])", "", STUDY, flags=re.DOTALL)
        own = self.summary("langevin", rest + kind + 'file = "own.dat"\n')
        units = 'file = "foreign.dat"\nlength_unit = "angstrom"\nenergy_unit = "kcal/mol"\n'
        self.assertEqual(self.summary("langevin", rest + kind + units)["state_hash"], own["state_hash"])
        self.assertNotEqual(self.summary("langevin", rest + kind + 'file = "foreign.dat"\nlength_unit = "angstrom"\n')["state_hash"],
                            own["state_hash"])

    def test_a_map(self):
        by_hand = {'"3 kcal/mol"': "12.552", '"5 fs"': "0.005", '"1/ps"': "1", '"300 K"': repr(KT), '"40 u"': "40",
                   '"1 pm"': "0.001", '"1 nm/ns"': "0.001", 'system = "md"': 'system = "reduced"'}
        text = MAP.replace("1 nm/ns", "1 nm/ns")
        plain = text
        for quantity, number in by_hand.items():
            self.assertIn(quantity, plain)
            plain = plain.replace(quantity, number)
        with_units = self.summary("spread", text, "--output", "map.h5")
        self.assertEqual(with_units["state_hash"], self.summary("spread", plain)["state_hash"])
        self.assertEqual(with_units["state_hash"], self.summary("spread", None, "map.h5")["state_hash"])


# Per dimension: a good quantity, one of another dimension, and what the refusal offers.
QUANTITIES = {
    "length": ("2 angstrom", "2 ps", "'1 nm'"),
    "time": ("5 fs", "5 nm", "'1 ps'"),
    "energy": ("6 kcal/mol", "6 kcal", "'1 kJ/mol'"),
    "temperature": ("300 K", "2.5 kJ/mol", "'1 K'"),
    "mass": ("18 u", "18 g", "'1 u'"),
    "1 / time": ("1/ps", "1 ps", "'1/ps'"),
    "length^2 / time": ("1e-3 nm^2/ps", "1 nm/ps", "'1 nm^2/ps'"),
    "length / time": ("0.1 nm/ps", "0.1 nm", "'1 nm/ps'"),
    "energy / length": ("10 pN", "10 kJ/mol", "'1 kJ/mol/nm'"),
    "energy / length^2": ("5 kcal/mol/angstrom^2", "5 kcal/mol/angstrom", "'1 kJ/mol/nm^2'"),
}
COUNTS = ("-", "steps", "frames", "epochs", "s")
# What must be said before some keys are asked for.
GIVEN = {
    "potential.stiffness": ["potential.kind=harmonic"],
    "potential.centre": ["potential.kind=harmonic"],
    "potential.external_force": ["potential.kind=harmonic"],
    "potential.period": ["potential.kind=cosine"],
    "potential.wall_stiffness": ['potential={kind="tabulated", file="table.txt", outside="wall"}'],
    "potential.wall_stiffness_x": ['potential={kind="tabulated_2d", file="surface.txt", outside_x="wall"}'],
    "potential.wall_stiffness_y": ['potential={kind="tabulated_2d", file="surface.txt", outside_y="wall"}'],
    "potential.period_x": ['potential={kind="tabulated_2d", file="surface.txt", outside_x="periodic"}'],
    "potential.period_y": ['potential={kind="tabulated_2d", file="surface.txt", outside_y="periodic"}'],
    "integrator.diffusion": ["integrator={dt=0.01, temperature=300}"],
    "initial.lower": ["initial.upper=[5]"],
    "initial.upper": ["initial.lower=[0]"],
    "drive.amplitude": ["drive.period=1.0"],
    "drive.period": ["integrator.dt=0.001", "drive.amplitude=1.0"],
    "observables.histogram.lower": ["observables.histogram={bins=[8], lower=[0], upper=[5]}"],
    "observables.histogram.upper": ["observables.histogram={bins=[8], lower=[0], upper=[5]}"],
}
PLAIN = {
    "langevin": "ensemble = {walkers = 10, seed = 1}\nrun = {steps = 100}\npotential = {kind = 'double_well'}\n"
                "integrator = {dt = 0.01, friction = 1.0, temperature = 300}\n",
    "spread": "ensemble = {seed = 1}\ntrunk = {steps = 100}\npotential = {kind = 'double_well'}\n"
              "integrator = {dt = 0.01, friction = 1.0, temperature = 300}\nspread = {every = 10, members = 10}\n",
}


class Keys(Case):
    def keys(self, program):
        """Name, whether it is a list, and dimension of each key that has one."""
        answer = subprocess.run([getattr(options, program), "--keys"], capture_output=True, text=True, check=True)
        rows = [re.split(r" {2,}", line, maxsplit=4) for line in answer.stdout.splitlines()[1:]]
        self.assertGreater(len(rows), 20)
        return [(key, kind == "numbers", unit) for key, kind, _, unit, _ in rows if unit not in COUNTS]

    def quoted(self, key, is_list, quantity):
        texts = [quantity, quantity.replace("2", "3", 1)] if key == "observables.core_sets" else [quantity]
        quoted = [f'"{text}"' for text in texts]
        return f"{key}=[{', '.join(quoted)}]" if is_list else f"{key}={quoted[0]}"

    def attempt(self, program, key, assignment, units, words):
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        (folder / "input.toml").write_text(PLAIN[program])
        (folder / "table.txt").write_text("-1 1\n0 0\n1 1\n")
        (folder / "surface.txt").write_text("".join(f"{x / 20} {y / 20} {x * y}\n" for x in range(4) for y in range(4)))
        given = [f"units.system={units}", *GIVEN.get(key, []), assignment, "zz=1"]
        return subprocess.run([getattr(options, program), "input.toml", "--quiet", "--topology", "off", *words,
                               *(word for one in given for word in ("--set", one))], cwd=folder, text=True,
                              env={**os.environ, "OMP_NUM_THREADS": "1", "OMP_PROC_BIND": "false"},
                              capture_output=True, timeout=PATIENCE)

    def test_every_key_with_a_dimension_takes_its_units_and_no_others(self):
        attempts = []
        seen = set()
        for program in ("langevin", "spread"):
            for key, is_list, dimension in self.keys(program):
                self.assertIn(dimension, QUANTITIES, key)
                words = ("--adaptive=classifier",) if key.startswith("classes.") else ()
                seen.add((program, key))
                good, bad, offer = QUANTITIES[dimension]
                attempts += [(program, key, self.quoted(key, is_list, good), "md", words, ["unknown key 'zz'"]),
                             (program, key, self.quoted(key, is_list, bad), "md", words,
                              [f"invalid '{key}': got the string '{bad}'; expected a number or {dimension} with its unit, as {offer}"]),
                             (program, key, self.quoted(key, is_list, good), "reduced", words,
                              [f"invalid '{key}': got the string", 'set units.system = "md"']),
                             (program, key, self.quoted(key, is_list, good), "lj", words,
                              [f"invalid '{key}': got the string", "is no unit where units.system is 'lj'"])]
        self.assertGreater(len(seen), 25)
        with ThreadPoolExecutor(4) as pool:
            outcomes = pool.map(lambda one: self.attempt(*one[:5]), attempts)
            for (program, key, assignment, units, words, expected), outcome in zip(attempts, outcomes):
                with self.subTest(program=program, assignment=assignment, units=units):
                    self.assert_refused(outcome, *expected)

    def test_mistyped_units_are_hinted(self):
        for assignment, hint in (('potential.barrier="6 kcall/mol"', "did you mean 'kcal'?"),
                                 ('potential.barrier="6 kj/mol"', "did you mean 'kJ'?"),
                                 ('initial.position=["2 A"]', "did you mean 'angstrom'?"),
                                 ('integrator.dt="1 tau"', "'tau' is no unit where units.system is 'md'")):
            key = assignment.partition("=")[0]
            self.assert_refused(self.attempt("langevin", key, assignment, "md", ()), f"invalid '{key}': got the string", hint)

    def test_keys_without_a_dimension_take_none(self):
        for assignment in ('run.steps="5 ps"', 'ensemble.walkers="10 nm"', 'observables.frame_every="1 ps"'):
            key = assignment.partition("=")[0]
            self.assert_refused(self.attempt("langevin", key, assignment, "md", ()), f"invalid '{key}': got the string", "an integer")


MD = {"length": "nm", "time": "ps", "energy": "kJ/mol", "mass": "u", "temperature": "K", "system": "md"}


class Results(Case):
    ALL = ("--set", "observables.first_passage=true", "--set", "output.trajectory.walkers=2", "--set",
           "observables.correlation_frames=40")

    def units_in(self, file):
        """Units of datasets of numbers, None where one has none, and of attributes of groups."""
        import h5py
        datasets, attributes = {}, {}

        def visit(name, found):
            if isinstance(found, h5py.Dataset) and found.dtype.kind == "f":
                datasets[name] = found.attrs.get("unit")
            elif "units" in found.attrs:
                attributes[name] = json.loads(found.attrs["units"])

        with h5py.File(self.folder / file) as opened:
            opened.visititems(visit)
        return datasets, attributes

    def test_every_number_of_a_summary_has_its_unit(self):
        for barrier in ("6 kcal/mol", "1.5 kcal/mol"):  # the second has a decay
            summary = self.summary("langevin", STUDY, *self.ALL, "--set", f"potential.barrier={barrier}")
            units = summary["units"]
            self.assertEqual({**units, **MD}, units)
            named = set(summary["observables"]) | {name for name, value in summary["references"].items()
                                                   if not isinstance(value, str)}
            self.assertEqual(named - set(units["quantities"]), set())
        for name, unit in {"position": "nm", "position_squared": "nm^2", "potential_energy": "kJ/mol",
                           "virial_temperature": "kJ/mol", "core_set_rate_ab": "1/ps", "first_passage_time": "ps",
                           "transitions": "1", "rate_kramers_grote_hynes": "1/ps"}.items():
            self.assertEqual(units["quantities"][name], unit, name)
        reduced = self.summary("langevin", REDUCED)["units"]
        self.assertEqual((reduced["system"], reduced["quantities"]["core_set_rate_ab"]), ("reduced", "1/tau"))

    def test_notes_and_the_terminal_tell_units(self):
        said = self.said("langevin", STUDY).stdout
        self.assertRegex(said, r"position_squared +[0-9.]+ .* nm\^2\n")
        self.assertRegex(said, r"no transitions from A to B in \S+ ps: the rate is below \S+ 1/ps \(95 %\)")
        plain = self.said("langevin", REDUCED).stdout
        self.assertRegex(plain, r"no transitions from A to B in \S+ tau: the rate is below \S+ \(95 %\)")
        self.assertNotRegex(plain, r"\b(nm|ps|mol)\b")

    def test_every_dataset_of_numbers_has_its_unit(self):
        self.summary("langevin", STUDY, *self.ALL, "--output", "run.h5")
        datasets, attributes = self.units_in("run.h5")
        bare = {name for name, unit in datasets.items() if unit is None}
        self.assertEqual(bare, {"kramers/population/difference", "kramers/population/error", "kramers/survival/value",
                                "kramers/survival/error"})
        for name, unit in {"particles/walkers/velocity/value": "nm ps-1", "observables/position/time": "ps",
                           "kramers/free_energy/value": "kJ mol-1", "kramers/correlation/displacement": "nm2",
                           "kramers/correlation/velocity": "nm2 ps-2"}.items():
            self.assertEqual(datasets[name], unit, name)
        self.assertEqual({"kT": "kJ/mol", "friction": "1/ps", "mass": "u", "dt": "ps", "cores": "nm"}.items() -
                         attributes["parameters"].items(), set())
        self.assertEqual(attributes["kramers/survival"]["rate_upper"], "1/ps")

    def test_reduced_files_stay_as_they_were(self):
        self.summary("langevin", REDUCED, *self.ALL, "--output", "run.h5")
        datasets, attributes = self.units_in("run.h5")
        self.assertEqual(attributes, {})
        self.assertEqual({name: unit for name, unit in datasets.items() if unit is not None},
                         {name: "tau" for name in datasets if re.match(r"(particles|observables)/.*/time$", name)})

    def test_replays_and_maps(self):
        replay = self.summary("langevin", STUDY, "--replay", "3", "--output", "replay.h5")
        self.assertEqual(replay["units"]["quantities"], {"position": "nm", "velocity": "nm/ps"})
        self.assertEqual(self.units_in("replay.h5")[0]["particles/walkers/position/value"], "nm")
        chart = self.summary("spread", MAP, "--output", "map.h5")
        self.assertEqual(chart["units"]["quantities"], {"spread": "nm", "growth": "1/ps"})
        datasets, attributes = self.units_in("map.h5")
        self.assertEqual({name for name, unit in datasets.items() if unit is None}, set())
        self.assertEqual((datasets["spread/rate"], datasets["spread/growth"], datasets["trunk/velocity"]),
                         ("nm ps-1", "ps-1", "nm ps-1"))
        self.assertEqual(attributes["parameters"]["sigma_velocity"], "nm/ps")
        self.assertRegex(self.said("spread", MAP).stdout, r"growth +\S+ \+- \S+ 1/ps ")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *unittest_words])

# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What kramers-langevin says about a system whose answers are known, and what it lets a resumed run change."""
import copy
import json
import math

from langevin_runs import Case, DOUBLE_WELL, h5py, main

STIFFNESS, KT, MASS, DT = 3.0, 0.7, 1.6, 0.4
HARMONIC = {
    "ensemble": {"walkers": 4096, "seed": 2024},
    "potential": {"kind": "harmonic", "stiffness": STIFFNESS},
    "integrator": {"dt": DT, "friction": 1.3, "temperature": KT, "mass": MASS},
}


class Observables(Case):
    """Means against closed forms, which are exact for baoab at any time step (Leimkuhler and Matthews 2013)."""

    def expect(self, observables, values, within):
        """All of these and no other, within 4.5 standard errors (7 of 10^6 by chance), which are this small."""
        self.assertEqual(set(observables) - {"effective_samples"}, set(values))
        for name, (value, scale) in values.items():
            with self.subTest(name):
                found = observables[name]
                self.assertLess(found["stderr"], within * scale)
                self.assertLess(abs(found["value"] - value), 4.5 * found["stderr"])

    def test_two_coordinates_have_one_temperature(self):
        # The slowest relaxation takes 4 steps; 40 forget the start to exp(-10).
        self.write_input(tables={**HARMONIC, "run": {"equilibrate": 40, "steps": 200}, "observables": {"every": 1}})
        squeeze = 1 - 0.25 * STIFFNESS / MASS * DT * DT  # of v^2 at whole steps
        for dimensions in (1, 2, 3):
            summary = self.run_study("--set", f"potential.dimensions={dimensions}", "--set",
                                     f"observables.coordinate={dimensions - 1}")
            with self.subTest(dimensions=dimensions):
                self.expect(summary["observables"], {
                    "kinetic_temperature": (KT * squeeze, KT),
                    "kinetic_temperature_half_step": (KT, KT),
                    "configurational_temperature": (KT, KT),
                    "virial_temperature": (KT, KT),
                    "potential_energy": (0.5 * dimensions * KT, dimensions * KT),
                    "position": (0.0, math.sqrt(KT / STIFFNESS)),
                    "position_squared": (KT / STIFFNESS, KT / STIFFNESS),
                }, within=0.005)

    def test_a_free_plane_has_the_diffusion_of_one_coordinate(self):
        # A barrier of nothing: D = kT / (m gamma), and v forgets itself in 1 / gamma whatever the step; the trapezoids
        # of its correlation, a geometric series of ratio r, are (1 + r) / (1 - r) / 2 of an interval, cut at exp(-5).
        gamma, interval = 1.0, 0.2
        tables = {"ensemble": {"walkers": 16384, "seed": 11},
                  "potential": {"kind": "cosine", "barrier": 0.0, "dimensions": 2},
                  "integrator": {"dt": 0.1, "friction": gamma, "temperature": KT, "mass": MASS},
                  "run": {"steps": 400},
                  "observables": {"every": 0, "frame_every": 2, "correlation_frames": 60}}
        self.write_input(tables=tables)
        found = self.run_study()["observables"]
        r = math.exp(-gamma * interval)
        time = interval * 0.5 * (1 + r) / (1 - r) * (1 - math.exp(-5))
        for name, value in (("velocity_correlation_time", time), ("diffusion_coefficient", KT / (MASS * gamma))):
            with self.subTest(name):
                self.assertLess(found[name]["stderr"], 0.02 * value)
                # The cut lies at a whole lag, which moves the time by up to 5 * 0.2 exp(-5) = 0.7 %; D has left its
                # transient by exp(-3).
                self.assertLess(abs(found[name]["value"] - value), 4.5 * found[name]["stderr"] + 0.01 * value)

    def test_the_rate_is_that_of_any_dividing_point_beyond_the_transient(self):
        tables = {**DOUBLE_WELL, "ensemble": {"walkers": 16384, "seed": 7}, "run": {"steps": 1000},
                  "observables": {"every": 0, "frame_every": 20, "transient": 3.0}}
        self.write_input(tables=tables)
        relaxation_rates = []
        for divide in (0.0, 0.4):
            observables = self.run_study("--set", f"observables.dividing_point={divide}")["observables"]
            relaxation_rates.append(observables["relaxation_rate"])
            # The way out is the share of the other side in equilibrium, here by midpoints.
            weight = {x: math.exp(-(x * x - 1)**2 / 0.4) for x in (0.001 * (i + 0.5) for i in range(-3000, 3000))}
            share = sum(w for x, w in weight.items() if x > divide) / sum(weight.values())
            self.assertAlmostEqual(observables["rate"]["value"] / relaxation_rates[-1]["value"], share, delta=1e-6)
        one, other = relaxation_rates
        self.assertLess(other["stderr"], 0.03 * other["value"])
        self.assertLess(abs(one["value"] - other["value"]), 2 * other["stderr"])  # of the same walkers
        for transient, begin in (("3.0", 3.2), ("3.2", 3.2), ("3.3", 3.6)):
            self.run_study("--set", f"observables.transient={transient}", "--output", "run.h5")
            with h5py.File(self.folder / "run.h5") as file:
                self.assertAlmostEqual(file["kramers/population"].attrs["fit_begin"], begin)
        self.assertNotIn("rate", self.run_study("--set", "observables.transient=30")["observables"])

    def test_samples_begin_after_the_steps_that_are_left_out(self):
        # Far from equilibrium: what the first 200 steps would add is seen in every mean.
        common = {"every": 5, "frame_every": 200, "correlation_frames": 2, "core_sets": [-0.3, 0.3],
                  "histogram": {"bins": [16], "lower": [-2.0], "upper": [2.0]}}
        self.write_input(tables={**HARMONIC, "initial": {"position": [400.0]}, "run": {"steps": 1000},
                                 "observables": common})
        later = self.run_study("--set", "observables.after=200", "--output", "later.h5")
        # The same trajectories and launches, told as equilibration.
        whole = self.run_study("--set", "run={equilibrate=200, steps=800}", "--output", "whole.h5")
        self.assert_same_results(later, whole)
        at_once = self.run_study()["observables"]
        for name, estimate in later["observables"].items():
            if estimate["value"] is not None:  # too few lags for the correlation times
                self.assertNotEqual(at_once[name], estimate, name)
        self.assertGreater(at_once["position_squared"]["value"], 2 * KT / STIFFNESS)
        squared = later["observables"]["position_squared"]
        self.assertLess(abs(squared["value"] - KT / STIFFNESS), 4.5 * squared["stderr"])
        with h5py.File(self.folder / "later.h5") as file, h5py.File(self.folder / "whole.h5") as same:
            self.assertEqual(list(file["kramers/free_energy/position"]), [-2 + 0.25 * (i + 0.5) for i in range(16)])
            for name in ("free_energy/value", "free_energy/error", "correlation/position", "correlation/velocity",
                         "correlation/displacement"):
                path = f"kramers/{name}"
                self.assertEqual(file[path][()].tobytes(), same[path][()].tobytes(), name)


TABLE = "".join(f"{x / 10} {(x / 10)**2}\n" for x in range(-30, 31))
GRID = "".join(f"{x} {y} {(x * x - 1)**2 / 9 + y * y / 2}\n" for x in range(-2, 3) for y in range(-2, 3))

# Studies that have all keys between them, each in the table that it is merged into.
STUDIES = {
    "plane": {"potential": {"kind": "double_well", "dimensions": 2}, "initial": {"position": [-1.0, -1.0]}},
    "harmonic": {"potential": {"kind": "harmonic"},
                 "initial": {"lower": [-1.0], "upper": [-0.9], "velocity": [0.1]}},
    "cosine": {"potential": {"kind": "cosine"}},
    "driven": {"potential": {"kind": "double_well", "dimensions": 2}, "initial": {"position": [-1.0, -1.0]},
               "drive": {"amplitude": 0.5, "period": 0.1, "phase": 0.2, "coordinate": 0},
               "observables": {"correlation_frames": 0}},
    "tabulated": {"potential": {"kind": "tabulated", "file": "table.txt", "outside": "wall", "wall_stiffness": 2.0}},
    "walled along x": {"potential": {"kind": "tabulated_2d", "file": "grid.txt", "outside_x": "wall", "wall_stiffness_x": 2.0,
                                     "outside_y": "periodic", "period_y": 5.0},
                       "initial": {"position": [-1.0, 0.0]}},
    "walled along y": {"potential": {"kind": "tabulated_2d", "file": "grid.txt", "outside_x": "periodic", "period_x": 5.0,
                                     "outside_y": "wall", "wall_stiffness_y": 2.0},
                       "initial": {"position": [-1.0, 0.0]}},
    "surface": {"potential": {"kind": "mueller_brown"}, "integrator": {"dt": 0.0005},
                "initial": {"position": [-0.5, 1.4]},
                "observables": {"histogram": {"bins": [8, 6], "lower": [-2.0, -3.0], "upper": [2.0, 3.0]}}},
}

# Every key that decides results, with other values of it for the first study that has it. Of a list each entry changes
# alone. A list of words stands for what takes more than --set KEY=VALUE.
CHANGES = {
    "drive.amplitude": ["0.6"],
    "drive.coordinate": ["1"],
    "drive.period": ["0.12"],
    "drive.phase": ["0.3"],
    "ensemble.seed": ["8"],
    "ensemble.walkers": ["301"],
    "initial.lower": ["[-1.2]"],
    "initial.position": ["[-0.4, 1.4]", "[-0.5, 1.5]"],
    "initial.upper": ["[-0.8]"],
    "initial.velocity": ["[0.2]"],
    "integrator.dt": ["0.01"],
    "integrator.friction": ["1.1"],
    "integrator.mass": ["1.1"],
    "integrator.scheme": ['"leimkuhler-matthews"'],
    "integrator.temperature": ["0.3"],
    "observables.after": ["5"],
    "observables.coordinate": ["1"],
    "observables.core_sets": ["[-0.8, 0.7]", "[-0.7, 0.8]"],
    "observables.correlation_frames": ["4"],
    "observables.dividing_point": ["0.1"],
    "observables.every": ["1"],
    "observables.first_passage": ["true"],
    "observables.frame_every": ["5"],
    "observables.histogram.bins": ["[9, 6]", "[8, 7]"],
    "observables.histogram.lower": ["[-2.5, -3.0]", "[-2.0, -3.5]"],
    "observables.histogram.upper": ["[2.5, 3.0]", "[2.0, 3.5]"],
    "observables.transient": ["0.5"],
    "output.trajectory.every": ["10"],
    "output.trajectory.walkers": ["9"],
    "potential.barrier": ["1.5"],
    "potential.centre": ["0.1"],
    "potential.data": [["--set", 'potential.file="other.txt"'], ["--set", 'potential.file="moved.txt"']],
    "potential.dimensions": [["--set", "potential.dimensions=3", "--set", "initial.position=[-1.0, -1.0, -1.0]"]],
    "potential.external_force": ["0.1"],
    "potential.kind": ['"cosine"'],
    "potential.outside": [["--set", 'potential={kind="tabulated", file="table.txt"}']],
    "potential.outside_x": [["--set", 'potential={kind="tabulated_2d", file="grid.txt", outside_y="periodic", period_y=5.0}']],
    "potential.outside_y": [["--set", 'potential={kind="tabulated_2d", file="grid.txt", outside_x="wall", wall_stiffness_x=2.0}']],
    "potential.period": ["2.0"],
    "potential.period_x": ["5.01"],
    "potential.period_y": ["5.01"],
    "potential.scale": ["2.0"],
    "potential.stiffness": ["1.5"],
    "potential.tilt": ["0.2"],
    "potential.wall_stiffness": ["3.0"],
    "potential.wall_stiffness_x": ["3.0"],
    "potential.wall_stiffness_y": ["3.0"],
    "precision": [["--precision", "f32"]],
    "run.equilibrate": ["40"],
}
SEEN_BEFORE = {"potential.dimensions": "initial.position"}  # what more coordinates change, too, is named first
ONLY_IN = {"potential.data": "tabulated"}  # the others have none


class Resume(Case):
    """Nothing that decides results may change between a checkpoint and the run that goes on from it."""

    def write_study(self, changes):
        tables = copy.deepcopy(DOUBLE_WELL)
        tables["run"] = {"equilibrate": 20, "steps": 40}
        del tables["observables"]["histogram"]
        tables["observables"].update(frame_every=10, transient=0.0)
        tables["output"] = {"trajectory": {"walkers": 8, "every": 20}}
        tables["checkpoint"] = {"every": 10}
        for table, content in changes.items():
            tables[table] = content if table == "potential" else {**tables.get(table, {}), **content}
        self.write_input(tables=tables)
        (self.folder / "table.txt").write_text(TABLE)
        (self.folder / "grid.txt").write_text(GRID)
        (self.folder / "other.txt").write_text(TABLE.replace("-3.0 9.0", "-3.0 9.5"))
        (self.folder / "moved.txt").write_text(TABLE.replace("-3.0 9.0", "-3.1 9.0"))

    def decisive_keys(self):
        """The keys of the input that the checkpoint holds against another run."""
        with h5py.File(self.folder / "run.checkpoint.h5") as file:
            fingerprint = json.loads(file["fingerprint"][()].tobytes().rstrip(b"\0"))

        def names(table, prefix=""):
            for key, value in table.items():
                yield from names(value, f"{prefix}{key}.") if isinstance(value, dict) else [prefix + key]

        return set(names(fingerprint))

    def refuse(self, key, change):
        words = change if isinstance(change, list) else ["--set", f"{key}={change}"]
        outcome = self.attempt("--resume", "--output", "run.h5", *words)
        self.assertEqual(outcome.code, 65, outcome.err)
        self.assertIn(f"the checkpoint was written with {SEEN_BEFORE.get(key, key)}", outcome.err)

    def test_every_key_that_decides_results_is_refused_by_name(self):
        tried = set()
        for name, changes in STUDIES.items():
            self.write_study(changes)
            whole = self.run_study("--output", "run.h5")
            keys = {key for key in self.decisive_keys() if ONLY_IN.get(key, name) == name}
            self.assertLessEqual(keys, set(CHANGES), "a new key? CHANGES must say how to change it")
            for key in sorted(keys - tried):
                for change in CHANGES[key]:
                    with self.subTest(key, change=change, study=name):
                        self.refuse(key, change)
            tried |= keys
            # The same input is gone on with, even where nothing is left to do.
            self.assert_same_results(self.run_study("--resume", "--output", "run.h5"), whole)
        self.assertEqual(tried, set(CHANGES), "a key that decides results is no longer compared")

    def test_a_list_of_another_length_is_named_as_a_whole(self):
        self.write_study({"potential": {"kind": "double_well", "barrier": 1.0, "dimensions": 2}})
        self.run_study("--output", "run.h5")
        outcome = self.attempt("--resume", "--output", "run.h5", "--set", "potential.dimensions=3")
        self.assertEqual(outcome.code, 65, outcome.err)
        self.assertIn("with initial.position = [-1.0,-1.0], this run has [-1.0,-1.0,-1.0];", outcome.err)

    def test_a_run_that_is_done_is_gone_on_with_at_its_last_step(self):
        self.write_study(STUDIES["harmonic"])
        whole = self.run_study("--output", "whole.h5", "--set", 'checkpoint.file="run.checkpoint.h5"')
        self.assertEqual(self.checkpoint_step("run.checkpoint.h5"), 60)
        self.assert_same_results(self.run_study("--resume", "--output", "run.h5"), whole)
        self.assert_same_data("run.h5", "whole.h5")


if __name__ == "__main__":
    main()

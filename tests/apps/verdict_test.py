# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""kramers-langevin where its numbers would look right and be wrong: it leaves them out or says so."""
import json
import math

from langevin_runs import Case, h5py, main

# V = (x^2 - 1)^2 at friction 1: rates from the Kramers equation, see oracles/kramers_eigenvalue.py and exact_rates_test.cpp.
RATE_AT_5, CORE_RATE_AT_5 = 2.21681413851e-3, 2.2452071e-3


def well(barrier=5.0, **changes):
    """A double well of so many kT, its walkers at the bottom of the left one."""
    tables = {"ensemble": {"walkers": 4096, "seed": 3},
              "potential": {"kind": "double_well"},
              "integrator": {"dt": 0.02, "friction": 1.0, "temperature": 1 / barrier},
              "initial": {"position": [-1.0]},
              "run": {"steps": 5000},
              "observables": {"every": 5, "core_sets": [-1.0, 1.0]}}
    for table, keys in changes.items():
        tables[table] = {**tables.get(table, {}), **keys}
    return tables


class Verdict(Case):
    def study(self, tables, *words, code=0):
        """The summary, and the warnings as people see them."""
        self.write_input(tables=tables)
        process = self.start("--summary", "run.json", "--output", "run.h5", *words)
        outcome = self.end(process)
        self.assertEqual(outcome.code, code, outcome.err)
        return json.loads((self.folder / "run.json").read_text())

    def assert_warns(self, summary, *parts):
        self.assertTrue(any(all(part in text for part in parts) for text in summary["warnings"]), summary["warnings"])

    def test_walkers_that_have_not_passed_count_with_their_time(self):
        # 100 tau of a mean of about 450: the mean of those that have passed would be some 50.
        summary = self.study(well(observables={"first_passage": True, "every": 1, "frame_every": 50}))
        found, references = summary["observables"], summary["references"]
        time, exact = found["first_passage_time"], references["first_passage_time_exact"]
        self.assertGreater(found["first_passage_fraction"]["value"], 0.15)
        self.assertLess(found["first_passage_fraction"]["value"], 0.3)
        self.assertLess(time["stderr"], 0.05 * exact)
        # The start in the well takes some tau of 450, which the rate over all time does not know.
        self.assertLess(abs(time["value"] - exact), 4.5 * time["stderr"] + 0.02 * exact)
        self.assertLess(time["interval"][0], time["value"])
        self.assertGreater(time["interval"][1], time["value"])
        self.assertIn("% of the walkers have passed", time["note"])
        with h5py.File(self.folder / "run.h5") as file:
            survival = file["kramers/survival"]
            self.assertEqual(survival["value"][0], 1.0)
            self.assertAlmostEqual(survival["value"][-1], 1 - found["first_passage_fraction"]["value"], delta=1e-12)
            self.assertEqual(survival.attrs["events"], time["events"])
            # Exponential times survive by the law of the rate.
            k, last = survival.attrs["rate"], survival["time"][-1]
            self.assertAlmostEqual(survival["value"][-1], math.exp(-k * last), delta=4.5 * survival["error"][-1] + 0.01)

    def test_walkers_with_a_given_velocity_have_no_exact_first_passage_time(self):
        observables = {"first_passage": True, "every": 1}
        for initial, known in (({}, True), ({"velocity": [0.0]}, False)):
            with self.subTest(initial=initial):
                summary = self.study(well(2.0, run={"steps": 100}, observables=observables, initial=initial))
                self.assertEqual("first_passage_time_exact" in summary["references"], known)

    def test_energy_is_compared_in_all_dimensions(self):
        summary = self.study({"ensemble": {"walkers": 2048, "seed": 3},
                              "potential": {"kind": "harmonic", "dimensions": 3},
                              "integrator": {"dt": 0.05, "friction": 1.0, "temperature": 0.5},
                              "run": {"equilibrate": 400, "steps": 2000}, "observables": {"every": 20}})
        check = summary["checks"]["potential_energy"]
        self.assertAlmostEqual(check["expected"], 3 * 0.5 / 2, delta=1e-9)
        self.assertLess(abs(check["z"]), 4.5)

    def test_the_clock_of_first_passages_starts_with_production(self):
        # Half of the walkers are in B by then; none can be at risk for longer than production.
        steps = 200
        summary = self.study(well(2.0, run={"equilibrate": 5000, "steps": steps},
                                  observables={"first_passage": True, "every": 1}))
        rate = summary["observables"]["first_passage_rate"]
        self.assertGreater(rate["events"], 1500)
        self.assertLess(rate["events"] / rate["value"], 4096 * steps * 0.02)

    def test_no_transition_gives_a_limit(self):
        summary = self.study(well(12.0, run={"steps": 1000}), "--strict", code=2)
        rate = summary["observables"]["core_set_rate_ab"]
        self.assertEqual((rate["value"], rate["stderr"], rate["events"]), (None, None, 0))
        # All walkers, 20 tau in the memory of A but for the moment until they are first seen there: 3 over that time.
        self.assertEqual(rate["interval"][0], 0)
        self.assertAlmostEqual(rate["interval"][1] * 4096 * 20, 2.9957, delta=0.15)
        self.assertIn("rare events", rate["note"])
        back = summary["observables"]["core_set_rate_ba"]
        self.assertEqual(back["note"], "no transitions from B to A: no walker has been where they begin")
        self.assertNotIn("interval", back)
        self.assertIsNone(summary["observables"]["rate"]["value"])
        self.assert_warns(summary, "core_set_rate_ab", "no transitions")

    def test_a_core_set_that_nobody_reaches_leaves_the_decay(self):
        summary = self.study(well(2.0, observables={"core_sets": [-5.0, 0.5]}))
        self.assertIsNone(summary["observables"]["core_set_rate_ab"]["value"])
        self.assertEqual(summary["references"]["rate_method"], "decay of the population difference")

    def test_few_transitions_have_an_interval_and_no_error(self):
        summary = self.study(well(8.0, ensemble={"walkers": 1024}, run={"steps": 3000}))
        rate = summary["observables"]["core_set_rate_ab"]
        self.assertTrue(0 < rate["events"] < 20, rate)
        self.assertIsNone(rate["stderr"])
        self.assertLess(rate["interval"][0], summary["references"]["core_set_rate_ab_exact"])
        self.assertGreater(rate["interval"][1], summary["references"]["core_set_rate_ab_exact"])
        self.assert_warns(summary, "core_set_rate_ab", "too few")

    def test_exact_rates_stand_beside_the_results(self):
        summary = self.study(well(run={"steps": 20}))
        references = summary["references"]
        self.assertAlmostEqual(references["rate_exact"] / RATE_AT_5, 1, delta=1e-5)
        self.assertAlmostEqual(references["relaxation_rate_exact"] / RATE_AT_5, 2, delta=2e-5)
        self.assertAlmostEqual(references["core_set_rate_ab_exact"] / CORE_RATE_AT_5, 1, delta=1e-4)
        # c2 of baoab is -1.7443 here.
        self.assertAlmostEqual(references["rate_exact_at_dt"] / references["rate_exact"], 1 - 1.7443 * 0.02**2, delta=1e-6)
        self.assertAlmostEqual(references["energy_loss_left"], 8 * 5 / 3, delta=1e-6)

    def test_low_friction_has_no_rate_from_visits(self):
        summary = self.study(well(integrator={"friction": 0.01}, run={"steps": 3000}))
        self.assertIsNone(summary["observables"]["rate"]["value"])
        self.assertIn("visits", summary["observables"]["rate"]["note"])
        self.assertIn("low friction", summary["references"]["regime"])
        self.assertNotIn("rate_exact", summary["references"])

    def test_a_time_step_that_shows_is_said(self):
        tables = well(2.0, integrator={"scheme": "euler-maruyama", "dt": 0.01}, run={"equilibrate": 4000, "steps": 4000})
        summary = self.study(tables, "--strict", code=2)
        self.assert_warns(summary, "configurational temperature", "integrator.dt is too long for euler-maruyama")
        self.assertGreater(abs(summary["checks"]["configurational_temperature"]["z"]), 20)
        # Without core sets, between which walkers without inertia come and go within a step.
        tables["integrator"] = {**tables["integrator"], "scheme": "leimkuhler-matthews"}
        del tables["observables"]["core_sets"]
        summary = self.study(tables, "--strict")
        self.assertEqual(summary["warnings"], [])
        self.assertLess(abs(summary["checks"]["configurational_temperature"]["z"]), 4.5)

    def test_diffusion_that_is_too_fast_is_said(self):
        tables = {"ensemble": {"walkers": 256, "seed": 5}, "potential": {"kind": "harmonic"},
                  "integrator": {"dt": 0.02, "friction": 50.0, "temperature": 0.5},
                  "run": {"equilibrate": 2000, "steps": 2000}}
        self.assert_warns(self.study(tables), "friction times dt is 1", "8.2 % too fast with baoab", "gjf")
        tables["integrator"]["scheme"] = "gjf"
        self.assertNotIn("friction times dt", str(self.study(tables)["warnings"]))

    def test_a_run_that_still_relaxes_is_said(self):
        summary = self.study(well(3.0, run={"steps": 4000}))
        self.assert_warns(summary, "not in equilibrium", "mean position", "observables.after")

    def test_wells_that_were_not_exchanged_are_said(self):
        summary = self.study(well(14.0, run={"equilibrate": 500, "steps": 1000}))
        self.assert_warns(summary, "have not changed wells")

    def test_a_sound_run_says_nothing(self):
        tables = {"ensemble": {"walkers": 4096, "seed": 5}, "potential": {"kind": "harmonic"},
                  "integrator": {"dt": 0.1, "friction": 1.0, "temperature": 0.5},
                  "run": {"equilibrate": 200, "steps": 1000},
                  "observables": {"histogram": {"bins": [40], "lower": [-4.0], "upper": [4.0]}}}
        summary = self.study(tables, "--strict")
        self.assertEqual(summary["warnings"], [])
        self.assertEqual(set(summary["checks"]), {"configurational_temperature", "virial_temperature", "potential_energy",
                                                  "kinetic_temperature_half_step", "position"})
        for name, check in summary["checks"].items():
            with self.subTest(name):
                self.assertLess(abs(check["z"]), 4.5)  # 7 of 10^6 by chance
        samples = summary["observables"]["effective_samples"]["value"]
        self.assertTrue(1000 < samples <= 4096 * 100 * 1.2, samples)

    def test_walkers_outside_of_the_histogram_are_said(self):
        tables = well(2.0, run={"equilibrate": 3000, "steps": 500},
                      observables={"histogram": {"bins": [20], "lower": [-1.5], "upper": [0.0]}})
        summary = self.study(tables)
        self.assertAlmostEqual(summary["observables"]["histogram_outside"]["value"], 0.51, delta=0.05)
        self.assert_warns(summary, "outside of observables.histogram")

    def test_too_coarse_frames_have_no_velocity_correlation_time(self):
        tables = {"ensemble": {"walkers": 4096, "seed": 5}, "potential": {"kind": "cosine", "barrier": 0.0},
                  "integrator": {"dt": 0.001, "friction": 100.0, "temperature": 1.0},
                  "run": {"steps": 5000}, "observables": {"every": 0, "frame_every": 10, "correlation_frames": 50}}
        for every in (10, 50):
            summary = self.study({**tables, "observables": {**tables["observables"], "frame_every": every}})
            time = summary["observables"]["velocity_correlation_time"]
            self.assertIsNone(time["value"])
            self.assertIn("observables.frame_every", time["note"])
            with h5py.File(self.folder / "run.h5") as file:
                self.assertEqual(file["kramers/correlation"].attrs["velocity_undersampled"], 1)
        time = self.study({**tables, "observables": {"every": 0, "frame_every": 2, "correlation_frames": 50}})[
            "observables"]["velocity_correlation_time"]
        # 1 / friction; trapezoids of 0.2 of it are 0.3 % too large, the cut at five times takes 0.7 %.
        self.assertAlmostEqual(time["value"], 0.01, delta=0.0001 + 4.5 * time["stderr"])

    def test_an_unbounded_potential_has_no_virial_temperature(self):
        tables = {"ensemble": {"walkers": 256, "seed": 5}, "potential": {"kind": "cosine"},
                  "integrator": {"dt": 0.05, "friction": 1.0, "temperature": 1.0}, "run": {"steps": 500}}
        virial = self.study(tables)["observables"]["virial_temperature"]
        self.assertIsNone(virial["value"])
        self.assertIn("no limit", virial["note"])

    def test_core_sets_relax_as_populations_do(self):
        # In equilibrium, where no population decays: the same rate from changes of core set after a lag.
        tables = well(3.0, ensemble={"walkers": 8192}, initial={"lower": [-1.3], "upper": [1.3]}, run={"steps": 12000},
                      observables={"after": 4000, "frame_every": 25, "correlation_frames": 80, "core_sets": [-0.8, 0.8]})
        del tables["initial"]["position"]
        summary = self.study(tables)
        found, exact = summary["observables"]["core_set_relaxation_rate"], summary["references"]["relaxation_rate_exact"]
        self.assertLess(found["stderr"], 0.2 * exact)
        self.assertLess(abs(found["value"] - exact), 4.5 * found["stderr"])
        self.assertEqual(summary["references"]["rate_method"], "changes of core set after a lag")
        # Frames between samples, every 5 and 8 steps: only each fifth lag is as long as it seems. Then none.
        between = {**tables["observables"], "frame_every": 8, "correlation_frames": 250}
        found = self.study({**tables, "observables": between})["observables"]["core_set_relaxation_rate"]
        self.assertLess(found["stderr"], 0.2 * exact)
        self.assertLess(abs(found["value"] - exact), 4.5 * found["stderr"])
        with h5py.File(self.folder / "run.h5") as file:
            self.assertAlmostEqual(file["kramers/core_sets/lag"][1], 40 * 0.02, delta=1e-12)
        between["correlation_frames"] = 249
        found = self.study({**tables, "observables": between})["observables"]["core_set_relaxation_rate"]
        self.assertIsNone(found["value"])
        self.assertIn("between samples", found["note"])


if __name__ == "__main__":
    main()

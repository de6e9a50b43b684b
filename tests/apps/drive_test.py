# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""kramers-langevin with a force that is periodic in time: the response, and what walkers out of equilibrium leave out."""
import json
import math

from langevin_runs import Case, h5py, main

DRIVE = {"amplitude": 0.5, "period": 6.25, "phase": 1.0}  # 25 steps


def driven(**changes):
    """A harmonic well whose walkers a force drives."""
    tables = {"ensemble": {"walkers": 2048, "seed": 3},
              "potential": {"kind": "harmonic", "stiffness": 2.0},
              "integrator": {"dt": 0.25, "friction": 1.5, "temperature": 0.8},
              "drive": DRIVE,
              "run": {"equilibrate": 60, "steps": 1000},
              "observables": {"every": 5, "frame_every": 5}}
    for table, keys in changes.items():
        tables[table] = {**tables.get(table, {}), **keys}
    return tables


DOUBLE_WELL = {"potential": {"kind": "double_well", "stiffness": None},
               "integrator": {"dt": 0.05, "friction": 1.0, "temperature": 0.4},
               "drive": {"amplitude": 0.2, "period": 10.0, "phase": 0.0}}


def double_well(**changes):
    tables = driven(**DOUBLE_WELL)
    del tables["potential"]["stiffness"]
    for table, keys in changes.items():
        tables[table] = {**tables.get(table, {}), **keys}
    return tables


class Drive(Case):
    def study(self, tables, *words, code=0, **more):
        self.write_input(tables=tables)
        outcome = self.end(self.start("--summary", "run.json", "--output", "run.h5", "--overwrite", *words, **more))
        self.assertEqual(outcome.code, code, outcome.err)
        return json.loads((self.folder / "run.json").read_text())

    def refusal(self, tables):
        self.write_input(tables=tables)
        outcome = self.end(self.start())
        self.assertEqual(outcome.code, 65, outcome.err)
        return outcome.err

    def test_the_response_of_a_harmonic_well_is_exact(self):
        summary = self.study(driven())
        found, references = summary["observables"], summary["references"]
        # Continuous time, spelled out: A / m / sqrt((w0^2 - w^2)^2 + (gamma w)^2) and its angle.
        w = 2 * math.pi / DRIVE["period"]
        chi = 1 / complex(2.0 - w * w, 1.5 * w)
        self.assertAlmostEqual(references["response_amplitude_exact"], 0.5 * abs(chi), delta=1e-12)
        self.assertAlmostEqual(references["response_phase_lag_exact"], math.atan2(-chi.imag, chi.real), delta=1e-12)
        for name in ("response_amplitude", "response_phase_lag"):
            exact, error = references[name + "_exact_at_dt"], found[name]["stderr"]
            self.assertLess(abs(found[name]["value"] - exact), 4.5 * error, name)
            self.assertLess(error, 0.05 * exact, name)
            self.assertLess(abs(exact - references[name + "_exact"]), 0.02 * exact, "the step is 1/25 of the period")
        amplitude = found["response_amplitude"]["value"]
        self.assertAlmostEqual(found["spectral_amplification"]["value"], (amplitude / 0.5) ** 2, delta=1e-12)
        self.assertAlmostEqual(math.hypot(*(found[name]["value"] for name in ("response_in_phase", "response_out_of_phase"))),
                               amplitude, delta=1e-12)
        for name in ("response_in_phase", "response_out_of_phase"):
            self.assertLess(abs(summary["checks"][name]["z"]), 4.5)
        self.assertEqual(summary["warnings"], [])
        with h5py.File(self.folder / "run.h5") as file:
            response = file["kramers/response"]
            times, positions, forces = (response[name][()] for name in ("time", "position", "force"))
            self.assertEqual(list(times), [0.25 * 5 * i for i in range(5)])
            for time, force in zip(times, forces):
                self.assertAlmostEqual(force, 0.5 * math.cos(w * time + 1.0), delta=1e-14)
            # What is drawn is what was told.
            cosine = sum(2 / 5 * x * math.cos(w * t + 1.0) for t, x in zip(times, positions))
            self.assertAlmostEqual(cosine, found["response_in_phase"]["value"], delta=1e-12)
            self.assertEqual(response.attrs["amplitude"], amplitude)
            self.assertEqual(file["parameters"].attrs["drive_period"], 6.25)

    def test_the_file_alone_and_two_ranks_give_the_same_bits(self):
        first = self.study(driven())
        (self.folder / "run.h5").rename(self.folder / "first.h5")
        for words in ({"source": "first.h5"}, {"ranks": 2}):
            outcome = self.end(self.start("--summary", "run.json", "--overwrite", **words))
            self.assertEqual(outcome.code, 0, outcome.err)
            again = json.loads((self.folder / "run.json").read_text())
            self.assertEqual(again["state_hash"], first["state_hash"], words)
            self.assertEqual(again["observables"], first["observables"], words)
        other = self.study(driven(drive={"phase": 1.1}))
        self.assertNotEqual(other["state_hash"], first["state_hash"])

    def test_a_checkpoint_goes_on_in_the_middle_of_a_period(self):
        whole = self.study(driven(checkpoint={"every": 5}))
        self.study(driven(checkpoint={"every": 5}, run={"steps": 505}))  # 565: 22 and 15 steps
        later = self.study(driven(checkpoint={"every": 5}), "--resume")
        self.assertEqual(later["state_hash"], whole["state_hash"])
        self.assertEqual(later["observables"], whole["observables"])
        outcome = self.end(self.start("--resume", "--output", "run.h5", "--set", "drive.amplitude=0.6"))
        self.assertEqual(outcome.code, 65, outcome.err)
        self.assertIn("the checkpoint was written with drive.amplitude", outcome.err)

    def test_nothing_of_equilibrium_is_told(self):
        observables = {"core_sets": [-0.8, 0.8], "first_passage": True, "every": 1, "frame_every": 20}
        summary = self.study(double_well(observables=observables, initial={"position": [-1.0]}, run={"equilibrate": 0}))
        found = summary["observables"]
        for name in ("configurational_temperature", "virial_temperature", "kinetic_temperature", "rate"):
            self.assertIsNone(found[name]["value"], name)
            self.assertIn("drive", found[name]["note"], name)
        for name in ("kinetic_temperature_half_step", "effective_samples", "relaxation_rate", "histogram_outside"):
            self.assertNotIn(name, found)
        self.assertEqual(summary["checks"], {})
        self.assertEqual(summary["references"], {})
        self.assertIsNone(found["first_passage_time"]["value"])
        self.assertIn("periodic force", found["first_passage_time"]["note"])
        self.assertGreater(found["core_set_rate_ab"]["value"], 0)  # counted, a mean over the periods
        self.assertFalse([text for text in summary["warnings"] if "equilibrium" in text or "temperature" in text])
        with h5py.File(self.folder / "run.h5") as file:
            self.assertNotIn("rate", file["kramers/population"].attrs)
            self.assertNotIn("p_exponential", file["kramers/survival"].attrs)

    def test_a_response_that_noise_hides_is_an_upper_limit(self):
        found = self.study(driven(drive={"amplitude": 1e-6}))["observables"]
        for name in ("response_amplitude", "response_phase_lag", "spectral_amplification"):
            self.assertIsNone(found[name]["value"], name)
            self.assertIn("noise", found[name]["note"])
        self.assertGreater(found["response_amplitude"]["interval"][1], 0.3e-6)
        self.assertIsNotNone(found["response_in_phase"]["value"])

    def test_a_run_ends_where_the_response_is_known(self):
        summary = self.study(driven(run={"steps": 40000}), "--until", "response_amplitude:2%")
        self.assertTrue(summary["until"]["reached"])
        amplitude = summary["observables"]["response_amplitude"]
        self.assertLess(amplitude["stderr"], 0.02 * amplitude["value"])
        self.assertLess(summary["steps"], 20000)

    def test_frames_that_do_not_see_the_period_are_warned_of(self):
        for every, steps in ((25, 1000), (1, 20)):
            summary = self.study(driven(observables={"frame_every": every}, run={"steps": steps}))
            self.assertIsNone(summary["observables"]["response_in_phase"]["value"])
            self.assertNotIn("response_amplitude", summary["observables"])
            self.assertTrue(any("there is no response: frames see" in text for text in summary["warnings"]))
        # Two periods and a fifth from frame to frame see five phases, too.
        self.assertIsNotNone(self.study(driven(observables={"frame_every": 55}))["observables"]["response_amplitude"]["value"])

    def test_frames_follow_the_period_by_themselves(self):
        tables = driven(drive={"period": 5.0})  # 20 steps: 20 phases, as 16 does not divide it
        del tables["observables"]["frame_every"]
        summary = self.study(tables)
        self.assertEqual(summary["input"]["observables"]["frame_every"], 1)
        self.assertIsNotNone(summary["observables"]["response_amplitude"]["value"])
        tables = double_well(drive={"period": 80.0}, run={"steps": 20000})  # 1600 steps: a sixteenth of them
        del tables["observables"]["frame_every"]
        self.assertEqual(self.study(tables)["input"]["observables"]["frame_every"], 100)

    def test_walkers_that_still_remember_their_start_are_warned_of(self):
        tables = driven(integrator={"friction": 40.0}, initial={"position": [5.0]}, run={"equilibrate": 0, "steps": 100})
        self.assertTrue(any("have not forgotten" in text for text in self.study(tables)["warnings"]))

    def test_what_only_equilibrium_has_is_refused(self):
        bins = {"histogram": {"bins": [8], "lower": [-2.0], "upper": [2.0]}}
        self.assertIn("no free energy", self.refusal(driven(observables=bins)))
        self.assertIn("depend on the phase", self.refusal(driven(observables={"correlation_frames": 3})))
        self.assertIn("invalid 'drive.period': got 6.3; expected a whole multiple of integrator.dt",
                      self.refusal(driven(drive={"period": 6.3})))
        tables = driven()
        tables["drive"] = {"period": 6.25}
        self.assertIn("drive.amplitude", self.refusal(tables))

    def test_a_sweep_over_temperature_shows_the_resonance(self):
        # Walkers answer best where they cross the barrier about twice in a period: about 0.02, 0.7 and 0.2.
        summary = self.study(double_well(drive={"period": 40.0}, run={"equilibrate": 1000, "steps": 8000},
                                         observables={"frame_every": 50}),
                             "--set", "integrator.temperature=[0.1, 0.5, 2.0]")
        found = [row["observables"]["spectral_amplification"]["value"] for row in summary["rows"]]
        self.assertGreater(found[1], 2 * found[0])
        self.assertGreater(found[1], 2 * found[2])
        with h5py.File(self.folder / "run.h5") as file:
            self.assertEqual(list(file["sweep/observables/spectral_amplification/value"]), found)
            self.assertEqual(json.loads(file["sweep/notes"][()].tobytes().rstrip(b"\0")), ["", "", ""])


if __name__ == "__main__":
    main()

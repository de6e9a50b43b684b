# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What kramers-langevin writes of a run on its way, and where --until ends one."""
import json
import signal

from langevin_runs import Case, DOUBLE_WELL, h5py, main

SOON = ("--set", "output.partial_every=1e-9")
# 3 s; whatever is looked at takes a twentieth of it at most.
LONG = {**DOUBLE_WELL, "run": {"equilibrate": 1000, "steps": 1000000},
        "observables": {**DOUBLE_WELL["observables"], "first_passage": True, "frame_every": 2000},
        "output": {"trajectory": {"walkers": 80, "every": 4000}}}
# Half a second, of which a tenth is enough for a rate to 5 %.
ESCAPE = {"ensemble": {"walkers": 4096, "seed": 3}, "potential": {"kind": "double_well"},
          "integrator": {"dt": 0.02, "friction": 1.0, "temperature": 0.3}, "run": {"steps": 10000},
          "observables": {"every": 5, "core_sets": [-0.8, 0.8]}}


class Partial(Case):
    """Results of a run that is not through."""

    def setUp(self):
        super().setUp()
        self.write_input(tables=LONG)

    def summary_of(self, name):
        with h5py.File(self.folder / name) as file:
            return json.loads(file.attrs["summary"])

    def kill_after_partial_results(self, *words):
        """The summary of what the killed run has written."""
        process = self.start("--output", "run.h5", *SOON, *words)
        self.wait_for_checkpoint(process, self.folder / "run.h5")
        process.kill()
        self.end(process)
        return self.summary_of("run.h5")

    def test_they_are_those_of_a_run_of_so_many_steps(self):
        found = self.kill_after_partial_results()
        steps = found["partial"]["steps"]
        self.assertEqual((found["steps"], found["partial"]["of"], found["input"]["run"]["steps"]), (steps, 1000000, 1000000))
        self.assertLess(steps, 1000000)
        with h5py.File(self.folder / "run.h5") as file:
            self.assertEqual((file.attrs["partial"], file["parameters"].attrs["steps"]), (1, steps))
        whole = self.run_study("--output", "whole.h5", "--set", f"run.steps={steps}")
        self.assert_same_results(found, whole)
        self.assertEqual(found["warnings"], whole["warnings"])
        self.assert_same_data("run.h5", "whole.h5")
        self.assertNotIn("partial", whole)

    def test_the_run_replaces_its_own_and_keeps_others(self):
        (self.folder / "run.h5").write_bytes(b"former")
        old = (self.folder / "run.h5").stat()
        process = self.start("--output", "run.h5", "--set", "checkpoint.every=20000", *SOON)
        self.wait_for_checkpoint(process, self.folder / "run.h5", (old.st_ino, old.st_mtime_ns))
        self.wait_for_checkpoint(process, self.folder / "run.checkpoint.h5")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(self.end(process).code, 128 + signal.SIGTERM)
        self.assertIn("partial", self.summary_of("run.h5"))
        resumed = self.run_study("--output", "run.h5", "--resume", "--set", "checkpoint.every=20000", *SOON)
        self.assertNotIn("partial", resumed)
        self.assertNotIn("partial", self.summary_of("run.h5"))
        kept = sorted(path.name for path in self.folder.glob("*.~*~"))
        self.assertEqual((kept, (self.folder / "run.h5.~1~").read_bytes()), (["run.h5.~1~"], b"former"))
        undisturbed = self.run_study("--output", "other.h5", "--set", "output.partial_every=0", name="other")
        self.assert_same_results(resumed, undisturbed)
        self.assert_same_data("run.h5", "other.h5")

    def test_those_of_another_run_are_kept(self):
        steps = self.kill_after_partial_results("--set", "ensemble.seed=8")["partial"]["steps"]
        self.run_study("--output", "run.h5", "--set", "run.steps=10000")
        self.assertEqual(self.summary_of("run.h5.~1~")["partial"]["steps"], steps)


class Until(Case):
    """A run ends where a result is known well enough."""

    def setUp(self):
        super().setUp()
        self.write_input(tables=ESCAPE)

    def test_the_run_ends_early_and_is_repeated_to_the_bit(self):
        found = self.run_study("--until", "rate:5%", "--output", "run.h5")
        rate, until = found["observables"]["rate"], found["until"]
        self.assertLessEqual(rate["stderr"], 0.05 * rate["value"])
        self.assertEqual((until["observable"], until["percent"], until["reached"], until["steps_asked"]), ("rate", 5, True, 10000))
        self.assertLess(found["steps"], 5000)
        self.assertEqual(found["input"]["run"]["steps"], found["steps"])
        self.assertNotIn("partial", found)
        again = self.run_study("--output", "again.h5", source="run.h5", name="again")
        self.assertEqual((again["steps"], again["warnings"]), (found["steps"], found["warnings"]))
        self.assert_same_results(found, again)
        # Where it ends is decided by steps, not by time: neither interruptions nor threads move it.
        before = found["steps"] // 2
        self.run_study("--set", f"run.steps={before}", "--set", "observables.frame_every=50", "--set", f"checkpoint.every={before // 2}",
                       "--set", "checkpoint.file=\"half.h5\"", name="half")
        resumed = self.run_study("--until", "rate:5%", "--resume", "--set", "checkpoint.file=\"half.h5\"", name="resumed", threads=2)
        self.assertEqual(resumed["until"], until)
        self.assert_same_results(resumed, found)

    def test_ranks_agree(self):
        self.need_ranks()
        alone = self.run_study("--until", "core_set_rate_ab:10%")
        both = self.run_study("--until", "core_set_rate_ab:10%", *SOON, "--output", "run.h5", ranks=2)
        self.assertLess(alone["steps"], 10000)
        self.assertGreaterEqual(alone["observables"]["core_set_rate_ab"]["events"], 100)
        self.assertEqual(alone["until"], both["until"])
        self.assert_same_results(alone, both)

    def test_a_run_that_ends_before_says_so(self):
        words = ("--until", "rate:0.1", "--set", "run.steps=2000")
        outcome = self.attempt(*words, "--strict", "--summary", "run.json")
        self.assertEqual(outcome.code, 2, outcome.err)
        summary = json.loads((self.folder / "run.json").read_text())
        self.assertEqual((summary["until"]["reached"], summary["steps"]), (False, 2000))
        self.assertIn("--until asks for rate to 0.1 %", summary["warnings"][-1])
        self.assertIn("raise run.steps", summary["warnings"][-1])

    def test_fewer_than_100_events_are_not_believed(self):
        found = self.run_study("--until", "core_set_rate_ba:10%", "--set", "ensemble.seed=34", "--set", "run.steps=1200")
        rate = found["observables"]["core_set_rate_ba"]
        self.assertEqual(rate["events"], 95)  # more by chance than its error says
        self.assertLess(rate["stderr"], 0.1 * rate["value"])
        self.assertFalse(found["until"]["reached"])

    def test_it_looks_from_20_frames_on_and_after_sampling_has_begun(self):
        for words, steps in (((), 1000), (("--set", "observables.after=3000"), 3300)):  # 60 frames, then 66
            self.assertEqual(self.run_study("--until", "kinetic_temperature:10%", *words)["steps"], steps)

    def test_wrong_words(self):
        for words, says in ((("--until", "rat:2%"), "expected NAME:PERCENT with one of the names rate, "),
                            (("--until", "rate"), "a percentage above 0 and at most 10"),
                            (("--until", "rate:0"), "a percentage above 0 and at most 10"),
                            (("--until", "rate:10.1%"), "a percentage above 0 and at most 10"),
                            (("--until", "rate:nan"), "a percentage above 0 and at most 10"),
                            (("--until", "rate:2%%"), "a percentage above 0 and at most 10"),
                            (("--until", "rate:2%", "--replay", "1"), "leave out one")):
            with self.subTest(words):
                outcome = self.attempt(*words)
                self.assertEqual((outcome.code, len(outcome.errors)), (64, 1), outcome.err)
                self.assertIn(says, outcome.err)


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""kramers-langevin as its users meet it: the same bits anywhere, restarts, replays, bad input, files."""
import copy
import json
import os
import random
import re
import signal
import time
import unittest

try:
    import numpy as np
except ImportError:
    np = None

from langevin_runs import Case, DOUBLE_WELL, h5py, main, options, ranks_of

# Potentials, schemes and the hash of the final state at (fp64, fp32). The values were printed by a run on a
# CPU with AVX-512, OpenMP backend of Kokkos 5.2, release build; every other build and machine must give them too.
GOLDEN = {
    ("double_well", "baoab"): ({"barrier": 1.0, "tilt": 0.1},
        ("0x8a851c45361d57e0", "0x0aad51d853858cb7")),
    ("double_well", "leimkuhler-matthews"): ({"dimensions": 3},
        ("0x62ad0f84acf9cdf6", "0xfa1fbd931ee73a4a")),
    ("harmonic", "obabo"): ({"stiffness": 2.0, "centre": 0.5},
        ("0xa97b721e2a1a60a2", "0xd5dcd47143872284")),
    ("expression", "baoab"): ({"energy": "k*(x^2-1)^2 + 0.1*x + 0.05*sin(3*x)", "constants": {"k": 1.5}},
        ("0x8d8b67ef3200d90c", "0x8a6e4f3927cf2dab")),
    ("expression_2d", "obabo"): ({"energy": "(x^2-1)^2 + 2*(y-tanh(x))^2"},
        ("0x5ac05e9d03f7e502", "0xc859f1ebf45ca88a")),
    ("cosine", "aboba"): ({"period": 2.0, "external_force": 0.1},
        ("0xe1eba2f945952c3f", "0x8583cf72106c01e2")),
    ("tilted cosine", "gjf"): ({"kind": "cosine", "period": 2.0, "external_force": 0.1},
        ("0xbb9e2efd96cd6714", "0xf2d3ea8036a1f32f")),
}


class Bits(Case):
    """The results do not know where they were computed."""

    def test_hashes_are_those_of_every_build(self):
        for (kind, scheme), (parameters, hashes) in GOLDEN.items():
            tables = {"ensemble": {"walkers": 130, "seed": 2024}, "potential": {"kind": kind, **parameters},
                      "integrator": {"scheme": scheme, "dt": 0.01, "friction": 1.5, "temperature": 0.5},
                      "run": {"steps": 200}}
            self.write_input(tables=tables)
            for precision, expected in zip(("f64", "f32"), hashes):
                with self.subTest(potential=kind, scheme=scheme, precision=precision):
                    summary = self.run_study("--precision", precision)
                    self.assertEqual(summary["precision"], precision)
                    self.assertEqual(summary["state_hash"], expected)

    def test_ranks_do_not_change_anything(self):
        self.need_ranks()
        for precision in ("f64", "f32"):
            one = self.run_study("--precision", precision, "--output", "one.h5")
            for ranks in (2, 4):
                with self.subTest(ranks=ranks, precision=precision):
                    other = self.run_study("--precision", precision, "--output", "other.h5", ranks=ranks)
                    self.assertEqual(other["ranks"], ranks)
                    self.assert_same_results(one, other)
                    self.assert_same_data("one.h5", "other.h5")

    def test_threads_do_not_change_anything(self):
        for precision in ("f64", "f32"):
            with self.subTest(precision=precision):
                one = self.run_study("--precision", precision, "--output", "one.h5")
                other = self.run_study("--precision", precision, "--output", "other.h5", threads=2)
                self.assert_same_results(one, other)
                self.assert_same_data("one.h5", "other.h5")

    def test_ranks_without_walkers_are_fine(self):
        self.need_ranks()
        few = ("--set", "ensemble.walkers=5", "--set", "output.trajectory.walkers=5")
        self.assert_same_results(self.run_study(*few, "--output", "one.h5"),
                                 self.run_study(*few, "--output", "other.h5", ranks=4))
        self.assert_same_data("one.h5", "other.h5")

    def test_seed_and_precision_do_change_the_state(self):
        hashes = {self.run_study(*words)["state_hash"]
                  for words in ((), ("--set", "ensemble.seed=8"), ("--precision", "f32"))}
        self.assertEqual(len(hashes), 3)


class Restart(Case):
    """A run that was stopped, by whatever, goes on as if it had not been.

    Such a run is given far more steps than it will do, so that it cannot end before it is stopped. The one that
    resumes it and the undisturbed one then end at the same step, the first frame but one after the checkpoint.
    """
    frame = 2000
    endless = ("--set", "run.steps=20000000", "--output", "run.h5")

    def setUp(self):
        super().setUp()
        tables = copy.deepcopy(DOUBLE_WELL)
        tables["ensemble"]["walkers"] = 200
        tables["observables"]["frame_every"] = self.frame
        tables["output"]["trajectory"] = {"walkers": 100, "every": self.frame}
        tables["checkpoint"] = {"every": self.frame}
        self.write_input(tables=tables)
        self.checkpoint = self.folder / "run.checkpoint.h5"

    def finish_and_compare(self, ranks=1, extra=()):
        steps = (self.checkpoint_step(self.checkpoint.name) // self.frame + 2) * self.frame
        end = ("--set", f"run.steps={steps}", *extra)
        resumed = self.run_study(*end, "--output", "run.h5", "--resume", name="resumed", ranks=ranks)
        whole = self.run_study(*end, "--output", "whole.h5", name="whole")
        self.assert_same_results(resumed, whole)
        self.assert_same_data("run.h5", "whole.h5")
        self.assertEqual(resumed["steps"], steps)

    def kill(self, moments, ranks=(1,), extra=()):
        """Kill a run some moments after a new checkpoint, and resume it, once for each moment."""
        seen = None
        for n, moment in enumerate(moments):
            resume = ("--resume",) if n else ()
            process = self.start(*self.endless, *resume, *extra, ranks=ranks[n % len(ranks)])
            seen = self.wait_for_checkpoint(process, self.checkpoint, seen)
            time.sleep(moment)
            os.kill(ranks_of(process)[-1], signal.SIGKILL)
            self.assertNotEqual(self.end(process).code, 0)

    def test_kill_at_any_moment(self):
        moments = random.Random(1).sample(range(50), 4)
        self.kill([m * 1e-3 for m in moments])
        self.finish_and_compare()

    def test_kill_in_single_precision(self):
        single = ("--precision", "f32")
        self.kill([0.01, 0.003], extra=single)
        self.finish_and_compare(extra=single)

    def test_kill_one_rank_and_resume_on_another_number(self):
        self.need_ranks()
        self.kill([0.02, 0.005], ranks=(2, 3))
        self.finish_and_compare(ranks=4)

    def stop(self, number, ranks=1):
        process = self.start(*self.endless, ranks=ranks)
        self.wait_for_checkpoint(process, self.checkpoint)
        os.kill(ranks_of(process)[-1], number)
        outcome = self.end(process)
        self.assertEqual(outcome.code, 128 + number, outcome.err)
        self.assertEqual(len(outcome.errors), 1, outcome.err)
        step = self.checkpoint_step(self.checkpoint.name)
        self.assertIn(f"stopped by signal {int(number)} at step {step}", outcome.errors[0])
        self.assertFalse((self.folder / "run.h5").exists())

    def test_signals_leave_a_checkpoint(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
            with self.subTest(signal=number.name):
                self.checkpoint.unlink(missing_ok=True)
                self.stop(number)
                self.finish_and_compare()
                (self.folder / "run.h5").unlink()

    def test_signal_to_one_of_two_ranks(self):
        self.need_ranks()
        self.stop(signal.SIGTERM, ranks=2)
        self.finish_and_compare()

    def test_fewer_steps_than_the_checkpoint_has_are_refused(self):
        self.stop(signal.SIGTERM)
        for words in ((), ("--replay", 3)):
            outcome = self.attempt("--resume", "--output", "run.h5", "--set", "run.steps=1000", *words)
            self.assertEqual(outcome.code, 65, outcome.err)
            self.assertIn("run.steps", outcome.err)

    def test_replay_follows_the_walker(self):
        whole = self.folder / "whole.h5"
        self.stop(signal.SIGTERM)
        step = self.checkpoint_step(self.checkpoint.name)
        end = ("--set", f"run.steps={(step // self.frame + 2) * self.frame}")
        self.run_study(*end, "--output", whole)
        with h5py.File(whole) as file:
            walkers = file["particles/walkers"]
            steps = list(walkers["position/step"])
            expected = {name: walkers[f"{name}/value"][:] for name in ("position", "velocity")}
        for walker, words in ((0, ()), (77, ()), (99, ("--resume",))):
            with self.subTest(walker=walker, words=words):
                summary = self.run_study(*end, "--replay", walker, "--output", "one.h5", "--set",
                                         f"checkpoint.file={json.dumps(str(self.checkpoint))}", *words)
                with h5py.File(self.folder / "one.h5") as file:
                    one = file["particles/walkers"]
                    self.assertEqual(list(one["id"]), [walker])
                    own_steps = list(one["position/step"])
                    self.assertEqual(own_steps[0], step if words else 0)
                    common = [s for s in own_steps if s in steps]
                    self.assertEqual(common, steps[-len(common):])
                    self.assertGreaterEqual(len(common), 3 if words else len(steps))
                    for name, values in expected.items():
                        rows = [own_steps.index(s) for s in common]
                        self.assertEqual(one[f"{name}/value"][:][rows, 0].tolist(),
                                         values[-len(common):, walker].tolist())
                self.assertEqual(summary["replay"]["position"], expected["position"][-1, walker].tolist())

    def test_replay_shows_the_frames_of_the_trajectory(self):
        odd = ("--set", "run.equilibrate=130", "--set", "run.steps=4000", "--set", "observables.frame_every=50",
               "--set", "output.trajectory.every=70", "--set", "checkpoint.every=0")
        self.run_study(*odd, "--output", "whole.h5")
        self.run_study(*odd, "--output", "one.h5", "--replay", 5)
        with h5py.File(self.folder / "whole.h5") as whole, h5py.File(self.folder / "one.h5") as one:
            all_of_them = whole["particles/walkers/position"]
            alone = one["particles/walkers/position"]
            rows = [list(alone["step"]).index(s) for s in all_of_them["step"]]
            self.assertEqual(alone["value"][:][rows, 0].tolist(), all_of_them["value"][:, 5].tolist())

    def test_replay_does_not_replace_the_results_of_the_study(self):
        named = ("--set", 'output.file="run.h5"', "--set", "checkpoint.every=0", "--set", "run.steps=1000")
        outcome = self.attempt(*named)
        self.assertEqual(outcome.code, 0, outcome.err)
        before = (self.folder / "run.h5").read_bytes()
        self.assertEqual(self.attempt(*named, "--replay", 5).code, 0)
        self.assertEqual((self.folder / "run.h5").read_bytes(), before)


class BadInput(Case):
    """One clear message on standard error, an exit code, and nothing lost."""

    def test_impossible_values(self):
        for assignment in ("integrator.dt=0", "integrator.dt=-0.1", "integrator.dt=nan", "integrator.temperature=0",
                           "integrator.temperature=-1", "integrator.temperature=inf", "integrator.friction=-1",
                           "integrator.mass=0", "ensemble.walkers=0", "ensemble.walkers=1.5", "ensemble.seed=-1",
                           "run.steps=-1", "run.steps=0", "run.equilibrate=-1", "run.equilibrate=9223372036854775807",
                           "potential.barrier=nan", "potential.kind=\"dubble_well\"", "initial.position=[nan]",
                           "observables.core_sets=[0.7, -0.7]", "output.trajectory.walkers=301"):
            with self.subTest(assignment):
                self.refuse("--set", assignment, code=65, says=f"'{assignment.split('=')[0]}'")

    def test_wrong_files(self):
        self.refuse(source="absent.toml", code=65, says=("absent.toml", "No such file"))
        text = (self.folder / "input.toml").read_text()
        for change, says in {
                ("friction = 1.0", "fricton = 1.0"): ("bad.toml", "line 9", "'integrator.fricton'", "'integrator.friction'"),
                ("[integrator]", "[integrater]"): ("bad.toml", "line 8", "'integrater.dt'", "'integrator.dt'"),
                ("dt = 0.02", "dt = "): ("bad.toml:8",),
                ("dt = 0.02", "dt = 0.0"): ("bad.toml:8:", "'integrator.dt'", "> 0"),
                ("dt = 0.02", 'dt = "0.02"'): ("bad.toml:8:", "'integrator.dt'", "number"),
                ("seed = 7", ""): ("bad.toml", "'ensemble.seed'"),
        }.items():
            with self.subTest(change):
                self.assertIn(change[0], text)
                (self.folder / "bad.toml").write_text(text.replace(*change))
                self.refuse(source="bad.toml", code=65, says=says)

    def test_command_line(self):
        names = ("cuda", "hip", "serial", "openmp")
        built_in = [name for name in names if self.attempt("--space", name, "--set", "run.steps=1").code == 0]
        self.assertTrue(built_in)
        for name in set(names) - set(built_in):
            self.refuse("--space", name, code=64, says=(name, "not built in", *built_in))
        self.refuse("--space", "abacus", code=64, says="abacus")
        self.refuse("--precision", "f16", code=64, says="f16")
        self.refuse("--rsume", code=64, says="--rsume")
        self.refuse("--replay", 300, code=64, says="300")

    def test_outputs_that_cannot_be_written(self):
        self.refuse("--output", "absent/run.h5", code=1, says="the folder absent does not exist")
        self.refuse("--output", "input.toml/run.h5", code=1, says="input.toml/run.h5")
        self.refuse("--output", ".", code=1, says="not a regular file")
        # No user, not even root, may make files there.
        self.refuse("--output", "/proc/run.h5", code=1, says="/proc/run.h5: cannot be written")
        self.refuse("--summary", "absent/run.json", code=1, says="the folder absent does not exist")
        self.refuse("--set", "checkpoint.every=10", "--set", 'checkpoint.file="absent/c.h5"', code=1, says="absent/c.h5")
        if os.geteuid() != 0:
            (self.folder / "closed").mkdir(mode=0o500)
            self.refuse("--output", "closed/run.h5", code=1, says="Permission denied")

    def test_full_disk(self):
        self.refuse(code=1, says=("results.h5", "File too large"), limit=30_000, second_name="results.h5.~1~")
        # Checkpoints are tried again and again, then the results fail.
        outcome = self.attempt("--set", "checkpoint.every=200", "--output", "other.h5", limit=15_000)
        self.assertEqual(outcome.code, 1)
        steps = [f"warning: no checkpoint at step {step}: " for step in range(200, 1001, 200)]
        for line, said in zip(outcome.errors, [*steps, "error: "], strict=True):
            self.assertIn(said, line)
            self.assertIn("File too large", line)
        # A run that fails at its end leaves the checkpoint of the way there as it was.
        self.run_study("--set", "checkpoint.every=500", "--output", "results.h5")
        self.assertTrue((self.folder / "results.checkpoint.h5").exists())
        self.refuse("--resume", code=1, says="File too large", limit=15_000, second_name="results.h5.~2~")

    def test_diverging_integration(self):
        for ranks in (1, 2) if options.launcher else (1,):
            with self.subTest(ranks=ranks):
                self.refuse("--set", "integrator.dt=0.9", code=1, ranks=ranks,
                            says=("diverged: walker ", " reached ", " at step ", "dt = 0.9"))

    def test_the_step_of_a_divergence_is_the_first(self):
        wild = ("--set", "integrator.dt=0.9", "--set", "run.equilibrate=0", "--set", "ensemble.walkers=1", "--set",
                "output.trajectory.walkers=1")
        step = int(re.search(r" at step (\d+)", self.attempt(*wild).err).group(1))
        self.assertEqual(self.attempt(*wild, "--set", f"run.steps={step - 1}").code, 0)
        self.assertIn(f" at step {step}", self.attempt(*wild, "--set", f"run.steps={step}").err)

    def test_ranks(self):
        self.need_ranks()
        self.refuse("--set", "ensemble.walkers=1", "--set", "output.trajectory.walkers=1", code=64, ranks=2,
                    says=("invalid ranks: got 2; expected at most one per walker (ensemble.walkers = 1)", "fewer ranks"))
        self.refuse("--set", "integrator.dt=0", code=65, ranks=2, says="'integrator.dt'")
        self.refuse(source="absent.toml", code=65, ranks=4, says="absent.toml")
        self.refuse("--output", "absent/run.h5", code=1, ranks=2, says="the folder absent does not exist")
        self.refuse("--summary", "input.toml", code=64, ranks=2, says="a file other than INPUT (input.toml), which is read")
        self.refuse("--resume", code=1, ranks=2, says="results.checkpoint.h5")

    def test_wrong_checkpoints(self):
        self.run_study("--set", "checkpoint.every=500", "--output", "results.h5")
        path = self.folder / "results.checkpoint.h5"
        good = path.read_bytes()

        def edit(change):
            path.write_bytes(good)
            with h5py.File(path, "r+") as file:
                change(file)

        def refuse(says, *words, code=1):
            for ranks in (1, 2) if options.launcher else (1,):
                with self.subTest(says, ranks=ranks):
                    self.refuse("--resume", *words, code=code, says=says, ranks=ranks)

        refuse(("ensemble.seed = 7", "ensemble.seed", "8"), "--set", "ensemble.seed=8", code=65)
        refuse("precision", "--precision", "f32", code=65)
        refuse("integrator.dt", "--set", "integrator.dt=0.01", "--replay", "1", code=65)
        edit(lambda file: file.attrs.modify("format_version", 99))
        refuse(("format version 99", "reads up to"))
        edit(lambda file: file.attrs.__setitem__("format", np.bytes_("cake recipe")))
        refuse("no checkpoint of kramers-langevin")
        edit(lambda file: file["state/x0"].write_direct(file["state/x0"][:] + 1))
        refuse("checksum")
        for size, says in ((len(good) // 2, "truncated"), (100, "results.checkpoint.h5"), (0, "not an HDF5 file")):
            path.write_bytes(good[:size])
            refuse(says)
        path.write_text("not even HDF5")
        refuse("not an HDF5 file")
        path.unlink()
        refuse("No such file")


class Output(Case):
    """Files that other programs can read."""

    def test_summary(self):
        summary = self.run_study()
        self.assertEqual({key: summary[key] for key in ("app", "precision", "ranks", "threads", "walkers", "steps")},
                         {"app": "kramers-langevin", "precision": "f64", "ranks": 1, "threads": 1, "walkers": 300,
                          "steps": 1000})
        self.assertLessEqual({"version", "space", "wall_s", "walker_steps_per_s", "memory", "provenance"}, set(summary))
        self.assertRegex(summary["state_hash"], "^0x[0-9a-f]{16}$")
        self.assertGreater(summary["walker_steps_per_s"], 0)
        self.assertIn("rate", summary["observables"])
        for name, estimate in summary["observables"].items():
            self.assertEqual(set(estimate) - {"interval", "events", "note"}, {"value", "stderr"}, name)

    def test_provenance(self):
        origin = self.run_study("--set", "ensemble.seed=9")["provenance"]
        for key in ("app", "version", "git_hash", "compiler", "kokkos_version", "kokkos_configuration", "host", "ranks",
                    "threads", "space", "command_line", "date"):
            self.assertTrue(origin[key], key)
        self.assertIn((self.folder / "input.toml").read_text(), origin["input"])
        self.assertIn("ensemble.seed=9", origin["command_line"])

    def test_file(self):
        summary = self.run_study("--output", "run.h5")
        with h5py.File(self.folder / "run.h5") as file:
            self.assertEqual(file.attrs["app"], "kramers-langevin")
            # Where the ranks ran is told by the summary alone: an attribute would be too small for many.
            self.assertIn("placement", summary)
            del summary["placement"]
            self.assertEqual(json.loads(file.attrs["summary"]), summary)
            self.assertEqual(json.loads(file.attrs["provenance"]), summary["provenance"])
            self.assertEqual(file.attrs["input"], (self.folder / "input.toml").read_text())

            self.assertEqual(list(file["h5md"].attrs["version"]), [1, 1])
            self.assertIn("name", file["h5md/author"].attrs)
            self.assertLessEqual({"name", "version"}, set(file["h5md/creator"].attrs))
            walkers = file["particles/walkers"]
            self.assertEqual(walkers["box"].attrs["dimension"], 1)
            self.assertEqual([str(b) for b in walkers["box"].attrs["boundary"].astype(str)], ["none"])
            self.assertEqual(list(walkers["id"]), list(range(80)))
            for name in ("position", "velocity"):
                self.assertEqual(walkers[name]["value"].shape, (21, 80, 1))
                self.assertEqual(list(walkers[name]["step"]), list(range(100, 1101, 50)))
                for step, moment in zip(walkers[name]["step"], walkers[name]["time"]):
                    self.assertAlmostEqual(moment, step * 0.02)
            for name in ("position", "kinetic_energy", "potential_energy"):
                series = file["observables"][name]
                self.assertEqual(list(series["step"]), list(range(100, 1101, 100)))
                self.assertEqual({len(series[key]) for key in ("time", "value", "error")}, {11})
            profile = file["kramers/free_energy"]
            self.assertEqual(profile.attrs["kT"], 0.4)
            self.assertEqual({profile[key].shape for key in ("position", "value", "error", "exact")}, {(32,)})
            self.assertEqual({len(file["kramers/population"][key]) for key in ("time", "difference", "error")}, {11})
            self.assertEqual({len(column) for column in file["kramers/correlation"].values()}, {3})
            self.assertEqual(dict(file["parameters"].attrs)["scheme"], "baoab")

    def test_plane(self):
        (self.folder / "plane.toml").write_text("""
ensemble = {walkers = 100, seed = 1}
potential = {kind = "mueller_brown"}
integrator = {dt = 0.0005, friction = 1.0, temperature = 15.0}
run.steps = 100
observables.histogram = {bins = [8, 6], lower = [-1.7, -0.5], upper = [1.3, 2.1]}
output = {file = "plane.h5", trajectory = {walkers = 3, every = 10}}
""")
        self.run_study(source="plane.toml")
        self.run_study("--set", "output.trajectory.dimensions=3", "--output", "space.h5", source="plane.toml")
        with h5py.File(self.folder / "plane.h5") as plane, h5py.File(self.folder / "space.h5") as space:
            self.assertEqual(space["particles/walkers/box"].attrs["dimension"], 3)
            self.assertEqual(len(space["particles/walkers/box"].attrs["boundary"]), 3)
            for name in ("position", "velocity"):
                two, three = (file[f"particles/walkers/{name}/value"][:] for file in (plane, space))
                self.assertEqual(three.shape, (11, 3, 3))
                np.testing.assert_array_equal(three[:, :, :2], two)
                self.assertFalse(three[:, :, 2].any())
        with h5py.File(self.folder / "plane.h5") as file:
            self.assertEqual(file["particles/walkers/position/value"].shape, (11, 3, 2))
            profile = file["kramers/free_energy"]
            self.assertEqual((len(profile["position_x"]), len(profile["position_y"])), (8, 6))
            self.assertEqual({profile[key].shape for key in ("value", "error", "exact")}, {(8, 6)})

    def test_messages(self):
        process = self.attempt("--output", "run.h5")
        self.assertEqual((process.code, process.out, process.err), (0, "", ""))

    def test_nothing_is_left_beside_the_results(self):
        self.run_study("--output", "run.h5", "--set", "checkpoint.every=100")
        self.assertEqual({path.name for path in self.folder.iterdir()},
                         {"input.toml", "run.h5", "run.json", "run.checkpoint.h5"})


class Placement(Case):
    """The option --topology; a program built without hwloc has none."""

    def setUp(self):
        super().setUp()
        if "--topology" not in self.attempt("--help").out:
            self.skipTest("built without hwloc")

    def place(self, mode, ranks, **how):
        outcome = self.attempt("--topology", mode, "--summary", "run.json", ranks=ranks, **how)
        self.assertEqual(outcome.code, 0, outcome.err)
        summary = json.loads((self.folder / "run.json").read_text())
        warnings = [line for line in outcome.err.splitlines() if "warning" in line and "kramers" in line]
        return summary["placement"], warnings

    def test_the_summary_records_where_each_rank_ran(self):
        placement, warnings = self.place("check", ranks=1)
        self.assertEqual(warnings, [])
        (node,) = placement["nodes"]
        (rank,) = node["report"]["ranks"]
        self.assertEqual(rank["rank"], 0)
        self.assertTrue(rank["cpus"])
        self.assertEqual(self.place("off", ranks=1), (None, []))

    def test_ranks_without_a_binding_are_one_warning_and_can_be_placed(self):
        self.need_ranks()
        if len(os.sched_getaffinity(0)) < 2:
            self.skipTest("needs two processors")
        free = {"environment": {"PRTE_MCA_hwloc_default_binding_policy": "none", "OMPI_MCA_hwloc_base_binding_policy": "none"}}
        placement, warnings = self.place("check", ranks=2, **free)
        self.assertEqual(len(warnings), 1, warnings)
        self.assertIn("not bound", warnings[0])
        (node,) = placement["nodes"]
        self.assertEqual([finding["code"] for finding in node["report"]["findings"] if finding["severity"] == "wrong"],
                         ["UNBOUND"])
        placement, warnings = self.place("apply", ranks=2, **free)
        self.assertEqual(warnings, [])
        first, second = (rank["cpus"] for rank in placement["nodes"][0]["report"]["ranks"])
        self.assertNotEqual(first, second)

    def test_threads_that_openmp_binds_are_no_fault(self):
        """OpenMP moves the first thread to its place before the program begins."""
        usable = os.sched_getaffinity(0)
        if len(usable) < 2:
            self.skipTest("needs two processors")
        for places in ({}, {"OMP_PLACES": "cores"}, {"OMP_PLACES": "threads"}):
            bound = {"OMP_PROC_BIND": "spread", "OMP_NUM_THREADS": "2", **places}
            placement, warnings = self.place("check", ranks=1, environment=bound)
            self.assertEqual(warnings, [])
            (rank,) = placement["nodes"][0]["report"]["ranks"]
            self.assertNotEqual(rank["cpus"], str(min(usable)))

    def test_an_unknown_mode_is_refused(self):
        outcome = self.attempt("--topology", "everything")
        self.assertEqual(outcome.code, 64)
        self.assertIn("report, check, apply, off", outcome.err)


class Memory(Case):
    def test_state_and_a_constant(self):
        """The rule of the README: at most 1.3 times the state of the walkers and 150 MB."""
        summary = self.run_study("--set", "ensemble.walkers=2000000", "--set", "run={equilibrate=0, steps=2}",
                                 "--set", "observables.frame_every=1")
        memory = summary["memory"]
        self.assertGreaterEqual(memory["state_bytes"], 2_000_000 * 16)
        self.assertLessEqual(memory["peak_resident_bytes_per_rank"], 1.3 * memory["state_bytes"] + 150e6)


if __name__ == "__main__":
    main()

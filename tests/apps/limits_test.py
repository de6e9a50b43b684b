#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What is too much or out of range for the programs ends in a sentence, before work begins."""
import argparse
import json
import os
from pathlib import Path
import resource
import shutil
import subprocess
import sys
import tempfile
import unittest

# Longer than anything here takes, even with sanitizers on a busy machine: only a program that hangs gets there.
PATIENCE = 120

parser = argparse.ArgumentParser()
parser.add_argument("--launcher", action="append", default=[],
                    help="a word of what starts several ranks; NP stands for their number")
for program in ("langevin", "spread", "rare", "classify", "topo", "doctor", "jacobi", "cg", "channel"):
    parser.add_argument(f"--{program}", help="the program kramers-" + program)
options, unittest_words = parser.parse_known_args()

LANGEVIN = """
[ensemble]
walkers = 300
seed = 7
[potential]
kind = "double_well"
[integrator]
dt = 0.02
friction = 1.0
temperature = 0.4
[run]
steps = 200
[observables]
every = 5
frame_every = 100
"""

SPREAD = """
[ensemble]
seed = 7
[potential]
kind = "double_well"
[integrator]
dt = 0.02
friction = 1.0
temperature = 0.4
[trunk]
steps = 1000
[spread]
every = 10
"""


class Outcome:
    def __init__(self, process):
        self.code, self.out, self.err = process.returncode, process.stdout, process.stderr

    @property
    def messages(self):
        """What the program itself says; libraries add remarks of their own."""
        return [line for line in self.err.splitlines() if line.startswith("kramers-")]


class Case(unittest.TestCase):
    """A folder of its own."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="kramers-limits-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.write("langevin.toml", LANGEVIN)
        self.write("spread.toml", SPREAD)

    def write(self, name, text):
        (self.folder / name).write_text(text)

    def attempt(self, program, *words, address_space=None, **environment):
        """Run to the end. address_space: bytes that the process may have of it."""
        path = getattr(options, program)
        if path is None:
            self.skipTest(f"kramers-{program} is not built here")
        # Waiting threads sleep, so that the tests also go on where processors are few. None: no such variable.
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OMP_PROC_BIND": "false", "OMP_WAIT_POLICY": "passive",
                       **environment}
        environment = {name: value for name, value in environment.items() if value is not None}
        return Outcome(subprocess.run([path, *map(str, words)], cwd=self.folder, env=environment, text=True,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE,
                                      preexec_fn=None if address_space is None else lambda: resource.setrlimit(
                                          resource.RLIMIT_AS, (address_space, address_space))))

    def refuse(self, code, pattern, program, *words, **how):
        """The program ends with this code and one sentence, which matches."""
        outcome = self.attempt(program, *words, **how)
        self.assertEqual(outcome.code, code, outcome.err)
        self.assertEqual(len(outcome.messages), 1, outcome.err)
        self.assertRegex(outcome.messages[0], pattern)
        return outcome


class Threads(Case):
    """More threads than Kokkos and OpenMP have."""

    def run_langevin(self, *words, **environment):
        outcome = self.attempt("langevin", "langevin.toml", "--topology", "off", "--summary", "run.json", *words,
                               **environment)
        self.assertEqual(outcome.code, 0, outcome.err)
        return outcome, json.loads((self.folder / "run.json").read_text())

    def test_no_more_than_kokkos_has_room_for(self):
        _, two = self.run_langevin(OMP_NUM_THREADS="2")
        if two["space"] != "openmp":
            self.skipTest("kernels run elsewhere than on threads of OpenMP")
        for threads in (513, 768, 1000):
            outcome, summary = self.run_langevin(OMP_NUM_THREADS=str(threads))
            self.assertEqual(summary["threads"], 512)
            self.assertEqual(summary["state_hash"], two["state_hash"])
            self.assertEqual(summary["observables"], two["observables"])
            messages = [message for message in outcome.messages if "threads" in message]
            self.assertEqual(len(messages), 1, outcome.err)
            self.assertRegex(messages[0], f"warning: {threads} threads asked for, 512 threads used")
        outcome, summary = self.run_langevin("--quiet", KOKKOS_NUM_THREADS="768")
        self.assertEqual(outcome.err, "")
        self.assertEqual(summary["threads"], 512)

    def test_no_more_than_openmp_gives(self):
        _, two = self.run_langevin(OMP_NUM_THREADS="2")
        if two["space"] != "openmp":
            self.skipTest("kernels run elsewhere than on threads of OpenMP")
        for variable in ({"OMP_THREAD_LIMIT": "1"}, {"OMP_MAX_ACTIVE_LEVELS": "0"}):
            outcome, summary = self.run_langevin(KOKKOS_NUM_THREADS="2", **variable)
            self.assertEqual(summary["threads"], 1)
            self.assertEqual(summary["observables"], two["observables"])
            self.assertRegex("".join(outcome.messages), "2 threads asked for, 1 thread used: OpenMP gives no more")

    def test_ranks_without_a_home(self):
        if not options.launcher:
            self.skipTest("built without MPI")
        launch = [word.replace("NP", "2") for word in options.launcher]
        ranks = subprocess.run([*launch, "env", "-u", "HOME", options.langevin, "langevin.toml", "--quiet", "--topology",
                                "off"], cwd=self.folder, env={**os.environ, "OMP_NUM_THREADS": "1"}, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE)
        self.assertEqual((ranks.returncode, ranks.stdout), (0, ""))

    def test_variables_that_say_nothing(self):
        for name, value in {"OMP_NUM_THREADS": "abc", "KOKKOS_NUM_THREADS": "abc", "KOKKOS_DEVICE_ID": "x",
                            "KOKKOS_MAP_DEVICE_ID_BY": "x", "KOKKOS_DISABLE_WARNINGS": "maybe",
                            "KOKKOS_TUNE_INTERNALS": ""}.items():
            self.refuse(64, f"invalid environment variable {name}: got '{value}'; expected", "langevin",
                        "langevin.toml", **{name: value})
        for value in ("0", "-1", "2x", "4294967297"):
            self.refuse(64, "expected an integer >= 1", "langevin", "langevin.toml", KOKKOS_NUM_THREADS=value)
        self.run_langevin(OMP_NUM_THREADS=" 2 , 1", KOKKOS_DISABLE_WARNINGS="Yes")


class Inputs(Case):
    """Values that do not fit into their type, sizes that no calculation has, and files that are no inputs."""

    def test_integers_keep_their_value(self):
        for assignment in ("observables.coordinate=4294967296", "observables.coordinate=-1",
                           "potential.dimensions=4294967297"):
            self.refuse(65, f"invalid '{assignment.split('=')[0]}': got ", "langevin", "langevin.toml", "--set", assignment)
        for walker in (300, 4294967296, 18446744073709551615):
            self.refuse(64, f"invalid --replay: got {walker}; expected an id of the ensemble, 0 ... 299", "langevin",
                        "langevin.toml", "--replay", walker)
        for walker in (-1, 18446744073709551616, 1.5):
            self.refuse(64, "--replay", "langevin", "langevin.toml", "--replay", walker)

    def test_numbers_whose_products_overflow(self):
        for assignment in ("integrator.dt=1e-300", "integrator.temperature=1e300", "integrator.mass=1e-200",
                           "integrator.friction=1e200", "initial.position=[1e308]", "observables.transient=-1"):
            self.refuse(65, f"invalid '{assignment.split('=')[0]}': got ", "langevin", "langevin.toml", "--set", assignment)
        self.refuse(65, "'potential' has the energy", "langevin", "langevin.toml", "--set", "potential.barrier=1e308")
        self.refuse(65, "numbers of f32", "langevin", "langevin.toml", "--precision", "f32", "--set",
                    "integrator.temperature=1e20")
        self.refuse(65, "'spread.sigma_position'", "spread", "spread.toml", "--set", "spread.sigma_position=1e200")
        outcome = self.attempt("langevin", "langevin.toml", "--quiet", "--topology", "off", "--set",
                               "observables.transient=1e99", "--set", "integrator.friction=0")
        self.assertEqual((outcome.code, outcome.err), (0, ""))  # nothing to fit, and free flight

    def test_toml_that_is_nested_without_end(self):
        many = 30000
        for text, what in {".".join(["a"] * many) + " = 1": "a key has more than 32 parts",
                           "[" + ".".join(["a"] * many) + "]": "a key has more than 32 parts",
                           "x = " + "[" * many + "]" * many: "nested more than 32 deep",
                           "x = " + "{a=" * many + "1" + "}" * many: "nested more than 32 deep",
                           "x = " + ("{" + ".".join(["a"] * 500) + "=") * 200 + "1" + "}" * 200: "more than 32 parts",
                           "a" * 8000000 + " = 1": "has 8000012 characters; expected at most 256"}.items():
            self.write("bad.toml", LANGEVIN + text + "\n")
            self.refuse(65, rf"bad\.toml:16: .*{what}", "langevin", "bad.toml")
        self.refuse(65, "expected at most 256", "langevin", "langevin.toml", "--set", "a" * 300 + "=1")

    def test_toml_with_many_dots(self):
        self.write("dots.toml", LANGEVIN.replace("seed = 7", "seed = 7  # " + "." * 500))
        outcome = self.attempt("langevin", "dots.toml", "--quiet", "--topology", "off", "--set",
                               'output.summary="' + "./" * 100 + 'dots.json"')
        self.assertEqual((outcome.code, outcome.err), (0, ""))

    def test_machines_that_are_none(self):
        head = '<?xml version="1.0"?><!DOCTYPE topology SYSTEM "hwloc2.dtd"><topology version="2.0">'
        attributes = " ".join(f'a{i}="1"' for i in range(200000))
        self.write("attributes.xml", f'{head}<object type="Machine" {attributes}/></topology>')
        self.refuse(65, "<object> has more than 1000 attributes", "topo", "plan", "-n", 1, "--xml", "attributes.xml")
        self.write("elements.xml", head + "<a/>" * 2000000 + "</topology>")
        self.refuse(65, "more than 1000000 elements", "topo", "plan", "-n", 1, "--xml", "elements.xml")
        self.refuse(64, "invalid ranks: got 1000000; expected at most 65536", "topo", "plan", "-n", 1000000)
        self.refuse(64, "--ranks", "topo", "plan", "-n", 4294967297)


class Memory(Case):
    """What a run needs is known before it begins: the estimate is an upper bound, and not a wild one."""

    def peak(self, program, *words):
        """Peak and estimate of a run that ends well [bytes]; files that it writes at the end included."""
        environment = {**os.environ, "OMP_NUM_THREADS": "2", "OMP_PROC_BIND": "false", "OMP_WAIT_POLICY": "passive"}
        with open(self.folder / "messages", "w") as messages:
            process = subprocess.Popen([getattr(options, program), *map(str, words), "--quiet", "--summary", "run.json",
                                        "--output", "run.h5"], cwd=self.folder, env=environment, stderr=messages)
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 0, (self.folder / "messages").read_text())
        summary = json.loads((self.folder / "run.json").read_text())
        if summary["space"] not in ("serial", "openmp"):
            self.skipTest("kernels run on a device, whose driver takes memory of the host")
        memory = summary["memory"]
        return usage.ru_maxrss * 1024, memory.get("estimated_bytes_per_rank", memory.get("estimated_bytes"))

    def compare(self, small, cases):
        """The estimates of larger runs against what they take more than a small one, which is mostly libraries."""
        base, little = self.peak(*small)
        self.assertLess(little, 5e6)
        for what, words in cases.items():
            with self.subTest(what):
                peak, estimate = self.peak(*small, *words)
                self.assertGreater(peak - base, 2e7, "too small to compare")
                # Allocators and pages are worth a tenth below. Above: lists that grow may have room for twice their length,
                # and of what is freed on the way some is used again.
                self.assertGreater(estimate, 0.9 * (peak - base))
                self.assertLess(estimate, 2.5 * (peak - base))

    def test_langevin(self):
        if options.langevin is None:
            self.skipTest("kramers-langevin is not built here")
        def sets(*assignments):
            return [word for assignment in assignments for word in ("--set", assignment)]
        many = sets("ensemble.walkers=3000000", "run.steps=2", "observables.every=1", "observables.frame_every=1")
        self.compare(("langevin", "langevin.toml", "--topology", "off"), {
            "state": many,
            "f32": [*many, "--precision", "f32"],
            "correlations": [*many, *sets("observables.correlation_frames=2", "observables.core_sets=[-0.7,0.7]")],
            "histogram": sets("potential.dimensions=2", "observables.histogram.bins=[400,300]",
                              "observables.histogram.lower=[-2,-2]", "observables.histogram.upper=[2,2]"),
            "frames": sets("run.steps=5000", "observables.frame_every=1"),
            "trajectory": sets("run.steps=10000", "output.trajectory.walkers=200", "output.trajectory.every=1")})

    def test_spread_and_classify(self):
        if options.spread is None or options.classify is None:
            self.skipTest("kramers-spread or kramers-classify is not built here")
        many = ("--set", "trunk.steps=400000", "--set", "spread.every=1", "--set", "spread.steps=1", "--set",
                "spread.members=2")
        small = ("spread", "spread.toml", "--topology", "off")
        self.compare(small, {"trunk": ("--set", "trunk.steps=1000000", "--set", "spread.every=1000"), "points": many})
        self.peak(*small, *many)
        shutil.move(self.folder / "run.h5", self.folder / "many.h5")
        self.peak(*small)
        shutil.move(self.folder / "run.h5", self.folder / "few.h5")
        self.write("classify.toml", "[training]\nepochs = 2\nbatch = 16\n[random_points]\ncount = 100\n")
        self.compare(("classify", "train", "few.h5", "classify.toml"), {
            "others": ("--set", "random_points.count=400000"),
            "network": ("--set", "network.hidden=[1000,1000]")})
        base, _ = self.peak("classify", "train", "few.h5", "classify.toml")
        for words in (("train", "many.h5", "classify.toml", "--set", "training.batch=4096"),
                      ("sweep", "few.h5", "classify.toml", "--set", "sweep.seeds=1000")):
            peak, estimate = self.peak("classify", *words)
            self.assertGreater(estimate, 0.9 * (peak - base), words)
            self.assertLess(estimate, 2.5 * (peak - base), words)

    def test_members_where_a_classifier_is_least_sure(self):
        if options.spread is None:
            self.skipTest("kramers-spread is not built here")
        def sets(*assignments):
            return [word for assignment in assignments for word in ("--set", assignment)]
        self.compare(("spread", "spread.toml", "--topology", "off", "--adaptive=classifier",
                      *sets("adaptive.repeats=1", "adaptive.rounds=1", "adaptive.models=2", "training.epochs=2",
                            "adaptive.reference_batches=1")), {
            "trunk": sets("trunk.steps=1000000", "spread.every=1000"),
            "points": sets("trunk.steps=400000", "spread.every=1", "spread.steps=1", "spread.members=2",
                           "adaptive.choices=10000", "data.held_out=0.5"),
            "committee": sets("adaptive.models=1000")})

    def test_what_no_machine_has(self):
        sets = lambda *assignments: [word for assignment in assignments for word in ("--set", assignment)]
        for words, what in {("ensemble.walkers=1000000000000",): "positions, velocities and sums of its walkers",
                            ("potential.dimensions=2", "observables.histogram.bins=[4096,4096]",
                             "observables.histogram.lower=[-2,-2]", "observables.histogram.upper=[2,2]"):
                                "histograms of its groups of walkers"}.items():
            outcome = self.refuse(65, rf"not enough memory: this run needs about .* for {what}, but .* are .*; lower ",
                                  "langevin", "langevin.toml", *sets(*words), address_space=1 << 32)
            self.assertNotIn("1e+", outcome.err)
        self.refuse(65, "not enough memory: .* for the trunk, but .*; lower trunk.steps", "spread", "spread.toml",
                    *sets("trunk.steps=4000000000", "spread.every=1000000"), address_space=1 << 32)
        self.peak("spread", "spread.toml", "--topology", "off")
        self.write("classify.toml", "[training]\nbatch = 16\n")
        self.refuse(65, "not enough memory: .* for other points, but .*; lower random_points.count", "classify", "train",
                    "run.h5", "classify.toml", *sets("random_points.count=200000000"), address_space=1 << 32)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *unittest_words])

# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every option that a program names in its help does something: with it a small run ends differently from without."""
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

MODELS = Path(__file__).resolve().parents[1] / "topology" / "models"
PATIENCE = 120  # only a program that hangs gets there
PROGRAMS = ("langevin", "spread", "rare", "classify", "topo", "doctor", "jacobi", "cg", "channel")

parser = argparse.ArgumentParser()
for program in PROGRAMS:
    parser.add_argument(f"--{program}", help="the program kramers-" + program)
options, unittest_words = parser.parse_known_args()

FILES = {
    "langevin.toml": """
ensemble = {walkers = 64, seed = 7}
potential = {kind = "double_well"}
integrator = {dt = 0.02, friction = 1.0, temperature = 0.4}
run = {steps = 20}
""",
    "spread.toml": """
ensemble = {seed = 7}
potential = {kind = "double_well"}
integrator = {dt = 0.02, friction = 1.0, temperature = 0.4}
trunk = {steps = 400}
""",
    "rare.toml": """
ensemble = {seed = 7}
potential = {kind = "double_well"}
integrator = {dt = 0.02, friction = 1.0, temperature = 0.2}
rare = {repeats = 2, replicas = 20, state_a = {energy_below = 0.2}, state_b = {energy_below = 0.4}}
""",
    "classify.toml": "training = {epochs = 2, batch = 16}\nsweep = {seeds = 1, learning_rates = [0.1]}\n",
    "cg.toml": "matrix = {kind = \"five_point\", n = 12}\nright_side = {kind = \"random\", seed = 7}\n",
    "jacobi.toml": "grid = {rows = 12, columns = 9}\njacobi = {iterations = 20}\n",
    "channel.toml": "grid = {rows = 41, columns = 41}\nflow = {steps = 3}\n",
    "run.json": "{}",  # a former result
    "map": "0 16-31 cuda1 -\n1 32-47 cuda2 -\n",
    "bound.json": json.dumps({"bindings": [{"rank": 0, "cpus": "0-15", "environment": {"CUDA_VISIBLE_DEVICES": "MIG-1"}}]}),
}
# Nodes with something to choose for each option of a plan.
NODES = {"gpu.xml": "perlmutter-gpu.xml", "down.xml": "ports-down.xml", "parts.xml": "mi300a-partitions.xml"}

STUDY = {"--set": "--set ensemble.seed=8", "--quiet": "--quiet", "--space": "--space abacus", "--precision": "--precision f32",
         "--topology": "--topology sideways", "--summary": "--summary more.json", "--output": "--output run.h5",
         "--overwrite": "--overwrite"}
GUIDE = {"--check": "--check", "--keys": "--keys", "--template": "--template"}
MODEL = {option: words for option, words in STUDY.items() if option not in ("--set", "--precision")}
TRAINING = {**MODEL, "--set": "--set training.seed=8", "--precision": "--precision f64", "--model": "--model run.safetensors"}
MACHINE = {"--xml": "--xml parts.xml", "--restrict": "--restrict 0-31", "--fabric": "--fabric ethernet",
           "--partition": "--partition 0000:c1:00.0=MIG-1"}
PLAN = {"--ranks": "--ranks 4", "--policy": "--policy compact", "--map": "--map map", "--threads": "--threads 2",
        "--smt": "--smt 2", "--reserve": "--reserve 0-1", "--reserve-per-numa": "--reserve-per-numa 1",
        "--ranks-per-gpu": "--ranks-per-gpu 2", "--json": "--json"}


def plan(command, *more):
    """The options of a plan, three of which need a node of their own."""
    def base(words):
        return " ".join((command, *more, words))

    return {**MACHINE, **PLAN, "--sharing": (base("--ranks 2 --policy compact --xml parts.xml"), "--sharing even"),
            "--ignore-port-state": (base("--ranks 1 --xml down.xml"), "--ignore-port-state"),
            "--exact": (base("--ranks 7 --policy compact --sharing even --xml parts.xml"), "--exact")}


# Words of a run of each command, and for each of its options what is added, or takes the place of what it has already. A
# pair has words of its own for the run without.
OPTIONS = {
    ("langevin",): ("langevin.toml", {**STUDY, **GUIDE, "--resume": "--resume", "--replay": "--replay 3",
                                      "--strict": "--strict", "--until": "--until rate:200%"}),
    ("spread",): ("spread.toml", {**STUDY, **GUIDE, "--adaptive": "--adaptive sideways"}),
    ("rare",): ("rare.toml", {**{option: words for option, words in STUDY.items() if option != "--precision"}, **GUIDE,
                             "--strict": "--strict", "--resume": "--resume"}),
    ("cg",): ("cg.toml", {**{option: words for option, words in STUDY.items() if option != "--precision"}, **GUIDE,
                         "--set": "--set right_side.seed=8", "--verify": "--verify", "--resume": "--resume",
                         "--gpu-aware": "--gpu-aware sideways",
                         "--strict": ("cg.toml --set cg.tolerance=1e-18", "--strict")}),
    ("jacobi",): ("jacobi.toml", {**STUDY, **GUIDE, "--set": "--set jacobi.iterations=7", "--verify": "--verify",
                                   "--resume": "--resume", "--gpu-aware": "--gpu-aware sideways"}),
    ("channel",): ("channel.toml", {**STUDY, **GUIDE, "--set": "--set flow.steps=2", "--verify": "--verify",
                                    "--strict": "--strict", "--resume": "--resume",
                                    "--gpu-aware": "--gpu-aware sideways"}),
    ("classify", "train"): ("train spread.h5 classify.toml", {**TRAINING, **GUIDE, "--resume": "--resume"}),
    ("classify", "sweep"): ("sweep spread.h5 classify.toml", {**TRAINING, **GUIDE}),
    ("classify", "predict"): ("predict spread.h5 model.safetensors", MODEL),
    ("classify", "evaluate"): ("evaluate spread.h5 model.safetensors", MODEL),
    ("classify", "export"): ("export model.safetensors --output module.safetensors", MODEL),
    ("topo", "tree"): ("tree --xml gpu.xml --svg node.svg --ranks 2",
                       {**plan("tree", "--svg node.svg"), "--json": ("tree --xml gpu.xml", "--json"),
                        "--svg": ("tree --xml gpu.xml", "--svg node.svg")}),
    ("topo", "distance"): ("distance --xml gpu.xml", {**MACHINE, "--json": "--json", "--from": "--from core:20",
                                                      "--metric": ("distance --xml gpu.xml --from core:20", "--metric hops")}),
    ("topo", "plan"): ("plan --xml gpu.xml --ranks 2", plan("plan")),
    ("topo", "env"): ("env --for openmp ucx cuda --xml gpu.xml --ranks 2",
                      {**plan("env", "--for openmp ucx"), "--rank": "--rank 1",
                       "--for": ("env --xml gpu.xml --ranks 2", "--for nccl"),
                       "--strict": ("env --for rocm --xml gpu.xml --ranks 2", "--strict")}),
    ("topo", "check"): ("check --xml gpu.xml --binding bound.json",
                        {**MACHINE, "--restrict": "--restrict 0-7", "--json": "--json", "--reserve": "--reserve 0",
                         "--pid": ("check --xml gpu.xml", "--pid 4194305"),
                         "--binding": ("check --xml gpu.xml", "--binding bound.json")}),
    # On this machine, whatever it is: refusals. plan shows what cannot be refused.
    ("topo", "run"): ("run --rank 0 --ranks 1 env",
                      {"--xml": "--xml absent.xml", "--restrict": "--restrict a-z", "--fabric": "--fabric pigeon",
                       "--partition": "--partition x", "--ranks": "--ranks 0", "--policy": "--policy best",
                       "--map": "--map absent", "--threads": "--threads -1", "--smt": "--smt 0", "--reserve": "--reserve a-z",
                       "--reserve-per-numa": "--reserve-per-numa -1", "--ranks-per-gpu": "--ranks-per-gpu -1",
                       "--sharing": "--sharing odd", "--rank": "--rank 1", "--force": "--force", "--for": "--for slurm",
                       "--ignore-port-state": None, "--exact": None}),
    ("topo", "snapshot"): ("snapshot --xml gpu.xml --output node", {**MACHINE, "--output": "--output other"}),
    ("topo", "diff"): ("diff gpu.xml down.xml", {"--json": "--json"}),
    ("topo", "emit-nccl-topo"): ("emit-nccl-topo --xml gpu.xml", {**MACHINE, "--partition": None,  # NCCL finds these itself
                                                                 "--output": "--output nccl.xml"}),
    ("doctor",): ("", {"--json": "--json", "--strict": None}),  # doctor_test.py makes the faults that it is strict about
}


class Options(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="kramers-options-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def run_program(self, program, words, folder):
        path = getattr(options, program)
        if path is None:
            self.skipTest(f"kramers-{program} is not built here")
        # Without the words of a job in which this test may run.
        environment = {name: value for name, value in os.environ.items()
                       if not re.match(r"(SLURM|PALS|FLUX|PMIX?|UCX|FI|NCCL|MPICH|KMP)_|.*_VISIBLE_DEVICES$", name)}
        environment.update(OMP_NUM_THREADS="1", OMP_PROC_BIND="false")
        return subprocess.run([path, *words], cwd=folder, env=environment, text=True, capture_output=True, timeout=PATIENCE)

    def prepare(self, folder, program):
        folder.mkdir()
        for name, text in FILES.items():
            (folder / name).write_text(text)
        for name, model in NODES.items():
            shutil.copy(MODELS / model, folder / name)
        if program == "classify":
            for name in ("spread.h5", "model.safetensors"):
                shutil.copy(self.folder / name, folder / name)

    def outcome(self, key, words):
        """What a run ends with: no times, and of binary files that they are there."""
        folder = self.folder / "run"
        self.prepare(folder, key[0])
        is_study = key[0] not in ("topo", "doctor")
        if is_study and "--summary" not in words:
            words = [*words, "--summary", "run.json"]
        ended = self.run_program(key[0], words, folder)
        found = {"code": ended.returncode, "files": sorted(path.name for path in folder.iterdir())}
        if is_study:
            summaries = [json.loads(path.read_text()) for path in folder.glob("*.json") if path.name in words]
            found.update(is_quiet=ended.stdout == "", results=[{name: summary.get(name) for name in (
                "state_hash", "precision", "model", "held_out", "evaluation", "models")} for summary in summaries])
        else:
            found.update(stdout=ended.stdout, stderr=ended.stderr,
                         texts=[path.read_text() for path in sorted(folder.iterdir()) if path.suffix in (".svg", ".xml", ".json")])
        shutil.rmtree(folder)
        return found, ended.stderr

    def differ(self, key, entry):
        base, added = (entry if isinstance(entry, tuple) else (OPTIONS[key][0], entry))
        words, added = base.split(), added.split()
        if added[0] in words:
            at = words.index(added[0])
            changed = words[:at] + added + words[at + len(added):]
        else:
            changed = words[:1] + added + words[1:] if len(key) == 2 else words + added
        without, _ = self.outcome(key, words)
        with_it, stderr = self.outcome(key, changed)
        self.assertNotEqual(without, with_it, stderr)

    def help_of(self, program, *command):
        ended = self.run_program(program, [*command, "--help"], self.folder)
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        return ended.stdout

    def test_each_option_of_the_help_does_something(self):
        seen = set()
        for program in PROGRAMS:
            if getattr(options, program) is None:
                continue
            commands = re.findall(r"^  (\w\S*)  ", self.help_of(program).lower().partition("subcommands:")[2], re.MULTILINE)
            seen |= {(program, command) for command in commands} if commands else {(program,)}
        self.assertEqual(seen, {key for key in OPTIONS if getattr(options, key[0]) is not None})
        if options.classify is not None:
            self.prepare_classifier()
        for key in sorted(seen):
            listed = set(re.findall(r"^ +(?:-\w, *)?(--[\w-]+)", self.help_of(*key), re.MULTILINE)) - {"--help", "--version"}
            self.assertEqual(listed, set(OPTIONS[key][1]), key)
            for option, entry in OPTIONS[key][1].items():
                if entry is not None:
                    with self.subTest(" ".join(key), option=option):
                        self.differ(key, entry)

    def prepare_classifier(self):
        for name, text in FILES.items():
            (self.folder / name).write_text(text)
        for program, words in (("spread", "spread.toml --output spread.h5"),
                               ("classify", "train spread.h5 classify.toml --model model.safetensors")):
            ended = self.run_program(program, words.split(), self.folder)
            self.assertEqual(ended.returncode, 0, ended.stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *unittest_words])

# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What all programs do with the files that their users name: none is lost, none is waited for, none steers a terminal."""
import argparse
import importlib.util
import json
import os
from pathlib import Path
import resource
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import unittest

parser = argparse.ArgumentParser()
for name in ("langevin", "spread", "classify", "topo"):
    parser.add_argument(f"--{name}", required=True)
options, unittest_words = parser.parse_known_args()

SOURCE = Path(__file__).resolve().parents[2]
PLOT = SOURCE / "apps" / "plot" / "kramers-plot"
NODE = SOURCE / "tests" / "topology" / "models" / "laptop.xml"
# Longer than anything here takes, even with sanitizers on a busy machine: only a program that hangs gets there.
PATIENCE = 120

LANGEVIN = """
[potential]
kind = "tabulated"
file = "table.txt"
[integrator]
dt = 0.01
friction = 1.0
temperature = 1.0
[ensemble]
walkers = 8
seed = 1
[run]
steps = 20
[initial]
position = [0.0]
[observables]
every = 10
"""
TABLE = "".join(f"{x / 10} {(x / 10) ** 2}\n" for x in range(-30, 31))


def setUpModule():
    """What the programs read."""
    folder = tempfile.TemporaryDirectory(prefix="kramers-files-")
    unittest.addModuleCleanup(folder.cleanup)
    Case.files = Path(folder.name)
    (Case.files / "input.toml").write_text(LANGEVIN)
    (Case.files / "table.txt").write_text(TABLE)
    shutil.copy(SOURCE / "apps" / "spread" / "double_well.toml", Case.files / "spread.toml")
    shutil.copy(SOURCE / "apps" / "classify" / "spread.toml", Case.files / "model.toml")
    shutil.copy(NODE, Case.files / "node.xml")
    (Case.files / "map").write_text("0 0-1\n")
    run(options.spread, "spread.toml", "--quiet", "--output", "data.h5", cwd=Case.files, check=True)
    run(*TRAIN, "--quiet", "--model", "net.safetensors", cwd=Case.files, check=True)


def run(*words, **how):
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OMP_PROC_BIND": "false", "OMP_WAIT_POLICY": "passive"}
    how = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "timeout": PATIENCE, **how}
    return subprocess.run([str(word) for word in words], env=environment, stdin=subprocess.DEVNULL, check=how.pop("check", False),
                          **how)


QUICK = ("--set", "training.epochs=2")
LANGEVIN_RUN = (options.langevin, "input.toml")
SPREAD_RUN = (options.spread, "spread.toml")
ADAPTIVE = (options.spread, "--adaptive=classifier", "spread.toml")
SMALL = tuple(word for key in ("repeats=2", "rounds=1", "models=2", "reference_batches=4") for word in ("--set", f"adaptive.{key}"))
TRAIN = (options.classify, "train", "data.h5", "model.toml", *QUICK)
SWEEP = (options.classify, "sweep", "data.h5", "model.toml", *QUICK, "--set", "sweep.seeds=1")
PREDICT = (options.classify, "predict", "data.h5", "net.safetensors")
EVALUATE = (options.classify, "evaluate", "data.h5", "net.safetensors")
TREE = (options.topo, "tree", "--xml", "node.xml")
# Command -> its files to read, by the names that messages give them.
READS = {
    LANGEVIN_RUN: {"INPUT": "input.toml", "'potential.file'": "table.txt"},
    SPREAD_RUN: {"INPUT": "spread.toml"},
    ADAPTIVE: {"INPUT": "spread.toml"},
    TRAIN: {"DATASET": "data.h5", "INPUT": "model.toml"},
    SWEEP: {"DATASET": "data.h5", "INPUT": "model.toml"},
    PREDICT: {"POINTS": "data.h5", "MODEL": "net.safetensors"},
    EVALUATE: {"DATASET": "data.h5", "MODEL": "net.safetensors"},
}
# Command -> its options that name a text to write; all of READS have --output, which names a file of HDF5.
TEXTS = {command: ("--summary",) for command in READS} | {
    TRAIN: ("--summary", "--model"), SWEEP: ("--summary", "--model"), TREE: ("--svg",),
    (options.topo, "emit-nccl-topo", "--xml", "node.xml"): ("--output",),
}


class Case(unittest.TestCase):
    """A folder of its own with all that the programs read."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="kramers-files-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        shutil.copytree(self.files, self.folder, dirs_exist_ok=True)

    def attempt(self, *words, **how):
        return run(*words, cwd=self.folder, **how)

    def good(self, *words, **how):
        outcome = self.attempt(*words, **how)
        self.assertEqual(outcome.returncode, 0, (words, outcome.stderr))
        return outcome

    def refuse(self, *words, code, says=(), **how):
        """One line on standard error."""
        outcome = self.attempt(*words, **how)
        said = outcome.stderr.decode()
        self.assertEqual(outcome.returncode, code, (words, said))
        self.assertEqual(said.count("\n"), 1, (words, said))
        for part in [says] if isinstance(says, str) else says:
            self.assertIn(part, said, words)
        return said


class Overwriting(Case):
    """A file of the run is not replaced by another one."""

    def refuse(self, *words, says):
        before = {path: path.read_bytes() for path in self.folder.rglob("*")}
        super().refuse(*words, code=64, says=("error: invalid ", *says))
        self.assertEqual({path: path.read_bytes() for path in self.folder.rglob("*")}, before)

    def test_what_is_read(self):
        for command, inputs in READS.items():
            for option in ("--output", *TEXTS[command]):
                for role, file in inputs.items():
                    with self.subTest(command=command[1:], option=option, file=file):
                        self.refuse(*command, option, file, says=(f"invalid {option}: got {file}", role, "which is read"))

    def test_what_is_read_under_another_name(self):
        (self.folder / "link").symlink_to("table.txt")
        (self.folder / "twin").hardlink_to(self.folder / "table.txt")
        for name in ("link", "twin", "./table.txt", f"../{self.folder.name}/table.txt"):
            self.refuse(*LANGEVIN_RUN, "--summary", name, says=("'potential.file' (table.txt)", "which is read"))
        self.refuse(*LANGEVIN_RUN, "--set", 'output.file="twin"', says=("'output.file': got twin", "which is read"))

    def test_what_is_written(self):
        for command in READS:
            with self.subTest(command=command[1:]):
                self.refuse(*command, "--output", "new", "--summary", "./new", says=("--summary: got ./new", "--output (new)"))
        self.refuse(*TRAIN, "--summary", "new", "--model", "new", says=("--model", "--summary (new)", "which is written too"))
        self.refuse(*LANGEVIN_RUN, "--output", "a.h5", "--summary", "a.checkpoint.h5", says=("the checkpoint", "--summary"))
        self.refuse(*TRAIN, "--model", "a.safetensors", "--output", "a.checkpoint.safetensors", says=("the checkpoint", "--output"))
        self.refuse(*LANGEVIN_RUN, "--set", 'checkpoint.file="table.txt"', says=("the checkpoint", "'potential.file'"))

    def test_machines(self):
        for words, says in (((*TREE, "--svg", "node.xml"), ("--svg", "--xml (node.xml)")),
                            ((*TREE, "-n", 1, "--map", "map", "--svg", "map"), ("--svg", "--map (map)")),
                            ((options.topo, "snapshot", "--xml", "node.xml", "-o", "node"), ("--output", "--xml (node.xml)")),
                            ((options.topo, "emit-nccl-topo", "--xml", "node.xml", "-o", "node.xml"), ("--output", "--xml"))):
            with self.subTest(words=words):
                self.refuse(*words, says=says)

    def test_what_may_be_the_same(self):
        self.good(*LANGEVIN_RUN, "--set", "checkpoint.every=10", "--output", "run.h5")
        self.good(*LANGEVIN_RUN, "--set", "checkpoint.every=10", "--output", "run.h5", "--resume")
        self.good(*TRAIN, "--summary", "/dev/null", "--model", "/dev/null")
        self.good(*TRAIN, "--set", "checkpoint.every=1", "--model", "a.safetensors")
        self.good(*TRAIN, "--set", "checkpoint.every=1", "--model", "a.safetensors", "--set", "training.epochs=3", "--resume")


class Special(Case):
    """A pipe, a device and a link stay what they are."""

    def test_texts_go_through_pipes(self):
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        for command, names in TEXTS.items():
            if command == ADAPTIVE:  # writes as SPREAD_RUN does, and takes long
                continue
            for option in names:
                with self.subTest(command=command[1:], option=option):
                    got = []
                    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
                    reader.start()
                    self.good(*command, option, "pipe")
                    reader.join(PATIENCE)
                    self.assertTrue(got[0])
                    self.assertTrue(stat.S_ISFIFO(pipe.lstat().st_mode))

    def test_texts_go_to_standard_output(self):
        out = self.good(*LANGEVIN_RUN, "--quiet", "--summary", "/dev/stdout").stdout
        self.assertEqual(json.loads(out)["app"], "kramers-langevin")
        with open(self.folder / "out", "wb") as file:
            self.good(*LANGEVIN_RUN, "--quiet", "--summary", "/dev/stdout", stdout=file)
        self.assertEqual(json.loads((self.folder / "out").read_text())["app"], "kramers-langevin")

    def test_hdf5_does_not(self):
        os.mkfifo(self.folder / "pipe")
        for command in READS:
            with self.subTest(command=command[1:]):
                self.refuse(*command, "--output", "pipe", code=1, says="pipe: cannot be written: it exists and is not a regular file")
                self.assertTrue(stat.S_ISFIFO((self.folder / "pipe").lstat().st_mode))
        with open(self.folder / "out.h5", "wb") as file:
            self.refuse(*LANGEVIN_RUN, "--output", "/dev/stdout", code=1, says="not a regular file", stdout=file)
        self.assertEqual((self.folder / "out.h5").read_bytes(), b"")

    def test_links_stay(self):
        (self.folder / "sub").mkdir()
        for i, (command, option) in enumerate([(LANGEVIN_RUN, "--output"), (LANGEVIN_RUN, "--summary"), (TRAIN, "--model"),
                                               (TREE, "--svg")]):
            link = self.folder / f"link{i}"
            link.symlink_to(f"sub/file{i}")
            for state in ("dangling", "there"):
                with self.subTest(command=command[1:], option=option, state=state):
                    self.good(*command, option, link.name)
                    self.assertTrue(link.is_symlink())
                    self.assertTrue((self.folder / "sub" / f"file{i}").is_file())
        (self.folder / "lost").symlink_to("absent/file")
        self.refuse(*LANGEVIN_RUN, "--summary", "lost", code=1, says="absent does not exist")
        self.assertTrue((self.folder / "lost").is_symlink())

    @unittest.skipUnless(importlib.util.find_spec("matplotlib"), "this Python has no matplotlib")
    def test_figures(self):
        plot = (sys.executable, "-B", PLOT, "data.h5", "--only", "trunk", "--format", "png", "--dpi", 20)
        figure = self.folder / "data_trunk.png"
        figure.symlink_to("sub.png")
        self.good(*plot)
        self.assertTrue(figure.is_symlink())
        self.assertTrue((self.folder / "sub.png").read_bytes().startswith(b"\x89PNG"))
        figure.unlink()
        os.mkfifo(figure)
        got = []
        reader = threading.Thread(target=lambda: got.append(figure.read_bytes()))
        reader.start()
        self.good(*plot)
        reader.join(PATIENCE)
        self.assertTrue(got[0].startswith(b"\x89PNG"))
        self.assertTrue(stat.S_ISFIFO(figure.lstat().st_mode))
        figure.unlink()
        figure.symlink_to("data.h5")
        before = (self.folder / "data.h5").read_bytes()
        self.refuse(*plot, code=64, says=("data_trunk.png would replace data.h5", "--output-dir"))
        self.assertEqual((self.folder / "data.h5").read_bytes(), before)
        self.assertEqual(list(self.folder.glob(".*")), [])


class Former(Case):
    """Results that stand where others are written are kept under a number."""

    def kept(self):
        return sorted(path.name for path in self.folder.glob("*.~*~"))

    def test_all_that_programs_write(self):
        for command in READS:
            with self.subTest(command=command[1:]):
                written = {"--output": "run.h5", **{option: f"run{option}" for option in TEXTS[command]}}
                words = [*command, *(SMALL if command == ADAPTIVE else ()), *(f"{option}={file}" for option, file in written.items())]
                for file in written.values():
                    (self.folder / file).write_text("former")
                said = self.good(*words).stderr.decode()
                first = [f"{file}.~1~" for file in sorted(written.values())]
                for file in written.values():
                    self.assertIn(f"{Path(command[0]).name}: kept the former {file} as {file}.~1~\n", said)
                self.assertEqual(self.kept(), first)
                self.assertEqual({(self.folder / name).read_text() for name in first}, {"former"})
                before = {file: (self.folder / file).read_bytes() for file in written.values()}
                self.assertNotIn(b"former", before.values())
                self.assertEqual(self.good(*words, "--quiet").stderr, b"")
                self.assertEqual({file: (self.folder / f"{file}.~2~").read_bytes() for file in written.values()}, before)
                self.assertNotIn(b"kept", self.good(*words, "--overwrite").stderr)
                self.assertEqual(len(self.kept()), 2 * len(written))
                for path in self.folder.glob("run*"):
                    path.unlink()

    def test_checkpoints_of_runs_that_begin_anew(self):
        words = (*LANGEVIN_RUN, "--set", "checkpoint.every=10", "--output", "run.h5")
        self.good(*words)
        self.assertIn(b"the former run.checkpoint.h5 is kept as run.checkpoint.h5.~1~", self.good(*words).stderr)
        self.assertEqual(self.kept(), ["run.checkpoint.h5.~1~", "run.h5.~1~"])
        self.assertEqual(self.good(*words, "--quiet").stderr, b"")
        self.assertEqual(len(self.kept()), 4)
        self.good(*words, "--overwrite")
        self.assertEqual(len(self.kept()), 4)

    def test_a_run_that_fails_keeps_all(self):
        """As one without room on the disk does: the former file has two names, and the next run gives it no third."""
        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))
        (self.folder / "run.h5").write_text("former")
        outcome = self.attempt(*LANGEVIN_RUN, "--output", "run.h5", preexec_fn=limit)
        self.assertEqual(outcome.returncode, 1, outcome.stderr)
        self.assertEqual((self.folder / "run.h5").read_text(), "former")
        self.good(*LANGEVIN_RUN, "--output", "run.h5")
        self.assertEqual((self.kept(), (self.folder / "run.h5.~1~").read_text()), (["run.h5.~1~"], "former"))


class Leftovers(Case):
    """What a killed run leaves of a file is removed by the next one that writes it."""

    def kill(self):
        """A run that the system ends in the middle of a file."""
        def limit():
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))
        outcome = self.attempt(*LANGEVIN_RUN, "--output", "run.h5", preexec_fn=limit)
        self.assertNotEqual(outcome.returncode, 0)
        left = list(self.folder.glob(".run.h5.*.part"))
        self.assertEqual(len(left), 1, outcome.stderr)
        return left[0]

    def test_they_are_removed_with_a_word(self):
        left = self.kill()
        self.good(*LANGEVIN_RUN, "--output", "other.h5")
        self.assertTrue(left.exists())
        outcome = self.good(*LANGEVIN_RUN, "--output", "run.h5")
        self.assertIn(f"kramers-langevin: warning: removed {left.name}, left behind by a process that was killed\n",
                      outcome.stderr.decode())
        self.assertEqual(list(self.folder.glob(".*")), [])
        self.kill()
        self.assertEqual(self.good(*LANGEVIN_RUN, "--output", "run.h5", "--quiet").stderr, b"")
        self.assertEqual(list(self.folder.glob(".*")), [])

    def test_those_of_other_machines_are_named(self):
        left = self.folder / ".node.svg.1.2.3.4.part"
        left.write_bytes(b"half")
        said = self.good(*TREE, "--svg", "node.svg").stderr.decode()
        self.assertIn("kramers-topo: warning: ", said)
        self.assertIn(f"{left.name} may be left over from a process that was killed on another machine", said)
        self.assertTrue(left.exists())


class StandardOutput(Case):
    """What is printed and lost is a failure."""

    def test_full(self):
        programs = (options.langevin, options.spread, options.classify, options.topo)
        commands = [(program, word) for program in programs for word in ("--help", "--version")]
        commands += [LANGEVIN_RUN, SPREAD_RUN, PREDICT, TREE, (*TREE, "--json"), (*TREE, "--svg", "/dev/stdout")]
        for command in commands:
            with self.subTest(command=command), open("/dev/full", "wb") as full:
                outcome = self.attempt(*command, stdout=full)
                self.assertEqual(outcome.returncode, 1)
                self.assertRegex(outcome.stderr.decode(), r"error: [^\n]+: cannot be written(: No space left on device)?\n$")
        with open("/dev/full", "wb") as full:
            self.good(*LANGEVIN_RUN, "--quiet", stdout=full)

    @unittest.skipUnless(importlib.util.find_spec("matplotlib"), "this Python has no matplotlib")
    def test_full_under_figures(self):
        plot = (sys.executable, "-B", PLOT)
        for words in (("--help",), ("data.h5", "--only", "trunk", "--format", "png", "--dpi", 20)):
            with self.subTest(words=words), open("/dev/full", "wb") as full:
                self.refuse(*plot, *words, stdout=full, code=1,
                            says="kramers-plot: standard output: cannot be written: No space left on device\n")


class Inputs(Case):
    """A file that cannot be read is wrong input, at once and in a sentence."""

    def commands(self, file):
        return ((options.langevin, file), (*LANGEVIN_RUN, "--set", f"potential.file='{file}'"), (options.spread, file),
                (options.classify, "train", file, "model.toml"), (options.classify, "train", "data.h5", file),
                (options.classify, "sweep", file, "model.toml"), (options.classify, "predict", file, "net.safetensors"),
                (options.classify, "evaluate", "data.h5", file), (options.topo, "tree", "--xml", file),
                (options.topo, "plan", "-n", 1, "--xml", "node.xml", "--map", file),
                (options.topo, "check", "--binding", file), (options.topo, "diff", "node.xml", file))

    def test_missing(self):
        for command in self.commands("absent"):
            self.refuse(*command, code=65, says="error: absent: ")

    def test_pipes_without_a_writer(self):
        os.mkfifo(self.folder / "pipe")
        for command in self.commands("pipe"):
            self.refuse(*command, code=65, says="error: pipe: cannot be read: ", timeout=PATIENCE)

    def test_a_pipe_with_a_writer(self):
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        writer = threading.Thread(target=lambda: pipe.write_text(LANGEVIN))
        writer.start()
        self.good(options.langevin, "pipe")
        writer.join(PATIENCE)

    def test_figures(self):
        os.mkfifo(self.folder / "pipe")
        for file in ("absent", "pipe"):
            self.refuse(sys.executable, "-B", PLOT, file, code=65, says=f"{file}: there is no such file")

    def test_seeds_end_where_integers_do(self):
        for seed in (2**63, -1):
            self.refuse(*LANGEVIN_RUN, "--set", f"ensemble.seed={seed}", code=65,
                        says=("'ensemble.seed'", "expected an integer between 0 and 2^63 - 1"))
        self.good(*LANGEVIN_RUN, "--set", f"ensemble.seed={2**63 - 1}")
        (self.folder / "input.toml").write_text(LANGEVIN.replace("seed = 1", f"seed = {2**63}"))
        self.refuse(*LANGEVIN_RUN, code=65, says=("input.toml:11", "integers are between -2^63 and 2^63 - 1"))


class Terminal(Case):
    """What a file or a name holds cannot steer the terminal."""

    def said(self, *words):
        outcome = self.attempt(*words)
        everything = (outcome.stdout + outcome.stderr).decode()
        self.assertNotIn("\x1b", everything, words)
        self.assertNotIn("\x9b", everything, words)
        return everything

    def test_names_of_files(self):
        name = "gr\u00f6\u00dfe\x1b[2J\u009b1m"
        shown = "gr\u00f6\u00dfe\\x1b[2J\\xc2\\x9b1m"
        for command in Inputs.commands(self, name)[:1] + Inputs.commands(self, name)[2:]:
            self.assertIn(f"error: {shown}: ", self.said(*command))
        self.assertIn(f"written to {shown}\n", self.said(*SPREAD_RUN, "--output", name))
        self.assertIn(f"{shown}.json\n", self.said(options.topo, "snapshot", "--xml", "node.xml", "-o", name))
        self.assertIn(shown, self.said(sys.executable, "-B", PLOT, name + ".absent"))

    def test_texts_of_inputs(self):
        (self.folder / "bad.toml").write_text('"a\\u001b[2J" = 1\n' + (self.folder / "spread.toml").read_text())
        self.assertIn("a\\x1b[2J", self.said(options.spread, "bad.toml"))
        self.assertIn("\\x1b[2J", self.said(*SPREAD_RUN, "--set", "potential.kind=\x1b[2J"))
        (self.folder / "table.txt").write_text("0 1\n1 2\n2 \x1b[2J\n")
        self.assertIn("\\x1b[2J", self.said(*LANGEVIN_RUN))

    def test_machines(self):
        lines = [line for line in NODE.read_text().splitlines() if "HostName" not in line]
        file = "node\x1b[2J.xml"  # whose name is the title of a machine without one
        (self.folder / file).write_text("\n".join(lines))
        self.assertIn("node\\x1b[2J.xml", self.said(options.topo, "tree", "--xml", file))
        for hostile in ("&#27;[2J", "\x1b[2J"):
            (self.folder / "node.xml").write_text(NODE.read_text().replace('value="laptop"', f'value="{hostile}"'))
            self.said(*TREE)
        binding = {"bindings": [{"rank": 0, "cpus": "0-3", "environment": {"UCX_NET_DEVICES": "\x1b[2J"}}]}
        (self.folder / "b.json").write_text(json.dumps(binding))
        self.assertIn("=\\x1b[2J", self.said(options.topo, "check", "--xml", NODE, "--binding", "b.json"))


if __name__ == "__main__":
    if importlib.util.find_spec("h5py") is None:
        print("skipped: this Python has no h5py")
        sys.exit(77)
    unittest.main(argv=[sys.argv[0], *unittest_words])

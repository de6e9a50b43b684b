# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""kramers-classify on samples of files of their own: what it learns, against exact results, restarts, bad input."""
import argparse
import json
import math
import os
from pathlib import Path
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

try:
    import h5py
    import numpy as np
except ImportError:
    h5py = None

# Longer than anything here takes, even with sanitizers on a busy machine: only a program that hangs gets there.
PATIENCE = 120

parser = argparse.ArgumentParser()
parser.add_argument("--program", default="kramers-classify")
parser.add_argument("--spread")  # of the tests on spread maps
parser.add_argument("--launcher", action="append", default=[],
                    help="a word of what starts several ranks; NP stands for their number")
options, unittest_words = parser.parse_known_args()

SMALL = """
[network]
hidden = [6]
[training]
epochs = 40
batch = 50
"""
NAMES = ("cat", "dog", "eel")


def environment(threads):
    return {**os.environ, "OMP_NUM_THREADS": str(threads), "OMP_PROC_BIND": "false", "OMP_WAIT_POLICY": "passive"}


def three_clouds(number=400, features=4, seed=1):
    """Inputs and labels: clouds around different points."""
    random = np.random.default_rng(seed)
    labels = random.integers(3, size=number)
    return random.normal(size=(number, features)) + 1.5 * np.eye(3, features)[labels], labels


def csv_text(inputs, labels=None, names=None, separator=",", end="\n"):
    rows = [[repr(float(value)) for value in row] for row in inputs]
    if labels is not None:
        for row, label in zip(rows, labels):
            row.append(str(label))
    if names is not None:
        rows.insert(0, list(names))
    return "".join(separator.join(row) + end for row in rows)


def normal_below(x):
    return 0.5 * math.erfc(-x / math.sqrt(2))


class Outcome:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err


class Case(unittest.TestCase):
    """A folder of its own, with samples of three classes in it."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="kramers-samples-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.inputs, self.labels = three_clouds()
        self.write("small.toml", SMALL)
        self.write("a.csv", csv_text(self.inputs, [NAMES[k] for k in self.labels], ("p", "q", "r", "s", "kind")))

    def write(self, name, text):
        data = text if isinstance(text, bytes) else text.encode()
        (self.folder / name).write_bytes(data)

    def start(self, *words, threads=1, ranks=1):
        launch = [word.replace("NP", str(ranks)) for word in options.launcher] if ranks > 1 else []
        return subprocess.Popen([*launch, options.program, *map(str, words)], cwd=self.folder,
                                env=environment(threads), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def end(self, process):
        try:
            out, err = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            self.fail(f"hangs: {process.args}: {process.communicate()[1]}")
        return Outcome(process.returncode, out, err)

    def attempt(self, *words, **how):
        return self.end(self.start(*words, **how))

    def run_command(self, command, *words, name="run", **how):
        """Run to the end; the summary."""
        outcome = self.attempt(command, *words, "--quiet", "--overwrite", "--summary", f"{name}.json", **how)
        self.assertEqual((outcome.code, outcome.err), (0, ""))
        return json.loads((self.folder / f"{name}.json").read_text())

    def train(self, data, *words, name="run", **how):
        return self.run_command("train", data, "small.toml", "--model", f"{name}.safetensors", "--output", f"{name}.h5",
                                *words, name=name, **how)

    def tensors(self, name):
        """Arrays of a safetensors file, and its metadata."""
        content = (self.folder / name).read_bytes()
        size, = struct.unpack("<Q", content[:8])
        header = json.loads(content[8:8 + size])
        metadata = header.pop("__metadata__")
        kinds = {"F32": "f4", "F64": "f8", "I64": "i8"}
        return {key: np.frombuffer(content[8 + size:][slice(*entry["data_offsets"])],
                                   kinds[entry["dtype"]]).reshape(entry["shape"])
                for key, entry in header.items() if entry["dtype"] in kinds}, metadata


class Samples(Case):
    """What comes out of a file of samples."""

    def test_results(self):
        summary = self.train("a.csv", "--precision", "f64")
        model = summary["model"]
        self.assertEqual(model["network"], "4 -> 6 tanh -> batch_norm -> 3")
        self.assertEqual((model["features"], model["classes"]), (["p", "q", "r", "s"], list(NAMES)))
        self.assertTrue(summary["engine"].startswith("matrix products"), summary["engine"])
        self.assertIn("'4 -> 6 tanh -> batch_norm -> 3' is not compiled for resident", summary["engine_reason"])
        self.assertNotIn("units", summary)
        self.assertNotIn("thresholds", model)
        self.assertEqual((summary["train"]["samples"], summary["held_out"]["samples"]), (300, 100))
        with h5py.File(self.folder / "run.h5") as file:
            found = file["classifier"]
            self.assertEqual(json.loads(found["features"][()]), ["p", "q", "r", "s"])
            self.assertEqual(json.loads(found["classes"][()]), list(NAMES))
            self.assertNotIn("points", found)
            self.assertNotIn("random", found)
            samples = found["samples"]
            np.testing.assert_array_equal(samples["inputs"][:], self.inputs)
            np.testing.assert_array_equal(samples["raw_class"][:], self.labels)
            chance = samples["probability"][:]
            np.testing.assert_array_equal(samples["predicted_class"][:], chance.argmax(axis=1))
            held_out = samples["held_out"][:] == 1
            self.assertEqual(held_out.sum(), 100)
            np.testing.assert_allclose(model["input_mean"], self.inputs[~held_out].mean(axis=0), rtol=0, atol=1e-14)
            np.testing.assert_allclose(model["input_scale"], self.inputs[~held_out].std(axis=0), rtol=1e-13)
            confusion = np.zeros((3, 3), int)
            np.add.at(confusion, (self.labels[held_out], samples["predicted_class"][held_out]), 1)
            np.testing.assert_array_equal(found["evaluation/held_out/confusion"][:], confusion)
            self.assertEqual(len(found["loss/train"]), 40)
        self.assertGreater(summary["held_out"]["accuracy"], 0.6)

    def test_the_same_samples_written_otherwise(self):
        hashes = {self.train("a.csv")["model"]["state_hash"]}
        names, kinds = ("p", "q", "r", "s", "kind"), [NAMES[k] for k in self.labels]
        for text in ("\ufeff" + csv_text(self.inputs, kinds, names, ";", "\r\n"), csv_text(self.inputs, kinds, names, "\t"),
                     csv_text(self.inputs, self.labels, separator=" "), csv_text(self.inputs, self.labels)):
            self.write("b.txt", text)
            hashes.add(self.train("b.txt")["model"]["state_hash"])
        self.write("b.csv", csv_text(np.column_stack([self.labels, self.inputs]), names=("kind", *names[:-1])))
        hashes.add(self.train("b.csv", "--set", "samples.label=kind")["model"]["state_hash"])
        hashes.add(self.train("b.csv", "--set", "samples.label_column=1")["model"]["state_hash"])
        self.write("c.csv", csv_text(self.inputs, self.labels, "12345"))
        hashes.add(self.train("c.csv", "--set", "samples.header=\"yes\"", "--set",
                              "samples.separator=\"comma\"")["model"]["state_hash"])
        self.assertEqual(len(hashes), 1, hashes)

    def test_predict_and_evaluate(self):
        trained = self.train("a.csv")
        again = self.run_command("evaluate", "a.csv", "run.safetensors", "--output", "again.h5", name="again")
        self.assertTrue(again["same_dataset"])
        for part in ("train", "held_out"):
            self.assertEqual(again[part], trained[part])
        # Columns by their names, without labels.
        self.write("new.csv", csv_text(self.inputs[:, ::-1], names="srqp"))
        summary = self.run_command("predict", "new.csv", "run.safetensors", "--output", "predicted.h5", name="predicted")
        self.assertEqual(summary["points"], 400)
        with h5py.File(self.folder / "run.h5") as ours, h5py.File(self.folder / "predicted.h5") as theirs:
            np.testing.assert_array_equal(ours["classifier/samples/probability"],
                                          theirs["classifier/samples/probability"])
        outcome = self.attempt("predict", "new.csv", "run.safetensors")
        self.assertIn(f"  class eel  {summary['class_counts'][2]}\n", outcome.out)
        other, labels = three_clouds(seed=2)
        self.write("other.csv", csv_text(other, [NAMES[k] for k in labels], ("p", "q", "r", "s", "kind")))
        summary = self.run_command("evaluate", "other.csv", "run.safetensors")
        self.assertFalse(summary["same_dataset"])
        self.assertEqual(summary["held_out"]["samples"], 400)
        self.assertGreater(summary["held_out"]["accuracy"], 0.6)

    def test_sweep(self):
        summary = self.run_command("sweep", "a.csv", "small.toml", "--model", "best.safetensors", "--output", "sweep.h5",
                                   "--set", "sweep.seeds=2", "--set", "sweep.learning_rates=[0.01, 0.1]")
        best = min(summary["models"], key=lambda row: row["held_out"]["negative_log_likelihood"])
        self.assertEqual(summary["best"]["classes"], list(NAMES))
        evaluated = self.run_command("evaluate", "a.csv", "best.safetensors")
        self.assertEqual(evaluated["held_out"], best["held_out"])
        with h5py.File(self.folder / "sweep.h5") as file:
            self.assertIn("samples", file["classifier"])

    def test_pytorch_module_takes_raw_samples(self):
        self.train("a.csv", "--precision", "f64")
        outcome = self.attempt("export", "run.safetensors", "--output", "module.safetensors")
        self.assertEqual((outcome.code, outcome.err), (0, ""))
        arrays, metadata = self.tensors("module.safetensors")
        self.assertEqual(metadata["pytorch.module"],
                         "torch.nn.Sequential(torch.nn.BatchNorm1d(4, affine=False, eps=0.0), torch.nn.Linear(4, 6), "
                         "torch.nn.Tanh(), torch.nn.BatchNorm1d(6), torch.nn.Linear(6, 3)).double()")
        self.assertEqual(json.loads(metadata["features"]), ["p", "q", "r", "s"])
        self.assertEqual(json.loads(metadata["classes"]), list(NAMES))
        with h5py.File(self.folder / "run.h5") as file:
            wanted = file["classifier/samples/probability"][:]
        # The rules of PyTorch's modules in eval mode.
        x = (self.inputs - arrays["0.running_mean"]) / np.sqrt(arrays["0.running_var"])
        x = np.tanh(x @ arrays["1.weight"].T + arrays["1.bias"])
        x = (x - arrays["3.running_mean"]) / np.sqrt(arrays["3.running_var"] + 1e-5) * arrays["3.weight"] + arrays["3.bias"]
        x = np.exp(x @ arrays["4.weight"].T + arrays["4.bias"])
        np.testing.assert_allclose(x / x.sum(axis=1, keepdims=True), wanted, rtol=0, atol=1e-13)
        try:
            import torch
            from safetensors.torch import load_file
        except ImportError:
            return
        module = eval(metadata["pytorch.module"], {"torch": torch})
        module.load_state_dict(load_file(self.folder / "module.safetensors"))
        module.eval()
        chance = torch.softmax(module(torch.tensor(self.inputs)), dim=1).detach().numpy()
        np.testing.assert_allclose(chance, wanted, rtol=0, atol=1e-13)

    def test_two_gaussians_of_five_features_are_told_apart_as_well_as_can_be(self):
        # Equal covariances: the best guess errs with probability Phi(-Delta / 2), Delta the Mahalanobis distance, and is
        # linear. Of 20,000 samples 10,000 are held out: the number of right ones is binomial.
        random = np.random.default_rng(5)
        number, distance = 20000, 2.0
        spread = np.tril(random.normal(size=(5, 5)), -1) + np.diag([1, 2, 0.5, 3, 1])
        direction = np.array([1, -1, 1, 1, -1]) / np.sqrt(5)
        labels = random.integers(2, size=number)
        white = random.normal(size=(number, 5)) + np.outer(labels - 0.5, distance * direction)
        inputs = white @ spread.T + [10, 0, -3, 100, 1]
        best = 1 - normal_below(-distance / 2)
        self.assertAlmostEqual(best, 0.841345, places=6)
        right = ((white @ direction > 0) == (labels == 1)).mean()
        deviation = math.sqrt(best * (1 - best) / number)
        self.assertLess(abs(right - best), 4 * deviation)  # the samples are what they should be
        self.write("gauss.csv", csv_text(inputs, labels))
        for hidden in ("[]", "[8]"):
            with self.subTest(hidden=hidden):
                summary = self.train("gauss.csv", "--set", f"network.hidden={hidden}", "--set", "data.held_out=0.5",
                                     "--set", "training.epochs=30", "--set", "training.batch=250")
                self.assertEqual(summary["model"]["network"],
                                 "5 -> 2" if hidden == "[]" else "5 -> 8 tanh -> batch_norm -> 2")
                # Four standard deviations, 0.015: once in 16,000 seeds, and this one is fixed. What 10,000 samples leave
                # unknown of six or 66 parameters costs less than 0.002.
                held_out = summary["held_out"]
                self.assertEqual(held_out["samples"], 10000)
                self.assertLess(abs(held_out["accuracy"] - best), 4 * math.sqrt(best * (1 - best) / 10000))


class SampleBits(Case):
    """The same bits on any number of threads and after a restart."""

    def test_threads(self):
        for precision in ("f32", "f64"):
            found = {self.train("a.csv", "--precision", precision, "--topology", "off",
                                threads=threads)["model"]["state_hash"] for threads in (1, 2, 3)}
            self.assertEqual(len(found), 1, found)

    def test_restart(self):
        words = ("--set", "training.patience=30", "--set", "network.dropout=0.1")
        whole = self.train("a.csv", *words, name="whole")
        part = self.train("a.csv", *words, "--set", "training.epochs=17", "--set", "checkpoint.every=17", name="part")
        self.assertEqual(part["model"]["epochs"], 17)
        resumed = self.train("a.csv", *words, "--resume", name="part")
        self.assertEqual(resumed["model"], whole["model"])
        with h5py.File(self.folder / "whole.h5") as one, h5py.File(self.folder / "part.h5") as other:
            for name in ("loss/train", "loss/held_out", "samples/probability"):
                np.testing.assert_array_equal(one["classifier"][name], other["classifier"][name])

    def test_signal(self):
        process = self.start("train", "a.csv", "small.toml", "--quiet", "--model", "run.safetensors", "--set",
                             "training.epochs=100000000", "--set", "checkpoint.every=50")
        checkpoint = self.folder / "run.checkpoint.safetensors"
        deadline = time.monotonic() + PATIENCE
        while not checkpoint.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        outcome = self.end(process)
        self.assertEqual(outcome.code, 128 + signal.SIGTERM, outcome.err)
        _, metadata = self.tensors("run.checkpoint.safetensors")
        self.assertEqual(json.loads(metadata["classifier"])["classes"], list(NAMES))

    def test_other_samples_do_not_go_on(self):
        self.train("a.csv", "--set", "checkpoint.every=40")
        text = (self.folder / "a.csv").read_text()
        lines = text.splitlines(keepends=True)
        swapped = "".join([lines[0], lines[2], lines[1], *lines[3:]])
        for changed in (text.replace("cat", "cow"), text.replace("p,q", "p,x", 1), swapped):
            self.write("a.csv", changed)
            outcome = self.attempt("train", "a.csv", "small.toml", "--quiet", "--resume", "--model", "run.safetensors")
            self.assertEqual(outcome.code, 65, outcome.err)
            self.assertIn("the hash of the data", outcome.err)

    def test_one_rank_is_enough(self):
        if not options.launcher:
            self.skipTest("built without MPI")
        outcome = self.attempt("train", "a.csv", "small.toml", "--quiet", ranks=2)
        self.assertEqual(outcome.code, 64, outcome.err)
        self.assertIn("runs as one rank, but was started as 2", outcome.err)


class BadSamples(Case):
    """One clear message on standard error, an exit code, and nothing written."""

    def refuse(self, *words, code=65, says):
        before = {path.name for path in self.folder.iterdir()}
        outcome = self.attempt(*words, "--quiet", "--output", "none.h5", "--summary", "none.json")
        self.assertEqual(outcome.code, code, outcome.err)
        errors = [line for line in outcome.err.splitlines() if line.startswith("kramers-classify: ")]
        self.assertEqual(len(errors), 1, outcome.err)
        for part in [says] if isinstance(says, str) else says:
            self.assertIn(part, errors[0])
        self.assertEqual({path.name for path in self.folder.iterdir()}, before)

    def test_files(self):
        for text, says in (("", "bad.csv: holds no samples"),
                           ("a,b,c\n1,2,0\n3,1\n", "bad.csv:3: has 2 fields, but line 1 has 3"),
                           ("a,b,c\n1,2,0\n3,nan,1\n", "bad.csv:3: invalid column 2 ('b'): got 'nan'"),
                           ("a,b,c\n1,2,0\n3,,1\n", "bad.csv:3: invalid column 2 ('b'): got nothing"),
                           ("1,2,0\n3,4,2\n", "bad.csv: has no sample of class 1"),
                           ("a,b,c\n1,2,\x1b[31m0\n1,2,1\n", "bad.csv:3: invalid label: got '1'; expected a name, as "
                                                             "'\\x1b[31m0' in line 2"),
                           ("1,0\n2,1\n3,1\n", ("bad.csv: cannot be learnt so", "batch"))):
            with self.subTest(says=says):
                self.write("bad.csv", text)
                self.refuse("train", "bad.csv", "small.toml", says=says)
        self.refuse("train", "absent.csv", "small.toml", says=("absent.csv", "No such file"))

    def test_keys(self):
        for assignment, says in (("classes.count=3", "'classes' is for spread maps"),
                                 ("random_points.count=10", "'random_points' is for spread maps"),
                                 ("samples.header=\"maybe\"", "'samples.header'"),
                                 ("samples.separator=\",\"", "'samples.separator'"),
                                 ("samples.label_column=0", "'samples.label_column'"),
                                 ("samples.label_column=9", "has 5 columns, but the labels are in column 9"),
                                 ("samples.label=none", "has no column 'none', which samples.label names"),
                                 ("samples.labels=kind", "'samples.labels'")):
            with self.subTest(assignment):
                self.refuse("train", "a.csv", "small.toml", "--set", assignment, says=says)
        self.refuse("train", "a.h5", "small.toml", "--set", "samples.header=\"no\"", says="'samples' is for files of samples")

    def test_models(self):
        self.train("a.csv")
        (self.folder / "map.h5").write_bytes((self.folder / "run.h5").read_bytes())
        for command in ("predict", "evaluate"):
            self.refuse(command, "map.h5", "run.safetensors", says="map.h5: is no file of samples by its ending")
        self.write("few.csv", "p,q,r,kind\n1,2,3,cat\n")
        self.refuse("evaluate", "few.csv", "run.safetensors", says="few.csv:1: has no column 's', a feature of the model")
        self.write("bare.csv", "p,q,r,s\n1,2,3,4\n")
        self.refuse("evaluate", "bare.csv", "run.safetensors", says="bare.csv: has no labels to compare with")
        self.write("cow.csv", "p,q,r,s,kind\n1,2,3,4,cow\n")
        self.refuse("evaluate", "cow.csv", "run.safetensors",
                    says="cow.csv:2: invalid label: got 'cow'; expected one of the classes of the model")


if __name__ == "__main__":
    if h5py is None:
        print("skipped: this Python has no h5py")
        sys.exit(77)
    unittest.main(argv=[sys.argv[0], *unittest_words])

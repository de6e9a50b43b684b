# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""kramers-classify as its users meet it: what it learns, restarts, bad input, files."""
import argparse
import contextlib
import json
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
import zlib

try:
    import h5py
    import numpy as np
except ImportError:
    h5py = None

# Longer than anything here takes, even with sanitizers on a busy machine: only a program that hangs gets there.
PATIENCE = 120
SOURCE = Path(__file__).resolve().parents[2]
SHIPPED = SOURCE / "apps" / "classify" / "spread.toml"

parser = argparse.ArgumentParser()
parser.add_argument("--program", default="kramers-classify")
parser.add_argument("--spread", default="kramers-spread")
parser.add_argument("--launcher", action="append", default=[],
                    help="a word of what starts several ranks; NP stands for their number")
options, unittest_words = parser.parse_known_args()


def environment():
    return {**os.environ, "OMP_NUM_THREADS": "1", "OMP_PROC_BIND": "false", "OMP_WAIT_POLICY": "passive"}


def with_checksum(content):
    """The bytes of a model file with the checksum that fits the rest of them."""
    key = b'"kramers.checksum":"'
    digits = content.index(key) + len(key)
    checksum = zlib.crc32(content[:digits] + b"00000000" + content[digits + 8:])
    return content[:digits] + f"{checksum:08x}".encode() + content[digits + 8:]


def setUpModule():
    folder = tempfile.TemporaryDirectory(prefix="kramers-classify-")
    unittest.addModuleCleanup(folder.cleanup)
    Case.dataset = Path(folder.name) / "spread.h5"
    subprocess.run([options.spread, SOURCE / "apps" / "spread" / "double_well.toml", "--quiet", "--output", Case.dataset],
                   env=environment(), check=True)


# Epochs whose held-out loss a history has, ten per decade.
CHECKED = sorted({int(10**(k / 10) + 1e-9) for k in range(41)})


def by_pytorchs_rules(arrays, x):
    """Softmax of Sequential(BatchNorm1d without weights and eps, Linear, Tanh, BatchNorm1d, Linear) in eval mode, as
    PyTorch documents these modules."""
    x = (x - arrays["0.running_mean"]) / np.sqrt(arrays["0.running_var"])
    x = np.tanh(x @ arrays["1.weight"].T + arrays["1.bias"])
    x = (x - arrays["3.running_mean"]) / np.sqrt(arrays["3.running_var"] + 1e-5) * arrays["3.weight"] + arrays["3.bias"]
    x = np.exp(x @ arrays["4.weight"].T + arrays["4.bias"])
    return x / x.sum(axis=1, keepdims=True)


class Outcome:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err


class Case(unittest.TestCase):
    """A folder of its own, with the dataset of the shipped spread map in it."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="kramers-classify-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        shutil.copy(self.dataset, self.folder / "spread.h5")
        shutil.copy(SHIPPED, self.folder / "model.toml")

    def start(self, *words, ranks=1):
        launch = [word.replace("NP", str(ranks)) for word in options.launcher] if ranks > 1 else []
        return subprocess.Popen([*launch, options.program, *map(str, words)], cwd=self.folder, env=environment(),
                                text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def end(self, process):
        try:
            out, err = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            self.fail(f"hangs: {process.args}: {process.communicate()[1]}")
        return Outcome(process.returncode, out, err)

    def attempt(self, *words, **how):
        return self.end(self.start(*words, **how))

    def run_command(self, command, *words, name="run"):
        """Run to the end; the summary."""
        outcome = self.attempt(command, *words, "--quiet", "--summary", f"{name}.json")
        self.assertEqual((outcome.code, outcome.err), (0, ""))
        return json.loads((self.folder / f"{name}.json").read_text())

    def train(self, *words, name="run"):
        return self.run_command("train", "spread.h5", "model.toml", "--model", f"{name}.safetensors", "--output",
                                f"{name}.h5", *words, name=name)

    def tensors(self, name):
        """Bytes of the arrays of a model file, and its metadata."""
        content = (self.folder / name).read_bytes()
        size, = struct.unpack("<Q", content[:8])
        header = json.loads(content[8:8 + size])
        metadata = header.pop("__metadata__")
        return {key: (entry["dtype"], entry["shape"], content[8 + size:][slice(*entry["data_offsets"])])
                for key, entry in header.items()}, metadata

    def numbers(self, name):
        found = {}
        with h5py.File(self.folder / name) as file:
            file["classifier"].visititems(lambda path, item: found.update({path: item[()].tobytes()})
                                          if isinstance(item, h5py.Dataset) else None)
        return found


class Learning(Case):
    """What comes out of the shipped input."""

    def test_shipped_input_gives_its_accuracy(self):
        # The number of samples that are told right is the same for both precisions and all ways to compute.
        hashes = {"f32": "0xb42ffdd836836277", "f64": "0x9615591f866f6a11"}
        for precision, expected in hashes.items():
            with self.subTest(precision):
                summary = self.train("--precision", precision)
                if summary["engine"] == "resident":  # the same bits on every machine; matrix products have those of a library
                    self.assertEqual(summary["model"]["state_hash"], expected)
                self.assertEqual(summary["model"]["network"], "2 -> 8 tanh -> batch_norm -> 3")
                self.assertEqual(summary["model"]["precision"], precision)
                self.assertEqual((summary["model"]["epochs"], summary["model"]["steps"]), (1000, 5000))
                held_out = summary["held_out"]
                self.assertEqual((held_out["correct"], held_out["samples"]), (169, 208))
                self.assertEqual(held_out["accuracy"], 0.8125)
                self.assertEqual((summary["train"]["correct"], summary["train"]["samples"]), (497, 625))
                self.assertAlmostEqual(held_out["negative_log_likelihood"], 0.4675, delta=5e-5)
                self.assertEqual(sum(held_out["confusion"]), 208)

    def test_file(self):
        summary = self.train("--set", "training.epochs=50")
        with h5py.File(self.folder / "run.h5") as file, h5py.File(self.folder / "spread.h5") as source:
            self.assertEqual(file.attrs["app"], "kramers-classify")
            summary.pop("placement", None)  # stands in the summary file alone
            self.assertEqual(json.loads(file["summary"][()]), summary)
            self.assertIn("training.epochs=50", file.attrs["input"])
            points = file["classifier/points"]
            for name in ("position", "velocity", "spread"):
                np.testing.assert_array_equal(points[name][:], source[f"spread/{name}"][:])
            spread = points["spread"][:]
            thresholds = file["classifier"].attrs["thresholds"]
            np.testing.assert_allclose(thresholds, np.quantile(spread, [1 / 3, 2 / 3]), rtol=1e-15)
            np.testing.assert_array_equal(points["raw_class"][:], np.searchsorted(thresholds, spread, side="right"))
            chance = points["probability"][:]
            np.testing.assert_allclose(chance.sum(axis=1), 1, rtol=1e-15)
            np.testing.assert_array_equal(points["predicted_class"][:], chance.argmax(axis=1))
            held_out = points["held_out"][:] == 1
            self.assertEqual(held_out.sum(), 208)
            # What is held out has no part in how inputs are scaled.
            inputs = np.column_stack([points["position"], points["velocity"]])[~held_out]
            np.testing.assert_allclose(summary["model"]["input_mean"], inputs.mean(axis=0), rtol=1e-13)
            np.testing.assert_allclose(summary["model"]["input_scale"], inputs.std(axis=0), rtol=1e-13)
            confusion = np.zeros((3, 3), int)
            np.add.at(confusion, (points["raw_class"][held_out], points["predicted_class"][held_out]), 1)
            evaluation = file["classifier/evaluation/held_out"]
            np.testing.assert_array_equal(evaluation["confusion"][:], confusion)
            self.assertEqual(evaluation["bin_count"][:].sum(), 208)
            likelihood = -np.log(chance[held_out, points["raw_class"][held_out]]).mean()
            self.assertAlmostEqual(evaluation.attrs["negative_log_likelihood"], likelihood, places=13)
            random = file["classifier/random"]
            self.assertEqual(random["probability"].shape, (10000, 3))
            for name in ("position", "velocity"):
                self.assertTrue(-3 <= random[name][:].min() < -2.99 < 2.99 < random[name][:].max() < 3)
            loss = file["classifier/loss"]
            self.assertEqual(list(loss["epoch"]), list(range(1, 51)))
            self.assertEqual(loss["train"][-1], summary["loss"])
            self.assertEqual(list(loss["held_out_epoch"])[:5], [1, 2, 3, 5, 6])
            self.assertEqual(loss["held_out_epoch"][-1], 50)
            self.assertEqual(loss["held_out_accuracy"][-1], summary["held_out"]["accuracy"])

    def test_model_can_be_read_by_pytorch_names(self):
        self.train("--set", "training.epochs=5")
        arrays, metadata = self.tensors("run.safetensors")
        self.assertLessEqual({"0.weight", "0.bias", "2.weight", "2.bias", "2.running_mean", "2.running_var", "3.weight",
                              "3.bias"}, set(arrays))
        self.assertEqual(arrays["0.weight"][:2], ("F32", [8, 2]))
        self.assertIn("classifier", metadata)
        self.assertEqual(json.loads(metadata["provenance"])["app"], "kramers-classify")

    def test_predict_and_evaluate_repeat_what_training_said(self):
        trained = self.train("--set", "training.epochs=50")
        self.run_command("predict", "spread.h5", "run.safetensors", "--output", "predicted.h5", name="predicted")
        again = self.run_command("evaluate", "spread.h5", "run.safetensors", "--output", "again.h5", name="again")
        self.assertTrue(again["same_dataset"])
        for part in ("train", "held_out"):
            self.assertEqual(again[part], trained[part])
        with h5py.File(self.folder / "run.h5") as ours, h5py.File(self.folder / "predicted.h5") as theirs:
            np.testing.assert_array_equal(ours["classifier/points/probability"], theirs["classifier/points/probability"])
        with h5py.File(self.folder / "spread.h5", "r+") as file:
            del file["spread/spread"]
        summary = self.run_command("predict", "spread.h5", "run.safetensors")
        self.assertEqual(sum(summary["class_counts"]), 833)

    def test_another_dataset_is_evaluated_as_a_whole(self):
        self.train("--set", "training.epochs=50")
        subprocess.run([options.spread, SOURCE / "apps" / "spread" / "double_well.toml", "--quiet", "--output",
                        self.folder / "other.h5", "--set", "spread.seed=8"], env=environment(), check=True)
        other = self.run_command("evaluate", "other.h5", "run.safetensors")
        self.assertFalse(other["same_dataset"])
        self.assertIsNone(other["train"])
        self.assertEqual(other["held_out"]["samples"], 833)
        self.assertGreater(other["held_out"]["accuracy"], 0.6)

    def test_units_are_those_of_the_dataset(self):
        reduced = self.train("--set", "training.epochs=2")
        self.assertEqual(reduced["units"]["system"], "reduced")
        subprocess.run([options.spread, SOURCE / "apps" / "spread" / "double_well.toml", "--quiet", "--output",
                        self.folder / "md.h5", "--set", "units.system=md", "--set", "integrator.temperature=50 K"],
                       env=environment(), check=True)
        shutil.copy(self.folder / "md.h5", self.folder / "spread.h5")
        wanted = {"system": "md", "length": "nm", "time": "ps"}
        self.assertEqual(self.train("--set", "training.epochs=2", "--overwrite")["units"], wanted)
        self.assertEqual(self.run_command("predict", "md.h5", "run.safetensors")["units"], wanted)
        with h5py.File(self.folder / "md.h5", "r+") as file:
            file.attrs["units"] = np.bytes_("cubits")
        outcome = self.attempt("predict", "md.h5", "run.safetensors")
        self.assertEqual(outcome.code, 65)
        self.assertIn("md.h5: names units that are none: cubits", outcome.err)

    def test_sweep_has_a_row_for_each_and_keeps_the_best(self):
        summary = self.run_command("sweep", "spread.h5", "model.toml", "--model", "best.safetensors", "--output",
                                   "sweep.h5", "--set", "training.epochs=60", "--set", "sweep.seeds=4", "--set",
                                   "sweep.learning_rates=[0.03, 0.1]", "--set", "data.held_out=0.8", "--set",
                                   "training.weight_decay=1e-3")
        models = summary["models"]
        self.assertEqual([(row["learning_rate"], row["seed"]) for row in models],
                         [(rate, seed) for rate in (0.03, 0.1) for seed in (1, 2, 3, 4)])
        best = min(models, key=lambda row: row["held_out"]["negative_log_likelihood"])
        self.assertEqual((summary["best"]["seed"], summary["best"]["learning_rate"]),
                         (best["seed"], best["learning_rate"]))
        # Few samples to learn from: the model that fits them best is another one.
        self.assertIsNot(best, min(models, key=lambda row: row["train"]["negative_log_likelihood"]))
        evaluated = self.run_command("evaluate", "spread.h5", "best.safetensors")
        self.assertEqual(evaluated["held_out"], best["held_out"])
        alone = self.train("--set", "training.epochs=60", "--set", f"training.seed={best['seed']}", "--set",
                           f"training.learning_rate={best['learning_rate']}", "--set", "data.held_out=0.8", "--set",
                           "training.weight_decay=1e-3")
        self.assertEqual(alone["held_out"], best["held_out"])
        with h5py.File(self.folder / "sweep.h5") as file:
            table = file["classifier/sweep"]
            self.assertEqual(models[table.attrs["best"]], best)
            np.testing.assert_array_equal(table["held_out_accuracy"], [row["held_out"]["accuracy"] for row in models])

    def test_history_ends_where_patience_ended_the_training(self):
        summary = self.train("--set", "training.patience=4", "--set", "training.learning_rate=0.1")
        with h5py.File(self.folder / "run.h5") as file:
            history = {name: file["classifier/loss"][name][()] for name in ("held_out_epoch", "held_out")}
        self.assertEqual(history["held_out_epoch"][-1], summary["model"]["epochs"])
        self.assertNotIn(summary["model"]["epochs"], (1000, *CHECKED))
        self.assertEqual(history["held_out"][-1], summary["held_out"]["negative_log_likelihood"])

    def test_pytorch_module_takes_raw_points(self):
        for precision, tolerance in (("f32", 3e-6), ("f64", 1e-13)):
            with self.subTest(precision=precision):
                self.train("--set", "training.epochs=50", "--precision", precision)
                outcome = self.attempt("export", "run.safetensors", "--output", "module.safetensors")
                self.assertEqual((outcome.code, outcome.err), (0, ""))
                arrays, metadata = self.tensors("module.safetensors")
                module = ("torch.nn.Sequential(torch.nn.BatchNorm1d(2, affine=False, eps=0.0), torch.nn.Linear(2, 8), "
                          "torch.nn.Tanh(), torch.nn.BatchNorm1d(8), torch.nn.Linear(8, 3))")
                self.assertEqual(metadata["pytorch.module"], module + (".double()" if precision == "f64" else ""))
                self.assertIn("module = " + metadata["pytorch.module"], outcome.out)
                # The names of that module's state_dict, and no others.
                self.assertEqual(set(arrays),
                                 {f"{i}.{name}" for i in (0, 3) for name in ("running_mean", "running_var",
                                                                             "num_batches_tracked")} |
                                 {f"{i}.{name}" for i in (1, 3, 4) for name in ("weight", "bias")})
                found = {name: np.frombuffer(data, {"F32": "f4", "F64": "f8", "I64": "i8"}[dtype]).reshape(shape)
                         for name, (dtype, shape, data) in arrays.items()}
                with h5py.File(self.folder / "run.h5") as file:
                    points = file["classifier/points"]
                    raw = np.stack([points["position"], points["velocity"]], axis=1)
                    wanted = points["probability"][()]
                np.testing.assert_allclose(by_pytorchs_rules(found, raw), wanted, rtol=0, atol=tolerance)

    def test_results_are_told(self):
        outcome = self.attempt("train", "spread.h5", "model.toml", "--set", "training.epochs=20")
        self.assertEqual(outcome.code, 0, outcome.err)
        for text in ("2 -> 8 tanh -> batch_norm -> 3", "208 held out", "20 epochs, 100 steps", "accuracy"):
            self.assertIn(text, outcome.out)
        self.assertRegex(outcome.err, r"train, loss \d\.\d+: 100\.0 %.* epochs/s|train, loss \d\.\d+: 100\.0 %.* kepochs/s")
        self.assertEqual(self.attempt("train", "spread.h5", "model.toml", "--quiet").out, "")


class Restart(Case):
    """A run that was stopped goes on as if it had not been."""

    endless = ("--set", "training.epochs=100000000", "--set", "checkpoint.every=500", "--model", "run.safetensors")

    def stop(self, number):
        process = self.start("train", "spread.h5", "model.toml", *self.endless, "--quiet")
        checkpoint = self.folder / "run.checkpoint.safetensors"
        deadline = time.monotonic() + PATIENCE
        while not checkpoint.exists() and time.monotonic() < deadline:
            time.sleep(0.001)
        process.send_signal(number)
        return self.end(process)

    def compare(self):
        epoch = struct.unpack("<q", self.tensors("run.checkpoint.safetensors")[0]["train.epoch"][2])[0]
        end = ("--set", f"training.epochs={epoch + 137}")
        self.train("--resume", *end)
        self.train(*end, name="whole")
        self.assertEqual(self.tensors("run.safetensors")[0], self.tensors("whole.safetensors")[0])
        self.assertEqual(self.numbers("run.h5"), self.numbers("whole.h5"))

    def test_signals_leave_a_checkpoint(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
            with self.subTest(signal=number.name):
                (self.folder / "run.checkpoint.safetensors").unlink(missing_ok=True)
                outcome = self.stop(number)
                self.assertEqual(outcome.code, 128 + number, outcome.err)
                self.assertIn("stopped by signal", outcome.err)
                self.assertIn("--resume", outcome.err)
                self.assertFalse((self.folder / "run.safetensors").exists())
                self.compare()
                (self.folder / "run.safetensors").unlink()

    def test_kill_at_any_moment(self):
        self.assertEqual(self.stop(signal.SIGKILL).code, -signal.SIGKILL)
        self.compare()

    def test_another_run_is_not_gone_on_with(self):
        self.train("--set", "training.epochs=30", "--set", "checkpoint.every=10")
        for words, says in ((("--set", "training.learning_rate=0.5"), "training.learning_rate"),
                            (("--precision", "f64"), "precision"), (("--set", "data.held_out=0.5"), "data.held_out"),
                            (("--set", "training.epochs=20"), "training.epochs")):
            with self.subTest(says):
                outcome = self.attempt("train", "spread.h5", "model.toml", "--model", "run.safetensors", "--resume", *words)
                self.assertEqual(outcome.code, 65, outcome.err)
                self.assertIn(says, outcome.err)


class BadInput(Case):
    """One clear message on standard error, an exit code, and nothing lost."""

    def refuse(self, command, *words, code, says, **how):
        for name in ("earlier.h5", "earlier.safetensors", "earlier.json"):
            (self.folder / name).write_bytes(b"an earlier result")
        before = self.contents()
        outputs = ["--output", "earlier.h5", "--summary", "earlier.json"]
        outputs += ["--model", "earlier.safetensors"] if command in ("train", "sweep") else []
        outcome = self.attempt(command, *words, "--quiet", *outputs, **how)
        self.assertEqual(outcome.code, code, outcome.err)
        errors = [line for line in outcome.err.splitlines() if line.startswith("kramers-classify: ")]
        self.assertEqual(len(errors), 1, outcome.err)
        for part in [says] if isinstance(says, str) else says:
            self.assertIn(part, errors[0])
        self.assertEqual(outcome.out, "")
        self.assertEqual(self.contents(), before)

    def contents(self):
        return {path.name: path.read_bytes() for path in self.folder.iterdir() if path.is_file()}

    def edit(self, change):
        shutil.copy(self.dataset, self.folder / "bad.h5")
        with h5py.File(self.folder / "bad.h5", "r+") as file:
            change(file["spread"])
        return "bad.h5"

    def replace(self, name, values):
        def change(group):
            del group[name]
            group[name] = values
        return self.edit(change)

    def test_datasets(self):
        good = {name: np.ones(833) for name in ("position", "velocity", "spread")}
        with_nan = good["velocity"].copy()
        with_nan[17] = np.nan
        for command in ("train", "sweep"):
            for file, code, says in (
                    ("absent.h5", 65, ("absent.h5", "No such file")),
                    ("model.toml", 1, ("model.toml", "HDF5")),
                    (self.replace("spread", np.empty(0)), 65, ("bad.h5", "/spread/spread is empty")),
            ):
                with self.subTest(command=command, says=says):
                    self.refuse(command, file, "model.toml", code=code, says=says)
        for name, values, says in (("velocity", with_nan, "not finite at index 17"),
                                   ("spread", np.full(833, np.inf), "not finite at index 0"),
                                   ("position", np.ones((833, 1)), "2 dimensions"),
                                   ("velocity", np.ones(832), "832 values"),
                                   ("spread", np.ones(833), "classes")):
            with self.subTest(name=name, says=says):
                self.refuse("train", self.replace(name, values), "model.toml", code=65, says=("bad.h5", says))
        self.refuse("train", self.edit(lambda group: group.pop("position")), "model.toml", code=65,
                    says=("bad.h5", "no dataset /spread/position"))

        def dangling(group):
            del group["position"]
            group["position"] = h5py.SoftLink("/absent")

        self.refuse("train", self.edit(dangling), "model.toml", code=65, says=("bad.h5", "no dataset /spread/position"))

        def created(**how):
            def change(group):
                del group["velocity"]
                group.create_dataset("velocity", **how)
            return self.edit(change)

        # What a file claims is compared with its size before memory is taken.
        for how in ({"shape": (2**60,), "dtype": "f8", "chunks": (2**20,), "compression": "gzip"},
                    {"shape": (2**61 + 1,), "dtype": "f8", "chunks": (2**20,)},
                    {"shape": (833,), "dtype": "f8", "external": [("model.toml", 0, 8 * 833)]},
                    {"shape": (833,), "dtype": "f8", "chunks": (10,)}):
            with self.subTest(how=how):
                self.refuse("train", created(**how), "model.toml", code=1, says=("bad.h5", "'/spread/velocity'"))
        for how in ({"data": np.ones(833, "f4")}, {"data": ["text"] * 833}):
            self.refuse("train", created(**how), "model.toml", code=1, says=("bad.h5", "in another type than double"))

    def test_fewer_classes_than_asked(self):
        def train(*sets, code=65, says):
            words = [word for assignment in sets for word in ("--set", assignment)]
            self.refuse("train", "spread.h5", "model.toml", *words, code=code, says=says)

        train("classes.thresholds=[0.1, 9.0]", says=("spread.h5", "no point of class 2 of 3"))
        train("classes.count=900", says=("spread.h5", "classes"))
        train("classes.count=4", "classes.thresholds=[0.1, 0.2]", says="'classes.count'")
        train("classes.thresholds=[0.2, 0.1]", "classes.count=3", says="'classes.thresholds'")

    def test_impossible_values(self):
        for assignment in ("network.hidden=[0]", "network.hidden=[8, -1]", "network.activation=\"sigmund\"",
                           "network.dropout=1", "classes.count=1", "data.held_out=1", "training.epochs=0",
                           "training.batch=0", "training.learning_rate=0", "training.learning_rate=-1",
                           "training.learning_rate=nan", "training.optimizer=\"adamant\"", "training.beta1=1",
                           "training.engine=\"shortcut\"", "training.seed=-1", "training.weight_decay=-1", "sweep.seeds=0",
                           "sweep.learning_rates=[]", "sweep.learning_rates=[0.0]", "random_points.count=0",
                           "random_points.upper=[-4, 1]", "checkpoint.every=-1", "network.hiden=[8]"):
            with self.subTest(assignment):
                self.refuse("train", "spread.h5", "model.toml", "--set", assignment, code=65,
                            says=f"'{assignment.split('=')[0]}'")

    def test_batches(self):
        for batch, says in ((626, "at most the number of samples, 625"), (1, "batch_norm needs two"),
                            (104, "batch_norm needs two")):  # 6 * 104 + 1
            self.refuse("train", "spread.h5", "model.toml", "--set", f"training.batch={batch}", code=65,
                        says=("batch", says))

    def test_export_wants_a_model_and_a_place(self):
        self.train("--set", "training.epochs=2")
        for words, code, says in (("spread.h5 --output module.safetensors", 1, "spread.h5"),
                                  ("run.safetensors", 64, "add --output FILE.safetensors"),
                                  ("run.safetensors --output run.safetensors", 64, "MODEL")):
            with self.subTest(words=words):
                outcome = self.attempt("export", *words.split())
                self.assertEqual((outcome.code, len(outcome.err.splitlines())), (code, 1), outcome.err)
                self.assertIn(says, outcome.err)

    def test_loss_that_is_not_finite(self):
        # Without batch_norm and with huge steps the logits overflow.
        wild = ("--set", "network.batch_norm=false", "--set", "network.activation=\"relu\"", "--set",
                "training.optimizer=\"sgd\"", "--set", "training.learning_rate=1e9", "--set", "sweep.learning_rates=[1e9]")
        for command in ("train", "sweep"):
            self.refuse(command, "spread.h5", "model.toml", *wild, code=1,
                        says=("loss is not finite at step ", "learning rate 1"))

    def test_a_checkpoint_outlives_a_loss_that_is_not_finite(self):
        self.train("--set", "training.epochs=20", "--set", "checkpoint.every=20")
        checkpoint = self.folder / "run.checkpoint.safetensors"
        before = checkpoint.read_bytes()
        outcome = self.attempt("train", "spread.h5", "model.toml", "--quiet", "--model", "run.safetensors",
                               "--set", "checkpoint.every=20", "--set", "network.batch_norm=false", "--set",
                               "network.activation=\"relu\"", "--set", "training.optimizer=\"sgd\"", "--set",
                               "training.learning_rate=1e9")
        self.assertEqual(outcome.code, 1, outcome.err)
        self.assertEqual(checkpoint.read_bytes(), before)

    def test_models(self):
        self.train("--set", "training.epochs=3")
        good = (self.folder / "run.safetensors").read_bytes()

        def refuse(content, says, code=1):
            (self.folder / "bad.safetensors").write_bytes(content)
            for command in ("predict", "evaluate"):
                with self.subTest(command=command, says=says):
                    self.refuse(command, "spread.h5", "bad.safetensors", code=code, says=says)

        refuse(good[:len(good) - 4], "bad.safetensors")
        refuse(good[:5], "bad.safetensors")
        refuse(struct.pack("<Q", 1 << 40) + good[8:], "bad.safetensors")
        refuse(good.replace(b'"F32"', b'"F16"', 1), "bad.safetensors")
        # Whatever is damaged is seen; and what a file with the right checksum says is not believed either.
        for old, new, says in ((b"classifier", b"classicist", "classifier"), (b"input_scale", b"input_scald", "input_scale")):
            bad = good.replace(old, new, 1)
            refuse(bad, ("bad.safetensors", "damaged", "checksum"))
            refuse(with_checksum(bad), ("bad.safetensors", says), code=65)
        mean = good.index(b"input_mean") + len(b'input_mean\\":[')
        digit = next(at for at in range(mean, len(good)) if good[at:at + 1].isdigit())
        refuse(good[:digit] + bytes([good[digit] ^ 1]) + good[digit + 1:], ("bad.safetensors", "damaged"))
        refuse(good.replace(b"kramers.checksum", b"kramers.checkrum", 1), ("bad.safetensors", "no 'kramers.checksum'"))
        refuse(b"", "bad.safetensors")
        self.refuse("predict", "spread.h5", "absent.safetensors", code=65, says="No such file")

    def test_command_line(self):
        self.refuse("learn", code=64, says=("got learn", "train, predict, evaluate, sweep"))
        self.refuse("train", "spread.h5", code=64, says="INPUT is required")
        self.refuse("predict", "spread.h5", "run.safetensors", "--set", "a=1", code=64, says="--set")
        self.refuse("train", "spread.h5", "model.toml", "--space", "abacus", code=64, says="abacus")
        self.refuse("train", "spread.h5", "absent.toml", code=65, says="absent.toml")
        self.assertEqual(self.attempt().code, 64)
        help_text = self.attempt("train", "--help")
        self.assertEqual((help_text.code, help_text.err), (0, ""))
        self.assertIn("--model", help_text.out)

    def test_outputs_that_cannot_be_written(self):
        for option in ("--output", "--summary", "--model"):
            outcome = self.attempt("train", "spread.h5", "model.toml", "--quiet", option, "absent/file")
            self.assertEqual(outcome.code, 1, outcome.err)
            self.assertIn("the folder absent does not exist", outcome.err)
        with contextlib.suppress(FileNotFoundError):
            self.fail(f"left behind: {list((self.folder / 'absent').iterdir())}")

    def test_one_rank_is_enough(self):
        if not options.launcher:
            self.skipTest("built without MPI")
        self.refuse("train", "spread.h5", "model.toml", code=64, says="runs as one rank, but was started as 2", ranks=2)


class Adaptive(Case):
    """kramers-spread --adaptive=classifier: members where the classifier is least sure."""

    small = ("--set", "adaptive.repeats=2", "--set", "adaptive.rounds=3", "--set", "adaptive.models=2", "--set",
             "training.epochs=30", "--set", "adaptive.reference_batches=8", "--precision", "f32")

    def loop(self, *words, **how):
        launch = [word.replace("NP", str(how["ranks"])) for word in options.launcher] if "ranks" in how else []
        return self.end(subprocess.Popen([*launch, options.spread, SOURCE / "apps" / "spread" / "double_well.toml",
                                          "--quiet", "--adaptive=classifier", *self.small, *words], cwd=self.folder,
                                         env=environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE))

    def test_loop_reports_what_it_saves(self):
        found = []
        for name in ("one", "again"):
            outcome = self.loop("--summary", f"{name}.json", "--output", f"{name}.h5")
            self.assertEqual((outcome.code, outcome.err), (0, ""))
            found.append(json.loads((self.folder / f"{name}.json").read_text())["classifier"])
        one = found[0]
        self.assertEqual(one, found[1])
        self.assertEqual(one["steps"], [3200, 4800, 6400, 8000])  # (32 + 16 round) batches of 10 members of 10 steps
        self.assertEqual(one["uniform"][0], one["adaptive"][0])  # both begin with the same points
        self.assertNotEqual(one["uniform"], one["adaptive"])
        self.assertEqual(one["held_out"], 208)
        self.assertEqual(one["accuracy"], min(max(one["uniform"]), max(one["adaptive"])))
        self.assertAlmostEqual(one["saving"], one["uniform_steps"] / one["adaptive_steps"])
        for steps in (one["uniform_steps"], one["adaptive_steps"]):
            self.assertTrue(3200 <= steps <= 8000)
        with h5py.File(self.folder / "one.h5") as file:
            # 32 at first and 16 in each of 3 rounds, twice; none for the points held out.
            batches = file["adaptive/batches"][:]
            self.assertEqual((batches.size, batches.sum()), (833, 2 * 80))
            self.assertLessEqual((batches > 0).sum(), 625)
            self.assertEqual(list(file["adaptive/uniform"]), one["uniform"])

    def test_what_cannot_be_done_is_refused(self):
        for words, code, says in ((("--set", "spread.adaptive.tolerance=0.01"), 65, "'spread.adaptive'"),
                                  (("--set", "data.held_out=0"), 65, "'data.held_out'"),
                                  (("--set", "adaptive.initial=1"), 65, "'adaptive.initial'"),
                                  (("--set", "adaptive.per_round=900"), 65, "'adaptive.per_round'"),
                                  (("--set", "adaptive.rounds=7000"), 65, "'adaptive.rounds'"),
                                  (("--set", "adaptive.raunds=7"), 65, "'adaptive.raunds'"),
                                  (("--output", "absent/a.h5"), 1, "the folder absent does not exist")):
            with self.subTest(words):
                outcome = self.loop(*words)
                self.assertEqual(outcome.code, code, outcome.err)
                self.assertIn(says, outcome.err)
        wrong = subprocess.run([options.spread, "model.toml", "--adaptive=oracle"], cwd=self.folder, env=environment(),
                               capture_output=True, text=True, check=False)
        self.assertEqual(wrong.returncode, 64, wrong.stderr)
        if options.launcher:
            outcome = self.loop(ranks=2)
            self.assertEqual(outcome.code, 64, outcome.err)
            self.assertIn("runs as one rank, but was started as 2", outcome.err)


if __name__ == "__main__":
    if h5py is None:
        print("skipped: this Python has no h5py")
        sys.exit(77)
    unittest.main(argv=[sys.argv[0], *unittest_words])

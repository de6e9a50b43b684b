# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What kramers-classify lets a resumed training change, and what its history says then."""
import json
import shutil
import sys
import unittest

from classify_test import Case, h5py, setUpModule, unittest_words  # setUpModule makes the dataset for this module, too

SGD = ("--set", 'training.optimizer="sgd"', "--set", "training.momentum=0.5", "--set",
       "classes.thresholds=[0.1, 0.2]")

# What a checkpoint stores and a training compares: under the name that messages give it, other values, for each
# optimizer that has it.
CHANGES = {
    "kramers.precision": ("precision", {"adam": [("--precision", "f64")]}),
    "kramers.network": ("network", {"adam": ["network.hidden=[9]", "network.hidden=[8, 8]", "network.batch_norm=false",
                                             "network.dropout=0.1", 'network.activation="relu"']}),
    "kramers.optimizer": ("training.optimizer", {"adam": ['training.optimizer="adamw"', 'training.optimizer="sgd"']}),
    "kramers.momentum": ("training.momentum", {"sgd": ["training.momentum=0.6"]}),
    "kramers.nesterov": ("training.nesterov", {"sgd": ["training.nesterov=true"]}),
    "kramers.beta1": ("training.beta1", {"adam": ["training.beta1=0.8"]}),
    "kramers.beta2": ("training.beta2", {"adam": ["training.beta2=0.9"]}),
    "kramers.epsilon": ("training.epsilon", {"adam": ["training.epsilon=1e-7"]}),
    "kramers.initialisation": ("training.initialisation", {"adam": ['training.initialisation="pytorch"']}),
    "kramers.batch": ("training.batch", {"adam": ["training.batch=100"]}),
    "kramers.patience": ("training.patience", {"adam": ["training.patience=50"]}),
    "train.seed": ("training.seed", {"adam": ["training.seed=2"]}),
    "train.learning_rate": ("training.learning_rate", {"adam": ["training.learning_rate=0.02"],
                                                       "sgd": ["training.learning_rate=0.02"]}),
    "train.weight_decay": ("training.weight_decay", {"adam": ["training.weight_decay=0.1"],
                                                     "sgd": ["training.weight_decay=0.1"]}),
    "thresholds": ("classes.thresholds", {"sgd": ["classes.thresholds=[0.12, 0.2]", "classes.thresholds=[0.1, 0.22]"]}),
    "data_hash": ("the hash of the data", {"adam": [()]}),  # with other data
    "held_out": ("data.held_out", {"adam": ["data.held_out=0.3"]}),
    "split_seed": ("data.seed", {"adam": ["data.seed=4"]}),
    "standardise": ("data.standardise", {"adam": ["data.standardise=false"]}),
}

# What follows from those, what moves while a training goes on, and what says which file this is.
OTHERS = {"kramers.checkpoint", "kramers.checksum", "kramers.loss", "kramers.models", "kramers.version", "format_version",
          "input_mean", "input_scale", "train.epoch", "train.waited", "train.stopped", "train.best_loss"}


class Resume(Case):
    def stored(self):
        """The names of what a checkpoint says of its training."""
        arrays, metadata = self.tensors("run.checkpoint.safetensors")
        return ({key for key in metadata if key.startswith("kramers.")} | set(json.loads(metadata["classifier"])) |
                {name for name in arrays if name.startswith("train.")})

    def other_data(self):
        """The dataset with one number in it that differs by a rounding error."""
        shutil.copy(self.dataset, self.folder / "other.h5")
        with h5py.File(self.folder / "other.h5", "r+") as file:
            spread = file["spread/spread"][:]
            spread[0] *= 1 + 1e-12
            del file["spread/spread"]
            file["spread/spread"] = spread
        return "other.h5"

    def test_everything_that_decides_a_training_is_refused_by_name(self):
        for optimizer, words in (("adam", ()), ("sgd", SGD)):
            self.train("--set", "training.epochs=2", "--set", "checkpoint.every=2", *words)
            self.assertEqual(self.stored() - OTHERS, set(CHANGES), "CHANGES must say how each is changed")
            for name, by_optimizer in CHANGES.values():
                for change in by_optimizer.get(optimizer, []):
                    with self.subTest(name, change=change):
                        last = change if isinstance(change, tuple) else ("--set", change)
                        data = "spread.h5" if change else self.other_data()
                        outcome = self.attempt("train", data, "model.toml", "--quiet", "--model",
                                               "run.safetensors", "--resume", "--set", "training.epochs=3", *words, *last)
                        self.assertEqual(outcome.code, 65, outcome.err)
                        self.assertIn(f"cannot be gone on with: there {name} is ", outcome.err)
            self.train("--set", "training.epochs=3", "--resume", *words)

    def test_the_history_of_a_training_that_was_done(self):
        # The held-out samples are looked at after 1, 2, 3, 5, 6, 7, 10, 12 epochs and at the end: after 8 only where that
        # is the end.
        checks = {8: [1, 2, 3, 5, 6, 7, 8], 9: [1, 2, 3, 5, 6, 7, 9], 12: [1, 2, 3, 5, 6, 7, 10, 12]}
        for epochs, expected in checks.items():
            with self.subTest(epochs=epochs):
                self.train("--set", "training.epochs=8", "--set", "checkpoint.every=8")
                end = ("--set", f"training.epochs={epochs}")
                self.train("--resume", *end)
                self.train(*end, name="whole")
                with h5py.File(self.folder / "run.h5") as file:
                    self.assertEqual(list(file["classifier/loss/held_out_epoch"]), expected)
                self.assertEqual(self.tensors("run.safetensors")[0], self.tensors("whole.safetensors")[0])
                self.assertEqual(self.numbers("run.h5"), self.numbers("whole.h5"))


if __name__ == "__main__":
    if h5py is None:
        print("skipped: this Python has no h5py")
        sys.exit(77)
    unittest.main(argv=[sys.argv[0], *unittest_words])

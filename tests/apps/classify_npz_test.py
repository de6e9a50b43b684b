# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""kramers-classify on archives that NumPy writes (.npz): the same bits as from CSV, every type, damaged files."""
import io
import sys
import unittest
import unittest.mock
import zipfile

from classify_samples_test import Case, csv_text, h5py, unittest_words

if h5py is not None:
    import numpy as np


class Npz(Case):
    def save(self, name="a.npz", compressed=False, **arrays):
        (np.savez_compressed if compressed else np.savez)(self.folder / name, **arrays)

    def has_zlib(self):
        self.save("probe.npz", compressed=True, X=self.inputs, y=self.labels)
        outcome = self.attempt("train", "probe.npz", "small.toml", "--check")
        if outcome.code == 65:
            self.assertIn("built without zlib; write it with numpy.savez, not savez_compressed", outcome.err)
        return outcome.code == 0

    def test_the_same_bits_as_from_a_text(self):
        self.write("a.csv", csv_text(self.inputs, self.labels))
        wanted = self.train("a.csv")["model"]
        for compressed in (False, True):
            if compressed and not self.has_zlib():
                continue
            for order, kind in zip("CFCFCFCF", ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8")):
                with self.subTest(compressed=compressed, order=order, kind=kind):
                    self.save(compressed=compressed, X=np.asarray(self.inputs, order=order), y=self.labels.astype(kind))
                    self.assertEqual(self.train("a.npz", name="npz")["model"], wanted)
        # Those of a text are f8; f4 are other numbers, and integers exact ones.
        self.save(X=self.inputs.astype("f4"), y=self.labels)
        single = self.train("a.npz", name="npz")["model"]["state_hash"]
        self.write("b.csv", csv_text(self.inputs.astype("f4"), self.labels))
        self.assertEqual(self.train("b.csv")["model"]["state_hash"], single)
        self.assertNotEqual(single, wanted["state_hash"])
        rounded = np.round(10 * self.inputs)
        self.write("c.csv", csv_text(rounded, self.labels))
        of_text = self.train("c.csv")["model"]["state_hash"]
        for kind in ("i1", "i4", "i8"):
            self.save(X=rounded.astype(kind), y=self.labels)
            self.assertEqual(self.train("a.npz", name="npz")["model"]["state_hash"], of_text)

    def test_versions_of_arrays(self):
        hashes = set()
        for version in ((1, 0), (2, 0), (3, 0)):
            with zipfile.ZipFile(self.folder / "v.npz", "w") as archive:
                for name, array in (("X", self.inputs), ("y", self.labels)):
                    buffer = io.BytesIO()
                    np.lib.format.write_array(buffer, array, version=version)
                    archive.writestr(f"{name}.npy", buffer.getvalue())
            hashes.add(self.train("v.npz")["model"]["state_hash"])
        # As archives beyond 4 GiB are written: sizes, offsets and the end of the directory in 64 bits.
        with unittest.mock.patch("zipfile.ZIP64_LIMIT", 10):
            self.save("v.npz", X=self.inputs, y=self.labels)
        content = (self.folder / "v.npz").read_bytes()
        self.assertIn(b"PK\x06\x06", content)
        self.assertIn(b"\xff" * 8, content[content.index(b"PK\x01\x02"):])
        hashes.add(self.train("v.npz")["model"]["state_hash"])
        self.assertEqual(len(hashes), 1)

    def test_names_of_arrays_stay_with_the_model(self):
        self.save(points=self.inputs, kind=self.labels, X=np.zeros(3))
        trained = self.train("a.npz", "--set", "samples.inputs=points", "--set", "samples.label=kind")
        again = self.run_command("evaluate", "a.npz", "run.safetensors")
        self.assertTrue(again["same_dataset"])
        self.assertEqual(again["held_out"], trained["held_out"])
        self.save("new.npz", points=self.inputs)
        counts = self.run_command("predict", "new.npz", "run.safetensors")["class_counts"]
        self.assertEqual(sum(counts), 400)
        # A model of arrays takes a text without a header, and the other way round.
        self.write("new.csv", csv_text(self.inputs))
        self.assertEqual(self.run_command("predict", "new.csv", "run.safetensors")["class_counts"], counts)
        self.write("b.csv", csv_text(self.inputs, self.labels))
        of_text = self.train("b.csv")
        self.save("b.npz", X=self.inputs, y=self.labels)
        self.assertEqual(self.run_command("evaluate", "b.npz", "run.safetensors")["held_out"], of_text["held_out"])

    def test_restart(self):
        self.save(X=self.inputs, y=self.labels)
        whole = self.train("a.npz", name="whole")
        self.train("a.npz", "--set", "training.epochs=13", "--set", "checkpoint.every=13", name="part")
        resumed = self.train("a.npz", "--resume", "--topology", "off", name="part", threads=2)
        self.assertEqual(resumed["model"], whole["model"])

    def refuse(self, says, *words, command="train", file="bad.npz", other="small.toml"):
        outcome = self.attempt(command, file, other, "--quiet", *words)
        self.assertEqual(outcome.code, 65, outcome.err)
        self.assertEqual(len(outcome.err.splitlines()), 1, outcome.err)
        self.assertIn(f"{file}: {says}", outcome.err)

    def test_arrays_that_are_refused(self):
        x, y = self.inputs, self.labels
        with_nan = x.copy()
        with_nan[17, 2] = np.nan
        for arrays, says in (({"y": y}, "has no array 'X', which samples.inputs may name, but 'y.npy'"),
                             ({"X": x}, "has no array 'y', which samples.label may name, but 'X.npy'"),
                             ({"X": with_nan, "y": y}, "invalid X[17, 2]: got nan; expected a finite number"),
                             ({"X": np.asfortranarray(with_nan), "y": y}, "invalid X[17, 2]: got nan"),
                             ({"X": np.full((400, 1), 2**53 + 2), "y": y}, "invalid X[0, 0]: got 9007199254740994"),
                             ({"X": x.ravel(), "y": y}, "invalid shape of 'X': got (1600,); expected (samples, features)"),
                             ({"X": x[:0], "y": y[:0]}, "invalid shape of 'X': got (0, 4)"),
                             ({"X": x, "y": y[1:]}, "invalid shape of 'y': got (399,); expected (400,), a label for each"),
                             ({"X": x, "y": y[:, None]}, "invalid shape of 'y': got (400, 1)"),
                             ({"X": x, "y": y.astype(float)}, "array 'y' is of real numbers; expected integers from 0"),
                             ({"X": x, "y": y - 1}, "invalid y["),
                             ({"X": x, "y": y.astype("u8") + np.uint64(2**63)},
                              "invalid y[0]: got 9223372036854775807; expected an integer from 0 to 999"),
                             ({"X": x, "y": 2 * y}, "has no sample of class 1, but one of class 4"),
                             ({"X": x.astype(">f8"), "y": y}, "array 'X' is of the type '>f8'; expected little-endian"),
                             ({"X": x.astype("f2"), "y": y}, "array 'X' is of the type '<f2'"),
                             ({"X": x.astype("c16"), "y": y}, "array 'X' is of the type '<c16'"),
                             ({"X": x, "y": y.astype("U1")}, "array 'y' is of the type '<U1'"),
                             ({"X": np.array([(1, 2)], dtype=[("a", "i4"), ("b", "f4")]), "y": y},
                              "array 'X' has records; expected numbers")):
            with self.subTest(says=says):
                self.save("bad.npz", **arrays)
                self.refuse(says)
        self.save(X=x, y=y)
        for assignment in ("samples.header=yes", "samples.separator=tab", "samples.label_column=1"):
            self.refuse("has no lines: samples.header, separator and label_column are for CSV", "--set", assignment,
                        file="a.npz")
        self.refuse("has no arrays: samples.inputs is for NPZ", "--set", "samples.inputs=X", file="a.csv")
        self.train("a.npz")
        self.save("bad.npz", X=x[:, :3], y=y)
        self.refuse("has samples of 3 features; expected the 4 of the model", command="predict", other="run.safetensors")
        self.save("bad.npz", X=x, y=y + 1)
        self.refuse("invalid label: got 3; expected one of the classes of the model", command="evaluate",
                    other="run.safetensors")

    def test_damaged_files(self):
        self.save("good.npz", X=self.inputs, y=self.labels)
        good = (self.folder / "good.npz").read_bytes()

        def refuse(content, says):
            (self.folder / "bad.npz").write_bytes(content)
            with self.subTest(says=says, size=len(content)):
                self.refuse(says)

        for content in (b"", b"PK", good[:100], good[:-30], csv_text(self.inputs).encode()):
            refuse(content, "is no archive of NumPy (.npz), or a truncated one")
        number = good.index(self.inputs[200, 1].tobytes())
        refuse(good[:number] + bytes([good[number] ^ 1]) + good[number + 1:], "is damaged: the checksum or the size of")
        refuse(good[300:], "is")  # all offsets are wrong
        # What the directory claims is compared with the bytes before memory is taken.
        entry = good.index(b"PK\x01\x02")
        for at, value in ((24, 2**31), (20, 2**31), (42, 2**31), (28, 2**15)):
            width = 2 if at == 28 else 4
            refuse(good[:entry + at] + value.to_bytes(width, "little") + good[entry + at + width:], "is")
        refuse(good[:entry + 8] + b"\1\0" + good[entry + 10:], "has an encrypted member 'X.npy'")
        refuse(good[:entry + 10] + b"\x0c\0" + good[entry + 12:], "has a member 'X.npy' packed by method 12")

    def test_hostile_headers(self):
        def refuse(header, says, numbers=b"\0" * 64):
            buffer = io.BytesIO()
            text = header.encode() + b"\n"
            with zipfile.ZipFile(buffer, "w") as archive:
                archive.writestr("X.npy", b"\x93NUMPY\1\0" + len(text).to_bytes(2, "little") + text + numbers)
            (self.folder / "bad.npz").write_bytes(buffer.getvalue())
            with self.subTest(header=header):
                self.refuse(says)

        start = "{'descr': '<f8', 'fortran_order': False, 'shape': "
        for shape in (f"({2**60}, 8), }}", f"({2**63}, {2**63}), }}", f"({2**64 - 1}, 1), }}", "(2, 5), }", "(2, 3), }"):
            refuse(start + shape, "array 'X' has 64 bytes, which its shape and type do not need")
        for shape in ("(-2, 4), }", f"({2**64}, 1), }}", "(2, 4)", "[2, 4], }", "(2, 4), 'shape': (2, 4), }", "(2 4), }",
                      "(2, 4), 'more': 1, }", "(2, 4), } + open('x')", "(" + "1, " * 40 + "), }"):
            refuse(start + shape, "array 'X' has a header that numpy.save does not write")
        refuse("", "array 'X' has a header that numpy.save does not write")
        refuse("{" * 60000, "array 'X' has a header that numpy.save does not write")


if __name__ == "__main__":
    if h5py is None:
        print("skipped: this Python has no h5py")
        sys.exit(77)
    unittest.main(argv=[sys.argv[0], *unittest_words])

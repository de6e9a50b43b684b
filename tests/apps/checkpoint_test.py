# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checkpoints of kramers-langevin that no run wrote: valid HDF5 with hostile content, and damaged bytes."""
import shutil
import unittest

from langevin_runs import Case, DOUBLE_WELL, h5py, main, options

try:
    import numpy as np
except ImportError:
    np = None

NAME = "results.checkpoint.h5"


class Checkpoint(Case):
    @classmethod
    def setUpClass(cls):
        """The checkpoint of a whole run, for all tests."""
        case = cls("run_study")
        case.setUp()
        cls.addClassCleanup(case.doCleanups)
        case.write_input(tables={**DOUBLE_WELL, "run": {"equilibrate": 100, "steps": 600}})
        case.run_study("--set", "checkpoint.every=500", "--output", "results.h5")
        cls.good = case.folder / NAME

    def edit(self, change):
        shutil.copy(self.good, self.folder / NAME)
        with h5py.File(self.folder / NAME, "r+") as file:
            change(file)

    def refuse(self, says, *words, code=1, ranks=None):
        ranks = ranks or ((1, 2) if options.launcher else (1,))
        for number in ranks:
            with self.subTest(says, words=words, ranks=number):
                outcome = self.attempt("--resume", "--output", "results.h5", *words, ranks=number)
                self.assertEqual(outcome.code, code, outcome.err)
                self.assertEqual(len(outcome.errors), 1, outcome.err)
                self.assertIn(NAME, outcome.errors[0])
                for part in [says] if isinstance(says, str) else says:
                    self.assertIn(part, outcome.errors[0])
                for foreign in ("HDF5 says", "json", "basic_string", "vector", "Kokkos", "std::"):
                    self.assertNotIn(foreign, outcome.errors[0])
                self.assertFalse((self.folder / "results.h5").exists())


class Crafted(Checkpoint):
    """Each file is valid HDF5, and its checksums fit or are not there."""

    def replaced(self, name, values, says, **how):
        def change(file):
            del file[name]
            if values is not None:
                file[name] = values
        self.edit(change)
        self.refuse(says, **how)

    def test_good(self):
        """Without checksums as well, so that what follows is refused for its content."""
        for change in (lambda file: None,
                       lambda file: [item.attrs.clear() for name in ("state", "sums") for item in file[name].values()]):
            self.edit(change)
            outcome = self.attempt("--resume", "--output", "results.h5")
            self.assertEqual(outcome.code, 0, outcome.err)
            (self.folder / "results.h5").unlink()

    def test_steps(self):
        for step, says, code in ((-1, "no run comes to step -1", 1), (-2**63, "no run comes to step -92", 1),
                                 (2**63 - 1, "ends at step 1100", 65), (1101, "ends at step 1100", 65),
                                 (0, "'record/frames' has extents", 1), (50, "'record/frames' has extents", 1)):
            self.edit(lambda file: file.attrs.modify("step", step))
            self.refuse(says, code=code, ranks=None if step == -1 else (1,))
            self.refuse(says, "--replay", 3, code=code, ranks=(1,))
        for value, says in (("seven", "another type"), (np.arange(3), "holds 3 values"), (1.5, "another type"),
                            (h5py.Empty("i8"), "holds 0 values")):
            self.edit(lambda file: file.attrs.__setitem__("step", value))
            self.refuse(says, ranks=(1,))

    def test_extents(self):
        walkers, cells = 300, 300
        for name, values in (("state/x0", np.zeros(walkers - 1)), ("state/v0", np.zeros(walkers + 1)),
                             ("state/x0", np.zeros((walkers, 1))), ("state/x0", 0.0), ("state/x0", np.zeros(0)),
                             ("state/core_memory", np.zeros(3, "u1")), ("sums/cells", np.zeros((cells, 1))),
                             ("sums/cells", np.zeros((1, 15))), ("sums/histogram", np.zeros(1, "u8")),
                             ("sums/histogram", np.zeros(10**6, "u8")), ("record/frames", np.zeros(7)),
                             ("record/frames", np.zeros(0)), ("record/correlations", np.zeros(2)),
                             ("record/origins", np.zeros(4, "i8")), ("record/trajectory_steps", np.zeros(1000, "i8")),
                             ("record/trajectory_steps", np.zeros(0, "i8")), ("record/positions", np.zeros((1, 80, 1))),
                             ("record/velocities", np.zeros((11, 1000, 1)))):
            self.replaced(name, values, (f"'{name}' has extents", "want"), ranks=(1,))
        self.replaced("state/x0", np.zeros(walkers - 1), "'state/x0' has extents (299), want (300)", ranks=(2,))

    def test_types_and_objects(self):
        for name, values in (("state/x0", np.zeros(300, "f4")), ("state/core_memory", np.zeros(300)),
                             ("record/origins", np.zeros(3)), ("sums/histogram", np.zeros(33, "i8")),
                             ("state/v0", np.array(["text"] * 300, dtype=object))):
            self.replaced(name, values, (f"'{name}' in another type",), ranks=(1,))
        for name in ("state/x0", "sums", "record/positions", "fingerprint"):
            self.replaced(name, None, ("holds no", f"'{name}'"), ranks=(1,))
        self.edit(lambda file: file["state"].create_dataset("x1", data=np.zeros(300)))
        self.refuse("an object in 'state'")
        self.edit(lambda file: file.create_group("more"))
        self.refuse("an object in '/'", ranks=(1,))

        def group(file):
            del file["state/x0"]
            file.create_group("state/x0")
        self.edit(group)
        self.refuse("not as a dataset", ranks=(1,))

    def test_claims_of_more_than_there_is(self):
        def huge(file):
            del file["state/x0"]
            file.create_dataset("state/x0", shape=(2**60,), dtype="f8", chunks=(2**20,), compression="gzip")
        self.edit(huge)
        self.refuse("'state/x0' has extents (1152921504606846976)", ranks=(1,))

        def elsewhere(file):
            del file["state/x0"]
            file.create_dataset("state/x0", shape=(300,), dtype="f8", external=[("secret.bin", 0, 2400)])
        (self.folder / "secret.bin").write_bytes(bytes(2400))
        self.edit(elsewhere)
        self.refuse("the data of 'state/x0' are not all there", ranks=(1,))

        def lazy(file):
            del file["state/x0"]
            file.create_dataset("state/x0", shape=(300,), dtype="f8", chunks=(10,))
        self.edit(lazy)
        self.refuse("the data of 'state/x0' are not all there", ranks=(1,))

    def test_values(self):
        def put(name, place, value):
            def change(file):
                data = file[name][:]
                data[place] = value
                del file[name]
                file[name] = data
            self.edit(change)

        for name, place, value, says in (
                ("state/x0", 12, np.nan, "walker 12 of 'state/x0' is not finite"),
                ("state/v0", 299, np.inf, "walker 299 of 'state/v0' is not finite"),
                ("state/origin_x0", 0, -np.inf, "walker 0 of 'state/origin_x0' is not finite"),
                ("state/core_memory", 200, 3, "walker 200 of 'state/core_memory' is 3, which is no memory"),
                ("state/core_memory", 0, 255, "walker 0 of 'state/core_memory' is 255"),
                ("sums/cells", (250, 9), -1.0, "a count of 'sums/cells' is -1"),
                ("sums/cells", (0, 12), np.nan, "a count of 'sums/cells' is nan"),
                ("sums/histogram", 5, 2**64 - 1, "'sums/histogram' counts more"),
                ("sums/histogram", slice(None), 0, "'sums/histogram' counts less"),
                ("record/origins", 1, -1, "'record/origins' holds -1, want"),
                ("record/trajectory_steps", 3, 2**62, "want 250")):
            put(name, place, value)
            self.refuse(says, ranks=None if place in (12, 299, 200, (250, 9)) else (1,))

    def test_fingerprints(self):
        with h5py.File(self.good) as file:
            text = file["fingerprint"][()]
        for content, says, code in ((b"{", "its 'fingerprint' is none of a run", 1), (b"7", "none of a run", 1),
                                    (b"\xff" * 100, "none of a run", 1), (b"[" * 10**5, "none of a run", 1),
                                    (b'{"a":' * 900 + b"1" + b"}" * 900, "the checkpoint was written with", 65),
                                    (text.replace(b'"ensemble"', b'"\\u001b[31m"'), "the checkpoint was written with", 65),
                                    (b"{}", "absent", 65)):
            def change(file):
                del file["fingerprint"]
                file["fingerprint"] = np.bytes_(content)
            self.edit(change)
            self.refuse(says, code=code, ranks=(1,))
        for value in ("text of another kind", [b"a", b"b"], 5):
            self.replaced("fingerprint", value, "'fingerprint' in another type than text", ranks=(1,))
        self.edit(lambda file: file.attrs.modify("format_version", 2))
        self.refuse(("format version 2", "earlier kramers"), ranks=(1,))
        self.edit(lambda file: file.attrs.__setitem__("format", "kramers-langevin checkpoint"))  # of variable length
        self.refuse("'format' in another type than text of fixed length", ranks=(1,))

        shutil.copy(self.good, self.folder / NAME)
        with h5py.File(self.good) as file:
            place = file["fingerprint"].id.get_offset()
        content = bytearray((self.folder / NAME).read_bytes())
        content[place + text.index(b"7")] ^= 1
        (self.folder / NAME).write_bytes(content)
        self.refuse("the data of 'fingerprint' do not match their checksum", ranks=(1,))


class Damaged(Checkpoint):
    def test_a_replay_checks_the_part_that_it_reads(self):
        """20 000 walkers: three blocks of rows, of which a walker needs one."""
        many = ("--set", "ensemble.walkers=20000", "--set", "run={equilibrate=0, steps=20}", "--set",
                "observables.frame_every=10", "--set", "checkpoint.every=10", "--set", f"checkpoint.file=\"{NAME}\"")
        self.run_study(*many, "--output", "results.h5")
        with h5py.File(self.folder / NAME) as file:
            values = file["state/x0"]
            self.assertEqual(len(values.attrs["block_checksums"]), 3)
            place = values.id.get_offset()
        (self.folder / "results.h5").unlink()
        replay = ("--resume", *many, "--replay")
        summary = self.run_study(*replay, 12345)
        content = bytearray((self.folder / NAME).read_bytes())
        content[place + 8 * 12345 + 2] ^= 4
        (self.folder / NAME).write_bytes(content)
        self.refuse("the data of 'state/x0' do not match their checksum", *many, "--replay", 12345, ranks=(1,))
        self.refuse("the data of 'state/x0' do not match their checksum", *many)
        self.assertEqual(self.run_study(*replay, 3)["replay"]["walker"], 3)
        content[place + 8 * 12345 + 2] ^= 4
        (self.folder / NAME).write_bytes(content)
        self.assertEqual(self.run_study(*replay, 12345)["replay"], summary["replay"])


if __name__ == "__main__":
    main()

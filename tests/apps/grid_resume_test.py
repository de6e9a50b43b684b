# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""kramers-jacobi, -channel and -cg that were stopped: the bits of an undisturbed run, and what is refused."""
import os
from pathlib import Path
import shutil
import signal
import unittest

from langevin_runs import Case, h5py, main, options, ranks_of

try:
    import numpy as np
except ImportError:
    np = None

PROGRAM = Path(options.program).name
NAME = PROGRAM.removeprefix("kramers-")
RANKS = (1, 2, 3) if options.launcher else (1,)
STORED = 700  # rows: three blocks


def sets(*assignments):
    return [word for assignment in assignments for word in ("--set", assignment)]


def stored_matrix():
    entries = [f"{i} {i} {2 + i % 3}" for i in range(1, STORED + 1)] + [f"{i} {i - 1} -1" for i in range(2, STORED + 1)]
    return "\n".join(("%%MatrixMarket matrix coordinate real symmetric", f"{STORED} {STORED} {len(entries)}", *entries, ""))


# Of each program: an input; the key of its end and what is counted; what has to be the same in summaries and results;
# words of runs that leave a checkpoint in their middle, and how far apart these are; other inputs, with what is named.
STUDIES = {
    "jacobi": {
        "input": {"grid": {"rows": 41, "columns": 67}, "jacobi": {"iterations": 400, "check": 7}},
        "end": "jacobi.iterations", "unit": "iteration", "done": "iterations", "same": ("state_hash", "norm", "iterations"),
        "data": ("VTKHDF/PointData/p", "kramers/jacobi/norm", "kramers/jacobi/iteration"), "field": "state/p",
        "record": "record/norms",
        "cases": [(250, []), (250, ["--precision", "f32"]), (130, sets("jacobi.problem=neumann", "jacobi.sums=numpy")),
                  (23, sets("jacobi.problem=nvidia", "jacobi.iterations=40", "grid.columns=1100")),
                  (20, sets("jacobi.problem=stencil", "jacobi.tolerance=1e-3", "jacobi.check=1")),
                  (250, sets("jacobi.path=plain")), (250, sets("jacobi.check=399"))],
        "other": [("jacobi.problem=stencil", "jacobi.problem = \"laplace\", this run has \"stencil\""),
                  ("grid.rows=42", "grid.rows = 41"), ("jacobi.check=8", "jacobi.check = 7"),
                  ("jacobi.tolerance=1e-2", "(jacobi.tolerance)"), ("jacobi.iterations=249", "(jacobi.iterations)")],
        "endless": sets("jacobi.iterations=1000000000", "checkpoint.every=50"),
    },
    "channel": {
        "input": {"grid": {"rows": 24, "columns": 30},
                  "flow": {"dt": 0.005, "start": "perturbed", "sweeps": 10, "steps": 60}},
        "end": "flow.steps", "unit": "step", "done": "steps", "same": ("state_hash", "change", "steps"),
        "data": tuple(f"VTKHDF/PointData/{name}" for name in "uvp") + ("kramers/channel/change",), "field": "state/v",
        "record": "record/changes",
        "cases": [(35, []), (35, ["--precision", "f32"]), (20, sets("flow.start=rest", "flow.tolerance=0.03"))],
        "other": [("flow.viscosity=0.05", "flow.viscosity = 0.1"), ("flow.start=rest", "flow.start"),
                  ("grid.columns=31", "grid.columns = 30"), ("flow.tolerance=0.99", "(flow.tolerance)"),
                  ("flow.steps=34", "(flow.steps)")],
        "endless": sets("flow.steps=1000000000", "checkpoint.every=20"),
    },
    "cg": {
        "input": {"matrix": {"kind": "wrapped", "n": 47}, "right_side": {"kind": "random", "seed": 5}},
        "end": "cg.max_iterations", "unit": "iteration", "done": "iterations",
        "same": ("state_hash", "iterations", "residual", "true_residual", "sum"),
        "data": ("kramers/cg/x", "kramers/cg/residual"), "field": "state/p", "record": "record/residual",
        "cases": [(150, []), (70, sets("cg.method=single_reduction")), (70, sets("cg.method=pipelined")),
                  (40, sets("matrix.kind=wrapped_corners", "matrix.n=33", "cg.replace_every=7")),
                  (4, sets("matrix.kind=five_point", "preconditioner.kind=multigrid")),
                  (4, sets("matrix.kind=five_point", "preconditioner.kind=multigrid", "cg.method=single_reduction")),
                  (14, sets("matrix.kind=five_point", "preconditioner.kind=chebyshev", "cg.method=pipelined")),
                  (15, sets("matrix={kind=\"file\", file=\"a.mtx\"}")),
                  (15, sets("matrix={kind=\"file\", file=\"a.mtx\"}", "preconditioner.kind=jacobi", "cg.check_every=5",
                            "cg.method=pipelined"))],
        "other": [("cg.method=pipelined", "cg.method = \"classic\", this run has \"pipelined\""),
                  ("right_side.seed=6", "right_side.seed = 5"), ("matrix.n=48", "matrix.n = 47"),
                  ("preconditioner.kind=jacobi", "preconditioner.kind"), ("cg.tolerance=1e3", "(cg.tolerance)"),
                  ("cg.max_iterations=149", "(cg.max_iterations)"),
                  ("cg.max_iterations=150", "the last that this run allows")],
        "endless": sets("matrix.n=300", "checkpoint.every=5"),
    },
}


class GridCase(Case):
    checkpoint_name = "run.checkpoint.h5"

    def setUp(self):
        super().setUp()
        self.study = STUDIES[NAME]
        self.write_input(tables=self.study["input"])
        (self.folder / "a.mtx").write_text(stored_matrix())
        self.checkpoint = self.folder / self.checkpoint_name

    def data(self, name):
        with h5py.File(self.folder / name) as file:
            return {path: file[path][()].tobytes() for path in self.study["data"]}

    def assert_same_run(self, one, other, words):
        for name in self.study["same"]:
            self.assertEqual(one[name], other[name], (name, words))


class Resume(GridCase):
    def test_on_any_number_of_ranks(self):
        for every, words in self.study["cases"]:
            with self.subTest(words=words):
                whole = self.run_study(*words, "--overwrite", "--output", "whole.h5", name="whole")
                self.assertNotIn("resumed_at", whole)
                self.checkpoint.unlink(missing_ok=True)
                self.run_study(*words, *sets(f"checkpoint.every={every}"), "--overwrite", "--output", "run.h5")
                step = self.checkpoint_step(self.checkpoint_name)
                self.assertEqual(step % every, 0)
                self.assertLess(step, whole[self.study["done"]])
                for ranks in RANKS:
                    resumed = self.run_study(*words, "--resume", "--overwrite", "--output", "run.h5", ranks=ranks)
                    self.assertEqual((resumed["resumed_at"], resumed["ranks"]), (step, ranks))
                    self.assert_same_run(resumed, whole, words)
                    self.assertEqual(self.data("run.h5"), self.data("whole.h5"))

    def test_from_several_ranks(self):
        self.need_ranks()
        every, words = self.study["cases"][0]
        whole = self.run_study(*words, name="whole")
        for ranks in (2, 3):
            self.run_study(*words, *sets(f"checkpoint.every={every}"), "--overwrite", "--output", "run.h5", ranks=ranks)
            resumed = self.run_study(*words, "--resume", "--overwrite", "--output", "run.h5")
            self.assertEqual(resumed["resumed_at"], every)
            self.assert_same_run(resumed, whole, words)

    def test_again_and_again(self):
        """From one checkpoint to the next, each run on another number of ranks."""
        whole = self.run_study(name="whole")
        end = self.study["cases"][0][0]
        for n, part in enumerate((end // 3, end // 2, end)):
            words = sets(f"{self.study['end']}={part + 1}", f"checkpoint.every={part - (0 if n == 0 else last)}")
            self.attempt(*words, *(["--resume"] if n else []), "--overwrite", "--output", "run.h5",
                         ranks=RANKS[n % len(RANKS)])
            last = self.checkpoint_step(self.checkpoint_name)
            self.assertEqual(last, part)
        self.assert_same_run(self.run_study("--resume", "--output", "run.h5", "--overwrite"), whole, "in parts")


class Signals(GridCase):
    def stop(self, number, ranks=1):
        process = self.start(*self.study["endless"], "--output", "run.h5", ranks=ranks)
        self.wait_for_checkpoint(process, self.checkpoint)
        os.kill(ranks_of(process)[-1], number)
        outcome = self.end(process)
        self.assertEqual(outcome.code, 128 + number, outcome.err)
        said = [line for line in outcome.err.splitlines() if line.startswith(PROGRAM + ": ")]
        self.assertEqual(len(said), 1, outcome.err)
        step = self.checkpoint_step(self.checkpoint_name)
        self.assertIn(f"stopped by signal {int(number)} at {self.study['unit']} {step} of", said[0])
        self.assertIn("go on with --resume (checkpoint run.checkpoint.h5)", said[0])
        self.assertFalse((self.folder / "run.h5").exists())
        return step

    def finish_and_compare(self, step, ranks=1):
        words = [*self.study["endless"], *sets("checkpoint.every=0")]
        if NAME != "cg":
            words += sets(f"{self.study['end']}={step + 20}")
        resumed = self.run_study(*words, "--resume", "--output", "run.h5", name="resumed", ranks=ranks)
        whole = self.run_study(*words, "--output", "whole.h5", name="whole")
        self.assertEqual(resumed["resumed_at"], step)
        self.assert_same_run(resumed, whole, words)
        self.assertEqual(self.data("run.h5"), self.data("whole.h5"))

    def test_one_rank(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
            with self.subTest(signal=number.name):
                self.checkpoint.unlink(missing_ok=True)
                self.finish_and_compare(self.stop(number))
                (self.folder / "run.h5").unlink()

    def test_one_of_two_ranks_and_on_with_three(self):
        self.need_ranks()
        self.finish_and_compare(self.stop(signal.SIGUSR1, ranks=2), ranks=3)


class Refusals(GridCase):
    def setUp(self):
        super().setUp()
        every, words = self.study["cases"][0]
        self.run_study(*words, *sets(f"checkpoint.every={every}"), "--output", "run.h5")
        os.rename(self.folder / "run.h5", self.folder / "results.h5")
        self.good = self.checkpoint.read_bytes()

    def refuse(self, says, *words, code=1, ranks=(1,)):
        for number in ranks:
            outcome = self.attempt("--resume", "--output", "run.h5", *words, ranks=number)
            self.assertEqual(outcome.code, code, outcome.err)
            said = [line for line in outcome.err.splitlines() if line.startswith(PROGRAM + ": ")]
            self.assertEqual(len(said), 1, outcome.err)
            for text in (self.checkpoint_name, says):
                self.assertIn(text, said[0])
            self.assertFalse((self.folder / "run.h5").exists())

    def edit(self, change):
        self.checkpoint.write_bytes(self.good)
        with h5py.File(self.checkpoint, "r+") as file:
            change(file)

    def test_other_inputs(self):
        for assignment, says in self.study["other"]:
            with self.subTest(assignment):
                self.refuse(says, *sets(assignment), code=65)
        if NAME != "cg":
            self.refuse('precision = "f64", this run has "f32"', "--precision", "f32", code=65)
        self.refuse(self.study["other"][0][1], *sets(self.study["other"][0][0]), code=65, ranks=RANKS[1:])

    def test_content_of_files_counts_and_not_their_names(self):
        if NAME != "cg":
            self.skipTest("no files are read")
        words = sets('matrix={kind="file", file="a.mtx"}')
        self.run_study(*words, *sets("checkpoint.every=15"), "--output", "run.h5")
        (self.folder / "run.h5").unlink()
        shutil.copy(self.folder / "a.mtx", self.folder / "b.mtx")
        self.run_study(*sets('matrix={kind="file", file="b.mtx"}'), "--resume", "--output", "run.h5")
        (self.folder / "run.h5").unlink()
        (self.folder / "a.mtx").write_text(stored_matrix().replace("\n5 5 4\n", "\n5 5 5\n"))
        self.refuse("matrix.data", *words, code=65)

    def test_no_checkpoint(self):
        self.checkpoint.unlink()
        self.refuse("")
        shutil.copy(self.folder / "results.h5", self.checkpoint)
        self.refuse(f"no checkpoint of {PROGRAM}", ranks=RANKS)
        self.checkpoint.write_text("text")
        self.refuse("")

    def test_what_stands_under_the_name_is_kept(self):
        (self.folder / "notes.h5").write_text("notes")
        words = sets('checkpoint.file="notes.h5"', f"checkpoint.every={self.study['cases'][0][0]}")
        for files, more in ((2, ()), (2, ("--overwrite",)), (3, ())):
            self.run_study(*words, *more)
            self.assertEqual((self.folder / "notes.h5.~1~").read_text(), "notes")
            self.assertEqual(self.checkpoint_step("notes.h5"), self.study["cases"][0][0])
            self.assertEqual(len(list(self.folder.glob("notes.h5*"))), files)
        self.assertEqual(self.checkpoint_step("notes.h5.~2~"), self.study["cases"][0][0])

    def test_damage(self):
        for size in (0, 100, len(self.good) // 2, len(self.good) - 8):
            self.checkpoint.write_bytes(self.good[:size])
            self.refuse("", ranks=RANKS if size == len(self.good) // 2 else (1,))
        for name in (self.study["field"], self.study["record"]):
            self.checkpoint.write_bytes(self.good)
            with h5py.File(self.checkpoint) as file:
                place = file[name].id.get_offset()
            content = bytearray(self.good)
            content[place + 9] ^= 1
            self.checkpoint.write_bytes(content)
            self.refuse(f"the data of '{name}' do not match their checksum", ranks=RANKS)

    def test_content(self):
        field, record = self.study["field"], self.study["record"]

        def put(name, place, value):
            def change(file):
                values = file[name][:]
                values.flat[place] = value
                del file[name]
                file[name] = values
            self.edit(change)

        def replace(name, values):
            def change(file):
                del file[name]
                if values is not None:
                    file[name] = values
            self.edit(change)

        for value in (np.nan, np.inf):
            put(field, -1, value)
            self.refuse(f"of '{field}' is not finite", ranks=RANKS)
        replace(field, np.zeros(3))
        self.refuse(f"'{field}' has extents")
        replace(field, None)
        self.refuse(f"holds no '{field}'")
        replace(record, np.zeros(3))
        self.refuse(f"'{record}' has extents")
        self.edit(lambda file: file["state"].create_dataset("more", data=np.zeros(3)))
        self.refuse("an object in 'state'")
        for step, says, code in ((-1, f"no run comes to {self.study['unit']} -1", 1),
                                 (2**62, f"({self.study['end']})", 65)):
            self.edit(lambda file: file.attrs.modify("step", step))
            self.refuse(says, code=code)
        self.edit(lambda file: file.attrs.modify("format_version", 2))
        self.refuse("format version 2, this program reads up to 1")
        if NAME == "jacobi":
            put(record, 0, np.nan)
            self.refuse("the norm of iteration 7 is nan")
        if NAME == "cg":
            for place in (0, 4):
                put("state/numbers", place, -1.0)
                self.refuse("'state/numbers' are not those of an iteration")
            put(record, 0, np.nan)
            self.refuse("the residual of iteration 1 is nan")


if __name__ == "__main__":
    main()

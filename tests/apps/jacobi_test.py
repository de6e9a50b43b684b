# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""kramers-jacobi as its users meet it: published numbers, bits on any number of ranks, bad input, files."""
import json
import subprocess
import unittest

from shipped_runs import Case, h5py, main, options, PATIENCE, SOURCE

EPSILON = 2.0 ** -52
Case.shipped = SOURCE / "apps" / "jacobi" / "laplace.toml"


class Published(Case):
    def test_digits_of_the_talk(self):
        outcome = self.attempt("--verify", "--summary", "summary.json")
        self.assertEqual(outcome.returncode, 0, outcome.stderr)
        self.assertTrue(outcome.stdout.startswith("PASSED: 10 of 10"), outcome.stdout)
        numbers = json.loads((self.folder / "summary.json").read_text())["verification"]["numbers"]
        self.assertTrue(all(number["found"] == number["published"] for number in numbers))

    def test_stops_and_other_problems(self):
        for sets in (("jacobi.tolerance=1e-3",), ("jacobi.problem=neumann",),
                     ("jacobi.problem=stencil", "jacobi.iterations=105", "grid.rows=102", "grid.columns=102")):
            outcome = self.attempt("--verify", sets=sets)
            self.assertEqual(outcome.returncode, 0, outcome.stdout + outcome.stderr)
            self.assertTrue(outcome.stdout.startswith("PASSED"), outcome.stdout)

    def test_a_run_that_differs_fails(self):
        outcome = self.attempt("--verify", sets=("grid.columns=101", "grid.rows=101"))
        self.assertEqual(outcome.returncode, 1)
        self.assertTrue(outcome.stdout.startswith("FAILED"), outcome.stdout)
        # The norm of single precision, compared with digits that it cannot have, is not taken for one of them.
        self.assertEqual(self.attempt("--verify", "--precision", "f32").returncode, 1)


class Bits(Case):
    # Those of every build, OpenMP or Serial, and number of ranks.
    PINNED = {"f64": "0xf0ccc3a5a7f121b4", "f32": "0x4fba206d944043be"}

    def test_same_on_all_ranks_and_paths(self):
        for precision in ("f64", "f32"):
            first = self.summary("--precision", precision)
            expected = (first["state_hash"], first["norm"])
            self.assertEqual(first["state_hash"], self.PINNED[precision])
            for path in ("plain", "blocked"):
                other = self.summary("--precision", precision, sets=(f"jacobi.path={path}",), threads=2)
                self.assertEqual((other["state_hash"], other["norm"]), expected, path)
            for ranks in (2, 3, 4) if options.launcher else ():
                other = self.summary("--precision", precision, ranks=ranks)
                self.assertEqual((other["state_hash"], other["norm"]), expected, ranks)
                self.assertEqual(other["ranks"], ranks)

    def test_a_ring_over_ranks(self):
        sets = ("jacobi.problem=nvidia", "grid.rows=47", "grid.columns=1100", "jacobi.iterations=60", "jacobi.check=7",
                "jacobi.sums=fixed")
        expected = self.summary(sets=sets)
        for ranks in (2, 3) if options.launcher else ():
            for depth in (1, 4):
                other = self.summary(sets=(*sets, f"jacobi.depth={depth}"), ranks=ranks)
                self.assertEqual((other["state_hash"], other["norm"]), (expected["state_hash"], expected["norm"]))

    def test_messages_from_copies(self):
        for sets in (("jacobi.iterations=40",), ("jacobi.problem=nvidia", "jacobi.iterations=40", "jacobi.sums=fixed")):
            self.assert_same_by_copies(sets)


class Overlap(Case):
    """jacobi.overlap: the bits of a run without, on any ranks, path, depth, problem and order of sums."""

    def test_changes_nothing_of_the_results(self):
        hows = [("plain", 0), ("automatic", 0), ("blocked", 1), ("blocked", 5)]
        for problem, rows in (("laplace", 41), ("neumann", 41), ("stencil", 41), ("nvidia", 63)):
            for sums in ("fixed", "numpy") if problem == "laplace" else ("fixed",):
                sets = (f"jacobi.problem={problem}", f"jacobi.sums={sums}", f"grid.rows={rows}", "grid.columns=1100",
                        "jacobi.iterations=61", "jacobi.check=7")
                expected = self.summary(sets=sets)
                self.assertFalse(expected["overlap"])
                self.assertNotIn("overlap_why", expected)
                for ranks in (2, 3, 4) if options.launcher else ():
                    for path, depth in hows[(ranks - 2) % 2::2] if sums == "fixed" else hows[:2]:
                        found = self.summary(sets=(*sets, "jacobi.overlap=true", f"jacobi.path={path}",
                                                   f"jacobi.depth={depth}"), ranks=ranks, threads=1 + ranks % 2)
                        neighbours = 2 if ranks > 2 or problem == "nvidia" else 1
                        stored = rows - 2 if problem == "nvidia" else rows
                        self.assertEqual(found["overlap"], stored // ranks > neighbours * found["depth"])
                        self.assertEqual((found["state_hash"], found["norm"]),
                                         (expected["state_hash"], expected["norm"]), (problem, ranks, path, depth))

    def test_says_where_nothing_is_overlapped(self):
        alone = self.summary(sets=("jacobi.overlap=true",))
        self.assertEqual((alone["overlap"], alone["overlap_why"]), (False, "one rank has no other"))
        self.assertEqual(alone["state_hash"], Bits.PINNED["f64"])
        if options.launcher:
            thin = self.summary(sets=("jacobi.overlap=true", "grid.rows=12", "jacobi.depth=6"), ranks=2)
            self.assertEqual(thin["overlap"], False)
            self.assertIn("a pass of 6 sweeps needs halos for all 6 rows", thin["overlap_why"])

    @unittest.skipUnless(options.launcher, "one rank")
    def test_from_copies_with_stops_and_restarts(self):
        sets = ("jacobi.tolerance=1e-3", "jacobi.check_lag=5", "jacobi.sums=fixed")
        whole = self.summary(sets=sets)
        for wish in ("auto", "off"):
            found = self.summary("--gpu-aware", wish, sets=(*sets, "jacobi.overlap=true"), ranks=3)
            self.assertTrue(found["overlap"])
            for name in ("state_hash", "norm", "iterations", "converged_at"):
                self.assertEqual(found[name], whole[name])
        # Others may go on from it without, and the other way round.
        for before, after in (("true", "false"), ("false", "true")):
            self.summary(sets=(*sets, f"jacobi.overlap={before}", "checkpoint.every=110"), ranks=2)
            found = self.summary("--resume", sets=(*sets, f"jacobi.overlap={after}"), ranks=3)
            self.assertGreater(found["resumed_at"], 0)
            self.assertEqual(found["state_hash"], whole["state_hash"])


class FastSums(Case):
    """jacobi.sums = "fast": the field of any other order, norms within their bound, and who reads them is told."""

    def test_the_field_is_the_same_and_norms_are_close(self):
        exact = self.summary()  # NumPy's pairwise sums, whose own error is some eps
        self.assertTrue(exact["norm_is_reproducible"])
        hows = [("automatic", {}), ("plain", {}), ("plain", {"threads": 2}), ("blocked", {"threads": 2})]
        for ranks in (2, 3, 4) if options.launcher else ():
            hows += [("plain", {"ranks": ranks}), ("blocked", {"ranks": ranks})]
        for path, given in hows:
            found = self.summary("--verify", sets=("jacobi.sums=fast", f"jacobi.path={path}"), **given)
            self.assertEqual((found["sums"], found["norm_is_reproducible"]), ("fast", False))
            self.assertEqual(found["state_hash"], Bits.PINNED["f64"])
            # 100 * 100 squares, each within eps of the sum: twice, for both orders.
            self.assertLessEqual(abs(found["norm"] - exact["norm"]), 2 * 100 * 100 * EPSILON * exact["norm"])

    def test_people_are_told(self):
        outcome = self.attempt("--verify", sets=("jacobi.sums=fast",))
        self.assertTrue(outcome.stdout.startswith("PASSED: 10 of 10"), outcome.stdout)
        self.assertIn("(fast sums, whose last bits depend on threads and ranks)", outcome.stdout)
        self.assertNotIn("depend on", self.attempt(sets=("jacobi.sums=fixed",)).stdout)

    def test_stops_and_restarts(self):
        sets = ("jacobi.sums=fast", "jacobi.tolerance=1e-3", "jacobi.check_lag=4")
        fixed = self.summary(sets=("jacobi.sums=fixed", *sets[1:]))
        self.summary(sets=(*sets, "checkpoint.every=110"))
        # The norms before and after the stop differ from the tolerance by much more than by rounding.
        found = self.summary("--resume", sets=sets, ranks=3 if options.launcher else 1)
        for name in ("state_hash", "iterations", "converged_at"):
            self.assertEqual(found[name], fixed[name])
        self.refuse("jacobi.sums", words=("--resume", "--overwrite"), sets=("jacobi.sums=fixed", *sets[1:]))


class Lag(Case):
    """jacobi.check_lag: where the run ends, on any number of ranks, path and order of sums."""

    def test_the_run_ends_that_much_later(self):
        for check, lag in ((1, 1), (1, 5), (1, 20), (7, 3), (7, 30)):
            stop = -(-298 // check) * check  # the first that is checked where the tolerance is met
            sets = ("jacobi.tolerance=1e-3", f"jacobi.check={check}", "jacobi.sums=fixed")
            field = self.summary(sets=("jacobi.sums=fixed", f"jacobi.iterations={stop + lag}"))["state_hash"]
            norm = self.summary(sets=sets)["norm"]
            hows = [("automatic", {}), ("plain", {}), ("blocked", {"threads": 2})]
            if options.launcher and lag in (5, 30):
                hows += [("blocked", {"ranks": 2}), ("blocked", {"ranks": 3}), ("plain", {"ranks": 3})]
            for path, given in hows:
                found = self.summary(sets=(*sets, f"jacobi.check_lag={lag}", f"jacobi.path={path}"), **given)
                self.assertEqual((found["iterations"], found["converged_at"], found["check_lag"]), (stop + lag, stop, lag))
                self.assertEqual((found["norm"], found["state_hash"]), (norm, field), (path, given))

    def test_numpy_sums_and_the_end_of_iterations(self):
        sets = ("jacobi.tolerance=1e-3", "jacobi.check=1", "jacobi.check_lag=4")
        for end, last in ((1000, 302), (302, 302), (300, 300), (298, 298)):
            found = self.summary("--verify", sets=(*sets, f"jacobi.iterations={end}"))
            self.assertEqual((found["iterations"], found["converged_at"]), (last, 298))
        self.refuse("jacobi.iterations", "still", sets=(*sets, "jacobi.iterations=297"))

    def test_goes_on_from_between_a_norm_and_its_decision(self):
        for sets in (("jacobi.check=1",), ("jacobi.check=7", "jacobi.sums=fixed")):
            sets = (*sets, "jacobi.tolerance=1e-3", "jacobi.check_lag=30")
            whole = self.summary(sets=sets)
            self.assertGreater(whole["iterations"], 310)
            for ranks in (1, 2) if options.launcher else (1,):
                self.summary(sets=(*sets, "checkpoint.every=310"), ranks=ranks)
                resumed = self.summary("--resume", sets=sets, ranks=3 - ranks if options.launcher else 1)
                self.assertEqual(resumed["resumed_at"], 310)
                for name in ("state_hash", "norm", "iterations", "converged_at"):
                    self.assertEqual(resumed[name], whole[name])


class BadInput(Case):
    def test_each_is_one_sentence(self):
        self.refuse("grid.rows", "got 2", sets=("grid.rows=2",))
        self.refuse("grid.columns", "got 1", sets=("grid.columns=1",))
        self.refuse("jacobi.tolerance", "> 0", sets=("jacobi.tolerance=0",))
        self.refuse("jacobi.tolerance", "> 0", sets=("jacobi.tolerance=-1e-3",))
        self.refuse("jacobi.depth", "plain", sets=("jacobi.path=plain", "jacobi.depth=2"))
        self.refuse("jacobi.problem", "laplace", sets=("jacobi.problem=laplac",))

    def test_no_convergence_writes_nothing(self):
        (self.folder / "former.json").write_text("{}")
        self.refuse("jacobi.iterations", "still 0.00022026753267800596", sets=("jacobi.tolerance=1e-9",),
                    words=("--summary", "former.json", "--output", "field.h5"))
        self.assertEqual((self.folder / "former.json").read_text(), "{}")
        self.assertEqual([path.name for path in self.folder.iterdir()], ["former.json"])

    @unittest.skipUnless(options.launcher, "one rank")
    def test_more_ranks_than_rows(self):
        outcome = self.attempt("--quiet", sets=("grid.rows=3",), ranks=4)
        self.assertEqual(outcome.returncode, 65, outcome.stderr)
        self.assertIn("at most one rank for each row", outcome.stderr)


class Output(Case):
    @unittest.skipUnless(h5py, "no h5py")
    def test_the_field_is_image_data(self):
        for ranks in (1, 3) if options.launcher else (1,):
            self.summary("--output", "field.h5", ranks=ranks)
            with h5py.File(self.folder / "field.h5") as file:
                image = file["VTKHDF"]
                self.assertEqual(image.attrs["Type"], b"ImageData")
                # VTK refuses the same text as UTF-8.
                self.assertEqual(h5py.check_string_dtype(image.attrs.get_id("Type").dtype).encoding, "ascii")
                self.assertEqual(list(image.attrs["WholeExtent"]), [0, 99, 0, 99, 0, 0])
                field = image["PointData/p"]
                self.assertEqual(field.shape, (100, 100))
                self.assertEqual(field[50, 50], 0.01310592095278904)
                self.assertEqual(list(file["kramers/jacobi/iteration"]), list(range(100, 1001, 100)))
                self.assertEqual(file["kramers/jacobi/norm"][-1], 0.00022026753267800596)

    def test_runs_again_from_its_results(self):
        first = self.summary("--output", "field.h5", sets=("jacobi.iterations=40",))
        command = [options.program, "field.h5", "--topology", "off", "--quiet", "--summary", "again.json"]
        subprocess.run(command, cwd=self.folder, check=True, timeout=PATIENCE)
        again = json.loads((self.folder / "again.json").read_text())
        self.assertEqual(again["state_hash"], first["state_hash"])


if __name__ == "__main__":
    main()

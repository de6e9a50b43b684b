# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""kramers-cg as its users meet it: published numbers, bits on any number of ranks, matrices from files, bad input, files."""
import json
import random

from shipped_runs import Case, h5py, main, options, SOURCE

Case.shipped = SOURCE / "apps" / "cg" / "wrapped.toml"
SCIPY = SOURCE / "tests" / "algorithms" / "grids" / "oracles" / "scipy_cg.json"


class MatrixCase(Case):
    def file(self, name, text):
        (self.folder / name).write_text(text)
        return f'"{self.folder / name}"'

    def vector(self, name, values):
        lines = "".join(f"{value!r}\n" for value in values)
        return self.file(name, f"%%MatrixMarket matrix array real general\n{len(values)} 1\n{lines}")


def numpy_rand(seed, count):
    """numpy.random.seed(seed); numpy.random.rand(count), from the generator that Python shares with NumPy."""
    state = [seed]
    for i in range(1, 624):
        state.append((1812433253 * (state[-1] ^ (state[-1] >> 30)) + i) & 0xffffffff)
    generator = random.Random()
    generator.setstate((3, (*state, 624), None))
    return [generator.random() for _ in range(count)]


class Published(MatrixCase):
    def test_verify(self):
        outcome = self.attempt("--verify")
        self.assertEqual(outcome.returncode, 0, outcome.stderr)
        lines = outcome.stdout.splitlines()
        self.assertEqual(lines[0], "PASSED: 3 of 3 published numbers")
        self.assertIn("364", " ".join(line for line in lines if "iterations  " in line))
        for sets in (("matrix.kind=wrapped_corners", "matrix.n=32", "cg.check_every=25"),
                     ("matrix.kind=five_point", "matrix.n=128", "cg.method=pipelined"),
                     ("matrix.kind=five_point", "matrix.n=64", "preconditioner.kind=multigrid")):
            self.assertEqual(self.summary("--verify", sets=sets)["verification"]["verdict"], "PASSED")

    def test_failed(self):
        """A residual that is computed anew every time reaches the tolerance later."""
        outcome = self.attempt("--verify", sets=("cg.replace_every=1",))
        self.assertEqual(outcome.returncode, 1, outcome.stderr)
        self.assertEqual(outcome.stdout.splitlines()[:2], ["FAILED: 2 of 3 published numbers",
                                                           "  the number of iterations is 372, published 364"])

    def test_nothing_published(self):
        self.refuse("--verify has nothing to compare", code=64, words=("--verify",), sets=("matrix.n=101",))

    def test_counts_of_seeded_right_sides(self):
        for seed in (0, 1, 2):
            given = ("matrix.n=10", "right_side={kind=\"file\", file=" + self.vector("b.mtx", numpy_rand(seed, 100)) + "}")
            self.assertEqual(self.summary(sets=given)["iterations"], 48)
            self.assertEqual(self.summary(sets=(*given, "cg.check_every=25"))["iterations"], 51)

    def test_true_residual(self):
        found = self.summary()
        self.assertLess(found["residual"], 1e-10)
        self.assertGreater(found["true_residual"], 1e-10)  # 364 iterations of rounding
        self.assertLess(found["true_residual"], 1e-9)
        outcome = self.attempt("--strict", sets=("matrix.n=300", "cg.tolerance=1e-11"))
        self.assertEqual(outcome.returncode, 2, outcome.stderr)
        self.assertIn("the true residual is", outcome.stderr)


class Bits(MatrixCase):
    CASES = (("right_side={kind=\"random\", seed=5}", "matrix.n=47"),
             ("matrix.kind=wrapped_corners", "matrix.n=33", "cg.method=pipelined"),
             ("matrix.kind=five_point", "matrix.n=33", "cg.method=single_reduction", "preconditioner.kind=multigrid"))

    def test_ranks_and_threads(self):
        for sets in self.CASES:
            alone = self.summary(sets=sets)
            for ranks in (2, 3, 4) if options.launcher else ():
                shared = self.summary(sets=sets, ranks=ranks)
                self.assertEqual(shared["ranks"], ranks)
                for name in ("state_hash", "iterations", "residual", "true_residual", "sum"):
                    self.assertEqual(shared[name], alone[name])
        changed = self.summary(sets=("right_side={kind=\"random\", seed=6}", "matrix.n=47"))
        self.assertNotEqual(changed["state_hash"], self.summary(sets=self.CASES[0])["state_hash"])

    def test_threads(self):
        """A grid that one thread does not do alone."""
        sets = ("matrix.n=200", "cg.tolerance=1.0")
        self.assertEqual(self.summary(sets=sets, threads=2)["state_hash"], self.summary(sets=sets)["state_hash"])

    def test_pinned(self):
        self.assertEqual(self.summary()["state_hash"], "0x5644a9c874737c36")

    def test_messages_from_copies(self):
        for sets in (("matrix.n=31",), ("matrix.kind=five_point", "matrix.n=33", "preconditioner.kind=multigrid"),
                     ("matrix.kind=wrapped_corners", "matrix.n=16", "cg.method=pipelined")):
            self.assert_same_by_copies(sets)


class Stored(MatrixCase):
    def test_scipy(self):
        """Solutions, and residuals within rounding, as SciPy has them (oracles/scipy_cg.py)."""
        for name, known in json.loads(SCIPY.read_text()).items():
            given = (f'matrix={{kind="file", file={self.file(name + ".mtx", known["matrix"])}}}',
                     f'right_side={{kind="file", file={self.vector("b.mtx", known["b"])}}}', "cg.tolerance=1e-10")
            for more in ((), ("cg.method=single_reduction",), ("cg.method=pipelined",), ("preconditioner.kind=jacobi",),
                         ("preconditioner.kind=chebyshev",)):
                found = self.summary("--output", "x.h5", sets=(*given, *more))
                self.assertAlmostEqual(found["sum"] / known["sum"], 1, 9)
                if not more:
                    self.assertLessEqual(abs(found["iterations"] - known["iterations"]), 2)
                if h5py is None:
                    continue
                with h5py.File(self.folder / "x.h5") as file:
                    x = file["kramers/cg/x"][:]
                    self.assertEqual(len(file["kramers/cg/residual"]), found["iterations"])
                largest = max(map(abs, known["x"]))
                self.assertLess(max(abs(a - b) for a, b in zip(x, known["x"])), 1e-9 * largest)

    def test_products_by_kokkos_kernels(self):
        n = 700
        entries = [f"{i} {i} {2 + i % 3}" for i in range(1, n + 1)] + [f"{i} {i - 1} -1" for i in range(2, n + 1)]
        matrix = self.file("a.mtx", f"%%MatrixMarket matrix coordinate real symmetric\n{n} {n} {len(entries)}\n" +
                           "\n".join(entries) + "\n")
        sets = (f'matrix={{kind="file", file={matrix}}}', "cg.tolerance=1e-10")
        own = self.summary(sets=sets)
        self.assertEqual(own["product"], "own")
        sets = (*sets, "cg.product=kernels")
        if "no Kokkos Kernels" in self.attempt("--check", sets=sets).stderr:
            self.refuse("'cg.product'", "got 'kernels'", "own in this build, which has no Kokkos Kernels", sets=sets)
            return
        for ranks in (1, 2, 3) if options.launcher else (1,):
            found = self.summary(sets=sets, ranks=ranks)
            self.assertEqual(found["product"], "kernels")
            self.assertLessEqual(abs(found["iterations"] - own["iterations"]), 1)
            self.assertLess(found["true_residual"], 2e-10)
            self.assertAlmostEqual(found["sum"] / own["sum"], 1, 9)
        self.assertIn("by Kokkos Kernels", self.attempt(sets=sets).stdout)
        # Their bits are another run's.
        self.summary(sets=(*sets, "checkpoint.every=10"))
        self.refuse("cg.product", words=("--resume", "--overwrite"), sets=sets[:-1])

    def test_ranks(self):
        if not options.launcher:
            self.skipTest("no launcher of ranks")
        n = 700  # three blocks of rows
        entries = [f"{i} {i} {2 + i % 3}" for i in range(1, n + 1)] + [f"{i} {i - 1} -1" for i in range(2, n + 1)]
        matrix = self.file("a.mtx", f"%%MatrixMarket matrix coordinate real symmetric\n{n} {n} {len(entries)}\n" +
                           "\n".join(entries) + "\n")
        sets = (f'matrix={{kind="file", file={matrix}}}', "cg.tolerance=1e-8")
        alone = self.summary(sets=sets)
        for ranks in (2, 3):
            self.assertEqual(self.summary(sets=sets, ranks=ranks)["state_hash"], alone["state_hash"])
        self.refuse("4 ranks are too many", "use at most 3", code=64, sets=sets, ranks=4)


class BadInput(MatrixCase):
    def test_sentences(self):
        for says, sets in ((("'matrix.n'", "between 3 and"), ("matrix.n=2",)),
                           (("'cg.tolerance'", "> 0"), ("cg.tolerance=0.0",)),
                           (("'preconditioner.kind'", "five_point"), ("preconditioner.kind=multigrid",)),
                           (("'matrix.file'", "missing"), ("matrix.kind=file",))):
            with self.subTest(sets=sets):
                self.refuse(*says, sets=sets)
        self.refuse("--precision", code=64, words=("--precision", "f32"))

    def test_files(self):
        def refuse(text, *says):
            self.refuse(*says, sets=(f'matrix={{kind="file", file={self.file("a.mtx", text)}}}',))

        head = "%%MatrixMarket matrix coordinate real general\n"
        refuse("PNG", "a.mtx:1: is no matrix of Matrix Market")
        refuse(head + "2 2 2\n1 1 1.0\n", "a.mtx: is truncated: it announces 2 entries and has 1")
        refuse(head + "2 2 3\n1 1 1\n2 2 1\n1 2 1\n", "need a symmetric matrix")
        good = self.file("a.mtx", head + "1 1 1\n1 1 2\n")
        self.refuse("has 2 values; expected 1", sets=(f'matrix={{kind="file", file={good}}}',
                    f'right_side={{kind="file", file={self.vector("b.mtx", [1.0, 2.0])}}}'))
        self.refuse("absent.mtx", sets=('matrix={kind="file", file="absent.mtx"}',))

    def test_failures(self):
        indefinite = self.file("a.mtx", "%%MatrixMarket matrix coordinate real symmetric\n2 2 3\n1 1 1\n2 1 2\n2 2 1\n")
        right = self.vector("b.mtx", [1.0, -1.0])
        (self.folder / "x.h5").write_text("precious")
        for method in ("classic", "single_reduction", "pipelined"):
            self.refuse("broke down at iteration 1: the curvature p.A p is -2", code=1, words=("--output", "x.h5"),
                        sets=(f'matrix={{kind="file", file={indefinite}}}', f'right_side={{kind="file", file={right}}}',
                              f"cg.method={method}"))
        for ranks in (1, 2) if options.launcher else (1,):
            self.refuse("did not converge", "after 20 iterations", code=1, words=("--output", "x.h5"),
                        sets=("cg.max_iterations=20",), ranks=ranks)
        self.assertEqual((self.folder / "x.h5").read_text(), "precious")

    def test_ranks(self):
        if not options.launcher:
            self.skipTest("no launcher of ranks")
        self.refuse("4 ranks are too many", "use at most 3", code=64, sets=("matrix.n=3",), ranks=4)
        self.refuse("4 ranks are too many", "use at most 3", code=64, sets=("matrix.kind=wrapped_corners", "matrix.n=7"),
                    ranks=4)


class Output(MatrixCase):
    def test_files(self):
        found = self.summary("--output", "x.h5")
        self.assertEqual(found["matrix"], {"kind": "wrapped", "n": 100, "rows": 10000})
        self.assertGreater(found["memory"]["estimated_bytes_per_rank"], found["memory"]["state_bytes"] * 0.9)
        if h5py is None:
            return
        for ranks in (1, 3) if options.launcher else (1,):
            found = self.summary("--output", "x.h5", ranks=ranks)
            with h5py.File(self.folder / "x.h5") as file:
                x, residual = file["kramers/cg/x"][:], file["kramers/cg/residual"][:]
                self.assertEqual(json.loads(file.attrs["summary"])["state_hash"], found["state_hash"])
            self.assertEqual((len(x), len(residual)), (10000, 364))
            self.assertEqual(residual[-1], found["residual"])
            self.assertAlmostEqual(sum(x) / 8577513.97072, 1, 9)
            # The first equation: 4 x_0 - x_1 - x_100 = 1.
            self.assertAlmostEqual(4 * x[0] - x[1] - x[100], 1, 9)

    def test_check(self):
        said = self.attempt("--check")
        self.assertEqual(said.returncode, 0, said.stderr)
        self.assertRegex(said.stdout, r"is good: 10000 rows, at most 100000 iterations; .*\n  memory  about [0-9.]+ [KM]iB")


if __name__ == "__main__":
    main()

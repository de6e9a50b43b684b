# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""kramers-channel as its users meet it: published numbers, bits on any number of ranks, bad input, files."""
import json
import subprocess
import unittest

from shipped_runs import Case, h5py, main, options, PATIENCE, SOURCE

Case.shipped = SOURCE / "apps" / "channel" / "cfd.toml"


class Published(Case):
    def test_499_steps_and_every_digit(self):
        outcome = self.attempt("--verify", "--summary", "summary.json")
        self.assertEqual(outcome.returncode, 0, outcome.stderr)
        self.assertTrue(outcome.stdout.startswith("PASSED: 7 of 7"), outcome.stdout)
        summary = json.loads((self.folder / "summary.json").read_text())
        self.assertEqual(summary["steps"], 499)
        self.assertTrue(all(number["tolerance"] == 0 for number in summary["verification"]["numbers"]))

    def test_perturbed_and_legates_benchmark(self):
        text = Case.shipped.read_text().replace("dt = 0.01\n", "").replace("tolerance = 1e-3\n", "")
        (self.folder / "flow.toml").write_text(text)
        for sets in (("flow.start=perturbed", "flow.dt=0.002", "flow.steps=100"), ("flow.sigma=0.0009", "flow.steps=51")):
            command = [options.program, "flow.toml", "--topology", "off", "--verify"]
            command += [word for assignment in sets for word in ("--set", assignment)]
            outcome = subprocess.run(command, cwd=self.folder, text=True, capture_output=True, timeout=PATIENCE, check=False)
            self.assertEqual(outcome.returncode, 0, outcome.stdout + outcome.stderr)
            self.assertTrue(outcome.stdout.startswith("PASSED"), outcome.stdout)

    def test_a_run_that_differs_fails(self):
        outcome = self.attempt("--verify", sets=("flow.sweeps=49",))
        self.assertEqual(outcome.returncode, 1)
        self.assertTrue(outcome.stdout.startswith("FAILED"), outcome.stdout)


class Bits(Case):
    # Those of every build, OpenMP or Serial, and number of ranks.
    PINNED = {"f64": "0x5caed90754a7d8dd", "f32": "0x8d52ea5ad1e0e36d"}

    def test_same_on_all_ranks(self):
        for precision in ("f64", "f32"):
            sets = ("flow.steps=60", "flow.tolerance=0.5") if precision == "f32" else ()
            first = self.summary("--precision", precision, sets=sets)
            self.assertEqual(first["state_hash"], self.PINNED[precision])
            self.assertTrue(first["observables"]["columns_are_equal"])
            sets = ("flow.tolerance=0.2",)  # some hundred messages
            first = self.summary("--precision", precision, sets=sets)
            for ranks in (2, 3) if options.launcher else ():
                other = self.summary("--precision", precision, sets=sets, ranks=ranks)
                self.assertEqual((other["state_hash"], other["change"]), (first["state_hash"], first["change"]), ranks)

    def test_threads_and_paths(self):
        sets = ("flow.start=perturbed", "flow.dt=0.0001", "flow.steps=3", "flow.tolerance=10", "grid.rows=113")
        expected = self.summary(sets=sets)
        self.assertEqual(expected["path"], "cached")
        for words in ({"threads": 2}, {"ranks": 3} if options.launcher else {}):
            self.assertEqual(self.summary(sets=sets, **words)["state_hash"], expected["state_hash"])

    def test_messages_from_copies(self):
        self.assert_same_by_copies(("flow.start=perturbed", "flow.dt=0.0001", "flow.steps=3", "flow.tolerance=10"))


class RoundOff(Case):
    """flow.round_off: a second flow of which one cell of u begins higher by 2^-52."""

    @staticmethod
    def linear(rows, columns, number, steps):
        """Largest cell after each step of diffusion alone, dt nu / dx^2 = dt nu / dy^2 = number, from that cell."""
        u = [[0.0] * columns for _ in range(rows)]
        u[rows // 2][columns // 2] = 2.0**-52
        largest = []
        for _ in range(steps):
            u = [[0.0] * columns if j in (0, rows - 1) else
                 [u[j][i] + number * (u[j][i - 1] + u[j][(i + 1) % columns] + u[j - 1][i] + u[j + 1][i] - 4 * u[j][i])
                  for i in range(columns)] for j in range(rows)]
            largest.append(max(abs(cell) for row in u for cell in row))
        return largest

    def test_a_fluid_at_rest_has_the_differences_of_the_linear_theory(self):
        """Without pressure, and with a force that moves nothing, the difference is a solution of the diffusion equation."""
        if not h5py:
            self.skipTest("no h5py")
        for dt, number in ((0.01, 0.4), (0.005, 0.2)):
            sets = ("flow.round_off=true", "flow.sweeps=0", "flow.force=1e-30", f"flow.dt={dt}", "flow.steps=20",
                    "flow.tolerance=0.06")  # 1 / n after n steps
            for ranks in (1, 3) if options.launcher else (1,):
                found = self.summary("--output", "flow.h5", sets=sets, ranks=ranks)["round_off"]
                with h5py.File(self.folder / "flow.h5") as file:
                    differences = list(file["kramers/channel/round_off"])
                expected = self.linear(41, 41, number, len(differences))
                self.assertGreaterEqual(len(differences), 15)
                self.assertEqual((found["row"], found["column"], found["amount"]), (20, 20, 2.0**-52))
                for one, other in zip(differences, expected):
                    # Rounding, and the square of differences of up to 1e-10.
                    self.assertLess(abs(one / other - 1), 1e-8)

    def test_growth_of_the_published_default(self):
        """2.195 by linear theory, 2.19448 by NumPy with the same second flow; the flow itself stays the published one."""
        for ranks in (1, 2) if options.launcher else (1,):
            sets = ("flow.steps=60", "flow.tolerance=0.016")
            plain = self.summary(sets=sets, ranks=ranks)
            found = self.summary(sets=(*sets, "flow.round_off=true"), ranks=ranks)
            self.assertEqual(found["state_hash"], plain["state_hash"])
            growth = found["round_off"]
            self.assertAlmostEqual(growth["linear_growth_at_rest"], 2.195187, 6)
            self.assertAlmostEqual(growth["growth_per_step"], 2.194484786, 8)
            self.assertEqual(growth["fit"], {"first_step": 10, "last_step": 39})
            self.assertNotIn("round_off", plain)

    def test_a_stable_step_lets_nothing_grow(self):
        found = self.summary(sets=("flow.dt=0.005", "flow.tolerance=0.02", "flow.round_off=true"))["round_off"]
        self.assertIsNone(found["growth_per_step"])
        self.assertLess(found["largest_difference"], 2.0**-52)
        self.assertLess(found["linear_growth_at_rest"], 1)

    def test_not_with_a_checkpoint(self):
        self.refuse("flow.round_off", "--resume", words=("--resume",), sets=("flow.round_off=true",))


class BadInput(Case):
    def test_unstable_steps_are_refused_with_the_largest_that_is_not(self):
        self.refuse("flow.dt", "largest stable dt is 0.00625", sets=("flow.start=perturbed",))
        self.refuse("flow.dt", "nu dt (1/dx^2 + 1/dy^2) = 1.01", sets=("grid.rows=46", "grid.columns=46"))
        outcome = self.attempt("--quiet", sets=("flow.start=perturbed", "flow.dt=0.00625", "flow.steps=2", "flow.tolerance=10"))
        self.assertEqual(outcome.returncode, 0, outcome.stderr)

    def test_a_default_that_survives_by_symmetry_is_warned_of(self):
        outcome = self.attempt("--strict", sets=("flow.steps=2", "flow.tolerance=0.9"))
        self.assertEqual(outcome.returncode, 2, outcome.stderr)
        self.assertIn("survives only while all columns have the same bits", outcome.stderr)

    def test_each_is_one_sentence(self):
        self.refuse("grid.rows", "got 2", sets=("grid.rows=2",))
        self.refuse("flow.tolerance", "> 0", sets=("flow.tolerance=0",))
        self.refuse("flow.dt", "> 0", sets=("flow.dt=0",))
        self.refuse("flow.sigma", "flow.dt", sets=("flow.sigma=0.001",))
        self.refuse("finite numbers in step", sets=("flow.force=1e308",))

    def test_no_convergence_writes_nothing(self):
        (self.folder / "former.json").write_text("{}")
        self.refuse("flow.steps", "still changes by", sets=("flow.steps=5",),
                    words=("--summary", "former.json", "--output", "field.h5"))
        self.assertEqual((self.folder / "former.json").read_text(), "{}")
        self.assertEqual([path.name for path in self.folder.iterdir()], ["former.json"])

    @unittest.skipUnless(options.launcher, "one rank")
    def test_too_many_ranks(self):
        outcome = self.attempt("--quiet", sets=("grid.rows=5",), ranks=3)
        self.assertEqual(outcome.returncode, 65, outcome.stderr)
        self.assertIn("at least two for each of the 3 ranks", outcome.stderr)


class Output(Case):
    @unittest.skipUnless(h5py, "no h5py")
    def test_the_fields_are_image_data(self):
        for ranks in (1, 2) if options.launcher else (1,):
            steps, sets = (499, ()) if ranks == 1 else (2, ("flow.tolerance=0.5",))
            self.summary("--output", "field.h5", ranks=ranks, sets=sets)
            with h5py.File(self.folder / "field.h5") as file:
                image = file["VTKHDF"]
                self.assertEqual(image.attrs["Type"], b"ImageData")
                # VTK refuses the same text as UTF-8.
                self.assertEqual(h5py.check_string_dtype(image.attrs.get_id("Type").dtype).encoding, "ascii")
                self.assertEqual(sorted(image["PointData"]), ["p", "u", "v"])
                self.assertEqual(image["PointData/u"].shape, (41, 41))
                self.assertAlmostEqual(image["PointData/u"][20, 0], 3.494896156028711 if ranks == 1 else 0.02, 14)
                self.assertEqual(file["kramers/channel/change"].shape, (steps,))


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""kramers-langevin with potentials of files and of formulas: what they say, the same bits in any format, and mistakes."""
import copy
import random

from langevin_runs import Case, DOUBLE_WELL, h5py, main, options

TABLE = "# position energy\n" + "".join(f"{x / 10} {(x / 10)**2 - 1 / (1 + x * x / 100)}\n" for x in range(-30, 31))


class Potentials(Case):
    def test_the_same_profile_in_any_format_gives_the_same_walkers(self):
        def rows(extra=""):
            return "".join(f"{x / 10} {(x / 10)**2}{extra}\n" for x in range(-15, 16))
        files = {"plain.txt": rows(), "grace.xvg": f'@ title "PMF"\n0 1\n1 1\n2 1\n&\n@type xy\n{rows()}&\n',
                 "columns.txt": rows(" 7 8"), "half.txt": "".join(
                     f"{x / 10} {(x / 10)**2 / 2}\n" for x in range(-15, 16)),
                 "fes.dat": "#! FIELDS x fes der_x\n#! SET min_x -1.5\n#! SET max_x 1.5\n#! SET nbins_x 30\n"
                            "#! SET periodic_x false\n" + rows(" 0.5"),
                 "cycle.dat": "#! FIELDS x fes\n#! SET min_x -1.5\n#! SET max_x 1.5\n#! SET nbins_x 30\n"
                              "#! SET periodic_x true\n" + rows()}
        for name, text in files.items():
            (self.folder / name).write_text(text)

        def hash_of(name, **keys):
            self.write_input(tables={"ensemble": {"walkers": 70, "seed": 5},
                                     "potential": {"kind": "tabulated", "file": name, **keys},
                                     "integrator": {"dt": 0.05, "friction": 1.0, "temperature": 2.0},
                                     "observables": {"frame_every": 10, "correlation_frames": 8},
                                     "run": {"steps": 400}})
            summary = self.run_study()
            return summary["state_hash"], "diffusion_coefficient" in summary["observables"]

        plain = hash_of("plain.txt")
        self.assertFalse(plain[1])
        self.assertEqual(hash_of("grace.xvg", set=2), plain)
        self.assertEqual(hash_of("columns.txt", columns=[1, 2]), plain)
        self.assertEqual(hash_of("half.txt", scale=2.0), plain)
        self.assertEqual(hash_of("fes.dat"), plain)
        self.assertEqual(hash_of("cycle.dat", outside="linear"), plain)
        cycle = hash_of("cycle.dat")
        self.assertTrue(cycle[1], "walkers of a periodic profile diffuse")
        self.assertNotEqual(cycle[0], plain[0])
        self.assertEqual(hash_of("plain.txt", outside="periodic", period=3.0), cycle)

    def test_formulas_are_what_they_say(self):
        tables = copy.deepcopy(DOUBLE_WELL)
        compiled = self.run_study()
        tables["potential"] = {"kind": "expression", "energy": "k*(x^2-1)^2", "constants": {"k": 1.0}}
        self.write_input(tables=tables)
        formula = self.run_study("--output", "one.h5")
        for name, value in compiled["references"].items():
            if isinstance(value, float):
                self.assertAlmostEqual(formula["references"][name], value, delta=1e-6 * abs(value), msg=name)
        # The same noise: walkers part only as rounding grows, and after 11 time units few have.
        for name in ("kinetic_temperature", "potential_energy", "virial_temperature"):
            one, other = compiled["observables"][name], formula["observables"][name]
            self.assertLess(abs(one["value"] - other["value"]), 0.5 * one["stderr"], name)
        self.assert_same_results(formula, self.run_study("--output", "other.h5", threads=2))
        self.assert_same_data("one.h5", "other.h5")
        tables["potential"] = {"kind": "expression_2d", "energy": "(x^2-1)^2 + 2*(y-x)^2"}
        self.write_input(tables=tables)
        surface = self.run_study("--output", "surface.h5")
        self.assert_same_results(surface, self.run_study("--output", "surface2.h5", threads=2))
        if options.launcher:
            self.assert_same_results(surface, self.run_study("--output", "surface3.h5", ranks=2))

    def test_the_same_surface_in_any_format_gives_the_same_walkers(self):
        places = [(x / 4, y / 4) for x in range(-8, 8) for y in range(-6, 7)]

        def energy(x, y):
            return (x * x - 1)**2 / 4 + (y - x / 2)**2

        def rows(places, between=" ", extra="", factor=1):
            return "".join(f"{x}{between}{y}{between}{energy(x, y) * factor}{extra}\n" for x, y in places)
        header = ("#! FIELDS x y fes der_x der_y\n#! SET min_x -2\n#! SET max_x 2\n#! SET nbins_x {}\n"
                  "#! SET periodic_x {}\n#! SET min_y -1.5\n#! SET max_y 1.5\n#! SET nbins_y 12\n#! SET periodic_y false\n")
        by_y = sorted(places, key=lambda place: (place[1], place[0]))
        shuffled = random.Random(1).sample(places, len(places))
        files = {"plain.txt": rows(places), "shuffled.txt": rows(shuffled), "table.csv": "x,y,V\n" + rows(places, ","),
                 "half.txt": rows(places, factor=0.5), "columns.txt": "".join(
                     f"7 {energy(x, y)} {y} {x}\n" for x, y in places),
                 "fes.dat": header.format(15, "false") + rows(by_y, extra=" 0.5 -0.5").replace("1.75 -1.5", "1.75   -1.5"),
                 "cycle.dat": header.format(16, "true") + rows(by_y, extra=" 0 0")}
        for name, text in files.items():
            (self.folder / name).write_text(text)

        def study(name, **keys):
            self.write_input(tables={"ensemble": {"walkers": 70, "seed": 5},
                                     "potential": {"kind": "tabulated_2d", "file": name, **keys},
                                     "integrator": {"dt": 0.05, "friction": 1.0, "temperature": 0.3},
                                     "observables": {"frame_every": 10, "correlation_frames": 8},
                                     "run": {"steps": 400}})
            return self.run_study()

        plain = study("plain.txt")["state_hash"]
        self.assertEqual(study("plain.txt", outside_x="linear", outside_y="linear")["state_hash"], plain)
        for name, keys in (("shuffled.txt", {}), ("table.csv", {}), ("columns.txt", {"columns": [4, 3, 2]}),
                           ("half.txt", {"scale": 2.0}), ("fes.dat", {}), ("cycle.dat", {"outside_x": "linear"})):
            with self.subTest(name):
                self.assertEqual(study(name, **keys)["state_hash"], plain)
        cycle = study("cycle.dat")
        self.assertNotEqual(cycle["state_hash"], plain)
        self.assertNotIn("diffusion_coefficient", cycle["observables"])
        self.assertEqual(study("plain.txt", outside_x="periodic", period_x=4.0)["state_hash"], cycle["state_hash"])
        self.assertIn("diffusion_coefficient", study("cycle.dat", outside_y="periodic", period_y=3.25)["observables"])
        walls = {"outside_x": "wall", "wall_stiffness_x": 4.0, "outside_y": "wall", "wall_stiffness_y": 5.0}
        walled = study("plain.txt", **walls)
        self.assertNotEqual(walled["state_hash"], plain)
        self.assertIsNotNone(walled["observables"]["virial_temperature"]["value"])
        self.assertIsNone(cycle["observables"]["virial_temperature"]["value"])

    def test_a_matrix_of_gromacs_is_the_table_of_its_pixels(self):
        # Energies are whole levels; edges of bins are half a bin before and behind their centres.
        energy = [[abs(x - 3) * 3 + abs(y - 2) + (2 if x == 3 else 0) for y in range(6)] for x in range(8)]
        symbols = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        matrix = ('/* XPM */\n/* title:   "Gibbs Energy Landscape" */\n/* legend:  "G (kJ/mol)" */\n/* x-label: "PC1" */\n'
                  '/* y-label: "PC2" */\n/* type:    "Continuous" */\nstatic char *gromacs_xpm[] = {\n"8 6   26 1",\n'
                  + "".join(f'"{symbol}  c #0000FF " /* "{level}" */,\n' for level, symbol in enumerate(symbols))
                  + "/* x-axis:  " + "".join(f"{-2 + x / 2:g} " for x in range(9)) + "*/\n"
                  + "/* y-axis:  " + "".join(f"{-1 + y / 4:g} " for y in range(7)) + "*/\n"
                  + ",\n".join('"' + "".join(symbols[energy[x][y]] for x in range(8)) + '"' for y in reversed(range(6))) + "\n")
        rows = "".join(f"{-1.75 + x / 2} {-0.875 + y / 4} {energy[x][y]}\n" for x in range(8) for y in range(6))
        (self.folder / "gibbs.xpm").write_text(matrix)
        (self.folder / "plain.txt").write_text(rows)

        def study(name, *words, **keys):
            self.write_input(tables={"ensemble": {"walkers": 70, "seed": 5},
                                     "potential": {"kind": "tabulated_2d", "file": name, **keys},
                                     "integrator": {"dt": 0.01, "friction": 1.0, "temperature": 3.0},
                                     "observables": {"frame_every": 10, "correlation_frames": 8}, "run": {"steps": 400}})
            return self.run_study(*words)

        plain = study("plain.txt")
        matrix_run = study("gibbs.xpm", "--output", "matrix.h5")
        self.assertEqual(matrix_run["state_hash"], plain["state_hash"])
        self.assertEqual(study("gibbs.xpm", outside_x="periodic", period_x=4.0)["state_hash"],
                         study("plain.txt", outside_x="periodic", period_x=4.0)["state_hash"])
        with h5py.File(self.folder / "matrix.h5") as file:
            self.assertEqual(file["input_files/potential.file"][()].decode(), matrix)
        (self.folder / "gibbs.xpm").unlink()
        self.assert_same_results(matrix_run, self.run_study(source="matrix.h5"))
        # More than 88 levels of GROMACS have a zero among their symbols, at which texts of HDF5 end.
        (self.folder / "gibbs.xpm").write_text(matrix.replace("D", "\0"))
        with_zero = study("gibbs.xpm", "--output", "zero.h5")
        self.assertEqual(with_zero["state_hash"], plain["state_hash"])
        (self.folder / "gibbs.xpm").unlink()
        self.assert_same_results(with_zero, self.run_study(source="zero.h5"))
        for what, (text, says) in {
                "cut": (matrix[:matrix.rindex(",\n") + 2], ("gibbs.xpm: ", "ends after 5 of 6 rows")),
                "colour": (matrix.replace('"O  c', '"?  c'), ("gibbs.xpm:38: ", "has the colour 'O' in pixel 8")),
                "row": (matrix[:-3] + '"\n', ("gibbs.xpm:42: ", "has 7 characters, but 8 pixels")),
                "not a number": (matrix.replace('"3"', '"nan"'), ("gibbs.xpm:12: ", "'nan' is not a finite number"))}.items():
            with self.subTest(what):
                self.write_input(tables={**DOUBLE_WELL, "potential": {"kind": "tabulated_2d", "file": "gibbs.xpm"}})
                (self.folder / "gibbs.xpm").write_text(text)
                self.refuse(code=65, says=says)

    def test_a_surface_of_hdf5_is_the_table_of_its_points(self):
        x, y = [-2 + i / 4 for i in range(17)], [-1.5 + i / 4 for i in range(13)]
        energy = [[((a * a - 1)**2 + (b - a / 2)**2) / 3 for b in y] for a in x]
        (self.folder / "plain.txt").write_text("".join(
            f"{a} {b} {energy[i][j]!r}\n" for i, a in enumerate(x) for j, b in enumerate(y)))

        def put(types, **changes):
            with h5py.File(self.folder / "fes.h5", "w") as file:
                for name, values in {"energy": energy, "x": x, "y": y, **changes}.items():
                    if values is not None:
                        file.create_dataset(name, data=values, dtype=types.get(name, "<f8"))

        def study(name, *words, **keys):
            self.write_input(tables={"ensemble": {"walkers": 70, "seed": 5},
                                     "potential": {"kind": "tabulated_2d", "file": name, **keys},
                                     "integrator": {"dt": 0.05, "friction": 1.0, "temperature": 0.3},
                                     "observables": {"frame_every": 10, "correlation_frames": 8}, "run": {"steps": 400}})
            return self.run_study(*words, "--overwrite")

        plain = study("plain.txt")["state_hash"]
        for types in ({}, {"energy": ">f8", "x": ">f8"}, {"x": "<f4", "y": ">f4"}):  # quarters are whole in any of them
            with self.subTest(types):
                put(types)
                of_file = study("fes.h5", "--output", "surface.h5")
                self.assertEqual(of_file["state_hash"], plain)
                (self.folder / "fes.h5").unlink()  # the results alone run again, and their results
                self.assert_same_results(of_file, self.run_study("--output", "again.h5", "--overwrite", source="surface.h5"))
                self.assert_same_results(of_file, self.run_study(source="again.h5"))
        put({"energy": "<f4"})
        self.assertNotEqual(study("fes.h5")["state_hash"], plain)
        put({})
        halves = study("fes.h5", scale=0.5, outside_x="wall", wall_stiffness_x=4.0)["state_hash"]
        self.assertEqual(study("plain.txt", scale=0.5, outside_x="wall", wall_stiffness_x=4.0)["state_hash"], halves)
        self.write_input(tables={**DOUBLE_WELL, "potential": {"kind": "tabulated_2d", "file": "fes.h5"}})
        nan = float("nan")
        for what, (types, changes, says) in {
                "lacking": ({}, {"y": None}, "holds no dataset 'y'"),
                "one dimension": ({}, {"energy": x}, "holds 'energy' of the shape (17); expected two dimensions"),
                "shape": ({}, {"y": x}, "holds 'y' of the shape (17); expected (13)"),
                "nan": ({}, {"energy": [[nan if a == 1 else 0 for b in y] for a in x]}, "holds the energy nan at (x, y) = 1 -1.5"),
                "uneven": ({}, {"x": x[:-1] + [2.1]}, "is no grid of evenly spaced points: after x = 1.75 comes 2.1"),
                "text": ({"energy": "S5"}, {"energy": [["a" for b in y] for a in x]}, "in another type than numbers")}.items():
            with self.subTest(what):
                put(types, **changes)
                self.refuse(code=65, says=("fes.h5: ", says))
        put({})
        self.refuse("--set", "potential.columns=[1, 2, 3]", code=65, says=("fes.h5", "no columns to choose"))
        (self.folder / "fes.h5").write_bytes((self.folder / "fes.h5").read_bytes()[:1000])
        self.refuse(code=65, says=("fes.h5", "truncated"))

    def test_a_surface_gives_the_same_bits_anywhere(self):
        rows = "".join(f"{x / 4} {y / 4} {((x / 4)**2 - 1)**2 + (y / 4)**2}\n" for x in range(-8, 9) for y in range(-8, 9))
        (self.folder / "surface.txt").write_text(rows)
        tables = copy.deepcopy(DOUBLE_WELL)
        tables["potential"] = {"kind": "tabulated_2d", "file": "surface.txt", "outside_x": "wall", "wall_stiffness_x": 4.0,
                               "outside_y": "wall", "wall_stiffness_y": 4.0}
        tables["observables"]["histogram"] = {"bins": [16, 12], "lower": [-2.0, -2.0], "upper": [2.0, 2.0]}
        self.write_input(tables=tables)
        for precision in ("f64", "f32"):
            words = ("--precision", precision)
            one = self.run_study(*words, "--output", "one.h5")
            self.assert_same_results(one, self.run_study(*words, "--output", "other.h5", "--overwrite", threads=2))
            self.assert_same_data("one.h5", "other.h5")
            for ranks in (2, 4) if options.launcher else ():
                self.assert_same_results(one, self.run_study(*words, ranks=ranks))
            with h5py.File(self.folder / "one.h5") as file:
                self.assertEqual(file["input_files/potential.file"][()].decode(), rows)
            # The results alone run again.
            (self.folder / "surface.txt").rename(self.folder / "away.txt")
            self.assert_same_results(one, self.run_study(source="one.h5"))
            (self.folder / "away.txt").rename(self.folder / "surface.txt")
            (self.folder / "one.h5").unlink()


class BadPotentials(Case):
    def test_wrong_tables(self):
        tables = copy.deepcopy(DOUBLE_WELL)
        tables["potential"] = {"kind": "tabulated", "file": "table.txt"}
        self.write_input(tables=tables)
        lines = TABLE.splitlines()
        cases = {"unsorted": (lines[:5] + [lines[7], lines[6]], "table.txt:7"),
                 "repeated": (lines[:6] + [lines[5]], "table.txt:7"),
                 "text": (lines[:6] + ["0.9 high"] + lines[6:], "table.txt:7"),
                 "not a number": (lines[:6] + ["0.9 nan"] + lines[6:], "table.txt:7"),
                 "empty": (lines[:1], "table.txt")}
        for what, (content, says) in cases.items():
            with self.subTest(what):
                (self.folder / "table.txt").write_text("\n".join(content) + "\n")
                self.refuse(code=65, says=says)
        (self.folder / "table.txt").unlink()
        self.refuse(code=65, says=("table.txt", "No such file"))

    def test_wrong_choices_of_a_table(self):
        tables = copy.deepcopy(DOUBLE_WELL)
        tables["potential"] = {"kind": "tabulated", "file": "table.txt"}
        self.write_input(tables=tables)
        (self.folder / "table.txt").write_text(TABLE)
        for change, says in {"columns=[1, 3]": ("table.txt:2", "number 3 is chosen"),
                             "columns=[1]": ("'potential.columns'", "two numbers"),
                             "columns=[1, 1]": ("'potential.columns'", "two numbers"),
                             "set=2": ("table.txt", "holds 1 data set"),
                             "set=0": ("'potential.set'", ">= 1"),
                             "scale=-1": ("'potential.scale'", "> 0"),
                             'outside="periodic"': ("potential.period",),
                             "period=9": ("potential.period",)}.items():
            with self.subTest(change):
                self.refuse("--set", f"potential.{change}", code=65, says=says)
        self.refuse("--set", 'potential.outside="periodic"', "--set", "potential.period=2", code=65,
                    says=("potential.period", "at least the length of the table, 6"))

    def test_wrong_surfaces(self):
        tables = copy.deepcopy(DOUBLE_WELL)
        tables["potential"] = {"kind": "tabulated_2d", "file": "surface.txt"}
        self.write_input(tables=tables)
        lines = [f"{x} {y} {x * x + 3 * x * y}" for x in (-1, 0, 1) for y in (-1, 0, 1)]
        cases = {"lacking": (lines[:4] + lines[5:], ("surface.txt: ", "lacks the point x = 0, y = 0 of the grid of 3 x 3")),
                 "twice": (lines + ["1 0 7"], ("surface.txt:10: ", "x = 1, y = 0 comes twice, first in line 8")),
                 "uneven": ([line.replace("1 ", "1.5 ", 1) if line.startswith("1") else line for line in lines],
                            ("surface.txt: ", "after x = 0 comes 1.5, after -1 comes 0")),
                 "text": (lines[:2] + ["0 high 1"] + lines[2:], ("surface.txt:3: ", "'high' is not a number")),
                 "profile": (["0 1", "1 2", "2 3"], ("surface.txt:1: ", "has 2 columns, but three")),
                 "empty": ([], ("surface.txt: ", "holds no points"))}
        for what, (content, says) in cases.items():
            with self.subTest(what):
                (self.folder / "surface.txt").write_text("\n".join(content) + "\n")
                self.refuse(code=65, says=says)
        (self.folder / "surface.txt").write_text("\n".join(lines) + "\n")
        walls = 'outside_x="wall", outside_y="wall", wall_stiffness_x=1.0, wall_stiffness_y=8.0'
        for change, says in {'columns=[1, 2]': ("'potential.columns'", "three numbers"),
                             'columns=[1, 2, 4]': ("surface.txt:1", "number 4 is chosen"),
                             'outside_x="wall"': ("potential.wall_stiffness_x",),
                             'outside_y="periodic"': ("potential.period_y",),
                             'outside_y="periodic", period_y=2.5': ("'potential.period_y' cannot be used", "3 times the spacing 1"),
                             'period_x=3': ("'potential.period_x'", "absent unless potential.outside_x is 'periodic'"),
                             'wall_stiffness_y=3': ("'potential.wall_stiffness_y'", "absent unless"),
                             'outside="wall"': ("unknown key 'potential.outside'",),
                             'set=1': ("unknown key 'potential.set'",),
                             walls: ("'potential.file' cannot be used", "mixed derivative of the energy at a corner")}.items():
            with self.subTest(change):
                self.refuse("--set", f'potential={{kind="tabulated_2d", file="surface.txt", {change}}}', code=65, says=says)
        (self.folder / "surface.txt").unlink()
        self.refuse(code=65, says=("surface.txt", "No such file"))

    def test_wrong_formulas(self):
        tables = copy.deepcopy(DOUBLE_WELL)
        tables["potential"] = {"kind": "expression", "energy": "k*x^2", "constants": {"k": 1.0}}
        self.write_input(tables=tables)
        for change, says in {"energy=\"k*x^2\"": ("unknown key 'zz'",),
                             "energy=\"(x^2-1^2 + 0.1*x\"": ("'potential.energy'", "expected ')' at character 17", "0.1*x"),
                             "energy=\"q*x^2\"": ("'potential.energy'", "not 'q'", "character 1", "potential.constants"),
                             "energy=\"x^2\"": ("unknown key 'potential.constants.k'",),
                             "energy=\"k*y^2\"": ("'potential.energy'", "not 'y'"),
                             "energy=\"k/0*x\"": ("'potential.energy'", "no finite number"),
                             "energy=3": ("'potential.energy'", "a string"),
                             "constants.k=\"1 nm\"": ("'potential.constants.k'", "a number"),
                             "dimensions=2": ("unknown key 'potential.dimensions'",)}.items():
            with self.subTest(change):
                self.refuse("--set", f"potential.{change}", "--set", "zz=1", code=65, says=says)
        # Where walkers start the energy must be a number.
        self.refuse("--set", 'potential.energy="k*sqrt(x)"', "--set", "initial.position=[-1]", code=65,
                    says=("'potential' has the energy",))


if __name__ == "__main__":
    main()

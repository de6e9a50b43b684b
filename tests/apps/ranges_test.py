# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The ends of what every key of an input may be: the first and last value allowed, and their neighbours outside.

No run begins: a value is accepted where the program complains of nothing but the key `zz`, which no input has.
"""
import argparse
from concurrent.futures import ThreadPoolExecutor
import math
import os
from pathlib import Path
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = Path(__file__).resolve().parents[2]
PATIENCE = 120  # only a program that hangs gets there

parser = argparse.ArgumentParser()
for program in ("langevin", "spread", "rare", "classify", "topo", "doctor", "jacobi", "cg", "channel"):
    parser.add_argument(f"--{program}", help="the program kramers-" + program)
options, unittest_words = parser.parse_known_args()

LANGEVIN = """
ensemble = {walkers = 300, seed = 7}
potential = {kind = "double_well"}
integrator = {dt = 0.02, friction = 1.0, temperature = 0.4}
run = {steps = 20000}
"""
SPREAD = """
ensemble = {seed = 7}
potential = {kind = "double_well"}
integrator = {dt = 0.02, friction = 1.0, temperature = 0.4}
trunk = {steps = 1000}
spread = {every = 10, members = 10}
"""
RARE = """
ensemble = {seed = 7}
potential = {kind = "double_well"}
integrator = {dt = 0.02, friction = 1.0, temperature = 0.1}
rare = {state_a = {energy_below = 0.1}, state_b = {energy_below = 0.4}}
"""
GRID = "grid = {rows = 41, columns = 41}\n"
INVISCID = "flow.viscosity=0.0"
CG = """
matrix = {kind = "wrapped", n = 10}
"""
LOOP = ("--adaptive=classifier",)  # 100 points, of which 75 are not held out

def below(number):
    return repr(math.nextafter(number, -math.inf))


def above(number):
    return repr(math.nextafter(number, math.inf))


BEFORE_ONE, LEAST, TINY, MOST = below(1.0), above(0.0), below(0.0), below(math.inf)
LONG = str(2**63 - 1)
OVERDAMPED = 'integrator.scheme="euler-maruyama"'
DIFFUSING = "integrator={dt=0.02, temperature=0.5}"
HARMONIC = 'potential={kind="harmonic"}'
FLAT = 'potential={kind="harmonic", stiffness=0.0}'
COSINE = 'potential={kind="cosine"}'
SURFACE = 'potential={kind="mueller_brown"}'
WALL = 'potential={kind="tabulated", file="table.txt", outside="wall", wall_stiffness=1.0}'
TABLE = 'potential={kind="tabulated", file="table.txt"}'
PERIODIC = 'potential={kind="tabulated", file="table.txt", outside="periodic", period=1e3}'
GRID_FILE = 'potential={kind="tabulated_2d", file="surface.txt"'
LINEAR_2D = GRID_FILE + "}"
WALLS_2D = GRID_FILE + ', outside_x="wall", wall_stiffness_x=1.0, outside_y="wall", wall_stiffness_y=1.0}'
PERIODIC_2D = GRID_FILE + ', outside_x="periodic", period_x=3.0, outside_y="periodic", period_y=3.0}'
FORMULA = 'potential.kind="expression"'
THIRD = "rare.state_c={centre=[-0.05, 0.467], radius=0.1}"
DISCS = (SURFACE, "integrator.temperature=15.0", "rare.state_a={centre=[-0.558, 1.442], radius=0.1}",
         "rare.state_b={centre=[0.623, 0.028], radius=0.1}")
MD = 'units.system="md"'
PLANE = "potential.dimensions=2"
BINS = "observables.histogram={bins=[8], lower=[-2.0], upper=[2.0]}"
DRIVE = "drive={amplitude=0.1, period=0.2}"
SGD = 'training.optimizer="sgd"'


class Range:
    """Values of one key in TOML. given: other assignments, before it. named: what a refusal names where that is not the
    key; of a value written as a pair the second part is named."""

    def __init__(self, good, bad, *given, named=None, words=()):
        self.good, self.bad, self.given, self.named, self.words = good, bad, given, named, words


def integers(least, most, *given, **more):
    """Both ends and what lies beyond. None: as far as TOML goes."""
    beyond = [] if most is None else [str(most + 1)]
    return Range([str(least), LONG if most is None else str(most)], [str(least - 1), *beyond], *given, **more)


def words_of(*names, given=()):
    return Range([f'"{name}"' for name in names], ['"other"', "1"], *given)


SEED = integers(0, None)
POSITIVE = Range([LEAST, MOST], ["0.0", TINY, "nan", "inf"])
ANY = Range(["0.0", "-1.0"], ["nan", "inf", '"x"'])
SHARE = Range(["0.0", BEFORE_ONE], [TINY, "1.0"])
SCALE = [Range(["1e-100", "1e100"], [below(1e-100), above(1e100), "0.0"]),
         Range(["1e-12", "1e12"], [below(1e-12), above(1e12)], words=("--precision", "f32"))]
YES_NO = Range(["true", "false"], ["1", '"yes"'])
FILE = Range(['"a.h5"'], ['""'])


def also(given, one):
    return Range(one.good, one.bad, *given, *one.given, named=one.named, words=one.words)


def coordinates(*given):
    return Range(["[1e100]", "[-1e100]"], [f"[{above(1e100)}]", f"[{below(-1e100)}]", "[]", "[0.0, 0.0]"], *given)


# What several programs read, in one place of the sources.
INTEGRATOR = {
    "integrator.dt": SCALE,
    "integrator.friction": [Range(["0.0"], [TINY]), Range(["1e-100"], ["0.0"], OVERDAMPED), *SCALE[1:],
                            Range(["1e100"], [below(1e-100), above(1e100)])],
    # With kT = 0.5 the friction of 6e99 is below its own range.
    "integrator.diffusion": [Range([], ["1.0"]), Range(["1e-100", "4e99"], ["0.0", below(1e-100), "6e99"], DIFFUSING)],
    # kT of so many kelvin is a number between 1e-100 and 1e100.
    "integrator.temperature": [*SCALE, Range(["1.3e-98", "1.2e102"], ["1.2e-98", "1.3e102", "0.0"], MD)],
    "integrator.mass": SCALE,
    "integrator.scheme": [words_of("baoab", "gjf", "euler-maruyama", "leimkuhler-matthews"),
                          Range(['"baoab"'], ['"heun"'], PLANE)],
}
RANGES = {
    "langevin": INTEGRATOR | {
        "units.system": [words_of("reduced", "md", "lj")],
        "potential.length_unit": [Range(['"nm"', '"angstrom"'], ['"kJ/mol"', '"x"', '""', "1"], WALL, MD),
                                  Range(['"sigma"'], ['"nm"'], WALL, 'units.system="lj"'), Range([], ['"nm"'], WALL)],
        "potential.energy_unit": [Range(['"kcal/mol"', '"eV"'], ['"kcal"', '"nm"', "1"], WALL, MD), Range([], ['"kJ/mol"'], WALL)],
        # Beyond 2^53 - 1 a double may stand for several integers.
        "ensemble.seed": [SEED, Range([f"{2**53 - 1}.0"], [f"{2**53 + 1}.0", "0.5"])],
        "ensemble.walkers": [integers(1, 2**40)],
        "initial.position": [coordinates(FLAT), Range(["[0.0]"], [("[2e30]", "'potential' has the energy")]),
                             Range([], ["[0.0]"], FLAT, "initial.lower=[0.0]", "initial.upper=[0.0]")],
        "initial.lower": [also(["initial.upper=[1e100]"], coordinates(FLAT)),
                          Range(["[0.5]"], [f"[{above(0.5)}]"], FLAT, "initial.upper=[0.5]")],
        "initial.upper": [also(["initial.lower=[-1e100]"], coordinates(FLAT)),
                          Range(["[0.5]"], [(f"[{below(0.5)}]", "'initial.lower'")], FLAT, "initial.lower=[0.5]")],
        "initial.velocity": [coordinates()],
        "drive.amplitude": [also([DRIVE], one) for one in SCALE],
        "drive.period": [Range(["0.08", "0.1", "335544.32"], ["0.06", "0.05", "0.09", "335544.34", "0.0", TINY], DRIVE)],
        "drive.phase": [Range([repr(2 * math.pi), repr(-2 * math.pi)], [above(2 * math.pi), below(-2 * math.pi), "nan"], DRIVE)],
        "drive.coordinate": [integers(0, 0, DRIVE), integers(0, 1, PLANE, DRIVE)],
        "run.equilibrate": [Range(["0", str(2**45 - 2)], ["-1", str(2**45), "0.5"], "run.steps=1"),
                            Range([], [(str(2**45 - 1), "'run.steps'")], "run.steps=1")],
        "run.steps": [Range(["1", str(2**45 - 1)], ["0", str(2**45), "1.5"])],
        "observables.every": [integers(0, None)],
        "observables.after": [integers(0, 19999), Range(["0"], ["1"], "observables.core_sets=[0, 1]",
                                                        "observables.first_passage=true")],
        "observables.coordinate": [integers(0, 0), integers(0, 1, PLANE), integers(0, 1, SURFACE)],
        "observables.dividing_point": [ANY],
        "observables.core_sets": [Range([f"[0.5, {BEFORE_ONE}]"], ["[0.5, 0.5]", "[0.5, 0.4]", "[]", "[0.5]", "[1, 2, 3]"])],
        "observables.first_passage": [also(["observables.core_sets=[0, 1]"], YES_NO), Range(["false"], ["true"])],
        "observables.frame_every": [integers(2, None), Range(["1"], ["0"], "run.steps=10000"),
                                    Range(["2"], ["1"], "run.steps=10001")],
        "observables.correlation_frames": [integers(0, 1000), Range(["0"], ["1"], DRIVE)],
        "observables.transient": [Range(["0.0", MOST], [TINY, "nan"])],
        "observables.histogram.bins": [
            Range([], ["[8]"], BINS, DRIVE),
            Range(["[1]", "[4096]"], ["[0]", "[4097]", "[]", "[8, 8]", "[1.5]"], BINS),
            Range(["[1, 4096]", "[4096, 1]"], ["[8, 0]", "[8, 4097]", "[8, 8, 8]"], PLANE,
                  "observables.histogram={bins=[8], lower=[-2, -2], upper=[2, 2]}"),
            Range(["[8]"], ["[8, 8]"], PLANE, "observables.coordinate=1", BINS)],
        "observables.histogram.lower": [Range(["[-1e100]", f"[{below(2.0)}]"],
                                              [f"[{below(-1e100)}]", "[2.0]", "[2.1]", "[]", "[0, 0]"], BINS)],
        "observables.histogram.upper": [Range(["[1e100]", f"[{above(-2.0)}]"],
                                              [f"[{above(1e100)}]", ("[-2.0]", "'observables.histogram.lower'"),
                                               "[]", "[0, 0]"], BINS)],
        "output.trajectory.walkers": [integers(0, 300)],
        # 8 million numbers: walkers x frames x coordinates x 2
        "output.trajectory.every": [integers(1, None), Range(["1"], ["0"], "run.steps=49999", "output.trajectory.walkers=80",
                                                             "observables.frame_every=100"),
                                    Range(["2"], ["1"], "run.steps=50000", "output.trajectory.walkers=80",
                                          "observables.frame_every=100")],
        "output.trajectory.dimensions": [Range(["1", "3"], ["0", "4", "1.5"]), Range(["2"], ["1"], PLANE)],
        "output.file": [FILE],
        "output.summary": [FILE],
        "output.partial_every": [Range(["0.0", "1e300"], [below(0.0)])],
        "checkpoint.every": [integers(0, None)],
        "checkpoint.file": [FILE],
        "potential.kind": [words_of("double_well", "harmonic", "cosine", "mueller_brown")],
        "potential.dimensions": [integers(1, 3)],
        # Steep enough that it overflows a little beside a minimum.
        "potential.barrier": [Range([LEAST, "1e105"], ["0.0", TINY, ("1e106", "'potential' has the energy")]),
                              Range(["0.0"], [TINY], COSINE)],
        "potential.tilt": [ANY],
        "potential.stiffness": [Range(["0.0", "1e106"], [TINY, ("1e107", "'potential' has the energy")], HARMONIC)],
        "potential.centre": [also([HARMONIC], ANY)],
        "potential.external_force": [also([HARMONIC], ANY), also([COSINE], ANY)],
        "potential.period": [Range([MOST], ["0.0", TINY, (LEAST, "'potential' has the energy")], COSINE),
                             Range(["2.5"], ["0.0", TINY, ("1.9", "potential.period"), ("1e9", "potential.file")], PERIODIC)],
        "potential.scale": [Range([LEAST], ["0.0", TINY], SURFACE), Range([LEAST], ["0.0", TINY], WALL)],
        "potential.columns": [Range(["[1, 2]"], ["[1, 1]", "[0, 1]", "[1, 0]", "[1]", "[1, 2, 3]", ("[1, 3]", "table.txt")],
                                    WALL),
                              Range(["[1, 2, 3]"], ["[1, 2]", "[1, 2, 2]", "[0, 1, 2]", "[1, 2, 3, 4]", ("[1, 2, 4]", "surface.txt")],
                                    WALLS_2D)],
        "potential.outside_x": [also([WALLS_2D], words_of("wall")), also([LINEAR_2D], words_of("linear")),
                                also([PERIODIC_2D], words_of("periodic")), Range([], ['"walls"'], WALLS_2D)],
        "potential.outside_y": [also([WALLS_2D], words_of("wall")), also([LINEAR_2D], words_of("linear")),
                                also([PERIODIC_2D], words_of("periodic")), Range([], ['"walls"'], WALLS_2D)],
        "potential.wall_stiffness_x": [also([WALLS_2D], POSITIVE), Range([], ["1.0"], LINEAR_2D)],
        "potential.wall_stiffness_y": [also([WALLS_2D], POSITIVE), Range([], ["1.0"], PERIODIC_2D)],
        "potential.period_x": [Range(["3.0", "3.01"], ["0.0", TINY, ("2.0", "'potential.period_x' cannot"),
                                                       ("3.5", "'potential.period_x' cannot"), ("1.0", "'potential.period_x' cannot")],
                                     PERIODIC_2D), Range([], ["3.0"], WALLS_2D)],
        "potential.period_y": [Range(["3.0", "3.01"], ["0.0", TINY, ("2.0", "'potential.period_y' cannot"),
                                                       ("4.0", "'potential.period_y' cannot"), ("-3.0", "'potential.period_y': got ")],
                                     PERIODIC_2D), Range([], ["3.0"], LINEAR_2D)],
        "potential.set": [Range(["1"], ["0", "0.5", ("2", "table.txt")], WALL)],
        "potential.energy": [Range(['"x^2"', '"0"', f'"{" " * 4095}x"'],
                                   [('"x^2-"', "'potential.energy' is no formula"), ('""', "'potential.energy' is no formula"),
                                    (f'"{" " * 4096}x"', "'potential.energy' is no formula"), "1",
                                    ('"1e200*x^2"', "'potential' has the energy")], FORMULA),
                             Range(['"x^2+y^2"'], [('"z"', "'potential.energy' is no formula")], 'potential.kind="expression_2d"')],
        "potential.file": [Range(['"table.txt"'], ['""', "1", ('"absent.txt"', "absent.txt")], WALL)],
        "potential.outside": [also([WALL], words_of("wall")), also([TABLE], words_of("linear")), also([PERIODIC], words_of("periodic")),
                              Range([], ['"walls"'], WALL)],
        "potential.wall_stiffness": [also([WALL], POSITIVE)],
    },
    "spread": {
        "ensemble.seed": [SEED],
        "potential.kind": [Range(['"harmonic"'], ['"mueller_brown"', '"other"']), Range([], ['"double_well"'], PLANE)],
        "integrator.scheme": [Range(['"baoab"'], ['"other"']),
                              Range(['"euler-maruyama"'], ['"heun"'], "spread.sigma_velocity=0.0")],
        "trunk.walker": [integers(0, 2**16 - 1)],
        "trunk.equilibrate": [Range(["0", str(2**32 - 1001)], ["-1", (str(2**32 - 1000), "'trunk.steps'"), "0.5"])],
        "trunk.steps": [Range(["10", str(2**32 - 1)], ["0", ("9", "'spread.every'"), str(2**32), "10.5"])],
        "spread.seed": [SEED],
        "spread.every": [integers(1, 1000)],
        "spread.members": [integers(2, 2**16)],
        "spread.steps": [integers(1, None)],
        "spread.sigma_position": [Range(["0.0", "1e100"], [TINY, above(1e100)])],
        "spread.sigma_velocity": [Range(["0.0", "1e100"], [TINY, above(1e100)]),
                                  Range(["0.0"], [LEAST], OVERDAMPED)],
        "spread.adaptive.tolerance": [POSITIVE],
        "spread.adaptive.max_members": [integers(40, 2**16, "spread.adaptive.tolerance=0.1")],
        "spread.adaptive": [Range(["{tolerance=0.1}"], ["0.1"]), Range([], ["{tolerance=0.1}"], words=LOOP)],
        "output.file": [FILE],
        "output.summary": [FILE],
        "data.held_out": [Range([LEAST], ["0.0", "1.0"], words=LOOP)],
        "adaptive.initial": [integers(2, 75, words=LOOP)],
        "adaptive.per_round": [integers(1, 75, words=LOOP)],
        "adaptive.rounds": [integers(1, 6552, words=LOOP)],  # 2^16 / 10 members
        "adaptive.reference_batches": [integers(1, 6552, words=LOOP)],
        "adaptive.choices": [integers(1, 2**20, words=LOOP)],
        "adaptive.models": [integers(1, 4096, words=LOOP)],
        "adaptive.repeats": [Range(["1", "4096"], ["0", ("4097", "'adaptive.models'"), "1.5"], words=LOOP)],
    },
    "rare": {
        "ensemble.seed": [SEED],
        "potential.kind": [Range(['"double_well"'], [('"mueller_brown"', "'rare.state_a'"), '"cosine"', '"other"']),
                           Range(['"mueller_brown"'], [], *DISCS),
                           Range([], [('"double_well"', "'potential.dimensions'")], PLANE)],
        "integrator.friction": [Range(["1e-100"], ["0.0", TINY])],
        "integrator.scheme": [Range(['"baoab"', '"leimkuhler-matthews"'], ['"obabo"', '"other"']),
                              Range(['"baoab"'], ['"leimkuhler-matthews"'], 'rare.method="shooting"')],
        "rare.method": [words_of("splitting", "shooting", "exact", "weighted_ensemble"),
                        Range(['"splitting"', '"weighted_ensemble"'], ['"shooting"', '"exact"'], *DISCS)],
        "rare.repeats": [integers(2, 2**20)],
        "rare.replicas": [Range(["2", str(2**25 - 1)], ["1", str(2**25), str(2**30 + 1), "2.5"])],  # 64 repeats: below 2^31
        "rare.target_error": [Range(["1e-4", BEFORE_ONE], [below(1e-4), "1.0"])],
        "rare.kill": [Range([LEAST, BEFORE_ONE], ["0.0", "1.0", TINY])],
        "rare.batch": [integers(1, 2**20)],
        "rare.max_steps": [integers(1, 2**45)],
        "rare.state_a": [Range(["{below=-1.0}"], ["{}", "{below=-1.0, above=1.0}", "{below=-1.0, left_of=0.0}", "{left_of=0.0}",
                                                  "{energy_below=0.1, left_of=0.0, right_of=-1.0}", "{below=-9.0}",
                                                  "{energy_below=-1.0}"]),
                         Range(["{below=-0.3}", "{centre=[-0.5, 1.4], radius=0.2, energy_below=-100.0}",
                                "{energy_below=-100.0, left_of=-0.3}"],
                               ["{}", "{centre=[-0.5, 1.4]}", "{radius=0.1}", "{centre=[-0.5, 1.4], radius=0.1, below=0.0}",
                                "{energy_below=-100.0}", "{left_of=-0.3}", "{below=-0.3, energy_below=-100.0}",
                                ("{centre=[-0.5], radius=0.1}", "'rare.state_a.centre'"),
                                ("{centre=[-0.5, 1.4], radius=0.0}", "'rare.state_a.radius'"),
                                ("{centre=[0.6, 0.2], radius=0.1}", "'rare.state_b'"), ("{below=0.6}", "'rare.state_b'"),
                                "{centre=[1.5, 2.0], radius=0.1}",  # 451 kT above the lowest minimum
                                "{centre=[-0.5, 1.4], radius=0.2, energy_below=-150.0}"], *DISCS)],
        "rare.state_b": [Range(["{above=1.0}", "{energy_below=0.4, left_of=0.0}"], ["{}", "{above=-1.5}", "{above=9.0}",
                                                 "{energy_below=2.0, right_of=-1.5}"]),
                         Range(["{above=0.5}"], ["{}", "{centre=[0.6, 0.0], radius=0.1, above=0.5}",
                                                 ("{centre=[0.6, 0.0, 0.0], radius=0.1}", "'rare.state_b.centre'")], *DISCS)],
        "rare.state_c": [Range(["{centre=[-0.05, 0.467], radius=0.1}", "{above=0.8}"],
                               ["{centre=[-0.05, 0.467]}", "{above=0.8, below=0.9}", ("{centre=[-0.05], radius=0.1}", "'rare.state_c.centre'"),
                                ("{centre=[-0.05, 0.467], radius=0.0}", "'rare.state_c.radius'"), "{above=0.3}",
                                "{centre=[1.5, 2.0], radius=0.1}"], *DISCS),
                         Range([], ["{above=0.8}"], *DISCS, 'rare.method="weighted_ensemble"')],
        "rare.state_d": [Range(["{above=0.8}"], ["{above=-0.1}"], *DISCS, THIRD), Range([], ["{above=0.8}"], *DISCS)],
        "rare.state_e": [Range(["{above=0.9}"], ["{above=0.5}"], *DISCS, THIRD, "rare.state_d={centre=[0.85, 0.0], radius=0.01}")],
        "rare.direction": [Range(["[1.0, -1.0]"], ["[0.0, 0.0]", "[1.0]", "[1.0, 0.0, 0.0]"], *DISCS)],
        "rare.level.kind": [words_of("energy", "coordinate", "direction"), Range([], ['"distance"', '"committor"']),
                            Range(["\"energy\""], ["\"direction\""], 'integrator.scheme="leimkuhler-matthews"'),
                            Range(['"distance"', '"coordinate"', '"committor"'], [('"energy"', "'rare.level.top'"),
                                                                                  ('"direction"', "'rare.level.top'")], *DISCS),
                            Range([], ['"distance"'], *DISCS, "rare.state_a={below=-0.3}")],
        "rare.level.top": [Range(["[-0.822, 0.624]"], ["[-0.558, 1.442]", "[1.0]"], *DISCS, 'rare.level.kind="energy"'),
                           Range(["[-0.822, 0.624]"], ["[-0.558, 1.442]"], *DISCS, 'rare.level.kind="direction"')],
        "rare.level.bins": [integers(1, 4096)],
        "rare.level.start": [Range(["-1.0", below(1.6)], ["1.6", "nan"]),
                             Range(["-7.0", below(0.0)], ["0.0"], *DISCS, 'rare.level.kind="committor"')],
        "rare.level.end": [Range([above(0.1), "1e300"], [("0.1", "'rare.level.start'"), "inf"]),
                           Range(["-1.0", "1.0"], [("-12.0", "'rare.level.start'")], *DISCS, 'rare.level.kind="committor"')],
        "rare.level.fixed": [Range(["[0.1]", f"[0.5, {above(0.5)}]", str(list(range(256)))],
                                   ["[]", "[0.5, 0.5]", "[0.5, 0.4]", str(list(range(257)))])],
        "rare.flux.walkers": [integers(1, 2**20)],
        "rare.flux.equilibrate": [integers(0, 2**40 - 1)],
        "rare.flux.steps": [integers(1, 2**40 - 1)],
        "rare.shooting.pairs": [integers(2, 2**40)],
        # 128 repeats of 17 bins: below 2^31.
        "rare.weighted.per_bin": [integers(1, 2**20),
                                  Range(["986895"], ["986896"], 'rare.method="weighted_ensemble"', "rare.repeats=128")],
        "rare.weighted.interval": [integers(1, 2**40)],
        "rare.weighted.warm_up": [integers(0, 2**30 - 1)],
        "rare.weighted.cycles": [integers(2, 2**30 - 1)],
        "checkpoint.folder": [FILE],
        "output.file": [FILE],
        "output.summary": [FILE],
        "output.paths.count": [integers(0, 10000)],
        "output.paths.every": [Range(["2", str(2**30)], ["0", "1", "3", str(2**30 + 1), str(2**30 + 2)])],
    },
    "cg": {
        "matrix.kind": [words_of("five_point", "wrapped", "wrapped_corners"),
                        Range(['"file"'], ['"other"'], 'matrix={file="a.mtx"}'),
                        Range([], [('"wrapped"', "'preconditioner.kind'")], 'preconditioner.kind="multigrid"')],
        "matrix.n": [integers(3, 2**24)],
        "matrix.file": [Range(['"a.mtx"'], ['""', "1"], 'matrix={kind="file"}')],
        "right_side.kind": [Range(['"ones"'], ['"other"', "1"]), Range(['"random"'], ['"zeros"'], "right_side.seed=1"),
                            Range(['"file"'], ['"zeros"'], 'right_side.file="b.mtx"')],
        "right_side.seed": [also(['right_side.kind="random"'], SEED)],
        "right_side.file": [Range(['"b.mtx"'], ['""', "1"], 'right_side.kind="file"')],
        "cg.method": [words_of("classic", "single_reduction", "pipelined")],
        "cg.tolerance": [POSITIVE],
        "cg.check_every": [integers(1, 2**45)],
        "cg.max_iterations": [integers(1, 2**45)],
        "cg.replace_every": [integers(0, 2**45)],
        "cg.product": [Range(['"own"'], ['"other"', "1"], 'matrix={kind="file", file="a.mtx"}')],  # kernels: cg_test.py
        "preconditioner.kind": [words_of("none", "jacobi", "chebyshev"),
                                Range(['"multigrid"'], ['"other"'], 'matrix={kind="five_point", n=10}'),
                                Range([], ['"multigrid"'])],
        "preconditioner.degree": [integers(1, 1000, 'preconditioner.kind="chebyshev"')],
        "checkpoint.every": [integers(0, None)],
        "checkpoint.file": [FILE],
        "output.file": [FILE],
        "output.summary": [FILE],
    },
    "jacobi": {
        "grid.rows": [integers(3, 2**20)],
        "grid.columns": [integers(3, 2**20)],
        "jacobi.problem": [words_of("laplace", "neumann", "stencil", "nvidia")],
        "jacobi.iterations": [integers(1, 10**9), Range(["7"], [("6", "'jacobi.check'")], "jacobi.tolerance=0.1", "jacobi.check=7")],
        "jacobi.tolerance": [POSITIVE],
        "jacobi.check": [integers(1, 10**9)],
        "jacobi.check_lag": [integers(0, 1000, "jacobi.tolerance=0.1"), Range(["0"], ["1"])],
        "jacobi.sums": [words_of("fixed", "numpy", "fast")],
        "jacobi.path": [words_of("automatic", "plain", "blocked", "cached")],
        "jacobi.depth": [integers(0, 32), Range(["1"], [("2", "'jacobi.depth' cannot be")], 'jacobi.path="plain"'),
                         Range(["1"], [("2", "'jacobi.depth' cannot be")], 'jacobi.problem="nvidia"', "grid.rows=3")],
        "jacobi.overlap": [YES_NO],
        "checkpoint.every": [integers(0, None)],
        "checkpoint.file": [FILE],
        "output.file": [FILE],
        "output.summary": [FILE],
    },
    "channel": {
        "grid.rows": [integers(3, 2**20, INVISCID)],
        "grid.columns": [integers(3, 2**20, INVISCID)],
        "flow.dt": [Range([LEAST, MOST], ["0.0", TINY, "nan", "inf"], INVISCID),
                    Range(["0.00625"], [("0.00626", "largest stable dt")], 'flow.start="perturbed"')],
        "flow.sigma": [Range(["1e-300", "0.5"], ["0.0", TINY, "nan", ("0.501", "'flow.sigma' cannot be")])],
        "flow.viscosity": [Range(["0.0", "0.125"], [TINY, "nan", ("0.126", "'flow.dt' cannot be")])],
        "flow.density": [POSITIVE],
        "flow.force": [ANY],
        "flow.sweeps": [integers(0, 10**6)],
        "flow.start": [Range(['"rest"', '"perturbed"'], ['"other"'], "flow.dt=0.001")],
        "flow.steps": [integers(1, 10**9)],
        "flow.tolerance": [POSITIVE],
        "flow.round_off": [YES_NO],
        "checkpoint.every": [integers(0, None)],
        "checkpoint.file": [FILE],
        "output.file": [FILE],
        "output.summary": [FILE],
    },
    "classify": {
        "network.hidden": [Range(["[]", "[1]", "[65536]", str([1] * 64)], ["[0]", "[65537]", str([1] * 65), "[1.5]", "1"])],
        "network.activation": [words_of("identity", "tanh", "relu", "gelu_erf", "gelu_tanh")],
        "network.batch_norm": [YES_NO],
        "network.dropout": [SHARE],
        "classes.count": [integers(2, 1000), Range(["3"], ["2", "4"], "classes.thresholds=[0.1, 0.2]")],
        "classes.thresholds": [Range(["[]", "[0.1]", f"[0.5, {above(0.5)}]", str(list(range(999)))],
                                     ["[0.5, 0.5]", "[0.5, 0.4]", "[nan]", str(list(range(1000)))])],
        "data.held_out": [SHARE],
        "data.seed": [SEED],
        "data.standardise": [YES_NO],
        "samples.header": [words_of("yes", "no")],
        "samples.separator": [words_of("comma", "semicolon", "tab", "blanks")],
        "samples.label": [Range(['"l"'], ['""', "1"])],
        "samples.inputs": [Range(['"X"'], ['""', "1"])],
        "samples.label_column": [integers(1, 2**16), Range([], [("1", "'samples.label_column'")], "samples.label=l")],
        "training.optimizer": [words_of("sgd", "adam", "adamw")],
        "training.momentum": [also([SGD], SHARE)],
        "training.nesterov": [also([SGD, "training.momentum=0.5"], YES_NO),
                              Range(["false"], ["true"], SGD, "training.momentum=0.0")],
        "training.beta1": [SHARE],
        "training.beta2": [SHARE],
        "training.epsilon": [Range([LEAST, BEFORE_ONE], ["0.0", TINY, "1.0"])],
        "training.initialisation": [words_of("glorot", "pytorch")],
        "training.batch": [integers(1, 2**31 - 1)],
        "training.patience": [integers(0, None)],
        "training.seed": [SEED],
        "training.learning_rate": [Range([LEAST, below(1e10)], ["0.0", TINY, "1e10"])],
        "training.weight_decay": [Range(["0.0", below(1e10)], [TINY, "1e10"])],
        "training.epochs": [integers(1, None)],
        "training.engine": [words_of("automatic", "resident", "gemm")],
        "sweep.seeds": [integers(1, 2**20, "sweep.learning_rates=[0.1]"), integers(1, 2**19, "sweep.learning_rates=[0.1, 0.2]")],
        "sweep.learning_rates": [Range([f"[{LEAST}]", f"[1e-3, {below(1e10)}]"], ["[]", "[0.0]", "[0.1, 1e10]", "[-1.0]"])],
        "random_points.count": [integers(1, 2**28)],
        "random_points.lower": [Range(["[0.0, 0.0]"], ["[0.0]", "[0.0, 0.0, 0.0]", ("[1.0, 0.0]", "'random_points.upper'"),
                                                       ("[0.0, 1.0]", "'random_points.upper'")],
                                      "random_points.upper=[1.0, 1.0]")],
        "random_points.upper": [Range([f"[{LEAST}, {LEAST}]"], ["[0.0, 1.0]", "[1.0, 0.0]", "[1.0]", "[1.0, 1.0, 1.0]"],
                                      "random_points.lower=[0.0, 0.0]")],
        "random_points.seed": [SEED],
        "checkpoint.every": [integers(0, None)],
        "checkpoint.file": [FILE],
        "output.file": [FILE],
        "output.summary": [FILE],
        "output.model": [FILE],
    },
}
# Names of the last release, which still serve.
RENAMED = {
    "observables.divide": ("langevin", "observables.dividing_point", "0.1", ()),
    "observables.cores": ("langevin", "observables.core_sets", "[0.1, 0.2]", ()),
    "potential.pull": ("langevin", "potential.external_force", "0.1", [HARMONIC]),
    "training.path": ("classify", "training.engine", '"gemm"', ()),
}


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="kramers-ranges-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        for name, text in {"langevin.toml": LANGEVIN, "spread.toml": SPREAD, "rare.toml": RARE, "classify.toml": "",
                           "cg.toml": CG, "jacobi.toml": GRID, "channel.toml": GRID,
                           "table.txt": "-1 1\n0 0\n1 1\n", "surface.txt": "".join(
                               f"{x} {y} {x * x + y * y}\n" for x in (-1, 0, 1) for y in (-1, 0, 1))}.items():
            (self.folder / name).write_text(text)

    def said(self, program, assignments, words=()):
        """Exit code and message of a program that has to stop at the key zz at the latest."""
        path = getattr(options, program)
        if path is None:
            self.skipTest(f"kramers-{program} is not built here")
        sets = [word for assignment in [*assignments, "zz=1"] for word in ("--set", assignment)]
        data = "some.csv" if any(assignment.startswith("samples.") for assignment in assignments) else "spread.h5"
        first = ["train", data] if program == "classify" else []
        outcome = subprocess.run([path, *first, f"{program}.toml", "--quiet", "--topology", "off", *words, *sets],
                                 cwd=self.folder, env={**os.environ, "OMP_NUM_THREADS": "1", "OMP_PROC_BIND": "false"},
                                 text=True, capture_output=True, timeout=PATIENCE)
        return outcome.returncode, outcome.stderr


class Keys(Case):
    def test_every_key_of_the_sources_has_its_ends_here(self):
        known = {key for ranges in RANGES.values() for key in ranges} | set(RENAMED)
        found = set()
        for path in [path for part in ("core", "algorithms", "ml", "apps") for path in sorted((SOURCE / part).rglob("*.[ch]pp"))]:
            text = re.sub(r"//.*", "", path.read_text())
            if re.search(r"\bConfig const& |\bconfig\.", text):
                found |= set(re.findall(r'"((?:[a-z_0-9]+\.)+(?!hpp")[a-z_0-9]+)"', text))
        self.assertEqual(found - known, set(), "keys that RANGES lacks")
        self.assertEqual(known - found, set(), "keys that no program reads any more")

    def test_old_names_serve_with_a_warning(self):
        for old, (program, now, value, given) in RENAMED.items():
            with self.subTest(old):
                code, message = self.said(program, [*given, f"{old}={value}"])
                self.assertEqual(code, 65, message)
                self.assertIn("unknown key 'zz'", message)
                code, message = self.said(program, [*given, f"{old}={value}", f"{now}={value}"])
                self.assertEqual(code, 65, message)
                self.assertIn(f"'{old}' is now called '{now}', and the input has both", message)


class Ends(Case):
    def test_all(self):
        attempts = []
        for program, ranges in RANGES.items():
            for key, rows in ranges.items():
                for row in rows:
                    for value in row.good:
                        attempts.append((program, row, key, value, "unknown key 'zz'"))
                    for value in row.bad:
                        value, named = value if isinstance(value, tuple) else (value, f"invalid '{key}': got ")
                        attempts.append((program, row, key, value, named))

        def outcome(attempt):
            program, row, key, value, _ = attempt
            return self.said(program, [*row.given, f"{key}={value}"], row.words)

        with ThreadPoolExecutor(4) as pool:
            for (program, row, key, value, expected), (code, message) in zip(attempts, pool.map(outcome, attempts)):
                with self.subTest(program=program, key=key, value=value[:60], given=row.given + row.words):
                    self.assertEqual(code, 65, message)
                    self.assertEqual(len(message.splitlines()), 1, message)
                    self.assertIn(expected, message)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *unittest_words])

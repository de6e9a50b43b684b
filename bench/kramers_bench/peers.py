# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What other programs take for the same work: runs the scripts of bench/peers, checks their physics against exact values,
and times kramers next to each, with as many threads."""

import json
import math
import os
import pathlib
import re
import resource
import subprocess
import tempfile

from . import BenchError, grid_peers, machine, rare_peers, results, runner, stats

SCRIPTS = pathlib.Path(__file__).resolve().parent.parent / "peers"
ROOT = pathlib.Path("/peers")  # where ./dev shows the root with the packages, if there is one
SECONDS = 600  # that one peer may take
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENMM_CPU_THREADS")

# (task, precision, row, script, variant)
PEERS = [
    ("double_well", "f64", "numpy", "well_numpy.py", "float64"),
    ("double_well", "f64", "numba", "well_numba.py", "float64"),
    ("double_well", "f64", "torch", "well_torch.py", "float64"),
    ("double_well", "f64", "openmm_middle_CPU", "well_openmm.py", "middle_CPU"),
    ("double_well", "f64", "openmm_middle_Reference", "well_openmm.py", "middle_Reference"),
    ("double_well", "f64", "openmm_baoab_CPU", "well_openmm.py", "baoab_CPU"),
    ("double_well", "f64", "openmm_baoab_Reference", "well_openmm.py", "baoab_Reference"),
    ("double_well", "f64", "lammps_langevin", "well_lammps.py", "langevin"),
    ("double_well", "f64", "lammps_gjf", "well_lammps.py", "gjf"),
    ("double_well", "f32", "numpy", "well_numpy.py", "float32"),
    ("double_well", "f32", "torch", "well_torch.py", "float32"),
    ("classifier", "f32", "torch", "classifier_torch.py", "float32"),
    ("classifier", "f64", "sklearn", "classifier_sklearn.py", "float64"),
    *grid_peers.PEERS,
    *rare_peers.PEERS,
]
BARRIER, KT, FRICTION, DT, HEATING_STEPS = 1.0, 0.2, 1.0, 0.01, 20  # as in bench/peers/double_well.py
MOST_LONG_BLOCKS = 3  # of work that is the same in every block, and long
LEAST_ACCURACY = 0.9  # of a classifier that has learnt; its classes are 44, 33 and 23 % of the points


class Size:
    """How much a peer does: `walkers` (a multiple of 3) for `blocks` times `steps`, so many epochs, or so many `repeats` (a
    multiple of 16) per block."""

    def __init__(self, walkers, blocks, steps, epochs, repeats, kramers_steps):
        self.walkers, self.blocks, self.steps, self.epochs = walkers, blocks, steps, epochs
        self.repeats, self.kramers_steps = repeats, kramers_steps


FULL = Size(walkers=24576, blocks=10, steps=200, epochs=1000, repeats=32, kramers_steps=40_000)


class Failed(Exception):
    """A peer or a program of kramers that gave no numbers."""


class Missing(Exception):
    """A peer that is not installed."""


def boltzmann_mean(function):
    """Mean over the positions in equilibrium, by the trapezoidal rule, which converges exponentially here."""
    points = [-3 + 6 * index / 4000 for index in range(4001)]
    weights = [math.exp(-BARRIER * (x * x - 1) ** 2 / KT) for x in points]
    return sum(weight * function(x) for weight, x in zip(weights, points)) / sum(weights)


def slope(x):
    return 4 * BARRIER * x * (x * x - 1)


def curvature(x):
    return 4 * BARRIER * (3 * x * x - 1)


def heating(time):
    """<v^2> of walkers that were at rest in a minimum, by the covariances of the harmonic well that it is: the
    anharmonicity over so short a time is 1e-3 of it."""
    stiffness, steps = curvature(1.0), 1000
    xx = xv = vv = 0.0
    h = time / steps

    def rates(xx, xv, vv):
        return 2 * xv, vv - stiffness * xx - FRICTION * xv, -2 * FRICTION * vv - 2 * stiffness * xv + 2 * FRICTION * KT

    for _ in range(steps):  # the midpoint rule
        a, b, c = rates(xx, xv, vv)
        a, b, c = rates(xx + h / 2 * a, xv + h / 2 * b, vv + h / 2 * c)
        xx, xv, vv = xx + h * a, xv + h * b, vv + h * c
    return vv


def expectations(samples, walkers):
    """{quantity: (exact value, how far a right program may be from it)}: five standard errors of as many samples, which
    are correlated and so count a third, and for the time step one percent of a temperature, which moves <x^2> by a tenth
    of that. The velocities of some schemes
    stand up to a step beside those of others, so that the heating may be early or late by one."""
    spread, square = 5 * math.sqrt(3 / samples), boltzmann_mean(lambda x: x * x)
    square_deviation = math.sqrt(boltzmann_mean(lambda x: (x * x - square) ** 2))
    stiff = boltzmann_mean(curvature)
    deviation = math.sqrt(boltzmann_mean(lambda x: (slope(x) ** 2 - KT * curvature(x)) ** 2)) / stiff
    time = HEATING_STEPS * DT
    return {
        "position_squared": (square, spread * square_deviation + 0.001 * square),
        "kinetic_temperature": (KT, spread * KT * math.sqrt(2) + 0.01 * KT),
        "configurational_temperature": (KT, spread * deviation + 0.01 * KT),
        "heating": (heating(time), 5 * heating(time) * math.sqrt(2 / walkers) + heating(time + DT) - heating(time)),
    }


def wrong(found, expected):
    """Why these numbers are not those of this ensemble, or nothing."""
    for name, (exact, tolerance) in expected.items():
        if not abs(found[name] - exact) <= tolerance:
            return f"wrong physics: {name} is {found[name]:.5g}; expected {exact:.5g} within {tolerance:.2g}"
    return None


def checked_ensemble(means, size):
    """What a peer's means say of its physics: the quantities, and what is wrong with them."""
    slope_squared = 16 * BARRIER**2 * (means["x6"] - 2 * means["x4"] + means["x2"])
    found = {
        "position_squared": means["x2"],
        "kinetic_temperature": means["v2"],
        "configurational_temperature": slope_squared / (4 * BARRIER * (3 * means["x2"] - 1)),
        "heating": means["heating"],
    }
    return found, wrong(found, expectations(size.walkers * size.blocks, size.walkers))


def checked_classifier(means, _):
    if not means["accuracy"] >= LEAST_ACCURACY:
        return means, f"it has not learnt: its accuracy is {means['accuracy']:.3g}; expected at least {LEAST_ACCURACY}"
    return means, None


CHECKS = {"double_well": checked_ensemble, "classifier": checked_classifier,
          **{task: grid_peers.checked(task) for task in grid_peers.PUBLISHED},
          **dict.fromkeys(rare_peers.METHODS, rare_peers.checked)}
SOLVERS = {**dict.fromkeys(grid_peers.WORK, grid_peers), **dict.fromkeys(rare_peers.METHODS, rare_peers)}


def environment(threads):
    return {**os.environ, **{name: str(threads) for name in THREADS}, "PYTHONDONTWRITEBYTECODE": "1"}


def python(folder):
    """How to run a script of a folder: in the root of the peers, if there is one."""
    if ROOT.is_dir():
        return ["chroot", str(ROOT), "env", "-C", str(folder), "python3"]
    return ["env", "-C", str(folder), "python3"]


def call(command, threads):
    try:
        return subprocess.run([str(word) for word in command], capture_output=True, text=True, env=environment(threads),
                              timeout=SECONDS)
    except subprocess.TimeoutExpired:
        raise Failed(f"it has not ended after {SECONDS} s") from None


def ask(peer, size, threads, scripts=SCRIPTS):
    """What a peer printed: version, work, wall_s, cpu_s, means."""
    task, _, _, script, variant = peer
    amount = ["--blocks", min(size.blocks, MOST_LONG_BLOCKS)]
    if task == "double_well":
        amount = ["--walkers", size.walkers, "--blocks", size.blocks, "--steps", size.steps]
    elif task == "classifier":
        amount += ["--epochs", size.epochs]
    elif task in rare_peers.METHODS:
        amount += ["--repeats", size.repeats]
    done = call([*python(scripts), script, variant, *amount], threads)
    last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
    if done.returncode:
        module = re.match(r"ModuleNotFoundError: No module named '([^']+)'", last)
        raise Missing(f"{module[1]} is not installed") if module else Failed(f"it ended with code {done.returncode}: {last}")
    try:
        answer = json.loads(done.stdout.strip().splitlines()[-1])
        numbers = [answer["work"], *answer["wall_s"], *answer["cpu_s"]]
        if not all(results.is_number(value) and 0 < value < math.inf for value in numbers):
            raise ValueError("a time is no number above 0")
        if not all(results.is_number(value) for value in answer["means"].values()):
            raise ValueError("a mean is no number")
        answer["version"].strip()
        return answer
    except (IndexError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise Failed(f"what it printed is no answer of a peer ({error!r})") from None


class Kramers:
    """The programs of a build doing the work of the peers."""

    def __init__(self, folder, size, threads):
        folder = pathlib.Path(folder)
        self.place = next((place for place in (folder / "bin", folder) if (place / "kramers-langevin").is_file()), None)
        if self.place is None:
            raise BenchError(f"invalid build folder: got {folder}; expected one whose bin has kramers-langevin")
        self.place, self.size, self.threads = self.place.resolve(), size, threads
        self.version, self.context = "kramers", {}

    def program(self, name, precision, keys, *words):
        """Summary of a run with these keys, and the processor time of the whole program."""
        if not (self.place / name).is_file():
            raise Missing(f"{name} is not built")
        with tempfile.TemporaryDirectory() as scratch:
            text = pathlib.Path(scratch) / "input.toml"
            text.write_text("".join(f"{key} = {value}\n" for key, value in keys.items()))
            summary = pathlib.Path(scratch) / "summary.json"
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            # Some have one precision, and no option for it.
            wanted = [] if name in ("kramers-cg", "kramers-rare") else ["--precision", precision]
            done = call([self.place / name, text, "--quiet", *wanted, "--summary", summary, *words], self.threads)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            # 2: done with warnings, such as of few samples; 1 after --verify: the summary tells what is wrong.
            judged = "--verify" in words and summary.is_file()
            if done.returncode not in (0, 2) and not judged:
                raise Failed(f"{name} ended with code {done.returncode}: {done.stderr.strip()}")
            found = json.loads(summary.read_text())
        about = found["provenance"]
        self.context = {key: about[key] for key in ("git_hash", "compiler", "compile_flags", "build_type", "kokkos_version", "cpu")}
        self.version = f"kramers {found['version']}"
        self.context.update(git_modified=str(about["git_modified"]).lower(), kokkos_space=found["space"])
        return found, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    def _langevin(self, precision, steps, **settings):
        return self.program("kramers-langevin", precision, {
            "ensemble.seed": 2026, "potential.kind": '"double_well"', "integrator.dt": DT, "integrator.friction": FRICTION,
            "integrator.temperature": KT, "run.steps": steps, "potential.barrier": BARRIER,
            "ensemble.walkers": self.size.walkers, "initial.position": "[-1.0]", "initial.velocity": "[0.0]", **settings})

    def ensemble(self, precision):
        """(work, wall, cpu) of steps without samples; start and end of the program cost a shorter run's time."""
        def timed(steps):
            return self._langevin(precision, steps, **{"observables.every": 0, "observables.frame_every": steps,
                                                       "output.trajectory.walkers": 0})
        (_, start), (run, cpu) = timed(self.size.kramers_steps // 100), timed(self.size.kramers_steps)
        return self.size.walkers * self.size.kramers_steps, run["wall_s"], max(cpu - start, 1e-6) / 0.99

    def physics(self, task, precision):
        """What the checks of the peers say of kramers itself."""
        if task == "classifier":
            return {}, None  # ml_bench checks what it has learnt
        return self.ensemble_physics(precision) if task == "double_well" else SOLVERS[task].physics(self, task, precision)

    def ensemble_physics(self, precision):
        size = self.size
        cold, _ = self._langevin(precision, HEATING_STEPS, **{"observables.every": HEATING_STEPS})
        # As the peers: ten relaxation times, then a sample after each block.
        warm_up = 10 * size.steps if size.steps > 100 else 1000
        warm, _ = self._langevin(precision, size.blocks * size.steps,
                                 **{"run.equilibrate": warm_up, "observables.every": size.steps})
        names = ("position_squared", "kinetic_temperature", "configurational_temperature")
        found = {name: warm["observables"][name]["value"] for name in names}
        found["heating"] = cold["observables"]["kinetic_temperature"]["value"]
        return found, wrong(found, expectations(size.walkers * size.blocks, size.walkers))

    def classifier(self, precision):
        """(epochs, wall, cpu) of ml_bench, which checks that the network has learnt."""
        row = self.bench("ml_bench", f"^{precision}_classifier/epochs:1000/")
        return 1000, 1e-3 * row["ms"], 1e-3 * row["cpu_ms"]

    def bench(self, name, pattern):
        """The row of a benchmark, which checks its results."""
        program = self.place / name
        if not program.is_file():
            raise Missing(f"{name} is not built")
        with tempfile.TemporaryDirectory() as scratch:
            target = pathlib.Path(scratch) / "row.json"
            done = call([program, f"--benchmark_filter={pattern}", f"--benchmark_out={target}"], self.threads)
            if done.returncode:
                raise Failed(f"{name} ended with code {done.returncode}: {done.stderr.strip()}")
            return json.loads(target.read_text())["benchmarks"][0]

    def time(self, task, precision):
        own = {"double_well": self.ensemble, "classifier": self.classifier}
        return own[task](precision) if task in own else SOLVERS[task].time(self, task, precision)


def entry(name, threads, label):
    return {"name": name, "run_name": name, "run_type": "iteration", "repetitions": 1, "repetition_index": 0, "threads": 1,
            "iterations": 1, "real_time": 1.0, "cpu_time": 1.0, "time_unit": "ms", "cores": threads, "label": label}


def timed_entry(name, threads, label, work, wall, cpu):
    return {**entry(name, threads, label), "real_time": 1e3 * wall, "cpu_time": 1e3 * cpu, "rate": work / wall,
            "cpu_rate": work / cpu}


def invalid(name, threads, label, why):
    return {**entry(name, threads, label), "error_occurred": True, "error_message": why}


def compare(peer, answer, kramers, size, threads):
    """The row of a peer: its time only if its physics is right. `kramers`: (work, wall, cpu) before and after it."""
    task, precision, row, _, _ = peer
    name = f"peers/{task}/{row}/{precision}"
    found, problem = CHECKS[task](answer["means"], size)
    if problem:
        return invalid(name, threads, answer["version"], problem)
    wall, cpu = stats.median(answer["wall_s"]), stats.median(answer["cpu_s"])
    line = timed_entry(name, threads, answer["version"], answer["work"], wall, cpu)
    work = sum(run[0] for run in kramers)
    return {**line, "iterations": len(answer["wall_s"]),
            "kramers_ratio": work / sum(run[1] for run in kramers) / line["rate"],
            "kramers_cpu_ratio": work / sum(run[2] for run in kramers) / line["cpu_rate"], **found}


def own_entry(kramers, task, precision, runs, threads):
    """The row of kramers: medians of all its runs between peers."""
    found, problem = kramers.physics(task, precision)
    name, label = f"peers/{task}/kramers/{precision}", kramers.version  # which a program has told by now
    if problem:
        return invalid(name, threads, label, problem)
    work = runs[0][0]
    wall, cpu = (stats.median([run[clock] for run in runs]) for clock in (1, 2))
    return {**timed_entry(name, threads, label, work, wall, cpu), "iterations": len(runs), **found}


def run(folder, pattern, threads, say, size=FULL, peers=PEERS, scripts=SCRIPTS):
    """The document of all peers that are installed, kramers timed before and after each."""
    kramers = Kramers(folder, size, threads)
    entries, before = [], machine.load()
    wanted = [peer for peer in peers if re.search(pattern, f"{peer[0]}/{peer[2]}/{peer[1]}")]
    if not wanted:
        raise BenchError(f"invalid --filter: {pattern!r} leaves no peer")
    for task, precision in dict.fromkeys(peer[:2] for peer in wanted):
        runs = []
        try:
            for peer in [peer for peer in wanted if peer[:2] == (task, precision)]:
                name = f"{task}/{peer[2]}/{precision}"
                try:
                    say(name)
                    runs = runs or [kramers.time(task, precision)]
                    answer = ask(peer, size, threads, scripts)
                    runs.append(kramers.time(task, precision))
                    entries.append(compare(peer, answer, runs[-2:], size, threads))
                except Missing as why:
                    say(f"left out: {name}: {why}")
                except Failed as why:
                    entries.append(invalid(f"peers/{name}", threads, peer[3], str(why)))
            if len(runs) > 1:
                entries.append(own_entry(kramers, task, precision, runs, threads))
        except Failed as why:
            entries.append(invalid(f"peers/{task}/kramers/{precision}", threads, "kramers", str(why)))
    if not entries:
        raise BenchError("no peer is installed: ./dev peers runs them in a root of their own")
    return runner.merged({"kramers": kramers.context}, [entries], before)

# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Solvers on grids by other programs: the numbers that each must have before its time counts, and the same work by
kramers-jacobi, kramers-channel and kramers-cg."""

PEERS = [
    ("jacobi_100", "f64", "numpy", "jacobi_numpy.py", "100"),
    ("jacobi_1000", "f64", "numpy", "jacobi_numpy.py", "1000"),
    ("channel", "f64", "numpy", "channel_numpy.py", "cfd"),
    ("cg_wrapped", "f64", "scipy", "cg_scipy.py", "wrapped"),
    ("cg_five_point", "f64", "scipy", "cg_scipy.py", "five_point"),
]
# What grids_bench calls a solution by conjugate gradients, which takes some milliseconds: too short for the processor time
# of a program that starts and ends.
BENCHES = {"cg_wrapped": ("^cg_cached/n:100/", 364), "cg_five_point": ("^cg_five_point/n:100/", 225)}


def digits(value, count):
    """A number of which so many digits are published, and how far a right program may be from it."""
    return value, 10.0**(1 - count) * abs(value)


# Task -> {number: (what it must be, how far from it)}. The norms of the Legate talk and of NumPy for the same program to
# the last bit (that of 1000 x 1000 is NumPy's and, with jacobi.sums = "numpy", that of kramers); CFD Python's step 12 to
# the last bit, and 12 digits of a flow that depends on x (apps/channel); the iterations of conjugate gradients, which the
# order of their sums may shift by two, and the sum of x (apps/cg).
PUBLISHED = {
    "jacobi_100": {
        **{f"norm_{iteration}": (norm, 0) for iteration, norm in (
            (100, 0.00326407674225425), (200, 0.0015602183973943686), (300, 0.0009900220308147304),
            (400, 0.0007072288110380173), (500, 0.0005398367142183384), (600, 0.00043011716254556434),
            (700, 0.0003532454152280064), (800, 0.0002967904950595478), (900, 0.00025384486510825514),
            (1000, 0.00022026753267800596))},
        "last_iteration": (298, 0),
    },
    "jacobi_1000": {"norm_100": (0.003597435576946526, 0)},
    "channel": {
        "steps": (499, 0), "change": (0.0009975044108291194, 0), "sum_u": (3892.6407095224326, 0),
        "u_in_row_20": (3.494896156028711, 0), "largest_v": (0, 0), "largest_p": (0, 0),
        "perturbed_sum_u": digits(31.48443834879, 12), "perturbed_sum_u2": digits(1.083355866625, 12),
        "perturbed_sum_v2": digits(2.548778127062, 12), "perturbed_sum_p2": digits(13.99376259053, 12),
        "perturbed_u": digits(0.01999867048215, 12), "perturbed_v": digits(0.07958751091773, 12),
        "perturbed_p": digits(0.9994544545646, 12),
    },
    "cg_wrapped": {"last_iteration": (364, 2), "sum": digits(8577513.97072, 10), "true_residual": (0, 1e-9)},
    "cg_five_point": {"last_iteration": (225, 2), "sum": digits(3655959.94514, 10), "true_residual": (0, 1e-9)},
}



def laplace(n):
    return {"grid.rows": n, "grid.columns": n, "jacobi.check": 100, "jacobi.sums": '"numpy"'}


# Program, keys of its input, the key that says how much is done, as much as is published and as much as is timed.
WORK = {
    "jacobi_100": ("kramers-jacobi", laplace(100), "jacobi.iterations", 1000, 100_000),
    "jacobi_1000": ("kramers-jacobi", laplace(1000), "jacobi.iterations", 100, 1000),
    "channel": ("kramers-channel", {}, "flow.steps", 2000, 20_000),
    "cg_wrapped": ("kramers-cg", {"matrix.kind": '"wrapped"', "matrix.n": 100}, None, None, None),
    "cg_five_point": ("kramers-cg", {"matrix.kind": '"five_point"', "matrix.n": 100}, None, None, None),
}


def wrong(found, task):
    """Why these numbers are not those that are published, or nothing."""
    for name, (value, tolerance) in PUBLISHED[task].items():
        number = found.get(name)
        if number is None or not abs(number - value) <= tolerance:
            within = f" within {tolerance:.2g}" if tolerance else ""
            return f"wrong numbers: {name} is {number!r}; expected {value!r}{within}"
    return None


def checked(task):
    """The check of a peer of this task."""
    return lambda means, _: (means, wrong(means, task))


def time(kramers, task, precision):
    """(work, wall, cpu) of kramers."""
    if task in BENCHES:
        pattern, iterations = BENCHES[task]  # which grids_bench checks
        row = kramers.bench("grids_bench", pattern)
        return iterations, 1 / row["rate"], 1e-3 * row["cpu_ms_per_solution"]
    program, keys, amount, _, many = WORK[task]
    few = many // 100
    (_, start), (run, cpu) = (kramers.program(program, precision, {**keys, amount: count}) for count in (few, many))
    return many, run["wall_s"], max(cpu - start, 1e-6) / (1 - few / many)


def physics(kramers, task, precision):
    """What kramers itself finds, and what is wrong with it."""
    program, keys, amount, published, _ = WORK[task]
    keys = {**keys, **({amount: published} if amount else {})}
    if task == "jacobi_1000":
        found = {"norm_100": kramers.program(program, precision, keys)[0]["norm"]}
        return found, wrong(found, task)
    if task == "channel":
        keys["flow.tolerance"] = 1e-3
    verification = kramers.program(program, precision, keys, "--verify")[0]["verification"]
    numbers = verification["numbers"]
    failed = [number["what"] for number in numbers if not number["passed"]] or ["there is no published number"]
    found = {number["what"].replace(" ", "_"): number["found"] for number in numbers}
    return found, None if verification["verdict"] == "PASSED" else f"wrong numbers: --verify: {', '.join(failed)}"

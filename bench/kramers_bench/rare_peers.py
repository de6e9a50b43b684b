# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A rate over 8 kT by other programs: the exact rate that each must find before its time counts, and the same question to
kramers-rare, by the same method and by splitting. What is compared is the time to the same error."""

# (task, precision, row, script, variant): a plain script has no splitting, so that task has its weighted ensemble, too.
PEERS = [
    ("rare_weighted", "f64", "numpy", "rare_numpy.py", "weighted"),
    ("rare_splitting", "f64", "numpy_weighted", "rare_numpy.py", "weighted"),
]
# Of bench/peers/rare_numpy.py. `core_set_rate_ab_exact` of kramers-rare, from the Kramers equation; the time step shifts it by
# 2e-4.
RATE = 6.000348e-05
SETUP = {
    "ensemble.seed": 2026, "potential.kind": '"double_well"', "potential.barrier": 1.0, "integrator.scheme": '"baoab"',
    "integrator.dt": 0.02, "integrator.friction": 4.0, "integrator.temperature": 0.125, "rare.state_a.below": -1.0,
    "rare.state_b.above": 1.0, "rare.flux.walkers": 64, "rare.flux.equilibrate": 150,
}
METHODS = {
    "rare_weighted": {"rare.method": '"weighted_ensemble"', "rare.level.kind": '"coordinate"', "rare.level.bins": 20,
                      "rare.weighted.per_bin": 20, "rare.weighted.interval": 10, "rare.weighted.warm_up": 200,
                      "rare.weighted.cycles": 400},
    # The level that kramers-rare recommends for strong friction, in as many bins.
    "rare_splitting": {"rare.method": '"splitting"', "rare.level.kind": '"direction"', "rare.level.bins": 20},
}
BLOCKS = 3  # that kramers does as many repeats as a peer in all its blocks
MOST_ERRORS = 4  # standard errors between a right program and the exact rate
MOST_RELATIVE_ERROR = 0.1  # of which a program cannot be wrong in them


def repeats(size):
    return BLOCKS * size.repeats


def judged(rate, error, walker_steps):
    """Quantities of a row, and what is wrong with them."""
    found = {"transition_rate": rate, "relative_error": error / RATE}
    if not 0 < error <= MOST_RELATIVE_ERROR * RATE:
        return found, f"wrong physics: transition_rate has the error {error:.2g}; expected at most {MOST_RELATIVE_ERROR * RATE:.2g}"
    if not abs(rate - RATE) <= MOST_ERRORS * error:
        return found, f"wrong physics: transition_rate is {rate:.5g}; expected {RATE:.5g} within {MOST_ERRORS * error:.2g}"
    return {**found, "steps_for_unit_error": walker_steps * (error / rate)**2}, None


def checked(means, _):
    return judged(means["transition_rate"], means["standard_error"], means["walker_steps"])


def _run(kramers, task, precision, count):
    return kramers.program("kramers-rare", precision, {**SETUP, **METHODS[task], "rare.repeats": count})


def _rate(summary):
    found = summary["observables"]["rate"]
    return found["value"], found["stderr"]


def time(kramers, task, precision):
    """(work, wall, cpu) of kramers: how many independent estimates with an error of 100 % its result is worth."""
    many = repeats(kramers.size)
    few = many // 24
    (_, start), (run, cpu) = (_run(kramers, task, precision, count) for count in (few, many))
    rate, error = _rate(run)
    return (rate / error)**2, run["wall_s"], max(cpu - start, 1e-6) / (1 - few / many)


def physics(kramers, task, precision):
    """What kramers finds, and what is wrong with it."""
    summary, _ = _run(kramers, task, precision, repeats(kramers.size))
    exact = summary["references"]["core_set_rate_ab_exact"]
    if not abs(exact - RATE) <= 1e-4 * RATE:
        return {}, f"wrong physics: the exact rate of kramers-rare is {exact:.7g}; expected {RATE:.7g}"
    return judged(*_rate(summary), summary["work"]["walker_steps"])

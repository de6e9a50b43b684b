# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""From results to verdicts: which rows exist on both sides, which are valid, and by what they are compared."""

from . import BenchError, UNCALIBRATED, results, runner, verdict
from .verdict import Verdict


def common_rows(baseline, contender):
    """Rows of both, and verdicts on those that cannot be judged."""
    old, new = baseline.code(), contender.code()
    both, verdicts = [], []
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            verdicts.append(Verdict(name, "GONE", "only the baseline has this row"))
        elif name not in old:
            verdicts.append(Verdict(name, "NEW", "only the contender has this row"))
        else:
            problem = results.problem_of(old[name] + new[name])
            if problem:
                verdicts.append(Verdict(name, "INVALID", problem))
            else:
                both.append(name)
    if not both and not any(found.word == "INVALID" for found in verdicts):
        raise BenchError(f"{baseline.path} and {contender.path} have no row in common: compare results of the same programs")
    return both, verdicts


def same_space(baseline, contender):
    """Raises unless both ran on the same execution space with as many threads."""
    where = [f"{result.space} with {result.context.get('threads', 'an unknown number of')} threads"
             for result in (baseline, contender)]
    if where[0] != where[1]:
        raise BenchError(f"{baseline.path} ran on {where[0]}, {contender.path} on {where[1]}: compare results of one space and "
                         "number of threads, or use kramers-bench pp")


def pairs_of(baseline, contender, noise, clock):
    """Verdicts on two results whose processes were run in pairs."""
    same_space(baseline, contender)
    both, verdicts = common_rows(baseline, contender)
    old, new = baseline.code(), contender.code()
    rows = {}
    for name in both:
        if len(old[name]) != len(new[name]):
            verdicts.append(Verdict(name, "INVALID", f"{len(old[name])} processes against {len(new[name])}: no pairs"))
            continue
        metric, sign = results.metric_of([old[name], new[name]], clock, lasting=False) or (None, 0)
        if metric is None:
            verdicts.append(Verdict(name, "INVALID", "a time is zero"))
            continue
        differences = [b.cost(metric, sign) - a.cost(metric, sign) for a, b in zip(old[name], new[name])]
        rows[name] = (metric, verdict.band_of(noise, name, metric), differences)
    return verdicts + verdict.judge_pairs(rows)


def stored(baseline, contender, noise, clock):
    """Verdicts on a result against a stored baseline of the same machine."""
    same_space(baseline, contender)
    for result in (baseline, contender):
        if result.machine_key is None:
            raise BenchError(f"{result.path} does not say what machine it is of: make it with kramers-bench run",
                             UNCALIBRATED)
    if baseline.machine_key != contender.machine_key:
        raise BenchError(f"{baseline.path} is of machine {baseline.machine_key}, {contender.path} of "
                         f"{contender.machine_key}: make a baseline on this one (kramers-bench baseline)", UNCALIBRATED)
    if noise is None:
        raise BenchError(f"the noise of machine {baseline.machine_key} is unknown: run kramers-bench calibrate on it",
                         UNCALIBRATED)
    both, verdicts = common_rows(baseline, contender)
    old, new = baseline.code(), contender.code()
    rows = {}
    for name in both:
        if len(old[name]) < verdict.LEAST_PROCESSES:
            verdicts.append(Verdict(name, "INVALID", f"the baseline has {len(old[name])} processes; "
                                    f"{verdict.LEAST_PROCESSES} are needed"))
            continue
        found = results.metric_of([old[name], new[name]], clock, lasting=True)
        if found is None:
            verdicts.append(Verdict(name, "INVALID", "only seconds, which another hour does not repeat"))
            continue
        metric, sign = found
        rows[name] = (metric, verdict.band_of(noise, name, metric, verdict.STORED_WIDER),
                      [row.cost(metric, sign) for row in old[name]], [row.cost(metric, sign) for row in new[name]])
    return verdicts + verdict.judge_stored(rows)


def gate(folders, options, noise, say):
    """The gate: two builds in turns, then once more for the rows that were not found the same.

    Returns verdicts and the results of both sides, one of each for the first stage."""
    def stage(rows, count, seed):
        suites = [runner.Suite(folder, options.filter, rows, options.repetitions) for folder in folders]
        before = runner.machine.load()
        pairs, contexts = runner.run_pairs(*suites, count, seed, say)
        return [results.Result(str(folders[side]), runner.merged(contexts[side], [pair[side] for pair in pairs], before))
                for side in (0, 1)]

    sides = stage(None, options.pairs, options.seed)
    known = noise(sides[0].machine_key)
    first = pairs_of(*sides, known, options.clock)
    open_rows = verdict.to_confirm(first)
    if not open_rows:
        return first, sides
    say(f"{len(open_rows)} rows are not found the same: {options.confirm} fresh pairs of them")
    second = pairs_of(*stage(set(open_rows), options.confirm, options.seed + 1), known, options.clock)
    return verdict.two_stages(first, second), sides

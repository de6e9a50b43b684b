# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Exact rank statistics of small samples. Ties get mid-ranks, and p values are those of all permutations of these ranks.

Distributions are polynomials whose coefficients are counts, kept in the bits of one integer: adding a sample is a shift
and a sum. tests/bench/statistics_test.py checks against SciPy's numbers.
"""

import functools
import math


def median(values):
    return quantile(values, 0.5)


def quantile(values, share):
    """With linear interpolation between neighbours, as harness.hpp and NumPy do it."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def robust_deviation(values):
    """Standard deviation of normal numbers with this median absolute deviation."""
    middle = median(values)
    return 1.4826 * median([abs(value - middle) for value in values])


def doubled_ranks(values):
    """Mid-ranks times two, which are integers."""
    order = sorted(range(len(values)), key=lambda i: values[i])
    ranks = [0] * len(values)
    first = 0
    while first < len(order):
        last = first
        while last + 1 < len(order) and values[order[last + 1]] == values[order[first]]:
            last += 1
        for place in range(first, last + 1):
            ranks[order[place]] = first + last + 2
        first = last + 1
    return ranks


def _coefficients(packed, width, count):
    mask = (1 << width) - 1
    return [(packed >> (width * i)) & mask for i in range(count)]


@functools.lru_cache(maxsize=None)
def _signed_rank_counts(ranks):
    """counts[s]: in how many of the 2^n choices of signs the doubled ranks of positive signs sum to s."""
    width = len(ranks) + 1
    packed = 1
    for rank in ranks:
        packed += packed << (width * rank)
    return _coefficients(packed, width, sum(ranks) + 1)


@functools.lru_cache(maxsize=None)
def _rank_sum_counts(ranks, chosen):
    """counts[s]: how many choices of `chosen` samples have doubled ranks that sum to s."""
    width = len(ranks) + 1
    packed = [1] + [0] * chosen
    for rank in ranks:
        for size in range(chosen, 0, -1):
            packed[size] += packed[size - 1] << (width * rank)
    return _coefficients(packed[chosen], width, sum(ranks) + 1)


def _tail(counts, least):
    return sum(counts[least:]) / sum(counts)


def signed_rank(differences):
    """Wilcoxon's signed-rank test of a centre of zero: p that it is above zero by chance, and that it is below.

    Zeros say nothing and are left out."""
    values = [value for value in differences if value != 0]
    if not values:
        return 1.0, 1.0
    ranks = doubled_ranks([abs(value) for value in values])
    positive = sum(rank for rank, value in zip(ranks, values) if value > 0)
    counts = _signed_rank_counts(tuple(sorted(ranks)))
    return _tail(counts, positive), _tail(counts, sum(ranks) - positive)


def rank_sum(first, second):
    """The test of Wilcoxon, Mann and Whitney: p that `second` is above `first` by chance, and that it is below."""
    ranks = doubled_ranks(list(first) + list(second))
    of_second = sum(ranks[len(first):])
    counts = _rank_sum_counts(tuple(sorted(ranks)), len(second))
    return _tail(counts, of_second), sum(counts[:of_second + 1]) / sum(counts)


def two_sided(p_values):
    return min(1.0, 2 * min(p_values))


def walsh_averages(differences):
    return sorted((differences[i] + differences[j]) / 2 for i in range(len(differences)) for j in range(i + 1))


def _order_interval(ordered, counts, level, unit):
    """The interval between order statistics that the test with these counts does not reject. `unit`: doubled ranks per
    step of the statistic."""
    total, below, steps = sum(counts), 0, 0
    for place in range(0, len(counts), unit):
        below += counts[place]
        if below / total > (1 - level) / 2:
            break
        steps += 1
    if steps == 0:
        return -math.inf, math.inf
    return ordered[steps - 1], ordered[-steps]


def paired_shift(differences, level=0.95):
    """Estimate of Hodges and Lehmann for the centre of paired differences, and its interval by signed ranks.

    The interval is everything where too few pairs can exclude anything."""
    ordered = walsh_averages(differences)
    counts = _signed_rank_counts(tuple(2 * i for i in range(1, len(differences) + 1)))
    return median(ordered), *_order_interval(ordered, counts, level, 2)


def shift(first, second, level=0.95):
    """The same for how far `second` lies above `first`, by the rank sum."""
    ordered = sorted(b - a for a in first for b in second)
    n, chosen = len(first) + len(second), len(second)
    counts = _rank_sum_counts(tuple(2 * i for i in range(1, n + 1)), chosen)
    counts = counts[chosen * (chosen + 1):]  # from the smallest sum, where the statistic U is 0
    return median(ordered), *_order_interval(ordered, counts, level, 2)


def holm(p_values):
    """Adjusted p values for deciding on all of them at once."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted, largest = [0.0] * len(p_values), 0.0
    for place, i in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - place) * p_values[i]))
        adjusted[i] = largest
    return adjusted


def change_points(values, band, least=5, level=0.01):
    """Places where a series steps to another level: the split with the smallest rank-sum p, where that is significant for
    the best of all splits and the shift exceeds `band`; then both parts likewise.

    A quick look; long histories are for a program made for them (kramers-bench history --export-otava)."""
    splits = range(least, len(values) - least + 1)
    if not splits:
        return []
    best = min(splits, key=lambda at: (two_sided(rank_sum(values[:at], values[at:])), at))
    p = two_sided(rank_sum(values[:best], values[best:])) * len(splits)
    if p > level or abs(shift(values[:best], values[best:])[0]) <= band:
        return []
    left = change_points(values[:best], band, least, level)
    return left + [best] + [best + at for at in change_points(values[best:], band, least, level)]

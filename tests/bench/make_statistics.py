#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes fixtures/statistics.json: what SciPy says of small samples. Needs SciPy; run by hand, the file is kept."""

import itertools
import json
import pathlib

import numpy
from scipy import stats


def signed_rank_by_hand(values):
    """All signs tried: p above and below, with mid-ranks. SciPy's exact test knows no ties."""
    values = [value for value in values if value != 0]
    ranks = stats.rankdata(numpy.abs(values))
    seen = ranks[numpy.array(values) > 0].sum()
    sums = [sum(rank for rank, sign in zip(ranks, signs) if sign) for signs in itertools.product((0, 1), repeat=len(values))]
    return [float(numpy.mean([total >= seen for total in sums])), float(numpy.mean([total <= seen for total in sums]))]


def rank_sum_by_hand(first, second):
    ranks = stats.rankdata(first + second)
    seen = ranks[len(first):].sum()
    sums = [sum(chosen) for chosen in itertools.combinations(ranks, len(second))]
    return [float(numpy.mean([total >= seen for total in sums])), float(numpy.mean([total <= seen for total in sums]))]


def main():
    rng = numpy.random.default_rng(2026)
    out = {"scipy": __import__("scipy").__version__, "signed_rank": [], "rank_sum": [], "tied_signed_rank": [],
           "tied_rank_sum": []}
    for count in (6, 8, 12, 16, 24):
        values = rng.normal(0.3, 1, count).tolist()
        out["signed_rank"].append({
            "values": values,
            "above": stats.wilcoxon(values, alternative="greater", method="exact").pvalue,
            "below": stats.wilcoxon(values, alternative="less", method="exact").pvalue})
    for first, second in ((4, 5), (10, 10), (10, 7), (20, 16)):
        a, b = rng.normal(0, 1, first).tolist(), rng.normal(0.5, 1, second).tolist()
        out["rank_sum"].append({
            "first": a, "second": b,
            "above": stats.mannwhitneyu(b, a, alternative="greater", method="exact").pvalue,
            "below": stats.mannwhitneyu(b, a, alternative="less", method="exact").pvalue})
    for count in (7, 10):
        values = rng.integers(-3, 5, count).tolist()
        out["tied_signed_rank"].append({"values": values, "p": signed_rank_by_hand(values)})
        a, b = rng.integers(0, 4, 5).tolist(), rng.integers(1, 5, count - 2).tolist()
        out["tied_rank_sum"].append({"first": a, "second": b, "p": rank_sum_by_hand(a, b)})
    p_values = rng.uniform(0, 0.2, 8).tolist()
    out["holm"] = {"p": p_values, "adjusted": holm_by_numpy(p_values)}
    path = pathlib.Path(__file__).with_name("fixtures") / "statistics.json"
    path.write_text(json.dumps(out, indent=1) + "\n")


def holm_by_numpy(p_values):
    """Step-down from the definition: the largest of (m - j) p_(j) so far."""
    order = numpy.argsort(p_values)
    scaled = numpy.minimum(1, numpy.maximum.accumulate(
        [(len(p_values) - place) * p_values[i] for place, i in enumerate(order)]))
    adjusted = numpy.empty(len(p_values))
    adjusted[order] = scaled
    return adjusted.tolist()


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Figures of kramers-rare. Each function takes a ResultFile and returns a figure."""
import numpy as np

from kramers_plot import style
from kramers_plot.errors import BadData
from kramers_plot.style import thousands

RARE = "kramers/rare"


def splitting(result):
    """The probability to come that far, and how the rate settles with repeats."""
    level, reached, error = result.columns(RARE, "level", "probability", "probability_error", unknown=("probability_error",))
    require_some(result, "probability", reached)
    figure, axes, beside = two_panels()
    seen = reached > 0
    error = np.nan_to_num(error[seen])
    # The band may reach zero, which a logarithmic axis does not have.
    band = np.clip([reached[seen] - error, reached[seen] + error], 0.1 * reached[seen].min(), None)
    style.band(axes, level[seen], *band, style.DATA)
    axes.plot(level[seen], reached[seen], color=style.DATA, drawstyle="steps-mid")
    axes.plot(level[-1:], reached[-1:], "o", color=style.FIT, markersize=style.mark(4), label="state B")
    axes.set_yscale("log")
    axes.set_xlim(*style.padded(level))
    axes.set_xlabel("level")
    axes.set_ylabel("probability to come so far before A")
    axes.legend(loc="upper right")
    draw_rates(beside, result)
    style.frame(figure, result, "Splitting")
    return figure


def weighted(result):
    """The mean weight in each bin of a weighted ensemble, and how the rate settles with repeats."""
    edges = result.columns(RARE, "level")[0]
    weight = result.columns(RARE, "weight")[0]
    if edges.size != weight.size + 1 or (np.diff(edges) <= 0).any():
        raise BadData(f"{result.path}: /{RARE}/level does not rise, or has not one number more than /{RARE}/weight; repeat "
                      "the run")
    require_some(result, "weight", weight)
    figure, axes, beside = two_panels()
    # A bin without weight has no place on a logarithmic axis.
    axes.stairs(np.where(weight > 0, weight, np.nan), edges, baseline=None, color=style.DATA)
    axes.plot(0.5 * (edges[:-1] + edges[1:]), np.where(weight > 0, weight, np.nan), ".", color=style.DATA,
              markersize=style.mark(3))
    empty = np.count_nonzero(weight == 0)
    if empty:
        style.note(axes, f"no weight in {thousands(empty)} of {thousands(weight.size)} bins")
    axes.set_yscale("log")
    axes.set_xlim(*style.padded(edges))
    axes.set_xlabel("level")
    axes.set_ylabel("mean weight in a bin")
    draw_rates(beside, result)
    style.frame(figure, result, "Weighted ensemble")
    return figure


def two_panels():
    narrow = style.is_narrow()
    figure = style.new_figure(6 if narrow else 9, 5.4 if narrow else 4.2)
    return figure, *(figure.subplots(2, 1) if narrow else figure.subplots(1, 2, width_ratios=(1.2, 1)))


def require_some(result, name, values):
    if not (values > 0).any() or (values < 0).any():
        raise BadData(f"{result.path}: /{RARE}/{name} has no number above zero, or some below; repeat the run")


def draw_rates(axes, result):
    """The rate of each repeat, their mean so far with its error, and the exact rate."""
    rates = result.columns(f"{RARE}/repeats", "rate")[0]
    rate, rate_error, exact = (result.number(RARE, name) for name in ("rate", "rate_error", "exact_rate"))
    if rate is None or not rate > 0:
        raise BadData(f"{result.path}: /{RARE} has no rate above zero (attribute rate); take more replicas")
    factor, unit = result.units.rate(rate)
    count = np.arange(1, rates.size + 1)
    mean = np.cumsum(rates) / count
    # Of one repeat there is no scatter.
    scatter = np.sqrt(np.maximum(np.cumsum(rates**2) / count - mean**2, 0) / np.maximum(count - 1, 1))
    style.band(axes, count[1:], *(factor * (mean + sign * scatter)[1:] for sign in (-1, 1)), style.DATA)
    told = style.measured(factor * rate, None if rate_error is None else factor * rate_error)
    axes.plot(count, factor * mean, color=style.DATA, label=f"{told} {unit}")
    axes.plot(count, factor * rates, ".", color=style.MUTED, markersize=style.mark(3),
              label=f"{thousands(rates.size)} repeats", zorder=1)
    if exact is not None:
        axes.axhline(factor * exact, color=style.EXACT, linestyle=":", label=f"exact, {style.scientific(factor * exact)} {unit}")
    axes.set_xlim(0.5, rates.size + 0.5)
    axes.set_ylim(0, 1.35 * factor * max(rates.max(), rate))
    axes.set_xlabel("repeats")
    axes.set_ylabel(f"mean rate so far {result.units.beside(unit)}")
    axes.legend(loc="upper right")

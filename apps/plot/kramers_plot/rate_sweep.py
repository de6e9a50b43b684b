# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Figure of a sweep of kramers-langevin: the rate over one number that varies, or over two; of driven walkers the response."""
import collections

import numpy as np
from matplotlib.colors import LogNorm, Normalize

from kramers_plot import style
from kramers_plot.errors import BadData, PlotError

SWEEP = "sweep"
# What is shown: its place, quantity, symbol and dimension, and what a title calls it.
Shown = collections.namedtuple("Shown", "group quantity symbol dimension title")
RATE = Shown("sweep/observables/rate", "rate", "k", "inverse_time", "Rate")
RESPONSE = Shown("sweep/observables/spectral_amplification", "spectral amplification", r"\eta", "amplification", "Response")
RATIO_FOR_LOG = 30  # of the largest to the smallest value that are shown on a logarithmic axis
DECADES_FOR_LOG = 1  # of rates
# Name in /sweep/references -> what a legend calls it, colour, line; in the order in which they are drawn.
CURVES = {
    "rate_kramers_overdamped": ("Kramers, strong friction", style.SECOND, "-."),
    "rate_kramers_grote_hynes": ("Kramers-Grote-Hynes", style.SECOND, "-."),
    "rate_turnover": ("Mel'nikov-Meshkov", style.FIT, "--"),
    "rate_exact": ("exact", style.EXACT, "-"),
}
# Quantity, symbol and dimension of the keys that are swept most.
NAMES = {
    "integrator.friction": ("friction", r"\gamma", "inverse_time"),
    "integrator.temperature": ("temperature", "kT", "energy"),
    "integrator.dt": ("time step", r"\Delta t", "time"),
    "potential.barrier": ("barrier", None, "energy"),
}


def name_of(result, key):
    """What an axis says; inputs of md runs have their temperatures in K."""
    if key == "integrator.temperature" and result.units.system == "md":
        return "temperature $T$ / K"
    return result.units.label(*NAMES[key]) if key in NAMES else key


def rate_sweep(result):
    axes = read_axes(result)
    shown = RESPONSE if result.has(RESPONSE.group) else RATE  # driven walkers have no rate
    if not result.has(shown.group):
        raise PlotError(f"{result.path}: is a sweep whose runs have no rate, as those with two wells or core sets have; "
                        "its numbers are in /sweep/observables")
    rate, error = (result.array(f"{shown.group}/{name}", 1) for name in ("value", "error"))
    size = np.prod([values.size for _, values, _ in axes])
    if rate.size != error.size or rate.size != size:
        raise BadData(f"{result.path}: /{shown.group} has {rate.size} values and {error.size} errors for {size} points; "
                      "repeat the run")
    known = np.isfinite(rate) & (rate > 0)
    if not known.any():
        raise BadData(f"{result.path}: /{shown.group}/value is known at no point; run longer")
    if len(axes) > 2:
        raise PlotError(f"{result.path}: is a sweep of {len(axes)} keys, {', '.join(key for key, *_ in axes)}; a figure "
                        "shows one or two: run it with one value for each of the others")
    if len(axes) == 1:
        return curve(result, shown, axes[0], rate, error, known)
    return heat_map(result, shown, axes, rate, known)


def read_axes(result):
    """Key, values and whether they stand on a logarithmic axis, for each key."""
    keys, scales = (result.attribute(SWEEP, name) for name in ("keys", "scales"))
    counts = result.attribute(SWEEP, "counts")
    if not keys or not scales or not counts or not len(keys) == len(scales) == len(counts) or min(counts) < 1:
        raise BadData(f"{result.path}: /{SWEEP} does not tell its keys (attributes keys, scales, counts of equal length); "
                      "repeat the run")
    axes = []
    for i, (key, scale) in enumerate(zip(keys, scales)):
        column = result.array(f"{SWEEP}/values/{key}", 1)
        if column.size != np.prod(counts) or not np.isfinite(column).all():
            raise BadData(f"{result.path}: /{SWEEP}/values/{key} has {column.size} values for {np.prod(counts)} points, "
                          "or some that are no numbers; repeat the run")
        values = np.moveaxis(column.reshape(counts), i, 0).reshape(counts[i], -1)[:, 0]
        wide = values.min() > 0 and values.max() > RATIO_FOR_LOG * values.min()
        axes.append((key, values, bool(values.min() > 0 and scale == "log") or bool(wide)))
    return axes


def curve(result, shown, axis, rate, error, known):
    """The rate with its errors, upper limits where nothing was seen, theory and exact values."""
    key, values, is_log = axis
    order = np.argsort(values)
    figure = style.new_figure(6.6, 4.6)
    axes = figure.subplots()
    drawn = [rate[known]]
    for name, (told, colour, line) in CURVES.items():
        if not result.has(f"{SWEEP}/references/{name}"):
            continue
        reference = result.array(f"{SWEEP}/references/{name}", 1)
        if reference.size != values.size:
            raise BadData(f"{result.path}: /{SWEEP}/references/{name} has {reference.size} values for {values.size} "
                          "points; repeat the run")
        reference = np.where(reference > 0, reference, np.nan)
        axes.plot(values[order], reference[order], color=colour, linestyle=line, linewidth=1.2, label=told, zorder=2)
        drawn.append(reference[np.isfinite(reference)])
    axes.errorbar(values[known], rate[known], np.nan_to_num(error[known]), fmt="o", markersize=style.mark(4.5),
                  color=style.DATA, elinewidth=1, capsize=2, label="simulation, with standard error", zorder=3)
    limits = upper_limits(result, shown, values.size)
    limited = ~known & np.isfinite(limits) & (limits > 0)
    if limited.any():
        axes.errorbar(values[limited], limits[limited], 0.3 * limits[limited], uplims=True, fmt="_", elinewidth=1,
                      color=style.DATA, label="upper limit (95 %)", zorder=3)
        drawn.append(limits[limited])
    missing = int((~known & ~limited).sum())
    if missing:
        style.note(axes, f"no {shown.quantity} at {missing} of {values.size} points")
    drawn = np.concatenate(drawn)
    if is_log:
        axes.set_xscale("log")
        axes.set_xlim(values.min() / 1.25, values.max() * 1.25)
        style.plain_ticks(axes.xaxis, *axes.get_xlim())
    if np.log10(drawn.max() / drawn.min()) > DECADES_FOR_LOG:
        axes.set_yscale("log")
        axes.set_ylim(0.5 * drawn.min(), 2 * drawn.max())
    else:
        axes.set_ylim(0, 1.25 * drawn.max())
    axes.set_xlabel(name_of(result, key))
    axes.set_ylabel(result.units.label(shown.quantity, shown.symbol, shown.dimension))
    axes.legend(loc="best")
    style.frame(figure, result, shown.title)
    return figure


def upper_limits(result, shown, size):
    """Of points where no event was seen; NaN elsewhere."""
    if not result.has(f"{shown.group}/upper"):
        return np.full(size, np.nan)
    limits = result.array(f"{shown.group}/upper", 1)
    return limits if limits.size == size else np.full(size, np.nan)


def heat_map(result, shown, axes, rate, known):
    """Colour over both numbers; grey where no rate is known."""
    (first, rows, rows_log), (second, columns, columns_log) = axes
    table = np.ma.masked_where(~known, rate).reshape(rows.size, columns.size)
    table = table[np.argsort(rows)][:, np.argsort(columns)]
    low, high = table.min(), table.max()
    norm = LogNorm(low, high) if np.log10(high / low) > DECADES_FOR_LOG else Normalize(low, high)
    figure = style.new_figure(6.6, 4.8)
    panel = figure.subplots()
    panel.set_facecolor("0.85")
    filled = panel.pcolormesh(edges(np.sort(columns), columns_log), edges(np.sort(rows), rows_log), table, norm=norm,
                              cmap=style.COLOUR_MAP)
    for axis, values, is_log, scale in ((panel.xaxis, columns, columns_log, panel.set_xscale),
                                        (panel.yaxis, rows, rows_log, panel.set_yscale)):
        if is_log:
            scale("log")
            style.plain_ticks(axis, values.min(), values.max())
    if not known.all():
        style.note(panel, f"grey: no {shown.quantity} at {int((~known).sum())} of {known.size} points")
    panel.set_xlabel(name_of(result, second))
    panel.set_ylabel(name_of(result, first))
    style.colour_bar(figure, filled, panel, result.units.label(shown.quantity, shown.symbol, shown.dimension))
    style.frame(figure, result, shown.title)
    return figure


def edges(values, is_log):
    """Of cells around values that rise."""
    place = np.log(values) if is_log else values
    if place.size == 1:
        ends = place[0] + np.array([-0.5, 0.5])
    else:
        middle = 0.5 * (place[1:] + place[:-1])
        ends = np.concatenate([[2 * place[0] - middle[0]], middle, [2 * place[-1] - middle[-1]]])
    return np.exp(ends) if is_log else ends

# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Figures of kramers-spread. Each function takes a ResultFile and returns a figure."""
import numpy as np
from matplotlib.colors import LogNorm, Normalize

from kramers_plot import style
from kramers_plot.style import padded

SPREAD = "spread"
TRUNK = "trunk"
DECADES_FOR_LOG = 1.3  # a range of colours wider than this is shown on a logarithmic scale


def trunk(result):
    time, position, low, high = result.columns(SPREAD, "time", "position", "lo", "hi")
    figure = style.new_figure(6 if style.is_narrow() else 8.4, 5.4)
    axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(1.6, 1))
    style.band(axes, time, low, high, style.FIT, 0.45, label="lowest to highest member")
    trunk_time, trunk_position = time, position
    if result.has(TRUNK):
        trunk_time, trunk_position = result.columns(TRUNK, "time", "position")
    axes.plot(trunk_time, trunk_position, color=style.DATA, linewidth=1, label="trunk")
    axes.set_ylabel(result.units.label("position", "x", "length"))
    axes.set_xlim(trunk_time[0], trunk_time[-1])
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, borderaxespad=0)
    style.band(below, time, low - position, high - position, style.FIT, 0.45)
    below.axhline(0, color=style.DATA, linewidth=1)
    below.set_ylabel(f"$x - x_\\mathrm{{trunk}}$ {result.units.beside(result.units['length'])}")
    below.set_xlabel(result.units.label("time", "t", "time"))
    figure.align_ylabels()
    style.frame(figure, result, "Trunk and spread of its members")
    return figure


def spread_map(result):
    position, velocity, spread = result.columns(SPREAD, "position", "velocity", "spread")
    shown = np.isfinite(spread)
    positive = spread[shown & (spread > 0)]
    low, high = np.nanmin(spread), np.nanmax(spread)
    norm = Normalize(low, high)
    if positive.size and np.log10(high / positive.min()) > DECADES_FOR_LOG:
        norm = LogNorm(positive.min(), high)
    figure = style.new_figure(6.8, 5.2)
    axes = figure.subplots()
    if result.has(TRUNK):
        x, v = result.columns(TRUNK, "position", "velocity")
        axes.plot(x, v, color="0.8", linewidth=0.5, zorder=1)
    # The widest spreads are the rarest: they come last, on top.
    order = np.flatnonzero(shown)[np.argsort(spread[shown], kind="stable")]
    points = axes.scatter(position[order], velocity[order], c=spread[order], norm=norm, cmap=style.COLOUR_MAP,
                          s=style.mark(4)**2, linewidths=0, zorder=2)
    axes.set_xlim(*padded(position))
    axes.set_ylim(*padded(velocity))
    axes.set_xlabel(result.units.label("position", "x", "length"))
    axes.set_ylabel(result.units.label("velocity", "v", "velocity"))
    style.colour_bar(figure, points, axes, result.units.label("spread", r"x_\mathrm{hi} - x_\mathrm{lo}", "length"))
    style.frame(figure, result, "Spread over phase space")
    return figure


def spread_time(result):
    time, spread, rate = result.columns(SPREAD, "time", "spread", "rate", unknown=("rate",))
    panels = [(result.units.label("rate of spread", None, "velocity"), rate, style.FIT)]
    growth, members, error = (optional(result, name) for name in ("growth", "members", "error"))
    if growth is not None:
        factor, unit = result.units.rate(np.nanmax(np.abs(growth)))
        panels.append((f"growth rate {result.units.beside(unit)}", factor * growth, style.THIRD))
    if members is not None and np.ptp(members) > 0:  # the adaptive mode gives more members to some points
        panels.append(("members", members, style.SECOND))
    figure = style.new_figure(5 if style.is_narrow() else 8.4, 1.9 + 1.6 * (1 + len(panels)))
    axes, *others = figure.subplots(1 + len(panels), 1, sharex=True)
    if error is not None:
        style.band(axes, time, spread - error, spread + error, style.DATA, 0.4)
    axes.plot(time, spread, color=style.DATA, linewidth=1)
    positive = spread[spread > 0]
    if positive.size and np.log10(positive.max() / positive.min()) > DECADES_FOR_LOG:
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0)
    axes.set_ylabel(result.units.label("spread", None, "length"))
    for panel, (name, series, colour) in zip(others, panels):
        panel.plot(time, series, color=colour, linewidth=1)
        panel.axhline(0, color=style.MUTED, linewidth=0.8)
        panel.set_ylabel(name)
    figure.axes[-1].set_xlabel(result.units.label("time", "t", "time"))
    axes.set_xlim(*(time[[0, -1]] if time.size > 1 else padded(time)))
    figure.align_ylabels()
    style.frame(figure, result, "Spread over time")
    return figure


def optional(result, name):
    """A column of the map; None where it is missing or unknown throughout."""
    if not result.has(f"{SPREAD}/{name}"):
        return None
    series = result.columns(SPREAD, "time", name, unknown=(name,))[1]
    return series if np.isfinite(series).any() else None

# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Figures of rates between core sets. Each function takes a ResultFile and returns a figure."""
import numpy as np

from kramers_plot import style
from kramers_plot.errors import BadData
from kramers_plot.style import thousands

SURVIVAL = "kramers/survival"
CORE_SETS = "kramers/core_sets"
LEAST_FALL = 0.2  # of a survival that is shown on a logarithmic axis
MOST_BARS = 100  # of errors that can be told apart
LEAST_P = 0.01  # of waiting times that may be called exponential
RATIO_FOR_LOG = 30  # of the longest to the shortest lag time that are shown on a logarithmic axis


def survival(result):
    time, value, error = result.columns(SURVIVAL, "time", "value", "error", unknown=("error",))
    rate, low, high, events, walkers, p, exact = (
        result.number(SURVIVAL, name)
        for name in ("rate", "rate_lower", "rate_upper", "events", "walkers", "p_exponential",
                     "exact_mean_first_passage_time"))
    if None in (events, walkers, high) or not high > 0 or events < 0 or not walkers > 0:
        raise BadData(f"{result.path}: /{SURVIVAL} lacks a number of events and walkers or the upper limit of its rate "
                      "(attributes events, walkers, rate_upper above zero); repeat the run")
    if events and (None in (rate, low) or not 0 <= low <= rate <= high or not rate > 0):
        raise BadData(f"{result.path}: /{SURVIVAL} has events, but no rate above zero between rate_lower and "
                      "rate_upper; repeat the run")
    if not (value > 0).any() or not ((value >= 0) & (value <= 1)).all():
        raise BadData(f"{result.path}: /{SURVIVAL}/value has no share above zero or shares that are not between 0 and 1; "
                      "repeat the run")
    units = result.units
    figure = style.new_figure(6.6, 4.6)
    axes = figure.subplots()
    axes.set_xlim(time[0], time[-1] if time[-1] > time[0] else time[0] + 1)
    axes.set_xlabel(units.label("time", "t", "time"))
    axes.set_ylabel("survival, core set B not entered")
    told = f"{thousands(events)} of {thousands(walkers)} walkers"
    smooth = np.linspace(*axes.get_xlim(), 400)
    lowest = np.exp(-high * smooth[-1])
    if events:
        seen = value > 0
        # The band may reach zero, which a logarithmic axis does not have.
        error = np.nan_to_num(error)
        band = np.clip([value - error, value + error], 0.1 * value[seen].min(), 1)[:, seen]
        style.band(axes, time[seen], *band, style.DATA)
        axes.plot(time[seen], value[seen], color=style.DATA, linewidth=1.2, label=f"{told} have entered")
        style.band(axes, smooth, np.exp(-high * smooth), np.exp(-low * smooth), style.FIT, 0.2)
        axes.plot(smooth, np.exp(-rate * smooth), color=style.FIT, linestyle="--",
                  label=f"$e^{{-kt}}$, $k$ = {units.rate_text(style.interval, rate, low, high)}")
        lowest = min(lowest, value[seen].min())
    else:
        limit = f"$k$ < {units.rate_text(style.scientific, high)} (95 %)"
        style.band(axes, smooth, np.exp(-high * smooth), 1, style.FIT, 0.2,
                   label=f"none of {thousands(walkers)} walkers has entered:\n{limit}")
        axes.plot(smooth, np.exp(-high * smooth), color=style.FIT, linestyle="--")
    if exact is not None and exact > 0:
        axes.plot(smooth, np.exp(-smooth / exact), color=style.EXACT, linestyle=":",
                  label=f"exact mean first passage time {style.plain(exact)} {units['time']}")
    if events and p is not None and p < LEAST_P:
        shown = "< 0.001" if p < 1e-3 else f"= {p:.1g}"
        axes.plot([], [], linestyle="none", label=f"waiting times are not exponential ($p$ {shown})")
    scale(axes, value, lowest)
    axes.legend(loc="best")
    style.frame(figure, result, "Survival")
    return figure


def scale(axes, value, lowest):
    """A logarithmic axis where many have entered, or else a linear one; both with room for the legend below."""
    seen = value[value > 0]
    if seen.min() < 1 - LEAST_FALL:
        axes.set_yscale("log")
        axes.set_ylim(0.95 * seen.min()**1.35, 1.05)
        if axes.get_ylim()[0] > 0.01:
            style.plain_ticks(axes.yaxis, *axes.get_ylim())
    else:
        axes.ticklabel_format(axis="y", useOffset=False)
        fall = max(1 - max(lowest, 1 - LEAST_FALL), 1e-12)
        axes.set_ylim(1 - 1.7 * fall, 1 + 0.05 * fall)


def core_set_relaxation(result):
    lag, rate, error = result.columns(CORE_SETS, "lag", "relaxation_rate", "relaxation_rate_error",
                                      unknown=("relaxation_rate", "relaxation_rate_error"))
    plateau, plateau_error, begin, exact = (
        result.number(CORE_SETS, name)
        for name in ("relaxation_rate", "relaxation_rate_error", "lag", "exact_relaxation_rate"))
    known = np.isfinite(rate) & (lag > 0)
    if not known.any():
        raise BadData(f"{result.path}: /{CORE_SETS}/relaxation_rate is known at no lag time; run longer")
    shown = [number for number in (plateau, exact, np.abs(rate[known]).max()) if number is not None]
    factor, unit = result.units.rate(shown[0])
    lag, rate, error = lag[known], factor * rate[known], factor * np.nan_to_num(error[known])
    plateau, plateau_error, exact = (None if one is None else factor * one for one in (plateau, plateau_error, exact))
    figure = style.new_figure(6.6, 4.6)
    axes = figure.subplots()
    if lag.size <= MOST_BARS:
        axes.errorbar(lag, rate, error, fmt="o", markersize=style.mark(3.2), color=style.DATA, elinewidth=1,
                      label="simulation, with standard error", zorder=2)
    else:
        style.band(axes, lag, rate - error, rate + error, style.DATA)
        axes.plot(lag, rate, color=style.DATA, linewidth=1.2, label="simulation, with standard error", zorder=2)
    if lag.max() > RATIO_FOR_LOG * lag.min():
        axes.set_xscale("log")
        axes.set_xlim(0.85 * lag.min(), lag.max() / 0.85)
        style.plain_ticks(axes.xaxis, *axes.get_xlim())
    else:
        axes.set_xlim(0, 1.03 * lag.max())
    if plateau is not None:
        ends = [begin if begin is not None else lag.min(), lag.max()]
        if plateau_error is not None:
            style.band(axes, ends, plateau - plateau_error, plateau + plateau_error, style.FIT, zorder=1)
        axes.plot(ends, [plateau, plateau], color=style.FIT, linestyle="--", zorder=3,
                  label=f"plateau, {style.measured(plateau, plateau_error)} {unit}")
    if exact is not None:
        axes.axhline(exact, color=style.EXACT, linestyle=":", zorder=3,
                     label=f"exact, {style.scientific(exact)} {unit}")
    # Long lag times may have errors that would hide what the short ones tell.
    certain = error < 0.5 * np.abs(rate)
    tops = (rate + error)[certain] if certain.any() else rate
    top = max([tops.max(), *(number for number in (plateau, exact) if number is not None)])
    axes.set_ylim(0, 1.3 * top) if top > 0 else axes.set_ylim(*style.padded(rate))
    axes.set_xlabel(result.units.label("lag time", "t", "time"))
    axes.set_ylabel(f"implied relaxation rate $\\lambda$ {result.units.beside(unit)}")
    axes.legend(loc="upper right")
    style.frame(figure, result, "Relaxation between core sets")
    return figure

# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Figures of kramers-langevin. Each function takes a ResultFile and returns a figure."""
import numpy as np
from matplotlib.ticker import MaxNLocator

from kramers_plot import style
from kramers_plot.errors import BadData
from kramers_plot.style import padded
from kramers_plot.units import THERMAL

FREE_ENERGY = "kramers/free_energy"
POPULATION = "kramers/population"
CORRELATION = "kramers/correlation"
LEAST_DECAY = 4  # lags of a correlation that tell how it decays
LEAST_SWING = 0.02  # below zero, of a correlation that is not taken for a decay with noise
MOST_ERROR = 0.5  # of a bin that is shown in a plane [kT]; about four independent samples


def free_energy(result):
    return free_energy_2d(result) if result.has(f"{FREE_ENERGY}/position_x") else free_energy_1d(result)


def thermal_energy(result):
    """kT; None where the file does not tell it."""
    return result.number(FREE_ENERGY, "kT") or result.parameter("kT")


def energy_unit(result):
    """What energies are divided by and the unit they have then: kT in reduced runs, that of the file in others."""
    kT = thermal_energy(result)
    return (kT, THERMAL) if kT and result.units.is_reduced() else (1.0, result.units["energy"])


def lowest(exact, value):
    """Where both profiles take their zero: the lowest exact value, or the lowest one there is."""
    return np.nanmin(exact) if np.isfinite(exact).any() else np.nanmin(value)


def free_energy_1d(result):
    position, value, error, exact = result.columns(FREE_ENERGY, "position", "value", "error", "exact",
                                                      unknown=("error", "exact"))
    kT, unit = energy_unit(result)
    seen, known = np.isfinite(value), np.isfinite(exact)
    zero = lowest(exact, value)
    value, error, exact = (value - zero) / kT, error / kT, (exact - zero) / kT
    compared = seen & known
    figure = style.new_figure(6.2, 5.4 if compared.any() else 4.2)
    if compared.any():
        axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    else:
        axes = below = figure.subplots()
    axes.errorbar(position[seen], value[seen], error[seen], fmt="o", markersize=style.mark(3.2), color=style.DATA,
                  elinewidth=1, label="simulation, with standard error", zorder=2)
    if known.any():
        axes.plot(position[known], exact[known], color=style.EXACT, linewidth=1.2, label="exact", zorder=3)
    top = value[seen].max()
    axes.set_ylim(min(0.0, value[seen].min()) - 0.04 * top, 1.2 * top)
    axes.set_xlim(*padded(position[seen]))
    axes.set_ylabel(f"free energy $F$ {result.units.beside(unit)}")
    axes.legend(loc="upper center", ncols=2)
    if compared.any():
        below.axhline(0, color=style.EXACT, linewidth=1.2)
        difference = (value - exact)[compared]
        below.errorbar(position[compared], difference, error[compared], fmt="o", markersize=style.mark(2.6),
                       color=style.DATA, elinewidth=1)
        # The few samples beyond the walls must not hide the error where it matters.
        reach = 1.3 * np.nanpercentile(np.abs(difference) + np.nan_to_num(error[compared]), 90)
        below.set_ylim(-reach, reach)
        between = " " if result.units.is_reduced() else "\n"  # a longer unit has no room beside it
        below.set_ylabel(f"$F - F_{{\\mathrm{{exact}}}}${between}{result.units.beside(unit)}")
    below.set_xlabel(result.units.label("position", "x", "length"))
    figure.align_ylabels()
    style.frame(figure, result, "Free energy")
    return figure


def free_energy_2d(result):
    x = result.array(f"{FREE_ENERGY}/position_x", 1)
    y = result.array(f"{FREE_ENERGY}/position_y", 1)
    kT, (one, unit) = thermal_energy(result) or 1.0, energy_unit(result)
    value, error, exact = (result.array(f"{FREE_ENERGY}/{name}", 2) for name in ("value", "error", "exact"))
    for name, table in (("value", value), ("error", error), ("exact", exact)):
        if table.shape != (x.size, y.size):
            raise BadData(f"{result.path}: /{FREE_ENERGY}/{name} has extents {table.shape}, which must be those of "
                          f"position_x and position_y, {(x.size, y.size)}; repeat the run")
    known = np.isfinite(value) & (error <= MOST_ERROR * kT)
    if known.sum() < 4:
        raise BadData(f"{result.path}: /{FREE_ENERGY}/value is known to {MOST_ERROR} kT in {known.sum()} bins; "
                      "run longer")
    zero = lowest(exact, value)
    # The lowest bins may fall below the exact zero by noise; they belong to the first colour.
    value = np.where(known, np.maximum((value - zero) / one, 0), np.nan)
    exact = (exact - zero) / one
    levels = MaxNLocator(nbins=12, steps=(1, 2, 5, 10)).tick_values(0, np.nanmax(value))
    figure = style.new_figure(6.6, 5.4)
    axes = figure.subplots()
    filled = axes.contourf(x, y, np.ma.masked_invalid(value).T, levels=levels, cmap=style.COLOUR_MAP)
    notes = [f"colour: simulation where its error is below {MOST_ERROR} {THERMAL if thermal_energy(result) else unit}"]
    if np.isfinite(exact).any():
        axes.contour(x, y, np.ma.masked_invalid(exact).T, levels=levels, colors="black", linewidths=0.8)
        notes.append(f"lines: exact, every {style.plain(levels[1] - levels[0])} {unit}")
    style.note(axes, ",  ".join(notes), "left")
    axes.set_xlim(*padded(x[known.any(axis=1)]))
    axes.set_ylim(*padded(y[known.any(axis=0)]))
    axes.set_xlabel(result.units.label("position", "x", "length"))
    axes.set_ylabel(result.units.label("position", "y", "length"))
    style.colour_bar(figure, filled, axes, f"free energy $F$ {result.units.beside(unit)}")
    style.frame(figure, result, "Free energy")
    return figure


def population(result):
    time, difference, error = result.columns(POPULATION, "time", "difference", "error", unknown=("error",))
    figure = style.new_figure(6.6, 4.6)
    axes = figure.subplots()
    axes.set_xlim(time[0], time[-1])
    axes.set_xlabel(result.units.label("time", "t", "time"))
    fitted = result.number(POPULATION, "rate") is not None
    if fitted:
        draw_decay(axes, result, time, difference, error)
    else:
        style.band(axes, time, difference - error, difference + error, style.DATA)
        axes.plot(time, difference, color=style.DATA, linewidth=1.2, label="simulation, with standard error")
        axes.legend(loc="best")
        axes.set_ylabel(r"population difference $P_\mathrm{left} - P_\mathrm{right}$")
    style.frame(figure, result, "Population decay" if fitted else "Population difference")
    return figure


def draw_decay(axes, result, time, difference, error):
    """The distance from equilibrium on a logarithmic axis, with its fit."""
    rate, rate_error, prefactor, begin, end, exact, reference = (
        result.number(POPULATION, name)
        for name in ("rate", "rate_error", "prefactor", "fit_begin", "fit_end", "exact_rate", "reference_rate"))
    eigenvalue = result.number(POPULATION, "relaxation_rate") or 2 * rate
    if None in (prefactor, begin, end) or not rate > 0 or not eigenvalue > 0:
        raise BadData(f"{result.path}: /{POPULATION} has a rate, but not all attributes of its fit (rate and "
                      "relaxation_rate above zero, prefactor, fit_begin, fit_end); repeat the run")
    # The rate of leaving the left well is the relaxation rate times the population of the right one.
    equilibrium = 1 - 2 * rate / eigenvalue
    equilibrium = equilibrium if abs(equilibrium) > 1e-9 else 0.0
    sign = np.sign(prefactor)  # negative: the walkers started on the right
    excess = sign * (difference - equilibrium)
    if not (excess > 0).any():
        raise BadData(f"{result.path}: /{POPULATION}/difference lies beyond its equilibrium throughout; repeat the run")
    # What lies below a third of its own error says nothing and would stretch the axis by decades.
    floor = max(excess[excess > 0].min(), np.median(np.nan_to_num(error)) / 3)
    clipped = [np.maximum(excess + side * error, floor / 10) for side in (-1, 1)]
    style.band(axes, time, *clipped, style.DATA)
    axes.plot(time, np.where(excess > 0, excess, np.nan), color=style.DATA, linewidth=1.2,
              label="simulation, with standard error")
    fitted = np.array([begin, end])
    axes.plot(fitted, abs(prefactor) * np.exp(-eigenvalue * fitted), color=style.FIT, linestyle="--",
              label=f"fit, $k$ = {result.units.rate_text(style.measured, rate, rate_error)}")
    theory = "Kramers, strong friction" if result.overdamped() else "Kramers-Grote-Hynes"
    for value, name, colour, line in ((exact, "exact", style.EXACT, ":"), (reference, theory, style.SECOND, "-.")):
        if value is None:
            continue
        # Drawn through the beginning of the fit: what relaxes before it is not part of the rate.
        later = np.array([begin, time[-1]])
        decay = np.exp(-eigenvalue * (begin + value / rate * (later - begin)))
        axes.plot(later, abs(prefactor) * decay, color=colour, linestyle=line,
                  label=f"{name}, $k$ = {result.units.rate_text(style.scientific, value)}")
    axes.set_yscale("log")
    top = np.nanmax(excess)
    axes.set_ylim(floor, 1.15 * top * (top / floor)**(0.25 if style.is_narrow() else 0))  # room for the legend
    if floor > 0.01:
        style.plain_ticks(axes.yaxis, *axes.get_ylim())
    shift = f" {-equilibrium:+.3g}" if equilibrium else ""
    symbols = rf"P_\mathrm{{left}} - P_\mathrm{{right}}{shift}"
    axes.set_ylabel("population difference " + (f"$-({symbols})$" if sign < 0 else f"${symbols}$"))
    axes.legend(loc="upper right")


def correlation(result):
    time, moved, moved_error = result.columns(CORRELATION, "time", "displacement", "displacement_error",
                                              unknown=("displacement_error",))
    later = time > 0
    if not (later & (moved > 0)).any():
        raise BadData(f"{result.path}: /{CORRELATION}/displacement has no positive value; run longer")
    decays = []
    for name, colour in (("position", style.DATA), ("velocity", style.FIT)):
        if not result.has(f"{CORRELATION}/{name}"):
            continue  # overdamped walkers have no velocity
        _, series, error = result.columns(CORRELATION, "time", name, f"{name}_error", unknown=(name, f"{name}_error"))
        if series[0] > 0:
            decays.append((name, colour, series / series[0], np.nan_to_num(error) / series[0]))
    number = len(decays) + 1
    figure, panels = style.row(number, 1.2 + 3.9 * number, 4.2)
    for axes, (name, colour, value, error) in zip(panels, decays):
        draw_decay_of_correlation(axes, time, value, error, colour)
        axes.set_xlabel(result.units.label("lag time", "t", "time"))
        axes.set_ylabel(f"autocorrelation of {name}")
        if result.attribute(CORRELATION, f"{name}_undersampled"):
            axes.lines[-1].set_label(f"undersampled: {name} forgets faster\nthan frames follow each other")
            axes.set_ylim(top=axes.get_ylim()[1] + 0.2 * np.ptp(axes.get_ylim()))
            axes.legend(loc="upper left")
    draw_displacement(panels[-1], result, time, moved, moved_error)
    style.frame(figure, result, "Correlations")
    return figure


def draw_decay_of_correlation(axes, time, value, error, colour):
    """On a logarithmic vertical axis, as far as it is above its error, if that is more than a decade and no swing."""
    noise = np.flatnonzero(~(value > error))
    known = noise[0] if noise.size else value.size
    swings = (value < -np.maximum(5 * error, LEAST_SWING)).any()
    decays = known >= LEAST_DECAY and value[:known].min() < 0.1 and not swings
    shown = np.arange(known) if decays else np.flatnonzero(time > 0)
    low, high = value - error, value + error
    if decays:
        floor = 0.7 * value[:known].min()
        low = np.maximum(low, floor / 10)
        axes.set_yscale("log")
        axes.set_ylim(floor, 1.2 * high[:known].max())
        style.plain_ticks(axes.yaxis, *axes.get_ylim())
    else:
        axes.axhline(0, color=style.MUTED, linewidth=0.8)
        # What swings does so in a small part of the time for which wells are remembered.
        axes.set_xscale("log")
    style.band(axes, time[shown], low[shown], high[shown], colour, 0.35)
    axes.plot(time[shown], value[shown], color=colour)
    axes.set_xlim(time[shown][0], time[shown][-1])
    if not decays:
        style.plain_ticks(axes.xaxis, *axes.get_xlim())


def draw_displacement(axes, result, time, moved, error):
    """Mean square displacement beside that of a particle without potential."""
    later = (time > 0) & (moved > 0)
    low = np.maximum(moved - error, 0.1 * moved)
    style.band(axes, time[later], low[later], (moved + error)[later], style.DATA)
    axes.plot(time[later], moved[later], color=style.DATA, label="simulation")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_ylim(*axes.get_ylim())
    kT, friction = result.parameter("kT"), result.parameter("friction")
    dimensions = result.parameter("dimensions") or result.attribute("particles/walkers/box", "dimension")
    if kT and friction and dimensions:
        lag = friction * time[later]
        without_inertia = lag if result.overdamped() else lag + np.expm1(-lag)
        free = 2 * dimensions * kT / ((result.parameter("mass") or 1.0) * friction**2) * without_inertia
        axes.plot(time[later], free, color=style.EXACT, linestyle=":", label="free particle")
    axes.set_xlim(time[later][0], time[later][-1])
    for axis, limits in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
        style.plain_ticks(axis, *limits)
    axes.set_xlabel(result.units.label("lag time", "t", "time"))
    axes.set_ylabel(result.units.label("mean square displacement", None, "area"))
    axes.legend(loc="best")

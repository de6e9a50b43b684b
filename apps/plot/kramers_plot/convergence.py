# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Figures of how kramers-jacobi, kramers-channel and kramers-cg converge. Each function takes a ResultFile and returns
a figure."""
import numpy as np
from matplotlib.ticker import LogFormatterSciNotation

from kramers_plot import style
from kramers_plot.errors import BadData
from kramers_plot.style import thousands

JACOBI, CHANNEL, CG = "kramers/jacobi", "kramers/channel", "kramers/cg"
RATIO_FOR_LOG = 30  # of the last to the first iteration, from which on their axis is logarithmic
FAR = 1e15  # a tolerance further away from the last value has no line: no axis can show both
MOST_MARKS = 50  # more points than these are a line


def norm(result):
    """The norm of what an iteration of kramers-jacobi changes."""
    iteration, size = result.columns(JACOBI, "iteration", "norm")
    if iteration[0] < 1 or (np.diff(iteration) <= 0).any():
        raise BadData(f"{result.path}: /{JACOBI}/iteration does not rise from 1 on; repeat the run")
    require_not_negative(result, f"{JACOBI}/norm", size)
    figure = style.new_figure(6.6, 4.6)
    axes = figure.subplots()
    draw(axes, iteration, size, style.DATA, None)
    tolerance = draw_tolerance(axes, result, "jacobi", iteration[-1], size[-1], "iteration")
    finish(axes, iteration, [size], tolerance)
    axes.set_xlabel("iteration")
    axes.set_ylabel("norm of the change")
    parts = [result.summary.get(name) for name in ("problem", "precision")]
    style.frame(figure, result, "Convergence", [part for part in parts if isinstance(part, str)])
    return figure


def change(result):
    """The relative change of the sum of u in each step of kramers-channel; where it falls, how much."""
    moved = result.columns(CHANNEL, "change")[0]
    step = np.arange(1, moved.size + 1)
    figure = style.new_figure(6.6, 4.6)
    axes = figure.subplots()
    falls = moved < 0
    draw(axes, step, np.where(falls, np.nan, moved), style.DATA, "$\\sum u$ rises" if falls.any() else None)
    if falls.any():
        draw(axes, step, np.where(falls, -moved, np.nan), style.FIT, "$\\sum u$ falls")
    tolerance = draw_tolerance(axes, result, "flow", step[-1], moved[-1], "step")
    finish(axes, step, [np.abs(moved)], tolerance)
    axes.set_xlabel("step")
    axes.set_ylabel("relative change of $\\sum u$ in a step")
    dt = result.summary.get("dt")
    parts = [rf"$\Delta t$ = {style.plain(dt)}"] if is_positive(dt) else []
    style.frame(figure, result, "Approach to steady flow", parts)
    return figure


def residual(result):
    """The residual of the recurrence after each iteration of kramers-cg, and the true one at the end."""
    recursive = result.columns(CG, "residual")[0]
    require_not_negative(result, f"{CG}/residual", recursive)
    iteration = np.arange(1, recursive.size + 1)
    told = result.summary.get("right_side")
    start = told.get("norm") if isinstance(told, dict) else None
    if is_positive(start):  # x = 0
        iteration, recursive = np.append(0, iteration), np.append(start, recursive)
    figure = style.new_figure(6.6, 4.6)
    axes = figure.subplots()
    draw(axes, iteration, recursive, style.DATA, "of the recurrence")
    seen = [recursive]
    true = result.summary.get("true_residual")
    if is_positive(true):
        axes.plot(iteration[-1:], [true], "D", color=style.FIT, markersize=style.mark(5), zorder=4,
                  label=f"$|b - A x|$ computed anew: {style.scientific(true)}")
        seen.append(np.array([true]))
    tolerance = draw_tolerance(axes, result, "cg", iteration[-1], recursive[-1], "iteration")
    finish(axes, iteration, seen, tolerance, log_iterations=False)
    axes.set_xlabel("iteration")
    axes.set_ylabel("residual $|b - A x|$")
    matrix = result.summary.get("matrix")
    parts = []
    if isinstance(matrix, dict) and matrix.get("kind"):
        rows = f", {thousands(matrix['rows'])} rows" if isinstance(matrix.get("rows"), int) else ""
        parts.append(f"{matrix['kind']}{rows}".replace("_", " "))
    parts += [str(result.summary[name]).replace("_", " ") for name in ("method", "preconditioner")
              if result.summary.get(name) not in (None, "none")]
    style.frame(figure, result, "Convergence", parts)
    return figure


def is_positive(value):
    return isinstance(value, (int, float)) and np.isfinite(value) and value > 0


def require_not_negative(result, name, values):
    if (values < 0).any():
        raise BadData(f"{result.path}: /{name} has numbers below zero; repeat the run")


def draw(axes, at, values, colour, label):
    """A curve, with its points where they are few; zero has no place on a logarithmic axis."""
    shown = np.where(values > 0, values, np.nan) if (values > 0).any() else values
    marks = {"marker": "o", "markersize": style.mark(3.2)} if at.size <= MOST_MARKS else {}
    axes.plot(at, shown, color=colour, linewidth=1.2, label=label, **marks)


def draw_tolerance(axes, result, table, last, value, what):
    """The tolerance of the input as a line, and where it was met; None where no line is drawn."""
    keys = result.summary.get("input")
    keys = keys.get(table) if isinstance(keys, dict) else None
    tolerance = keys.get("tolerance") if isinstance(keys, dict) else None
    if not is_positive(tolerance):
        return None
    is_near = not abs(value) > 0 or abs(value) / FAR < tolerance < abs(value) * FAR
    if is_near:
        axes.axhline(tolerance, color=style.EXACT, linestyle=":", linewidth=1.2,
                     label=f"tolerance {style.plain(tolerance)}")
    if 0 < abs(value) <= tolerance:
        axes.plot([last], [abs(value)], "o", color=style.SECOND, markersize=style.mark(5.5), zorder=3,
                  label=f"met in {what} {thousands(last)}")
    return tolerance if is_near else None


def finish(axes, at, curves, tolerance, log_iterations=True):
    """Scales and limits of the axes, and the legend."""
    every = np.concatenate([np.append(curve, [] if tolerance is None else tolerance) for curve in curves])
    positive = every[np.isfinite(every) & (every > 0)]
    if positive.size:
        low, high = 0.6 * positive.min(), 1.6 * positive.max()
        axes.set_yscale("log")
        axes.set_ylim(low, high)
        axes.yaxis.set_minor_formatter(LogFormatterSciNotation(labelOnlyBase=False, minor_thresholds=(2, 0.5)))
        style.plain_ticks(axes.yaxis, low, high)
    zero = np.flatnonzero(curves[0] == 0)
    if zero.size:
        style.note(axes, f"exactly 0 at {thousands(zero.size)} of {thousands(at.size)} points")
    if log_iterations and at[-1] > RATIO_FOR_LOG * at[0]:
        axes.set_xscale("log")
        axes.set_xlim(at[0], 1.1 * at[-1])
        style.plain_ticks(axes.xaxis, at[0], at[-1])
    else:
        axes.set_xlim(*style.padded(at, 0.02))
    if axes.get_legend_handles_labels()[1]:
        axes.legend(loc="best")

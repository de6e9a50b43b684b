# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The figure of the reactive paths of kramers-rare: the tube in which walkers go from A to B."""
import matplotlib
import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import ListedColormap
from matplotlib.ticker import MaxNLocator

from kramers_plot import style
from kramers_plot.errors import BadData
from kramers_plot.style import padded, thousands
from kramers_plot.units import THERMAL

PATHS = "kramers/rare/paths"
STATES = "particles/paths"
HIGHEST = 20  # energy over the lowest that has a colour of its own, where walkers are seldom higher [kT]


def reactive_paths(result):
    """Paths from A to B over time and in phase space; on a surface over its contours."""
    offset, time, position, velocity = paths_of(result)
    weight = result.array(f"{PATHS}/weight", 1)
    if weight.size != offset.size - 1 or (weight < 0).any() or not weight.any():
        raise BadData(f"{result.path}: /{PATHS}/weight has no weight for each path; repeat the run")
    # The more a path weighs, the darker; and the more there are, the paler.
    alpha = np.clip(18 / weight.size, 0.15, 0.9) * np.clip(weight / weight.max(), 0.3, 1)
    plane = position.shape[1] == 2
    x_name = result.units.label("position", "x", "length")
    figure, panels = style.row(1 if velocity is None and not plane else 2, 6 if velocity is None and not plane else 9.4, 4.4)
    own = panels[0]
    draw(own, offset, time, position[:, 0], alpha)
    own.set_xlabel(result.units.label("time since the first level", "t", "time"))
    own.set_ylabel(x_name)
    own.set_xlim(*padded(time))
    own.set_ylim(*padded(position[:, 0]))
    if len(panels) > 1:
        other = position[:, 1] if plane else velocity[:, 0]
        y_name = result.units.label(*(("position", "y", "length") if plane else ("velocity", "v", "velocity")))
        axes = panels[1]
        draw_energy(figure, axes, result, plane, other)
        draw(axes, offset, position[:, 0], other, alpha)
        axes.set_xlabel(x_name)
        axes.set_ylabel(y_name)
        axes.set_xlim(*padded(position[:, 0], 0.06))
        axes.set_ylim(*padded(other, 0.06))
    own.legend(loc="lower right")
    many = weight.size
    style.note(own, "dark: paths of more weight")
    style.frame(figure, result, f"{thousands(many)} reactive path{'' if many == 1 else 's'}")
    return figure


def paths_of(result):
    """Where paths begin among all states, and last where they end; times, positions and velocities of these."""
    value = result.array(f"{STATES}/position/value", 3)
    time = result.times(f"{STATES}/position", value.shape[0])
    offset = result.array(f"{PATHS}/offset", 1).astype(np.int64)
    if offset.size < 2 or offset[0] != 0 or offset[-1] != time.size or (np.diff(offset) < 1).any():
        raise BadData(f"{result.path}: /{PATHS}/offset does not divide the {time.size} states into paths; repeat the run")
    if value.shape[1] != 1 or value.shape[2] > 2:
        raise BadData(f"{result.path}: /{STATES}/position/value has extents {value.shape}, which must be those of one walker "
                      "in one coordinate or two; repeat the run")
    velocity = None
    if result.has(f"{STATES}/velocity"):
        velocity = result.array(f"{STATES}/velocity/value", 3)
        if velocity.shape != value.shape:
            raise BadData(f"{result.path}: velocities have extents {velocity.shape}, but positions {value.shape}; "
                          "repeat the run")
        velocity = velocity[:, 0]
    return offset, time, value[:, 0], velocity


def draw(axes, offset, x, y, alpha):
    """All paths as lines of one colour, with marks where they begin and end."""
    points = np.column_stack([x, y])
    lines = [points[begin:end] for begin, end in zip(offset[:-1], offset[1:])]
    colours = [matplotlib.colors.to_rgba(style.DATA, strength) for strength in alpha]
    for rows, marker, colour, name in ((offset[:-1], "o", style.EXACT, "first level"), (offset[1:] - 1, "s", style.FIT, "state B")):
        axes.plot(x[rows], y[rows], marker, color=colour, markersize=style.mark(2.5), label=name, zorder=4)
    axes.add_collection(LineCollection(lines, colors=colours, linewidths=0.7, zorder=2, rasterized=len(x) > 20000))


def draw_energy(figure, axes, result, plane, other):
    """Contours of the energy in pale colours: the potential in a plane, with the kinetic energy in phase space."""
    names = ("position_x", "position_y") if plane else ("position_x",)
    if not all(result.has(f"{PATHS}/{name}") for name in (*names, "energy")):
        return
    grid = [result.array(f"{PATHS}/{name}", 1) for name in names]
    energy = result.array(f"{PATHS}/energy", len(names))
    if energy.shape != tuple(values.size for values in grid):
        raise BadData(f"{result.path}: /{PATHS}/energy has extents {energy.shape}, which must be those of "
                      f"{' and '.join(names)}; repeat the run")
    x, y = grid[0], grid[-1] if plane else np.linspace(*padded(other, 0.2), 101)
    if not plane:
        energy = energy[:, None] + 0.5 * (result.parameter("mass") or 1.0) * y**2
    kT = result.parameter("kT")
    energy = np.ma.masked_invalid(energy)
    if energy.count() < 4:
        return
    energy = (energy - energy.min()) / (kT or 1.0)
    levels = MaxNLocator(10).tick_values(0, max(HIGHEST, 1.2 * highest_seen(result, energy, x, y, other)))
    pale = ListedColormap(matplotlib.colormaps["Greys"](np.linspace(0, 0.4, 64)))
    filled = axes.contourf(x, y, energy.T, levels=levels, cmap=pale, extend="max")
    axes.contour(x, y, energy.T, levels=levels[1:], colors=style.MUTED, linewidths=0.5)
    style.colour_bar(figure, filled, axes, f"{'potential' if plane else 'energy'} "
                                          + result.units.beside(THERMAL if kT else "energy"))


def highest_seen(result, energy, x, y, other):
    """The energy that few states of these paths exceed, on the grid."""
    position = result.array(f"{STATES}/position/value", 3)[:, 0, 0]
    i = np.clip(np.searchsorted(x, position), 0, x.size - 1)
    j = np.clip(np.searchsorted(y, other), 0, y.size - 1)
    return float(np.percentile(energy[i, j].filled(0), 99))

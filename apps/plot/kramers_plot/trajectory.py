# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The figure of trajectories: some walkers in time, and phase space or plane beside them."""
import matplotlib
import numpy as np
from matplotlib.colors import ListedColormap, LogNorm

from kramers_plot import style
from kramers_plot.errors import BadData
from kramers_plot.langevin import FREE_ENERGY, thermal_energy
from kramers_plot.paths import core_transitions, transition_path, wells
from kramers_plot.style import padded
from kramers_plot.units import THERMAL

WALKERS = "particles/walkers"
STRIPS = 3  # walkers shown in time
HIGHEST = 12  # free energy over the lowest that has a colour of its own [kT]
MOST_FRAMES = 20000  # more than a figure can show


def trajectory(result):
    time, position, velocity, names = walkers_of(result)
    x = position[:, :, 0]
    minima = known_wells(result)
    sets = cores(result, minima)
    changes = [core_transitions(series, *sets) if sets else np.empty(0, int) for series in x.T]
    chosen = sorted(range(len(names)), key=lambda walker: -changes[walker].size)[:STRIPS]
    # Over a surface the paths of these walkers are drawn; of other runs, how often all walkers were where.
    surface = known_surface(result) if position.shape[2] == 2 else None
    colours, dots = (style.WALKERS, style.EXACT) if surface else ([style.DATA] * STRIPS, style.FIT)

    figure, strips, side = panels_of(len(chosen))
    for axes, walker, colour in zip(strips, chosen, colours):
        draw_strip(axes, time, x[:, walker], changes[walker], minima, sets, colour, dots)
        number = changes[walker].size
        told = f", {number} transition{'' if number == 1 else 's'}" if sets else ""
        style.heading(axes, f"walker {names[walker]}{told}")
        axes.tick_params(labelbottom=axes is strips[-1])
    if sets:
        style.note(strips[0], "shaded: core sets, dots: transitions")
    strips[-1].set_xlabel(result.units.label("time", "t", "time"))
    strips[0].set_xlim(*(time[[0, -1]] if time.size > 1 else padded(time)))
    strips[0].set_ylim(*padded(x[:, chosen], 0.1))
    strips[len(chosen) // 2].set_ylabel(result.units.label("position", "x", "length"))

    longest = [transition_path(x[:, walker], changes[walker], *sets) if sets else None for walker in chosen]
    side.set_xlabel(result.units.label("position", "x", "length"))
    if surface:
        draw_surface(figure, side, result, *surface)
        draw_paths(side, position[:, chosen], longest)
    else:
        other, name = None, None
        if position.shape[2] > 1:
            other, name = position[:, :, 1], result.units.label("position", "y", "length")
        elif velocity is not None:
            other, name = velocity[:, :, 0], result.units.label("velocity", "v", "velocity")
        draw_visits(figure, side, x, other, name or result.units.label("density", "p", "inverse_length"))
        if position.shape[2] == 1 and velocity is not None and len(minima) > 1:
            draw_orbit(side, result, minima)
        if longest[0] is not None and other is not None:
            path, walker = longest[0], chosen[0]
            side.plot(x[path, walker], other[path, walker], color=style.FIT, linewidth=1.3, marker="o",
                      markersize=style.mark(2.5), label=f"one transition of walker {names[walker]}")
        if side.get_legend_handles_labels()[0]:
            side.legend(loc="upper center")
            low, high = side.get_ylim()
            side.set_ylim(low, high + 0.16 * (high - low))
    order = "most transitions first" if sets else "the first ones"
    part = f", {len(chosen)} of {len(names)} saved walkers, {order}" if len(names) > STRIPS else ""
    style.frame(figure, result, f"Trajectories{part}")
    return figure


def panels_of(number):
    """A figure with this many strips below each other, and a panel beside them or, in a narrow column, below."""
    if style.is_narrow():
        figure = style.new_figure(5, 2 * number + 4.6)
        grid = figure.add_gridspec(number + 1, 1, height_ratios=(*[1] * number, 2.7))
        places, rest = [grid[i, 0] for i in range(number)], grid[-1, 0]
    else:
        figure = style.new_figure(9.6, 5.4)
        grid = figure.add_gridspec(number, 2, width_ratios=(1.7, 1))
        places, rest = [grid[i, 0] for i in range(number)], grid[:, 1]
    strips = [figure.add_subplot(places[0])]
    strips += [figure.add_subplot(place, sharex=strips[0], sharey=strips[0]) for place in places[1:]]
    return figure, strips, figure.add_subplot(rest)


def walkers_of(result):
    """Times (F), positions (F, N, D), velocities (F, N, D) or None, and ids (N) of the saved walkers."""
    frames = result.shape(f"{WALKERS}/position/value")[0]
    rows = np.s_[::max(1, -(-frames // MOST_FRAMES))]
    position = result.array(f"{WALKERS}/position/value", 3, rows)
    dimensions = int(result.parameter("dimensions") or position.shape[2])
    if position[:, :, dimensions:].any():
        dimensions = position.shape[2]
    own = np.s_[:, :, :dimensions]  # others are zeros, for readers that want three
    position = position[own]
    time = result.times(f"{WALKERS}/position", frames)[rows]
    velocity = None
    if result.has(f"{WALKERS}/velocity") and not result.overdamped():
        velocity = result.array(f"{WALKERS}/velocity/value", 3, rows)[own]
        if velocity.shape != position.shape:
            raise BadData(f"{result.path}: velocities have extents {velocity.shape}, but positions {position.shape}; "
                          "repeat the run")
    names = np.arange(position.shape[1])
    if result.has(f"{WALKERS}/id"):
        names = result.array(f"{WALKERS}/id", 1).astype(np.int64)
        if names.size != position.shape[1]:
            raise BadData(f"{result.path}: {names.size} ids for {position.shape[1]} walkers; repeat the run")
    return time, position, velocity, names


def known_surface(result):
    """Coordinates and free energy in kT of a run in a plane, exact where that is known, and which of the two it is."""
    if not result.has(f"{FREE_ENERGY}/position_x"):
        return None
    x, y = (result.array(f"{FREE_ENERGY}/position_{name}", 1) for name in "xy")
    for name in ("exact", "value"):
        energy = np.ma.masked_invalid(result.array(f"{FREE_ENERGY}/{name}", 2))
        if energy.shape != (x.size, y.size):
            raise BadData(f"{result.path}: /{FREE_ENERGY}/{name} has extents {energy.shape}, which must be those of "
                          f"position_x and position_y, {(x.size, y.size)}; repeat the run")
        if energy.count() > 3 and min(energy.shape) > 1:
            return x, y, (energy - energy.min()) / (thermal_energy(result) or 1.0), name
    return None


def draw_surface(figure, axes, result, x, y, energy, name):
    """The free energy in pale colours, below what is drawn later."""
    levels = np.arange(0, HIGHEST + 1, 2)
    pale = ListedColormap(matplotlib.colormaps["Greys"](np.linspace(0, 0.45, 64)))
    filled = axes.contourf(x, y, energy.T, levels=levels, cmap=pale, extend="max")
    axes.contour(x, y, energy.T, levels=levels[1:], colors=style.MUTED, linewidths=0.5)
    style.colour_bar(figure, filled, axes, f"{'exact ' if name == 'exact' else ''}free energy $F$ "
                                          + result.units.beside(THERMAL if thermal_energy(result) else "energy"))
    axes.set_ylabel(result.units.label("position", "y", "length"))


def draw_paths(axes, position, longest):
    """Whole paths, thin, and over them the longest transition of each walker."""
    # The more frames, the paler, so that a long path does not fill its wells with one colour.
    alpha = float(np.clip(150 / len(position), 0.1, 0.7))
    for (x, y), colour in zip(np.moveaxis(position, 0, -1), style.WALKERS):
        axes.plot(x, y, color=colour, linewidth=0.5, alpha=alpha, rasterized=len(x) > 1000, zorder=2)
    for (x, y), path, colour in zip(np.moveaxis(position, 0, -1), longest, style.WALKERS):
        if path is not None:
            axes.plot(x[path], y[path], color=colour, linewidth=1.3, marker="o", markersize=style.mark(2.5), zorder=3)
    if any(path is not None for path in longest):
        style.note(axes, "thick: the longest transition of each")
    axes.set_xlim(*padded(position[:, :, 0], 0.08))
    axes.set_ylim(*padded(position[:, :, 1], 0.08))


def draw_orbit(axes, result, minima):
    """The orbit of phase space with the energy of the barrier."""
    x, exact = result.columns(FREE_ENERGY, "position", "exact")
    mass = result.parameter("mass") or 1.0
    top = exact[(x > minima[0]) & (x < minima[-1])].max()
    v = 1.1 * np.sqrt(2 * (top - np.nanmin(exact)) / mass) * np.linspace(-1, 1, 400)
    energy = np.ma.masked_invalid(exact) + mass / 2 * v[:, None]**2
    axes.contour(x, v, energy, levels=[top], colors=style.DATA, linewidths=0.9, linestyles="--")
    axes.plot([], [], color=style.DATA, linewidth=0.9, linestyle="--", label="energy of the barrier")


def known_wells(result):
    """Minima of the exact one-dimensional profile."""
    if not result.has(f"{FREE_ENERGY}/position"):
        return []
    position, exact = result.columns(FREE_ENERGY, "position", "exact", unknown=("exact",))
    return wells(position, exact / (thermal_energy(result) or 1.0))


def cores(result, minima):
    """Upper end of core A and lower end of core B: as the run defined them, or else the outermost wells."""
    if result.parameter("cores"):
        return tuple(result.parameter("cores"))
    return (minima[0], minima[-1]) if len(minima) > 1 else None


def draw_strip(axes, time, x, changes, minima, sets, colour, dots):
    """One walker in time over the core sets, its transitions marked."""
    if sets:
        # Beyond every position: the limits of the axis are set later.
        axes.axhspan(-1e6, sets[0], color=style.SHADE, alpha=0.16, linewidth=0)
        axes.axhspan(sets[1], 1e6, color=style.SHADE, alpha=0.16, linewidth=0)
    for well in minima:
        axes.axhline(well, color=style.MUTED, linewidth=0.7, linestyle=(0, (4, 3)))
    axes.plot(time, x, color=colour, linewidth=0.7)
    axes.plot(time[changes], x[changes], "o", markersize=style.mark(4), color=dots)


def draw_visits(figure, axes, x, other, name):
    """How often each place of the plane was visited; the distribution of x alone where there is no other axis."""
    if other is None:
        axes.hist(x[np.isfinite(x)], bins=80, density=True, color=style.DATA)
        axes.set_ylabel(name)
        return
    counts, x_edges, y_edges = np.histogram2d(x.ravel(), other.ravel(), bins=70)
    shown = np.ma.masked_equal(counts.T, 0)
    # A single sample is to be seen as well: the scale begins below one.
    mesh = axes.pcolormesh(x_edges, y_edges, shown, cmap="Greys", norm=LogNorm(0.4, max(shown.max(), 2)),
                           rasterized=True)
    axes.set_ylabel(name)
    bar = style.colour_bar(figure, mesh, axes, "samples of all saved walkers")
    bar.ax.set_ylim(bottom=1)

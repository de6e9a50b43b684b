# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The figure of trajectories: some walkers in time, and phase space or plane beside them."""
import numpy as np
from matplotlib.colors import LogNorm

from kramers_plot import style
from kramers_plot.errors import BadData
from kramers_plot.langevin import FREE_ENERGY, energy_unit
from kramers_plot.paths import core_transitions, transition_path, wells
from kramers_plot.style import LENGTH, TIME, VELOCITY, label, padded

WALKERS = "particles/walkers"
STRIPS = 3  # walkers shown in time
MOST_FRAMES = 20000  # more than a figure can show


def trajectory(result):
    time, position, velocity, names = walkers_of(result)
    x = position[:, :, 0]
    minima = known_wells(result)
    sets = cores(result, minima)
    changes = [core_transitions(series, *sets) if sets else np.empty(0, int) for series in x.T]
    chosen = sorted(range(len(names)), key=lambda walker: -changes[walker].size)[:STRIPS]

    figure = style.new_figure(9.6, 5.4)
    grid = figure.add_gridspec(len(chosen), 2, width_ratios=(1.7, 1))
    strips = []
    for row, walker in enumerate(chosen):
        share = strips[0] if strips else None
        axes = figure.add_subplot(grid[row, 0], sharex=share, sharey=share)
        strips.append(axes)
        draw_strip(axes, time, x[:, walker], changes[walker], minima, sets)
        number = changes[walker].size
        count = f", {number} transition{'' if number == 1 else 's'}" if sets else ""
        axes.set_title(f"walker {names[walker]}{count}", loc="left", fontsize=9, pad=3)
        axes.tick_params(labelbottom=row == len(chosen) - 1)
    if sets:
        strips[0].set_title("shaded: core sets, dots: transitions", loc="right", fontsize=8, color=style.MUTED, pad=3)
    strips[-1].set_xlabel(label("time", "t", TIME))
    strips[0].set_xlim(*(time[[0, -1]] if time.size > 1 else padded(time)))
    strips[0].set_ylim(*padded(x[:, chosen], 0.1))
    strips[len(chosen) // 2].set_ylabel(label("position", "x", LENGTH))

    side = figure.add_subplot(grid[:, 1])
    other, name = None, None
    if position.shape[2] > 1:
        other, name = position[:, :, 1], label("position", "y", LENGTH)
    elif velocity is not None:
        other, name = velocity[:, :, 0], label("velocity", "v", VELOCITY)
    draw_plane(figure, side, x, other, name)
    draw_energies(side, result, minima, position.shape[2] > 1, velocity is not None)
    path = transition_path(x[:, chosen[0]], changes[chosen[0]], *sets) if sets and other is not None else None
    if path is not None:
        side.plot(x[path, chosen[0]], other[path, chosen[0]], color=style.FIT, linewidth=1.3, marker="o",
                  markersize=2.5, label=f"one transition of walker {names[chosen[0]]}")
    if side.get_legend_handles_labels()[0]:
        side.legend(loc="upper center")
        low, high = side.get_ylim()
        side.set_ylim(low, high + 0.16 * (high - low))
    order = "most transitions first" if sets else "the first ones"
    part = f", {len(chosen)} of {len(names)} saved walkers, {order}" if len(names) > STRIPS else ""
    style.frame(figure, result, f"Trajectories{part}")
    return figure


def walkers_of(result):
    """Times (F), positions (F, N, D), velocities (F, N, D) or None, and ids (N) of the saved walkers."""
    frames = result.shape(f"{WALKERS}/position/value")[0]
    rows = np.s_[::max(1, -(-frames // MOST_FRAMES))]
    position = result.array(f"{WALKERS}/position/value", 3, rows)
    time = result.times(f"{WALKERS}/position", frames)[rows]
    velocity = None
    if result.has(f"{WALKERS}/velocity") and not result.overdamped():
        velocity = result.array(f"{WALKERS}/velocity/value", 3, rows)
        if velocity.shape != position.shape:
            raise BadData(f"{result.path}: velocities have extents {velocity.shape}, but positions {position.shape}; "
                          "repeat the run")
    names = np.arange(position.shape[1])
    if result.has(f"{WALKERS}/id"):
        names = result.array(f"{WALKERS}/id", 1).astype(np.int64)
        if names.size != position.shape[1]:
            raise BadData(f"{result.path}: {names.size} ids for {position.shape[1]} walkers; repeat the run")
    return time, position, velocity, names


def draw_energies(axes, result, minima, plane, moving):
    """Lines of equal exact free energy in a plane, or the orbit with the energy of the barrier in phase space."""
    kT, _ = energy_unit(result)
    if plane and result.has(f"{FREE_ENERGY}/position_x"):
        x, y = (result.array(f"{FREE_ENERGY}/position_{name}", 1) for name in "xy")
        exact = np.ma.masked_invalid(result.array(f"{FREE_ENERGY}/exact", 2)).T
        if exact.count():
            levels = exact.min() + kT * np.arange(1, 12, 2)
            axes.contour(x, y, exact, levels=levels, colors=style.DATA, linewidths=0.6)
            axes.set_title(r"lines: exact free energy, every 2 $kT$", loc="right", fontsize=8, color=style.MUTED, pad=3)
    elif not plane and moving and len(minima) > 1:
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
    return wells(position, exact / energy_unit(result)[0])


def cores(result, minima):
    """Upper end of core A and lower end of core B: as the run defined them, or else the outermost wells."""
    if result.parameter("cores"):
        return tuple(result.parameter("cores"))
    return (minima[0], minima[-1]) if len(minima) > 1 else None


def draw_strip(axes, time, x, changes, minima, sets):
    """One walker in time over the core sets, its transitions marked."""
    if sets:
        # Beyond every position: the limits of the axis are set later.
        axes.axhspan(-1e6, sets[0], color=style.SHADE, alpha=0.16, linewidth=0)
        axes.axhspan(sets[1], 1e6, color=style.SHADE, alpha=0.16, linewidth=0)
    for well in minima:
        axes.axhline(well, color=style.MUTED, linewidth=0.7, linestyle=(0, (4, 3)))
    axes.plot(time, x, color=style.DATA, linewidth=0.7)
    axes.plot(time[changes], x[changes], "o", markersize=4, color=style.FIT)


def draw_plane(figure, axes, x, other, name):
    """How often each place of the plane was visited; the distribution of x alone where there is no other axis."""
    axes.set_xlabel(label("position", "x", LENGTH))
    if other is None:
        axes.hist(x[np.isfinite(x)], bins=80, density=True, color=style.DATA)
        axes.set_ylabel(label("density", "p", r"$l_0^{-1}$"))
        return
    counts, x_edges, y_edges = np.histogram2d(x.ravel(), other.ravel(), bins=70)
    shown = np.ma.masked_equal(counts.T, 0)
    # A single sample is to be seen as well: the scale begins below one.
    mesh = axes.pcolormesh(x_edges, y_edges, shown, cmap="Greys", norm=LogNorm(0.4, max(shown.max(), 2)),
                           rasterized=True)
    axes.set_ylabel(name)
    bar = style.colour_bar(figure, mesh, axes, "samples of all saved walkers")
    bar.ax.set_ylim(bottom=1)

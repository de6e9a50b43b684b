# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Figures of the fields of kramers-jacobi and kramers-channel: image data of VTKHDF. Functions take a ResultFile and
return a figure."""
import numpy as np
from matplotlib.ticker import MaxNLocator

from kramers_plot import style
from kramers_plot.errors import BadData
from kramers_plot.style import thousands

IMAGE = "VTKHDF"
POINTS = "VTKHDF/PointData"
MOST_POINTS = 1000  # of a side that are drawn; more are finer than a screen
MOST_OF_FLOW = 100  # of a side between which streamlines are followed
LEAST_UNTOUCHED = 0.01  # share of inner points that are exactly 0, to which nothing has come yet: zero is no line then
ROUNDING = 1e-13  # relative: a field that varies by less is the same everywhere
TITLES = {"laplace": "Laplace's equation", "neumann": "Laplace's equation, one side free",
          "stencil": "Five-point stencil", "nvidia": "Laplace's equation on a ring"}


class Grid:
    """The points of an image: their number, and the x and y of every k-th column and row, so few that all are drawn.

    Raises BadData where the attributes of /VTKHDF are not those of a plane.
    """

    def __init__(self, result):
        if result.attribute(IMAGE, "Type") != "ImageData":
            raise BadData(f"{result.path}: /{IMAGE} is not image data (attribute Type); repeat the run")
        extent, origin, spacing = (result.attribute(IMAGE, name) for name in ("WholeExtent", "Origin", "Spacing"))
        known = are_numbers(extent, 6, int) and are_numbers(origin, 3) and are_numbers(spacing, 3)
        if not known or min(spacing) <= 0:
            raise BadData(f"{result.path}: /{IMAGE} does not tell where its points lie (attributes WholeExtent, "
                          "Origin, Spacing); repeat the run")
        columns, rows, layers = (extent[2 * k + 1] - extent[2 * k] + 1 for k in range(3))
        if columns < 2 or rows < 2 or layers != 1:
            raise BadData(f"{result.path}: /{IMAGE} has the extent {extent}, which is no plane of 2 x 2 points or "
                          "more; repeat the run")
        self.rows, self.columns, self.spacing = rows, columns, spacing
        self.every = -(-max(rows, columns) // MOST_POINTS)
        self.x, self.y = (origin[k] + spacing[k] * np.arange(0, count, self.every)
                          for k, count in enumerate((columns, rows)))

    def field(self, result, name):
        """One number for each point that is drawn (rows, columns); those that are not finite are masked."""
        place, extents = f"{POINTS}/{name}", (self.rows, self.columns)
        if result.shape(place) != extents:
            raise BadData(f"{result.path}: /{place} has extents {result.shape(place)}, which must be those of the "
                          f"image, {extents}; repeat the run")
        values = result.array(place, 2, np.s_[::self.every, ::self.every])
        if not np.isfinite(values).any():
            raise BadData(f"{result.path}: /{place} holds no finite number; repeat the run")
        return np.ma.masked_invalid(values)

    def edges(self):
        """Of the cells around the points that are drawn."""
        half = [0.5 * self.every * step for step in self.spacing]
        return (self.x[0] - half[0], self.x[-1] + half[0], self.y[0] - half[1], self.y[-1] + half[1])

    def size(self):
        return rf"{thousands(self.rows)} $\times$ {thousands(self.columns)}"


def are_numbers(values, count, kind=(int, float)):
    return (isinstance(values, list) and len(values) == count and all(isinstance(value, kind) for value in values)
            and np.isfinite(values).all())


def solution(result):
    """The field of kramers-jacobi with contour lines."""
    grid = Grid(result)
    field = grid.field(result, "p")
    figure = style.new_figure(6.2, 5.6)
    axes = figure.subplots()
    draw_map(figure, axes, grid, field, "$p$", contours=True)
    problem = str(result.summary.get("problem", ""))
    parts = [grid.size(), *counted(result, "iterations"), *filter(None, [result.summary.get("precision")])]
    style.frame(figure, result, TITLES.get(problem, "Solution"), [str(part) for part in parts])
    return figure


def flow(result):
    """Speed with streamlines, and pressure with contour lines, of kramers-channel."""
    grid = Grid(result)
    u, v, p = (grid.field(result, name) for name in "uvp")
    narrow = style.is_narrow()
    figure = style.new_figure(10.4, 15.2 if narrow else 4.9)
    left, right = figure.subplots(2, 1) if narrow else figure.subplots(1, 2)
    speed = np.ma.hypot(u, v)
    draw_map(figure, left, grid, speed, r"speed $|\mathbf{u}|$")
    if speed.max() > 0:
        coarse = np.s_[::-(-max(speed.shape) // MOST_OF_FLOW)]
        left.streamplot(grid.x[coarse], grid.y[coarse], u[coarse, coarse], v[coarse, coarse], density=0.8,
                        color="white", linewidth=0.8, arrowsize=0.8, zorder=2)
        limit(left, grid)
    draw_map(figure, right, grid, p, "pressure $p$", contours=True)
    parts = [grid.size(), *counted(result, "steps")]
    dt = result.summary.get("dt")
    if isinstance(dt, (int, float)):
        parts.append(rf"$\Delta t$ = {style.plain(dt)}")
    style.frame(figure, result, "Flow between two plates", parts)
    return figure


def counted(result, what):
    """"1 000 steps", as a list of one, where the summary has their number."""
    number = result.summary.get(what)
    return [f"{thousands(number)} {what}"] if isinstance(number, int) else []


def draw_map(figure, axes, grid, field, name, contours=False):
    """Colours of all points, grey where there is no number, with contour lines; and what they mean."""
    low, high = float(field.min()), float(field.max())
    uniform = high - low <= ROUNDING * max(abs(low), abs(high))
    middle = 0.5 * low + 0.5 * high
    around = (middle - 0.1 * abs(middle), middle + 0.1 * abs(middle)) if middle else (-1.0, 1.0)
    axes.set_facecolor("0.85")
    vmin, vmax = around if uniform else (low, high)
    image = axes.imshow(field, origin="lower", extent=grid.edges(), interpolation="nearest", cmap=style.COLOUR_MAP,
                        vmin=vmin, vmax=vmax, aspect="equal")
    notes = []
    if uniform:
        notes.append(f"{style.plain(middle)} everywhere")
    elif contours:
        levels = MaxNLocator(nbins=20, steps=(1, 2, 5, 10)).tick_values(low, high)
        inner = levels[(levels > low) & (levels < high)]
        if (field[1:-1, 1:-1] == 0).mean() > LEAST_UNTOUCHED:
            inner = inner[np.abs(inner) > 0.5 * (levels[1] - levels[0])]
        axes.contour(grid.x, grid.y, field, levels=inner, colors="black", linewidths=0.7)
        notes.append(f"lines every {style.plain(levels[1] - levels[0])}, negative ones dashed" if low < 0 else
                     f"lines every {style.plain(levels[1] - levels[0])}")
    if grid.every > 1:
        notes.append(f"one of {grid.every**2} points is drawn")
    unknown = int(np.ma.getmaskarray(field).sum())
    if unknown:
        notes.append(f"grey: no number at {thousands(unknown)} of {thousands(field.size)} points")
    style.note(axes, ",  ".join(notes), "left")
    limit(axes, grid)
    axes.set_xlabel("$x$")
    axes.set_ylabel("$y$")
    style.colour_bar(figure, image, axes, name, inset=True)


def limit(axes, grid):
    """Show the points and not the half cells around them."""
    axes.set_xlim(grid.x[0], grid.x[-1])
    axes.set_ylim(grid.y[0], grid.y[-1])

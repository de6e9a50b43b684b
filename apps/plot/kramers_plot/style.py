# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How all figures look: fonts, colours, titles, footers, and how they are saved."""
import io
import math
import string

import matplotlib
import numpy as np
from matplotlib import ticker
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.textpath import TextPath

from kramers_plot.errors import PlotError
from kramers_plot.output import write_whole

# Colours of Okabe and Ito, told apart with any colour vision and by brightness.
DATA = "#0072B2"
FIT = "#D55E00"
SECOND = "#009E73"
THIRD = "#CC79A7"
EXACT = "#222222"
MUTED = "#777777"
SHADE = "#56B4E9"
WALKERS = (DATA, FIT, SECOND)
FOOTER_SIZE = 6.5
COLOUR_MAP = "viridis"  # perceptually uniform

POTENTIALS = {"mueller_brown": "M\N{LATIN SMALL LETTER U WITH DIAERESIS}ller-Brown"}
# Without dates, so that the same data give the same bytes.
METADATA = {"png": {"Software": "kramers-plot"}, "svg": {"Date": None},
            "pdf": {"Creator": "kramers-plot", "CreationDate": None}}

SETTINGS = {
    "font.size": 10, "axes.labelsize": 10.5, "axes.titlesize": 10.5, "legend.fontsize": 9,
    "xtick.labelsize": 9.5, "ytick.labelsize": 9.5, "figure.titlesize": 10.5,
    "axes.spines.top": False, "axes.spines.right": False, "axes.linewidth": 0.8, "axes.axisbelow": True,
    "axes.formatter.use_mathtext": True, "axes.formatter.limits": (-3, 4),
    "lines.linewidth": 1.6, "lines.solid_capstyle": "round", "legend.frameon": False, "legend.handlelength": 1.6,
    "xtick.direction": "out", "ytick.direction": "out", "xtick.major.width": 0.8, "ytick.major.width": 0.8,
    "figure.facecolor": "white", "savefig.facecolor": "white", "path.simplify": True,
    "svg.hashsalt": "kramers", "svg.fonttype": "path",
}


# Of figures that a paper prints without scaling them.
PAPER = {
    "font.size": 7.5, "axes.labelsize": 8, "axes.titlesize": 7.5, "legend.fontsize": 7,
    "xtick.labelsize": 7, "ytick.labelsize": 7, "axes.linewidth": 0.6, "lines.linewidth": 1.2,
    "xtick.major.width": 0.6, "ytick.major.width": 0.6, "xtick.minor.width": 0.5, "ytick.minor.width": 0.5,
    "xtick.major.size": 2.8, "ytick.major.size": 2.8, "xtick.minor.size": 1.6, "ytick.minor.size": 1.6,
    "xtick.major.pad": 2.5, "ytick.major.pad": 2.5, "axes.labelpad": 2.5, "axes.titlepad": 3,
    "legend.labelspacing": 0.3, "legend.borderaxespad": 0.2, "legend.handletextpad": 0.5, "legend.columnspacing": 1.2,
    "figure.constrained_layout.w_pad": 0.02, "figure.constrained_layout.h_pad": 0.02,
    "pdf.fonttype": 42,  # journals refuse fonts of type 3
}
COLUMN_WIDTHS = {1: 85, 2: 175}  # of a paper [mm]
_column = None  # of a paper, in which the figures shall stand; None: they are looked at on a screen


def apply(column=None):
    """Take the settings above over matplotlib's own, whatever the user has set; those of a paper for its columns."""
    global _column
    _column = column
    matplotlib.rcdefaults()
    matplotlib.rcParams.update(SETTINGS)
    if column is not None:
        matplotlib.rcParams.update(PAPER)


def is_narrow():
    """Must panels that stand beside each other elsewhere stand below each other?"""
    return _column == 1


def new_figure(width, height):
    """A figure of so many inches, or as wide as the column of a paper and of the same shape, but never very high."""
    scale = 1 if _column is None else COLUMN_WIDTHS[_column] / 25.4 / width
    height = min(height, 0.75 * width) if _column == 2 else height
    return Figure(figsize=(scale * width, scale * height), layout="constrained")


def row(number, width, height, **ratios):
    """A figure of so many inches and its panels beside each other; below each other where they have no room."""
    if not is_narrow():
        figure = new_figure(width, height)
        return figure, list(np.atleast_1d(figure.subplots(1, number, **ratios)))
    figure = new_figure(width, 0.9 * number**2 * height)
    return figure, list(np.atleast_1d(figure.subplots(number, 1)))


def heading(axes, text):
    """What a panel shows, above it."""
    axes.set_title(text, loc="left", fontsize=matplotlib.rcParams["legend.fontsize"], pad=3)


def note(axes, text, side="right"):
    """A hint above a panel; a paper has it in its caption."""
    if _column is None:
        axes.set_title(text, loc=side, fontsize=8, color=MUTED, pad=3)


def mark(size):
    """The size of a mark [pt], smaller in a paper."""
    return size if _column is None else 0.6 * size


def frame(figure, result, title, parts=None):
    """Title with the system, or other parts, and the small line that says where the numbers come from.

    In a paper, where the caption has them, letters of the panels instead.
    """
    if _column is not None:
        letter_panels(figure)
        return
    heading = "$\\bf{" + title.replace(" ", r"\ ") + "}$"
    told = [*(system(result) if parts is None else parts), *filter(None, [result.partial()])]
    lines = broken(told, "  |  ", figure, SETTINGS["figure.titlesize"])
    figure.suptitle("\n".join([heading, *lines]), x=0.012, ha="left", linespacing=1.45)
    origin = broken(provenance(result), "   ", figure, FOOTER_SIZE)
    figure.supxlabel("\n".join(origin), x=0.012, ha="left", fontsize=FOOTER_SIZE, color=MUTED)


def letter_panels(figure):
    """A letter before the heading of each panel, where there are several."""
    panels = [axes for axes in figure.axes if axes.axison and axes.get_label() != "<colorbar>"]
    for letter, axes in zip(string.ascii_lowercase, panels if len(panels) > 1 else []):
        heading(axes, f"$\\bf{{{letter}}}$   {axes.get_title('left')}".rstrip())


def broken(parts, separator, figure, size):
    """The parts in lines that are not wider than the figure."""
    lines = []
    for part in parts:
        longer = separator.join([lines[-1], part]) if lines else part
        fits = TextPath((0, 0), longer, size=size).get_extents().width < 0.97 * 72 * figure.get_figwidth()
        lines[-1:] = [longer] if fits or not lines else [lines[-1], part]
    return lines


def system(result):
    """Potential, friction, temperature, scheme and walkers, as far as the file tells them."""
    parts, units = [], result.units
    potential = result.parameter("potential")
    if potential:
        parts.append(POTENTIALS.get(potential, str(potential).replace("_", " ")))
    friction = result.parameter("friction")
    if friction is not None:
        parts.append(rf"$\gamma$ = {plain(friction)} {units['inverse_time']}")
    kT = result.parameter("kT")
    if kT is not None:
        parts.append(f"$kT$ = {plain(kT)}" + ("" if units.is_reduced() else f" {units['energy']}"))
    scheme, dt = result.parameter("scheme"), result.parameter("dt")
    if scheme and dt is not None:
        name = str(scheme) if result.overdamped() else str(scheme).upper()
        parts.append(rf"{name}, $\Delta t$ = {plain(dt)} {units['time']}")
    walkers = result.parameter("walkers")
    if walkers is not None and int(walkers) > 1:
        parts.append(f"{thousands(walkers)} walkers")
    return parts


def provenance(result):
    """App, version, state of the source, hash of the result and date, as far as the file tells them, and its name."""
    told = result.provenance
    app = result.text("app") or told.get("app", "unknown program")
    parts = [f"{app} {result.text('version') or told.get('version', '')}".rstrip()]
    if told.get("git_hash"):
        parts.append(f"git {told['git_hash']}" + (" (modified)" if told.get("git_modified") else ""))
    if result.summary.get("state_hash"):
        parts.append(f"state {result.summary['state_hash']}")
    if told.get("date"):
        parts.append(str(told["date"]))
    return [*parts, result.path.name.replace("$", r"\$")]


def plain(value):
    return f"{value:.4g}"


def thousands(number):
    return f"{int(number):,}".replace(",", "\N{THIN SPACE}")


def measured(value, error):
    """A value with the error of its last two digits, 2.226(29) x 10^-3; the value alone if no error is known."""
    if value == 0 or error is None or not error > 0:
        return scientific(value)
    exponent = math.floor(math.log10(abs(value)))
    digits = max(0, exponent - math.floor(math.log10(error)) + 1)
    if -3 < exponent < 4:
        exponent, digits = 0, max(0, 1 - math.floor(math.log10(error)))
    scale = 10.0**exponent
    text = f"{value / scale:.{digits}f}({round(error / scale * 10**digits):d})"
    return text if exponent == 0 else rf"{text}$\times 10^{{{exponent}}}$"


def interval(value, low, high):
    """A value with the ends of its interval, 2.23 (95 %: 2.10 to 2.36) x 10^-3."""
    exponent = math.floor(math.log10(value))
    exponent = 0 if -3 < exponent < 4 else exponent
    numbers = [number / 10.0**exponent for number in (value, low, high)]
    digits = max(0, 1 - math.floor(math.log10(numbers[2] - numbers[1]))) if high > low else 3
    told = "{:.{d}f} (95 %: {:.{d}f} to {:.{d}f})".format(*numbers, d=digits)
    return told if exponent == 0 else rf"{told}$\times 10^{{{exponent}}}$"


def scientific(value):
    mantissa, exponent = f"{value:.3e}".split("e")
    return f"{value:.4g}" if -3 < int(exponent) < 4 else rf"{mantissa}$\times 10^{{{int(exponent)}}}$"


def padded(values, share=0.03):
    """Limits of an axis that shows all these values and a little more."""
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    pad = share * (high - low) or 1.0
    return low - pad, high + pad


def band(axes, x, low, high, colour, alpha=0.25, **options):
    axes.fill_between(x, low, high, color=colour, alpha=alpha, linewidth=0, **options)


def colour_bar(figure, mappable, axes, text, inset=False):
    """What colours mean, right of a panel; `inset`: as high as a panel whose shape its data decide."""
    place = {"ax": axes, "pad": 0.02, "fraction": 0.06, "aspect": 28}
    if inset:
        place = {"cax": axes.inset_axes((1.03, 0, 0.035, 1))}
    bar = figure.colorbar(mappable, **place)
    bar.set_label(text)
    bar.outline.set_visible(False)
    if isinstance(bar.norm, LogNorm):
        plain_ticks(bar.ax.yaxis, bar.norm.vmin, bar.norm.vmax)
    return bar


def plain_ticks(axis, low, high, short="2346"):
    """Label a logarithmic axis 0.03, 0.1, 0.6, 1 rather than with powers of ten, if it is not too long for that."""
    if low < 1e-3 or high >= 1e4:
        return
    # On a short axis a part of the minor ticks has numbers, too: those with these first digits.
    chosen = short if high / low < 100 else ""
    axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(ticker.FuncFormatter(lambda value, _: f"{value:g}" if f"{value:.0e}"[0] in chosen else ""))
    axis.set_tick_params(which="minor", labelsize=matplotlib.rcParams["xtick.labelsize"] - 1)


def save(figure, target, dpi):
    """Write a figure under its name when it is whole. The same figure gives the same bytes."""
    file_format = target.suffix[1:]
    content = io.BytesIO()
    figure.savefig(content, format=file_format, dpi=dpi, metadata=METADATA[file_format])
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_whole(target, content.getvalue())
    except OSError as error:
        raise PlotError(f"{target}: cannot be written ({error.strerror or error}); choose another folder with "
                        "--output-dir") from None

# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Figures of kramers-classify. Each function takes a ResultFile and returns a figure."""
import matplotlib
import numpy as np
from matplotlib.lines import Line2D

from kramers_plot import style
from kramers_plot.errors import BadData
from kramers_plot.style import padded, thousands

POINTS, RANDOM, LOSS = "classifier/points", "classifier/random", "classifier/loss"
EVALUATION, SWEEP = "classifier/evaluation", "classifier/sweep"
MOST_CLASSES = 1000


def classes(result):
    """Raw classes, predicted classes at the same points, and predicted classes of random points."""
    x, v, raw, predicted = result.columns(POINTS, "position", "velocity", "raw_class", "predicted_class")
    panels = [("raw classes", x, v, raw), ("predicted classes", x, v, predicted)]
    if result.has(RANDOM):
        some_x, some_v, some = result.columns(RANDOM, "position", "velocity", "predicted_class")
        panels.append((f"prediction at {thousands(some.size)} random points", some_x, some_v, some))
    every = np.concatenate([series for *_, series in panels])
    if not np.isin(every, np.arange(MOST_CLASSES)).all():
        raise BadData(f"{result.path}: /{POINTS} has classes that are not whole numbers from 0 to {MOST_CLASSES - 1}; "
                      "repeat the run")
    number = int(every.max()) + 1
    colours = class_colours(number)
    narrow, several = style.is_narrow(), len(panels)
    if narrow:
        figure = style.new_figure(3.5, 2.7 * several + 0.5)
        grid = figure.add_gridspec(several + 1, 1, height_ratios=(*[1] * several, 0.2))
        places = [grid[i, 0] for i in range(several)]
    else:
        figure = style.new_figure(3.5 * several, 4.8)
        grid = figure.add_gridspec(2, several, height_ratios=(1, 0.05))
        places = [grid[0, i] for i in range(several)]
    axes = [figure.add_subplot(places[0])]
    axes += [figure.add_subplot(place, sharex=axes[0], sharey=axes[0]) for place in places[1:]]
    for panel, (name, positions, velocities, series) in zip(axes, panels):
        # One call for all classes: their points lie over each other in the order of the file, not of the classes.
        many = positions.size > 3000
        panel.scatter(positions, velocities, c=colours[series.astype(int)], s=style.mark(2 if many else 3)**2,
                      linewidths=0, rasterized=many)
        panel.set_title(name, loc="left")
        if panel is axes[-1] or not narrow:
            panel.set_xlabel(result.units.label("position", "x", "length"))
        if panel is axes[0] or narrow:
            panel.set_ylabel(result.units.label("velocity", "v", "velocity"))
        panel.tick_params(labelbottom=panel is axes[-1] or not narrow, labelleft=panel is axes[0] or narrow)
    axes[0].set_xlim(*padded(np.concatenate([panel[1] for panel in panels]), 0.02))
    axes[0].set_ylim(*padded(np.concatenate([panel[2] for panel in panels]), 0.02))
    marks = [Line2D([], [], linestyle="", marker="o", markersize=5, color=colour) for colour in colours]
    names = class_names(result, number)
    if len(panels) == 3:
        border, = axes[2].plot(*hull(np.column_stack([x, v])).T, color="black", linewidth=1, linestyle=(0, (4, 2)))
        marks.append(border)
        names.append("region of the data")
    below = figure.add_subplot(grid[-1, :])
    below.set_axis_off()
    columns = min(len(names), 1 if narrow else 4)
    below.legend(marks, names, loc="center", ncols=columns, handletextpad=0.4, columnspacing=1.6)
    frame(figure, result, "Regions of phase space by spread")
    return figure


def loss(result):
    """Loss of the training and of the samples held out, over epochs."""
    epoch, train = result.columns(LOSS, "epoch", "train")
    figure = style.new_figure(6.4, 4.5)
    axes = figure.subplots()
    axes.plot(epoch, train, color=style.DATA, linewidth=1.2, label="trained on, mean over each epoch")
    seen = [train]
    if result.has(f"{LOSS}/held_out") and result.shape(f"{LOSS}/held_out")[0] > 0:
        when, held_out = result.columns(LOSS, "held_out_epoch", "held_out")
        axes.plot(when, held_out, color=style.FIT, marker="o", markersize=style.mark(3.2), linewidth=1,
                  label="held out")
        seen.append(held_out)
    thresholds, named = result.attribute("classifier", "thresholds"), trained(result).get("classes")
    number = len(named) if isinstance(named, list) else len(thresholds) + 1 if thresholds else 0
    if number > 1:
        guessing = np.log(number)
        axes.axhline(guessing, color=style.MUTED, linewidth=0.9, linestyle=":",
                     label=f"equal probabilities, ln {number}")
        seen.append(np.array([guessing]))
    seen = np.concatenate(seen)
    low, high = 0.95 * seen[seen > 0].min(), 1.05 * seen.max()
    if style.is_narrow():
        low *= (low / high)**0.3  # room for the legend
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(epoch[0], max(epoch[-1], epoch[0] + 1))
    axes.set_ylim(low, high)
    style.plain_ticks(axes.yaxis, low, high, "2346" if high / low > 3 else "23456789")
    axes.set_xlabel("epoch")
    axes.set_ylabel("cross-entropy [nat per sample]")
    axes.legend(loc="lower left")
    frame(figure, result, "Loss")
    return figure


def evaluation(result):
    """Confusion matrix and reliability, of the samples held out where there are any."""
    part = "held_out" if result.has(f"{EVALUATION}/held_out") else "train"
    group = f"{EVALUATION}/{part}"
    confusion = result.array(f"{group}/confusion", 2)
    if confusion.shape[0] != confusion.shape[1] or len(confusion) > MOST_CLASSES:
        raise BadData(f"{result.path}: /{group}/confusion has extents {confusion.shape}, which must be equal and at "
                      f"most {MOST_CLASSES}; repeat the run")
    figure, (left, right) = style.row(2, 9.4, 4.7, width_ratios=(1, 1.08))
    draw_confusion(left, confusion, trained(result).get("classes"))
    draw_reliability(right, result, group)
    told = "held-out samples" if part == "held_out" else "samples trained on"
    accuracy = result.number(group, "accuracy")
    share = f", {100 * accuracy:.1f} % right" if accuracy is not None else ""
    left.set_title(f"{int(confusion.sum())} {told}{share}", loc="left")
    frame(figure, result, "Confusion and calibration")
    return figure


def draw_confusion(axes, confusion, names=None):
    """Counts, coloured by their share of the row; classes of samples have names."""
    share = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    number = len(confusion)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1, aspect="equal")
    for i in range(number if number <= 10 else 0):
        for j in range(number):
            axes.text(j, i, f"{int(confusion[i, j])}\n{100 * share[i, j]:.0f} %", ha="center", va="center",
                      color="white" if share[i, j] > 0.55 else "black")
    axes.set_xticks(range(number))
    axes.set_yticks(range(number))
    if isinstance(names, list) and len(names) == number <= 10:
        told = [str(name)[:12].replace("$", r"\$") for name in names]
        axes.set_xticks(range(number), told)
        axes.set_yticks(range(number), told, rotation=90, va="center")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("raw class")


def draw_reliability(axes, result, group):
    """Share of right predictions over their probability; the bars below are the number of samples."""
    lower, count, confidence, accuracy = result.columns(group, "bin_lower", "bin_count", "bin_confidence",
                                                        "bin_accuracy")
    filled = count > 0
    axes.plot([0, 1], [0, 1], color=style.MUTED, linewidth=0.9, linestyle=":", label="calibrated")
    low, high = wilson(accuracy[filled], count[filled])
    error = np.clip([accuracy[filled] - low, high - accuracy[filled]], 0, None)
    axes.errorbar(confidence[filled], accuracy[filled], error, color=style.DATA, fmt="o",
                  markersize=style.mark(4.5), elinewidth=1, label="share that is right, 68 % interval")
    axes.bar(lower, 0.25 * count / max(count.max(), 1), width=1 / lower.size, align="edge", color=style.SHADE,
             alpha=0.35, linewidth=0, label="number of samples")
    axes.set_xlim(max(0.0, lower[filled][0] - 0.05), 1)
    axes.set_ylim(0, 1)
    axes.set_xlabel("probability of the predicted class")
    axes.set_ylabel("share of samples")
    told = result.number(group, "calibration_error")
    if told is not None:
        axes.set_title(f"expected calibration error {told:.3f}", loc="left")
    axes.legend(loc="best")


def wilson(share, count):
    """Ends of the one-sigma interval of a share of so many samples (Wilson, 1927): of use where the share is 0 or 1."""
    middle = (share + 0.5 / count) / (1 + 1 / count)
    reach = np.sqrt(share * (1 - share) / count + 0.25 / count**2) / (1 + 1 / count)
    return middle - reach, middle + reach


def sweep(result):
    """Held-out loss and accuracy of all models over their learning rates."""
    rate, final, held_out, accuracy, diverged = result.columns(
        SWEEP, "learning_rate", "loss", "held_out_loss", "held_out_accuracy", "diverged_at",
        unknown=("loss", "held_out_loss", "held_out_accuracy"))
    well = diverged < 0
    best = result.attribute(SWEEP, "best")
    panels = [("loss of the last epoch [nat]", final)]
    if np.isfinite(held_out).any():
        panels = [("held-out loss [nat]", held_out), ("held-out accuracy", accuracy)]
    figure, axes = style.row(len(panels), 1.2 + 4.2 * len(panels), 4.4)
    rates = np.unique(rate)
    # Models of one learning rate stand beside each other.
    place = rate * np.exp(spacing(rates) * (rank_within(rate) - 0.5))
    for panel, (name, series) in zip(axes, panels):
        panel.plot(place[well], series[well], "o", markersize=style.mark(4), color=style.DATA, alpha=0.7,
                   markeredgewidth=0, label="one seed each")
        middle = [np.median(series[well & (rate == r)]) if (well & (rate == r)).any() else np.nan for r in rates]
        panel.plot(rates, middle, color=style.EXACT, linewidth=1.2, marker="_", markersize=14, label="median")
        if best is not None and well[best]:
            panel.plot(place[best], series[best], "o", markersize=8, markerfacecolor="none", markeredgewidth=1.6,
                       color=style.FIT, label="best, by held-out loss" if len(panels) == 2 else "best")
        panel.set_xscale("log")
        panel.set_xlim(rates[0] / np.exp(1.2 * spacing(rates)), rates[-1] * np.exp(1.2 * spacing(rates)))
        panel.set_xticks(rates, [f"{r:g}" for r in rates])
        panel.minorticks_off()
        panel.set_xlabel("learning rate")
        panel.set_ylabel(name)
        if not well.all():
            style.note(panel, f"{int((~well).sum())} of {well.size} models diverged")
    axes[0].legend(loc="best")
    parts = [network(result)]
    if best is not None:
        seed = int(result.columns(SWEEP, "learning_rate", "seed")[1][best])
        parts.append(f"best: learning rate {rate[best]:g}, seed {seed}")
    style.frame(figure, result, f"Sweep over {thousands(rate.size)} models", parts)
    return figure


def spacing(rates):
    """Room for the models of one learning rate, on the logarithmic axis."""
    return 0.5 * np.diff(np.log(rates)).min() if rates.size > 1 else 0.5


def rank_within(values):
    """Place of each among those of equal value, from 0 to 1."""
    rank = np.empty(values.size)
    for value in np.unique(values):
        places = np.flatnonzero(values == value)
        rank[places] = (np.arange(places.size) + 0.5) / places.size
    return rank


def frame(figure, result, title):
    model = trained(result)
    told = [str(model[name]) for name in ("optimizer", "precision") if model.get(name)]
    if "learning_rate" in model:
        told.insert(1, f"learning rate {style.plain(model['learning_rate'])}")
    style.frame(figure, result, title, [part for part in (network(result), ", ".join(told)) if part])


def trained(result):
    """What the summary says of the model, or of the best one of a sweep."""
    model = result.summary.get("model") or result.summary.get("best")
    return model if isinstance(model, dict) else {}


def network(result):
    return str(trained(result).get("network", "")).replace("->", r"$\rightarrow$").replace("_", " ")


def class_colours(number):
    return matplotlib.colormaps[style.COLOUR_MAP](np.linspace(0.02, 0.9, number))


def class_names(result, number):
    """The intervals of the spread."""
    thresholds = result.attribute("classifier", "thresholds")
    if not isinstance(thresholds, list) or len(thresholds) + 1 != number:
        return [f"class {k}" for k in range(number)]
    edges = [style.plain(value) for value in thresholds]
    inner = [rf"{k}: {low} $\leq$ spread < {high}" for k, (low, high) in enumerate(zip(edges, edges[1:]), 1)]
    return [f"class 0: spread < {edges[0]}", *(f"class {text}" for text in inner),
            rf"class {number - 1}: spread $\geq$ {edges[-1]}"]


def hull(points):
    """Convex hull, closed, by Andrew's monotone chain."""
    points = np.unique(points, axis=0)
    if len(points) < 3:
        return points

    def chain(ordered):
        kept = []
        for point in ordered:
            while len(kept) > 1 and cross(kept[-2], kept[-1], point) <= 0:
                kept.pop()
            kept.append(point)
        return kept

    def cross(a, b, c):
        return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

    return np.array(chain(points) + chain(points[::-1])[1:])

# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Figure of walkers that a periodic force drives: their mean position over one period."""
import numpy as np

from kramers_plot import style
from kramers_plot.errors import BadData

RESPONSE = "kramers/response"


def response(result):
    """The mean position at each phase that frames see, its first harmonic, and the force over its amplitude."""
    time, position, error = result.columns(RESPONSE, "time", "position", "error", unknown=("error",))
    period, phase = result.parameter("drive_period"), result.parameter("drive_phase")
    if None in (period, phase) or not period > 0 or not ((time >= 0) & (time < period)).all():
        raise BadData(f"{result.path}: /{RESPONSE} has times outside the period of the drive, or /parameters no "
                      "drive_period above zero and drive_phase; repeat the run")
    amplitude, amplitude_error, lag, lag_error = (
        result.number(RESPONSE, name) for name in ("amplitude", "amplitude_error", "phase_lag", "phase_lag_error"))
    units = result.units
    figure = style.new_figure(6.6, 4.6)
    axes = figure.subplots()
    smooth = np.linspace(0, period, 400)
    angle = 2 * np.pi * smooth / period + phase
    beside = axes.twinx()
    beside.plot(smooth, np.cos(angle), color="0.6", linestyle=":")
    beside.set_ylim(-1.25, 1.25)
    beside.set_ylabel("force $F/A$ (dotted)", color="0.4")
    beside.spines["right"].set_visible(True)
    axes.errorbar(time, position, np.nan_to_num(error), color=style.DATA, linestyle="none", marker="o",
                  markersize=style.mark(4), capsize=2, label="mean position, with standard error")
    if amplitude is not None and lag is not None:
        told = (f"amplitude {style.measured(amplitude, amplitude_error)} {units['length']}, "
                f"lag {style.measured(lag, lag_error)} rad")
        axes.plot(smooth, position.mean() + amplitude * np.cos(angle - lag), color=style.FIT, linestyle="--", label=told)
    axes.set_xlim(0, period)
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + 0.25 * (high - low))  # room for the legend
    axes.set_xlabel(units.label("time in the period", "t", "time"))
    axes.set_ylabel(units.label("mean position", r"\langle x \rangle", "length"))
    axes.legend(loc="upper right")
    axes.set_zorder(beside.get_zorder() + 1)
    axes.patch.set_visible(False)
    style.frame(figure, result, "Response to a periodic force")
    return figure

# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Wells of a profile and transitions of a trajectory between core sets."""
import numpy as np


def wells(position, profile, least_barrier=1.0):
    """Positions of the minima of a profile between which it rises by at least `least_barrier` over the higher one."""
    known = np.isfinite(profile)
    position, profile = position[known], profile[known]
    inner = np.arange(1, profile.size - 1)
    minima = [i for i in inner if profile[i] < profile[i - 1] and profile[i] <= profile[i + 1]]
    deep = []
    for here in minima:
        # A shallow barrier makes one well of two; what remains must be compared with the well before it again.
        while deep:
            barrier = profile[deep[-1]:here + 1].max()
            if barrier - max(profile[deep[-1]], profile[here]) >= least_barrier:
                break
            here = min(deep.pop(), here, key=lambda i: profile[i])
        deep.append(here)
    return [float(position[i]) for i in deep]


def membership(x, core_a, core_b):
    """-1 in core A (x <= core_a), +1 in core B (x >= core_b), 0 in between."""
    return np.where(x <= core_a, -1, np.where(x >= core_b, 1, 0))


def core_transitions(x, core_a, core_b):
    """Frames at which a walker enters another core than that it visited last."""
    state = membership(x, core_a, core_b)
    visits = np.flatnonzero(state)
    return visits[1:][np.diff(state[visits]) != 0]


def transition_path(x, transitions, core_a, core_b):
    """Frames of the longest transition, from the last one in the old core to the first one in the new core.

    None where no transition has a frame in between.
    """
    visits = np.flatnonzero(membership(x, core_a, core_b))
    starts = visits[np.searchsorted(visits, transitions) - 1]
    if transitions.size == 0 or (transitions - starts).max() < 2:
        return None
    longest = np.argmax(transitions - starts)
    return np.arange(starts[longest], transitions[longest] + 1)

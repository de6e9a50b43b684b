# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Verdicts: has the code become slower, by samples that are processes?

Differences are logarithms of costs, contender over baseline: above zero is slower. The band is what does not matter: 3 %,
or twice the noise that `calibrate` found for the row on this machine. FASTER and SLOWER mean that the whole interval lies
beyond the band, SAME that it lies inside, UNSURE that these data cannot tell.
"""

import dataclasses
import math

from . import INVALID_CODE, OK, SLOWER_CODE, UNSURE_CODE, stats

LEAST_BAND = 0.03
LEVEL = 0.05
SCREEN_PAIRS, CONFIRM_PAIRS = 8, 16
LEAST_PROCESSES = 10  # of a stored baseline
STORED_WIDER = 1.5


@dataclasses.dataclass
class Verdict:
    row: str
    word: str  # FASTER SLOWER SAME UNSURE INVALID NEW GONE
    reason: str
    metric: str = ""
    shift: float = math.nan  # logarithms, as are the next three
    low: float = math.nan
    high: float = math.nan
    band: float = LEAST_BAND
    p: float = math.nan  # that the shift is beyond the band by chance, adjusted for the number of rows
    samples: int = 0


def band_of(noise, row, metric, wider=1.0):
    """What does not matter for a row, from the noise that was calibrated (None: not)."""
    found = (noise or {}).get("rows", {}).get(row, {}).get(metric)
    floor = 2 * found["floor"] if found else 0.0
    return wider * max(math.log1p(LEAST_BAND), floor)


def beyond_paired(differences, band):
    """p that the centre lies beyond the band, to one side or the other, by chance."""
    above = stats.signed_rank([value - band for value in differences])[0]
    below = stats.signed_rank([value + band for value in differences])[1]
    return stats.two_sided((above, below))


def beyond_stored(first, second, band):
    above = stats.rank_sum([value + band for value in first], second)[0]
    below = stats.rank_sum([value - band for value in first], second)[1]
    return stats.two_sided((above, below))


def percent(logarithm):
    return f"{100 * math.expm1(logarithm):+.1f} %" if math.isfinite(logarithm) else "anything"


def word_of(verdict):
    """FASTER to UNSURE, and why, by the numbers in the verdict."""
    span = f"{percent(verdict.shift)} ({percent(verdict.low)} to {percent(verdict.high)})"
    band = f"{100 * math.expm1(verdict.band):.1f} %"
    if -verdict.band <= verdict.low and verdict.high <= verdict.band:
        return "SAME", f"{span} is within {band}"
    if verdict.p < LEVEL:
        return ("SLOWER" if verdict.shift > 0 else "FASTER"), f"{span} is beyond {band}, p {verdict.p:.2g}"
    return "UNSURE", f"{span} is neither within nor beyond {band}, p {verdict.p:.2g}, {verdict.samples} samples"


def judge(rows, beyond, estimate):
    """Verdicts on rows that were measured together: {row: (metric, band, samples...)}; p values by Holm over all."""
    names = list(rows)
    adjusted = stats.holm([beyond(*rows[name][2:], rows[name][1]) for name in names])
    verdicts = []
    for name, p in zip(names, adjusted):
        metric, band, *samples = rows[name]
        centre, low, high = estimate(*samples)
        verdict = Verdict(name, "", "", metric, centre, low, high, band, p, len(samples[-1]))
        verdict.word, verdict.reason = word_of(verdict)
        verdicts.append(verdict)
    return verdicts


def judge_pairs(rows):
    """{row: (metric, band, differences)}."""
    return judge(rows, beyond_paired, stats.paired_shift)


def judge_stored(rows):
    """{row: (metric, band, costs of the baseline, costs of the contender)}."""
    return judge(rows, beyond_stored, stats.shift)


def to_confirm(verdicts):
    """Rows that need a second stage: whatever is not the same after the first."""
    return [verdict.row for verdict in verdicts if verdict.word in ("SLOWER", "FASTER", "UNSURE")]


def two_stages(first, second):
    """Verdicts after a second stage with fresh pairs, which alone decide on what the first did not find the same."""
    fresh = {verdict.row: verdict for verdict in second}
    return [fresh.get(verdict.row, verdict) for verdict in first]


def exit_code(verdicts, allow_unsure=False):
    words = {verdict.word for verdict in verdicts}
    if "INVALID" in words:
        return INVALID_CODE
    if "SLOWER" in words:
        return SLOWER_CODE
    if "UNSURE" in words and not allow_unsure:
        return UNSURE_CODE
    return OK

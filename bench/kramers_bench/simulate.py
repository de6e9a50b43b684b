# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How often does the gate cry where nothing changed, and how often does it see a change that is put into recorded data?

A comparison is played with neighbouring processes of a record of one code (or of simulated noise): pairs by chance with
replacement, each in an order by chance, a slowdown added to the contender, then the same two stages as the gate's.
"""

import json
import math
import random

from . import BenchError, store, verdict

SLOWDOWNS = (0, 3, 5, 10)  # percent
# What selftest demands: false alarms of rows and of whole comparisons without a change; slowdowns by 10 % seen in rows
# whose band leaves room for that. Louder rows end as UNSURE, by design.
MOST_FALSE, MOST_ANY, LEAST_CAUGHT = 0.05, 0.05, 0.6
QUIET_BAND = 0.05


def draw(rng, costs, count, slowdown):
    differences = []
    for _ in range(count):
        first = rng.randrange(len(costs) - 1)
        change = costs[first + 1] - costs[first]
        differences.append((change if rng.random() < 0.5 else -change) + slowdown)
    return differences


def play(rng, rows, slowdown):
    """Verdicts of one comparison of all rows."""
    def stage(names, count):
        drawn = {}
        for name in names:
            costs, band = rows[name]
            drawn[name] = ("recorded", band, draw(rng, costs, count, slowdown))
        return verdict.judge_pairs(drawn)

    first = stage(rows, verdict.SCREEN_PAIRS)
    open_rows = verdict.to_confirm(first)
    return verdict.two_stages(first, stage(open_rows, verdict.CONFIRM_PAIRS)) if open_rows else first


def bands_of(costs):
    """The band of each row by its own noise."""
    return {name: verdict.band_of({"rows": {name: {"recorded": store.noise_of(values)}}}, name, "recorded")
            for name, values in costs.items()}


def rates(costs, trials, seed, slowdowns=SLOWDOWNS):
    """For each slowdown: which share of rows was called SLOWER, FASTER, SAME or UNSURE, of quiet rows SLOWER, and which
    share of whole comparisons raised any alarm."""
    bands = bands_of(costs)
    rows = {name: (values, bands[name]) for name, values in costs.items()}
    quiet = {name for name, band in bands.items() if band <= QUIET_BAND}
    table = []
    for slowdown in slowdowns:
        rng = random.Random(seed)
        words, alarms, caught = {}, 0, 0
        for _ in range(trials):
            verdicts = play(rng, rows, math.log1p(slowdown / 100))
            for found in verdicts:
                words[found.word] = words.get(found.word, 0) + 1
            caught += sum(found.word == "SLOWER" and found.row in quiet for found in verdicts)
            alarms += any(found.word in ("SLOWER", "FASTER") for found in verdicts)
        count = trials * len(rows)
        table.append({"slowdown": slowdown, "any": alarms / trials, "quiet": caught / max(1, trials * len(quiet)),
                      **{word: words.get(word, 0) / count for word in ("SLOWER", "FASTER", "SAME", "UNSURE")}})
    return table


def normal_noise(seed, rows, processes, deviation, drift=0.0):
    """Costs with normal noise, and a machine that becomes slower by `drift` from process to process."""
    rng = random.Random(seed)
    return {f"row{row}": [rng.gauss(0, deviation) + drift * index for index in range(processes)] for row in range(rows)}


def load_record(path):
    """Costs of a record: {row: [logarithm of the cost of each process]}."""
    try:
        with open(path, encoding="utf-8") as file:
            rows = json.load(file)["rows"]
        if not rows or not all(len(costs) >= 10 and all(math.isfinite(value) for value in costs) for costs in rows.values()):
            raise ValueError
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise BenchError(f"invalid {path}: expected rows of at least 10 finite costs each") from None
    return rows


def table_text(table):
    lines = ["| slowdown put in | called SLOWER | quiet rows SLOWER | FASTER | SAME | UNSURE | comparisons with any alarm |",
             "|---|---|---|---|---|---|---|"]
    for line in table:
        shares = " | ".join(f"{100 * line[word]:.1f} %" for word in ("SLOWER", "quiet", "FASTER", "SAME", "UNSURE", "any"))
        lines.append(f"| {line['slowdown']} % | {shares} |")
    return "\n".join(lines)

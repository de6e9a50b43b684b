# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Performance portability: Pennycook's metric and the data of cascade plots.

A platform is a machine and an execution space. The efficiency of a row on it is the share of the machine's limit
(`pct_limit`, at most 1) or, for applications, its rate over that of the best space of the same machine.
Source: Pennycook, Sewall, Lee, "A metric for performance portability" (2016) and "Revisiting a metric for performance
portability", P3HPC (2021); the cascade: Sewall et al., "Interpreting and visualizing performance portability metrics" (2020).
"""

import csv
import io

from . import BenchError, results, stats

KINDS = ("architecture", "application")


def harmonic_mean(efficiencies):
    """Pennycook's metric: 0 where a platform is not supported."""
    if not efficiencies or any(value <= 0 for value in efficiencies):
        return 0.0
    return len(efficiencies) / sum(1 / value for value in efficiencies)


def cascade(efficiencies):
    """Efficiencies in descending order, each with the metric of the platforms so far."""
    ordered = sorted(efficiencies.items(), key=lambda item: (-item[1], item[0]))
    return [(name, value, harmonic_mean([other for _, other in ordered[:place + 1]]))
            for place, (name, value) in enumerate(ordered)]


def platform_of(result):
    return f"{result.machine_key or 'unknown machine'}:{result.space}"


def _median_of(rows, counter):
    return stats.median([row.entry[counter] for row in rows])


def efficiencies(found):
    """{row: {kind: {platform: efficiency}}} of several results, and notes on what was clipped or left out."""
    table, times, notes = {}, {}, []
    for result in found:
        platform = platform_of(result)
        for name, rows in result.code().items():
            kinds = table.setdefault(name, {kind: {} for kind in KINDS})
            if platform in kinds["application"]:
                raise BenchError(f"{result.path} is a second result of {platform}: name one file per platform")
            problem = results.problem_of(rows)
            if problem:
                notes.append(f"{name} on {platform}: INVALID, {problem}")
                kinds["architecture"][platform] = kinds["application"][platform] = 0.0
                continue
            times.setdefault(name, {})[platform] = _median_of(rows, "real_time")
            kinds["application"][platform] = 0.0  # until the best is known
            if all(row.has("pct_limit") for row in rows):
                share = _median_of(rows, "pct_limit") / 100
                if share > 1:
                    notes.append(f"{name} on {platform}: {100 * share:.1f} % of the limit, clipped to 100")
                kinds["architecture"][platform] = min(1.0, share)
    for name, by_platform in times.items():
        for platform, time in by_platform.items():
            machine = platform.rsplit(":", 1)[0]
            best = min(other for where, other in by_platform.items() if where.rsplit(":", 1)[0] == machine)
            table[name]["application"][platform] = best / time
    return table, notes


def summary(table, platforms):
    """Per row and kind: the metric over all declared platforms, over those supported, and the least efficiency."""
    lines = []
    for name, kinds in sorted(table.items()):
        for kind in KINDS:
            if not kinds[kind]:
                continue  # no limit is known for this row
            values = {platform: kinds[kind].get(platform, 0.0) for platform in platforms}
            supported = [value for value in values.values() if value > 0]
            lines.append({"row": name, "kind": kind, "pp": harmonic_mean(list(values.values())),
                          "pp_supported": harmonic_mean(supported), "supported": len(supported),
                          "least": min(values.values()), "cascade": cascade(values)})
    return lines


def as_csv(found, table):
    """For p3-analysis-library: one line per row and platform."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["problem", "platform", "application", "fom", "arch eff", "app eff"])
    for result in found:
        platform = platform_of(result)
        for name, rows in sorted(result.code().items()):
            kinds = table[name]
            invalid = results.problem_of(rows)
            writer.writerow([name, platform, "kramers", "" if invalid else _median_of(rows, "real_time"),
                             kinds["architecture"].get(platform, ""), kinds["application"].get(platform, 0.0)])
    return out.getvalue()

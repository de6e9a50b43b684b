# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Results and verdicts as text for a terminal, Markdown for a pull request, and JUnit XML for CI."""

import math
from xml.etree import ElementTree

from . import history, results, stats, verdict

ORDER = ("INVALID", "SLOWER", "UNSURE", "GONE", "NEW", "FASTER", "SAME")


def by_word(verdicts):
    return sorted(verdicts, key=lambda found: (ORDER.index(found.word), found.row))


def counts_of(verdicts):
    words = [found.word for found in verdicts]
    return ", ".join(f"{words.count(word)} {word}" for word in ORDER if word in words) or "no rows"


def seconds_text(row):
    unit = row.entry.get("time_unit", "ns")
    return f"{row.entry['real_time']:.4g} {unit}"


def rate_text(value, unit=""):
    for step, prefix in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= step:
            return f"{value / step:.4g} {prefix}{unit}".rstrip()
    return f"{value:.4g} {unit}".rstrip()


def table(head, lines):
    """A Markdown table, which a terminal shows well enough."""
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in [head, ["---"] * len(head), *lines])


def row_cells(name, rows):
    """What a table says of a row: time, rate, share of the limit, what bounds it."""
    problem = results.problem_of(rows)
    if problem:
        return [name, "INVALID", "", "", problem]
    middle = sorted(rows, key=lambda row: row.entry["real_time"])[len(rows) // 2]
    unit = middle.label[len("limit "):] if middle.is_limit() else "/s"
    rate = rate_text(middle.entry["rate"], unit) if middle.has("rate") else ""
    share = f"{stats.median([row.entry['pct_limit'] for row in rows]):.0f} %" \
        if all(row.has("pct_limit") for row in rows) else ""
    bound = middle.label[len("bound by "):] if middle.label.startswith("bound by ") else \
        "a limit" if middle.is_limit() else ""
    return [name, seconds_text(middle), rate, share, bound]


def rows_text(result):
    return table(["row", "time", "rate", "of limit", "bound by"],
                 [row_cells(name, rows) for name, rows in sorted(result.rows.items())])


PEERS_HEAD = ["program", "work", "rate", "kramers is faster by", "by the wall clock", "threads", "version", "check"]
PEER_CHECKS = (("position_squared", "<x²>"), ("kinetic_temperature", "kT of v"), ("configurational_temperature", "kT of x"),
               ("heating", "heating"), ("accuracy", "accuracy"), ("transition_rate", "rate"),
               ("steps_for_unit_error", "steps for an error of 100 %"))


def peers_cells(result):
    """Programs that did the same work, one line each: task by task, kramers first, then the fastest."""
    tasks = list(dict.fromkeys((name.split("/")[1], name.split("/")[3]) for name in result.rows))

    def place(item):
        _, task, program, precision = item[0].split("/")
        return tasks.index((task, precision)), program != "kramers", -item[1][0].entry.get("cpu_rate", 0)

    lines = []
    for name, rows in sorted(result.rows.items(), key=place):
        _, task, program, precision = name.split("/")
        row, problem = rows[0].entry, results.problem_of(rows)
        work, about = [program, f"{task} {precision}"], [row["cores"], rows[0].label]
        if problem:
            lines.append([*work, "INVALID", "", "", *about, problem])
            continue
        ratios = [f"{row[key]:.3g}" if rows[0].has(key) else "" for key in ("kramers_cpu_ratio", "kramers_ratio")]
        checks = ", ".join(f"{words} {row[key]:.4g}" for key, words in PEER_CHECKS if key in row) or "by its own program"
        lines.append([*work, rate_text(row["cpu_rate"], "/s"), *ratios, *about, checks])
    return lines


def results_markdown(found, peers=None):
    parts = ["### Other programs", "", table(PEERS_HEAD, peers_cells(peers)), ""] if peers else []
    for result in found:
        parts += [f"### {result.machine_key or 'a machine that is not described'}, {result.space}, `{result.git}`", "",
                  rows_text(result), ""]
    return "\n".join(parts)


def change_cells(found):
    if not math.isfinite(found.shift):
        return [found.row, found.word, "", "", found.reason]
    span = f"{verdict.percent(found.shift)} ({verdict.percent(found.low)} to {verdict.percent(found.high)})"
    return [found.row, found.word, span, f"{100 * math.expm1(found.band):.1f} %", f"{found.metric}: {found.reason}"]


CHANGE_HEAD = ["row", "verdict", "time", "band", "why"]


def verdicts_text(verdicts, calibrated):
    note = "" if calibrated else "\nThis machine is not calibrated: the band is 3 % for every row (kramers-bench calibrate)."
    return f"{table(CHANGE_HEAD, [change_cells(found) for found in by_word(verdicts)])}\n\n{counts_of(verdicts)}{note}"


def verdicts_markdown(verdicts, sides):
    open_rows = [found for found in by_word(verdicts) if found.word != "SAME"]
    same = [found for found in by_word(verdicts) if found.word == "SAME"]
    parts = [f"### Benchmarks: {counts_of(verdicts)}", "",
             f"`{sides[0].git}` to `{sides[1].git}` on {sides[1].machine_key}, {sides[1].space}. Above 0 is slower.", ""]
    if open_rows:
        parts += [table(CHANGE_HEAD, [change_cells(found) for found in open_rows]), ""]
    if same:
        parts += ["<details><summary>the same</summary>", "", table(CHANGE_HEAD, [change_cells(found) for found in same]), "",
                  "</details>", ""]
    return "\n".join(parts)


def verdicts_junit(verdicts):
    """A test case per row: SLOWER fails, INVALID is an error, UNSURE is skipped."""
    tags = {"SLOWER": "failure", "INVALID": "error", "UNSURE": "skipped"}
    words = [found.word for found in verdicts]
    suite = ElementTree.Element("testsuite", name="kramers-bench", tests=str(len(verdicts)),
                                failures=str(words.count("SLOWER")), errors=str(words.count("INVALID")),
                                skipped=str(words.count("UNSURE")))
    for found in verdicts:
        program, _, name = found.row.partition("/")
        case = ElementTree.SubElement(suite, "testcase", classname=f"bench.{program}", name=name)
        if found.word in tags:
            ElementTree.SubElement(case, tags[found.word], message=f"{found.word}: {found.reason}")
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def noise_text(noise):
    lines = []
    for name, metrics in sorted(noise["rows"].items()):
        for metric, found in metrics.items():
            band = verdict.band_of(noise, name, metric)
            lines.append([name, metric, f"{100 * found['pair_deviation']:.1f} %", f"{100 * found['process_deviation']:.1f} %",
                          f"{100 * math.expm1(band):.1f} %"])
    return table(["row", "metric", "between neighbours", "between processes", "band"], lines)


def history_text(lines):
    found = []
    for (machine_key, space, row, metric), series in history.series_of(lines).items():
        for line, change in history.steps_of(series):
            found.append([row, verdict.percent(change), line["git"], line["created"], machine_key, space, metric])
    if not found:
        return f"{len(lines)} lines, no steps (fewer than {2 * history.LEAST_SEGMENT} runs of a row say nothing)"
    return table(["row", "time", "first seen in", "at", "machine", "space", "metric"], found)


def portability_text(lines, platforms, notes):
    rows = [[line["row"], line["kind"], f"{line['pp']:.3f}", f"{line['pp_supported']:.3f}",
             f"{line['supported']} of {len(platforms)}", f"{line['least']:.3f}"] for line in lines]
    text = table(["row", "efficiency", "PP", "PP of supported", "platforms", "least"], rows)
    return "\n".join([text, "", "Platforms: " + ", ".join(platforms), *notes])

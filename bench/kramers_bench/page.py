# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The report: one HTML file with its charts in it, light and dark, that needs neither network nor scripts."""

import html
import json
import math
import re

from . import BenchError, charts, history, portability, results, stats, texts

STYLE = """
:root{--paper:#fff;--ink:#1c2330;--soft:#5b6675;--line:#d6dbe2;--card:#f6f7f9;--a:#1f6fb4;--b:#c2570c;--c:#2e7d4f;
--d:#8a3fa8;--bad:#b3261e;--band:#1f6fb422}
@media(prefers-color-scheme:dark){:root{--paper:#14181f;--ink:#e4e8ee;--soft:#9aa5b4;--line:#333c49;--card:#1c222b;
--a:#6cb2f0;--b:#f0a060;--c:#79c996;--d:#cf95e6;--bad:#f2857d;--band:#6cb2f033}}
*{box-sizing:border-box}
body{margin:0 auto;padding:16px;max-width:1240px;background:var(--paper);color:var(--ink);
font:15px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.5rem;margin:.2em 0}h2{font-size:1.15rem;margin:1.8em 0 .4em;border-bottom:1px solid var(--line)}
p{max-width:75ch;color:var(--soft);margin:.3em 0}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,520px),1fr));gap:16px;margin-bottom:16px}
figure{margin:0;background:var(--card);border:1px solid var(--line);border-radius:6px;padding:8px;min-width:0}
figcaption{font-weight:600;font-size:.9rem}
svg{display:block;width:100%;height:auto;overflow:visible}
svg text{fill:var(--ink);font:11px system-ui,sans-serif;paint-order:stroke;stroke:var(--card);stroke-width:3px}
svg .soft{fill:var(--soft)}
svg .axis,svg .grid{stroke:var(--line);fill:none}svg .axis{stroke:var(--soft)}
.scroll{overflow-x:auto;overflow-wrap:normal}
table{border-collapse:collapse;font-size:.85rem;font-variant-numeric:tabular-nums;width:100%}
th,td{text-align:left;padding:3px 10px 3px 0;border-bottom:1px solid var(--line);vertical-align:top}
td.bad{color:var(--bad);font-weight:600}
@media(max-width:480px){body{padding:8px;font-size:14px}svg text{font-size:13px}
/* Tables scroll within their frame, under names that stay. */
table{width:max-content;min-width:100%}td,th{max-width:34ch}
td:first-child,th:first-child{position:sticky;left:0;max-width:38vw;background:var(--paper);overflow-wrap:anywhere}}
"""


UNIT = re.compile(r"(?<=\d) (?=[%kMGT/])")  # between a number and its unit no line ends


def escape(value):
    return html.escape(str(value), quote=True)


def table(head, lines, bad=("INVALID", "SLOWER", "DIFFERS")):
    def cell(value):
        mark = ' class="bad"' if str(value).split(" ")[0] in bad else ""
        return f"<td{mark}>{UNIT.sub('&nbsp;', escape(value))}</td>"
    rows = "".join("<tr>" + "".join(cell(value) for value in line) + "</tr>" for line in lines)
    return (f'<div class="scroll"><table><thead><tr>{"".join(f"<th>{escape(name)}</th>" for name in head)}</tr></thead>'
            f"<tbody>{rows}</tbody></table></div>")


def figure(title, svg):
    return f"<figure><figcaption>{escape(title)}</figcaption>{svg}</figure>"


def section(title, text, *parts):
    body = "".join(part for part in parts if part)
    return f"<section><h2>{escape(title)}</h2><p>{escape(text)}</p>{body}</section>" if body else ""


def gallery(figures):
    return f'<div class="charts">{"".join(figures)}</div>' if figures else ""


def title_of(result):
    return f"{result.machine_key or 'a machine that is not described'}, {result.space}"


def middle(rows, counter):
    return stats.median([row.entry[counter] for row in rows])


def valid(result, counter):
    """{name: median of a counter} of the rows that have it and are valid."""
    return {name: middle(rows, counter) for name, rows in sorted(result.rows.items())
            if not results.problem_of(rows) and all(row.has(counter) for row in rows)}


def machines(found):
    """A column per result, so that few results fit on a narrow page."""
    columns = []
    for result in found:
        machine = result.about.get("machine", {})
        cpu = machine.get("cpu", {})
        loads = [f"{result.about.get(name, [math.nan])[0]:.1f}" for name in ("load_before", "load_after")]
        columns.append({
            "": result.machine_key or "not described",
            "space": result.space,
            "processor": f"{cpu.get('name', result.context.get('cpu', 'unknown'))} {cpu.get('family', '')}/{cpu.get('model', '')}",
            "cores": len(machine.get("allowed_cpus", [])) or result.context.get("num_cpus", "unknown"),
            "governor": machine.get("governor", "unknown"),
            "load before, after": ", ".join(loads),
            "sources": result.git,
            "compiler": result.context.get("compiler", "unknown"),
            "flags": result.context.get("compile_flags", "").strip(),
            "Kokkos": result.context.get("kokkos_version", "unknown"),
            "made": result.about.get("created", result.context.get("date", "unknown")),
        })
    head, *lines = [[name, *(column[name] for column in columns)] for name in columns[0]]
    return table(head, lines)


def roofline(result):
    """Kernels whose operations and bytes are counted, under the roofs that limits_bench measured."""
    limits = {name.split("/", 1)[1]: value for name, value in valid(result, "rate").items() if name in result.limits()}
    flops, bandwidths = {}, {}
    for cores in ("1", "all"):
        tail = f"/cores:{cores}"
        for precision in ("f64", "f32"):
            if f"{precision}_multiply_adds{tail}" in limits:
                flops[f"{precision}, {cores} core{'s' * (cores == 'all')}"] = limits[f"{precision}_multiply_adds{tail}"]
        for name, value in limits.items():
            if name.startswith("f64_triad/level:") and name.endswith(tail):
                bandwidths[f"{name[len('f64_triad/level:'):-len(tail)]}, {cores} core{'s' * (cores == 'all')}"] = value
    rates, intensities = valid(result, "flop_rate"), valid(result, "intensity")
    points = {name: (intensities[name], rates[name]) for name in rates if name in intensities}
    return charts.roofline(flops, bandwidths, points) if flops and bandwidths else ""


def shares(result):
    found = valid(result, "pct_limit")
    bars = [(name, value) for name, value in found.items() if name in result.code()]
    return charts.bars(bars, "% of the machine's limit", 100) if bars else ""


def bandwidth_sweep(result):
    """Bandwidth by where the numbers lie, one line per loop and number of cores."""
    order = ["L1", "L2", "L3", "memory"]
    lines = {}
    for name, value in valid(result, "rate").items():
        words = name.split("/")
        if len(words) == 4 and words[2].startswith("level:") and words[2][6:] in order:
            lines.setdefault(f"{words[1]}, {words[3].replace(':', ' ')}", {})[words[2][6:]] = value / 1e9
    lines = {name: [(place, values[place]) for place in order if place in values] for name, values in lines.items()}
    return charts.lines(lines, order, "GB/s") if any(len(points) > 1 for points in lines.values()) else ""


def scaling(result):
    """How many times faster all cores are than one, of limits and of code."""
    rates, bars = valid(result, "rate"), []
    for name, value in rates.items():
        if name.endswith("/cores:all") and name[:-3] + "1" in rates:
            bars.append((name[:-len("/cores:all")], value / rates[name[:-3] + "1"]))
    bars += [(name, value) for name, value in valid(result, "ratio").items() if "all_cores_over_one" in name]
    cores = len(result.about.get("machine", {}).get("allowed_cpus", [])) or result.context.get("num_cpus", 1)
    return charts.bars(bars, "times faster on all cores", cores) if bars else ""


def walker_sweep(backends):
    """Rates over the number of walkers, one line per space and precision (backends.py)."""
    lines, order = {}, []
    for row in backends["rates"]:
        label = f"{row['walkers']:.0e}".replace("e+0", "e")
        if label not in order:
            order.append(label)
        lines.setdefault(f"{row['space']} {row['precision']}", []).append((label, row["walker_steps_per_s"] / 1e6))
    return charts.lines(lines, order, "million walker-steps/s") if lines else ""


def load_backends(paths):
    """What backends.py --json wrote of several builds, together."""
    together = {"hashes": [], "rates": []}
    for path in paths:
        try:
            document = json.loads(path.read_text())
            for row in document["hashes"]:
                (row["run"], row["precision"], row["space"], row["hash"], row["pinned"], row["same"])
            for row in document["rates"]:
                if not (0 < row["walker_steps_per_s"] < math.inf and row["walkers"] > 0 and row["space"] and row["precision"]):
                    raise ValueError("a rate is no number")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BenchError(f"invalid {path}: expected what backends.py --json writes ({error})") from None
        for name, rows in together.items():
            rows += document[name]
    return together


def verification(found, backends):
    lines = []
    for row in backends["hashes"] if backends else []:
        lines.append([f"state hash of {row['run']} {row['precision']}", row["space"],
                      "same bits" if row["same"] else f"DIFFERS from {row['pinned']}", row["hash"]])
    for result in found:
        for name, rows in sorted(result.rows.items()):
            problem = results.problem_of(rows)
            lines.append([name, result.space, "INVALID" if problem else "checked",
                          problem or f"{len(rows)} process{'es' * (len(rows) > 1)}"])
    return table(["row", "space", "result", "detail"], lines)


def changes(verdicts):
    if not verdicts:
        return ""
    drawn = [found for found in texts.by_word(verdicts) if math.isfinite(found.low) and math.isfinite(found.high)]
    return gallery([figure("change of time, with 95 % intervals and the band that does not matter", charts.forest(drawn))]
                   if drawn else []) + table(texts.CHANGE_HEAD, [texts.change_cells(found) for found in texts.by_word(verdicts)])


def past(lines):
    figures = []
    for (machine_key, space, row, metric), series in history.series_of(lines).items():
        steps = {id(line): change for line, change in history.steps_of(series)}
        points = [(line["git"], math.exp(line["cost"] - series[0]["cost"]), steps.get(id(line))) for line in series]
        figures.append(figure(f"{row}: {machine_key}, {space}", charts.history(points)))
    return gallery(figures)


def cascades(found):
    table_of, notes = portability.efficiencies(found)
    platforms = [portability.platform_of(result) for result in found]
    lines = portability.summary(table_of, platforms)
    if not lines:
        return ""
    drawn = [line for line in lines if line["kind"] == "architecture"]
    figures = [figure(line["row"], charts.cascade(line["cascade"])) for line in drawn if len(platforms) > 1]
    rows = [[line["row"], line["kind"], f"{line['pp']:.3f}", f"{line['pp_supported']:.3f}",
             f"{line['supported']} of {len(platforms)}", f"{line['least']:.3f}"] for line in lines]
    head = ["row", "efficiency", "PP", "PP of supported", "platforms", "least"]
    return gallery(figures) + table(head, rows) + "".join(f"<p>{escape(note)}</p>" for note in notes)


def html_of(found, verdicts=None, lines=(), backends=None, peers=None):
    """The page. `verdicts`: of compare; `lines`: of the history; `backends`: what backends.py found; `peers`: a Result."""
    def per_result(title, chart):
        return gallery([figure(f"{title}: {title_of(result)}", svg) for result in found for svg in [chart(result)] if svg])

    times = "".join(f"<h3>{escape(title_of(result))}</h3>" +
                    table(["row", "time", "rate", "of limit", "bound by"],
                          [texts.row_cells(name, rows) for name, rows in sorted(result.rows.items())]) for result in found)
    sweep = gallery([figure("walker-steps per second by number of walkers", walker_sweep(backends))]) if backends else ""
    parts = [
        section("Machines", "Only results of one machine key may be compared by their times.", machines(found)),
        section("Changes", f"{texts.counts_of(verdicts or [])}. Above 0 is slower; a verdict needs the whole interval "
                "beyond or within the band.", changes(verdicts)),
        section("Rooflines", "Roofs are what limits_bench measured on this machine, dots are code whose operations and "
                "bytes are counted.", per_result("roofline", roofline)),
        section("Share of the limit", "Each measured next to the limit itself, in every repetition.",
                per_result("share", shares)),
        section("Sizes", "Bandwidth by where the numbers lie, and rates by the number of walkers.",
                per_result("bandwidth", bandwidth_sweep), sweep),
        section("Cores", "All cores of the process over one.", per_result("scaling", scaling)),
        section("Other programs", "The same work, kramers timed before and after each; rates are walker-steps, epochs, "
                "iterations or steps per second of processor time. A program whose physics is wrong has no time.",
                table(texts.PEERS_HEAD, texts.peers_cells(peers)) if peers else ""),
        section("Portability", "Pennycook's metric: the harmonic mean of efficiencies over platforms, 0 where one is missing.",
                cascades(found)),
        section("History", "Cost relative to the first run of a row; a ring marks a step of the level.", past(lines)),
        section("Verification", "Every program checks its results and ends with an error where one is wrong.",
                verification(found, backends)),
        section("All rows", "Medians.", times),
    ]
    return ('<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width,initial-scale=1"><title>kramers benchmarks</title>'
            f"<style>{STYLE}</style></head><body><h1>kramers benchmarks</h1>{''.join(parts)}</body></html>\n")

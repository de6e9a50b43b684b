#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The report by its structure: well-formed, self-contained, every chart there with what it must show. screens_test.py looks at
it with a browser."""

import html.parser
import pathlib
import random
import re
import tempfile
import unittest
from xml.etree import ElementTree

import support
from kramers_bench import charts, cli, history, page, results, texts, verdict

SVG = "{http://www.w3.org/2000/svg}"
LONG = "langevin/f64_sampled_formula_over_compiled/walkers:16384"  # about the longest name there is
VOID = ("meta", "link", "br", "img", "hr", "input")


class Tree(html.parser.HTMLParser):
    """Checks that tags nest, and gathers what would be loaded."""

    def __init__(self, case):
        super().__init__()
        self.case, self.open, self.loads, self.words, self.headings = case, [], [], [], []

    def handle_starttag(self, tag, attributes):
        self.case.assertNotEqual(tag, "script")
        self.loads += [value for name, value in attributes if name in ("src", "href", "srcset", "data", "action")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        pass

    def handle_endtag(self, tag):
        self.case.assertEqual(self.open.pop(), tag)

    def handle_data(self, data):
        self.words.append(data)
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)


def full_document(space="OpenMP", seed=1, nasty=False):
    rows = {"langevin/f64": 1.0, "gemm/f32": 2.0, "langevin/f64_all_cores_over_one": 1.1,
            LONG: 1.2}
    if nasty:
        rows["x/<script>alert(1)</script>&\""] = 1.0
    document = support.document(rows, 1, seed=seed, context={"kokkos_space": space})
    for row in document["benchmarks"]:
        row.update(flop_rate=40e9, intensity=100.0)
    for level, rate in (("L1", 250e9), ("L2", 115e9), ("L3", 47e9), ("memory", 18e9)):
        for cores, factor in (("1", 1), ("all", 2)):
            for loop in ("triad", "read"):
                document["benchmarks"].append(support.limit(f"limits/f64_{loop}/level:{level}/cores:{cores}", rate * factor, "B/s"))
    for precision, rate in (("f64", 58e9), ("f32", 116e9)):
        for cores, factor in (("1", 1), ("all", 2)):
            document["benchmarks"].append(support.limit(f"limits/{precision}_multiply_adds/cores:{cores}", rate * factor, "flop/s"))
    return document


def result(**words):
    document = full_document(**words)
    return results.Result("made up", document)


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        rng = random.Random(1)
        cls.verdicts = verdict.judge_pairs({name: ("limit_ratio", 0.03, [shift + rng.gauss(0, 0.01) for _ in range(12)])
                                            for name, shift in ((LONG, 0.2), ("fast", -0.2), ("same", 0.0))})
        cls.verdicts += [verdict.Verdict("gone", "GONE", "only the baseline has this row")]
        cls.lines = []
        for run in range(20):
            cls.lines.append({"schema": 1, "created": f"2026-11-{run + 1:02d}", "git": f"{run:012x}", "machine_key": "m",
                              "space": "OpenMP", "row": LONG, "metric": "limit_ratio",
                              "cost": rng.gauss(0.0 if run < 10 else 0.3, 0.01), "processes": 1})
        cls.backends = {
            "hashes": [{"run": "langevin", "precision": "f64", "space": space, "hash": "0x1", "pinned": pinned,
                        "same": pinned == "0x1"} for space, pinned in (("serial", "0x1"), ("openmp", "0x2"))],
            "rates": [{"walkers": 10**power, "precision": "f64", "space": "serial", "walker_steps_per_s": 1e8 * power,
                       "state_bytes": 1} for power in (3, 4, 5)]}
        cls.text = page.html_of([result(), result(space="Cuda", seed=2, nasty=True)], cls.verdicts, cls.lines, cls.backends)

    def svgs(self):
        return [ElementTree.fromstring(found) for found in re.findall(r"<svg.*?</svg>", self.text, re.DOTALL)]

    def test_is_well_formed_and_loads_nothing(self):
        tree = Tree(self)
        tree.feed(self.text)
        tree.close()
        self.assertEqual(tree.open, [])
        self.assertEqual(tree.loads, [])
        for word in ("http://", "https://", "url(", "@import"):
            self.assertNotIn(word, self.text.replace("http://www.w3.org/2000/svg", ""))
        self.assertEqual(tree.headings, ["Machines", "Changes", "Rooflines", "Share of the limit", "Sizes", "Cores", "Portability",
                                         "History", "Verification", "All rows"])

    def test_names_are_text(self):
        self.assertNotIn("<script>alert", self.text)
        self.assertIn("&lt;script&gt;alert", self.text)

    def test_light_and_dark_wide_and_narrow(self):
        self.assertIn("prefers-color-scheme:dark", self.text)
        self.assertIn('name="viewport" content="width=device-width', self.text)
        for colour in set(re.findall(r"var\((--[\w]+)\)", self.text)):
            # Once for each scheme.
            self.assertEqual(len(re.findall(rf"{colour}:#", self.text)), 2, colour)
        for svg in self.svgs():  # shrink with the page
            self.assertNotIn("width", svg.attrib)
            self.assertIn("viewBox", svg.attrib)

    def test_charts_stay_within_their_frames(self):
        self.assertGreaterEqual(len(self.svgs()), 10)
        for svg in self.svgs():
            width, height = (float(word) for word in svg.attrib["viewBox"].split()[2:])
            for element in svg.iter():
                for name, most in (("x", width), ("cx", width), ("x1", width), ("x2", width), ("y", height), ("cy", height),
                                   ("y1", height), ("y2", height)):
                    if name in element.attrib:
                        value = float(element.attrib[name])
                        self.assertTrue(-1 <= value <= most + 1, (svg.attrib["aria-label"], element.tag, name, value))
            for element in svg.iter(f"{SVG}text"):  # 6 units a letter, about
                start = {"start": 0, "middle": 0.5, "end": 1}[element.attrib["text-anchor"]]
                left = float(element.attrib["x"]) - 6 * start * len(element.text)
                self.assertTrue(left > -12 and left + 6 * len(element.text) < width + 60, element.text)

    def test_says_what_was_found(self):
        words = re.sub(r"<[^>]+>", " ", self.text)
        for word in ("SLOWER", "FASTER", "GONE", "DIFFERS from 0x2", "same bits", "machine-2c-0, OpenMP", "machine-2c-0, Cuda",
                     "PP of supported"):
            self.assertIn(word, words)
        self.assertRegex(words, r"\+3[345]\.\d %")  # the step of the history, exp(0.3)

    def test_is_the_same_again(self):
        self.assertEqual(self.text, page.html_of([result(), result(space="Cuda", seed=2, nasty=True)], self.verdicts, self.lines,
                                                 self.backends))

    def test_little_is_enough(self):
        """A result of one row without any limit makes a page without the charts that need more."""
        row = support.entry("x/row")
        for name in ("pct_limit", "limit_ratio", "limit_cpu_ratio", "rate", "label"):
            del row[name]
        plain = results.Result("plain", {"context": dict(support.CONTEXT), "benchmarks": [row]})
        tree = Tree(self)
        tree.feed(page.html_of([plain]))
        self.assertEqual(tree.headings, ["Machines", "Portability", "Verification", "All rows"])


class Charts(unittest.TestCase):
    def test_bars_are_as_long_as_their_values(self):
        svg = ElementTree.fromstring(charts.bars([("a", 25.0), ("b", 50.0)], "%", 100))
        short, long = (float(rect.attrib["width"]) for rect in svg.iter(f"{SVG}rect"))
        self.assertAlmostEqual(long, 2 * short, delta=0.2)

    def test_forest(self):
        found = [verdict.Verdict("r", "SLOWER", "why", "m", 0.1, 0.05, 0.15, 0.03, 0.01, 8)]
        svg = ElementTree.fromstring(charts.forest(found))
        axis, interval = [line for line in svg.iter(f"{SVG}line")][:2]
        middle = charts.WIDTH / 2
        dot = float(svg.find(f".//{SVG}circle").attrib["cx"])
        self.assertAlmostEqual(float(axis.attrib["x1"]), middle, delta=0.1)
        low, high = float(interval.attrib["x1"]) - middle, float(interval.attrib["x2"]) - middle
        self.assertAlmostEqual(high / low, 3, delta=0.02)
        self.assertAlmostEqual(dot - middle, (low + high) / 2, delta=0.2)

    def test_history_marks_steps(self):
        svg = charts.history([("a", 1.0, None), ("b", 1.3, 0.26)])
        self.assertEqual(svg.count('r="8"'), 1)
        self.assertIn("+29.7 %", svg)

    def test_roof_meets_peak(self):
        """A sloped roof ends at the highest flat one, where operations per byte are their ratio."""
        svg = ElementTree.fromstring(charts.roofline({"f64": 1e11}, {"memory": 1e10}, {"k": (10.0, 1e11)}))
        dot = svg.find(f".//{SVG}circle")  # at the ridge: 10 flop/B, 1e11 flop/s
        roof = svg.find(f"{SVG}g/{SVG}line")
        self.assertAlmostEqual(float(roof.attrib["x2"]), float(dot.attrib["cx"]), delta=0.2)
        self.assertAlmostEqual(float(roof.attrib["y2"]), float(dot.attrib["cy"]), delta=0.2)

    def test_ticks(self):
        self.assertEqual(charts.ticks(0, 10), [0, 2, 4, 6, 8, 10])
        self.assertEqual([round(value, 3) for value in charts.ticks(-0.12, 0.12)], [-0.1, -0.05, 0.0, 0.05, 0.1])


class Words(unittest.TestCase):
    def test_invalid_rows_show_no_time(self):
        row = results.Row(support.entry("x/row", pct_limit=200.0), "made up")
        self.assertEqual(texts.row_cells("x/row", [row])[:4], ["x/row", "INVALID", "", ""])

    def test_order_of_verdicts(self):
        made = [verdict.Verdict(word.lower(), word, "") for word in ("SAME", "SLOWER", "INVALID")]
        self.assertEqual([found.word for found in texts.by_word(made)], ["INVALID", "SLOWER", "SAME"])
        self.assertEqual(texts.counts_of(made), "1 INVALID, 1 SLOWER, 1 SAME")

    def test_the_command(self):
        with tempfile.TemporaryDirectory() as scratch:
            scratch = pathlib.Path(scratch)
            made = support.write(scratch / "r.json", full_document())
            self.assertEqual(cli.main(["report", made, "--output", str(scratch / "out/r.html"), "--markdown", str(scratch / "r.md")]), 0)
            self.assertTrue((scratch / "out/r.html").read_text().startswith("<!DOCTYPE html>"))
            self.assertIn("| langevin/f64 |", (scratch / "r.md").read_text())
            for bad in ("{", "{}", '{"hashes": [{}], "rates": []}', '{"hashes": [], "rates": [{"walkers": 0}]}'):
                path = support.write(scratch / "b.json", bad)
                self.assertEqual(cli.main(["report", made, "--backends", path, "--output", str(scratch / "x.html")]), 64)

    def test_history_lines(self):
        made = history.lines_of(results.Result("made up", full_document()))
        self.assertEqual({line["row"] for line in made},
                         {"langevin/f64", "gemm/f32", "langevin/f64_all_cores_over_one", LONG})


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The report in a real browser, wide and narrow, light and dark: nothing is beyond the window, no two words of a chart lie on
each other, and what is drawn has the colours of the scheme.

usage: screens_test.py [FOLDER]   (the pictures are kept there)"""

import html
import json
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

import report_test
import support  # noqa: F401  finds kramers_bench
from kramers_bench import page, peers

KEPT = pathlib.Path(sys.argv.pop(1)) if len(sys.argv) > 1 and not sys.argv[1].startswith("-") else None
WIDTHS = (1280, 420)
PAPER = {"light": (255, 255, 255), "dark": (0x14, 0x18, 0x1f)}  # --paper of page.py
# What a reader would see, measured by the page itself, which then names it as its title.
MEASURE = """<script>
const seen = {width: document.documentElement.scrollWidth, window: innerWidth, charts: 0, words: 0, beyond: [], overlaps: []};
for (const element of document.querySelectorAll('body *')) {
  const box = element.getBoundingClientRect();
  if (element.closest('.scroll') && !element.matches('.scroll')) continue;  // may be wider than its frame
  // A block may end where it must and a long word of it still stick out.
  const sticks = element instanceof HTMLElement && !element.matches('.scroll') && element.scrollWidth > element.clientWidth + 1;
  if (box.right > innerWidth + 0.5 || box.left < -0.5 || sticks) seen.beyond.push(element.tagName + ': ' + element.textContent.slice(0, 60));
}
for (const chart of document.querySelectorAll('svg')) {
  const frame = chart.closest('figure').getBoundingClientRect();
  const words = [...chart.querySelectorAll('text')].map(word => [word.textContent, word.getBoundingClientRect()]);
  seen.charts += 1;
  seen.words += words.length;
  words.forEach(([word, box], index) => {
    if (box.left < frame.left || box.right > frame.right || box.bottom > frame.bottom) seen.beyond.push('chart: ' + word);
    for (const [other, at] of words.slice(index + 1)) {
      const across = Math.min(box.right, at.right) - Math.max(box.left, at.left);
      const down = Math.min(box.bottom, at.bottom) - Math.max(box.top, at.top);
      if (across > 1 && down > 3) seen.overlaps.push(chart.getAttribute('aria-label') + ': ' + word + ' | ' + other);
    }
  });
}
document.title = JSON.stringify(seen);
</script>"""


def browser():
    """How to start a headless Chromium, or nothing."""
    names = ("chromium-headless-shell", "chromium", "google-chrome")
    for name in names:
        if (peers.ROOT / "usr/bin" / name).exists():
            return ["chroot", str(peers.ROOT), name]
    return next(([name] for name in names if shutil.which(name)), None)


def pixels(path):
    """Rows of (r, g, b) of a PNG with 8 bits per channel."""
    data = pathlib.Path(path).read_bytes()
    width, height, depth, kind = struct.unpack(">IIBB", data[16:26])
    assert data[:8] == b"\x89PNG\r\n\x1a\n" and depth == 8 and kind in (2, 6)
    packed, at = b"", 8
    while at < len(data):
        length, tag = struct.unpack(">I4s", data[at:at + 8])
        packed += data[at + 8:at + 8 + length] if tag == b"IDAT" else b""
        at += length + 12
    flat, each = zlib.decompress(packed), 3 if kind == 2 else 4
    above, rows = bytearray(width * each), []
    for start in range(0, len(flat), width * each + 1):
        rule, row = flat[start], bytearray(flat[start + 1:start + 1 + width * each])
        for i in range(len(row)):
            left, up, corner = row[i - each] if i >= each else 0, above[i], above[i - each] if i >= each else 0
            if rule == 1:
                row[i] = row[i] + left & 255
            elif rule == 2:
                row[i] = row[i] + up & 255
            elif rule == 3:
                row[i] = row[i] + (left + up) // 2 & 255
            elif rule == 4:
                near = min((abs(up - corner), 0, left), (abs(left - corner), 1, up), (abs(left + up - 2 * corner), 2, corner))
                row[i] = row[i] + near[2] & 255
        rows.append([tuple(row[i:i + 3]) for i in range(0, len(row), each)])
        above = row
    assert len(rows) == height
    return rows


class Screens(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.browser = browser()
        if cls.browser is None:
            raise unittest.SkipTest("no Chromium is installed: ./dev peers makes a root with one")
        report_test.Page.setUpClass()
        scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(scratch.cleanup)
        cls.folder = KEPT or pathlib.Path(scratch.name)
        cls.home = scratch.name

    def chromium(self, name, text, *words):
        path = (self.folder / name).resolve()
        path.write_text(text, encoding="utf-8")
        command = [*self.browser, "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", f"--user-data-dir={self.home}/profile",
                   "--hide-scrollbars", *words, f"file://{path}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def seen(self, text, width):
        dom = self.chromium("measured.html", text.replace("</body>", MEASURE + "</body>"), f"--window-size={width},900", "--dump-dom")
        found = json.loads(html.unescape(dom.partition("<title>")[2].partition("</title>")[0]))
        self.assertEqual(found["window"], width)
        return found

    def test_nothing_is_cut_or_lies_on_another(self):
        for width in WIDTHS:
            with self.subTest(width):
                found = self.seen(report_test.Page.text, width)
                self.assertGreater(found["charts"], 9)
                self.assertGreater(found["words"], 100)
                self.assertEqual((found["width"], found["beyond"], found["overlaps"]), (width, [], []))

    def test_faults_are_seen(self):
        """A table without its frame, a word beyond a chart and one on another are found."""
        text = report_test.Page.text
        self.assertGreater(self.seen(text.replace('class="scroll"', ""), 420)["width"], 420)
        two = "".join(f'<text x="{x}" y="20">a word in a chart</text>' for x in (10, 20, 490))
        made = page.html_of([report_test.result()]).replace("</svg>", two + "</svg>", 1)
        found = self.seen(made, 420)
        self.assertIn("chart: a word in a chart", found["beyond"])
        self.assertTrue([words for words in found["overlaps"] if words.endswith("a word in a chart | a word in a chart")])

    def test_light_and_dark(self):
        for width in WIDTHS:
            for scheme, paper in PAPER.items():
                with self.subTest(f"{width} {scheme}"):
                    picture = self.folder / f"report_{width}_{scheme}.png"
                    # Dark is 0 and light 1 in Blink. The whole page, where somebody looks; else half of its size, the least there is.
                    self.chromium("page.html", report_test.Page.text, f"--blink-settings=preferredColorScheme={int(scheme == 'light')}",
                                  f"--window-size={width},{6000 if KEPT else 800}", f"--screenshot={picture}",
                                  *([] if KEPT else ["--force-device-scale-factor=0.5"]))
                    rows = pixels(picture)
                    self.assertEqual(len(rows[0]), width if KEPT else width // 2)
                    flat = [pixel for row in rows for pixel in row]
                    self.assertEqual(rows[0][0], paper)
                    self.assertGreater(flat.count(paper), len(flat) // 4)
                    self.assertGreater(len(set(flat)), 100)  # words and charts, not a blank page


if __name__ == "__main__":
    unittest.main()

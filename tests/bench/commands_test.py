#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""kramers-bench as its users call it, with made-up programs and results: exit codes, messages, files. No times."""

import contextlib
import io
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest
from xml.etree import ElementTree

import fake_bench
import support
from kramers_bench import cli, compare, machine, portability, results, runner

PROGRAM = support.BENCH / "kramers-bench"
ROWS = {f"x/row{index}": 1.0 for index in range(4)}


class Case(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        self.store = self.folder / "store"
        self.start_programs(False)

    def start_programs(self, really):
        """Programs are played in this process, unless a test is about starting them."""
        runner.call = self.real_call if really else fake_bench.call

    real_call = staticmethod(runner.call)

    def call(self, *words, code=0):
        """What main() prints, in this process: starting Python each time would take longer than all else."""
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            self.assertEqual(cli.main([str(word) for word in words]), code, printed.getvalue())
        return printed.getvalue()

    def file(self, name, value):
        return support.write(self.folder / name, value)

    def build(self, name, cost=None, **fake):
        """A build folder with one program that behaves as fake.json says."""
        place = self.folder / name / "bin"
        place.mkdir(parents=True)
        (place / "fake_bench").write_text(fake_bench.SCRIPT)
        (place / "fake_bench").chmod(0o755)
        (place / "fake.json").write_text(json.dumps({"cost": cost or {"fast": 1, "slow": 2}, **fake}))
        return self.folder / name

    def noise(self, rows, floor=0.005, key="machine-2c-0"):
        place = self.store / key
        place.mkdir(parents=True, exist_ok=True)
        (place / "noise.json").write_text(json.dumps(
            {"schema": 1, "machine_key": key, "rows": {row: {"limit_ratio": {"floor": floor}} for row in rows}}))


class Gate(Case):
    """Two builds in pairs."""

    def gate(self, a, b, *words, code=0, pairs=("--pairs", 6, "--confirm", 7)):
        return self.call("compare", "--baseline", a, "--contender", b, "--store", self.store, *pairs, *words, code=code)

    def test_same(self):
        text = self.gate(self.build("a"), self.build("b"), pairs=())
        self.assertIn("2 SAME", text)
        self.assertIn("not calibrated", text)
        # 8 pairs in turns, which no second stage followed.
        self.assertIn((self.folder / "order").read_text(), ("abbaabbaabbaabba", "baabbaabbaabbaab"))

    def test_slower_is_confirmed_with_fresh_pairs(self):
        text = self.gate(self.build("a"), self.build("b", {"fast": 1.2, "slow": 2}), "--junit", self.folder / "j.xml",
                         "--markdown", self.folder / "m.md", "--html", self.folder / "h.html", pairs=(), code=1)
        self.assertIn("1 SLOWER, 1 SAME", text)
        self.assertIn("16 fresh pairs", text)
        self.assertEqual(len((self.folder / "order").read_text()), 2 * (8 + 16))
        suite = ElementTree.parse(self.folder / "j.xml").getroot()
        self.assertEqual((suite.get("tests"), suite.get("failures"), suite.get("errors")), ("2", "1", "0"))
        self.assertIn("SLOWER", suite.find("testcase/failure").get("message"))
        markdown = (self.folder / "m.md").read_text()
        self.assertIn("| fake/fast/n:8 | SLOWER |", markdown)
        self.assertIn("<details>", markdown)
        self.assertIn("<svg", (self.folder / "h.html").read_text())

    def test_real_programs(self):
        self.start_programs(True)
        self.assertIn("1 SLOWER, 1 SAME", self.gate(self.build("a"), self.build("b", {"fast": 1.2, "slow": 2}), code=1))
        self.assertIn("the mean energy is wrong", self.gate(self.build("c"), self.build("d", code=1), code=4))
        broken = self.build("e")
        (broken / "bin/fake_bench").write_text("#!/nowhere/at/all\n")
        self.assertIn("cannot be run", self.gate(self.folder / "a", broken, code=64))

    def test_faster(self):
        self.assertIn("1 FASTER", self.gate(self.build("a"), self.build("b", {"fast": 0.8, "slow": 2})))

    def test_loud_rows_are_unsure(self):
        a, b = self.build("a", noise=0.1), self.build("b", noise=0.1)
        self.assertIn("2 UNSURE", self.gate(a, b, code=2))
        self.gate(a, b, "--allow-unsure")

    def test_wrong_result(self):
        text = self.gate(self.build("a"), self.build("b", code=1), code=4)
        self.assertIn("the mean energy is wrong", text)

    def test_above_the_limit(self):
        text = self.gate(self.build("a"), self.build("b", extra={"pct_limit": 130}), code=4)
        self.assertIn("130 % of the machine's limit", text)
        self.assertNotIn("FASTER", text)

    def test_not_a_number(self):
        text = self.gate(self.build("a"), self.build("b", extra={"limit_ratio": float("nan")}), code=4)
        self.assertIn("limit_ratio is nan", text)

    def test_builds_not_to_measure(self):
        for name, context, word in (("d", {"build_type": "Debug"}, "Debug"),
                                    ("s", {"compile_flags": "-O2 -fsanitize=address"}, "-fsanitize"),
                                    ("o", {"compile_flags": "-O0"}, "-O0")):
            text = self.gate(self.build("a" + name), self.build("b" + name, context=context), code=64)
            self.assertIn(word, text)

    def test_other_space(self):
        text = self.gate(self.build("a"), self.build("b", context={"kokkos_space": "Cuda"}), code=64)
        self.assertIn("OpenMP", text)
        self.assertIn("Cuda", text)

    def test_other_threads(self):
        text = self.gate(self.build("a"), self.build("b", context={"threads": "64"}), code=64)
        self.assertIn("2 threads", text)
        self.assertIn("64 threads", text)

    def test_clocks(self):
        """One core is judged by processor time, which a busy machine does not lengthen; more, and a device, by the wall."""
        a = self.build("a", extra={"cores": 1})
        busy = self.build("b", extra={"cores": 1, "limit_ratio": 0.1})  # by the wall a fifth as fast
        self.assertIn("2 SAME", self.gate(a, busy))
        self.assertIn("2 SLOWER", self.gate(a, busy, "--clock", "wall", code=1))
        for cores in (0, 2):
            both = [self.build(f"{name}{cores}", extra={"cores": cores, "limit_ratio": ratio})
                    for name, ratio in (("c", 0.5), ("d", 0.1))]
            self.assertIn("2 SLOWER", self.gate(*both, code=1))

    def test_a_process_without_the_row(self):
        """What has no partner is no pair."""
        made = [results.parse(json.dumps(support.document({"x/row": 1.0}, count)), "made up") for count in (8, 7)]
        (found,) = compare.pairs_of(*made, None, "auto")
        self.assertEqual((found.word, found.reason), ("INVALID", "8 processes against 7: no pairs"))

    def test_rows_come_and_go(self):
        text = self.gate(self.build("a"), self.build("b", {"fast": 1, "new": 1}))
        self.assertIn("1 GONE, 1 NEW, 1 SAME", text)

    def test_nothing_in_common(self):
        self.assertIn("no row in common", self.gate(self.build("a", {"p": 1}), self.build("b", {"q": 1}), code=64))

    def test_filter(self):
        a, b = self.build("a"), self.build("b", {"fast": 1, "slow": 4})
        self.assertIn("1 SAME", self.gate(a, b, "--filter", "fast"))
        self.assertIn("leaves no row", self.gate(a, b, "--filter", "nothing", code=64))

    def test_no_programs(self):
        (self.folder / "empty").mkdir()
        self.assertIn("_bench", self.gate(self.build("a"), self.folder / "empty", code=64))

    def test_a_file_and_a_folder(self):
        self.gate(self.build("a"), self.file("b.json", support.document(ROWS)), code=64)

    def test_calibrated_band(self):
        a, b = self.build("a"), self.build("b", {"fast": 1.1, "slow": 2})
        text = self.call("calibrate", a, "--store", self.store, "--processes", 10, "--trials", 2)
        self.assertIn("limit_ratio", text)
        (noise,) = self.store.glob("*/noise.json")
        known = json.loads(noise.read_text())
        self.assertEqual(set(known["rows"]), {"fake/fast/n:8", "fake/slow/n:8"})
        self.assertNotIn("not calibrated", self.gate(a, b, code=1))
        for row in known["rows"].values():
            row["limit_ratio"]["floor"] = 0.1
        noise.write_text(json.dumps(known))
        self.assertIn("2 SAME", self.gate(a, b))  # 10 % is within twice the noise now


class Stored(Case):
    """A result against a stored baseline."""

    def compare(self, a, b, *words, code=0):
        return self.call("compare", "--baseline", a, "--contender", b, "--store", self.store, *words, code=code)

    def made(self, cost=1.0, **other):
        self.noise(ROWS)
        old = self.file("old.json", support.document(ROWS, 10))
        new = self.file("new.json", support.document({**ROWS, "x/row0": cost}, 10, seed=2, **other))
        return old, new

    def test_same(self):
        self.assertIn("4 SAME", self.compare(*self.made()))

    def test_slower(self):
        self.assertIn("1 SLOWER, 3 SAME", self.compare(*self.made(1.2), code=1))

    def test_few_processes_are_unsure(self):
        self.noise(ROWS)
        old = self.file("old.json", support.document(ROWS, 10))
        new = self.file("new.json", support.document({"x/row0": 1.3}, 1))
        self.assertIn("1 UNSURE", self.compare(old, new, code=2))

    def test_small_baseline(self):
        self.noise(ROWS)
        old = self.file("old.json", support.document(ROWS, 9))
        self.assertIn("9 processes", self.compare(old, self.file("new.json", support.document(ROWS, 10)), code=4))

    def test_other_machine(self):
        text = self.compare(*self.made(1.5, key="machine-64c-1"), code=3)
        self.assertIn("machine-64c-1", text)
        self.assertNotIn("SLOWER", text)

    def test_uncalibrated(self):
        old, new = self.made(1.5)
        self.assertIn("calibrate", self.call("compare", "--baseline", old, "--contender", new, "--store",
                                             self.folder / "nowhere", code=3))

    def test_no_machine(self):
        old, _ = self.made()
        plain = support.document(ROWS, 10)
        del plain["kramers"]
        self.assertIn("what machine", self.compare(old, self.file("plain.json", plain), code=3))

    def test_seconds_do_not_last(self):
        documents = [support.document(ROWS, 10, seed=seed) for seed in (1, 2)]
        for document in documents:
            for row in document["benchmarks"]:
                for name in ("limit_ratio", "ratio", "limit_cpu_ratio", "cpu_ratio"):
                    del row[name]
        self.noise(ROWS)
        text = self.compare(self.file("a.json", documents[0]), self.file("b.json", documents[1]), code=4)
        self.assertIn("only seconds", text)

    def test_broken_noise(self):
        old, new = self.made()
        path = self.store / "machine-2c-0/noise.json"
        for text in ("{", "{}", '{"schema": 1, "machine_key": "other", "rows": {}}',
                     '{"schema": 1, "machine_key": "machine-2c-0", "rows": {"a": {"m": {"floor": NaN}}}}'):
            path.write_text(text)
            self.assertIn("noise", self.compare(old, new, code=64))


class BadFiles(Case):
    """Never a verdict from bad data: every reader of results says what is wrong and ends with 64."""

    def every_command(self, bad, word):
        good = self.file("good.json", support.document(ROWS, 10))
        self.noise(ROWS)
        for words in (["compare", "--baseline", good, "--contender", bad], ["compare", "--baseline", bad, "--contender", good],
                      ["calibrate", "--result", bad], ["baseline", bad], ["history", self.folder / "h.jsonl", "--add", bad],
                      ["pp", bad], ["report", bad]):
            store = ["--store", self.store] if words[0] in ("compare", "calibrate", "baseline", "report") else []
            text = self.call(*words, *store, code=64)
            self.assertIn(word, text, words)
            for verdict in ("SLOWER", "FASTER", "SAME"):
                self.assertNotIn(verdict, text)

    def test_truncated(self):
        text = json.dumps(support.document(ROWS, 10))
        for end in (0, 1, len(text) // 2, len(text) - 1):
            self.every_command(self.file("bad.json", text[:end]), "no JSON")

    def test_missing(self):
        self.every_command(self.folder / "nothing.json", "cannot be read")

    def test_bytes(self):
        (self.folder / "bytes.json").write_bytes(b"\xff\xfe\x00")
        self.every_command(self.folder / "bytes.json", "cannot be read")

    def test_other_documents(self):
        for value in ([], {}, {"context": {}}, {"context": {}, "benchmarks": {}}, {"context": [], "benchmarks": []},
                      {"context": {}, "benchmarks": [1]}):
            self.every_command(self.file("bad.json", value), "context and benchmarks")

    def test_no_rows(self):
        self.every_command(self.file("bad.json", {"context": support.CONTEXT, "benchmarks": []}), "no rows")

    def test_other_versions(self):
        bad = support.document(ROWS, 10, context={"json_schema_version": 2})
        self.every_command(self.file("bad.json", bad), "json_schema_version 2")
        bad = support.document(ROWS, 10)
        bad["kramers"]["schema"] = 2
        self.every_command(self.file("bad.json", bad), "schema 2")

    def test_no_numbers(self):
        for key, value in (("real_time", "fast"), ("real_time", None), ("cpu_time", True)):
            bad = support.document(ROWS, 10)
            bad["benchmarks"][3][key] = value
            self.every_command(self.file("bad.json", bad), f"no number as {key}")

    def test_debug(self):
        self.every_command(self.file("bad.json", support.document(ROWS, 10, context={"build_type": "Debug"})), "Debug")

    def test_invalid_rows_are_named(self):
        for change, word in (({"limit_ratio": float("nan")}, "limit_ratio is nan"), ({"pct_limit": 106.0}, "106 %"),
                             ({"real_time": 0.0}, "real_time is 0"),
                             ({"error_occurred": True, "error_message": "no luck"}, "no luck")):
            bad = support.document(ROWS, 10)
            bad["benchmarks"][5].update(change)
            path = self.file("bad.json", bad)
            good = self.file("good.json", support.document(ROWS, 10))
            self.noise(ROWS)
            self.assertIn(word, self.call("compare", "--baseline", good, "--contender", path, "--store", self.store, code=4))
            self.assertIn(word, self.call("baseline", path, "--store", self.store, code=4))
            self.assertIn("INVALID", self.call("pp", path))


class Files(Case):
    def test_run_and_baseline(self):
        build = self.build("a")
        self.assertIn("fake/fast/n:8\n", self.call("run", build, "--list"))
        self.call("run", build, "--processes", 10, "--output", self.folder / "r.json")
        document = json.loads((self.folder / "r.json").read_text())
        self.assertEqual(len(document["benchmarks"]), 20)
        self.assertEqual({row["repetition_index"] for row in document["benchmarks"]}, set(range(10)))
        self.assertEqual({row["run_name"] for row in document["benchmarks"]}, {"fake/fast/n:8", "fake/slow/n:8"})
        for name in ("machine_key", "machine", "load_before", "load_after", "created"):
            self.assertIn(name, document["kramers"])
        for name in ("cpu", "allowed_cpus", "quota_cpus", "numa_nodes", "caches", "governor", "kernel"):
            self.assertIn(name, document["kramers"]["machine"])
        self.call("baseline", self.folder / "r.json", "--store", self.store)
        (kept,) = self.store.glob("*/baseline.json")
        self.assertEqual(kept.parent.name, document["kramers"]["machine_key"])
        self.call("calibrate", "--result", self.folder / "r.json", "--store", self.store, "--trials", 2)
        self.assertIn("2 SAME", self.call("compare", "--baseline", kept, "--contender", self.folder / "r.json", "--store",
                                          self.store))

    def test_baseline_needs_processes(self):
        path = self.file("r.json", support.document(ROWS, 3))
        self.assertIn("at least 10", self.call("baseline", path, "--store", self.store, code=64))

    def test_machine_key_is_of_the_machine(self):
        about = machine.describe()
        key = machine.key(about)
        self.assertEqual(key, machine.key(machine.describe()))
        self.assertNotEqual(key, machine.key({**about, "allowed_cpus": about["allowed_cpus"] + [4096]}))
        self.assertNotEqual(key, machine.key({**about, "cpu": {**about["cpu"], "model": "other"}}))
        self.assertNotEqual(key, machine.key(about, "a GPU"))
        self.assertEqual(key, machine.key({**about, "kernel": "other", "governor": "other"}))

    def test_history(self):
        path = self.folder / "h.jsonl"
        for run in range(24):
            document = support.document({"x/row0": 1.0 if run < 12 else 1.2, "x/row1": 1.0}, 1, seed=run)
            document["kramers"]["created"] = f"2026-11-{run + 1:02d}T00:00:00Z"
            document["context"]["git_hash"] = f"{run:012x}"
            result = self.file("r.json", document)
            self.call("history", path, "--add", result)
        self.assertIn("0 lines added", self.call("history", path, "--add", result))  # the same run once
        text = self.call("history", path, "--export-otava", self.folder / "otava")
        self.assertIn("| x/row0 | +2", text)
        self.assertIn(f"{12:012x}", text)
        self.assertNotIn("x/row1", text)
        self.assertEqual(len((self.folder / "otava/series000.csv").read_text().splitlines()), 25)
        self.assertIn("type: csv", (self.folder / "otava/otava.yaml").read_text())
        with open(path, "a", encoding="utf-8") as file:
            file.write('{"schema": 1}\n')
        self.assertIn("line 49", self.call("history", path, code=64))

    def test_usage(self):
        for words in ([], ["what"], ["compare"], ["compare", "--baseline", "a", "--contender", "b", "--pairs", "2"],
                      ["calibrate"], ["run", self.folder, "--processes", "0"], ["run", self.folder / "nothing"]):
            self.call(*words, code=64)
        self.assertIn("exit codes", self.call("--help"))

    def test_the_program(self):
        """The script itself: its exit code, and an error on its error stream alone."""
        done = subprocess.run([sys.executable, "-B", str(PROGRAM), "report", "nothing.json"], capture_output=True, text=True,
                              cwd=self.folder)
        self.assertEqual((done.returncode, done.stdout), (64, ""))
        self.assertTrue(done.stderr.startswith("kramers-bench: invalid nothing.json"), done.stderr)

    def test_selftest(self):
        self.assertIn("ok:", self.call("selftest"))
        self.assertIn("FAILED", self.call("selftest", "--trials", 5, "--record", self.file("loud.json", {"rows": {
            "a": [(-1) ** index * 0.5 * (index % 7) for index in range(40)]}}), code=1))
        for bad in ("{", {"rows": {}}, {"rows": {"a": [1, 2]}}, {"rows": {"a": [float("nan")] * 20}}):
            self.call("selftest", "--record", self.file("bad.json", bad), code=64)


class Portability(Case):
    def files(self):
        gpu = support.document({"x/row0": 2.0, "x/row1": 1.0}, 1, noise=0, context={"kokkos_space": "Cuda"})
        cpu = support.document({"x/row0": 1.0, "x/row1": 4.0}, 1, noise=0)
        return self.file("cpu.json", cpu), self.file("gpu.json", gpu)

    def test_by_hand(self):
        text = self.call("pp", *self.files(), "--csv", self.folder / "p3.csv")
        # Shares of the limit 0.5 and 0.25: 2 / (2 + 4) = 1/3. Rates over the best: 1 and 0.5: 2 / (1 + 2) = 2/3.
        self.assertIn("| x/row0 | architecture | 0.333 | 0.333 | 2 of 2 | 0.250 |", text)
        self.assertIn("| x/row0 | application | 0.667 | 0.667 | 2 of 2 | 0.500 |", text)
        lines = (self.folder / "p3.csv").read_text().splitlines()
        self.assertEqual(lines[0], "problem,platform,application,fom,arch eff,app eff")
        self.assertEqual(lines[1], "x/row0,machine-2c-0:OpenMP,kramers,10.0,0.5,1.0")
        self.assertEqual(len(lines), 5)

    def test_no_more_than_the_limit(self):
        document = support.document({"x/row0": 0.48}, 1, noise=0)  # 104 %, which noise can do
        text = self.call("pp", self.file("r.json", document))
        self.assertIn("| x/row0 | architecture | 1.000 |", text)
        self.assertIn("104.2 % of the limit, clipped to 100", text)

    def test_a_declared_platform_without_a_result(self):
        cpu, gpu = self.files()
        declared = self.file("set.txt", "machine-2c-0:OpenMP\n# the third\nmachine-2c-0:Cuda\nmachine-9c-9:HIP\n")
        text = self.call("pp", cpu, gpu, "--platforms", declared)
        self.assertIn("| x/row0 | architecture | 0.000 | 0.333 | 2 of 3 | 0.000 |", text)

    def test_gate(self):
        cpu, gpu = self.files()
        slow = self.file("slow.json", support.document({"x/row0": 3.0, "x/row1": 4.0}, 1, noise=0))
        self.call("pp", cpu, gpu, "--gate", cpu, gpu)
        self.assertIn("PP fell from 0.333", self.call("pp", slow, gpu, "--gate", cpu, gpu, code=1))

    def test_same_platform_twice(self):
        cpu, _ = self.files()
        self.assertIn("second result", self.call("pp", cpu, cpu, code=64))

    def test_cascade(self):
        self.assertEqual(portability.cascade({"a": 0.5, "b": 1.0, "c": 0.0}),
                         [("b", 1.0, 1.0), ("a", 0.5, 2 / 3), ("c", 0.0, 0.0)])
        self.assertEqual(portability.harmonic_mean([]), 0)


if __name__ == "__main__":
    unittest.main()

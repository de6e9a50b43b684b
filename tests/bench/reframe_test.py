#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The checks for ReFrame, against a stand-in of what they import: ReFrame itself is not needed. They read the result of
kramers-bench run and give it shares and references of the same names; with ReFrame installed they should still be run once."""

import ast
import importlib.util
import json
import os
import pathlib
import sys
import tempfile
import types
import unittest

import support

FOLDER = support.BENCH / "reframe"


class Deferred:
    """A value that is asked for later."""

    def __init__(self, ask):
        self.ask = ask


def value_of(value):
    return value_of(value.ask()) if isinstance(value, Deferred) else value


def stand_in():
    """Modules with the names that the checks import."""
    names = {name: types.ModuleType(name) for name in ("reframe", "reframe.utility", "reframe.utility.sanity", "reframe.core",
                                                       "reframe.core.builtins")}
    sanity, builtins = names["reframe.utility.sanity"], names["reframe.core.builtins"]
    names["reframe"].simple_test = lambda kind: kind
    names["reframe"].RunOnlyRegressionTest = type("RunOnlyRegressionTest", (), {
        "skip_if": lambda self, condition, reason: self.skipped.append(reason) if condition else None})
    names["reframe.utility"].sanity = sanity
    sanity.deferrable = lambda body: lambda *words: Deferred(lambda: body(*words))
    sanity.evaluate = value_of
    sanity.defer = lambda value: Deferred(lambda: value)
    sanity.count = lambda value: Deferred(lambda: len(value_of(value)))
    sanity.all = lambda values: Deferred(lambda: all(value_of(value) for value in values))
    sanity.assert_eq = lambda a, b: Deferred(lambda: value_of(a) == value_of(b))
    sanity.assert_gt = lambda a, b: Deferred(lambda: value_of(a) > value_of(b))
    sanity.make_performance_function = lambda value, unit: (value, unit)
    builtins.parameter = lambda values: values
    builtins.variable = lambda kind, value: value
    builtins.run_after = builtins.run_before = lambda stage: lambda body: body
    builtins.sanity_function = lambda body: body
    return names


class Checks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        made = stand_in()
        sys.modules.update(made)
        os.environ["KRAMERS_BUILD"] = "/build"
        place = importlib.util.spec_from_file_location("kramers_checks", FOLDER / "kramers_checks.py")
        cls.module = importlib.util.module_from_spec(place)
        place.loader.exec_module(cls.module)

    def check(self, scale="1_node", feature="cpu"):
        made = self.module.KramersBench()
        made.scale, made.feature, made.skipped = scale, feature, []
        made.current_partition = types.SimpleNamespace(processor=types.SimpleNamespace(num_cores=64))
        made.job = types.SimpleNamespace(exitcode=0)
        return made

    def test_syntax(self):
        for path in FOLDER.glob("*.py"):
            ast.parse(path.read_text(), str(path), feature_version=(3, 9))

    def test_where_it_runs(self):
        made = self.check(feature="cuda")
        made.select()
        self.assertEqual((made.valid_systems, made.skipped), (["+cuda"], []))
        made = self.check(scale="1_core", feature="cuda")
        made.select()
        self.assertEqual(made.skipped, ["a device has no single core"])

    def test_what_it_runs(self):
        made = self.check()
        made.words()
        self.assertEqual(made.executable_opts[:4], ["run", "/build", "--output", "bench.json"])
        self.assertEqual(made.env_vars["OMP_NUM_THREADS"], 64)
        self.assertTrue(os.access(made.executable, os.X_OK))

    def test_reads_a_result(self):
        rows = {name: 1.0 for name in json.loads(self.module.REFERENCES.read_text())}
        document = support.document(rows, 3, noise=0)
        document["benchmarks"][0].update(error_occurred=True)
        here = os.getcwd()
        with tempfile.TemporaryDirectory() as scratch:
            os.chdir(scratch)
            try:
                pathlib.Path("bench.json").write_text(json.dumps(document))
                made = self.check()
                self.assertTrue(value_of(made.all_rows_are_valid()))
                made.rows_and_references()
                made.job.exitcode = 4
                self.assertFalse(value_of(made.all_rows_are_valid()))
            finally:
                os.chdir(here)
        self.assertEqual(set(made.perf_variables), set(made.reference["*"]))
        for value, unit in made.perf_variables.values():
            self.assertEqual((value_of(value), unit), (50.0, "%"))

    def test_references_are_tuples_for_reframe(self):
        for value, low, high, unit in json.loads(self.module.REFERENCES.read_text()).values():
            self.assertTrue(0 < value <= 100 and -1 < low < 0 and high is None and unit == "%")

    def test_configuration(self):
        text = {}
        exec((FOLDER / "config_example.py").read_text(), text)  # noqa: S102
        (system,) = text["site_configuration"]["systems"]
        self.assertEqual([partition["features"] for partition in system["partitions"]], [["cpu"], ["cuda"]])


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ReFrame (4.10 or later) runs the benchmarks of a build on every partition, and holds shares of the machine's limit against
references: shares mean the same on machines never seen before.

    KRAMERS_BUILD=$PWD/build/openmp reframe -C bench/reframe/config_example.py -c bench/reframe/kramers_checks.py -r

Rows are read from the JSON of kramers-bench run. A partition needs one of the features cpu, cuda, hip.
"""

import json
import os
import pathlib

import reframe as rfm
import reframe.utility.sanity as sn
from reframe.core.builtins import parameter, run_after, run_before, sanity_function, variable

BENCH = pathlib.Path(__file__).resolve().parents[1]
RESULT = "bench.json"
REFERENCES = BENCH / "reframe" / "references.json"


@sn.deferrable
def shares_of(path):
    """{row: median share of the limit in percent} of a result's valid rows."""
    shares = {}
    for row in json.loads(pathlib.Path(path).read_text())["benchmarks"]:
        if "pct_limit" in row and not row.get("error_occurred"):
            shares.setdefault(row["name"], []).append(row["pct_limit"])
    return {name: sorted(values)[len(values) // 2] for name, values in shares.items()}


@rfm.simple_test
class KramersBench(rfm.RunOnlyRegressionTest):
    """The suite of one build on one core, or on all cores or the device of a node."""

    scale = parameter(["1_core", "1_node"])
    feature = parameter(["cpu", "cuda", "hip"])
    build = variable(str, value=os.environ.get("KRAMERS_BUILD", ""))
    valid_prog_environs = ["*"]
    executable = str(BENCH / "kramers-bench")
    require_reference = False
    tags = {"bench"}

    @run_after("init")
    def select(self):
        self.valid_systems = [f"+{self.feature}"]
        self.skip_if(not self.build, "KRAMERS_BUILD names no build folder")
        self.skip_if(self.scale == "1_core" and self.feature != "cpu", "a device has no single core")

    @run_before("run")
    def words(self):
        pattern = "langevin|gemm|limits"
        self.executable_opts = ["run", self.build, "--output", RESULT, "--filter", f"'{pattern}'"]
        self.num_tasks = 1
        cores = 1 if self.scale == "1_core" else self.current_partition.processor.num_cores
        if cores:
            self.num_cpus_per_task = cores
            self.env_vars = {"OMP_NUM_THREADS": cores, "OMP_PROC_BIND": "spread", "OMP_PLACES": "cores"}

    @sanity_function
    def all_rows_are_valid(self):
        """kramers-bench ends with 4 where a row is invalid or a result was wrong."""
        return sn.all([sn.assert_eq(self.job.exitcode, 0), sn.assert_gt(sn.count(shares_of(RESULT)), 0)])

    @run_before("performance")
    def rows_and_references(self):
        made = sn.evaluate(shares_of(RESULT))
        self.perf_variables = {
            name.replace("/", "_").replace(":", "_"): sn.make_performance_function(sn.defer(share), "%")
            for name, share in made.items()}
        known = json.loads(REFERENCES.read_text())
        self.reference = {
            "*": {name.replace("/", "_").replace(":", "_"): tuple(reference) for name, reference in known.items()}}

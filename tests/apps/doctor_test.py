#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""kramers-doctor: what it tells of a machine where all is well, and of faults that a test can make."""
import argparse
import json
import os
import resource
import subprocess
import sys
import unittest

parser = argparse.ArgumentParser()
parser.add_argument("--program", default="kramers-doctor")
parser.add_argument("--has", nargs="*", default=[], help="what is built in: mpi hdf5 hwloc")
options, unittest_words = parser.parse_known_args()

AREAS = ["build", "device", "spaces", "threads", "mpi", "hdf5", "topology", "clocks", "limits", "memory"]


class Doctor(unittest.TestCase):
    def run_program(self, *words, limits=(), **environment):
        def lower():
            for what, number in limits:
                resource.setrlimit(what, (number, number))

        environment = {"OMP_NUM_THREADS": "1", "OMP_PROC_BIND": "false", **environment}
        return subprocess.run([options.program, *words], env={**os.environ, **environment}, text=True, capture_output=True,
                              timeout=120, preexec_fn=lower)

    def findings(self, *words, **how):
        ran = self.run_program("--json", *words, **how)
        self.assertEqual((ran.returncode, ran.stderr), (0, ""))
        told = json.loads(ran.stdout)
        worst = max((finding["verdict"] for finding in told["findings"]), key=["ok", "note", "warning", "wrong"].index)
        self.assertEqual((told["schema"], told["verdict"]), (1, worst))
        return told["findings"]

    def about(self, area, text, found):
        chosen = [finding for finding in found if finding["area"] == area and text in finding["says"]]
        self.assertEqual(len(chosen), 1, found)
        return chosen[0]

    def test_tells_of_everything_in_one_line_each(self):
        ran = self.run_program()
        self.assertEqual((ran.returncode, ran.stderr), (0, ""))
        lines = [line.split(None, 2) for line in ran.stdout.splitlines()]
        self.assertEqual(list(dict.fromkeys(line[1] for line in lines)), AREAS)
        self.assertTrue(all(line[0] in ("ok", "note", "warning", "wrong") for line in lines))
        found = self.findings()
        self.assertEqual([finding["area"] for finding in found], [line[1] for line in lines])
        self.assertIn("1 thread a rank", self.about("threads", "", found)["says"])
        if "mpi" in options.has:
            mpi = self.about("mpi", "takes device memory by its own account", found)
            self.assertRegex(mpi["says"], "^[A-Z].* CUDA (yes|no|does not say), ROCm (yes|no|does not say)")
        self.assertEqual("not built in" in self.about("hdf5", "", found)["says"], "hdf5" not in options.has)
        if "hwloc" in options.has:
            self.assertRegex(found[[finding["area"] for finding in found].index("topology")]["says"], r"^\d+ cores?, \d+ NUMA node")

    def fault(self, area, verdict, says, fix, **how):
        finding = self.about(area, says, self.findings(**how))
        self.assertEqual(finding["verdict"], verdict)
        self.assertIn(fix, finding.get("fix", finding["says"]))
        self.assertEqual(self.run_program("--strict", **how).returncode, 2)
        self.assertEqual(self.run_program(**how).returncode, 0)

    def test_faults_are_told_with_what_to_do(self):
        self.fault("limits", "wrong", "stack 512 KiB", "ulimit -s 8192", limits=[(resource.RLIMIT_STACK, 512 << 10)])
        self.fault("limits", "warning", "open files 100", "ulimit -n 4096", limits=[(resource.RLIMIT_NOFILE, 100)])
        self.fault("threads", "wrong", "KOKKOS_NUM_THREADS", "many", KOKKOS_NUM_THREADS="many")
        cores = len(os.sched_getaffinity(0))
        if "openmp" in self.about("spaces", "", self.findings())["says"]:
            self.fault("threads", "warning", f"{cores + 1} threads a rank on", f"set OMP_NUM_THREADS={cores}",
                       OMP_NUM_THREADS=str(cores + 1))
        if "mpi" in options.has:
            self.fault("mpi", "warning", "MPI_Init fails", "launcher", OMPI_MCA_pml="none_of_that_name")

    def test_a_note_is_no_fault(self):
        limited = {"limits": [(resource.RLIMIT_AS, 1 << 40)]}
        self.assertEqual(self.about("limits", "address space 1 TiB", self.findings(**limited))["verdict"], "note")
        worst = max(["ok", "note", "warning", "wrong"].index(finding["verdict"]) for finding in self.findings(**limited))
        self.assertEqual(self.run_program("--strict", **limited).returncode, 2 if worst > 1 else 0)

    def test_the_command_line(self):
        ran = self.run_program("--jsn")
        self.assertEqual((ran.returncode, ran.stdout), (64, ""))
        self.assertRegex(ran.stderr, r"^kramers-doctor: error: .*--jsn.*\n$")
        with open("/dev/full", "w") as full:
            ran = subprocess.run([options.program], stdout=full, stderr=subprocess.PIPE, text=True, timeout=120)
        self.assertEqual(ran.returncode, 1)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *unittest_words])

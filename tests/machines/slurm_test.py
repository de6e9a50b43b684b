# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Scripts of kramers-launch in a real Slurm: accepted, run, stopped by a warning, continued until done."""
import argparse
import json
import os
from pathlib import Path
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import slurm

SOURCES = Path(__file__).resolve().parents[2]
LAUNCH = SOURCES / "apps/launch/kramers-launch"
# Longer than a step of the chain takes on a machine that is busy with other tests.
PATIENCE = 120
parser = argparse.ArgumentParser()
parser.add_argument("--program", default="kramers-langevin")
parser.add_argument("--other", help="the program of another build, for hybrid jobs")
options, unittest_words = parser.parse_known_args()
options.program = os.path.abspath(options.program)

# As "Your machine is not listed" says, with the launchers of Slurm and of Open MPI.
def machine(name, **facts):
    about = {"node": "this one", "cores": 2, "ranks_per_node": 2, "partitions": {"short": {"minutes": 60}}, **facts}
    return {"version": 6, "vendor": {"kramers/1.0": {"title": "Test", "scheduler": "slurm"}},
            "configurePresets": [{"name": name, "vendor": {"kramers/1.0": about}}]}


INPUT = """[ensemble]
walkers = 4000
seed = 11
[potential]
kind = "double_well"
[integrator]
dt = 0.02
friction = 1.0
temperature = 0.3
[run]
steps = STEPS
[observables]
every = 20
frame_every = 1000
"""


def setUpModule():
    global cluster, scratch
    scratch = tempfile.TemporaryDirectory()
    unittest.addModuleCleanup(scratch.cleanup)
    for name in ("slurm", "work"):
        (Path(scratch.name) / name).mkdir()
    cluster = slurm.Slurm(Path(scratch.name) / "slurm", 2)
    unittest.addModuleCleanup(cluster.stop)


class Chain(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # Slurm looks at time limits every 30 seconds: a job that only waits for it, beside the others.
        cls.waiting = cls("launch")
        cls.waiting.setUp()
        program = cls.waiting.work / "waits"
        program.write_text("#!/bin/bash\ntrap 'kill $!; echo warned; exit 138' USR1\nsleep 300 & wait\n")
        program.chmod(0o755)
        told = cls.waiting.launch("--ranks-per-node", "1", "--time", "5", "--", "./waits")
        cls.waiting_job = re.search(r"Submitted batch job (\d+)", told)[1]
        cluster.wait_for(lambda: cluster.state(cls.waiting_job) == "RUNNING", "start", PATIENCE)
        cluster.run("scontrol", "update", f"jobid={cls.waiting_job}", "TimeLimit=2")

    def setUp(self):
        self.work = Path(tempfile.mkdtemp(dir=Path(scratch.name) / "work"))
        (self.work / "mine.json").write_text(json.dumps(machine("mine")))
        (self.work / "mpirun.json").write_text(json.dumps(machine("mine", launcher="mpirun")))

    def jobs(self):
        return [job for job in cluster.jobs() if job != self.waiting_job]

    def launch(self, *words, machine="./mine.json"):
        ran = cluster.run(sys.executable, "-B", str(LAUNCH), machine, *map(str, words), cwd=self.work)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        return ran.stdout

    def input(self, steps, name="in.toml"):
        (self.work / name).write_text(INPUT.replace("STEPS", str(steps)))

    def log(self, job):
        return "".join(path.read_text() for path in self.work.glob(f"*-{job}.log"))

    def ranks(self):
        """Number, command and signals that wait, of each rank that has used a third of a second: before, a job may have none
        yet to be warned."""
        for process in Path("/proc").glob("[0-9]*"):
            try:
                name, rest = (process / "stat").read_text().split("(", 1)[1].rsplit(") ", 1)
                command = (process / "cmdline").read_text().split("\0")
                waiting = int(re.search(r"^ShdPnd:\s*(\w+)", (process / "status").read_text(), re.MULTILINE)[1], 16)
            except (OSError, IndexError):
                continue  # gone
            times = rest.split()[11:13]
            if name == "kramers-langevi" and sum(map(int, times)) * 3 > os.sysconf("SC_CLK_TCK"):
                yield int(process.name), command, waiting

    def computing(self):
        return next((command for _, command, _ in self.ranks()), [])

    def warned(self, ranks):
        return ranks and all(waiting & 1 << signal.SIGUSR1 - 1 for rank, _, waiting in self.ranks() if rank in ranks)

    def over(self, job):
        cluster.wait_for(lambda: not cluster.state(job), f"end of job {job}", PATIENCE)

    def state_hash(self, name):
        return json.loads((self.work / name).read_text())["state_hash"]

    def test_slurm_accepts_the_scripts(self):
        for words in ((), ("--ranks-per-node", "1"), ("--time", "30", "--partition", "short", "--name", "a.b-c")):
            self.input(1000)
            script = self.launch(*words, "--dry-run", "--", options.program, "in.toml")
            (self.work / "job.sh").write_text(script)
            ran = cluster.run("sbatch", "--test-only", "job.sh", cwd=self.work)
            self.assertEqual(ran.returncode, 0, ran.stderr)
        (self.work / "job.sh").write_text(script.replace("--partition=short", "--partition=long"))
        self.assertNotEqual(cluster.run("sbatch", "--test-only", "job.sh", cwd=self.work).returncode, 0)

    def test_two_ranks_by_srun_and_by_mpirun(self):
        self.input(2000)
        hashes = []
        for which in ("./mine.json", "./mpirun.json"):
            told = self.launch("--", options.program, "in.toml", "--summary", "out.json", "--overwrite", "--topology", "off",
                               machine=which)
            job = re.search(r"Submitted batch job (\d+)", told)[1]
            self.over(job)
            self.assertTrue((self.work / "out.json").is_file(), self.log(job))
            summary = json.loads((self.work / "out.json").read_text())
            self.assertEqual(summary["ranks"], 2)
            hashes.append(summary["state_hash"])
        self.assertEqual(hashes[0], hashes[1])

    def test_a_hybrid_job(self):
        """Another build beside this one: by kramers-launch, and as a step of --multi-prog in ranks of one thread each."""
        other = options.other if options.other and Path(options.other).exists() else options.program
        about = [subprocess.run([program, "--version"], capture_output=True, text=True).stdout.partition(", Kokkos")[0]
                 for program in (options.program, other)]
        if about[0] != about[1]:
            other = options.program  # a build of other sources, which the job would refuse
        self.input(2000)
        words = ("in.toml", "--overwrite", "--topology", "off", "--summary")
        told = self.launch("--ranks-per-node", "1", "--beside", other, "--", options.program, *words, "launched.json")
        job = re.search(r"Submitted batch job (\d+)", told)[1]
        self.over(job)
        self.assertTrue((self.work / "launched.json").is_file(), self.log(job))
        (self.work / "ranks.conf").write_text(f"0 {options.program} {' '.join(words)} multi.json\n1 {other} {' '.join(words)} multi.json\n")
        ran = cluster.run("srun", "--ntasks=2", "--multi-prog", "ranks.conf", cwd=self.work)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        alone = cluster.run(options.program, *words, "alone.json", "--quiet", cwd=self.work)
        self.assertEqual(alone.returncode, 0, alone.stderr)
        for name in ("launched.json", "multi.json"):
            kinds = json.loads((self.work / name).read_text())["work"]["kinds"]
            self.assertEqual(sum(kind["walkers"] for kind in kinds), 4000)
            self.assertEqual([kind["ranks"] for kind in kinds], ["0-1"] if other == options.program else ["0", "1"])
            self.assertEqual(self.state_hash(name), self.state_hash("alone.json"))

    def test_three_jobs_give_the_bits_of_one(self):
        self.input(200_000)
        words = ("in.toml", "--output", "out.h5", "--summary", "out.json", "--topology", "off")
        self.launch("--", options.program, *words)
        seen = []
        for _ in range(2):
            cluster.wait_for(lambda: [job for job in self.jobs() if job not in seen and cluster.state(job) == "RUNNING"],
                             "job that runs", PATIENCE)
            job = next(job for job in self.jobs() if job not in seen)
            seen.append(job)
            cluster.wait_for(self.computing, "rank that computes", PATIENCE)
            self.assertEqual("--resume" in self.computing(), len(seen) == 2)
            # Slurm warns two minutes before the end, when it next looks at its clock, half a minute later at most. The ranks
            # sleep until then: they would be done too soon, or take the processors from other tests.
            self.assertEqual(cluster.run("scontrol", "update", f"jobid={job}", "TimeLimit=2").returncode, 0)
            sleeping = [rank for rank, _, _ in self.ranks()]
            for rank in sleeping:
                os.kill(rank, signal.SIGSTOP)
            cluster.wait_for(lambda: self.warned(sleeping), "warning of the time limit", PATIENCE)
            for rank in sleeping:
                os.kill(rank, signal.SIGCONT)
            self.over(job)
            self.assertRegex(self.log(job), "stopped by signal 10 at step")
            self.assertRegex(self.log(job), r"Submitted batch job \d+")
        cluster.wait_for(lambda: not self.jobs(), "end of the chain", PATIENCE)
        self.assertEqual(len(list(self.work.glob("in-*.log"))), 3)
        alone = cluster.run(options.program, *words[:1], "--summary", "alone.json", "--topology", "off", "--quiet", cwd=self.work)
        self.assertEqual(alone.returncode, 0, alone.stderr)
        self.assertEqual(self.state_hash("out.json"), self.state_hash("alone.json"))

    def test_a_job_that_is_ended_is_not_continued(self):
        self.input(200_000)
        self.launch("--", options.program, "in.toml", "--topology", "off")
        cluster.wait_for(self.computing, "rank that computes", PATIENCE)
        job = self.jobs()[-1]
        cluster.run("scancel", job)
        self.over(job)
        time.sleep(1)
        self.assertEqual(self.jobs(), [])
        self.assertNotIn("Submitted", self.log(job))

    def test_warned_by_slurm_before_the_time_limit(self):
        self.over(self.waiting_job)
        told = self.waiting.log(self.waiting_job)
        self.assertIn("warned", told)
        self.assertIn("stopped at the time limit", told)


if __name__ == "__main__":
    slurm.enclosed()
    os.environ.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1", OMP_PROC_BIND="false")
    unittest.main(argv=[sys.argv[0], *unittest_words], verbosity=2)

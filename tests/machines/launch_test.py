# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""kramers-launch without the machines: its scripts are sound, hold the documented facts, and what is wrong is told."""
import argparse
import json
import os
from pathlib import Path
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

SOURCES = Path(__file__).resolve().parents[2]
LAUNCH = SOURCES / "apps/launch/kramers-launch"
PRESETS = sorted(preset["name"] for path in (SOURCES / "cmake/presets/machines").glob("*.json")
                 for preset in json.loads(path.read_text())["configurePresets"])
parser = argparse.ArgumentParser()
parser.add_argument("--program", default="kramers-langevin")
options, unittest_words = parser.parse_known_args()

INPUT = """[ensemble]
walkers = 2000
seed = 5
[potential]
kind = "double_well"
[integrator]
dt = 0.02
friction = 1.0
temperature = 0.4
[run]
steps = 1000
[observables]
every = 10
frame_every = 100
"""


class Folder(unittest.TestCase):
    """A folder with an input, and with what a test puts into PATH."""

    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name).resolve()
        (self.folder / "in.toml").write_text(INPUT)
        (self.folder / "bin").mkdir()

    def program(self, name, *lines):
        path = self.folder / "bin" / name
        path.write_text("\n".join(("#!/bin/bash", *lines, "")))
        path.chmod(0o755)
        return path

    def launch(self, *words, **environment):
        path = f"{self.folder}/bin:{os.environ['PATH']}"
        return subprocess.run([sys.executable, "-B", LAUNCH, *map(str, words)], cwd=self.folder, text=True, capture_output=True,
                              env={**os.environ, "PATH": path, **environment}, timeout=120)

    def script(self, machine, *words, command=None):
        ran = self.launch(machine, "--account", "acc", *words, "--dry-run", "--", *(command or (options.program, "in.toml")))
        self.assertEqual((ran.returncode, ran.stderr), (0, ""))
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["bin", "in.toml"])
        return ran.stdout

    def sound(self, text):
        subprocess.run(["bash", "-n"], input=text, text=True, check=True)
        if shutil.which("shellcheck"):
            ran = subprocess.run(["shellcheck", "-"], input=text, text=True, capture_output=True)
            self.assertEqual(ran.stdout, "")

    def lists(self, text, *parts):
        for part in parts:
            self.assertIn(part, text)

    def refused(self, code, sentence, *words, **environment):
        ran = self.launch(*words, **environment)
        self.assertEqual((ran.returncode, ran.stdout), (code, ""))
        self.assertRegex(ran.stderr, "^kramers-launch: " + sentence)
        self.assertEqual(ran.stderr.count("\n"), 1)
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["bin", "in.toml"])


class Scripts(Folder):
    def test_every_machine_has_a_sound_script(self):
        told = [line.split()[0] for line in self.launch("--list").stdout.splitlines()]
        self.assertEqual(sorted(told), PRESETS)
        for name in PRESETS:
            with self.subTest(name):
                nodes = "1" if name in ("workstation", "macos", "h100-node", "h200-node") else "2"
                text = self.script(name, "--nodes", nodes)
                self.sound(text)
                self.lists(text, f"program=({shutil.which(options.program)} {self.folder}/in.toml)")

    def test_perlmutter_numbers_its_gpus_the_other_way(self):
        text = self.script("perlmutter-gpu", "--nodes", "2")
        self.lists(text, "#SBATCH --nodes=2\n", "#SBATCH --ntasks-per-node=4\n", "#SBATCH --cpus-per-task=32\n",
                   "#SBATCH --gpu-bind=none\n", "#SBATCH --constraint=gpu\n", "#SBATCH --account=acc\n",
                   "export CUDA_VISIBLE_DEVICES=$((3 - SLURM_LOCALID))", "export OMP_NUM_THREADS=16\n",
                   'cd "${PSCRATCH:?}/kramers/in"', "module load gpu PrgEnv-gnu",
                   "export SRUN_CPUS_PER_TASK=$SLURM_CPUS_PER_TASK")
        self.lists(self.script("perlmutter-gpu", "--partition", "hbm80g"), "#SBATCH --constraint=gpu&hbm80g\n")
        # Two ranks: GPUs 3 and 1.
        self.lists(self.script("perlmutter-gpu", "--ranks-per-node", "2"), "$((3 - SLURM_LOCALID * 4 / 2))",
                   "#SBATCH --cpus-per-task=64\n", "export OMP_NUM_THREADS=32\n")

    def test_frontier_leaves_gpus_to_the_scheduler(self):
        text = self.script("frontier")
        self.lists(text, "#SBATCH --ntasks-per-node=8\n", "#SBATCH --cpus-per-task=7\n",
                   "launch=(srun --gpus-per-task=1 --gpu-bind=closest)", "MEMBERWORK:?}/acc/kramers/in")
        self.assertNotIn("VISIBLE_DEVICES", text)

    def test_lumi_has_masks_in_the_order_of_its_gpus(self):
        text = self.script("lumi-g")
        self.lists(text, "--cpu-bind=mask_cpu:7e000000000000,7e00000000000000,7e0000,7e000000,7e,7e00,7e00000000,7e0000000000",
                   "export ROCR_VISIBLE_DEVICES=$((SLURM_LOCALID))", "export OMP_NUM_THREADS=6\n")
        self.assertNotIn("--cpus-per-task", text)

    def test_pals_has_a_clock_of_our_own(self):
        text = self.script("polaris", "--nodes", "2", "--partition", "debug", "--time", "0:30:00")
        self.lists(text, "#PBS -l select=2:ncpus=64:ngpus=4:system=polaris\n", "#PBS -l walltime=00:30:00\n", "#PBS -q debug\n",
                   "#PBS -l filesystems=home:eagle\n", "$((3 - PMI_LOCAL_RANK))", "--signal=USR1 1680 mpiexec -n 8 --ppn 4",
                   "--depth=8 --cpu-bind=depth", 'qsub -v "KRAMERS_LINK=$((link + 1))" "$script"', "link=${KRAMERS_LINK:-1}")
        text = self.script("aurora", "--nodes", "3")
        self.lists(text, "--cpu-bind=list:1-8:9-16:17-24:25-32:33-40:41-48:53-60:61-68:69-76:77-84:85-92:93-100",
                   "mpiexec -n 36 --ppn 12", "export OMP_NUM_THREADS=8\n", "export MPIR_CVAR_ENABLE_GPU=0\n")

    def test_flux_warns_the_step(self):
        text = self.script("tuolumne", "--nodes", "2")
        self.lists(text, "#flux: --nodes=2\n", "#flux: --queue=pbatch\n", "#flux: --setattr=bank=acc\n", "#flux: --time-limit=60m\n",
                   "flux run --exclusive --nodes=2 --tasks-per-node=4 --time-limit=3540s --signal=SIGUSR1@60s",
                   "export OMP_NUM_THREADS=21\n", "/p/lustre5/$USER/kramers/in", 'flux batch "$script"')

    def test_the_first_partition_that_has_the_nodes(self):
        self.lists(self.script("polaris", "--nodes", "1"), "#PBS -q debug\n")
        self.lists(self.script("polaris", "--nodes", "20"), "#PBS -q prod\n")

    def test_device_memory_in_messages_is_asked_for(self):
        self.lists(self.script("alps-daint"), "export MPICH_GPU_SUPPORT_ENABLED=0\n", "#SBATCH --gpus-per-task=1\n")
        self.lists(self.script("alps-daint", "--gpu-aware"), "export MPICH_GPU_SUPPORT_ENABLED=1\n")

    def test_modules_of_ones_own(self):
        (self.folder / "bin/mine.sh").write_text("module load mine/1\n")
        text = self.script("vt-falcon-l40s", "--env", "bin/mine.sh")
        self.lists(text, "module load mine/1\n")
        self.assertNotIn("foss", text)

    def test_outputs_are_where_it_runs_and_inputs_where_they_are(self):
        text = self.script("frontier", "--run-folder", "x y", command=(options.program, "in.toml", "--output", "out.h5"))
        self.lists(text, f"mkdir -p '{self.folder}/x y'", f" {self.folder}/in.toml --output out.h5)")

    def test_a_program_of_others_is_not_begun_again_unless_told(self):
        again = 'sbatch "$script"'
        self.lists(self.script("frontier"), again + " $((link + 1))", "program+=(--resume)", "link >= 100")
        self.assertNotIn(again, self.script("frontier", "--max-jobs", "1"))
        other = self.program("other", "exit 138")
        self.assertNotIn(again, self.script("frontier", command=(other,)))
        self.lists(self.script("frontier", "--max-jobs", "3", command=(other,)), again, "link >= 3")

    def test_ranks_of_another_build_on_the_same_nodes(self):
        self.program("other", "true")
        other = f"{self.folder}/bin/other"
        text = self.script("perlmutter-gpu", "--nodes", "2", "--beside", "other", "--beside-ranks", "12")
        self.sound(text)
        self.lists(text, "#SBATCH --ntasks-per-node=16\n", "#SBATCH --cpus-per-task=8\n", "export OMP_NUM_THREADS=4\n",
                   "if ((SLURM_LOCALID < 4)); then export CUDA_VISIBLE_DEVICES=$((3 - SLURM_LOCALID)); exec \"$@\"; fi; "
                   f"shift; exec {other} \"$@\"'", 'bash -c "$each_rank" rank)')
        text = self.script("polaris", "--beside", "other")
        self.sound(text)
        self.lists(text, "mpiexec -n 5 --ppn 5", "if ((PMI_LOCAL_RANK < 4)); then")

    def test_ranks_of_another_build_on_other_nodes(self):
        self.program("other", "true")
        text = self.script("perlmutter-gpu", "--nodes", "2", "--beside", "other", "--beside-machine", "perlmutter-cpu",
                           "--beside-nodes", "3")
        self.sound(text)
        first, second = text.split("#SBATCH hetjob\n")
        self.lists(first, "#SBATCH --nodes=2\n", "#SBATCH --ntasks-per-node=4\n", "#SBATCH --constraint=gpu\n", "--signal=B:USR1@120\n")
        self.lists(second, "#SBATCH --nodes=3\n", "#SBATCH --ntasks-per-node=16\n", "#SBATCH --constraint=cpu\n",
                   "launch=(srun --het-group=0 --cpus-per-task=32 --cpu-bind=cores bash -c",
                   "beside=(: --het-group=1 --cpus-per-task=16 --cpu-bind=cores env OMP_NUM_THREADS=8 ",
                   f" {self.folder}/bin/other)", '"${launch[@]}" "${program[@]}" "${beside[@]}" "${program[@]:1}" &')
        self.assertNotIn("SRUN_CPUS_PER_TASK", text)
        self.lists(self.script("lumi-c", "--beside", "other", "--beside-machine", "lumi-g"), "beside=(: --het-group=1 "
                   "--cpu-bind=mask_cpu:7e000000000000,".replace("--cpu-bind=mask_cpu", "'--cpu-bind=mask_cpu"))

    def test_a_machine_of_ones_own(self):
        about = SOURCES / "cmake/presets/README.md"
        example = re.search(r"```json\n(.*?)```", about.read_text(), re.DOTALL)[1]
        (self.folder / "bin/mine.json").write_text(example)
        self.lists(self.script("bin/mine.json", "--nodes", "2"), "#SBATCH --partition=short\n", "launch=(srun")

    def test_the_pages_are_those_of_the_files(self):
        ran = subprocess.run([sys.executable, "-B", SOURCES / "cmake/presets/pages.py", "--check"], capture_output=True, text=True)
        self.assertEqual((ran.returncode, ran.stdout), (0, ""))


class Refused(Folder):
    def command(self):
        return ("--", options.program, "in.toml")

    def test_command_line(self):
        on = ("frontier",)
        self.refused(64, "the machine perlmuter-gpu is not known; did you mean perlmutter-gpu", "perlmuter-gpu", *self.command())
        self.refused(64, "the machine daint is not known; did you mean alps-daint", "daint", *self.command())
        self.refused(64, "invalid --partition: got bach; expected one of batch on frontier; did you mean batch",
                     *on, "--partition=bach", *self.command())
        self.refused(64, "invalid --partition: got x; it has none on workstation", "workstation", "--partition", "x", *self.command())
        self.refused(64, "invalid --nodes: got 257; expected at most 256 in the partition pbatch of tuolumne",
                     "tuolumne", "--nodes", "257", *self.command())
        self.refused(64, "invalid --nodes: got 2; expected at least 10 in the partition prod of polaris",
                     "polaris", "--nodes", "2", "--partition", "prod", *self.command())
        self.refused(64, "invalid --nodes: got 2; expected at most 1 on workstation", "workstation", "--nodes=2", *self.command())
        for number in ("0", "-1", "two", "1.5", ""):
            self.refused(64, "invalid --nodes: got .*; expected a whole number", *on, f"--nodes={number}", *self.command())
        for span in ("4", "0:04:00", "1:60:00", "soon", "0", "60m"):
            self.refused(64, "invalid --time: got .*; expected", *on, "--time", span, *self.command())
        self.refused(64, "invalid --time: got 2:00:00; expected at most 60 minutes in the partition pdebug",
                     "tuolumne", "--partition", "pdebug", "--time", "2:00:00", *self.command())
        self.refused(64, "invalid --ranks-per-node: got 9; expected at most 8 on frontier", *on, "--ranks-per-node", "9", *self.command())
        self.refused(64, "invalid --ranks-per-node: got 13; expected at most 12 on aurora", "aurora", "--ranks-per-node", "13", *self.command())
        self.refused(64, "invalid --account: got none; expected one on frontier", *on, *self.command())
        self.refused(64, "invalid --account: got a;b; expected letters", *on, "--account", "a;b", *self.command())
        self.refused(64, "invalid --beside-ranks: got one without --beside", *on, "--account=a", "--beside-ranks", "2", *self.command())
        self.refused(64, "invalid --beside-nodes: got one without --beside-machine", "lumi-c", "--account=a", "--beside", "true",
                     "--beside-nodes", "2", *self.command())
        self.refused(64, "invalid --beside: got ranks on the same nodes; expected --beside-machine on frontier", *on,
                     "--account=a", "--beside", "true", *self.command())
        self.refused(64, "invalid --beside-machine: got polaris; expected two machines of Slurm", *on, "--account=a", "--beside",
                     "true", "--beside-machine", "polaris", *self.command())
        self.refused(64, "invalid --ranks-per-node: got 13; expected at most 12 on aurora", "aurora", "--account=a", "--beside", "true",
                     *self.command())
        self.refused(65, "no-such-program: there is no such program", "lumi-c", "--account=a", "--beside", "no-such-program",
                     *self.command())
        self.refused(64, "invalid --gpu-aware: no switch", "lumi-c", "--gpu-aware", *self.command())
        self.refused(64, "unknown option --node; did you mean --nodes", *on, "--node", "2", *self.command())
        self.refused(64, "invalid --nodes: got nothing", *on, "--nodes")
        self.refused(64, "invalid MACHINE: got none", *self.command())
        self.refused(64, "invalid PROGRAM: got none", *on)

    def test_inputs(self):
        on = ("workstation", "--dry-run", "--")
        self.refused(65, "no-such-program: there is no such program", *on, "no-such-program")
        self.refused(65, "none.toml: there is no such file", *on, options.program, "none.toml")
        self.refused(65, "none.json: cannot be read", "none.json", *on[1:], options.program, "in.toml")
        (self.folder / "bin/bad.json").write_text("{}")
        self.refused(65, "bin/bad.json: is no file of presets", "bin/bad.json", *on[1:], options.program, "in.toml")

    def test_no_scheduler(self):
        bare = f"{self.folder}/bin"
        shutil.copy(shutil.which("true"), f"{bare}/program")
        for machine, command in (("lumi-c", "sbatch"), ("aurora", "qsub"), ("tuolumne", "flux")):
            self.refused(65, f"there is no {command} on this machine; start on a login node of {machine}",
                         machine, "--account", "a", "--", "program", PATH=bare)

    def test_a_scheduler_that_refuses(self):
        self.program("sbatch", "echo no >&2; exit 1")
        ran = self.launch("lumi-c", "--account", "a", *self.command())
        self.assertEqual(ran.returncode, 1)
        self.assertRegex(ran.stderr, "no\nkramers-launch: sbatch refused the job; its message is above, and the script is .*in.job.sh")

    def test_help_and_version(self):
        self.assertIn("kramers-launch MACHINE [OPTIONS] -- PROGRAM", self.launch("--help").stdout)
        self.assertRegex(self.launch("--version").stdout, r"^kramers-launch \d+\.\d+\.\d+\n$")


class Here(Folder):
    """On this machine, without a scheduler; and with one that only notes what it was given."""

    def test_runs_and_ends_as_the_program(self):
        ran = self.launch("workstation", "--", options.program, "in.toml", "--output", "out.h5", "--quiet")
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertTrue((self.folder / "out.h5").is_file())
        self.assertTrue((self.folder / "in.job.sh").is_file())
        fails = self.program("fails", "exit 3")
        self.assertEqual(self.launch("workstation", "--", fails).returncode, 3)

    def test_two_builds_in_one_job(self):
        self.program("mpirun", "while [[ $1 != bash ]]; do shift; done",
                     'for OMPI_COMM_WORLD_LOCAL_RANK in 0 1 2; do export OMPI_COMM_WORLD_LOCAL_RANK; "$@"; done')
        gpu = self.program("gpu", 'echo "gpu $OMPI_COMM_WORLD_LOCAL_RANK $*" >> ran')
        self.program("cpu", 'echo "cpu $OMPI_COMM_WORLD_LOCAL_RANK $*" >> ran')
        facts = {"node": "one", "cores": 4, "partitions": {}, "ranks_per_node": 1}
        (self.folder / "mine.json").write_text(json.dumps({
            "vendor": {"kramers/1.0": {"title": "Mine", "scheduler": "none"}},
            "configurePresets": [{"name": "mine", "vendor": {"kramers/1.0": facts}}]}))
        ran = self.launch("./mine.json", "--beside", "cpu", "--beside-ranks", "2", "--", gpu, "in.toml", "a b")
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertEqual((self.folder / "ran").read_text(), f"gpu 0 {self.folder}/in.toml a b\n"
                         f"cpu 1 {self.folder}/in.toml a b\ncpu 2 {self.folder}/in.toml a b\n")

    def test_a_script_that_stands_there_is_kept(self):
        (self.folder / "in.job.sh").write_text("mine")
        self.assertEqual(self.launch("workstation", "--", options.program, "in.toml", "--quiet").returncode, 0)
        self.assertEqual((self.folder / "in.job.sh").read_text(), "mine")
        self.assertTrue((self.folder / "in-2.job.sh").is_file())

    def test_an_interruption_is_a_checkpoint_and_leaves_nothing_running(self):
        waits = self.program("waits", "echo $$ > pid", "trap 'kill $!; exit 138' USR1", "sleep 3210 & wait")
        process = subprocess.Popen([sys.executable, "-B", LAUNCH, "workstation", "--", waits], cwd=self.folder,
                                   stderr=subprocess.PIPE, text=True)
        pid = self.folder / "pid"
        while not pid.is_file() or not pid.read_text():
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        self.assertEqual(process.returncode, 138)
        with self.assertRaises(ProcessLookupError):
            os.kill(int(pid.read_text()), 0)

    def chain(self, *statuses, words=()):
        """What a run calls, where its jobs end with these: a scheduler that runs each at once."""
        self.program("sbatch", 'echo "job ${2:-1}" >> calls', 'bash "$@"', 'echo "ended $?" >> calls')
        self.program("srun", 'exec "${@:2}"')
        self.program("kramers-classify", f"codes=({' '.join(map(str, statuses))})",
                     "before=$(grep -c run calls)", 'echo "run $*" >> calls', 'exit "${codes[before]}"')
        ran = self.launch("lumi-c", "--account", "a", "--run-folder", ".", *words, "--", "kramers-classify", SLURM_CPUS_PER_TASK="1")
        return ran, (self.folder / "calls").read_text().split("\n")[:-1]

    def test_goes_on_until_done(self):
        ran, calls = self.chain(138, 138, 0)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertEqual(calls, ["job 1", "run ", "job 2", "run --resume", "job 3", "run --resume", "ended 0", "ended 0", "ended 0"])

    def test_a_failure_ends_it(self):
        self.assertEqual(self.chain(138, 65)[1], ["job 1", "run ", "job 2", "run --resume", "ended 65", "ended 0"])

    def test_no_more_jobs_than_allowed(self):
        ran, calls = self.chain(138, 138, 138, words=("--max-jobs", "2"))
        self.assertEqual(calls, ["job 1", "run ", "job 2", "run --resume", "ended 138", "ended 0"])
        self.assertIn("stopped after 2 jobs (--max-jobs), with a checkpoint in", ran.stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *unittest_words], verbosity=2)

# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A Slurm of one node on this machine, in a folder and on ports of its own, for as long as a test."""
import contextlib
import os
from pathlib import Path
import secrets
import shutil
import socket
import subprocess
import sys
import time

PROGRAMS = ("slurmctld", "slurmd", "sbatch", "srun", "scancel", "scontrol")
SKIPPED = 77


def enclosed():
    """Run this program again where the end of its first process ends all others, or exit with a sentence."""
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    missing = [name for name in PROGRAMS if shutil.which(name, path=path) is None]
    if missing:
        print(f"skipped: Slurm is not installed ({', '.join(missing)} missing)")
        sys.exit(SKIPPED)
    if "KRAMERS_ENCLOSED" in os.environ:
        return
    words = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if os.geteuid() != 0:
        words.insert(1, "--map-root-user")
    if subprocess.run([*words, "true"], capture_output=True).returncode != 0:
        print("skipped: this machine allows no namespaces, without which processes of Slurm could stay behind")
        sys.exit(SKIPPED)
    os.environ.update(KRAMERS_ENCLOSED="1", PATH=path)
    sys.exit(subprocess.run([*words, sys.executable, "-B", *sys.argv]).returncode)


def free_ports(number):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


class Slurm:
    def __init__(self, folder, cpus):
        self.folder = Path(folder)
        for name in ("state", "spool"):
            (self.folder / name).mkdir()
        host, (control, node) = socket.gethostname().split(".")[0], free_ports(2)
        user = "root"  # of the namespace
        (self.folder / "slurm.key").write_bytes(secrets.token_bytes(1024))
        (self.folder / "slurm.key").chmod(0o600)
        (self.folder / "cgroup.conf").write_text("CgroupPlugin=disabled\n")
        (self.folder / "slurm.conf").write_text(f"""ClusterName=kramers
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={control}
SlurmdPort={node}
AuthType=auth/slurm
CredType=auth/slurm
SlurmUser={user}
SlurmdUser={user}
StateSaveLocation={self.folder}/state
SlurmdSpoolDir={self.folder}/spool
SlurmctldPidFile={self.folder}/slurmctld.pid
SlurmdPidFile={self.folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,sched_interval=1
MpiDefault=pmix
ReturnToService=2
KillWait=2
NodeName=node1 NodeHostname={host} NodeAddr=127.0.0.1 CPUs={cpus} State=UNKNOWN
PartitionName=short Nodes=node1 Default=YES MaxTime=60 State=UP OverSubscribe=FORCE:4
""")
        self.environment = {**os.environ, "SLURM_CONF": str(self.folder / "slurm.conf")}
        self.daemons = [self.start("slurmctld", "-D", "-i"), self.start("slurmd", "-D", "-N", "node1")]
        self.wait_for(lambda: "idle" in self.run("sinfo", "-h", "-o", "%T").stdout, "a node that is idle", 30)

    def start(self, *words):
        with open(self.folder / f"{words[0]}.log", "w") as log:
            return subprocess.Popen(words, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def run(self, *words, **more):
        return subprocess.run(words, env=self.environment, capture_output=True, text=True, timeout=120, **more)

    def wait_for(self, condition, what, seconds):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                logs = "".join(path.read_text()[-2000:] for path in sorted(self.folder.glob("*.log")))
                raise TimeoutError(f"no {what} in {seconds} s\n{self.run('squeue').stdout}\n{logs}")
            time.sleep(0.1)

    def jobs(self):
        """Ids of the jobs that are not over."""
        return self.run("squeue", "-h", "-o", "%i", "--sort=i").stdout.split()

    def state(self, job):
        return self.run("squeue", "-h", "-j", job, "-o", "%T").stdout.strip()

    def stop(self):
        self.run("scancel", "--user=root", "--signal=KILL", "--full")
        for daemon in reversed(self.daemons):
            daemon.kill()
            daemon.wait()

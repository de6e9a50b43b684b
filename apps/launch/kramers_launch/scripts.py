# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Job scripts: what a scheduler is asked for, how ranks are started, and how a run goes on in the next job."""
import shlex
from dataclasses import dataclass

from kramers_launch.version import version

# Seconds before the end of a job at which its ranks are told to write their checkpoints; Slurm may be a minute early.
WARNING = 120
LOCAL_RANK = {"srun": "SLURM_LOCALID", "mpiexec": "PMI_LOCAL_RANK", "flux": "FLUX_TASK_LOCAL_ID",
              "mpirun": "OMPI_COMM_WORLD_LOCAL_RANK"}
SUBMIT = {"slurm": ["sbatch"], "pbs": ["qsub"], "flux": ["flux", "batch"]}


@dataclass
class Component:
    """What another build of the program runs on: the same nodes, or nodes of its own."""
    machine: dict
    program: str
    nodes: int = 0  # 0: those of the first
    ranks_per_node: int = 0
    cores_per_rank: int = 0
    partition: str = ""
    account: str = ""


@dataclass
class Job:
    """One run of a program, which may take several jobs after one another."""
    machine: dict
    name: str
    command: list
    folder: str  # a shell expression, quoted
    script: str  # where the script stands, for the next job
    nodes: int
    ranks_per_node: int
    cores_per_rank: int
    minutes: int
    partition: str
    account: str
    gpu_aware: bool
    max_jobs: int  # 1 where the program cannot go on
    beside: Component = None
    beside_ranks: int = 0  # of those of each node, the last

    @property
    def ranks(self):
        return self.nodes * self.ranks_per_node


def launcher(job):
    """Which program starts the ranks; empty for one process on this machine."""
    scheduler = job.machine["scheduler"]
    if scheduler == "none" and job.ranks == 1:
        return ""
    usual = {"slurm": "srun", "pbs": "mpiexec", "flux": "flux", "none": "mpirun"}[scheduler]
    return job.machine.get("launcher", usual)


def on_other_nodes(job):
    return job.beside is not None and job.beside.nodes > 0


def clock(minutes):
    return f"{minutes // 60:02}:{minutes % 60:02}:00"


def slurm_nodes(part, minutes):
    """What Slurm is asked for, for a job or for a component of it."""
    facts = part.machine
    asked = facts["partitions"].get(part.partition, {}).get("options",
                                                            [f"--partition={part.partition}"] if part.partition else [])
    lines = [f"--nodes={part.nodes}", f"--ntasks-per-node={part.ranks_per_node}"]
    if "cpu_bind" not in facts:
        lines.append(f"--cpus-per-task={part.cores_per_rank * facts.get('hardware_threads', 1)}")
    lines += [f"--time={clock(minutes)}", *asked, *facts.get("options", [])]
    return lines + ([f"--account={part.account}"] if part.account else [])


def directives(job):
    """The lines that ask the scheduler for nodes."""
    facts = job.machine
    partition = facts["partitions"].get(job.partition, {})
    options = list(facts.get("options", []))
    if facts["scheduler"] == "slurm":
        lines = [f"--job-name={job.name}", *slurm_nodes(job, job.minutes)]
        # The warning goes to this script alone, which hands it on; a job that is stopped is not begun again by Slurm.
        lines += [f"--signal=B:USR1@{WARNING}", "--no-requeue", "--output=%x-%j.log"]
        if on_other_nodes(job):
            lines += ["hetjob", *slurm_nodes(job.beside, job.minutes)]
        return [f"#SBATCH {line}" for line in lines]
    if facts["scheduler"] == "pbs":
        asked = partition.get("options", [f"-q {job.partition}"])
        lines = [f"-N {job.name}", f"-l select={job.nodes}{facts.get('select', '')}", f"-l walltime={clock(job.minutes)}"]
        lines += [*asked, *options, *([f"-A {job.account}"] if job.account else []), "-j oe", "-r n"]
        return [f"#PBS {line}" for line in lines]
    if facts["scheduler"] == "flux":
        asked = partition.get("options", [f"--queue={job.partition}"])
        lines = [f"--job-name={job.name}", f"--nodes={job.nodes}", f"--time-limit={job.minutes}m", *asked, *options]
        lines += [f"--setattr=bank={job.account}"] if job.account else []
        return [f"#flux: {line}" for line in [*lines, f"--output={job.name}-{{{{id}}}}.log"]]
    return []


def cores_words(part):
    """What srun is told where the job has components, of which each has its own SLURM_CPUS_PER_TASK_HET_GROUP_N."""
    if "cpu_bind" in part.machine:
        return []
    return [f"--cpus-per-task={part.cores_per_rank * part.machine.get('hardware_threads', 1)}"]


def launch_words(job):
    """The words before the program."""
    facts, program, options = job.machine, launcher(job), list(job.machine.get("launch_options", []))
    bind = facts.get("cpu_bind", [])[:job.ranks_per_node]
    if program == "srun":
        return ["srun", *(["--het-group=0", *cores_words(job)] if on_other_nodes(job) else []), *([f"--cpu-bind=mask_cpu:{','.join(bind)}"] if bind else []), *options]
    if program == "mpiexec":
        place = ([f"--cpu-bind=list:{':'.join(bind)}"] if bind else [f"--depth={job.cores_per_rank}", "--cpu-bind=depth"])
        return ["mpiexec", "-n", str(job.ranks), "--ppn", str(job.ranks_per_node), *place, *options]
    if program == "flux":
        # The step ends a minute before the job, so that the next one can be submitted.
        seconds = 60 * job.minutes - 60
        return ["flux", "run", *options, f"--nodes={job.nodes}", f"--tasks-per-node={job.ranks_per_node}",
                f"--time-limit={seconds}s", f"--signal=SIGUSR1@{WARNING - 60}s"]
    if program == "mpirun":
        place = (["--map-by", f"ppr:{job.ranks_per_node}:node:PE={job.cores_per_rank}", "--bind-to", "core"]
                 if facts.get("bind") else [])
        return ["mpirun", "-n", str(job.ranks), *place, *options]
    return []


def clock_words(job):
    """PBS warns nobody: a clock of our own does."""
    if job.machine["scheduler"] != "pbs":
        return []
    return ["timeout", "--foreground", "--preserve-status", "--signal=USR1", str(60 * job.minutes - WARNING)]


def own_gpu(job):
    """The shell line that shows a rank its GPU, where neither scheduler nor run-time library does."""
    facts = job.machine
    if facts.get("gpu_order") not in ("same", "reverse"):
        return ""
    gpu, ranks = LOCAL_RANK[launcher(job)], job.ranks_per_node - job.beside_ranks
    if ranks != facts["gpus"]:
        gpu = f"{gpu} * {facts['gpus']} / {ranks}"
    if facts["gpu_order"] == "reverse":
        gpu = f"{facts['gpus'] - 1} - {gpu}"
    return f"export {facts['gpu_variable']}=$(({gpu}))"


def each_rank(job):
    """The shell line that becomes the program of a rank: its GPU, or another build; empty where all are alike."""
    first = own_gpu(job)
    line = f'{first}; exec "$@"' if first else 'exec "$@"'
    if job.beside_ranks == 0:
        return line if first else ""
    last = f'shift; exec {shlex.quote(job.beside.program)} "$@"'
    return f"if (({LOCAL_RANK[launcher(job)]} < {job.ranks_per_node - job.beside_ranks})); then {line}; fi; {last}"


def beside_words(job):
    """What follows the program, for ranks on other nodes: the words of srun and of the other build."""
    other = job.beside
    bind = other.machine.get("cpu_bind", [])[:other.ranks_per_node]
    place = [f"--cpu-bind=mask_cpu:{','.join(bind)}"] if bind else []
    values = {"OMP_NUM_THREADS": str(other.cores_per_rank), **other.machine.get("environment", {})}
    if "gpu_aware" in other.machine:
        values[other.machine["gpu_aware"]] = "0"
    return [":", "--het-group=1", *cores_words(other), *place, *other.machine.get("launch_options", []), "env",
            *(f"{name}={value}" for name, value in values.items()), other.program]


def environment(job):
    """What the script exports."""
    facts = job.machine
    values = {"OMP_NUM_THREADS": str(job.cores_per_rank), **facts.get("environment", {})}
    if "gpu_aware" in facts:
        values[facts["gpu_aware"]] = "1" if job.gpu_aware else "0"
    lines = [f"export {name}={shlex.quote(value)}" for name, value in values.items()]
    if launcher(job) == "srun" and "cpu_bind" not in facts and not on_other_nodes(job):
        lines.append("export SRUN_CPUS_PER_TASK=$SLURM_CPUS_PER_TASK  # srun no longer takes it from sbatch")
    return lines


def words(of):
    """Words of an array of bash, where a comma may look like a mistake."""
    return " ".join(f"'{word}'" if "," in word and shlex.quote(word) == word else shlex.quote(word) for word in of)


def next_job(job):
    """What happens after a checkpoint."""
    if job.machine["scheduler"] == "none":
        return ["echo \"stopped with a checkpoint in $PWD: the same command with --resume goes on\" >&2"]
    # As a word where there may be one: sites may keep variables from jobs.
    submit = {"slurm": "sbatch \"$script\" $((link + 1))", "pbs": "qsub -v \"KRAMERS_LINK=$((link + 1))\" \"$script\"",
              "flux": "flux batch \"$script\" $((link + 1))"}[job.machine["scheduler"]]
    if job.max_jobs == 1:
        return ["echo \"stopped at the time limit, in $PWD\" >&2"]
    return [f"if ((link >= {job.max_jobs})); then",
            f"  echo \"stopped after {job.max_jobs} jobs (--max-jobs), with a checkpoint in $PWD\" >&2",
            "  exit $status",
            "fi",
            f"script={shlex.quote(job.script)}",
            f"{submit} || exit 1",
            "status=0  # of this job, which has done its part"]


def script(job):
    """The whole text."""
    facts, each, chained = job.machine, each_rank(job), job.max_jobs > 1 and job.machine["scheduler"] != "none"
    link = "${KRAMERS_LINK:-1}" if facts["scheduler"] == "pbs" else "${1:-1}"
    handed = "TERM" if facts["scheduler"] == "flux" else "USR1"  # flux run warns the ranks itself
    lines = ["#!/bin/bash -l" if facts["scheduler"] != "none" else "#!/bin/bash", *directives(job),
             f"# Written by kramers-launch {version()} for {facts['name']} ({facts['title']}).",
             *([f"link={link}  # which job of the run this is"] if chained else [])]
    if facts["environment_script"]:
        lines += ["", "# Modules.", facts["environment_script"].rstrip("\n")]
    lines += ["", *environment(job),
              f"mkdir -p {job.folder} && cd {job.folder} || exit 1", ""]
    if each:
        why = "The first ranks of a node run this build, the others another one." if job.beside_ranks else \
              "Each rank sees its GPU alone."
        lines += [f"# {why}", f"# shellcheck disable=SC2016\neach_rank={shlex.quote(each)}"]
    before = clock_words(job) + launch_words(job)
    alone = 'bash -c "$each_rank" rank' if each else ""
    lines.append(f"launch=({' '.join(part for part in (words(before), alone) if part)})")
    lines.append(f"program=({words(job.command)})")
    if chained and "--resume" not in job.command:
        lines.append("((link == 1)) || program+=(--resume)")
    both = ""
    if on_other_nodes(job):
        lines += ["# The other component of the job runs another build.", f"beside=({words(beside_words(job))})"]
        both = " \"${beside[@]}\" \"${program[@]:1}\""
    lines += ["",
              "# SIGUSR1 makes the ranks write a checkpoint and end with 138. The scheduler sends it before the time limit;",
              "# who ends the job before means it, so that no other is submitted.",
              "ranks='' stop=''",
              f"trap '[[ ! $ranks ]] || kill -{handed} \"$ranks\"' USR1",
              f"trap 'stop=yes; [[ ! $ranks ]] || kill -{handed} \"$ranks\"' TERM INT",
              f"\"${{launch[@]}}\" \"${{program[@]}}\"{both} &",
              "ranks=$!",
              "wait \"$ranks\"",
              "while kill -0 \"$ranks\" 2> /dev/null; do wait \"$ranks\"; done",
              "wait \"$ranks\"",
              "status=$?",
              "if ((status == 138)) && [[ ! $stop ]]; then",
              *("  " + line for line in next_job(job)),
              "fi",
              "exit $status"]
    return "\n".join(lines) + "\n"

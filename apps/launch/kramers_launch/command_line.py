# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The command line: which machine, how much of it, and what runs there."""
import difflib
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from kramers_launch import machines, scripts
from kramers_launch.errors import BadInput, LaunchError, UsageError
from kramers_launch.version import version

# Option -> (metavar, what it is); what has no metavar is a switch.
OPTIONS = {
    "--help": (None, "print this help and exit"),
    "--version": (None, "print the version and exit"),
    "--list": (None, "name the machines that are known"),
    "--nodes": ("N", "nodes (default: 1)"),
    "--ranks-per-node": ("R", "ranks on each node (default: as is best there)"),
    "--partition": ("P", "partition or queue (default: the first that has so many nodes)"),
    "--time": ("T", "limit of each job: minutes, H:MM:SS or D-H:MM:SS (default: 60)"),
    "--account": ("A", "account, project or bank that pays"),
    "--name": ("NAME", "name of the job (default: that of the input)"),
    "--run-folder": ("DIR", "where it runs (default: the machine's scratch, kramers/NAME)"),
    "--env": ("FILE", "shell lines that load modules, instead of the machine's"),
    "--max-jobs": ("N", "jobs after one another, until it is done (default: 100; of a program of\n"
                   "others, which must know --resume and end with 138 on SIGUSR1: 1)"),
    "--beside": ("PROGRAM", "the same program of another build, for more ranks of the same job (hybrid)"),
    "--beside-ranks": ("R", "its ranks on each node, beside the others (default: 1)"),
    "--beside-machine": ("M", "its ranks run on nodes of their own, of this machine (Slurm)"),
    "--beside-nodes": ("N", "so many nodes (default: 1)"),
    "--gpu-aware": (None, "let MPI take device memory, which the solvers on grids then send"),
    "--dry-run": (None, "show the script, submit and write nothing"),
}
EXIT_CODES = "0 submitted or done, 1 failure, 64 wrong command line, 65 wrong input or a machine\nthat lacks the scheduler."
RESUMABLE = ("kramers-langevin", "kramers-classify", "kramers-jacobi", "kramers-channel", "kramers-cg")
OUTPUTS = ("--output", "--summary", "--model")  # options whose files the run makes
SHORTEST = 5  # minutes: a warning, a checkpoint and the next job take two


def help_text():
    width = 30
    lines = []
    for name, (metavar, meaning) in OPTIONS.items():
        left = f"  {name}{' ' + metavar if metavar else ''}"
        lines.append(f"{left:{width}}" + meaning.replace("\n", "\n" + " " * width))
    return ("Run a program of kramers on a machine by a job script, and go on until it is done.\n\n"
            "Usage: kramers-launch MACHINE [OPTIONS] -- PROGRAM ARGUMENTS\n\n"
            "Positionals:\n"
            f"{'  MACHINE':{width}}name of a preset, or a file NAME.json that describes a machine\n"
            f"{'  PROGRAM ARGUMENTS':{width}}what to run, as kramers-langevin input.toml --output out.h5\n\n"
            "Options:\n" + "\n".join(lines) + f"\n\nExit codes: {EXIT_CODES}\n")


def parse(arguments):
    """The machine, the options as a dictionary, the command."""
    own, command = arguments, []
    if "--" in arguments:
        split = arguments.index("--")
        own, command = arguments[:split], arguments[split + 1:]
    options, names, at = {}, [], 0
    while at < len(own):
        word, equals, value = own[at].partition("=") if own[at].startswith("--") else (own[at], "", "")
        at += 1
        if not word.startswith("-"):
            names.append(word)
            continue
        word = {"-h": "--help", "-N": "--nodes"}.get(word, word)
        if word not in OPTIONS:
            near = difflib.get_close_matches(word, OPTIONS, 1)
            raise UsageError(f"unknown option {word}" + (f"; did you mean {near[0]}?" if near else "")
                             + " (kramers-launch --help lists the options)")
        if OPTIONS[word][0] is None:
            if equals:
                raise UsageError(f"invalid {word}: got {value}; expected no value")
            options[word] = True
            continue
        if not equals:
            if at == len(own):
                raise UsageError(f"invalid {word}: got nothing; expected {OPTIONS[word][0]}")
            value, at = own[at], at + 1
        options[word] = value
    if {"--help", "--version", "--list"} & options.keys():
        return "", options, command
    if len(names) != 1:
        raise UsageError(f"invalid MACHINE: got {' '.join(names) or 'none'}; expected one name before -- PROGRAM "
                         "(kramers-launch --list names them)")
    if not command:
        raise UsageError("invalid PROGRAM: got none; expected -- and the program with its arguments, as "
                         f"kramers-launch {names[0]} -- kramers-langevin input.toml")
    return names[0], options, command


def count(options, name, default):
    text = options.get(name, str(default))
    if not re.fullmatch("[1-9][0-9]{0,5}", text):
        raise UsageError(f"invalid {name}: got {text}; expected a whole number from 1 on")
    return int(text)


def plain(options, name, default):
    """A word that may stand in a script and in the name of a folder."""
    text = options.get(name, default)
    if text and not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}", text):
        raise UsageError(f"invalid {name}: got {text}; expected letters, digits, _, . and -")
    return text


def minutes_of(text):
    found = re.fullmatch(r"(?:(?:(\d{1,3})-)?(\d{1,3}):([0-5]\d):([0-5]\d))|(\d{1,6})", text)
    if not found:
        raise UsageError(f"invalid --time: got {text}; expected minutes, H:MM:SS or D-H:MM:SS")
    days, hours, minutes, seconds, alone = (int(part or 0) for part in found.groups())
    total = alone or 1440 * days + 60 * hours + minutes + (seconds > 0)
    if total < SHORTEST:
        raise UsageError(f"invalid --time: got {text}; expected at least {SHORTEST} minutes")
    return total


def physical_cores():
    """Cores that this process may use, of which several hardware threads are one."""
    usable = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    siblings = Path("/sys/devices/system/cpu")
    cores = set()
    for cpu in usable:
        try:
            cores.add((siblings / f"cpu{cpu}/topology/thread_siblings_list").read_text())
        except OSError:
            cores.add(cpu)
    return len(cores)


def cores_per_rank(facts, ranks):
    """Threads of a rank, or UsageError where so many ranks have no place."""
    most, why = 0, ""
    if "cpu_bind" in facts:
        most, why = len(facts["cpu_bind"]), "that many places are known there"
    elif facts.get("gpu_order") == "scheduler":
        most, why = facts["gpus"], "each rank is given a GPU of its own"
    cores = facts.get("cores") or physical_cores()
    if not most:
        most, why = cores, "one per core"
    if ranks > most:
        raise UsageError(f"invalid --ranks-per-node: got {ranks}; expected at most {most} on {facts['name']}: {why}")
    return facts.get("cores_per_rank") or cores // ranks


def partition_of(facts, options, nodes):
    """Its name and its limit of minutes, checked against what is asked."""
    known = facts["partitions"]
    fitting = [name for name, limits in known.items() if limits.get("fewest", 1) <= nodes <= limits.get("nodes", nodes)]
    name = options.get("--partition", (fitting or list(known) or [""])[0])
    if name and name not in known:
        near = difflib.get_close_matches(name, known, 1)
        listed = f"expected one of {', '.join(known)}" if known else "it has none"
        raise UsageError(f"invalid --partition: got {name}; {listed} on {facts['name']}"
                         + (f"; did you mean {near[0]}?" if near else ""))
    limits = known.get(name, {})
    most, fewest = limits.get("nodes"), limits.get("fewest", 1)
    if facts["scheduler"] == "none":
        most = 1
    if most and nodes > most or nodes < fewest:
        where = f"in the partition {name} of {facts['name']}" if name else f"on {facts['name']}, which has no scheduler"
        asked = f"at most {most}" if nodes >= fewest else f"at least {fewest}"
        raise UsageError(f"invalid --nodes: got {nodes}; expected {asked} {where}")
    return name, limits.get("minutes")


def program_of(path):
    program = shutil.which(path)
    if program is None:
        raise BadInput(f"{path}: there is no such program; give its path, or put its folder into PATH")
    return os.path.abspath(program)


def command_of(command):
    """The command as a job can run it from another folder: program and inputs by their whole paths."""
    absolute = [program_of(command[0])]
    for before, word in zip(command, command[1:]):
        path = Path(word)
        if before not in OUTPUTS and not word.startswith("-") and path.suffix in (".toml", ".h5", ".safetensors"):
            if not path.is_file():
                raise BadInput(f"{word}: there is no such file")
            word = os.path.abspath(word)
        absolute.append(word)
    return absolute


def default_name(command):
    inputs = [Path(word).stem for word in command[1:] if word.endswith((".toml", ".h5"))]
    name = re.sub(r"[^A-Za-z0-9_.-]", "_", (inputs or [Path(command[0]).name])[0])
    return name if re.match("[A-Za-z0-9_]", name) else "_" + name


def folder_of(facts, options, name, account):
    """Where the job runs, as a shell word."""
    if "--run-folder" in options:
        return shlex.quote(os.path.abspath(options["--run-folder"]))
    scratch = facts.get("scratch")
    if not scratch:
        return shlex.quote(os.getcwd())
    if "{account}" in scratch and not account:
        raise UsageError(f"invalid --account: got none; expected one on {facts['name']}, whose scratch folders are those of "
                         "accounts; or name a folder with --run-folder")
    return f'"{scratch.replace("{account}", account)}/kramers/{name}"'


def beside_of(options, facts, minutes, account):
    """What runs beside the first program: its ranks on each node, or nodes of its own (scripts.Component); or neither."""
    alone = [name for name in ("--beside-ranks", "--beside-machine", "--beside-nodes") if name in options]
    if "--beside" not in options:
        if alone:
            raise UsageError(f"invalid {alone[0]}: got one without --beside; expected --beside PROGRAM, which runs there")
        return 0, None
    program = program_of(options["--beside"])
    if "--beside-machine" not in options:
        if "--beside-nodes" in options:
            raise UsageError("invalid --beside-nodes: got one without --beside-machine; expected the machine of these nodes")
        if facts.get("gpu_order") == "scheduler":
            raise UsageError(f"invalid --beside: got ranks on the same nodes; expected --beside-machine on {facts['name']}, whose "
                             "scheduler gives each rank a GPU of its own")
        return count(options, "--beside-ranks", 1), scripts.Component(facts, program)
    other = machines.machine(options["--beside-machine"])
    if facts["scheduler"] != "slurm" or other["scheduler"] != "slurm":
        raise UsageError(f"invalid --beside-machine: got {other['name']}; expected two machines of Slurm, which alone has jobs over "
                         "nodes of two kinds; --beside-ranks uses the same nodes")
    nodes = count(options, "--beside-nodes", 1)
    partition, longest = partition_of(other, {}, nodes)
    if longest and minutes > longest:
        raise UsageError(f"invalid --time: got {minutes} minutes; expected at most {longest} in the partition {partition} of "
                         f"{other['name']}")
    ranks = count(options, "--beside-ranks", other["ranks_per_node"])
    return 0, scripts.Component(other, program, nodes, ranks, cores_per_rank(other, ranks), partition, account)


def job_of(machine, options, command):
    facts = machines.machine(machine)
    if "--env" in options:
        facts["env"] = options["--env"]
        facts["environment_script"] = machines.environment_script(Path("x"), facts)
    nodes = count(options, "--nodes", 1)
    partition, longest = partition_of(facts, options, nodes)
    ranks = count(options, "--ranks-per-node", facts["ranks_per_node"])
    minutes = minutes_of(options.get("--time", str(min(60, longest or 60))))
    if longest and minutes > longest:
        raise UsageError(f"invalid --time: got {options['--time']}; expected at most {longest} minutes in the partition "
                         f"{partition} of {facts['name']}")
    if "--gpu-aware" in options and "gpu_aware" not in facts:
        raise UsageError(f"invalid --gpu-aware: no switch of MPI is known on {facts['name']}; set it in a file for --env")
    account = plain(options, "--account", "")
    beside_ranks, beside = beside_of(options, facts, minutes, account)
    ranks += beside_ranks
    cores = cores_per_rank(facts, ranks)
    command = command_of(command)
    most_jobs = count(options, "--max-jobs", 100 if Path(command[0]).name in RESUMABLE else 1)
    name = plain(options, "--name", default_name(command))
    folder = folder_of(facts, options, name, account)
    return scripts.Job(facts, name, command, folder, script_name(name), nodes, ranks, cores, minutes, partition, account,
                       "--gpu-aware" in options, most_jobs, beside, beside_ranks)


def script_name(name):
    """A name that is free: the jobs of a run read their script until it is done."""
    number, path = 1, Path(f"{name}.job.sh")
    while path.exists() or path.is_symlink():
        number += 1
        path = Path(f"{name}-{number}.job.sh")
    return os.path.abspath(path)


def submit(job):
    """Write the script and give it to the scheduler, or to bash where there is none."""
    scheduler = job.machine["scheduler"]
    words = scripts.SUBMIT.get(scheduler, ["bash"])
    needed = [words[0]] + (["mpirun"] if scheduler == "none" and job.ranks > 1 else [])
    for program in needed:
        if shutil.which(program) is None:
            raise BadInput(f"there is no {program} on this machine; start on a login node of {job.machine['name']}, or look at "
                           "the script with --dry-run")
    try:
        with open(job.script, "x", encoding="utf-8") as file:
            file.write(scripts.script(job))
    except OSError as error:
        raise LaunchError(f"{job.script}: cannot be written: {error.strerror}") from None
    if scheduler == "none":
        os.execvp("bash", ["bash", job.script])
    if subprocess.run([*words, job.script]).returncode != 0:
        raise LaunchError(f"{words[0]} refused the job; its message is above, and the script is {job.script}")


def main(arguments):
    """Run the program; returns its exit code."""
    try:
        machine, options, command = parse(arguments)
        if "--help" in options:
            print(help_text(), end="")
        elif "--version" in options:
            print(f"kramers-launch {version()}")
        elif "--list" in options:
            known = machines.all_machines()
            width = max(map(len, known))
            for name, facts in known.items():
                print(f"{name:{width}}  {facts['scheduler']:5}  {facts['node']}")
        else:
            job = job_of(machine, options, command)
            if "--dry-run" in options:
                print(scripts.script(job), end="")
            else:
                submit(job)
        sys.stdout.flush()
    except LaunchError as error:
        print(f"kramers-launch: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:  # the reader has left
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0

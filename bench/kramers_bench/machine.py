# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What machine this is, and how busy: whatever decides whether two results may be compared."""

import hashlib
import json
import os
import pathlib
import re


def _read(path):
    try:
        return pathlib.Path(path).read_text().strip()
    except OSError:
        return ""


def _cpu():
    """Names and numbers of the first processor; cloud machines leave the number out of the name."""
    text = _read("/proc/cpuinfo").split("\n\n")[0]
    fields = dict(re.findall(r"^([^\t:]+)\s*: ?(.*)$", text, re.MULTILINE))
    names = {"model name": "name", "cpu family": "family", "model": "model", "stepping": "stepping"}
    return {ours: fields.get(theirs, "unknown").strip() for theirs, ours in names.items()}


def _caches():
    found = []
    for folder in sorted(pathlib.Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        found.append({name: _read(folder / name) for name in ("level", "type", "size", "shared_cpu_list")})
    return found


def _quota():
    """Processors that the control group grants, or nothing."""
    words = _read("/sys/fs/cgroup/cpu.max").split()
    return int(words[0]) / int(words[1]) if len(words) == 2 and words[0].isdigit() else None


def describe():
    cpus = sorted(os.sched_getaffinity(0))
    return {
        "cpu": _cpu(),
        "allowed_cpus": cpus,
        "quota_cpus": _quota(),
        "numa_nodes": len(list(pathlib.Path("/sys/devices/system/node").glob("node[0-9]*"))),
        "caches": _caches(),
        "governor": _read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor") or "unknown",
        "kernel": os.uname().release,
        "hypervisor": "hypervisor" in _read("/proc/cpuinfo"),
        "environment": {name: value for name, value in sorted(os.environ.items()) if name.startswith("OMP_")},
    }


def load():
    return list(os.getloadavg())


def key(about, device=""):
    """Short name of what must be equal for two results to be of one machine: `device` as the programs describe it."""
    identity = [about["cpu"], len(about["allowed_cpus"]), about["quota_cpus"], about["numa_nodes"], device]
    digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:10]
    name = re.sub(r"[^a-z0-9]+", "-", about["cpu"]["name"].lower()).strip("-")[:24]
    return f"{name}-{len(about['allowed_cpus'])}c-{digest}"

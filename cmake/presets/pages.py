#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes a page beside each file of machines, from what the file says.

usage: pages.py [--check]

--check writes nothing and fails where a page is out of date.
"""

import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "apps/launch"), str(HERE.parent)]
import written_files  # noqa: E402
from kramers_launch import machines, scripts  # noqa: E402


def presets_of(path: pathlib.Path) -> dict:
    """Configure presets of a file and of what it includes, by name."""
    content = json.loads(path.read_text())
    found = {}
    for name in content.get("include", []):
        found.update(presets_of(path.parent / name))
    found.update((preset["name"], preset) for preset in content.get("configurePresets", []))
    return found


def inherited(presets: dict, name: str) -> tuple:
    """Cache variables and facts of a preset: its own first, then those of what it inherits, from left to right."""
    preset = presets[name]
    cache, facts = dict(preset.get("cacheVariables", {})), dict(preset.get("vendor", {}).get(machines.VENDOR, {}))
    for parent in preset.get("inherits", []):
        more_cache, more_facts = inherited(presets, parent)
        cache, facts = {**more_cache, **cache}, {**more_facts, **facts}
    return cache, facts


def kokkos_options(cache: dict, facts: dict) -> list:
    backend = cache["KRAMERS_BACKEND"]
    options = [f"Kokkos_ENABLE_{backend}=ON"] + (["Kokkos_ENABLE_SERIAL=ON"] if backend != "SERIAL" else [])
    archs = [cache.get("KRAMERS_GPU_ARCH"), facts.get("kokkos_host", "NATIVE")]
    options += [f"Kokkos_ARCH_{arch}=ON" for arch in archs if arch]
    compiler = {"CUDA": "$PWD/kokkos/bin/nvcc_wrapper"}.get(backend, cache.get("CMAKE_CXX_COMPILER"))
    return ([f"CMAKE_CXX_COMPILER={compiler}"] if compiler else []) + options


def wrapped(words: list, joint: str = " \\\n  ") -> str:
    lines = [words[0]]
    for word in words[1:]:
        if len(lines[-1]) + len(word) < 105:
            lines[-1] += " " + word
        else:
            lines.append(word)
    return joint.join(lines)


def section(name: str, facts: dict, presets: dict) -> str:
    cache, more = inherited(presets, name)
    job = scripts.Job(facts, "NAME", [], "", "", 1, facts["ranks_per_node"], facts.get("cores_per_rank")
                      or facts.get("cores", 1) // facts["ranks_per_node"], 60, next(iter(facts["partitions"]), ""), "ACCOUNT",
                      False, 1)
    text = f"\n## {name}\n{facts['node']}. "
    if "env" in facts:
        text += f"Modules: `{facts['env']}`. "
    if facts["partitions"]:
        known = [f"`{partition}`" + (f" (nodes: {limits.get('fewest', 1)} to {limits['nodes']})" if "nodes" in limits else "")
                 for partition, limits in facts["partitions"].items()]
        text += f"Partitions: {', '.join(known)}. "
    text = text.rstrip() + "\n"
    text += "```\n"
    if "env" in facts:
        text += f"source cmake/presets/machines/{facts['env']}\n"
    if cache["KRAMERS_BACKEND"] == "CUDA" and cache.get("CMAKE_CXX_COMPILER"):
        text += f"export NVCC_WRAPPER_DEFAULT_COMPILER={cache['CMAKE_CXX_COMPILER']}\n"
    kokkos = [f"-D{option}" for option in kokkos_options(cache, more)]
    text += wrapped(["cmake", "-S", "kokkos", "-B", f"kokkos/{name}", "-DCMAKE_CXX_STANDARD=20", *kokkos,
                     f"-DCMAKE_INSTALL_PREFIX=$HOME/kokkos-{name}"]) + "\n"
    text += f"cmake --build kokkos/{name} --target install -j 8\n"
    text += f"cmake --preset {name} -DCMAKE_PREFIX_PATH=$HOME/kokkos-{name} && cmake --build --preset {name}\n```\n"
    launch = scripts.launch_words(job)
    if launch:
        gpu = scripts.each_rank(job)
        text += "Ranks on one node are started by\n```\n"
        text += " ".join(launch) + (f" bash -c '{gpu}' rank" if gpu else "") + " PROGRAM\n```\n"
    return text


def page(path: pathlib.Path) -> str:
    found, presets = machines.read(path), presets_of(path)
    common = json.loads(path.read_text())["vendor"][machines.VENDOR]
    text = f"# {common['title']}\nWritten by `cmake/presets/pages.py` from `{path.name}`. Collected on {common['collected']} from public "
    text += "documentation; nothing was\nrun there, unless `cmake/presets/README.md` says so. Sites move: compare versions with `module avail`.\n"
    for note in common.get("notes", []):
        text += f"\n- {note}"
    text += "\n\nNot verified:\n" + "".join(f"- {thing}\n" for thing in common["unverified"])
    for name, facts in found.items():
        text += section(name, facts, presets)
    return text + "\n## Sources\n" + "".join(f"- {source}\n" for source in common["sources"])


def main() -> int:
    texts = {path.with_suffix(".md"): page(path) for path in sorted(machines.folder().glob("*.json"))}
    return written_files.settle(texts, "python3 cmake/presets/pages.py")


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Device compilers meet only what they survive: no source that is compiled for a GPU includes a library of the host alone.

usage: sources.py BUILD_FOLDER

Reads the commands and the dependencies that Ninja recorded for a build or a device check.
"""

import pathlib
import re
import subprocess
import sys

HOST_ALONE = re.compile(r"/(toml\+\+/|nlohmann/json\.hpp|CLI/|(hdf5|H5\w+|mpi|hwloc)\.h)")


def ninja(folder: str, tool: str) -> str:
    return subprocess.run(["ninja", "-C", folder, "-t", tool], capture_output=True, text=True, check=True).stdout


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    folder = sys.argv[1]
    for_device = set()
    for command in ninja(folder, "commands").splitlines():
        words = command.split()
        if "-DKOKKOS_DEPENDENCE" in words and "-c" in words:
            for_device.add(words[words.index("-o") + 1])
    known, wrong = 0, []
    for block in ninja(folder, "deps").split("\n\n"):
        lines = block.strip().splitlines()
        target = lines[0].split(":")[0] if lines else ""
        if target in for_device:
            known += 1
            wrong += [f"{target} includes {line.strip()}" for line in lines[1:] if HOST_ALONE.search(line)]
    print("\n".join(wrong))
    print(f"{known} of {len(for_device)} sources for the device looked at in {pathlib.Path(folder).name}")
    return 1 if wrong or known == 0 or known < len(for_device) else 0


if __name__ == "__main__":
    sys.exit(main())

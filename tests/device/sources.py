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

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "cmake" / "device_check"))
from kernels import device_objects

HOST_ALONE = re.compile(r"/(toml\+\+/|nlohmann/json\.hpp|CLI/|(hdf5|H5\w+|mpi|hwloc)\.h)")


def included(folder: pathlib.Path) -> dict[str, list[str]]:
    """What each object of a build included when it was compiled last."""
    text = subprocess.run(["ninja", "-C", str(folder), "-t", "deps"], capture_output=True, text=True, check=True).stdout
    blocks = [block.strip().splitlines() for block in text.split("\n\n") if block.strip()]
    return {lines[0].split(":")[0]: [line.strip() for line in lines[1:]] for lines in blocks}


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    folder = pathlib.Path(sys.argv[1])
    headers = included(folder)
    objects = device_objects(folder)
    unknown = [name for name in objects if name not in headers]
    wrong = [f"{name} includes {header}" for name in objects for header in headers.get(name, []) if HOST_ALONE.search(header)]
    print("\n".join(wrong + [f"{name} is not built" for name in unknown]))
    print(f"{len(objects)} objects for the device in {folder}")
    return 1 if wrong or unknown or not objects else 0


if __name__ == "__main__":
    sys.exit(main())

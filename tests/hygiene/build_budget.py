#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fails where a build has more to compile than its budget: counts, not times, so that a busy machine changes nothing.

usage: build_budget.py BUILD_FOLDER PRESET [--record]

Counts the translation units that Ninja has compiled in the folder and adds up the sizes of all files that each of them
read (its sources and headers, from Ninja's record of dependencies, but for those that are precompiled): what the
preprocessor hands to the compiler, within a factor that does not change from commit to commit. The ceilings stand in build_budget.json beside this script; --record
writes those of a preset anew, 5 % above what was found. Whoever raises one says why in the commit.
"""

import json
import math
import pathlib
import subprocess
import sys

CEILINGS = pathlib.Path(__file__).with_name("build_budget.json")


def measure(folder: pathlib.Path) -> dict[str, int]:
    """Translation units of a build folder and the megabytes they read."""
    listing = subprocess.run(["ninja", "-C", folder, "-t", "deps"], check=True, capture_output=True, text=True).stdout
    sizes: dict[str, int] = {}
    units = total = 0
    in_unit = False
    for line in listing.splitlines():
        if not line.startswith(" "):
            # The check of headers compiles one more unit per header, as a test and not with the build.
            in_unit = ".o:" in line and "header_checks" not in line and "VALID" in line
            units += in_unit
        elif in_unit:
            name = line.strip()
            if name not in sizes:
                path = folder / name
                sizes[name] = path.stat().st_size if path.is_file() else 0
            total += sizes[name]
    return {"units": units, "megabytes": math.ceil(total / 1e6)}


def main() -> int:
    folder, preset = pathlib.Path(sys.argv[1]), sys.argv[2]
    found = measure(folder)
    ceilings = json.loads(CEILINGS.read_text())
    if "--record" in sys.argv:
        ceilings[preset] = {name: math.ceil(1.05 * value) for name, value in found.items()}
        CEILINGS.write_text(json.dumps(ceilings, indent=2, sort_keys=True) + "\n")
        return 0
    if preset not in ceilings:
        print(f"skipped: no budget is recorded for the preset {preset}")
        return 77
    over = [f"{found[name]} {name}, the budget is {most}" for name, most in ceilings[preset].items() if found[name] > most]
    print(f"{preset}: {found['units']} translation units read {found['megabytes']} MB")
    for line in over:
        print(f"over budget: {line}; make it cheaper, or raise {CEILINGS.name} and say why")
    return 1 if over or found["units"] == 0 else 0


if __name__ == "__main__":
    sys.exit(main())

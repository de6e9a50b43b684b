#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the builds of this checkout cost: minutes of compiler time per preset and the dearest targets of all.

usage: build_report.py BUILD_FOLDER...

Reads the logs of Ninja. A target counts with the time of its last build, which is short where a compiler cache had it.
"""

import pathlib
import sys


def targets(folder: pathlib.Path) -> dict[str, float]:
    """Seconds that each output of a build took when it was last made."""
    seconds = {}
    for line in (folder / ".ninja_log").read_text().splitlines():
        parts = line.split("\t")
        # Custom commands are logged twice, the second time by their absolute path.
        if len(parts) == 5 and not line.startswith("#") and not parts[3].startswith("/"):
            seconds[parts[3]] = (int(parts[1]) - int(parts[0])) / 1000
    return seconds


def main() -> int:
    folders = [pathlib.Path(name) for name in sys.argv[1:]]
    logs = {folder.name: targets(folder) for folder in folders if (folder / ".ninja_log").is_file()}
    if not logs:
        print("no build folders with a log of Ninja", file=sys.stderr)
        return 1
    print(f"{'preset':<12} {'objects':>8} {'minutes of one core':>20}")
    for preset, seconds in logs.items():
        objects = sum(name.endswith(".o") for name in seconds)
        print(f"{preset:<12} {objects:>8} {sum(seconds.values()) / 60:>20.1f}")
    dearest = sorted(((time, preset, name) for preset, log in logs.items() for name, time in log.items()), reverse=True)
    print("the dearest targets:")
    for time, preset, name in dearest[:10]:
        print(f"  {time:6.1f} s  {preset:<10} {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the tables of keys in the programs' READMEs from what the programs answer to --keys.

usage: key_tables.py CHECKOUT BIN [--check]

A table stands between "<!-- PROGRAM WORD... --keys PREFIX... -->" and "<!-- end of keys -->"; without a PREFIX it has all
keys. --check writes nothing and fails where a table is out of date, or where a key of a program stands in none.
"""

import pathlib
import re
import subprocess
import sys

BLOCK = re.compile(r"<!-- (kramers-[^\n]*?) --keys(.*?) -->\n.*?<!-- end of keys -->", re.S)


def keys_of(bin_folder: pathlib.Path, command: str) -> list:
    """Rows of key, type, default, unit and meaning."""
    program, *words = command.split()
    answer = subprocess.run([bin_folder / program, *words, "--keys"], capture_output=True, text=True, check=True)
    rows = [re.split(r" {2,}", line, maxsplit=4) for line in answer.stdout.splitlines()]
    assert rows[0] == ["key", "type", "default", "unit", "meaning"], rows[0]
    return rows[1:]


def table(rows: list) -> str:
    lines = ["| key | type | default | unit | meaning |", "|---|---|---|---|---|"]
    for key, kind, fallback, unit, meaning in rows:
        lines.append(f"| `{key}` | {kind} | {fallback} | {'' if unit == '-' else unit} | {meaning} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    checkout, bin_folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    stale, shown, known = [], set(), {}
    for readme in sorted((checkout / "apps").glob("*/README.md")):
        def replace(match):
            command, prefixes = match[1], tuple(match[2].split()) or ("",)
            rows = known.setdefault(command, keys_of(bin_folder, command))
            chosen = [row for row in rows if row[0].startswith(prefixes)]
            shown.update(row[0] for row in chosen)
            return f"<!-- {command} --keys{match[2]} -->\n{table(chosen)}<!-- end of keys -->"

        old = readme.read_text()
        new = BLOCK.sub(replace, old)
        if new != old:
            stale.append(readme.relative_to(checkout).as_posix())
            if "--check" not in sys.argv:
                readme.write_text(new)
    missing = sorted({row[0] for rows in known.values() for row in rows} - shown)
    if missing:
        print("keys that stand in no README:", *missing)
    if "--check" in sys.argv and stale:
        print("out of date, run python3 apps/key_tables.py . build/openmp/bin:", *stale)
    return 1 if missing or not known or ("--check" in sys.argv and stale) else 0


if __name__ == "__main__":
    sys.exit(main())

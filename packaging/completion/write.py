#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the completions of bash and zsh beside itself, from what the programs answer to --help.

usage: write.py BIN [--check]

--check writes nothing and fails where a completion is out of date.
"""

import pathlib
import re
import subprocess
import sys

PROGRAMS = ("kramers-classify", "kramers-langevin", "kramers-launch", "kramers-rare", "kramers-spread", "kramers-topo")
# Those that nothing builds.
SCRIPTS = {"kramers-launch": pathlib.Path(__file__).resolve().parents[2] / "apps/launch/kramers-launch"}
HEAD = "# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception\n# Written by packaging/completion/write.py.\n"


def words(*command) -> tuple:
    """Options and commands of a program."""
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    options = sorted(set(re.findall(r"^ +(?:-\w, ?)?(--[a-z-]+)", text, re.M)))
    commands = re.findall(r"^  ([a-z-]+) {2,}", text.partition("\nSubcommands:\n")[2], re.M)
    return options, commands


def lists(bin_folder: pathlib.Path) -> dict:
    """"PROGRAM" or "PROGRAM COMMAND" -> what may follow."""
    found = {}
    for program in PROGRAMS:
        options, commands = words(SCRIPTS.get(program, bin_folder / program), "--help")
        found[program] = commands + options
        for command in commands:
            found[f"{program} {command}"] = words(bin_folder / program, command, "--help")[0]
    return found


def bash(found: dict) -> str:
    def cases(names, indent):
        return "".join(f"{indent}'{name}') words='{' '.join(found[name])}' ;;\n" for name in names)

    return HEAD + f"""# shellcheck shell=bash
_kramers() {{
  local program=${{COMP_WORDS[0]##*/}} current=${{COMP_WORDS[COMP_CWORD]}} words=''
  COMPREPLY=()
  case $program in
{cases(PROGRAMS, "    ")}  esac
  case "$program ${{COMP_WORDS[1]}}" in
{cases((name for name in found if " " in name), "    ")}  esac
  if [[ $current == -* || ($COMP_CWORD -eq 1 && $words != --*) ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  fi
}}
complete -o default -o bashdefault -F _kramers {' '.join(PROGRAMS)}
"""


def zsh(found: dict) -> str:
    table = "".join(f"    '{name}' '{' '.join(follow)}'\n" for name, follow in found.items())
    return f"#compdef {' '.join(PROGRAMS)}\n" + HEAD + f"""_kramers() {{
  local -A follow=(
{table}  )
  local program=${{words[1]:t}}
  local known=${{follow["$program ${{words[2]}}"]:-${{follow[$program]}}}}
  if [[ $PREFIX == -* || ($CURRENT -eq 2 && $known != --*) ]]; then
    compadd -- ${{=known}}
  else
    _files
  fi
}}
_kramers "$@"
"""


def main() -> int:
    folder, bin_folder = pathlib.Path(__file__).parent, pathlib.Path(sys.argv[1])
    found, stale = lists(bin_folder), []
    for name, text in (("kramers.bash", bash(found)), ("_kramers", zsh(found))):
        path = folder / name
        if path.is_file() and path.read_text() == text:
            continue
        stale.append(name)
        if "--check" not in sys.argv:
            path.write_text(text)
    if "--check" in sys.argv and stale:
        print("out of date, run python3 packaging/completion/write.py build/openmp/bin:", *stale)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

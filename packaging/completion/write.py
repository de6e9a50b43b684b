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

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "cmake"), str(ROOT / "packaging")]
import programs  # noqa: E402
import written_files  # noqa: E402

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
    for program, path in programs.paths(bin_folder).items():
        options, commands = words(path, "--help")
        found[program] = commands + options
        for command in commands:
            found[f"{program} {command}"] = words(path, command, "--help")[0]
    return found


def bash(found: dict) -> str:
    def cases(names, indent):
        return "".join(f"{indent}'{name}') words='{' '.join(found[name])}' ;;\n" for name in names)

    return HEAD + f"""# shellcheck shell=bash
_kramers() {{
  local program=${{COMP_WORDS[0]##*/}} current=${{COMP_WORDS[COMP_CWORD]}} words=''
  COMPREPLY=()
  case $program in
{cases(programs.NAMES, "    ")}  esac
  case "$program ${{COMP_WORDS[1]}}" in
{cases((name for name in found if " " in name), "    ")}  esac
  if [[ $current == -* || ($COMP_CWORD -eq 1 && $words != --*) ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  fi
}}
complete -o default -o bashdefault -F _kramers {' '.join(programs.NAMES)}
"""


def zsh(found: dict) -> str:
    table = "".join(f"    '{name}' '{' '.join(follow)}'\n" for name, follow in found.items())
    return f"#compdef {' '.join(programs.NAMES)}\n" + HEAD + f"""_kramers() {{
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
    folder, found = pathlib.Path(__file__).parent, lists(pathlib.Path(sys.argv[1]))
    texts = {folder / "kramers.bash": bash(found), folder / "_kramers": zsh(found)}
    return written_files.settle(texts, "python3 packaging/completion/write.py build/openmp/bin")


if __name__ == "__main__":
    sys.exit(main())

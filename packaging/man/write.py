#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the manual pages beside itself, from what the programs answer to --help.

usage: write.py BIN [--check]

--check writes nothing and fails where a page is out of date.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "cmake"), str(ROOT / "packaging")]
import programs  # noqa: E402
import written_files  # noqa: E402

HEAD = '.\\" SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception\n.\\" Written by packaging/man/write.py.\n'
# What differs between builds of one source.
BUILT = ((r"--space NAME \[\w+\]", "--space NAME"), (r"where to run: .*", "where to run: serial, openmp, cuda or hip, as built"))


def help_of(*command) -> dict:
    """The sections of a help: "" for what is said first, "Usage", "Options", "Exit codes", ..."""
    text = subprocess.run([*command, "--help"], capture_output=True, text=True, check=True).stdout
    for built, everywhere in BUILT:
        text = re.sub(built, everywhere, text)
    sections, name = {"": []}, ""
    for line in text.splitlines():
        title = re.match(r"([A-Z][a-z ]+):(?: (.*))?$", line)
        if title:
            name = title[1]
            sections[name] = [title[2]] if title[2] else []
        elif line:
            sections[name].append(line)
    return sections


def roff(text: str) -> str:
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text.startswith((".", "'")) else text


def items(lines: list) -> str:
    """Lines "  NAME    meaning", of which those further to the right go on."""
    text = ""
    for line in lines:
        name, _, meaning = line.strip().partition("  ")
        if line.startswith("   "):
            text += f"{roff(line.strip())}\n"
        else:
            text += f".TP\n.B {roff(name.replace(',', ', '))}\n" + (f"{roff(meaning.strip())}\n" if meaning else "")
    return text


def options(sections: dict) -> str:
    return items(sections.get("Positionals", []) + sections.get("Options", []))


def page(program: pathlib.Path) -> str:
    name, told = program.name, help_of(program)
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    commands = [line.split()[0] for line in told.get("Subcommands", [])]
    helps = {command: help_of(program, command) for command in commands}
    usages = [helps[command]["Usage"][0] for command in commands] or told["Usage"]
    synopsis = "\n.br\n".join(f".B {roff(usage)}" for usage in usages)
    text = HEAD + f'.TH {name.upper()} 1 "" "kramers {version}" "kramers"\n'
    summary = re.split(r"(?<=\.) ", " ".join(told[""]))[0].rstrip(".")
    text += f".SH NAME\n{name} \\- {roff(summary)}\n.SH SYNOPSIS\n{synopsis}\n"
    text += f".SH DESCRIPTION\n{roff(' '.join(told['']))}\n"
    text += "The folder of the program in the sources has a README with the physics, the keys of inputs and the files.\n"
    text += f".SH OPTIONS\n{options(told)}"
    if "Figures" in told:
        text += f".SH FIGURES\n{items(told['Figures'])}"
    if commands:
        text += ".SH COMMANDS\n"
    for command in commands:
        text += f".SS {command}\n{roff(' '.join(helps[command]['']))}\n{options(helps[command])}"
    codes = re.sub(r"(?:^|, )(\d+(?: \+ n)?) ", r"\n\1  ", " ".join(told["Exit codes"]).rstrip(".")).strip()
    text += f".SH EXIT STATUS\n{items([f'  {code}' for code in codes.splitlines()])}"
    others = ",\n".join(f".BR {roff(other)} (1)" for other in programs.NAMES if other != name)
    return text + f".SH SEE ALSO\n{others}\n"


def main() -> int:
    folder, bin_folder = pathlib.Path(__file__).parent, pathlib.Path(sys.argv[1])
    texts = {folder / f"{program}.1": page(path) for program, path in programs.paths(bin_folder).items()}
    return written_files.settle(texts, "python3 packaging/man/write.py build/openmp/bin")


if __name__ == "__main__":
    sys.exit(main())

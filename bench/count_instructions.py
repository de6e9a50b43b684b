#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Count the instructions in the long straight-line blocks of a kernel, by kind.

usage: count_instructions.py PROGRAM PATTERN...     functions whose demangled name holds every PATTERN
       count_instructions.py build/openmp/bin/langevin_bench AdvanceKernel OpenMP 'DoubleWell<double>'

A hot loop of the engine is one or few such blocks, because lanes and noise blocks are unrolled: the one with square
roots draws the numbers of one group of steps, the ones with multiply-adds and few others do one step.
"""
import collections
import re
import subprocess
import sys

KINDS = [  # the first that matches counts
    ("load/store", re.compile(r"^v?p?mov\w* .*(\[|PTR)")),
    ("move", re.compile(r"^v?(p?mov|broadcast|pbroadcast|extract|insert|perm|pack|punpck|unpck|shuf|pshuf)")),
    ("div/sqrt", re.compile(r"^v(div|sqrt)")),
    ("multiply", re.compile(r"^v(p?mul|f[n]?m)")),
    ("add/shift", re.compile(r"^v(add|sub|ps[lr]|p?min|p?max|cvt|pro[lr])")),
    ("logic", re.compile(r"^v(p?and|p?or|p?xor|ptern|padd|psub|cmp|pcmp|pblend|blend)")),
    ("scalar", re.compile(r"^[^v]")),
]
SHORTEST = 30  # instructions of a block worth showing


def functions(program):
    """Name and instructions (address, text) of each function."""
    listing = subprocess.run(["objdump", "-d", "-C", "-M", "intel", "--no-show-raw-insn", program],
                             capture_output=True, text=True, check=True).stdout
    name, body = None, []
    for line in listing.splitlines():
        if head := re.match(r"^[0-9a-f]+ <(.*)>:$", line):
            if name:
                yield name, body
            name, body = head[1], []
        elif code := re.match(r"^\s+([0-9a-f]+):\s+(.*)$", line):
            body.append((int(code[1], 16), re.sub(r"\s+", " ", code[2])))
    if name:
        yield name, body


def blocks(body):
    """The body cut at jumps and jump targets."""
    jump = re.compile(r"^j\w+ (?:0x)?([0-9a-f]+)\b")
    targets = {int(m[1], 16) for _, text in body if (m := jump.match(text))}
    block = []
    for address, text in body:
        if address in targets and block:
            yield block
            block = []
        block.append((address, text))
        if jump.match(text) or text.startswith("ret"):
            yield block
            block = []
    if block:
        yield block


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    for name, body in functions(sys.argv[1]):
        if not all(pattern in name for pattern in sys.argv[2:]):
            continue
        shown = [b for b in blocks(body) if len(b) >= SHORTEST and sum("zmm" in t or "ymm" in t for _, t in b) > len(b) / 2]
        if shown:
            print(name[:150])
        for block in shown:
            kinds = collections.Counter(next((kind for kind, rule in KINDS if rule.match(text)), "other")
                                        for _, text in block)
            counts = ", ".join(f"{kind} {kinds[kind]}" for kind, _ in KINDS + [("other", None)] if kinds[kind])
            print(f"  {block[0][0]:x}: {len(block)} instructions: {counts}")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Bound the speed of a Langevin step on processors that are not at hand, by llvm-mca's models of their ports.

usage: cpu_bounds.py PROGRAM PATTERN... -- CPU...
       cpu_bounds.py build/openmp/bin/langevin_bench AdvanceKernel 'DoubleWell<double>, 1' -- znver4 sapphirerapids

The function must be a BAOAB kernel of the one-dimensional double well. Its hot blocks are the one that draws Philox
blocks (the only one with widening products), the one that makes normal numbers of them (the only one with square
roots) and the one that steps (nine multiplications per vector). Cycles are those of the busiest port: no latency, no
cache, no front end beyond what the model knows. They are bounds, not measurements.
"""
import re
import subprocess
import sys

from count_instructions import SHORTEST, blocks, functions

MCA = "llvm-mca-19"
MULTIPLICATIONS_OF_A_STEP = 9
CHAINS = 4  # vectors that philox_pairs_wide takes through the rounds together


def cycles(block, cpu):
    """Reciprocal throughput of a block by llvm-mca, in cycles."""
    text = "\n".join(re.sub(r"\s*(#.*|<[^>]*>)", "", line) for _, line in block if not re.match(r"(j|ret|bnd)", line))
    run = subprocess.run([MCA, f"-mcpu={cpu}", "-mtriple=x86_64", "-iterations=100"],
                         input=f".intel_syntax noprefix\n{text}\n", capture_output=True, text=True)
    if run.returncode:
        sys.exit(f"cpu_bounds.py: {MCA} for {cpu}: {run.stderr.strip().splitlines()[0]}")
    return float(re.search(r"Block RThroughput: ([\d.]+)", run.stdout)[1])


def count(block, pattern):
    return sum(1 for _, line in block if re.match(pattern, line))


def parts(body, single):
    """Philox, normals and step of the function: (name, block, walker-steps that one pass of it serves)."""
    found = {}
    for block in blocks(body):
        if len(block) < SHORTEST:
            continue
        products, roots = count(block, r"v?pmuludq"), count(block, r"v?sqrtp[sd]")
        multiplications = count(block, r"v(mul|fn?m(add|sub)\w*)p[sd]")
        width = max((w for w, name in ((64, "zmm"), (32, "ymm"), (16, "xmm")) if any(name in t for _, t in block)),
                    default=0)
        lanes = width // (4 if single else 8)
        if products >= 16 and not roots:
            found["philox"] = (block, CHAINS * (width // 8) * (4 if single else 2))
        elif roots and multiplications >= 20:  # a root makes two normal numbers per lane
            found["normals"] = (block, roots * lanes * 2)
        elif multiplications >= 16 and multiplications % MULTIPLICATIONS_OF_A_STEP == 0 and "step" not in found:
            found["step"] = (block, multiplications // MULTIPLICATIONS_OF_A_STEP * lanes)
    return found


def main(words):
    if "--" not in words or words.index("--") < 2 or words[-1] == "--":
        sys.exit(__doc__.split("\n\n")[1])
    split = words.index("--")
    program, patterns, cpus = words[0], words[1:split], words[split + 1:]
    chosen = [body for name, body in functions(program) if all(p in name for p in patterns)]
    found = parts(max(chosen, key=len), "float" in " ".join(patterns)) if chosen else {}
    if not {"normals", "step"} <= set(found):
        sys.exit(f"cpu_bounds.py: {program} has no kernel with the hot blocks and {' '.join(patterns)} in its name")
    print("| processor | Philox | normals | step | cycles per walker-step | million steps/s per GHz |\n|---|---|---|---|---|---|")
    for cpu in cpus:
        each = [cycles(found[part][0], cpu) / found[part][1] if part in found else 0
                for part in ("philox", "normals", "step")]
        print(f"| {cpu} | " + " | ".join(f"{c:.2f}" for c in each) + f" | {sum(each):.2f} | {1000 / sum(each):.0f} |")


if __name__ == "__main__":
    main(sys.argv[1:])

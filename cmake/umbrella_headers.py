#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the umbrella header of each library, kramers/<library>.hpp: all its public headers, those in detail/ left out.

usage: umbrella_headers.py CHECKOUT [--check]

--check writes nothing and fails where a header is out of date.
"""

import pathlib
import sys

import written_files

LIBRARIES = {
    "base": ("core/base", "errors and files, with the standard library alone"),
    "core": ("core", "what kernels are written with"),
    "runtime": ("core/runtime", "what programs share"),
    "dynamics": ("algorithms/dynamics", "potentials, schemes, ensembles, spread maps, estimators, exact results, studies"),
    "grids": ("algorithms/grids", "fields on regular grids, their halos and sums, and solvers made of them"),
    "ml": ("ml", "dense networks, their trainers and classifiers"),
    "topology": ("topology", "a node's tree, plans for its ranks and verdicts on them"),
}


def umbrella(root: pathlib.Path, library: str, what: str) -> str:
    headers = sorted(path.relative_to(root).as_posix() for path in (root / "kramers" / library).rglob("*.hpp")
                     if "detail" not in path.parts)
    return ("// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception\n#pragma once\n\n"
            f"/// All of kramers::{library}: {what}.\n/// Written by cmake/umbrella_headers.py.\n"
            + "".join(f"#include <{header}>\n" for header in headers))


def main() -> int:
    texts = {}
    for library, (folder, what) in LIBRARIES.items():
        root = pathlib.Path(sys.argv[1]) / folder / "include"
        texts[root / "kramers" / f"{library}.hpp"] = umbrella(root, library, what)
    return written_files.settle(texts, "python3 cmake/umbrella_headers.py .")


if __name__ == "__main__":
    sys.exit(main())

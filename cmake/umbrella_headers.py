#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the umbrella header of each library, kramers/<library>.hpp: all its public headers, those in detail/ left out.

usage: umbrella_headers.py CHECKOUT [--check]

--check writes nothing and fails where a header is out of date.
"""

import pathlib
import sys

LIBRARIES = {
    "base": ("core/base", "errors and files, with the standard library alone"),
    "core": ("core", "what kernels are written with"),
    "runtime": ("core/runtime", "what programs share"),
    "dynamics": ("algorithms/dynamics", "potentials, schemes, ensembles, spread maps, estimators, exact results, studies"),
    "ml": ("ml", "dense networks, their trainers and classifiers"),
    "topology": ("topology", "a node's tree, plans for its ranks and verdicts on them"),
}


def main() -> int:
    checkout, stale = pathlib.Path(sys.argv[1]), []
    for library, (folder, what) in LIBRARIES.items():
        root = checkout / folder / "include"
        headers = sorted(path.relative_to(root).as_posix() for path in (root / "kramers" / library).rglob("*.hpp")
                         if "detail" not in path.parts)
        text = ("// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception\n#pragma once\n\n"
                f"/// All of kramers::{library}: {what}.\n/// Written by cmake/umbrella_headers.py.\n"
                + "".join(f"#include <{header}>\n" for header in headers))
        umbrella = root / "kramers" / f"{library}.hpp"
        if not umbrella.is_file() or umbrella.read_text() != text:
            stale.append(umbrella.relative_to(checkout).as_posix())
            if "--check" not in sys.argv:
                umbrella.write_text(text)
    if "--check" in sys.argv and stale:
        print("out of date, run python3 cmake/umbrella_headers.py .:", *stale)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

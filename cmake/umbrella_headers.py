#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the umbrella header of each library, kramers/<library>.hpp: all its public headers, those in detail/ left out.

usage: umbrella_headers.py CHECKOUT [--check]

--check writes nothing and fails where a header is out of date.
"""

import pathlib
import sys

WHAT = {
    "base": "errors and files, with the standard library alone",
    "core": "what kernels are written with",
    "runtime": "what programs share",
    "dynamics": "potentials, schemes, ensembles, spread maps, estimators, exact results and studies",
    "ml": "dense networks, their trainers and classifiers",
    "topology": "a node's tree, plans for its ranks and verdicts on them",
}


def main() -> int:
    checkout, stale = pathlib.Path(sys.argv[1]), []
    for library, what in WHAT.items():
        folders = [path for path in checkout.glob(f"*/include/kramers/{library}")]
        folders += [path for path in checkout.glob(f"*/*/include/kramers/{library}")]
        root = folders[0].parent.parent
        headers = sorted(path.relative_to(root).as_posix() for path in folders[0].rglob("*.hpp")
                         if "detail" not in path.parts)
        text = ("// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception\n#pragma once\n\n"
                f"/// All of kramers::{library}: {what}. Written by cmake/umbrella_headers.py.\n"
                + "".join(f"#include <{header}>\n" for header in headers))
        umbrella = folders[0].with_suffix(".hpp")
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

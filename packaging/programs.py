# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The programs that are installed with a manual page and completions."""

import pathlib

NAMES = ("kramers-cg", "kramers-channel", "kramers-classify", "kramers-doctor", "kramers-jacobi", "kramers-langevin",
         "kramers-launch", "kramers-plot", "kramers-rare", "kramers-spread", "kramers-topo")
# Those that nothing builds.
APPS = pathlib.Path(__file__).resolve().parents[1] / "apps"
SCRIPTS = {"kramers-launch": APPS / "launch/kramers-launch", "kramers-plot": APPS / "plot/kramers-plot"}


def paths(bin_folder: pathlib.Path) -> dict[str, pathlib.Path]:
    """The file of each program, of a build whose programs are in `bin_folder`."""
    return {name: SCRIPTS.get(name, bin_folder / name) for name in NAMES}

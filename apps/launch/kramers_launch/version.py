# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The version of kramers, which the project command of its root CMakeLists.txt decides."""
import re
from pathlib import Path


def version():
    """What the installation has left beside this file, or else what the source tree says."""
    here = Path(__file__).resolve()
    installed = here.with_name("VERSION")
    if installed.is_file():
        return installed.read_text(encoding="utf-8").strip()
    project = (here.parents[3] / "CMakeLists.txt").read_text(encoding="utf-8")
    return re.search(r"^project\(kramers VERSION ([0-9.]+)", project, re.MULTILINE)[1]

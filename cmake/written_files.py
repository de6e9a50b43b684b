# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What scripts that write committed files share: they write them, or with --check say which are out of date."""

import pathlib
import sys


def settle(texts: dict[pathlib.Path, str], command: str) -> int:
    """Write each text to its path, or with --check on the command line write nothing. The exit code: 1 where --check found
    a file that `command` would change."""
    stale = [path for path, text in texts.items() if not path.is_file() or path.read_text() != text]
    if "--check" in sys.argv:
        if stale:
            print(f"out of date, run {command}:", *(path.name for path in stale))
        return 1 if stale else 0
    for path in stale:
        path.write_text(texts[path])
    return 0

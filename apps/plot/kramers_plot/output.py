# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Files that appear whole or not at all, and texts that a terminal may show."""
import errno
import os
import secrets
import sys
import unicodedata
from contextlib import suppress
from pathlib import Path

from kramers_plot.errors import PlotError


def write_whole(target, content):
    """Replace a file by these bytes, or leave it as it was; a link stays a link, and a pipe or device is written into."""
    place = Path(os.path.realpath(target))
    if place.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    if place.exists() and not place.is_file():
        with place.open("ab", buffering=0) as file:
            file.write(content)
        return
    part = place.with_name(f".{place.name}.{secrets.token_hex(8)}.part")
    try:
        with part.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, place)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def printable(text):
    """The text with what could steer a terminal, control characters and bytes that are no UTF-8, as "\\x1b"."""
    def shown(character):
        code = ord(character)
        if unicodedata.category(character) not in ("Cc", "Cs"):
            return character
        # A byte of a file name that is no UTF-8 comes as a surrogate; the others are characters of up to two bytes.
        codes = [code - 0xdc00] if 0xdc80 <= code <= 0xdcff else character.encode("utf-8", "surrogatepass")
        return "".join(f"\\x{byte:02x}" for byte in codes)
    return "".join(shown(character) for character in str(text))


def tell(text):
    """Print a line, or raise PlotError where it cannot be written."""
    try:
        print(text, flush=True)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python tries again at its end
        if isinstance(error, BrokenPipeError):
            raise
        raise PlotError(f"standard output: cannot be written: {error.strerror}") from None

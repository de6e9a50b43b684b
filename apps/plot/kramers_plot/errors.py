# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What can go wrong, with the exit code that the programs of kramers share."""


class PlotError(Exception):
    """A sentence that names the file and says what to do."""

    exit_code = 1


class UsageError(PlotError):
    """The command line is wrong."""

    exit_code = 64


class BadData(PlotError):
    """There is no such file, or it holds a figure's data in another form than is documented."""

    exit_code = 65

# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What can go wrong, with the exit code that the programs of kramers share."""


class LaunchError(Exception):
    """A sentence that names what is wrong and says what to do."""

    exit_code = 1


class UsageError(LaunchError):
    """The command line is wrong."""

    exit_code = 64


class BadInput(LaunchError):
    """A file, a machine or its scheduler is missing, or is not what it should be."""

    exit_code = 65

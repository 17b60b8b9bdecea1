"""The command line: the only package that prints or exits."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; errors become one message and their exit code."""
    from wizardcoder.cli.app import run

    sys.exit(run(sys.argv[1:]))

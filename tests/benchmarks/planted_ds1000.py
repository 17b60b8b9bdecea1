"""A DS-1000 of a few problems, and an environment to run them on, made up for tests."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from wizardcoder.benchmarks.environment import MODULES, PINS, Environment

#: Code of a problem: `x` is given, the answer is to set `y` to its double.
CONTEXT = '''
exec_context = """
x = 2
[insert]
"""

def test_execution(solution):
    environment = {}
    exec(exec_context.replace("[insert]", solution), environment)
    assert environment["y"] == 4, "y is wrong"
'''
STRING_TEST = '\ndef test_string(solution):\n    assert "for" not in solution\n'


def row(number: int, **changed: object) -> dict[str, object]:
    """A problem as the file has it."""
    return {
        "prompt": "x = 2\n# set y to its double\n",
        "reference_code": "y = 2 * x",
        "code_context": CONTEXT,
        "metadata": {
            "problem_id": number,
            "library": "Numpy" if number % 2 else "Pandas",
            "perturbation_type": "Origin",
        },
        **changed,
    }


def write(folder: Path, *rows: object) -> Path:
    """A file of rows."""
    path = folder / "ds1000.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in rows), encoding="utf-8")
    return path


def environment(
    folder: Path, *, without: tuple[str, ...] = (), files: tuple[str, ...] = ()
) -> Environment:
    """This Python without libraries, said to hold all that is pinned but `without`."""
    python = folder / "bin" / "python"
    python.parent.mkdir(parents=True, exist_ok=True)
    python.unlink(missing_ok=True)
    python.symlink_to(Path(sys.executable).resolve())
    return Environment(
        folder=str(folder),
        python_version="3.10.13",
        versions={pin.package: pin.version for pin in PINS if pin.module not in without},
        modules=tuple(module for module in MODULES if module not in without),
        files=files,
    )

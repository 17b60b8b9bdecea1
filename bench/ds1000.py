"""DS-1000: the fork server with the libraries loaded, against a process for every problem.

    wizardcoder doctor ds1000 --install
    python bench/ds1000.py [--every 10] [--data FILE] [--completions ANSWERS]

Both sides run the same programs (the reference code, or the answers of a file, of every so many-th
problem) on the same environment, one at a time, in turns. The peer is what the official script
does at heart: a new interpreter for each program, unconfined. Ours is confined, and its time
includes starting its zygotes, one for each set of libraries. Prints wall and CPU seconds of whole
process trees, the programs that passed, and the ratios.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from wizardcoder.benchmarks import Benchmark, load
from wizardcoder.evaluate import canonical, evaluate, read_completions
from wizardcoder.records import Completion

_LIMIT_SECONDS = 120.0


class Cost(NamedTuple):
    wall_seconds: float
    cpu_seconds: float
    passed: int


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--every", type=int, default=10, help="take every so many-th problem (10)")
    parser.add_argument("--data", type=Path, default=None, help="the benchmark's file or folder")
    parser.add_argument("--completions", type=Path, default=None, help="answers to run")
    parser.add_argument("--rounds", type=int, default=1, help="how often each side runs (1)")
    options = parser.parse_args()
    benchmark = load("ds1000", options.data)
    sample = _sample(benchmark, options.completions, options.every)
    sides: dict[str, Callable[[], int]] = {
        "a process each": lambda: _processes(benchmark, sample),
        "wizardcoder": lambda: _ours(benchmark, sample),
    }
    costs = {name: [_cost(side)] for name, side in sides.items()}
    for _ in range(options.rounds - 1):
        for name, side in sides.items():
            costs[name].append(_cost(side))
    _show(len(sample), {name: min(found) for name, found in costs.items()})


def _sample(benchmark: Benchmark, file: Path | None, every: int) -> list[Completion]:
    """The completions of every so many-th of the problems that can run here."""
    found = read_completions(file, benchmark).completions if file else canonical(benchmark)
    able = [c for c in found if not benchmark.runtime(benchmark.by_id[c.task_id]).lacks]
    return able[::every]


def _ours(benchmark: Benchmark, sample: Sequence[Completion]) -> int:
    return sum(verdict.passed for verdict in evaluate(benchmark, sample, jobs=1))


def _processes(benchmark: Benchmark, sample: Sequence[Completion]) -> int:
    return sum(_passes(benchmark, completion) for completion in sample)


def _passes(benchmark: Benchmark, completion: Completion) -> bool:
    """Whether the program ends well in an interpreter of its own."""
    problem = benchmark.by_id[completion.task_id]
    runtime = benchmark.runtime(problem)
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run(
                [runtime.python, "-s", "-c", benchmark.assemble(problem, completion.code)],
                cwd=folder,
                env={**os.environ, **one_thread, **dict(runtime.variables)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=_LIMIT_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return False
    return done.returncode == 0


def _cost(side: Callable[[], int]) -> Cost:
    """What a side takes, with all its children."""
    wall, cpu = time.perf_counter(), _cpu_seconds()
    passed = side()
    return Cost(time.perf_counter() - wall, _cpu_seconds() - cpu, passed)


def _cpu_seconds() -> float:
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _show(count: int, costs: dict[str, Cost]) -> None:
    print(f"{count} programs  {'wall s':>12} {'CPU s':>9} {'CPU ms each':>12} {'passed':>7}")
    for name, cost in costs.items():
        each = 1000 * cost.cpu_seconds / count
        print(
            f"  {name:<18} {cost.wall_seconds:>9.1f} {cost.cpu_seconds:>9.1f} {each:>12.1f} "
            f"{cost.passed:>7}"
        )
    peer, ours = costs.values()
    print(
        f"  ratio              {peer.wall_seconds / ours.wall_seconds:>9.1f} "
        f"{peer.cpu_seconds / ours.cpu_seconds:>9.1f}"
    )


if __name__ == "__main__":
    main()

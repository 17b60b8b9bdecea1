"""HumanEval+ judged by evalplus, by this project, and by one bare process, side by side.

    python -m venv peers && peers/bin/pip install evalplus==0.3.1
    python bench/humanevalplus.py --data DATA --peer-python peers/bin/python [--samples FILE]

DATA holds HumanEvalPlus.jsonl.gz. Without --samples the canonical solutions are judged. The floor
is one process that loads the inputs and the expected results, calls every canonical solution on all
of them and compares: no sandbox, no second process. All take turns: once cold, that is without
expected results, then `--rounds` times warm. CPU seconds are those of all processes together,
memory is the largest sum of their PSS.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import pickle
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from wizardcoder import benchmarks
from wizardcoder.evaluate import canonical

_SAMPLING_SECONDS = 0.3


class Usage(NamedTuple):
    """What a command took, all its processes together."""

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int


class Contender(NamedTuple):
    """A command; `passed` reads (base, plus) off its output.

    `results` are what a run leaves, `known` what makes the next one a warm one.
    """

    name: str
    command: Sequence[str]
    environment: dict[str, str]
    results: Path
    known: Path
    passed: Callable[[str], tuple[int, int]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--peer-python", type=Path, required=True)
    parser.add_argument("--samples", type=Path)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--floor", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.floor:
        run_floor(options.data, options.floor)
        return
    with tempfile.TemporaryDirectory() as folder:
        contend(options, Path(folder))


def contend(options: argparse.Namespace, folder: Path) -> None:
    data = benchmarks.humanevalplus.SOURCE
    file = options.data if options.data.is_file() else next(options.data.rglob(data.file))
    samples = folder / "samples.jsonl"
    if options.samples:
        shutil.copyfile(options.samples, samples)
    else:
        write_canonical(samples, file)
    ours = wizardcoder(file, samples, options.jobs, folder / "ours")
    peer = evalplus(file, samples, options.jobs, options.peer_python, folder / "peer")
    floor = bare(file, folder / "floor") if not options.samples else None
    contenders = [ours, peer, *([floor] if floor else [])]
    for temperature, rounds in (("cold", 1), ("warm", options.rounds)):
        usages: dict[str, list[Usage]] = {contender.name: [] for contender in contenders}
        for _ in range(rounds):
            for contender in contenders:
                if temperature == "cold":
                    remove(contender.known)
                usages[contender.name].append(run(contender))
        report(temperature, {name: median(found) for name, found in usages.items()})


def write_canonical(samples: Path, file: Path) -> None:
    found = canonical(benchmarks.load("humanevalplus", file))
    rows = ({"task_id": c.task_id, "completion": c.code} for c in found)
    samples.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")


def wizardcoder(file: Path, samples: Path, jobs: int, folder: Path) -> Contender:
    """This project's command, as anybody would call it."""
    out, cache = folder / "out", folder / "cache"
    command = [sys.executable, "-m", "wizardcoder", "evaluate", "humanevalplus", "--json"]
    options = ["--data", str(file), "--jobs", str(jobs), "--out", str(out)]

    def passed(output: str) -> tuple[int, int]:
        score = json.loads(output.splitlines()[0])
        return score["base"]["passed"], score["passed"]

    return Contender(
        "wizardcoder",
        [*command, *options, "--completions", str(samples)],
        {"XDG_CACHE_HOME": str(cache)},
        out,
        cache,
        passed,
    )


def evalplus(file: Path, samples: Path, jobs: int, python: Path, folder: Path) -> Contender:
    """evalplus as released."""
    result = samples.with_name(f"{samples.stem}_eval_results.json")
    command = [str(python), "-m", "evalplus.evaluate", "--dataset", "humaneval"]
    options = [f"--samples={samples}", f"--parallel={jobs}"]

    def passed(_: str) -> tuple[int, int]:
        rows = [row for found in json.loads(result.read_text())["eval"].values() for row in found]
        base = [row["base_status"] == "pass" for row in rows]
        plus = [b and row["plus_status"] == "pass" for b, row in zip(base, rows, strict=True)]
        return sum(base), sum(plus)

    return Contender(
        "evalplus",
        [*command, *options],
        {"XDG_CACHE_HOME": str(folder / "cache"), "HUMANEVAL_OVERRIDE_PATH": str(file)},
        result,
        folder / "cache",
        passed,
    )


def bare(file: Path, expected: Path) -> Contender:
    """The floor: see `run_floor`."""
    peer = ["--peer-python", sys.executable]
    return Contender(
        "floor",
        [sys.executable, __file__, "--data", str(file), *peer, "--floor", str(expected)],
        {},
        expected.with_name("nothing"),
        expected,
        lambda output: (int(output), int(output)),
    )


def run_floor(file: Path, expected: Path) -> None:
    """Calls every canonical solution on all inputs and compares; prints how many passed."""
    with gzip.open(file) as lines:
        rows = [json.loads(line) for line in lines]
    if not expected.exists():
        known = [list(call_all(row)) for row in rows]
        expected.write_bytes(pickle.dumps(known))
    known = pickle.loads(expected.read_bytes())
    passed = [
        all(result == value for result, value in zip(call_all(row), values, strict=True))
        for row, values in zip(rows, known, strict=True)
    ]
    print(sum(passed))


def call_all(row: dict[str, object]) -> Iterator[object]:
    namespace: dict[str, object] = {}
    exec(f"{row['prompt']}{row['canonical_solution']}", namespace)
    function = namespace[str(row["entry_point"])]
    for inputs in (row["base_input"], row["plus_input"]):
        for arguments in inputs:  # type: ignore[attr-defined]
            yield function(*arguments)  # type: ignore[operator]


def run(contender: Contender) -> Usage:
    """What one run took. Raises CalledProcessError when it fails."""
    remove(contender.results)  # or the run would only read them
    before, began = children_seconds(), time.monotonic()
    process = subprocess.Popen(
        contender.command,
        env=os.environ | contender.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with peak(process.pid) as largest:
        output, _ = process.communicate()
    wall, cpu = time.monotonic() - began, children_seconds() - before
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, contender.command)
    base, plus = contender.passed(output)
    megabytes = largest[0] / 1e6
    print(
        f"  {contender.name:<12} base {base}, plus {plus}: {wall:6.1f} s wall, {cpu:6.1f} CPU-s, "
        f"{megabytes:5.0f} MB",
        flush=True,
    )
    return Usage(wall, cpu, largest[0])


def remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def children_seconds() -> float:
    """CPU seconds of all processes that this one waited for, and theirs."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@contextmanager
def peak(pid: int) -> Iterator[list[int]]:
    """The largest sum of the PSS of a process and its descendants so far, in bytes."""
    largest, done = [0], threading.Event()

    def watch() -> None:
        while not done.wait(_SAMPLING_SECONDS):
            largest[0] = max(largest[0], sum(map(pss, descendants(pid))))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield largest
    finally:
        done.set()
        thread.join()


def descendants(pid: int) -> list[int]:
    found = [pid]
    for process in found:  # grows while it is walked
        try:
            children = Path(f"/proc/{process}/task/{process}/children").read_text()
        except OSError:
            continue
        found += map(int, children.split())
    return found


def pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def median(usages: Sequence[Usage]) -> Usage:
    wall, cpu, largest = (statistics.median(values) for values in zip(*usages, strict=True))
    return Usage(wall, cpu, int(largest))


def report(temperature: str, usages: dict[str, Usage]) -> None:
    ours, peer = usages["wizardcoder"], usages["evalplus"]
    wall, cpu = peer.wall_seconds / ours.wall_seconds, peer.cpu_seconds / ours.cpu_seconds
    memory = peer.peak_bytes / ours.peak_bytes
    print(f"{temperature}: evalplus / ours: wall {wall:.2f}, CPU {cpu:.2f}, memory {memory:.1f}")
    if "floor" in usages:
        ratio = ours.cpu_seconds / usages["floor"].cpu_seconds
        print(f"{temperature}: ours / floor: CPU {ratio:.2f}")


if __name__ == "__main__":
    main()

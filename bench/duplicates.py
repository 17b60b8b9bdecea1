"""What finding duplicates costs and finds: ours, rensa and datasketch on the same planted records.

    python bench/duplicates.py --peer-python PEER/bin/python --plot time.svg

The peers: python -m venv PEER && PEER/bin/pip install rensa==0.5.0 datasketch==2.0.0 pyarrow
Records come from planted_duplicates.py. Each side is a process that reads an Arrow file and writes
the pairs of a removed row and the one that it repeats; CPU time is all of that process, imports
and loading included, compiled kernels kept from an earlier run. A removal is right when the exact
Jaccard similarity of the pair, counted on Python's sets, is at least the threshold.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from measure import machine
from planted_duplicates import LEVELS, SHINGLE_TOKENS, write

PEER = Path(__file__).with_name("peers") / "minhash_duplicates.py"
THRESHOLD = 0.7
LEAST_RECALL = dict(zip(LEVELS, (0.995, 0.99, 0.98), strict=True))
LEAST_PRECISION = 0.998
MOST_CPU_SECONDS, MOST_GIB = 16.0, 3.0  # of a million records
#: How many times less CPU than a peer's.
LEAST_RATIO = {"rensa": 3.0, "datasketch": 10.0}
_MILLION = 1_000_000
_TOKEN = re.compile(r"\w+|[^\w\s]")

Pairs = list[tuple[int, int]]


class Cost(NamedTuple):
    """What a process took; `peak_gib` is its largest resident memory."""

    cpu_seconds: float
    wall_seconds: float
    peak_gib: float


class Found(NamedTuple):
    """The share of planted pairs of which one went, by level; of removals, those that are right."""

    recall: dict[float, float]
    precision: float


def main() -> None:
    options = parsed()
    if options.find:
        find(*options.find)
        return
    with tempfile.TemporaryDirectory() as folder:
        print(machine(), "\n\nrecords | tool | CPU-s | wall s | peak GiB | recall | precision")
        print("--- | --- | --- | --- | --- | --- | ---")
        costs: dict[tuple[int, str], Cost] = {}
        for count in options.records:
            file, out = Path(folder) / f"{count}.arrow", Path(folder) / "pairs.json"
            write(count, file)
            for tool, command in sides(options, count).items():
                costs[count, tool] = cost = run([*command, file, out])
                found = judge(file, json.loads(out.read_text()))
                print(row(count, tool, cost, found), flush=True)
                print(*promises(count, tool, cost, found), sep="\n", file=sys.stderr)
            file.unlink()
    print("", *ratios(costs), sep="\n")
    if options.plot:
        plot(costs, options.plot)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--records", type=int, nargs="+", default=[10_000, 100_000, _MILLION])
    parser.add_argument("--peer-python", type=Path)
    parser.add_argument("--peer-records", type=int, default=100_000, help="the most for peers")
    parser.add_argument("--plot", type=Path, help="a picture of time against records")
    parser.add_argument("--find", type=Path, nargs=2, help=argparse.SUPPRESS)
    return parser.parse_args()


def sides(options: argparse.Namespace, count: int) -> dict[str, Sequence[object]]:
    found: dict[str, Sequence[object]] = {"wizardcoder": [sys.executable, __file__, "--find"]}
    if options.peer_python and count <= options.peer_records:
        found |= {name: [options.peer_python, PEER, name] for name in LEAST_RATIO}
    return found


def find(records: Path, out: Path) -> None:
    """Our side of the comparison."""
    from wizardcoder.clean import duplicates
    from wizardcoder.recipe import Clean

    with pa.memory_map(str(records)) as file:
        found = duplicates.find(pa.ipc.open_file(file).read_all(), Clean())
    rows = found.removed.nonzero()[0]
    out.write_text(json.dumps([*zip(rows.tolist(), found.of[rows].tolist(), strict=True)]))


def run(command: Sequence[object]) -> Cost:
    started = time.monotonic()
    process = subprocess.Popen(list(map(str, command)))
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise subprocess.CalledProcessError(status, list(map(str, command)))
    wall = time.monotonic() - started
    return Cost(used.ru_utime + used.ru_stime, wall, used.ru_maxrss / (1 << 20))


def judge(file: Path, pairs: Pairs) -> Found:
    with pa.memory_map(str(file)) as source:
        table = pa.ipc.open_file(source).read_all()
        columns = (table[name].to_pylist() for name in ("id", "truth_id", "truth_jaccard"))
        ids, truth, levels = columns
        places = {id: place for place, id in enumerate(ids)}
        gone = {row for row, _ in pairs}
        recall = {}
        for level in LEVELS:
            planted = [(row, places[truth[row]]) for row, j in enumerate(levels) if j == level]
            recall[level] = sum(not gone.isdisjoint(pair) for pair in planted) / len(planted)
        right = sum(similarity(table, *pair) >= THRESHOLD for pair in sample(pairs))
    return Found(recall, right / max(1, len(sample(pairs))))


def sample(pairs: Pairs, most: int = 20_000) -> Pairs:
    """Every pair, or evenly spread ones of many."""
    return pairs[:: -(-len(pairs) // most) or 1]


def similarity(table: pa.Table, row: int, other: int) -> float:
    one, two = (
        shingles(f"{table['instruction'][place]}\n{table['response'][place]}")
        for place in (row, other)
    )
    return len(one & two) / len(one | two)


def shingles(text: str) -> set[tuple[str, ...]]:
    tokens = _TOKEN.findall(text.lower())
    return {*zip(*(tokens[start:] for start in range(SHINGLE_TOKENS)), strict=False)}


def row(count: int, tool: str, cost: Cost, found: Found) -> str:
    recall = " / ".join(f"{share:.4f}" for share in found.recall.values())
    figures = f"{cost.cpu_seconds:.2f} | {cost.wall_seconds:.1f} | {cost.peak_gib:.2f}"
    return f"{count} | {tool} | {figures} | {recall} | {found.precision:.4f}"


def promises(count: int, tool: str, cost: Cost, found: Found) -> list[str]:
    """Whether what is promised of us holds."""
    if tool != "wizardcoder":
        return []
    lines = [
        promise(f"recall at {level}", found.recall[level] >= least, least)
        for level, least in LEAST_RECALL.items()
    ]
    lines.append(promise("precision", found.precision >= LEAST_PRECISION, LEAST_PRECISION))
    if count == _MILLION:
        lines.append(promise("CPU-s", cost.cpu_seconds <= MOST_CPU_SECONDS, MOST_CPU_SECONDS))
        lines.append(promise("GiB", cost.peak_gib <= MOST_GIB, MOST_GIB))
    return lines


def ratios(costs: dict[tuple[int, str], Cost]) -> list[str]:
    return [
        promise(
            f"{count} records, {tool}: {cost.cpu_seconds / costs[count, 'wizardcoder'][0]:.1f}x",
            cost.cpu_seconds >= LEAST_RATIO[tool] * costs[count, "wizardcoder"].cpu_seconds,
            LEAST_RATIO[tool],
        )
        for (count, tool), cost in costs.items()
        if tool in LEAST_RATIO
    ]


def promise(what: str, holds: bool, limit: float) -> str:
    return f"{what}: {'holds' if holds else 'MISSED'} ({limit:g})"


def plot(costs: dict[tuple[int, str], Cost], path: Path) -> None:
    """CPU time against records, a line for each tool."""
    import time_plot  # not in the processes that are measured

    series: dict[str, list[tuple[int, float]]] = {}
    for (count, tool), cost in costs.items():
        series.setdefault(tool, []).append((count, cost.cpu_seconds))
    time_plot.write(series, path, "Finding near-duplicates")


if __name__ == "__main__":
    main()

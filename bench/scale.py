"""A night's work in minutes: 20,022 seeds, three rounds; is memory flat and time linear?

    python bench/scale.py --server MOCK/server.py --seeds code_alpaca_20k.json.gz [--judge]

Evolves as `wizardcoder evolve` does, against a mock of low latency, and looks at the process once
per 10,000 calls: resident memory, time, CPU time. Memory may grow by 300 MB from the first look to
the last; the costliest stretch may take twice the CPU time of the median one. At the end the counts
of the manifest, the tables and the ledger must add up to the last record.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from evolve import mock_teacher
from measure import OURS, compile_ours, machine
from wizardcoder.records import Record, Rejected
from wizardcoder.storage import read_manifest, read_parquet

MOST_GROWTH_MB = 300.0
MOST_SLOWDOWN = 2.0
_LOOK_SECONDS = 0.2


class Look(NamedTuple):
    """The process at one moment."""

    calls: int
    seconds: float
    cpu_seconds: float
    resident_mb: float


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--server", type=Path, required=True)
    parser.add_argument("--seeds", type=Path, required=True)
    parser.add_argument("--count", type=int, default=20_022)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--every", type=int, default=10_000, help="calls between two looks")
    parser.add_argument("--judge", action="store_true", help="with the equality judge")
    parser.add_argument("--port", type=int, default=8398)
    options = parser.parse_args()
    compile_ours()
    with (
        tempfile.TemporaryDirectory() as folder,
        mock_teacher(options.server, options.port, 0.02) as endpoint,
    ):
        run = Path(folder) / "run"
        print(
            f"{machine()}\n\ncalls | seconds | CPU-s | resident MB\n--- | --- | --- | ---",
            flush=True,
        )
        looks = []
        for look in watch(command(options, endpoint, run), run / "ledger.sqlite", options.every):
            looks.append(look)
            calls, seconds, cpu, resident = look
            print(f"{calls:,} | {seconds:.0f} | {cpu:.1f} | {resident:.0f}", flush=True)
        print(f"\n{growth(looks)}\n{linearity(looks)}\n{adds_up(run, options.count)}")


def command(options: argparse.Namespace, endpoint: str, out: Path) -> Sequence[str]:
    judge = str(options.judge).lower()
    words = [
        *(*OURS, "evolve", options.seeds, "--count", options.count, "--rounds", options.rounds),
        *("--endpoint", endpoint, "--model", "mock", "--out", out),
        *("--set", "teacher.concurrency=256", "--set", f"evolve.judge.enabled={judge}"),
    ]
    return [str(word) for word in words]


def watch(command: Sequence[str], ledger: Path, every: int) -> Iterator[Look]:
    """A look at the process per so many calls, and one at its end."""
    began, due = time.monotonic(), every
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        look = Look(0, 0.0, 0.0, 0.0)
        while process.poll() is None:
            time.sleep(_LOOK_SECONDS)
            resident = resident_mb(process.pid)
            if not resident:
                continue
            seconds = time.monotonic() - began
            look = Look(answered(ledger), seconds, cpu_seconds(process.pid), resident)
            if look.calls >= due:
                due += every
                yield look
        yield look
    if process.returncode:
        raise RuntimeError(f"evolve ended with {process.returncode}")


def resident_mb(process: int) -> float:
    """Resident memory, 0 for a process that has ended."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0.0
    sizes = [line.split()[1] for line in lines if line.startswith("VmRSS")]
    return int(sizes[0]) / 1024 if sizes else 0.0


def cpu_seconds(process: int) -> float:
    """User and system time of a process, 0 for one that has ended."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def answered(ledger: Path) -> int:
    """How many calls the ledger holds; by its newest id, which costs nothing to ask."""
    if not ledger.exists():
        return 0
    try:
        with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as database:
            return int(database.execute("SELECT ifnull(max(id), 0) FROM calls").fetchone()[0])
    except sqlite3.OperationalError:
        return 0  # it is being made


def growth(looks: Sequence[Look]) -> str:
    sizes = [look.resident_mb for look in looks]
    grown = max(sizes) - sizes[0]
    return f"memory grew by {grown:.0f} MB: {_word(grown <= MOST_GROWTH_MB)} ({MOST_GROWTH_MB:g})"


def linearity(looks: Sequence[Look]) -> str:
    paces = [
        (b.cpu_seconds - a.cpu_seconds) / max(1, b.calls - a.calls) for a, b in pairwise(looks[:-1])
    ]
    if not paces:
        return "too few calls to see whether time is linear in them"
    slowdown = max(paces) / statistics.median(paces)
    return f"costliest stretch {slowdown:.2f} x the median: {_word(slowdown <= MOST_SLOWDOWN)}"


def adds_up(run: Path, seeds: int) -> str:
    """Whether manifest, tables and ledger tell the same story."""
    folder = run / "evolved"
    manifest = read_manifest(folder)
    counts, cost = manifest["counts"], manifest["cost"]
    accepted = len(read_parquet(folder / "records.parquet", Record))
    rejected = len(read_parquet(folder / "rejected.parquet", Rejected))
    with closing(sqlite3.connect(run / "ledger.sqlite")) as database:
        rows = dict(database.execute("SELECT status, count(*) FROM calls GROUP BY status"))
    holds = (
        counts["seeds"] == seeds
        and counts["attempts"] == accepted + rejected == counts["accepted"] + counts["rejected"]
        and sum(counts["rules"].values()) == rejected
        and cost["calls"] == sum(rows.values())
        and cost["answered"] == rows["answered"]
    )
    told = f"{accepted:,} accepted + {rejected:,} rejected, {cost['calls']:,} calls"
    return f"counts add up: {_word(holds)} ({told})"


def _word(holds: bool) -> str:
    return "holds" if holds else "MISSED"


if __name__ == "__main__":
    main()

"""What a teacher call costs: the whole evolve stage against distilabel and the openai SDK.

    python bench/evolve.py --server MOCK/server.py --seeds SEEDS.json --peer-python PEER/bin/python

The peers: python -m venv PEER && PEER/bin/pip install distilabel[openai]
Each side evolves and answers the same questions with 256 calls in flight; ours with its ledger,
eliminators, shards and tables (the equality judge off), the peers with neither. Each side runs
twice, with few and with many questions, and the difference counts: what starting takes does not.
CPU time is of the whole process tree. Ideal is what 256 calls in flight can make of the latency.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from measure import OURS, Spent, compile_ours, machine, run
from wizardcoder import prompts
from wizardcoder.seeds import read_file

CONCURRENCY = 256
CALLS_PER_QUESTION = 2
PEERS = Path(__file__).with_name("peers")
LEAST_SHARE_OF_IDEAL = 0.85
MOST_CPU_SECONDS = 0.7  # per 1000 calls
#: How many times less CPU a call has to take than a peer's.
LEAST_RATIO = {"distilabel": 8.0, "openai": 4.0}


class Side(NamedTuple):
    """A client, and the command that asks an endpoint so many questions in a folder."""

    name: str
    command: Callable[[str, int, Path], Sequence[object]]


class Cost(NamedTuple):
    """What further calls take."""

    cpu_seconds_per_thousand: float
    calls_per_second: float


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--server", type=Path, required=True)
    parser.add_argument("--seeds", type=Path, required=True)
    parser.add_argument("--peer-python", type=Path)
    parser.add_argument("--questions", type=int, default=5000)
    parser.add_argument("--latency", type=float, default=0.2)
    parser.add_argument("--port", type=int, default=8399)
    options = parser.parse_args()
    compile_ours()
    sides = [Side("wizardcoder", ours(options.seeds))]
    if options.peer_python:
        sides += [
            Side(name, peer(name, options.peer_python, options.seeds)) for name in LEAST_RATIO
        ]
    with mock_teacher(options.server, options.port, options.latency) as endpoint:
        costs = {side.name: cost(side, endpoint, options.questions) for side in sides}
    print(table(costs, CONCURRENCY / options.latency))


def ours(seeds: Path) -> Callable[[str, int, Path], Sequence[object]]:
    def command(endpoint: str, questions: int, folder: Path) -> Sequence[object]:
        settings = {
            "teacher.concurrency": CONCURRENCY,
            "evolve.judge.enabled": "false",
        }
        sets = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
        where = ["--endpoint", endpoint, "--model", "mock", "--out", folder / "run"]
        return [*OURS, "evolve", seeds, "--count", questions, "--rounds", 1, *where, *sets]

    return command


def peer(name: str, python: Path, seeds: Path) -> Callable[[str, int, Path], Sequence[object]]:
    def command(endpoint: str, questions: int, folder: Path) -> Sequence[object]:
        file = folder / "prompts.jsonl"
        with file.open("w") as out:
            for seed in read_file(seeds, count=questions).records:
                prompt = prompts.evolve("constraints", seed.question)
                out.write(json.dumps({"prompt": prompt}) + "\n")
        program = PEERS / f"{name}_calls.py"
        return [python, program, endpoint, file, folder / "out.jsonl", CONCURRENCY]

    return command


def cost(side: Side, endpoint: str, questions: int) -> Cost:
    """What a call more takes, from a short and a long run."""
    few = questions // 5
    short, long = (measured(side, endpoint, n) for n in (few, questions))
    calls = CALLS_PER_QUESTION * (questions - few)
    return Cost(
        1000 * (long.cpu_seconds - short.cpu_seconds) / calls,
        calls / (long.wall_seconds - short.wall_seconds),
    )


def measured(side: Side, endpoint: str, questions: int) -> Spent:
    with tempfile.TemporaryDirectory() as folder:
        return run(side.command(endpoint, questions, Path(folder)))


@contextmanager
def mock_teacher(server: Path, port: int, latency_seconds: float) -> Iterator[str]:
    """The address of a mock teacher of its own."""
    command = [sys.executable, str(server), "--port", str(port), "--latency", str(latency_seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()  # it says that it listens
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.kill()


def table(costs: dict[str, Cost], ideal: float) -> str:
    """The figures, a side a line, and whether what is promised holds."""
    own = costs["wizardcoder"]
    lines = [f"{machine()}; {CONCURRENCY} calls in flight, ideal {ideal:.0f} calls/s", ""]
    lines.append("client | CPU-s per 1000 calls | calls/s | of ideal | CPU against ours")
    lines.append("--- | --- | --- | --- | ---")
    for name, cost in costs.items():
        cpu, rate = cost
        ratio = cpu / own.cpu_seconds_per_thousand
        lines.append(f"{name} | {cpu:.2f} | {rate:.0f} | {rate / ideal:.0%} | {ratio:.1f}x")
    lines += ["", promise("CPU-s per 1000 calls", own[0] <= MOST_CPU_SECONDS, MOST_CPU_SECONDS)]
    share = own.calls_per_second / ideal
    lines.append(promise("share of ideal", share >= LEAST_SHARE_OF_IDEAL, LEAST_SHARE_OF_IDEAL))
    for name in costs.keys() & LEAST_RATIO.keys():
        ratio = costs[name].cpu_seconds_per_thousand / own.cpu_seconds_per_thousand
        lines.append(promise(f"ratio to {name}", ratio >= LEAST_RATIO[name], LEAST_RATIO[name]))
    return "\n".join(lines)


def promise(what: str, holds: bool, limit: float) -> str:
    return f"{what}: {'holds' if holds else 'MISSED'} ({limit:g})"


if __name__ == "__main__":
    main()

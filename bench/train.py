"""What a real token costs in training on a CPU: ours, the released script's way, and TRL's.

    python bench/train.py --data CODE_ALPACA_2K.json --peer-python PEER/bin/python

The peer: python -m venv PEER && PEER/bin/pip install trl==1.16.0
Every side trains the same untrained GPTBigCode of 7.9 million parameters on the same prompts and
responses, in a process of its own, one after the other, by its own trainer; a rate is of tokens
that are not padding, after the warm-up. Let nothing else run meanwhile.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from measure import machine
from training import CPU_MODEL, make_checkpoint
from wizardcoder.seeds import read_file
from wizardcoder.train import from_records

PEERS = Path(__file__).with_name("peers")
OURS = Path(__file__).with_name("training.py")
SCRIPT = "released script's way, fp32"
TRL = (
    *("plain", "length-grouped", "padding-free", "padding-free, 4 at a time"),
    *("packing", "packing, 1 at a time"),
)
LEAST_OVER_SCRIPT, LEAST_OVER_TRL = 3.2, 1.0


class Rate(NamedTuple):
    """Real tokens per second of wall time, and per second of CPU time."""

    per_second: float
    per_cpu_second: float


def main() -> None:
    options = parsed()
    with tempfile.TemporaryDirectory() as folder:
        checkpoint, pairs = Path(folder) / "checkpoint", Path(folder) / "pairs.json"
        examples = from_records(read_file(options.data).records)
        texts = [example.prompt + example.response for example in examples]
        parameters = make_checkpoint(checkpoint, CPU_MODEL, texts)
        pairs.write_text(
            json.dumps([{"prompt": e.prompt, "response": e.response} for e in examples])
        )
        print(f"{parameters / 1e6:.1f} M parameters, {len(examples)} examples, {machine()}")
        sides = sides_of(options, pairs)
        rates: dict[str, list[Rate]] = {name: [] for name in sides}
        for _ in range(options.repeats):
            for name, (python, program, data, *rest) in sides.items():
                command = [python, program, checkpoint, data, options.seconds, *rest]
                rates[name].append(measured(command, options.threads))
                print(name, *map(round, rates[name][-1]), file=sys.stderr, flush=True)
    print(table({name: median(found) for name, found in rates.items()}))


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--peer-python", type=Path, help="without it, TRL is left out")
    parser.add_argument("--seconds", type=float, default=30.0, help="measured, of each side")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


def sides_of(options: argparse.Namespace, pairs: Path) -> dict[str, Sequence[object]]:
    """Each side's Python, program, data and further arguments; ours tokenises the seeds itself."""
    sides: dict[str, Sequence[object]] = {
        f"wizardcoder, {precision}": (sys.executable, OURS, options.data, precision)
        for precision in ("bf16", "fp32")
    }
    peer = options.peer_python or Path(sys.executable)
    sides[SCRIPT] = (peer, PEERS / "script_train.py", pairs)
    if options.peer_python:
        for setting in TRL:
            for precision in ("bf16", "fp32"):
                name = f"TRL {setting}, {precision}"
                sides[name] = (peer, PEERS / "trl_train.py", pairs, setting, precision)
    return sides


def measured(command: Sequence[object], threads: int) -> Rate:
    """What one side says of itself. Raises SystemExit, with what it said, when it fails."""
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": str(threads),
        "CUDA_VISIBLE_DEVICES": "",
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_OFFLINE": "1",
    }
    done = subprocess.run(
        list(map(str, command)), env=environment, check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} failed:\n{done.stderr}")
    said = json.loads(done.stdout.splitlines()[-1])
    return Rate(said["tokens"] / said["seconds"], said["tokens"] / said["cpu_seconds"])


def median(rates: Sequence[Rate]) -> Rate:
    return Rate(*(statistics.median(figures) for figures in zip(*rates, strict=True)))


def table(rates: dict[str, Rate]) -> str:
    """The rates, a side a line, and whether what is promised holds."""
    own = rates["wizardcoder, bf16"]
    lines = ["side | real tokens/s | per CPU-s | ours against it", "--- | --- | --- | ---"]
    lines += [
        f"{name} | {rate.per_second:.0f} | {rate.per_cpu_second:.0f} | "
        f"{own.per_second / rate.per_second:.2f}x"
        for name, rate in rates.items()
    ]
    lines += ["", promise("the released script's way", own, rates[SCRIPT], LEAST_OVER_SCRIPT)]
    peers = {name: rate for name, rate in rates.items() if name.startswith("TRL")}
    if peers:
        best = max(peers, key=lambda name: peers[name].per_second)
        lines.append(promise(f"TRL's best ({best})", own, peers[best], LEAST_OVER_TRL))
    return "\n".join(lines)


def promise(what: str, own: Rate, peer: Rate, least: float) -> str:
    ratio = own.per_second / peer.per_second
    return f"ours against {what}: {ratio:.2f}x, {'holds' if ratio >= least else 'MISSED'} ({least})"


if __name__ == "__main__":
    main()

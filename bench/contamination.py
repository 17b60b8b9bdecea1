"""Leaks of HumanEval and MBPP, planted into real records: who finds them, and at what cost?

    python bench/contamination.py --data DATA [--rounds 3] [--unrelated 20000]

Every problem is leaked in four ways: word for word, with a tenth of the words of statement and code
exchanged, with all names changed, and with all names changed and nothing said. A leak is put into a
row of Code Alpaca. Recall is the share of leaks for which a method names the problem; of ours also
how many are dropped, for a body of 10 to 14 nodes is kept and counted. False are hits of unrelated
records that are made here and have nothing of any problem. The other methods are the usual ones,
a few lines each: substrings and n-grams of 13 words.
"""

from __future__ import annotations

import argparse
import ast
import re
import resource
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

import pyarrow as pa

from measure import machine
from wizardcoder import benchmarks
from wizardcoder.benchmarks import Benchmark
from wizardcoder.clean import Hit, contamination
from wizardcoder.clean.problems import parts
from wizardcoder.recipe import Clean
from wizardcoder.records import Problem, Record
from wizardcoder.seeds import read_file
from wizardcoder.storage import to_table

KINDS = ("verbatim", "edited", "renamed with text", "renamed only")
EDITED_SHARE = 0.1
NGRAM_WORDS = 13
SYLLABLES = "ba ce di fo gu ha je ki lo mu na pe qui ro su ta ve wi xo zu".split()

#: Which problems, by id, a method finds in each of some texts.
Method = Callable[[Sequence[str]], list[set[str]]]


class Leak(NamedTuple):
    """A record that holds a problem."""

    kind: str
    task_id: str
    record: Record


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3, help="how often every problem is edited")
    parser.add_argument("--unrelated", type=int, default=20_000)
    options = parser.parse_args()
    targets = [benchmarks.load(name, options.data) for name in ("humaneval", "mbpp")]
    problems = {benchmark.name: benchmark.problems for benchmark in targets}
    (file,) = options.data.rglob("code_alpaca_20k.json.gz")
    real = read_file(file).records
    strangers = list(unrelated(options.unrelated))
    for benchmark in targets:
        show_recall(benchmark.name, list(leaks(benchmark, real, options.rounds)), problems)
    show_false(strangers, problems)
    print("cost of ours, CPU µs a record:")
    show_cost("unrelated", strangers, problems)
    show_cost("Code Alpaca", real, problems)
    print(machine())


def leaks(benchmark: Benchmark, carriers: Sequence[Record], rounds: int) -> Iterator[Leak]:
    for number, problem in enumerate(benchmark.problems):
        code = problem.canonical_solution
        if benchmark.assembly == "completion":
            code = problem.prompt + code
        for kind in KINDS:
            for turn in range(rounds if kind == "edited" else 1):
                random = Random(f"{problem.task_id} {kind} {turn}")
                carrier = carriers[random.randrange(len(carriers))]
                said, answer = leaked(problem, code, kind, random)
                found = planted(f"{number} {kind} {turn}", carrier, said, answer)
                yield Leak(kind, problem.task_id, found)


def leaked(problem: Problem, code: str, kind: str, random: Random) -> tuple[str, str]:
    """What is asked and what is answered."""
    (statement,) = (part.text for part in parts("", problem) if part.kind == "statement")
    if kind == "edited":
        return edited(statement, random), edited(code, random)
    if kind == "verbatim":
        return statement, code
    return statement if kind == "renamed with text" else "", renamed(code)


def planted(id: str, carrier: Record, said: str, code: str) -> Record:
    """A row of another data set with a leak in it."""
    return made(
        id,
        f"{carrier.question}\n{said}",
        f"{carrier.response}\nHere it is:\n```python\n{code}\n```\nI hope that this helps.",
    )


def edited(text: str, random: Random) -> str:
    """The text with a tenth of its words exchanged."""
    pieces = re.split(r"(\s+)", text)
    places = [place for place, piece in enumerate(pieces) if piece.strip()]
    for place in random.sample(places, round(EDITED_SHARE * len(places))):
        pieces[place] = word(random)
    return "".join(pieces)


def renamed(code: str) -> str:
    """The code without docstrings, every name that it binds replaced."""
    tree = ast.parse(code)
    nodes = list(ast.walk(tree))
    bound = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    bound |= {n.arg for n in nodes if isinstance(n, ast.arg)}
    bound |= {n.name for n in nodes if isinstance(n, ast.FunctionDef)}
    for node in nodes:
        for field in {"id", "arg", "name"} & set(node._fields):
            if (name := getattr(node, field)) in bound:
                setattr(node, field, f"q_{name[::-1]}")
        if isinstance(node, ast.FunctionDef) and ast.get_docstring(node):
            del node.body[0]
    return ast.unparse(tree)


def unrelated(count: int) -> Iterator[Record]:
    """Small tasks with a loop, a condition and names that nobody uses."""
    for number in range(count):
        random = Random(f"unrelated {number}")
        name, item, result = (word(random) for _ in range(3))
        code = (
            f"def {name}({item}s):\n    {result} = {random.randrange(999)}\n"
            f"    for {item} in {item}s:\n        if {item} % {random.randrange(2, 999)} == 1:\n"
            f"            {result} {random.choice('+-*')}= {item} + {random.randrange(999)}\n"
            f"    return {result}\n"
        )
        said = " ".join(word(random) for _ in range(random.randrange(8, 30)))
        yield made(f"u{number}", f"Write a function that {said}.", f"```python\n{code}```")


def word(random: Random) -> str:
    return "".join(random.choices(SYLLABLES, k=4))


def made(id: str, question: str, response: str) -> Record:
    return Record(
        id=id,
        seed_id=id,
        round=0,
        parent_id=None,
        operation=None,
        instruction=question,
        input="",
        response=response,
        source="planted",
        licence="",
        teacher="",
        teacher_terms="",
    )


def show_recall(
    name: str, found_in: Sequence[Leak], problems: Mapping[str, Sequence[Problem]]
) -> None:
    records = [leak.record for leak in found_in]
    hits = search(records, problems)
    dropped: dict[str, set[str]] = {}
    found: dict[str, set[str]] = {}
    for hit in hits:
        found.setdefault(hit.record_id, set()).add(hit.task_id)
        if hit.drops:
            dropped.setdefault(hit.record_id, set()).add(hit.task_id)
    texts = [f"{record.question}\n{record.response}" for record in records]
    given = [problem for each in problems.values() for problem in each]
    sides = {
        "ours, dropped": [dropped.get(record.id, set()) for record in records],
        "ours, found": [found.get(record.id, set()) for record in records],
        "substrings": substrings(given)(texts),
        "13-grams": ngrams(given)(texts),
    }
    print(f"recall on {name} ({len(records)} leaks): {', '.join(KINDS)}")
    for side, named in sides.items():
        print(f"  {side:<14}", *(f"{recall(kind, found_in, named):6.3f}" for kind in KINDS))


def recall(kind: str, found_in: Sequence[Leak], named: Sequence[set[str]]) -> float:
    of_kind = [
        leak.task_id in tasks
        for leak, tasks in zip(found_in, named, strict=True)
        if leak.kind == kind
    ]
    return sum(of_kind) / len(of_kind)


def show_false(records: Sequence[Record], problems: Mapping[str, Sequence[Problem]]) -> None:
    texts = [f"{record.question}\n{record.response}" for record in records]
    given = [problem for each in problems.values() for problem in each]
    sides = {
        "ours": len({hit.record_id for hit in search(records, problems)}),
        "substrings": sum(map(bool, substrings(given)(texts))),
        "13-grams": sum(map(bool, ngrams(given)(texts))),
    }
    print(f"false among {len(records)} unrelated:", sides)


def show_cost(
    title: str, records: Sequence[Record], problems: Mapping[str, Sequence[Problem]]
) -> None:
    table = pa.concat_tables([to_table(Record, records)] * 2)  # fewer rows start no process
    found = []
    for jobs in (1, 2):
        before, started = spent(), time.monotonic()
        found.append(contamination.find(table, Clean(), problems, {}, jobs=jobs))
        cpu, wall = spent() - before, time.monotonic() - started
        print(
            f"  {title}, {len(table)} records, {jobs} processes:"
            f" {1e6 * cpu / len(table):.0f} (wall {1e6 * wall / len(table):.0f})"
        )
    print(f"  {title}: {len(found[0])} hits, the same with two: {found[0] == found[1]}")


def search(records: Sequence[Record], problems: Mapping[str, Sequence[Problem]]) -> list[Hit]:
    table: pa.Table = to_table(Record, records)
    return contamination.find(table, Clean(), problems)


def substrings(problems: Sequence[Problem]) -> Method:
    """The solution or the statement stands in the text, white space and case aside."""
    wanted = [
        (problem.task_id, plain)
        for problem in problems
        for part in parts("", problem)
        if part.kind in ("statement", "solution") and len(plain := flat(part.text)) >= 20
    ]
    return lambda texts: [
        {task_id for task_id, plain in wanted if plain in text} for text in map(flat, texts)
    ]


def ngrams(problems: Sequence[Problem]) -> Method:
    """Thirteen words in a row stand in the text and in the problem."""
    holders: dict[tuple[str, ...], set[str]] = {}
    for problem in problems:
        for part in parts("", problem):
            if part.kind in ("prompt", "solution"):
                for gram in grams(part.text):
                    holders.setdefault(gram, set()).add(problem.task_id)
    return lambda texts: [
        {task_id for gram in grams(text) if gram in holders for task_id in holders[gram]}
        for text in texts
    ]


def grams(text: str) -> Iterator[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return zip(*(words[place:] for place in range(NGRAM_WORDS)), strict=False)


def flat(text: str) -> str:
    return " ".join(text.lower().split())


def spent() -> float:
    """CPU seconds of this process and of those that it has waited for."""
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(sum(resource.getrusage(each)[:2]) for each in whose)


if __name__ == "__main__":
    main()

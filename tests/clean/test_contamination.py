from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from random import Random

import pytest

from wizardcoder.clean import contamination, workers
from wizardcoder.clean.contamination import Problems
from wizardcoder.clean.hits import Hit
from wizardcoder.recipe import Clean
from wizardcoder.records import Problem, Record
from wizardcoder.storage import to_table

from .planted import (
    DISGUISES,
    PROBLEMS,
    characters,
    edited,
    problem,
    program,
    record,
    renamed,
    statement,
    unrelated,
)

OWN = {"own": PROBLEMS}
LEAKS = ("verbatim", "edited", "renamed with text", "renamed only")


def without_docstring(code: str) -> str:
    before, _, rest = code.partition('    """')
    return (before + rest.partition('"""\n')[2]).rstrip()


def leak(problem: Problem, kind: str, random: Random) -> Record:
    code, text = program(problem), statement(problem)
    question, response = {
        "verbatim": (text, code),
        "edited": (edited(text, random), edited(code, random)),
        "renamed with text": (text, renamed(code)),
        "renamed only": ("Improve this.", f"Sure.\n```python\n{renamed(code)}\n```\n"),
    }[kind]
    return record(f"{problem.task_id} {kind}", question, response)


def find(
    records: list[Record], problems: Problems = OWN, options: Clean | None = None, jobs: int = 1
) -> list[Hit]:
    return contamination.find(
        to_table(Record, records), options or Clean(), problems, {}, jobs=jobs
    )


def drops(records: list[Record]) -> list[Hit]:
    return [hit for hit in find(records) if hit.drops]


@pytest.mark.parametrize("kind", LEAKS)
@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.entry_point)
def test_a_planted_leak_is_found_and_names_its_problem_alone(problem: Problem, kind: str) -> None:
    hits = drops([*unrelated(40), leak(problem, kind, Random(1))])
    assert {(h.record_id, h.task_id) for h in hits} == {
        (f"{problem.task_id} {kind}", problem.task_id)
    }


@pytest.mark.parametrize("kind", LEAKS)
@pytest.mark.parametrize("disguise", DISGUISES.values(), ids=DISGUISES)
def test_a_disguised_leak_is_found_as_the_plain_one(
    disguise: Callable[[str], str], kind: str
) -> None:
    plain = leak(PROBLEMS[0], kind, Random(1))
    hidden = replace(
        plain, instruction=disguise(plain.instruction), response=disguise(plain.response)
    )
    assert drops([hidden]) == drops([plain]) != []


@pytest.mark.parametrize("disguise", DISGUISES.values(), ids=DISGUISES)
def test_a_disguised_problem_is_found_in_plain_text(disguise: Callable[[str], str]) -> None:
    first = PROBLEMS[0]
    hidden = replace(
        first,
        prompt=disguise(first.prompt),
        canonical_solution=disguise(first.canonical_solution),
    )
    for kind in LEAKS:
        plain = [leak(first, kind, Random(1))]
        assert find(plain, {"own": [hidden]}) == find(plain, {"own": [first]}) != []


def test_a_problem_in_a_script_without_spaces_is_found_and_strangers_are_not() -> None:
    random = Random(8)
    said = [characters(random, 40) for _ in range(5)]
    own = [problem(f"p{n}", text, f"def p{n}(x):\n    return x\n") for n, text in enumerate(said)]
    leaks = [record(f"own/p{n}", f"{characters(random, 50)}{text}") for n, text in enumerate(said)]
    strangers = [record(f"r{n}", characters(random, 100)) for n in range(200)]
    hits = find([*leaks, *strangers], {"own": own})
    assert {(hit.record_id, hit.task_id, hit.rule) for hit in hits} == {
        (leak.id, leak.id, rule) for leak in leaks for rule in ("verbatim", "containment")
    }


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.entry_point)
def test_renamed_code_alone_is_found_by_its_function(problem: Problem) -> None:
    (hit,) = drops([leak(problem, "renamed only", Random(0))])
    assert hit.rule == "function"
    assert hit.span == renamed(program(problem))
    assert hit.matched == without_docstring(program(problem))
    assert hit.score >= 15


def test_code_in_the_question_is_searched_too() -> None:
    code = renamed(program(PROBLEMS[0]))
    for found in (record("a", f"Explain:\n```\n{code}\n```"), record("a", "Explain.", input=code)):
        assert [hit.rule for hit in drops([found])] == ["function"]


def test_a_small_function_is_counted_and_the_record_kept() -> None:
    small = Clean(min_ast_nodes=200)
    (hit,) = find([leak(PROBLEMS[0], "renamed only", Random(0))], options=small)
    assert hit.rule == "function"
    assert not hit.drops


def test_a_tiny_function_is_nobodys() -> None:
    tiny = Problem(
        task_id="own/add",
        prompt="def add(a, b):\n",
        instruction="",
        entry_point="add",
        test="",
        canonical_solution="    return a + b\n",
    )
    code = "def plus(x, y):\n    return x + y\n"
    assert not find([record("a", response=code)], {"own": [tiny]})


def test_unrelated_records_have_no_hit() -> None:
    assert not find(unrelated(500))


def test_a_benchmark_may_bring_its_own_check() -> None:
    def check(text: str) -> tuple[str, str] | None:
        return ("behaviour", "world/7") if "secret" in text else None

    records = [record("a", "?", "the secret"), record("b", "a secret"), record("c")]
    hits = contamination.find(to_table(Record, records), Clean(), {}, {"world": check})
    assert [(h.record_id, h.benchmark, h.task_id, h.rule, h.part) for h in hits] == [
        ("a", "world", "world/7", "behaviour", "response"),
        ("b", "world", "world/7", "behaviour", "question"),
    ]
    assert all(hit.drops for hit in hits)


def test_hits_come_record_by_record_the_strongest_first() -> None:
    records = [leak(problem, kind, Random(2)) for problem in PROBLEMS for kind in LEAKS]
    hits = find(records)
    assert list(dict.fromkeys(hit.record_id for hit in hits)) == [r.id for r in records]
    of_first = [hit.rule for hit in hits if hit.record_id == records[0].id]
    assert of_first == ["verbatim", "containment", "function"]


def test_the_same_problem_in_two_benchmarks_gives_hits_of_both() -> None:
    found = leak(PROBLEMS[0], "verbatim", Random(0))
    hits = find([found], {"own": PROBLEMS, "own-plus": PROBLEMS})
    assert {hit.benchmark for hit in hits if hit.rule == "function"} == {"own", "own-plus"}


def test_the_hits_are_the_same_for_any_number_of_processes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(workers, "over", partial(workers.over, least_rows=0, slice_rows=17))
    records = [*unrelated(40), *(leak(p, kind, Random(3)) for p in PROBLEMS for kind in LEAKS)]
    assert find(records) == find(records, jobs=2) != []


def test_the_text_of_the_system_is_searched_too() -> None:
    held = replace(record("a"), system=f"{statement(PROBLEMS[0])}\n{program(PROBLEMS[0])}")
    rules = {hit.rule for hit in find([*unrelated(20), held]) if hit.drops}
    assert {"verbatim", "function"} <= rules


def test_later_turns_of_a_conversation_are_searched() -> None:
    said = replace(record("a"), turns=("Now this.", renamed(program(PROBLEMS[0]))))
    asked = replace(record("b"), turns=(statement(PROBLEMS[1]), "I see."))
    assert [(h.record_id, h.task_id) for h in drops([said])] == [("a", "own/water_left")]
    assert {h.task_id for h in drops([asked])} == {"own/longest_climb"}


def test_without_problems_and_checks_nothing_is_searched() -> None:
    assert not find(unrelated(3), {"own": []})


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t ",
        "\0\0",
        "def " * 25_000,
        "x" * 100_000,
        "def f(x):\n    return " + "(" * 50_000,
        "def f(x):\n" + "".join(f"{' ' * n}if x:\n" for n in range(1, 300)),
        "na\u00efve \u4e2d\u6587 \U0001f600\u200b\u2028 def f(): pass",
    ],
    ids=["empty", "blank", "NUL", "defs", "a word", "brackets", "depth", "Unicode"],
)
def test_odd_texts_are_searched_without_harm_or_hit(text: str) -> None:
    assert not find([record("a", text, text), record("b", response=f"```python\n{text}\n```")])
    leaked = record("c", f"{text}\n{statement(PROBLEMS[0])}\n", text)
    assert {hit.rule for hit in find([leaked])} >= {"verbatim"}


def test_progress_is_told_of_every_batch() -> None:
    seen: list[tuple[int, int | None]] = []
    contamination.find(
        to_table(Record, unrelated(3000)),
        Clean(),
        OWN,
        progress=lambda done, total, note="": seen.append((done, total)),
    )
    assert seen[-1] == (3000, 3000)
    assert len(seen) > 1

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random

import pytest

from wizardcoder.clean.hits import SPAN_CHARACTERS, Hit
from wizardcoder.clean.overlap import BOILERPLATE_PROBLEMS, Overlap
from wizardcoder.clean.shingles import as_texts
from wizardcoder.records import Problem, Record

from .planted import PROBLEMS, problem, program, record, statement, unrelated, words


def search(
    *records: Record, problems: list[Problem] = PROBLEMS, containment: float = 0.5
) -> list[Hit]:
    return found(records, {"own": problems}, containment)


def found(
    records: Sequence[Record], problems: Mapping[str, Sequence[Problem]], containment: float = 0.5
) -> list[Hit]:
    overlap = Overlap(problems, shingle_tokens=5, containment=containment)
    texts = as_texts(f"{record.question}\n{record.response}" for record in records)
    return overlap.hits([record.id for record in records], texts)


def rules(hits: list[Hit]) -> set[tuple[str, str]]:
    return {(hit.rule, hit.task_id) for hit in hits}


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.entry_point)
def test_a_statement_word_for_word_is_found_with_its_span(problem: Problem) -> None:
    text = statement(problem)
    hits = search(record("a", f"Please help. {text.upper()}\nThank you."))
    assert rules(hits) == {("verbatim", problem.task_id), ("containment", problem.task_id)}
    assert {hit.span for hit in hits if hit.rule == "verbatim"} == {text.upper().strip()}


@pytest.mark.parametrize("problem", PROBLEMS[1:], ids=lambda problem: problem.entry_point)
def test_a_solution_in_another_layout_is_found_word_for_word(problem: Problem) -> None:
    code = problem.canonical_solution.replace("    ", "\t").replace(" = ", "=")
    hits = search(record("a", response=f"def g():\n{code}"))
    found = {(hit.rule, hit.part, hit.task_id) for hit in hits}
    assert ("verbatim", "solution", problem.task_id) in found


def test_question_and_response_are_both_searched() -> None:
    text = statement(PROBLEMS[0])
    for leak in (record("a", text), record("a", "?", text), record("a", "?", input=text)):
        assert ("verbatim", "own/water_left") in rules(search(leak))


def test_containment_is_the_share_of_the_distinct_shingles() -> None:
    text = words(Random(4), 24)  # and a full stop: 25 tokens, 21 shingles
    made = problem("own", f"{text}.", "def own(x):\n    return x\n")
    half = " ".join(text.split()[:15])  # 11 shingles
    (hit,) = [h for h in search(record("a", half), problems=[made]) if h.part == "statement"]
    assert hit.rule == "containment"
    assert hit.score == pytest.approx(11 / 21)
    assert hit.span == half
    assert not search(record("a", half), problems=[made], containment=0.55)


def test_the_span_is_the_longest_stretch() -> None:
    tokens = words(Random(5), 24).split()
    made = problem("own", " ".join(tokens), "def own(x):\n    return x\n")
    text = " ".join([*tokens[:7], "STOP", *tokens[8:20], "STOP"])
    (hit,) = search(record("a", text), problems=[made])
    assert hit.span == " ".join(tokens[8:20])


def test_a_span_is_not_longer_than_a_reader_wants() -> None:
    made = problem("own", words(Random(6), 300), "def own(x):\n    return x\n")
    hits = search(record("a", statement(made)), problems=[made])
    assert {len(hit.span) for hit in hits} == {SPAN_CHARACTERS}


def test_what_many_problems_say_counts_for_none_of_them() -> None:
    frame = "Write a function that takes a list of whole numbers and returns a new list in which"
    many = [
        problem(f"p{n}", f"{frame} {words(Random(n), 6)}.", f"def p{n}(x):\n    return x\n")
        for n in range(BOILERPLATE_PROBLEMS + 1)
    ]
    text = record("a", f"{frame} every number is doubled.")
    assert not search(text, problems=many)
    assert search(text, problems=many[:1])


def test_boilerplate_of_one_benchmark_is_not_made_by_another() -> None:
    text = statement(PROBLEMS[0])
    benchmarks = {f"copy-{n}": PROBLEMS[:1] for n in range(BOILERPLATE_PROBLEMS + 1)}
    hits = found([record("a", text)], benchmarks)
    assert {h.benchmark for h in hits if h.rule == "containment"} == set(benchmarks)


def test_a_trivial_solution_is_no_evidence() -> None:
    made = replace(PROBLEMS[0], canonical_solution="    return sum(litres) - 1\n")
    assert not search(
        record("a", response="def f(litres):\n    return sum(litres) - 1\n"), problems=[made]
    )


def test_unrelated_records_have_no_hit() -> None:
    assert not search(*unrelated(500))


def test_no_problems_give_no_hits() -> None:
    assert not search(record("a"), problems=[])
    assert not search()


def test_a_lone_surrogate_does_no_harm() -> None:
    text = f"\ud800 {statement(PROBLEMS[0])}"
    assert search(record("a", text, program(PROBLEMS[0])))


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.entry_point)
def test_a_hit_shows_what_of_the_problem_its_span_is_like(problem: Problem) -> None:
    text = statement(problem)
    hits = search(record("a", f"Please HELP. {text.upper()}", problem.canonical_solution))
    assert hits
    for hit in hits:
        assert " ".join(hit.matched.split()).lower() == " ".join(hit.span.split()).lower()


def test_a_problem_with_many_words_exchanged_is_found_as_edited() -> None:
    kept = words(Random(7), 60).split()
    code = "def own(x):\n    return x\n"
    made = problem("own", " ".join(kept), code)
    changed = " ".join("other" if n % 7 == 3 else word for n, word in enumerate(kept))
    (hit,) = search(record("a", changed, made.canonical_solution), problems=[made])
    assert (hit.rule, hit.part) == ("edited", "problem")
    assert 0.5 <= hit.score < 0.75


def test_what_is_scattered_over_a_long_record_is_not_edited() -> None:
    kept = words(Random(7), 60).split()
    made = problem("own", " ".join(kept), "def own(x):\n    return x\n")
    pieces = [" ".join(kept[n : n + 4]) for n in range(0, 60, 4)]
    near = " and ".join(pieces)
    far = words(Random(8), 200).join(pieces)
    assert {hit.rule for hit in search(record("a", near), problems=[made])} == {"edited"}
    assert not search(record("a", far), problems=[made])


def test_a_solution_alone_does_not_tell_of_its_problem() -> None:
    code = (
        "def kth(values, k):\n    for i in range(len(values)):\n"
        "        for j in range(len(values) - i - 1):\n"
        "            if values[j] > values[j + 1]:\n"
        "                values[j], values[j + 1] = values[j + 1], values[j]\n"
        "    return values[k - 1]\n"
    )
    made = problem("kth", "Find the k-th smallest of some values.", code)
    sort = code.replace("kth(values, k)", "sort(values)").replace("values[k - 1]", "values")
    assert not search(record("a", "Implement bubble sort.", sort), problems=[made])
    assert search(record("a", "Find the k-th smallest of the numbers.", sort), problems=[made])


def test_many_pairs_are_all_told() -> None:
    # more than the compiled pass has room for at first
    copies = {f"copy-{n}": PROBLEMS for n in range(60)}
    texts = [record(f"r{n}", statement(PROBLEMS[n % 5])) for n in range(30)]
    hits = found(texts, copies)
    assert len([hit for hit in hits if hit.rule == "verbatim"]) == 30 * 60

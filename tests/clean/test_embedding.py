"""The record nearest to a problem, and what the teacher says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fault_server import Call, FaultServer, Pauses, Reaction, fail, options, say
from wizardcoder.clean import Hit, Reader, Targets, rows
from wizardcoder.clean.embedding import (
    TEACHER_MATCH,
    TEACHER_UNCLEAR,
    Vectors,
    find,
    merged,
    nearest,
)
from wizardcoder.clean.sweep import sweep
from wizardcoder.errors import TeacherAccessError, UsageError
from wizardcoder.recipe import Clean, Embedding
from wizardcoder.records import Record
from wizardcoder.teacher import HttpTransport, Ledger, ReplayedTeacher, Teacher

from .planted import PROBLEMS, program, record, statement, unrelated

#: Leaks under the ids of their problems, among records that have nothing to do with them.
LEAKS = [record(f"leak {p.task_id}", statement(p), program(p)) for p in PROBLEMS]
RECORDS = [*unrelated(40), *LEAKS]
OWN = {"own": PROBLEMS}
OPTIONS = Embedding(enabled=True, model="bag of words", nearest=2)


def bag_of_words(texts: Sequence[str]) -> Vectors:
    """Unit vectors of word counts, hashed."""
    vectors = np.zeros((len(texts), 256), np.float32)
    for place, text in enumerate(texts):
        for word in text.split():
            vectors[place, crc32(word.encode()) % 256] += 1
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


def honest(call: Call) -> Reaction:
    """Match where the record holds the problem's function."""
    problem, _, shown = call.prompt.partition("\n\nRecord:\n")
    name = problem.rpartition("def ")[2].partition("(")[0]
    return say("Match" if f"def {name}(" in shown else "No Match")


def reader(endpoint: str, ledger: Path, kind: type[Teacher] = Teacher) -> Reader:
    """The bag of words, and a teacher at an endpoint."""

    @contextmanager
    def asking() -> Iterator[list[Teacher]]:
        transport = HttpTransport(endpoint, api_key=None, timeout_seconds=30, connections=4)
        with Ledger(ledger) as book:
            yield [kind(options(endpoint), transport, book, clock=Pauses())]

    return Reader(lambda: bag_of_words, asking)


def ask(
    react: Callable[[Call], Reaction], ledger: Path, records: Sequence[Record] = RECORDS
) -> tuple[list[Hit], list[Call]]:
    with FaultServer(react) as server:
        table = rows.of_records(records)
        return find(table, OPTIONS, OWN, reader(server.endpoint, ledger)), server.calls


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


def test_each_planted_leak_is_near_and_is_called_a_match(ledger: Path) -> None:
    hits, _ = ask(honest, ledger)
    found = {(hit.record_id, hit.task_id, hit.rule, hit.drops) for hit in hits}
    assert found == {(f"leak {p.task_id}", p.task_id, TEACHER_MATCH, True) for p in PROBLEMS}


def test_a_hit_shows_both_texts_and_the_cosine(ledger: Path) -> None:
    hit = next(hit for hit in ask(honest, ledger)[0] if hit.task_id == PROBLEMS[0].task_id)
    assert hit.span.startswith(statement(PROBLEMS[0])[:50])
    assert statement(PROBLEMS[0])[:50] in hit.matched
    assert 0.5 < hit.score <= 1 and round(hit.score, 4) == hit.score


def test_as_many_pairs_are_asked_as_options_say_and_each_once(ledger: Path) -> None:
    _, calls = ask(honest, ledger)
    assert len(calls) == OPTIONS.nearest * len(PROBLEMS) == len({call.prompt for call in calls})


def test_what_the_ledger_holds_is_not_asked_again_and_a_replay_needs_nobody(ledger: Path) -> None:
    table = rows.of_records(RECORDS)
    with FaultServer(honest) as server:
        endpoint = server.endpoint
        first = find(table, OPTIONS, OWN, reader(endpoint, ledger))
        assert find(table, OPTIONS, OWN, reader(endpoint, ledger)) == first
        assert len(server.calls) == OPTIONS.nearest * len(PROBLEMS)
    assert find(table, OPTIONS, OWN, reader(endpoint, ledger, ReplayedTeacher)) == first


def test_a_reply_that_is_neither_is_asked_once_more(ledger: Path) -> None:
    hits, calls = ask(
        lambda call: honest(call) if call.turn > 1 else say("Well, it depends."), ledger
    )
    assert len(calls) == 2 * OPTIONS.nearest * len(PROBLEMS)
    assert {hit.rule for hit in hits} == {TEACHER_MATCH} and len(hits) == len(PROBLEMS)


def test_what_stays_unclear_is_counted_and_kept(ledger: Path) -> None:
    hits, calls = ask(lambda call: say("Perhaps."), ledger)
    assert len(calls) == 2 * len(hits) == 4 * len(PROBLEMS)
    assert {(hit.rule, hit.drops) for hit in hits} == {(TEACHER_UNCLEAR, False)}


def test_a_request_that_is_refused_for_good_is_unclear(ledger: Path) -> None:
    hits, _ = ask(lambda call: fail(400, "content policy"), ledger)
    assert {hit.rule for hit in hits} == {TEACHER_UNCLEAR}


def test_a_teacher_that_cannot_be_used_stops_it(ledger: Path) -> None:
    with pytest.raises(TeacherAccessError):
        ask(lambda call: fail(401, "wrong key"), ledger)


def test_hits_are_in_the_order_of_the_rows(ledger: Path) -> None:
    hits, _ = ask(lambda call: say("Match"), ledger)
    ids = rows.of_records(RECORDS)["id"].to_pylist()
    places = [ids.index(hit.record_id) for hit in hits]
    assert places == sorted(places) and len(places) == OPTIONS.nearest * len(PROBLEMS)


def test_two_lists_of_hits_are_one_by_row_and_what_drops_comes_first(ledger: Path) -> None:
    table = rows.of_records(RECORDS)
    kept, _ = ask(lambda call: say("Perhaps."), ledger)
    dropped, _ = ask(honest, ledger.with_name("other.sqlite"))
    both = merged(table, kept, dropped)
    ids = table["id"].to_pylist()
    keys = [(ids.index(hit.record_id), not hit.drops) for hit in both]
    assert keys == sorted(keys) and len(both) == len(kept) + len(dropped)
    assert merged(table, [], []) == []


def test_without_records_nobody_is_asked(ledger: Path) -> None:
    assert ask(honest, ledger, []) == ([], [])


def test_cleaning_rejects_what_the_teacher_calls_a_match(ledger: Path) -> None:
    disguised = [
        record(r.id, f"{r.instruction} Please!", r.response.replace("\n    ", "\n      "))
        for r in LEAKS
    ]
    wanted = Clean(containment=1.0, min_ast_nodes=999, embedding=OPTIONS)
    with FaultServer(honest) as server:
        targets = Targets(OWN, {}, reader=reader(server.endpoint, ledger))
        found = sweep(rows.of_records([*unrelated(40), *disguised]), wanted, targets)
    assert {removal.rule for removal in found.removed.values()} == {"contaminated"}
    assert len(found.removed) == len(LEAKS)
    assert TEACHER_MATCH in {hit.rule for hit in found.hits}


def test_without_a_teacher_the_error_says_what_to_do() -> None:
    with pytest.raises(UsageError, match=r"clean\.embedding\.enabled asks a teacher"):
        sweep(rows.of_records(RECORDS), Clean(embedding=OPTIONS), Targets(OWN, {}))


@given(
    st.integers(1, 5),
    st.lists(st.integers(0, 6), max_size=5),
    st.integers(1, 4),
    st.integers(0, 9),
)
def test_the_nearest_are_those_of_one_whole_product(
    problems: int, sizes: list[int], count: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    wanted = random.integers(-1, 2, (problems, 3)).astype(np.float32)  # many ties
    portions = [random.integers(-1, 2, (size, 3)).astype(np.float32) for size in sizes]
    whole = np.concatenate([np.empty((0, 3), np.float32), *portions])
    found = nearest(wanted, portions, count)
    for row, cosines in enumerate(wanted @ whole.T):
        expected = sorted(range(len(whole)), key=lambda n: (-cosines[n], n))[:count]
        assert found.rows[row].tolist() == expected
        assert found.cosines[row].tolist() == cosines[expected].tolist()

"""A line of a batch's results is understood or refused, whatever it holds."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizardcoder.teacher.batch_api import Fault, RemoteBatch
from wizardcoder.teacher.batch_lines import LINE_OVERHEAD_BYTES, read_line, unanswered, write_line

KEY = bytes(range(32))
KEYS = [bytes([number]) * 32 for number in range(4)]


def result(**changes: Any) -> bytes:
    row = {"custom_id": KEY.hex(), "response": None, "error": None, **changes}
    return json.dumps(row).encode()


def test_a_request_fits_the_name_that_providers_allow() -> None:
    row = json.loads(write_line(KEY, b'{"model":"m"}'))
    assert len(row["custom_id"]) == 64
    assert row["body"] == {"model": "m"}


@given(st.binary(max_size=50).map(lambda text: json.dumps({"x": text.hex()}).encode()))
def test_a_line_takes_no_more_than_its_body_and_a_known_rest(body: bytes) -> None:
    assert len(write_line(KEY, body)) <= len(body) + LINE_OVERHEAD_BYTES


def test_an_answer_keeps_its_status_and_its_body() -> None:
    line = read_line(result(response={"status_code": 200, "body": {"choices": ["é\ud800"]}}))
    assert line is not None
    assert (line.key, line.answer.status) == (KEY, 200)
    assert json.loads(line.answer.body) == {"choices": ["é\ud800"]}


@pytest.mark.parametrize(
    ("code", "status"), [("batch_expired", 503), ("batch_cancelled", 499), ("else", 500)]
)
def test_an_error_without_a_response_has_the_status_of_its_code(code: str, status: int) -> None:
    line = read_line(result(error={"code": code, "message": "no"}))
    assert line is not None
    assert line.answer.status == status


@pytest.mark.parametrize("response", [None, {}, {"status_code": 0, "body": None}, {"body": {}}])
def test_a_line_that_says_neither_is_no_answer(response: Any) -> None:
    assert read_line(result(response=response)) is None


FIELDS = st.sampled_from(["custom_id", "response", "error", "status_code", "body", "code"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(FIELDS, inner, max_size=3),
    max_leaves=6,
)


@given(
    st.binary(max_size=80)
    | st.dictionaries(FIELDS, JSON, max_size=3).map(
        lambda row: json.dumps({"custom_id": KEY.hex(), **row}).encode()
    )
)
def test_whatever_a_line_holds_it_is_understood_or_refused(text: bytes) -> None:
    line = read_line(text)
    assert line is None or (isinstance(line.key, bytes) and isinstance(line.answer.status, int))


# What no line answers


def statuses(batch: RemoteBatch, left: list[bytes]) -> dict[bytes, int]:
    return {key: answer.status for key, answer in unanswered(batch, KEYS, frozenset(left))}


def test_what_a_completed_batch_says_nothing_of_is_not_known() -> None:
    assert statuses(RemoteBatch("b", "completed"), KEYS[:2]) == {}


def test_a_fault_of_one_line_is_that_requests_and_the_others_may_go_again() -> None:
    batch = RemoteBatch("b", "failed", faults=(Fault("invalid", "too long", 2),))
    assert statuses(batch, KEYS) == {KEYS[0]: 503, KEYS[1]: 400, KEYS[2]: 503, KEYS[3]: 503}


@pytest.mark.parametrize("line", [None, 0, 99])
def test_a_fault_of_no_line_is_everybodys(line: int | None) -> None:
    batch = RemoteBatch("b", "failed", faults=(Fault("invalid", "no", line),))
    assert set(statuses(batch, KEYS).values()) == {400}

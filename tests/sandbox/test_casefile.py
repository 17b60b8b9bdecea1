"""What a case file keeps."""

from __future__ import annotations

import hashlib
import zlib
from array import array
from dataclasses import replace
from pathlib import Path

import pytest

from wizardcoder.sandbox import casefile
from wizardcoder.sandbox.casefile import BY_BYTES, BY_DIGEST, CaseFile, Expected
from wizardcoder.sandbox.codec import encode

PARTS = {"base": [[1, 2], [3, 4]], "plus": [[n, "x"] for n in range(1500)]}


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    path = tmp_path / "draft"
    casefile.write_draft(path, entry_point="f", oracle="equal", atol=0.5, parts=PARTS)
    return path


def test_a_draft_holds_all_inputs_in_order(draft: Path) -> None:
    cases = CaseFile(draft)
    assert cases.head.parts == {"base": 2, "plus": 1500}
    inputs = [cases.arguments(n) for n in range(1502)]
    assert inputs == PARTS["base"] + PARTS["plus"]


def test_no_batch_holds_inputs_of_two_parts_or_more_than_1024(draft: Path) -> None:
    cases = CaseFile(draft)
    assert [(start, count) for start, count, _ in cases.batches_of("base")] == [(0, 2)]
    assert [(start, count) for start, count, _ in cases.batches_of("plus")] == [
        (2, 1024),
        (1026, 476),
    ]


def test_batches_are_small_unless_a_single_input_is_not(tmp_path: Path) -> None:
    large = [["y" * 100_000]] * 5 + [["z" * 1_000_000]]
    casefile.write_draft(
        tmp_path / "large", entry_point="f", oracle="equal", atol=0, parts={"base": large}
    )
    sizes = [size for _, size in CaseFile(tmp_path / "large").head.batches]
    assert sum(size > 256 << 10 for size in sizes) == 1
    assert len(sizes) < 6


def test_a_part_may_be_empty(tmp_path: Path) -> None:
    casefile.write_draft(
        tmp_path / "d", entry_point="f", oracle="equal", atol=0, parts={"base": [[1]], "plus": []}
    )
    assert list(CaseFile(tmp_path / "d").batches_of("plus")) == []


def test_an_input_is_named_by_its_part_and_call(draft: Path) -> None:
    assert CaseFile(draft).call(1) == "base input 1, f(3, 4)"
    assert CaseFile(draft).call(2) == "plus input 0, f(0, 'x')"


def written(path: Path, draft: Path) -> CaseFile:
    """A file whose results are short, but for the last one."""
    cases = CaseFile(draft)
    results = [encode(n) for n in range(1501)]
    long = encode(["long"] * 1000)
    expected = Expected(
        lengths=array("I", [*map(len, results), len(long)]).tobytes(),
        kinds=bytes([BY_BYTES] * 1501 + [BY_DIGEST]),
        results=b"".join(results) + hashlib.sha256(long).digest(),
        rests={1501: zlib.compress(long)},
    )
    casefile.write(path, cases, replace(cases.head, seconds=1.5), expected)
    return CaseFile(path)


def test_expected_results_come_back_long_ones_behind_their_digest(
    draft: Path, tmp_path: Path
) -> None:
    cases = written(tmp_path / "whole", draft)
    long = encode(["long"] * 1000)
    assert cases.head.seconds == casefile.read_head(tmp_path / "whole").seconds == 1.5
    assert cases.stored(7, 9) == encode(7) + encode(8)
    assert cases.stored(1501, 1502) == hashlib.sha256(long).digest()
    assert (cases.expected(7), cases.expected(1501)) == (encode(7), long)
    assert (cases.length(7), cases.length(1501), cases.longest) == (5, len(long), len(long))


def test_any_damage_is_noticed(draft: Path, tmp_path: Path) -> None:
    path = tmp_path / "whole"
    written(path, draft)
    content = path.read_bytes()
    assert casefile.is_whole(path)
    for place in (0, 10, 50, 500, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        assert not casefile.is_whole(path)
    for damaged in (b"", content[:20], content[:-1], content + b"x"):
        path.write_bytes(damaged)
        assert not casefile.is_whole(path)
    assert not casefile.is_whole(tmp_path / "missing")


def test_writing_leaves_nothing_but_the_file(draft: Path, tmp_path: Path) -> None:
    written(tmp_path / "whole", draft)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["draft", "whole"]


def test_inputs_that_are_no_data_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="unmarshallable"):
        casefile.write_draft(
            tmp_path / "d", entry_point="f", oracle="equal", atol=0, parts={"base": [[object()]]}
        )

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from wizardcoder.errors import TrainingError
from wizardcoder.recipe import Train
from wizardcoder.records import Record
from wizardcoder.storage import read_manifest
from wizardcoder.train import shards
from wizardcoder.train.shards import map_shards, records_digest, write_shards
from wizardcoder.train.templates import from_records
from wizardcoder.train.tokens import tokenise

OPTIONS = Train(length_tokens=96)


class Killed(Exception):
    """Stands for whatever ends the process."""


@pytest.fixture(scope="module")
def tokenizer(base: Path) -> PreTrainedTokenizerBase:
    return AutoTokenizer.from_pretrained(base)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "RECORDS_PER_BLOCK", 7)


def contents(path: Path) -> dict[str, str]:
    files: dict[str, str] = read_manifest(path)["files"]
    return files


def test_mapped_tokens_are_those_made_in_memory(
    records: list[Record], tokenizer: PreTrainedTokenizerBase, tmp_path: Path
) -> None:
    mapped = map_shards(write_shards(records, tokenizer, OPTIONS, tmp_path))
    expected = tokenise(from_records(records), tokenizer, OPTIONS.length_tokens)
    assert isinstance(mapped.ids, np.memmap)
    assert mapped.ids.dtype == np.uint16
    assert len(mapped) == len(expected) == len(records)
    for index in range(len(expected)):
        assert mapped[index].ids.tolist() == expected[index].ids.tolist()
        assert mapped[index].learnt.tolist() == expected[index].learnt.tolist()
    assert mapped.labels.tolist() == expected.labels.tolist()


def test_the_same_records_are_tokenised_once(
    records: list[Record],
    tokenizer: PreTrainedTokenizerBase,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = write_shards(records, tokenizer, OPTIONS, tmp_path)
    monkeypatch.setattr(shards, "encode", None)  # calling it would fail
    again = write_shards(records, tokenizer, OPTIONS.model_copy(update={"seed": 7}), tmp_path)
    assert again == first


@pytest.mark.parametrize("change", ["records", "length", "template"])
def test_what_changes_the_tokens_has_a_folder_of_its_own(
    change: str, records: list[Record], base: Path, tmp_path: Path
) -> None:
    tokenizer = AutoTokenizer.from_pretrained(base)
    tokenizer.chat_template = "{% for m in messages %}{{ m['content'] }}{% endfor %}"
    first = write_shards(records, tokenizer, OPTIONS, tmp_path)
    other = {"length": {"length_tokens": 90}, "template": {"template": "chat"}}.get(change, {})
    given = records[1:] if change == "records" else records
    assert write_shards(given, tokenizer, OPTIONS.model_copy(update=other), tmp_path) != first


def test_an_interrupted_tokenising_goes_on_and_ends_with_the_same_bytes(
    records: list[Record],
    tokenizer: PreTrainedTokenizerBase,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = write_shards(records, tokenizer, OPTIONS, tmp_path / "whole")
    parts = tmp_path / "parts"
    append = shards._File.append
    calls = iter(range(1000))

    def killed(self: shards._File, values: np.ndarray) -> None:
        if next(calls) == 9:  # in the third block, after the first of its files
            raise Killed
        append(self, values)

    monkeypatch.setattr(shards._File, "append", killed)
    with pytest.raises(Killed):
        write_shards(records, tokenizer, OPTIONS, parts)
    read: list[str] = []

    class Watched(list[Record]):
        def __iter__(self) -> Iterator[Record]:
            for record in super().__iter__():
                read.append(record.id)
                yield record

    seen: list[int] = []
    again = write_shards(
        Watched(records),
        tokenizer,
        OPTIONS,
        parts,
        digest=records_digest(records),
        progress=lambda done, total, note="": seen.append(done),
    )
    assert contents(again) == contents(whole)
    assert seen[0] == 21  # the first two blocks were there


def test_large_vocabularies_take_four_bytes_a_token(
    records: list[Record],
    tokenizer: PreTrainedTokenizerBase,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(type(tokenizer), "__len__", lambda self: 70_000)
    mapped = map_shards(write_shards(records, tokenizer, OPTIONS, tmp_path))
    assert mapped.ids.dtype == np.uint32


def test_rejected_and_truncated_examples_are_counted_in_the_manifest(
    records: list[Record], tokenizer: PreTrainedTokenizerBase, tmp_path: Path
) -> None:
    given = [
        *records,
        replace(records[0], instruction="x " * 200),
        replace(records[0], response="y " * 200),
    ]
    counts = read_manifest(write_shards(given, tokenizer, OPTIONS, tmp_path))["counts"]
    assert (counts["examples"], counts["rejected"], counts["truncated"]) == (41, 1, 1)


def test_nothing_to_learn_is_an_error(tokenizer: PreTrainedTokenizerBase, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="nothing to learn: of 0 examples"):
        write_shards([], tokenizer, OPTIONS, tmp_path)


def test_the_digest_is_of_what_is_learnt_and_nothing_else(records: list[Record]) -> None:
    digest = records_digest(records)
    assert records_digest([replace(r, id="other", source="elsewhere") for r in records]) == digest
    assert records_digest([replace(r, system="Be brief.") for r in records]) != digest

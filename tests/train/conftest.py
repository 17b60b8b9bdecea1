"""A very small base model, made once: its tokenizer and model are those of the miniature."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from wizardcoder.records import Record
from wizardcoder.train import from_records, pretrain

TEXTS = [f"def add_{n}(x):\n    return x + {n}\n" for n in range(40)]
BASE_OPTIONS = {
    "vocabulary": 400,
    "width": 32,
    "layers": 2,
    "heads": 2,
    "positions": 128,
    "row_tokens": 64,
    "rows_per_step": 4,
    "label_tokens": 10_000,
    "lr": 1e-2,
}


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Sums in one order: what makes a resumed training equal bit for bit."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model") / "base"
    prompts = [example.prompt for example in from_records(make_records())]
    pretrain(TEXTS, BASE_OPTIONS, folder, vocabulary_texts=prompts)
    return folder


@pytest.fixture
def records() -> list[Record]:
    return make_records()


def make_records() -> list[Record]:
    return [make_record(n) for n in range(40)]


def make_record(n: int) -> Record:
    return Record(
        id=f"r{n}",
        seed_id=f"r{n}",
        round=0,
        parent_id=None,
        operation=None,
        instruction=f"Write add_{n}(x), which adds {n} to x.",
        input="",
        response=TEXTS[n],
        source="test",
        licence="Apache-2.0",
        teacher="",
        teacher_terms="",
    )

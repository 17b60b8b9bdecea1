"""Texts as unit vectors, by an encoder that is made here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BertModel

from tests.tiny_encoder import SPECIAL, write_encoder
from wizardcoder.clean import Encoder
from wizardcoder.errors import MissingDataError, UsageError

WORDS = "sort the list of words by length and add two numbers".split()


@pytest.fixture(scope="session")
def encoder_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_encoder(tmp_path_factory.mktemp("encoder"), WORDS)


@pytest.fixture(scope="session")
def encoder(encoder_folder: Path) -> Encoder:
    torch.set_num_threads(1)
    return Encoder.load(str(encoder_folder))


def test_vectors_have_length_one(encoder: Encoder) -> None:
    vectors = encoder(["sort the list", "add two numbers and words"])
    assert vectors.shape == (2, 16) and vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1], abs=1e-6)


def test_padding_changes_nothing(encoder: Encoder) -> None:
    texts = ["sort", "sort the list of words by length", "add two numbers"] * 20
    together = encoder(texts)
    alone = np.concatenate([encoder([text]) for text in texts])
    assert together == pytest.approx(alone, abs=1e-5)


def test_a_vector_is_the_mean_of_the_last_layer(encoder: Encoder, encoder_folder: Path) -> None:
    model = BertModel.from_pretrained(encoder_folder).eval()
    ids = torch.tensor([[(SPECIAL + WORDS).index(word) for word in ("sort", "the", "list")]])
    with torch.inference_mode():
        mean = model(input_ids=ids)[0][0].mean(0).numpy()
    assert encoder(["sort the list"])[0] == pytest.approx(mean / np.linalg.norm(mean), abs=1e-5)


def test_an_empty_text_is_nowhere(encoder: Encoder) -> None:
    assert not encoder([""]).any() and encoder([]).shape == (0, 16)


def test_a_text_longer_than_the_encoder_reads_is_cut(encoder: Encoder) -> None:
    assert encoder(["add " * 500])[0] == pytest.approx(encoder(["add " * 32])[0], abs=1e-5)


def test_no_name_is_refused() -> None:
    with pytest.raises(UsageError, match=r"set clean\.embedding\.model"):
        Encoder.load("")


def test_what_is_no_model_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match=r"clean\.embedding\.model: .*cannot be loaded"):
        Encoder.load(str(tmp_path))

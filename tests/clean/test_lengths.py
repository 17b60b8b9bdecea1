from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizardcoder.clean import lengths
from wizardcoder.clean.columns import Texts
from wizardcoder.clean.shingles import encode, tokenise


def count(*texts: str) -> list[int]:
    return lengths.count(Texts.of(pa.array(texts, pa.large_string()))).tolist()


def test_words_numbers_and_signs_count() -> None:
    assert count("", " \n", "return xs[::-1]", "é_1 b") == [0, 0, 8, 2]


@given(st.lists(st.text(alphabet="ab_1 \n.é+\x7f\u4e2d\u2192\U0001f600", max_size=20), min_size=1))
def test_tokens_are_those_of_shingles(texts: list[str]) -> None:
    assert count(*texts) == [len(tokenise(encode(text)).hashes) for text in texts]


@pytest.mark.parametrize("tokens", [[], [0, 0], [1, 2, 3], [100] * 50 + [2000]])
def test_no_record_of_short_ones_is_too_long(tokens: list[int]) -> None:
    assert lengths.limit(np.array(tokens, np.int64)) == lengths.NEVER_TOO_LONG_TOKENS


def test_where_long_records_are_common_the_limit_is_higher() -> None:
    tokens = np.array([1000, 2000, 4000, 8000] * 10, np.int64)
    logs = np.log(tokens)
    first, third = np.quantile(logs, 0.25), np.quantile(logs, 0.75)
    assert lengths.limit(tokens) == int(np.exp(third + 3 * (third - first)))

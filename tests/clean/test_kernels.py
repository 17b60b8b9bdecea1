from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from random import Random

import numpy as np
import pytest
from numpy.typing import NDArray

from wizardcoder.clean import kernels, pairing
from wizardcoder.clean.minhash import Permutations
from wizardcoder.clean.shingles import Hashes, as_texts, shingle, tokenise, windows

from .planted import near, words

COUNT = 300


def sketch(texts: list[str], splits: list[int] | None = None) -> tuple[NDArray[np.uint32], Hashes]:
    """Band keys, (25, texts), and fingerprints."""
    chosen = Permutations.finding(0.7)
    keys = np.empty((chosen.bands, len(texts)), np.uint32)
    fingerprints, sizes = np.empty(len(texts), np.uint64), np.empty(len(texts), np.int32)
    kernels.sketch(
        *as_texts(texts),
        np.array(splits or [0] * len(texts)),
        kernels.weights(5),
        chosen.factors,
        chosen.addends,
        chosen.rows,
        keys,
        fingerprints,
        sizes,
    )
    return keys, fingerprints


@pytest.mark.parametrize("count", [1, 7, 8, 9, 40])
def test_minima_are_those_of_a_plain_loop(count: int) -> None:
    random = np.random.default_rng(count)
    values = random.integers(0, 1 << 32, count + kernels.LANES, dtype=np.uint32)
    chosen = Permutations.finding(0.7)
    wanted = [
        min((int(a) * int(v) + int(b)) % (1 << 32) for v in values[:count])
        for a, b in zip(chosen.factors, chosen.addends, strict=True)
    ]
    minima = np.full(125, 0xFFFFFFFF, np.uint32)
    kernels.lower_minima(values, count, chosen.factors, chosen.addends, minima)
    assert minima.tolist() == wanted


def test_texts_share_a_band_as_often_as_their_similarity_says() -> None:
    random = Random(3)
    originals = [words(random, 104) for _ in range(COUNT)]
    keys, _ = sketch([*originals, *(near(text, 0.8, random) for text in originals)])
    shared = np.mean(keys[:, :COUNT] == keys[:, COUNT:])
    assert shared == pytest.approx(0.8**5, abs=0.03)


def test_white_space_and_case_do_not_change_a_fingerprint() -> None:
    _, (one, other, third) = sketch(["x = 1; y", " X =\n1;y", "x = 1; z"])
    assert one == other != third


def test_a_fingerprint_tells_question_from_response() -> None:
    _, (one, other) = sketch(["x y z", "x y z"], [2, 4])
    assert one != other


@pytest.mark.parametrize("shared", range(0, 11, 2))
def test_similarity_is_that_of_sets(shared: int) -> None:
    one, other = np.arange(10, dtype=np.uint64), np.arange(10 - shared, 18, dtype=np.uint64)
    wanted = len({*one.tolist()} & {*other.tolist()}) / len({*one.tolist()} | {*other.tolist()})
    assert pairing.similarity(one, other, 0.0) == pytest.approx(wanted)


def test_sizes_alone_settle_what_cannot_be_similar() -> None:
    assert (
        pairing.similarity(np.arange(6, dtype=np.uint64), np.arange(10, dtype=np.uint64), 0.7) == 0
    )


def test_windows_of_a_text_are_its_shingles() -> None:
    found = windows(tokenise(b"a b c d e f a b c d e").hashes, 5)
    assert np.array_equal(np.unique(found), shingle(["a b c d e f a b c d e"], 5).hashes)


def test_without_a_place_for_compiled_code_it_is_compiled_in_memory(tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir()
    shutil.copy(str(kernels.__file__), folder / "kernels.py")
    program = (
        "import numba.core.caching as c\n"
        "c.CacheImpl._locator_classes = []\n"  # what a read-only home and site-packages leave
        "import kernels, numpy as np\n"
        "assert kernels.mix(np.uint64(1)) == kernels.mixed(np.array([1], np.uint64))[0]"
    )
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    command = [sys.executable, "-c", program]
    subprocess.run(command, env=environment, check=True, timeout=120)
    assert not (folder / "__pycache__" / "kernels.nbi").exists()

"""Records of our own making of which it is known which nearly repeat which.

python bench/planted_duplicates.py RECORDS OUT.arrow

Texts look to a tokeniser like answers in code: words of a vocabulary of 50,000 with Zipf's
frequencies between marks, 100 to 220 tokens (Code Alpaca's have 76 on average, evolved ones 222).
Of 100 records 5 each have a near-copy in another lineage at Jaccard 0.9, 0.8 and 0.7 or just
above, 5 a decoy below (0.5 to 0.65) and 2 an exact copy. Records stand in the order of their ids,
which is no order of theirs.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

LEVELS = (0.9, 0.8, 0.7)
DECOYS = (0.5, 0.65)
SHINGLE_TOKENS = 5
VOCABULARY = 50_000
LEAST_TOKENS, MOST_TOKENS = 100, 220
COPIES, EXACT = 0.05, 0.02  # of all records: copies at a level, exact copies
_BATCH = 20_000
_MARKS = ["(", ")", ":", "=", "+", ",", "[", "]", ".", ";\n    "]

Array = NDArray[np.int64]


class Kinds(NamedTuple):
    """What each record is: `source` is the record it copies, itself for an original."""

    source: Array
    jaccard: NDArray[np.float64]  # the least with its source: 1 exact, 0 an original


def main() -> None:
    count, out = int(sys.argv[1]), Path(sys.argv[2])
    write(count, out)


def write(count: int, out: Path, seed: int = 0) -> None:
    """An Arrow file with the columns of Record that duplicates are decided by, and the truth."""
    random = np.random.default_rng(seed)
    kinds = plan(count, random)
    words = vocabulary(random)
    places = random.permutation(count)  # the number of each record's id
    order = np.argsort(places)
    with pa.OSFile(str(out), "wb") as sink, pa.ipc.new_file(sink, schema()) as file:
        for start in range(0, count, _BATCH):
            file.write_batch(batch(order[start : start + _BATCH], kinds, places, words, seed))


def schema() -> pa.Schema:
    text = pa.large_string()
    names = ["instruction", "input", "response", "truth_id"]
    return pa.schema(
        [
            *((name, pa.string()) for name in ("id", "seed_id", "parent_id")),
            *((name, text) for name in names),
            ("round", pa.int64()),
            ("truth_jaccard", pa.float64()),
        ]
    )


def plan(count: int, random: np.random.Generator) -> Kinds:
    """Originals first, then the copies, each of an original of its own."""
    levels = np.concatenate(
        [
            *(np.full(int(count * COPIES), level) for level in LEVELS),
            random.uniform(*DECOYS, int(count * COPIES)),
            np.ones(int(count * EXACT)),
        ]
    )
    originals = count - len(levels)
    source = np.concatenate([np.arange(originals), random.permutation(originals)[: len(levels)]])
    return Kinds(source, np.concatenate([np.zeros(originals), levels]))


def vocabulary(random: np.random.Generator) -> pa.Array:
    """Distinct words, the marks after them."""
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    words: dict[str, None] = {}
    while len(words) < VOCABULARY:
        words["".join(random.choice(letters, random.integers(3, 10)))] = None
    return pa.array([*(f" {word}" for word in words), *_MARKS], pa.large_string())


def batch(
    records: Array, kinds: Kinds, places: Array, words: pa.Array, seed: int
) -> pa.RecordBatch:
    tokens = [record_tokens(int(record), kinds, seed) for record in records]
    questions = [row[: len(row) // 4] for row in tokens]
    responses = [row[len(row) // 4 :] for row in tokens]
    ids = np.char.add("r", np.char.zfill(places[records].astype(str), 9))
    copied = np.char.add("r", np.char.zfill(places[kinds.source[records]].astype(str), 9))
    return pa.record_batch(
        {
            "id": pa.array(ids.tolist(), pa.string()),
            "seed_id": pa.array(ids.tolist(), pa.string()),
            "parent_id": pa.nulls(len(records), pa.string()),
            "instruction": texts(questions, words),
            "input": pa.array([""] * len(records), pa.large_string()),
            "response": texts(responses, words),
            "truth_id": pa.array(copied.tolist(), pa.large_string()),
            "round": pa.array(np.zeros(len(records), np.int64)),
            "truth_jaccard": pa.array(kinds.jaccard[records]),
        }
    ).select(schema().names)


def record_tokens(record: int, kinds: Kinds, seed: int) -> Array:
    """The tokens of a record; a near-copy has its source's, the last ones replaced."""
    tokens = drawn(int(kinds.source[record]), seed)
    if kinds.source[record] == record or kinds.jaccard[record] == 1:
        return tokens
    jaccard, shingles = kinds.jaccard[record], len(tokens) - SHINGLE_TOKENS + 1
    changed = int(shingles * (1 - jaccard) / (1 + jaccard) + 1e-9)
    others = drawn(record, seed + 1)
    return np.concatenate([tokens[: len(tokens) - changed], others[:changed]])


def drawn(record: int, seed: int) -> Array:
    """Zipf's words, every third token a mark."""
    random = np.random.Generator(np.random.Philox(key=(seed << 40) + record))
    count = int(random.integers(LEAST_TOKENS, MOST_TOKENS + 1))
    tokens = (VOCABULARY ** random.random(count)).astype(np.int64) % VOCABULARY
    tokens[2::3] = VOCABULARY + random.integers(0, len(_MARKS), len(tokens[2::3]))
    return tokens


def texts(rows: list[Array], words: pa.Array) -> pa.Array:
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    lists = pa.LargeListArray.from_arrays(offsets, words.take(pa.array(np.concatenate(rows))))
    return pc.binary_join(lists, pa.scalar("", pa.large_string()))


if __name__ == "__main__":
    main()

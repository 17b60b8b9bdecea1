"""Near-duplicates by MinHash LSH with rensa or datasketch: 125 permutations, 25 bands of 5.

python minhash_duplicates.py rensa|datasketch RECORDS.arrow OUT.json

A record goes when one kept before it shares a band: the similarity that signatures estimate is not
asked, as that would lose half of the pairs at the threshold. OUT lists the pairs [row, row that it
repeats]. Shingles are of five tokens, as ours are.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa

Pairs = list[tuple[int, int]]
PERMUTATIONS, BANDS, ROWS, THRESHOLD, SHINGLE_TOKENS = 125, 25, 5, 0.7, 5
_TOKEN = re.compile(r"\w+|[^\w\s]")
_PORTION = 10_000


def main(tool: str, records: Path, out: Path) -> None:
    tools: dict[str, Callable[[pa.Table], Pairs]] = {"rensa": rensa, "datasketch": datasketch}
    with pa.memory_map(str(records)) as file:
        found = tools[tool](pa.ipc.open_file(file).read_all())
    out.write_text(json.dumps(found))


def rensa(table: pa.Table) -> Pairs:
    from rensa import RMinHash, RMinHashLSH  # type: ignore[import-not-found]

    index = RMinHashLSH(THRESHOLD, PERMUTATIONS, BANDS)
    pairs, row = [], 0
    for portion in portions(table):
        for sketch in RMinHash.from_token_sets(portion, PERMUTATIONS, 42):
            if near := index.query(sketch):
                pairs.append((row, min(near)))
            else:
                index.insert(row, sketch)
            row += 1
    return pairs


def datasketch(table: pa.Table) -> Pairs:
    from datasketch import MinHash, MinHashLSH  # type: ignore[import-not-found]

    index = MinHashLSH(num_perm=PERMUTATIONS, params=(BANDS, ROWS))
    pairs, row = [], 0
    for portion in portions(table):
        encoded = ([shingle.encode() for shingle in shingles] for shingles in portion)
        for sketch in MinHash.generator(encoded, num_perm=PERMUTATIONS):
            if near := index.query(sketch):
                pairs.append((row, min(near)))
            else:
                index.insert(row, sketch)
            row += 1
    return pairs


def portions(table: pa.Table) -> Iterator[list[list[str]]]:
    """The shingles of every text, some thousand texts at a time."""
    for start in range(0, len(table), _PORTION):
        part = table.slice(start, _PORTION)
        columns = (part[name].to_pylist() for name in ("instruction", "response"))
        yield [shingles(f"{asked}\n{answer}") for asked, answer in zip(*columns, strict=True)]


def shingles(text: str) -> list[str]:
    tokens = _TOKEN.findall(text.lower())
    last = max(1, len(tokens) - SHINGLE_TOKENS + 1)
    return list({" ".join(tokens[i : i + SHINGLE_TOKENS]) for i in range(last)})


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))

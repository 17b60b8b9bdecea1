"""Samples that are there already, when another number of them is wanted.

A stage folder belongs to its options, and `n` is one of them; but sample 7 is the same whether 20
or 200 are drawn. So a folder of another `n` is turned back into an unfinished one with its rows.
"""

from __future__ import annotations

from pathlib import Path

from wizardcoder.records import Completion
from wizardcoder.storage import Identity, Json, earlier, reopen, sign, stream_parquet


def take_over(path: Path, identity: Identity) -> None:
    """Give the samples of the stage folder `path` to `identity`, if only `n` tells them apart.

    A finished folder is left aside, as `--force` leaves it, where fewer samples are wanted than it
    holds: none that was drawn is lost.
    """
    found, wanted = earlier(path), identity.as_json()
    if found is None or found.identity == wanted:
        return
    if _without_n(found.identity) != _without_n(wanted):
        return
    if found.finished:
        rows = stream_parquet(path / "completions.parquet", Completion)
        reopen(path, identity, "completions", rows, keep=_n(wanted) < _n(found.identity))
    else:
        sign(path, identity)


def _without_n(identity: Json) -> Json:
    options = {key: value for key, value in identity["options"].items() if key != "n"}
    return {**identity, "options": options}


def _n(identity: Json) -> int:
    n: int = identity["options"].get("n", 0)
    return n

"""What cleaning found, as text for people."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

Counts = Mapping[str, Any]
_WIDTH = 34


def summary(run: Path, read: Counts, cleaned: Counts) -> Iterator[str]:
    """What was read, what went by which rule, what was kept all the same, and where it is.

    `read` and `cleaned` are the counts of the two manifests.
    """
    yield _line("rows read", read["seeds"] + read["rejected"])
    yield from _list("rejected when read", read["rejected"], read["rules"])
    if cleaned["records"] != read["seeds"]:
        yield _line("evolved records", cleaned["records"] - read["seeds"])
    yield from _list("rejected by cleaning", cleaned["rejected"], cleaned["rules"])
    yield _line("kept", cleaned["kept"])
    yield from _list("  of them flagged", None, cleaned["flags"])
    yield from _near(cleaned["duplicates"])
    yield from _list("hits by benchmark", None, cleaned["contamination"])
    yield from _list("hits by rule", None, cleaned["contamination_by_rule"])
    yield from _list("functions of flagged records", None, cleaned["behaviour"])
    yield _line("tokens of a kept record", _tokens(cleaned["tokens"]))
    yield f"what went and why: {run / 'seeds'}/rejected.parquet, {run / 'clean'}/rejected.parquet"
    format = "alpaca | chat | sharegpt | parquet"
    yield f"as a data set: wizardcoder export {shlex.quote(str(run))} --format {format}"


def _near(duplicates: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    yield from _list("near-duplicates removed", None, _present(duplicates["near_removed"]))
    yield from _list("near-duplicates kept (lineage)", None, _present(duplicates["near_kept"]))


def _present(tally: Mapping[str, int]) -> dict[str, int]:
    return {name: count for name, count in tally.items() if count}


def _list(title: str, total: int | None, parts: Mapping[str, int]) -> Iterator[str]:
    if total is not None:
        yield _line(title, total)
    elif parts:
        yield title
    yield from (_line(f"  {name}", count) for name, count in _largest_first(parts))


def _largest_first(parts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(parts.items(), key=lambda part: (-part[1], part[0]))


def _line(name: str, value: int | str) -> str:
    shown = f"{value:,}" if isinstance(value, int) else value
    return f"{name:<{_WIDTH}}{shown:>12}" if isinstance(value, int) else f"{name:<{_WIDTH}}{shown}"


def _tokens(tokens: Mapping[str, int]) -> str:
    return f"median {tokens['median']:,}, 99 % up to {tokens['p99']:,}, most {tokens['max']:,}"

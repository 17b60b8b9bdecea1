"""Records and tables for the tests of exports."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from wizardcoder.export import Origin
from wizardcoder.records import Record
from wizardcoder.storage import Identity, write_parquet

IDENTITY = Identity("export", {"arm": "final"})
ORIGIN = Origin(name="mine", about="the seeds alone", cleaned=True)
#: Texts that formats, readers and Markdown stumble over.
ODD_TEXTS = (
    "é 😀 \u4e2d",
    'a "quote", a \\ and a\ttab',
    "line\nline\r\nline\rline",
    "sep\u2028arators\u2029 and\x85 next line",
    "```python\nprint(1)\n```",
    "bell \x07 escape \x1b[31m",
    "| a | b |\n|---|---|",
    "<script>alert(1)</script> & </details>",
    "---\nlicense: mit\n---",
    "x" * 100_000,
)


def record(number: int = 1, **changes: Any) -> Record:
    """A seed, or what the changes make of it."""
    values = {
        "id": f"s/{number:06d}",
        "seed_id": f"s/{number:06d}",
        "round": 0,
        "parent_id": None,
        "operation": None,
        "instruction": f"Write {number}.",
        "input": "",
        "response": f"print({number})",
        "source": "s",
        "licence": "MIT",
        "teacher": "",
        "teacher_terms": "",
    }
    return Record(**{**values, **changes})


def child(number: int = 1, round: int = 1, **changes: Any) -> Record:
    """A record that a teacher made of a seed."""
    made = {
        "id": f"s/{number:06d}#{round}",
        "seed_id": f"s/{number:06d}",
        "round": round,
        "parent_id": f"s/{number:06d}",
        "operation": "reasoning",
        "teacher": "m",
        "teacher_terms": "none",
    }
    return record(number, **{**made, **changes})


def table(folder: Path, records: Sequence[Record], name: str = "records") -> Path:
    """The records as a table, in its order."""
    path = folder / f"{name}.parquet"
    ordered = sorted(records, key=lambda record: (record.seed_id, record.round))
    write_parquet(path, Record, ordered)
    return path

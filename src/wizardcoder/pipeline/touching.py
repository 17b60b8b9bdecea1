"""What a clean folder knows about a benchmark: which of its problems the records touch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from pathlib import Path
from typing import Any

from wizardcoder.benchmarks import Benchmark
from wizardcoder.clean import Hit
from wizardcoder.errors import InputError, UsageError
from wizardcoder.evaluate import Touched
from wizardcoder.records import Problem
from wizardcoder.storage import read_manifest, read_parquet

#: Benchmarks that ask for the same functions as another one, under the same task ids.
_SAME_PROBLEMS = {"humanevalplus": "humaneval"}


def touched(
    folder: Path,
    benchmark: Benchmark,
    *,
    trained: Set[str] | None = None,
    checked: Iterable[Problem] | None = None,
) -> Touched:
    """The problems of a benchmark that the records of a clean folder, or of a run, touch.

    `trained`: the ids of the records that a model was trained on (None: all that were kept).
    `checked`: the problems that cleaning compared with (None: all). Raises UsageError when the
    records were not checked against this benchmark, or against other data of it; InputError when
    the folder is none that cleaning wrote.
    """
    folder = folder / "clean" if (folder / "clean").is_dir() else folder
    name = checked_as(folder, benchmark)
    by_record: dict[str, set[str]] = {}
    for hit in read_parquet(folder / "hits.parquet", Hit):
        if hit.benchmark == name and hit.task_id in benchmark.by_id:
            by_record.setdefault(hit.record_id, set()).add(hit.task_id)
    kept = kept_records(folder, by_record)
    seen = _union(by_record[each] for each in (kept if trained is None else kept & trained))
    dropped = _union(by_record[each] for each in by_record.keys() - kept) - seen
    looked_for = {each.task_id for each in (benchmark.problems if checked is None else checked)}
    return Touched(
        data=str(folder),
        kept=tuple(filter(seen.__contains__, benchmark.by_id)),
        dropped=tuple(filter(dropped.__contains__, benchmark.by_id)),
        unchecked=tuple(each for each in benchmark.by_id if each not in looked_for),
    )


def _union(sets: Iterable[set[str]]) -> set[str]:
    return set[str]().union(*sets)


def is_checked(folder: Path, benchmark: Benchmark) -> bool:
    """Whether a clean folder knows which problems of a benchmark its records touch."""
    try:
        checked_as(folder, benchmark)
    except UsageError:
        return False
    return True


def checked_as(folder: Path, benchmark: Benchmark) -> str:
    """The name under which the records of a clean folder were checked against a benchmark.

    Raises UsageError when they were not.
    """
    identity = _identity(folder)
    checked = {name: str(identity["inputs"].get(name)) for name in checked_names(identity)}
    name = benchmark.name.removesuffix("-sanitized")
    if checked.get(name) == benchmark.data_sha256:
        return name
    if (same := _SAME_PROBLEMS.get(name)) in checked:
        return str(same)
    known = ", ".join(checked) or "no benchmark"
    fault = f"not checked against {benchmark.name}, but against {known}"
    if name in checked:
        fault = (
            f"checked against other data of {name} ({checked[name][:12]}) than is scored "
            f"({benchmark.data_sha256[:12]})"
        )
    raise UsageError(
        f"{folder}: its records were {fault}; name it in clean.benchmarks (--benchmark {name}) "
        "and clean them again with the same --data"
    )


def kept_records(folder: Path, record_ids: Iterable[str]) -> set[str]:
    """Those of some records that a clean folder kept."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    where = pc.field("id").isin(pa.array(list(record_ids), pa.string()))
    try:
        table = pq.read_table(folder / "records.parquet", columns=["id"], filters=where)
    except FileNotFoundError:
        raise InputError(folder / "records.parquet", problem="does not exist") from None
    return set(table["id"].to_pylist())


def _identity(folder: Path) -> Mapping[str, Any]:
    identity: Mapping[str, Any] = read_manifest(folder)["identity"]
    if identity.get("stage") != "clean":
        raise InputError(
            folder,
            problem=f"is no folder of cleaned data, but of the stage '{identity.get('stage')}'",
            mend="name the folder clean/ of a run",
        )
    return identity


def checked_names(identity: Mapping[str, Any]) -> list[str]:
    """The benchmarks that records were compared with, by the identity of their cleaning.

    Those of the recipe come first, then files of the user's own problems: both are inputs by name,
    beside the tables that were cleaned and the encoder, whose names have a slash.
    """
    named: list[str] = identity["options"]["benchmarks"]
    inputs = [name for name in identity["inputs"] if "/" not in name]
    return list(dict.fromkeys([*named, *inputs]))

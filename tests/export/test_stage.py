"""An export appears whole or not at all, with the same bytes each time, and can be loaded."""

from __future__ import annotations

import fcntl
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.export.samples import IDENTITY, ODD_TEXTS, ORIGIN, child, record, table
from wizardcoder.errors import RunLockedError, StageConflictError, UsageError
from wizardcoder.export import FORMATS, Format, Selection, run_stage
from wizardcoder.records import Record
from wizardcoder.storage import Identity, Json, open_stage, read_manifest, read_parquet

ROWS = [record(1), child(1), record(2, system="Be brief.", turns=("And?", "So."))]


def export(
    folder: Path, rows: list[Record] = ROWS, format: Format = "parquet", **options: Any
) -> Json:
    """An export of the rows into `folder`."""
    selection = Selection((table(folder.parent, rows, f"table-{folder.name}"),))
    return run_stage(folder, selection, format, ORIGIN, **{"identity": IDENTITY, **options})


@pytest.fixture
def hub_is_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)


def load(folder: Path, cache: Path) -> list[dict[str, Any]]:
    """The rows of the only split that `datasets` finds in a folder, with no argument but it."""
    from datasets import disable_progress_bars, load_dataset

    disable_progress_bars()
    found = load_dataset(str(folder), cache_dir=str(cache))
    assert [*found] == ["train"]
    return list(found["train"])


def test_parquet_keeps_every_column(tmp_path: Path) -> None:
    export(tmp_path / "out")
    assert read_parquet(tmp_path / "out" / "train.parquet", Record) == ROWS


def test_lines_of_json_hold_a_record_each(tmp_path: Path) -> None:
    export(tmp_path / "out", format="alpaca")
    lines = (tmp_path / "out" / "train.jsonl").read_text().splitlines()
    assert [json.loads(line)["instruction"] for line in lines] == ["Write 1."] * 2 + ["Write 2."]


@pytest.mark.usefixtures("hub_is_offline")
@pytest.mark.parametrize("beside", [True, False], ids=["with the card", "without the card"])
@pytest.mark.parametrize("format", FORMATS)
def test_datasets_loads_the_folder(format: Format, beside: bool, tmp_path: Path) -> None:
    odd = [record(n + 3, instruction=text, response=text) for n, text in enumerate(ODD_TEXTS)]
    export(tmp_path / "out", [*ROWS, *odd], format)
    if not beside:
        (tmp_path / "out" / "README.md").unlink()
    rows = load(tmp_path / "out", tmp_path / "cache")
    texts = [json.dumps(row, ensure_ascii=False) for row in rows]
    assert len(rows) == len(ROWS) + len(ODD_TEXTS)
    for text, row in zip(ODD_TEXTS, texts[len(ROWS) :], strict=True):
        assert json.dumps(text, ensure_ascii=False) in row


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_records_give_the_same_bytes(format: Format, tmp_path: Path) -> None:
    one, other = (export(tmp_path / name, format=format)["files"] for name in ("a", "b"))
    assert one == other


def test_what_alpaca_cannot_hold_is_counted(tmp_path: Path) -> None:
    assert export(tmp_path / "a", format="alpaca")["counts"]["cut"] == 1
    assert "1 conversations are here in part" in (tmp_path / "a" / "README.md").read_text()
    assert export(tmp_path / "b", format="chat")["counts"]["cut"] == 0


@pytest.mark.parametrize("format", FORMATS)
def test_what_is_interrupted_leaves_nothing_that_looks_finished(
    format: Format, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def some(selection: Selection) -> Iterator[Record]:
        yield ROWS[0]
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Selection, "__iter__", some)
        with pytest.raises(KeyboardInterrupt):
            export(tmp_path / "out", format=format)
    assert not (tmp_path / "out").exists()
    again = export(tmp_path / "out", format=format)
    assert again["files"] == export(tmp_path / "other", format=format)["files"]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        *again["files"],
        "manifest.json",
    }


def test_an_export_that_is_there_is_not_written_again(tmp_path: Path) -> None:
    first = export(tmp_path / "out")
    before = (tmp_path / "out" / "README.md").stat().st_mtime_ns
    assert export(tmp_path / "out") == first
    assert (tmp_path / "out" / "README.md").stat().st_mtime_ns == before


def test_a_folder_with_something_else_is_not_overwritten(tmp_path: Path) -> None:
    export(tmp_path / "out")
    other = Identity("export", {"arm": "seed"})
    with pytest.raises(StageConflictError, match=r"--force.*--out"):
        export(tmp_path / "out", identity=other)
    export(tmp_path / "out", identity=other, force=True)


def test_a_folder_of_somebody_elses_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("years of work")
    with pytest.raises(StageConflictError):
        export(tmp_path / "out")
    assert (tmp_path / "out" / "thesis.txt").exists()


def test_two_writers_of_one_folder_do_not_mix(tmp_path: Path) -> None:
    with open_stage(tmp_path / "out", IDENTITY) as stage:
        other = (stage.partial / "train.parquet").open("ab")
    with other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(RunLockedError, match="another process is writing this export"):
            export(tmp_path / "out")
    export(tmp_path / "out")


def test_nothing_selected_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="mine: there is nothing to export"):
        export(tmp_path / "out", [])
    assert not list(tmp_path.glob("out*"))


def test_unknown_licences_are_refused_with_their_sources(tmp_path: Path) -> None:
    rows = [record(1, source="web", licence="unknown"), record(2), record(3, licence="")]
    message = (
        r"licence of 2 of 3 records is unknown \(source 'web': 1, 's': 1\).*"
        r"--set seeds\.licence=.*--allow-unknown-licence"
    )
    with pytest.raises(UsageError, match=message):
        export(tmp_path / "out", rows)
    assert not list(tmp_path.glob("out*"))


def test_unknown_licences_may_be_allowed_and_the_card_says_so(tmp_path: Path) -> None:
    rows = [record(1, licence="unknown"), record(2)]
    manifest = export(tmp_path / "out", rows, allow_unknown=True)
    assert manifest["counts"]["unknown_licence"] == 1
    assert "licence of 1 of 2 records is unknown" in (tmp_path / "out" / "README.md").read_text()
    with pytest.raises(UsageError, match="unknown"):
        export(tmp_path / "out", rows)


def test_the_manifest_counts_what_is_there(tmp_path: Path) -> None:
    counts = export(tmp_path / "out")["counts"]
    assert (counts["records"], counts["licences"]) == (3, {"MIT": 3})
    assert read_manifest(tmp_path / "out")["counts"] == counts


_LARGE = """
import resource, sys
from pathlib import Path
from tests.export.samples import IDENTITY, ORIGIN, child
from wizardcoder.export import Selection, run_stage
from wizardcoder.records import Record
from wizardcoder.storage import write_parquet

folder, format, records = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
rows = (child(n, response="x = 1\\n" * 400) for n in range(records))
write_parquet(folder / "records.parquet", Record, rows)
selection = Selection((folder / "records.parquet",))
run_stage(folder / format, selection, format, ORIGIN, identity=IDENTITY)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak_bytes(folder: Path, format: Format, records: int) -> int:
    """The peak memory of a process that writes and exports so many records of 2.4 kB."""
    folder.mkdir()
    command = [sys.executable, "-c", _LARGE, str(folder), format, str(records)]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root)
    return int(done.stdout) * 1024


@pytest.mark.slow
@pytest.mark.parametrize("format", ["chat", "parquet"])
def test_memory_does_not_grow_with_the_records(format: Format, tmp_path: Path) -> None:
    small = peak_bytes(tmp_path / "small", format, 10_000)
    large = peak_bytes(tmp_path / "large", format, 200_000)
    assert large - small < 64 << 20

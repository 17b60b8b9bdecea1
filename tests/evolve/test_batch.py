"""Evolving by the batch API gives the same data, for half the price, however often it is killed."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.batch_server import ANSWER_USD, BatchServer, Fate, Mishap
from tests.evolve import batch_program, killing
from tests.evolve.evolve_program import evolve_file
from tests.evolve.killing import sent_although_answered, statuses
from tests.evolve.worlds import tables
from tests.fault_server import Call, Reaction, say

COUNT = 30
PROGRAM = Path(batch_program.__file__)


def answer(call: Call) -> Reaction:
    """What the teacher says depends on the request alone; one in eight is a refusal."""
    number = int(hashlib.sha256(call.body).hexdigest()[:8], 16)
    return say("Sorry." if number % 8 == 0 else f"Write program {number} in another way.")


def usd(ledger: Path) -> float:
    with closing(sqlite3.connect(ledger)) as database:
        return float(database.execute("SELECT sum(usd) FROM calls").fetchone()[0])


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("seeds") / "seeds.jsonl"
    rows = [{"instruction": f"Write program {n}.", "output": "pass"} for n in range(COUNT)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, seeds: Path) -> tuple[Path, BatchServer]:
    folder = tmp_path_factory.mktemp("undisturbed")
    with BatchServer(answer) as server:
        batch_program.evolve_by_batches(folder, server.endpoint, seeds, COUNT)
    return folder, server


def test_the_data_equals_that_of_single_calls(
    undisturbed: tuple[Path, BatchServer], seeds: Path, tmp_path: Path
) -> None:
    with BatchServer(answer) as server:
        evolve_file(tmp_path, server.endpoint, seeds, COUNT, concurrency=8)
        assert server.batches == []
    assert tables(undisturbed[0]) == tables(tmp_path)


def test_every_request_is_billed_once_at_half_the_price(
    undisturbed: tuple[Path, BatchServer],
) -> None:
    folder, server = undisturbed
    assert set(statuses(folder / "ledger.sqlite")) == {"answered"}
    assert max(server.paid.values()) == 1
    assert usd(folder / "ledger.sqlite") == pytest.approx(server.paid.total() * ANSWER_USD)


def test_a_round_takes_a_few_batches_however_many_lineages_there_are(
    undisturbed: tuple[Path, BatchServer],
) -> None:
    assert max(undisturbed[1].sizes) == COUNT
    assert len(undisturbed[1].sizes) <= 8


@pytest.mark.parametrize("step", ["upload", "create", "look", "read"])
@pytest.mark.parametrize("carried_out", [False, True], ids=["before", "after"])
def test_killed_between_two_steps_it_goes_on_and_pays_for_nothing_twice(
    tmp_path: Path,
    seeds: Path,
    undisturbed: tuple[Path, BatchServer],
    step: str,
    carried_out: bool,
) -> None:
    def mishap(at: str, turn: int) -> Mishap | None:
        hang = (at, turn) == (step, 2)
        return Mishap(carried_out=carried_out, hang_seconds=600.0) if hang else None

    with BatchServer(answer, mishap=mishap, fates=[Fate(looks=2)] * 3) as server:
        arguments = (tmp_path, server.endpoint, seeds, COUNT)
        reached = server.done if carried_out else server.turns
        killing.kill_when(lambda: reached[step] >= 2, *arguments, program=PROGRAM)
        killing.finish(*arguments, program=PROGRAM)
    assert tables(tmp_path) == tables(undisturbed[0])
    assert max(server.paid.values()) == 1
    assert usd(tmp_path / "ledger.sqlite") == pytest.approx(server.paid.total() * ANSWER_USD)
    assert sent_although_answered(tmp_path / "ledger.sqlite") == 0
    assert not {"sent", "queued", "maybe_paid"} & set(statuses(tmp_path / "ledger.sqlite"))

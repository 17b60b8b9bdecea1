"""Processes that a test kills, and what their ledger must say afterwards."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from tests.fault_server import Call

PROGRAM = Path(__file__).with_name("evolve_program.py")
_DEADLINE_SECONDS = 120.0  # of a process that hangs; no test depends on it otherwise


def write_seeds(folder: Path, count: int) -> Path:
    """A file of so many seeds, all different."""
    path = folder / "seeds.jsonl"
    rows = [{"instruction": f"Write program {n}.", "output": "pass"} for n in range(count)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def digest(call: Call) -> int:
    """A number that depends on the request alone."""
    return int(hashlib.sha256(call.body).hexdigest()[:8], 16)


def kill_when(condition: Callable[[], bool], *arguments: object, program: Path = PROGRAM) -> None:
    """Start the program and kill it (-9) once `condition` holds; it must still be running then."""
    with subprocess.Popen([sys.executable, str(program), *map(str, arguments)]) as process:
        deadline = time.monotonic() + _DEADLINE_SECONDS
        try:
            while not condition():
                assert process.poll() is None, "it ended before it could be killed"
                assert time.monotonic() < deadline, "it never came so far"
                time.sleep(0.01)
        finally:
            process.kill()


def finish(*arguments: object, program: Path = PROGRAM) -> None:
    """Run the program to its end."""
    command = [sys.executable, str(program), *map(str, arguments)]
    subprocess.run(command, check=True, timeout=_DEADLINE_SECONDS)


def sent_although_answered(ledger: Path) -> int:
    """How many calls were sent although the reply to the same key was committed: paid twice."""
    query = (
        "SELECT count(*) FROM calls AS later JOIN calls AS answer USING (key) "
        "WHERE answer.status = 'answered' AND later.id > answer.id"
    )
    return int(_rows(ledger, query)[0][0])


def statuses(ledger: Path) -> Counter[str]:
    return Counter(status for (status,) in _rows(ledger, "SELECT status FROM calls"))


def billable(ledger: Path) -> Counter[bytes]:
    """How often each request body may have been billed, as far as the ledger knows."""
    query = "SELECT request FROM calls WHERE status IN ('answered', 'maybe_paid')"
    return Counter(request for (request,) in _rows(ledger, query))


def _rows(ledger: Path, query: str) -> Sequence[tuple[object, ...]]:
    with closing(sqlite3.connect(ledger)) as database:
        return database.execute(query).fetchall()

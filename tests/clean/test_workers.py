from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pyarrow as pa
import pytest

from wizardcoder.clean import workers
from wizardcoder.errors import InputError, WizardCoderError

NUMBERS = pa.table({"n": list(range(100)), "text": [f"\u00fc{n}" for n in range(100)]})


def scaled(factor: int, rows: pa.Table) -> tuple[int, list[int], str]:
    texts = rows["text"].to_pylist()
    return os.getpid(), [factor * n for n in rows["n"].to_pylist()], texts[0]


def refuse(bad: int, rows: pa.Table) -> None:
    if bad in rows["n"].to_pylist():
        raise InputError("table", line=bad, problem="is odd")


def die(_: None, rows: pa.Table) -> int:
    if 50 in rows["n"].to_pylist():
        os.kill(os.getpid(), signal.SIGKILL)
    return rows.num_rows


def linger(_: None, rows: pa.Table) -> int:
    time.sleep(0.1)
    return os.getpid()


def test_results_come_in_order_whatever_the_number_of_processes() -> None:
    found = {
        jobs: list(workers.over(NUMBERS, scaled, 3, jobs=jobs, slice_rows=7, least_rows=0))
        for jobs in (1, 2)
    }
    values = {
        jobs: [(first, numbers, text) for first, (_, numbers, text) in results]
        for jobs, results in found.items()
    }
    assert values[1] == values[2]
    assert [first for first, _, _ in values[1]] == list(range(0, 100, 7))
    assert [n for _, numbers, _ in values[1] for n in numbers] == [3 * n for n in range(100)]
    assert os.getpid() not in {process for _, (process, _, _) in found[2]}


def test_few_rows_stay_in_this_process() -> None:
    results = workers.over(NUMBERS, scaled, 1, jobs=8, slice_rows=9)
    assert {process for _, (process, _, _) in results} == {os.getpid()}


def test_cleaning_is_imported_without_compiled_code_or_tables() -> None:
    heavy = "{'numba', 'pyarrow', 'tree_sitter', 'torch'}"
    program = f"import sys, wizardcoder.clean; assert not {heavy} & {{*sys.modules}}"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)


def test_a_table_without_rows_has_no_results() -> None:
    empty = NUMBERS.slice(0, 0)
    assert not list(workers.over(empty, scaled, 1, jobs=2, least_rows=0))


def test_what_the_work_raises_reaches_the_caller() -> None:
    with pytest.raises(InputError, match="table:50: is odd"):
        list(workers.over(NUMBERS, refuse, 50, jobs=2, slice_rows=10, least_rows=0))


def test_a_process_that_dies_is_one_clear_error() -> None:
    with pytest.raises(WizardCoderError, match=r"worker process died at or after row \d+.*--jobs"):
        list(workers.over(NUMBERS, die, None, jobs=2, slice_rows=10, least_rows=0))


def test_a_caller_who_stops_early_leaves_no_process() -> None:
    results = workers.over(NUMBERS, linger, None, jobs=2, slice_rows=5, least_rows=0)
    _, process = next(results)
    results.close()  # type: ignore[attr-defined]
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_processes_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(
            """
            import sys
            sys.path.insert(0, sys.argv[1])
            from tests.clean.test_workers import NUMBERS, linger, workers

            if __name__ == "__main__":
                results = workers.over(NUMBERS, linger, None, jobs=2, slice_rows=1, least_rows=0)
                for _, process in results:
                    print(process, flush=True)
            """
        )
    )
    root = Path(__file__).parents[2]
    parent = subprocess.Popen(
        [sys.executable, script, root],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # what counts semaphores finds some left over
        text=True,
    )
    assert parent.stdout is not None
    with parent:
        children = {int(parent.stdout.readline()) for _ in range(6)}
        parent.kill()
    deadline = time.monotonic() + 10
    while any(map(is_alive, children)):
        assert time.monotonic() < deadline, children
        time.sleep(0.02)


def is_alive(process: int) -> bool:
    """Whether it still runs: one that nobody has waited for is dead as well."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False

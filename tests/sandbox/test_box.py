"""The Sandbox as a whole: levels, parallel lanes, and what happens when its own parts die."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from wizardcoder.errors import SandboxError, UsageError
from wizardcoder.records import Outcome
from wizardcoder.sandbox import LEVELS, Check, Interpreter, Limits, Sandbox, lane, processes

TEST = "def check(candidate):\n    assert candidate(2) == 4"
RIGHT = "def f(x): return x * x"


def task(program: str = RIGHT, test: str = TEST) -> Check:
    return Check(program=program, entry_point="f", test=test)


@pytest.fixture(scope="module")
def pair() -> Iterator[Sandbox]:
    """Two lanes at whatever level this machine offers."""
    with Sandbox(Limits(cpu_seconds=1, wall_seconds=10), jobs=2, allow_weak=True) as box:
        yield box


def test_auto_takes_a_level_and_says_which(pair: Sandbox) -> None:
    assert pair.level in LEVELS


def test_each_task_gets_its_judgement_in_whatever_order(pair: Sandbox) -> None:
    programs = [RIGHT, "def f(x): return 0", "def f(x) x", RIGHT, ""] * 4
    judged = dict(pair.judge_all(map(task, programs)))
    found = [str(judged[n].outcome) for n in range(len(programs))]
    assert found == ["passed", "wrong_answer", "syntax_error", "passed", "no_code"] * 4


def test_judgements_come_as_they_fall(pair: Sandbox) -> None:
    slow = "import time\ntime.sleep(0.6)\n" + RIGHT
    numbers = [number for number, _ in pair.judge_all([task(slow), task(), task()])]
    assert numbers == [1, 2, 0]


def test_stopping_early_leaves_the_sandbox_usable(pair: Sandbox) -> None:
    judgements = pair.judge_all(task() for _ in range(10))
    next(judgements)
    judgements.close()
    assert [judged.judgement.outcome for judged in pair.judge_all([task()])] == [Outcome.PASSED]


def test_a_worker_that_is_killed_is_replaced_and_its_task_judged(pair: Sandbox) -> None:
    slow = "import time\ntime.sleep(0.6)\n" + RIGHT
    judgements = pair.judge_all([task(slow), task()])
    next(judgements)
    for process in workers():
        os.kill(process, signal.SIGKILL)
    assert [judged.judgement.outcome for judged in judgements] == [Outcome.PASSED]


def test_a_zygote_that_is_killed_is_replaced_and_its_task_judged(pair: Sandbox) -> None:
    slow = "import time\ntime.sleep(0.6)\n" + RIGHT
    judgements = pair.judge_all([task(slow), task()])
    next(judgements)
    for worker in workers():
        for zygote in processes.children(worker):
            os.kill(zygote, signal.SIGKILL)
    assert [judged.judgement.outcome for judged in judgements] == [Outcome.PASSED]


def test_a_fork_server_killed_in_its_own_namespace_is_replaced_too(pair: Sandbox) -> None:
    slow = "import time\ntime.sleep(0.6)\n" + RIGHT
    judgements = pair.judge_all([task(slow), task()])
    next(judgements)
    for worker in workers():
        for outer in processes.children(worker):
            for inner in processes.children(outer) or [outer]:
                os.kill(inner, signal.SIGKILL)
    assert [judged.judgement.outcome for judged in judgements] == [Outcome.PASSED]


def test_a_lane_that_is_killed_while_it_starts_is_replaced() -> None:
    with Sandbox(allow_weak=True, jobs=2) as box:
        os.kill(workers()[-1], signal.SIGKILL)
        outcomes = [judged.judgement.outcome for judged in box.judge_all([task()] * 4)]
    assert outcomes == [Outcome.PASSED] * 4


def test_a_result_that_keeps_the_test_busy_is_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wizardcoder.sandbox.box._SPARE_SECONDS", 0.2)
    endless = "def check(candidate):\n    for _ in range(candidate(0)): pass"
    with Sandbox(Limits(cpu_seconds=0.2, wall_seconds=0.2), allow_weak=True) as box:
        judgement = box.judge(program="def f(x): return 10**15", entry_point="f", test=endless)
    assert judgement.outcome is Outcome.TIMEOUT
    assert judgement.reason == "its test did not end within 0.6 seconds"


def test_what_slept_too_long_is_judged_once_more_alone() -> None:
    with Sandbox(Limits(cpu_seconds=0.3), allow_weak=True, jobs=2) as box:
        sleeper = "import time\ntime.sleep(60)"
        judged = list(box.judge_all([task(sleeper), task()]))
    assert [(n, str(j.outcome)) for n, j in judged] == [(1, "passed"), (0, "timeout")]


def test_closing_leaves_no_process() -> None:
    before = set(workers())
    with Sandbox(allow_weak=True, jobs=2) as box:
        list(box.judge_all([task(), task()]))
        assert set(workers()) - before
    assert not set(workers()) - before


@pytest.mark.parametrize("level", ["full", "no-namespaces"])
def test_closing_leaves_no_mount_and_no_file(
    level: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    mounts = Path("/proc/self/mountinfo").read_text("utf-8")
    before = set(workers())
    try:
        with Sandbox(level=level) as box:
            list(box.judge_all([task("open('left', 'w').write('x')\n" + RIGHT)] * 3))
            for worker in set(workers()) - before:
                for zygote in processes.children(worker):  # it would have cleared away
                    os.kill(zygote, signal.SIGKILL)
    except SandboxError as error:
        pytest.skip(str(error))
    assert list(tmp_path.iterdir()) == []
    assert Path("/proc/self/mountinfo").read_text("utf-8") == mounts


@pytest.mark.slow
def test_two_thousand_programs_leak_neither_memory_nor_descriptors() -> None:
    with Sandbox(allow_weak=True) as box:
        list(box.judge_all([task()] * 200))
        family = [os.getpid(), *processes.descendants(os.getpid())]
        before = [held(pid) for pid in family]
        list(box.judge_all([task()] * 1800))
        after = [held(pid) for pid in family]
    assert [files for files, _ in after] == [files for files, _ in before]
    grown = [now - then for (_, now), (_, then) in zip(after, before, strict=True)]
    assert max(grown) < 4 << 20


def test_a_caller_that_is_killed_takes_everything_along() -> None:
    script = (
        "from wizardcoder.sandbox import Sandbox\n"
        "with Sandbox(allow_weak=True) as box:\n"
        "    print(box.level, flush=True)\n"
        "    box.judge(program='import time; time.sleep(9)', entry_point='f', test='')\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as caller:
        assert caller.stdout is not None
        caller.stdout.readline()
        family = processes.descendants(caller.pid)
        caller.kill()
    assert family
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{pid}").exists() for pid in family):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_candidate_runs_under_any_python(pair: Sandbox) -> None:
    with Sandbox(allow_weak=True, interpreter=Interpreter(python=sys.executable)) as box:
        judgement = box.judge(
            program="import sys\ndef f(x): return sys.executable",
            entry_point="f",
            test=f"def check(candidate): assert candidate(0) == {sys.executable!r}",
        )
    assert judgement.outcome is Outcome.PASSED


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(UsageError, match="unknown sandbox level 'strong'; known: auto, full"):
        Sandbox(level="strong")


def test_weak_needs_to_be_allowed() -> None:
    with pytest.raises(UsageError, match="--allow-weak"):
        Sandbox(level="weak")


def test_a_level_asked_for_by_name_is_refused_when_it_is_missing() -> None:
    with (
        pytest.raises(SandboxError, match="sandbox level 'weak' is not available here"),
        lane.Lane("weak", Limits(), Interpreter(python="/bin/false")),
    ):
        pass


def test_weak_runs_programs_but_says_so() -> None:
    with Sandbox(level="weak", allow_weak=True) as box:
        judgement = box.judge(program=RIGHT, entry_point="f", test=TEST)
    assert (judgement.outcome, judgement.level) == (Outcome.PASSED, "weak")


def workers() -> list[int]:
    """The judges' processes of this one."""
    return [pid for pid in processes.children(os.getpid()) if "worker" in _command(pid)]


def held(pid: int) -> tuple[int, int]:
    """Open files and resident bytes of a process."""
    pages = Path(f"/proc/{pid}/statm").read_text("utf-8").split()[1]
    return len(os.listdir(f"/proc/{pid}/fd")), int(pages) * os.sysconf("SC_PAGE_SIZE")


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text("utf-8")
    except OSError:
        return ""

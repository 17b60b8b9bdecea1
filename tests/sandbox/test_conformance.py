"""The suite that attacks the sandbox: that it holds here, and that it would tell if it did not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from wizardcoder.errors import SandboxError
from wizardcoder.records import Outcome
from wizardcoder.sandbox import LEVELS, conformance
from wizardcoder.sandbox.conformance import Attack, Program, Report, traces

PROGRAMS = conformance.programs()
CHEAP = {"values", "endings", "spies", "protocol", "files", "secrets", "network", "kernel"}
DAEMON = """
import os, time
def f(x):
    if not os.fork():
        os.setsid()
        os.execv("/bin/sleep", [MARK, "60"])
    time.sleep(0.3)
"""
AS_USER = ["setpriv", "--reuid", "12345", "--regid", "12345", "--clear-groups"]
#: Shows what lies in a private folder ($1/$2) to everybody, in a mount namespace; runs the rest.
SHOWN = """
set -e
place=$(mktemp -d); private=$1; name=$2; shift 2
mount --bind "$private/$name" "$place"
mount -t tmpfs -o mode=755 tmpfs "$private"
mkdir "$private/$name"
mount --move "$place" "$private/$name"
rmdir "$place"
exec "$@"
"""


def run(level: str, chosen: list[Program] | None = None) -> Report:
    try:
        return conformance.run(level, chosen=chosen, allow_weak=True)
    except SandboxError as error:
        pytest.skip(str(error))


def program(code: str, attacks: Attack = Attack.MACHINE) -> Program:
    expect = frozenset({Outcome.PASSED if attacks is Attack.NOTHING else Outcome.WRONG_ANSWER})
    like = replace(PROGRAMS[0], squares=False)
    return replace(like, name="mine", code=code, attacks=attacks, expect=expect, levels=LEVELS)


def shown(path: Path) -> list[str]:
    """What to put before a command, so that an ordinary user can read a path in it."""
    private = [p for p in path.parents if not p.stat().st_mode & 0o001]
    if not private:
        return []
    name = path.relative_to(private[-1]).parts[0]
    return ["unshare", "--mount", "sh", "-c", SHOWN, "sh", str(private[-1]), name]


def evidence(report: Report) -> str:
    (violation,) = report.violations
    return violation.evidence


def test_there_are_a_hundred_attacks_and_twenty_odd_programs_that_do_no_harm() -> None:
    count = Counter(program.attacks is Attack.NOTHING for program in PROGRAMS)
    assert count[False] >= 100 and count[True] >= 20


def test_each_program_has_a_name_of_its_own_in_its_group() -> None:
    names = Counter((program.group, program.name) for program in PROGRAMS)
    assert [name for name, count in names.items() if count > 1] == []


def test_every_kind_of_attack_is_there_for_every_level_that_promises_to_hold_it() -> None:
    for level in LEVELS[:-1]:
        assert {p.attacks for p in PROGRAMS if level in p.levels} == set(Attack)
    assert {p.attacks for p in PROGRAMS if "weak" in p.levels} == {
        Attack.VERDICT,
        Attack.JUDGE,
        Attack.NOTHING,
    }


@pytest.mark.parametrize("level", ["full", "no-namespaces"])
def test_what_attacks_the_verdict_and_the_machine_is_held(level: str) -> None:
    report = run(level, [p for p in PROGRAMS if p.group in CHEAP])
    assert report.violations == ()
    assert sum(report.tried.values()) > 150


@pytest.mark.slow
@pytest.mark.parametrize("level", ["full", "no-namespaces", "weak"])
def test_the_whole_suite_is_held(level: str) -> None:
    assert run(level).violations == ()


@pytest.mark.slow
@pytest.mark.parametrize("level", ["full", "no-namespaces"])
def test_the_whole_suite_is_held_as_an_ordinary_user(level: str) -> None:
    if os.getuid() != 0 or not shutil.which("unshare") or not shutil.which("setpriv"):
        pytest.skip("only root can become an ordinary user")
    command = [sys.executable, "-m", "wizardcoder", "doctor", "sandbox", "--level", level]
    done = subprocess.run(
        [*shown(Path(sys.executable).resolve()), *AS_USER, *command],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "as an ordinary user: held all" in done.stdout


def test_a_program_that_passes_against_expectation_is_reported() -> None:
    assert evidence(run("auto", [program("def f(x): return x * x")])) == "judged passed"


def test_a_harmless_program_that_does_not_pass_is_reported_with_the_reason() -> None:
    report = run("auto", [program("def f(x): raise ValueError('no')", Attack.NOTHING)])
    assert evidence(report) == "judged exception: ValueError: no (line 1 of the program)"
    assert not report.held


@pytest.mark.parametrize(
    ("code", "effect"),
    [
        ("def f(x): open(f'{OUTSIDE}/new', 'w')", "'new' was made"),
        ("import os\ndef f(x): os.remove(f'{OUTSIDE}/victim')", "'victim' was deleted"),
        ("def f(x): open(f'{OUTSIDE}/victim', 'a').write('x')", "'victim' was changed"),
        ("import os\ndef f(x): os.utime(f'{OUTSIDE}/victim', (1, 1))", "'victim' was changed"),
        ("import os\ndef f(x): os.chmod(OUTSIDE, 0o700)", "'.' was changed"),
        (
            "import socket\ndef f(x): socket.create_connection(('127.0.0.1', TCP))",
            "somebody spoke to TCP",
        ),
        (
            "import socket\ndef f(x): socket.socket(2, 2).sendto(b'x', ('127.0.0.1', UDP))",
            "somebody spoke to UDP",
        ),
        (
            "import socket\ndef f(x): socket.socket(1).connect('\\0' + ABSTRACT)",
            "somebody spoke to an abstract socket",
        ),
        (DAEMON, "goes on"),
    ],
)
def test_an_attack_that_nothing_holds_is_seen_from_outside(code: str, effect: str) -> None:
    assert effect in evidence(run("weak", [program(code)]))


def test_what_is_left_in_shared_folders_is_found_by_its_mark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traces, "_SHARED_FOLDERS", (str(tmp_path),))
    (tmp_path / "a-wc12345678").touch()
    inner = tmp_path / "wizardcoder-sandbox-x" / "scratch"
    inner.mkdir(parents=True)
    (inner / "wc12345678").mkdir()
    assert traces.traces("wc12345678") == [
        f"{tmp_path}/a-wc12345678 was left",
        f"{inner}/wc12345678 was left",
    ]
    assert traces.traces("wc87654321") == []


def test_levels_are_found_out_by_trying() -> None:
    rungs = conformance.ladder()
    assert [rung.level for rung in rungs] == list(LEVELS)
    assert rungs[-1].holds

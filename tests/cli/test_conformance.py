"""What `doctor sandbox` prints, and its exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wizardcoder.cli.app import run
from wizardcoder.sandbox import LEVELS, conformance
from wizardcoder.sandbox.conformance import Report, Rung, Violation

PROGRAM = conformance.programs()[0]
RUNGS = [Rung("full", False, "no namespaces"), Rung("no-namespaces", True), Rung("weak", True)]
HELD = Report(
    level="no-namespaces", as_root=False, tried={"files": 3, "values": 2}, violations=(), seconds=4
)
BROKEN = Report(
    level="full",
    as_root=True,
    tried={PROGRAM.group: 3},
    violations=(Violation(PROGRAM, "judged killed: it ended"),),
    seconds=4.2,
)


@pytest.fixture(autouse=True)
def _stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setattr(conformance, "ladder", lambda: RUNGS)


def found(monkeypatch: pytest.MonkeyPatch, report: Report) -> None:
    monkeypatch.setattr(conformance, "run", lambda *_, **__: report)


def test_levels_are_shown_with_the_reason_why_one_does_not_hold(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["doctor", "sandbox", "--quick"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["--  full           no namespaces", "ok  no-namespaces", "ok  weak"]


def test_what_held_is_a_line_for_each_class(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found(monkeypatch, HELD)
    assert run(["doctor", "sandbox"]) == 0
    *_, files, values, last = capsys.readouterr().out.splitlines()
    assert (files, values) == ("ok  files     3 of 3 held", "ok  values    2 of 2 held")
    assert last == (
        "sandbox level 'no-namespaces', as an ordinary user: held all 5 programs in 4 s"
    )


def test_what_broke_out_is_told_in_words_and_by_the_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found(monkeypatch, BROKEN)
    assert run(["doctor", "sandbox", "--level", "full"]) == 1
    out = capsys.readouterr().out
    assert f"--  {PROGRAM.group}    2 of 3 held" in out
    assert f"BROKEN  {PROGRAM.group}: {PROGRAM.name}: judged killed: it ended" in out
    assert out.endswith("sandbox level 'full', as root: broken by 1 of 3 in 4 s\n")


def test_json_holds_all_of_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found(monkeypatch, BROKEN)
    assert run(["doctor", "sandbox", "--json"]) == 1
    table = json.loads(capsys.readouterr().out)
    assert table["level"] == "full" and table["as_root"] is True
    assert [rung["level"] for rung in table["levels"]] == list(LEVELS)
    assert table["violations"] == [
        {
            "program": PROGRAM.name,
            "group": PROGRAM.group,
            "attacks": PROGRAM.attacks,
            "evidence": "judged killed: it ended",
        }
    ]


def test_an_unknown_level_is_wrong_usage(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(["doctor", "sandbox", "--level", "strong"]) == 2
    assert "unknown sandbox level 'strong'" in capsys.readouterr().err

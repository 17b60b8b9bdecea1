"""evaluate, compare and headline as a user meets them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from wizardcoder.cli.app import run
from wizardcoder.storage.rows import drop_torn_line

pytestmark = pytest.mark.usefixtures("quiet")


@pytest.fixture
def data() -> Path:
    """A data folder with an MBPP of three tasks."""
    folder = Path("data/mbpp")
    folder.mkdir(parents=True)
    rows = [
        {
            "task_id": 11 + n,
            "text": f"Add {n}.",
            "code": f"def add(x): return x + {n}",
            "test_setup_code": "",
            "test_list": [f"assert add(1) == {1 + n}"],
        }
        for n in range(3)
    ]
    (folder / "mbpp.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return Path("data")


def samples(name: str, *codes: str) -> Path:
    rows = ({"task_id": 11 + n, "solution": code} for n, code in enumerate(codes))
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return Path(name)


RIGHT = [f"def add(x): return x + {n}" for n in range(3)]
WRONG = [RIGHT[0], "def add(x): return 0", "def add(x): return 0"]


def evaluate(file: Path, data: Path, *more: str) -> int:
    return run(["evaluate", "mbpp", "--completions", str(file), "--data", str(data), *more])


def test_a_score_ends_with_where_its_verdicts_are(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(samples("right.jsonl", *RIGHT), data) == 0
    out = capsys.readouterr().out.splitlines()
    assert "pass@1 100.00" in out[1]
    assert out[-1] == "runs/evaluate/mbpp-right"
    assert len(Path(out[-1], "verdicts.jsonl").read_text().splitlines()) == 3


def test_json_has_one_object_a_file(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    more = ["--completions", str(samples("wrong.jsonl", *WRONG)), "--json"]
    assert evaluate(samples("right.jsonl", *RIGHT), data, *more) == 0
    scores = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [score["passed"] for score in scores] == [3, 1]
    assert scores[0]["verdicts"] == "runs/evaluate/mbpp-right"


def test_two_evaluations_are_compared(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, codes in (("right", RIGHT), ("wrong", WRONG)):
        assert evaluate(samples(f"{name}.jsonl", *codes), data, "--out", "out") == 0
    capsys.readouterr()
    assert run(["compare", "out/mbpp-wrong", "out/mbpp-right"]) == 0
    out = capsys.readouterr().out
    assert "B − A  +66.67 points" in out
    assert "exact p = 0.5" in out
    assert "won by B (2): Mbpp/12, Mbpp/13" in out
    assert run(["compare", "out/mbpp-wrong", "out/mbpp-right", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["won"] == ["Mbpp/12", "Mbpp/13"]


def test_a_partial_set_is_refused_unless_asked_for(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = samples("one.jsonl", RIGHT[0])
    assert evaluate(file, data) == 2
    assert "2 of 3 problems of mbpp have no completion" in capsys.readouterr().err
    assert evaluate(file, data, "--partial") == 0
    assert "coverage 33.3%" in capsys.readouterr().out


def test_what_is_finished_in_out_is_not_judged_again_unless_forced(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = samples("right.jsonl", *RIGHT)
    assert evaluate(file, data, "--out", "out") == 0
    samples("right.jsonl", *WRONG)
    assert evaluate(file, data, "--out", "out") == 2
    assert "--force" in capsys.readouterr().err
    assert evaluate(file, data, "--out", "out", "--force") == 0


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (["--assembly", "neither"], "assembly"),
        (["--level", "perfect"], "sandbox_level"),
        (["-k", "2"], "pass@2 needs 2 samples per problem"),
    ],
)
def test_a_wrong_option_is_named(
    data: Path, capsys: pytest.CaptureFixture[str], option: list[str], message: str
) -> None:
    assert evaluate(samples("right.jsonl", *RIGHT), data, *option) == 2
    assert message in capsys.readouterr().err


@pytest.mark.real_data
def test_a_known_file_shows_what_was_published(
    shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = shared / "data/generations/humaneval/claude.jsonl"
    command = ["evaluate", "humaneval", "--completions", str(file)]
    assert run([*command, "--data", str(shared / "data")]) == 0
    out = capsys.readouterr().out
    assert "pass@1 46.95" in out
    assert "published for Claude: 47.6" in out


@pytest.mark.slow
@pytest.mark.real_data
def test_after_kill_9_only_the_unfinished_programs_run(shared: Path) -> None:
    file = shared / "data/generations/humaneval/wizardcoder-15b-v1.0.jsonl"
    command = [sys.executable, "-m", "wizardcoder", "evaluate", "humaneval", "--json"]
    command += ["--completions", str(file), "--data", str(shared / "data")]
    fallen = Path("runs/evaluate/humaneval-wizardcoder-15b-v1.0.partial/fallen.jsonl")
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 60
        while not (fallen.exists() and len(fallen.read_bytes().splitlines()) > 40):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    drop_torn_line(fallen)
    before = fallen.read_text().splitlines()
    assert 40 < len(before) < 328
    again = subprocess.run(command, capture_output=True, text=True, check=True)
    score = json.loads(again.stdout)
    assert (score["passed"], score["total"]) == (98, 164)
    kept = Path(score["verdicts"], "verdicts.jsonl").read_text().splitlines()
    own = [line for line in before if json.loads(line)["sample"] >= 0]
    assert set(own) <= set(kept)  # the same times: they were not run again


def cleaned(data: Path, *codes: str) -> Path:
    """The clean folder of a data set whose answers are these."""
    rows = [{"instruction": f"Task {n}.", "output": code} for n, code in enumerate(codes)]
    Path("rows.json").write_text(json.dumps(rows))
    options = ["--out", "cleaned", "--set", "clean.benchmarks=['mbpp']", "--licence", "CC0-1.0"]
    assert run(["clean", "rows.json", "--data", str(data), *options]) == 0
    return Path("cleaned/clean")


def test_a_score_is_also_given_without_what_the_training_data_touches(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = cleaned(data, "It depends on the weather.", "Take a walk, and then another one.")
    capsys.readouterr()
    more = ["--hits", str(folder), "--json"]
    assert evaluate(samples("wrong.jsonl", *WRONG), data, *more) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["touched"]["data"] == str(folder)
    assert (found["touched"]["kept"], found["untouched"]["problems"]) == ([], 3)
    assert evaluate(samples("again.jsonl", *WRONG), data, "--hits", "cleaned") == 0
    out = capsys.readouterr().out
    assert "without the 0 problems that its training data touches: pass@1 33.33" in out


def test_data_that_was_not_checked_against_the_benchmark_is_refused(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = cleaned(data, "It depends on the weather.")
    file = data / "mbpp" / "mbpp.jsonl"
    file.write_text(file.read_text() + "\n")
    assert evaluate(samples("wrong.jsonl", *WRONG), data, "--hits", str(folder)) == 2
    assert "checked against other data of mbpp" in capsys.readouterr().err

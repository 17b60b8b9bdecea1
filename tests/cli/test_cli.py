"""The command line as a user meets it."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from wizardcoder.cli.app import run
from wizardcoder.errors import TeacherError
from wizardcoder.pipeline import Run

pytestmark = pytest.mark.usefixtures("quiet")


def wizardcoder(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    command = [sys.executable, "-m", "wizardcoder", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_help_answers_at_once() -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = wizardcoder("--help")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert done.returncode == 0
    for command in "run seeds evolve clean train generate evaluate report plan doctor".split():
        assert f"\n  {command} " in done.stdout
    assert len(done.stdout.splitlines()) <= 40
    assert seconds <= 0.3 * 3  # CPU seconds; the bound with room for a machine under load


@pytest.mark.parametrize("module", ["wizardcoder", "wizardcoder.cli.app", "wizardcoder.pipeline"])
def test_importing_loads_neither_torch_nor_pandas(module: str) -> None:
    code = f"import sys, {module}; print(*{{'torch', 'pandas', 'transformers'}} & {{*sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "absent.toml"], "absent.toml: no such recipe"),
        (["run", "--set", "train.lrr=1"], "unknown key 'train.lrr'; known here:"),
        (["seeds", "absent.json"], "no seeds called 'absent.json'"),
        (["clean", "."], "is neither a seed file nor a run folder"),
        (["seeds", "hf:"], "hf:OWNER/NAME"),
        (["evolve"], "no run in runs/"),
        (["evaluate", "humaneval", "--completions", "x.jsonl"], "--data"),
        (["evaluate", "humaneva", "--completions", "x.jsonl"], "unknown benchmark 'humaneva'"),
        (["evaluate", "humaneval"], "--completions FILE"),
        (["report", "."], "is not a run folder"),
    ],
)
def test_wrong_input_is_one_clear_message_and_leaves_nothing(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not [p for p in tmp_path.rglob("*") if p.is_file() and p.name != ".lock"]


def test_a_malformed_line_in_the_middle_is_named_and_can_be_mended(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    good = json.dumps({"instruction": "Add two numbers.", "output": "a + b"})
    Path("s.jsonl").write_text(f"{good}\n{good[:20]}\n{good}\n")
    assert run(["seeds", "s.jsonl", "--out", "out"]) == 2
    assert "s.jsonl:2: is not JSON: Unterminated string" in capsys.readouterr().err
    assert not list(tmp_path.rglob("*.parquet"))
    Path("s.jsonl").write_text(f"{good}\n{good}\n")
    assert run(["seeds", "s.jsonl", "--out", "out"]) == 0


def test_seeds_of_a_file_become_a_run_folder(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"instruction": f"Task {n}.", "output": "pass"} for n in range(5)]
    Path("s.json").write_text(json.dumps(rows))
    assert run(["seeds", "s.json", "--count", "3", "--licence", "MIT", "--out", "out"]) == 0
    assert capsys.readouterr().out == "out/seeds\n"
    counts = json.loads(Path("out/seeds/manifest.json").read_text())["counts"]
    assert counts == {"seeds": 3, "rejected": 0, "rules": {}, "licences": {"MIT": 3}}


def test_a_second_writer_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    Path("s.json").write_text(json.dumps([{"instruction": "Task.", "output": "pass"}]))
    assert run(["seeds", "s.json", "--out", "out"]) == 0
    hold = (
        "import sys, pathlib; from wizardcoder.storage import run_lock\n"
        "with run_lock(pathlib.Path('out')): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        capsys.readouterr()
        assert run(["seeds", "out"]) == 2
        assert f"another process is writing this run (process {holder.pid}" in (
            capsys.readouterr().err
        )
        holder.kill()


def test_a_full_disk_is_one_clear_message(tmp_path: Path) -> None:
    rows = [{"instruction": f"Task {n}. " + "x" * 999, "output": "pass"} for n in range(999)]
    Path("s.json").write_text(json.dumps(rows))
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))"
    ignore = "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)"
    code = f"{limit}; {ignore}; from wizardcoder.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "seeds", "s.json", "--out", "out"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "cannot write: File too large" in done.stderr
    assert "make room" in done.stderr
    assert not Path("out/seeds").exists()
    assert wizardcoder("seeds", "s.json", "--out", "out").returncode == 0


@pytest.mark.real_data
def test_evaluating_a_file_prints_one_object_of_json(
    shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = shared / "data/generations/humaneval/wizardcoder-15b-v1.0.jsonl"
    data = str(shared / "data")
    code = run(["evaluate", "humaneval", "--completions", str(file), "--data", data, "--json"])
    assert code == 0
    (line,) = capsys.readouterr().out.splitlines()
    score = json.loads(line)
    assert (score["passed"], score["total"]) == (98, 164)
    assert round(100 * score["pass_at_k"]["1"], 2) == 59.76


def test_doctor_says_what_holds(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor"]) == 0
    said = capsys.readouterr().out
    assert "sandbox" in said
    assert all(len(line) <= 120 for line in said.splitlines())


def test_doctor_warns_of_a_network_file_system(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("wizardcoder.pipeline.doctor.network_filesystem", lambda path: "nfs4")
    assert run(["doctor"]) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "file system" in line]
    assert line.startswith("-- ") and "nfs4" in line and "--ledger" in line


def test_plan_sends_nothing_and_says_calls_and_dollars(capsys: pytest.CaptureFixture[str]) -> None:
    prices = "teacher.usd_per_million_completion_tokens=2"
    others = ["--set", "seeds.count=100", "--set", "evolve.judge.enabled=false"]
    assert run(["plan", "--set", prices, *others]) == 0
    plan = capsys.readouterr().out.splitlines()
    assert "evolve  3 rounds, 300 attempts, asking miniature" in plan
    figures = {line.split()[0]: line.split()[1:] for line in plan}
    assert figures["calls"] == ["600", "600"]
    assert figures["dollars"][1] == f"${600 * 512 * 2e-6:,.2f}"
    assert os.listdir(".") == []


@pytest.mark.parametrize(
    ("part", "told", "silent"), [("evolve", "dollars", "train"), ("train", "train", "dollars")]
)
def test_a_plan_of_one_part_is_silent_about_the_others(
    part: str, told: str, silent: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["plan", part, "--set", "seeds.count=10"]) == 0
    words = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert told in words and silent not in words


def test_a_plan_takes_one_source(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "evolve", "a.toml", "b.toml"]) == 2
    assert "name one source" in capsys.readouterr().err


def seeds_file(name: str = "s.json", rows: int = 3) -> Path:
    """A small seed file in the working folder."""
    table = [{"instruction": f"Write task {n}.", "output": f"done({n})"} for n in range(rows)]
    Path(name).write_text(json.dumps(table))
    return Path(name)


def test_a_seed_file_may_have_any_name() -> None:
    name = 'my "odd" \\ seeds é 😀.json'
    assert run(["seeds", str(seeds_file(name)), "--out", "out"]) == 0


def test_a_run_goes_on_from_elsewhere_and_without_its_seed_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nothing = ["--set", "clean.benchmarks=[]", "--set", "evolve.rounds=0"]
    assert run(["seeds", str(seeds_file()), "--out", "out", *nothing]) == 0
    Path("s.json").unlink()
    Path("sub").mkdir()
    monkeypatch.chdir("sub")
    assert run(["clean", "../out"]) == 0


def test_a_seed_file_is_cleaned_by_itself() -> None:
    assert run(["clean", str(seeds_file()), "--out", "out", "--set", "clean.benchmarks=[]"]) == 0
    assert json.loads(Path("out/clean/manifest.json").read_text())["counts"]["kept"] == 3


def test_a_wrong_endpoint_can_be_mended(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["evolve", str(seeds_file()), "--rounds", "1", "--out", "out"]
    assert run([*command, "--endpoint", "http://127.0.0.1:1/v1"]) == 2
    assert "cannot be reached" in capsys.readouterr().err
    assert run([*command, "--endpoint", "miniature"]) == 0


def test_an_arm_that_the_run_has_not_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    only = ["--set", "clean.benchmarks=[]"]
    assert run(["clean", str(seeds_file()), "--out", "out", *only]) == 0
    assert run(["train", "out", "--arm", "round-9"]) == 2
    assert "--arm round-9: out has the arms seed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ('evaluate.benchmarks=["nope"]', "unknown benchmark 'nope'"),
        ('clean.benchmarks=["nope"]', "unknown benchmark 'nope'"),
        ("base.options.nope=1", "base.options.nope"),
        ("controls.x.source=harder", "source = 'harder'"),
    ],
)
def test_a_mistake_in_a_recipe_is_found_before_anything_is_made(
    override: str, message: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(["run", "--set", override, "--out", "out"]) == 2
    assert message in capsys.readouterr().err
    assert not [path for path in (tmp_path / "out").iterdir() if path.is_dir()]


@pytest.mark.parametrize("ending", [KeyboardInterrupt, TeacherError("it is down")])
def test_who_names_no_folder_is_told_which_one_goes_on(
    ending: BaseException | type[BaseException],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    def evolve(self: Run) -> None:
        raise ending

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Run, "evolve", evolve)
    Path("s.jsonl").write_text('{"instruction": "Add.", "output": "3"}\n')
    assert run(["evolve", "s.jsonl"]) in (1, 130)
    (folder,) = Path("runs").iterdir()
    assert f"to go on in it: wizardcoder evolve {folder}\n" in capsys.readouterr().err
    assert run(["evolve", "s.jsonl", "--out", "named"]) in (1, 130)
    assert "to go on in it" not in capsys.readouterr().err

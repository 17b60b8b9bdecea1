"""`export` and `push` as a person meets them: a run made here, its data passed on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.export.hub_server import HubServer
from tests.fault_server import FaultServer, say
from wizardcoder.cli.app import run

pytestmark = pytest.mark.usefixtures("quiet", "nobody_is_logged_in")

KEY, TOKEN = "sk-planted-0123456789abcdef", "hf_planted0123456789abcdef"


@pytest.fixture
def nobody_is_logged_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HF_TOKEN_PATH", "HF_STORED_TOKENS_PATH"):
        monkeypatch.setattr(f"huggingface_hub.constants.{name}", str(tmp_path / name))


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """A Hub that this process takes for the real one, and is logged in to."""
    with HubServer() as server:
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", server.endpoint)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        yield server


def made(*options: str, rows: int = 4) -> Path:
    """A run with seeds, evolved by the miniature's teacher, and cleaned."""
    table = [{"instruction": f"Write task {n}.", "output": f"done({n})"} for n in range(rows)]
    Path("s.json").write_text(json.dumps(table))
    nothing = ["--set", "clean.benchmarks=[]", "--set", "clean.near_duplicates=false"]
    evolving = ["--set", "evolve.judge.enabled=false", "--rounds", "1", *options, *nothing]
    endpoint = [] if "--endpoint" in options else ["--endpoint", "miniature"]
    assert run(["evolve", "s.json", "--out", "mine", *endpoint, *evolving]) == 0
    assert run(["clean", "mine"]) == 0
    return Path("mine")


@pytest.mark.parametrize("format", ["alpaca", "chat", "sharegpt", "parquet"])
def test_a_runs_data_becomes_a_folder_with_its_card(
    format: str, capsys: pytest.CaptureFixture[str]
) -> None:
    made("--licence", "MIT")
    capsys.readouterr()
    assert run(["export", "mine", "--format", format, "--out", "out"]) == 0
    assert capsys.readouterr().out == "out\n"
    file = "train.parquet" if format == "parquet" else "train.jsonl"
    assert {path.name for path in Path("out").iterdir()} == {file, "README.md", "manifest.json"}
    assert "strictest licence of any record is **MIT**" in Path("out/README.md").read_text()


def test_without_out_it_lies_in_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    made("--licence", "MIT")
    assert run(["export", "mine"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "mine/export/final-clean-parquet"


def test_what_is_exported_reads_back_as_seeds() -> None:
    made("--licence", "MIT")
    only = ["--format", "alpaca", "--arm", "seed", "--stage", "evolved", "--out", "out"]
    assert run(["export", "mine", *only]) == 0
    assert run(["seeds", "out/train.jsonl", "--out", "again"]) == 0
    counts = json.loads(Path("again/seeds/manifest.json").read_text())["counts"]
    assert counts["seeds"] == 4


def test_data_of_unknown_licence_is_refused_unless_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    made()
    assert run(["export", "mine", "--out", "out"]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert "records is unknown (source 's': " in error
    assert "--set seeds.licence=…, or say --allow-unknown-licence" in error
    assert not Path("out").exists()
    assert run(["push", "mine", "--to", "me/mine", "--dry-run"]) == 2
    assert run(["export", "mine", "--out", "out", "--allow-unknown-licence"]) == 0
    assert run(["push", "out", "--to", "me/mine", "--dry-run"]) == 2
    assert run(["push", "out", "--to", "me/mine", "--dry-run", "--allow-unknown-licence"]) == 0


def test_a_key_in_the_environment_is_in_no_exported_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with FaultServer(lambda call: say(f"Reverse {call.number} words of {call.turn}.")) as server:
        made("--licence", "MIT", "--endpoint", server.endpoint)
        assert {call.authorization for call in server.calls} == {f"Bearer {KEY}"}
    for format in ("alpaca", "chat", "sharegpt", "parquet"):
        assert run(["export", "mine", "--format", format]) == 0
    files = [path for path in Path("mine").rglob("*") if path.is_file()]
    assert len(files) > 12
    for file in files:
        assert not {secret for secret in (KEY, TOKEN) if secret.encode() in file.read_bytes()}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["export", "."], "is not a run folder"),
        (["export", "mine", "--format", "csv"], "--format csv: expected one of alpaca, chat"),
        (["export", "mine", "--stage", "raw"], "--stage raw: expected one of clean, evolved"),
        (["export", "mine", "--arm", "base"], "--arm base: mine has the data of seed, round-1,"),
        (["push", ".", "--to", "me/mine"], "no token for the Hub: set HF_TOKEN"),
        (["push", ".", "--to", "mine"], "--to mine: is not a name on the Hub: OWNER/NAME"),
        (["push", "nowhere", "--to", "me/mine", "--dry-run"], "it has no manifest.json"),
    ],
)
def test_wrong_input_is_one_clear_message(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("mine").mkdir()
    Path("mine/recipe.toml").write_text("arms = []\nevolve.rounds = 1\n")
    assert run(arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_a_push_without_a_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["push", "mine"]) == 2
    assert "--to" in capsys.readouterr().err


def test_a_stage_that_is_missing_is_named_with_the_command_that_makes_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("s.json").write_text(json.dumps([{"instruction": "Task.", "output": "pass"}]))
    assert run(["seeds", "s.json", "--out", "mine"]) == 0
    capsys.readouterr()
    assert run(["export", "mine"]) == 2
    assert "finish it with: wizardcoder clean mine" in capsys.readouterr().err
    assert run(["export", "mine", "--stage", "evolved"]) == 2
    assert "finish it with: wizardcoder evolve mine" in capsys.readouterr().err


def test_a_dry_run_lists_what_would_be_sent_and_needs_no_token(
    capsys: pytest.CaptureFixture[str],
) -> None:
    made("--licence", "MIT")
    capsys.readouterr()
    assert run(["push", "mine", "--to", "me/mine", "--dry-run"]) == 0
    *files, last = capsys.readouterr().out.splitlines()
    assert [line.rpartition("/")[2] for line in files] == ["README.md", "train.parquet"]
    assert last == "nothing was sent: without --dry-run these files go to me/mine"


def test_a_run_is_exported_and_pushed(hub: HubServer, capsys: pytest.CaptureFixture[str]) -> None:
    made("--licence", "MIT")
    assert run(["push", "mine", "--to", "me/mine", "--private"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"{hub.endpoint}/datasets/me/mine"
    folder = Path("mine/export/final-clean-parquet")
    assert hub.files["train.parquet"] == (folder / "train.parquet").read_bytes()
    (asked,) = hub.made  # the client has said it in either way
    assert asked.get("private") or asked.get("visibility") == "private"
    assert f"Bearer {TOKEN}" in hub.tokens


def test_what_alpaca_cannot_hold_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    said = [("user", "1?"), ("assistant", "one"), ("user", "2?"), ("assistant", "two")]
    talk = {"messages": [{"role": role, "content": text} for role, text in said]}
    Path("s.json").write_text(json.dumps([talk]))
    options = ["--licence", "MIT", "--set", "clean.benchmarks=[]"]
    assert run(["clean", "s.json", "--out", "mine", *options]) == 0
    assert run(["export", "mine", "--format", "alpaca"]) == 0
    assert "1 of 1 conversations are written in part: alpaca holds" in capsys.readouterr().err
    assert run(["export", "mine", "--format", "chat"]) == 0
    assert "in part" not in capsys.readouterr().err


@pytest.mark.real_data
def test_code_alpaca_may_not_be_sold_and_the_card_says_so(shared: Path) -> None:
    file = str(shared / "data/seeds/code_alpaca_2k.json")
    options = ["--licence", "CC-BY-NC-4.0", "--set", "clean.benchmarks=[]", "--count", "300"]
    assert run(["clean", file, "--out", "mine", *options]) == 0
    assert run(["export", "mine", "--format", "alpaca", "--out", "out"]) == 0
    card = Path("out/README.md").read_text()
    assert 'license: "cc-by-nc-4.0"' in card
    assert "**CC-BY-NC-4.0** (non-commercial)" in card
    theirs = {(row["instruction"], row["input"]) for row in json.loads(Path(file).read_text())}
    ours = [json.loads(line) for line in Path("out/train.jsonl").read_text().splitlines()]
    assert 250 < len(ours) <= 300
    assert {(row["instruction"], row["input"]) for row in ours} <= theirs

"""A model of a run, exported: it loads with nothing of ours, its card says what was measured."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import yaml
from transformers import AutoModelForCausalLM, AutoTokenizer

from tests import tiny
from tests.export.hub_server import HubServer
from wizardcoder import prompts, recipe
from wizardcoder.cli.app import run as command
from wizardcoder.errors import InputError, UsageError
from wizardcoder.pipeline import Run, export_model, open_run
from wizardcoder.pipeline.model_origins import model_origin
from wizardcoder.storage import read_manifest

TEXT = prompts.alpaca("Write a function that adds two numbers.")


@pytest.fixture(scope="module")
def exported(finished: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export_model(finished, arm="round-1", out=tmp_path_factory.mktemp("models") / "out")


@pytest.fixture
def copied(finished: Run, tmp_path: Path) -> Run:
    """The finished run, to be changed."""
    shutil.copytree(finished.path, tmp_path / "run")
    return Run(tmp_path / "run", finished.recipe)


@pytest.fixture(scope="module")
def adapted(finished: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The finished run's data, on which an adapter was trained."""
    folder = tmp_path_factory.mktemp("lora") / "run"
    shutil.copytree(finished.path, folder, ignore=shutil.ignore_patterns("round-1", "seed"))
    lora = ["train.method='lora'", "train.lora={rank=4, alpha=8, dropout=0.0}", "train.lr=1e-2"]
    options = recipe.load(tiny.write_recipe(folder.parent), lora)
    run = open_run(folder, options, force=True)
    run.train("round-1")
    return run


def logits(folder: Path) -> torch.Tensor:
    """What a model says of a text, loaded as anybody loads one."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager").eval()
    with torch.no_grad():
        found: torch.Tensor = model(**tokenizer(TEXT, return_tensors="pt")).logits
    return found


def card(folder: Path) -> str:
    return (folder / "README.md").read_text(encoding="utf-8")


def test_it_loads_with_plain_classes_and_gives_the_same_logits(
    finished: Run, exported: Path
) -> None:
    ours = logits(finished.path / "model" / "round-1")
    assert torch.equal(logits(exported), ours)
    assert not torch.equal(logits(finished.path / "model" / "base"), ours)


def test_its_tokenizer_gives_the_tokens_that_it_was_trained_on(
    finished: Run, exported: Path
) -> None:
    ours, theirs = (
        AutoTokenizer.from_pretrained(folder)
        for folder in (finished.path / "model" / "round-1", exported)
    )
    text = f"{TEXT}\n\tdef é(x): return {{'a': 1}}  {ours.eos_token}"
    assert theirs(text)["input_ids"] == ours(text)["input_ids"]
    assert theirs.special_tokens_map == ours.special_tokens_map


def test_its_chat_template_writes_the_prompt_that_it_was_trained_on(exported: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(exported)
    asked = [{"role": "user", "content": "Write a function that adds two numbers."}]
    written = tokenizer.apply_chat_template(asked, add_generation_prompt=True, tokenize=False)
    assert written == TEXT


def test_it_stops_at_the_token_that_it_learnt_to_end_with(exported: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(exported)
    options = AutoModelForCausalLM.from_pretrained(exported).generation_config
    assert options.eos_token_id == tokenizer.eos_token_id
    assert options.pad_token_id == tokenizer.pad_token_id != options.eos_token_id


@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")  # peft's own
def test_the_adapter_on_the_base_is_the_merged_model(adapted: Run, tmp_path: Path) -> None:
    from peft import PeftModel

    folder = export_model(adapted, arm="round-1", out=tmp_path / "out")
    base = AutoModelForCausalLM.from_pretrained(
        adapted.path / "model" / "base", attn_implementation="eager"
    )
    before = logits(adapted.path / "model" / "base")
    model = PeftModel.from_pretrained(base, str(folder / "adapter")).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    with torch.no_grad():
        beside = model(**tokenizer(TEXT, return_tensors="pt")).logits
    torch.testing.assert_close(beside, logits(folder), rtol=0, atol=1e-4)
    assert (beside - before).abs().max() > 1e-2
    assert "`adapter/` holds the adapter alone" in card(folder)


@pytest.mark.slow
def test_the_cards_own_code_runs(exported: Path) -> None:
    code = card(exported).split("```python\n")[1].split("```")[0]
    subprocess.run([sys.executable, "-c", code], cwd=exported, check=True, timeout=120)


def test_the_cards_numbers_are_those_of_the_manifests(finished: Run, exported: Path) -> None:
    trained = read_manifest(finished.path / "model" / "round-1")["counts"]
    verdicts = read_manifest(finished.path / "verdicts" / "round-1" / "miniature-dev")["counts"]
    text = card(exported)
    share = verdicts["passed"] / verdicts["verdicts"]
    assert f"| `miniature-dev` | {100 * share:.1f} % [" in text
    assert f"{trained['tokens']:,}, {trained['label_tokens']:,} of them of responses" in text
    assert f"{trained['loss']:.4f} in the last step" in text
    assert f"tuned on {len(finished.records('round-1'))} instructions" in text
    assert yaml.safe_load(text.split("---\n")[1])["license"] == "apache-2.0"


def test_no_exported_file_names_a_place_of_this_machine(adapted: Run, tmp_path: Path) -> None:
    folder = export_model(adapted, arm="round-1", out=tmp_path / "out")
    for file in (path for path in folder.rglob("*") if path.is_file()):
        assert str(adapted.path.parent).encode() not in file.read_bytes(), file.name


def test_the_report_leaves_a_card_beside_every_model(finished: Run) -> None:
    for arm in ("seed", "round-1", "more-of-the-same"):
        beside = card(finished.path / "model" / arm)
        assert beside == (finished.path / "report" / f"model_card-{arm}.md").read_text()
        assert f"{finished.path.name} {arm}" in beside
    assert not (finished.path / "model" / "base" / "README.md").exists()


def test_verdicts_of_other_weights_are_not_this_models(copied: Run) -> None:
    for stage in ("completions", "verdicts"):
        shutil.rmtree(copied.path / stage / "round-1")
        shutil.copytree(copied.path / stage / "seed", copied.path / stage / "round-1")
    found = model_origin(copied, "round-1")
    assert (found.scores, found.stale) == ([], ["miniature-dev"])
    assert model_origin(copied, "seed").stale == []


def test_weights_that_training_did_not_leave_are_refused(copied: Run, tmp_path: Path) -> None:
    shutil.copy(
        copied.path / "model/seed/model.safetensors",
        copied.path / "model/round-1/model.safetensors",
    )
    with pytest.raises(InputError, match="does not hold the weights that training left there"):
        export_model(copied, arm="round-1", out=tmp_path / "out")


def with_base(run: Run, **base: str) -> Run:
    options = run.recipe.base.model_copy(update={"options": {}, **base})
    return Run(run.path, run.recipe.model_copy(update={"base": options}))


def test_the_licence_of_a_base_is_what_was_told(finished: Run) -> None:
    told = with_base(finished, model="bigcode/starcoder", licence="bigcode-openrail-m")
    assert model_origin(told, "seed").base == (
        "bigcode/starcoder",
        "bigcode-openrail-m",
        True,
        False,
    )
    assert model_origin(told, "seed", "MIT").base.licence == "MIT"
    untold = with_base(finished, model="bigcode/starcoder")
    with pytest.raises(UsageError, match="base model 'bigcode/starcoder' is unknown"):
        export_model(untold, arm="seed")


def test_a_base_in_a_folder_is_named_without_its_place(finished: Run, tmp_path: Path) -> None:
    base = model_origin(with_base(finished, model=str(tmp_path), licence="MIT"), "seed").base
    assert base == (tmp_path.name, "MIT", False, False)


@pytest.mark.parametrize(
    ("arm", "message"),
    [
        ("base", "has not tuned its base"),
        ("round-9", "no such model; it has seed, round-1, more-of-the-same"),
        ("final", "--arm round-2: .* no such model"),
    ],
)
def test_a_model_that_is_not_there_is_named(finished: Run, arm: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        export_model(finished, arm=arm)


# The command line


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """A Hub that this process takes for the real one, and is logged in to."""
    with HubServer() as server:
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", server.endpoint)
        monkeypatch.setenv("HF_TOKEN", "hf_planted0123456789abcdef")
        yield server


def test_a_model_is_exported_and_pushed_by_one_command(copied: Run, hub: HubServer) -> None:
    arguments = ["push", str(copied.path), "--model", "--arm", "seed", "--to", "me/mine"]
    assert command(arguments) == 0
    folder = copied.path / "export" / "seed-model"
    weights = (folder / "model.safetensors").read_bytes()
    assert hub.files["model.safetensors"] == weights
    assert hub.files["README.md"].decode() == card(folder)
    assert not [name for name in hub.files if "train" in name or "manifest" in name]


def test_a_dry_run_lists_a_models_files_and_sends_nothing(
    copied: Run, hub: HubServer, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["push", str(copied.path), "--model", "--arm", "seed", "--to", "me/mine"]
    assert command([*arguments, "--dry-run"]) == 0
    *files, last = capsys.readouterr().out.splitlines()
    names = {line.rpartition("/")[2] for line in files}
    assert {"model.safetensors", "generation_config.json", "README.md"} <= names
    assert last == "nothing was sent: without --dry-run these files go to me/mine"
    assert hub.files == {}
    assert hub.made == []


def test_a_runs_answers_that_were_cut_are_told(
    copied: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(["generate", str(copied.path), "--arm", "seed"]) == 0
    counts = read_manifest(copied.path / "completions/seed/miniature-dev")["counts"]
    told = f"seed, miniature-dev: {counts['truncated']} of 300 answers were cut before their end"
    assert counts["truncated"] > 0
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--model", "--format", "chat"], "--format is about data"),
        (["--model", "--stage", "clean"], "--stage is about data"),
        (["--base-licence", "MIT"], "--base-licence is about a model: say --model"),
        (["--model", "--arm", "base"], "--arm base: this run has not tuned its base"),
    ],
)
def test_options_that_mean_nothing_together_are_refused(
    finished: Run, options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(["export", str(finished.path), *options]) == 2
    assert message in capsys.readouterr().err

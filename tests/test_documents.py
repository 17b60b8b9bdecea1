"""The README and the recipes say what works."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import tiny
from wizardcoder import recipe
from wizardcoder.cli.app import run

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
RECIPES = sorted((ROOT / "recipes").rglob("*.toml"))
COMMANDS = re.findall(r"^ +wizardcoder (\w+)(.*)$", README, re.MULTILINE)
SNIPPETS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_shipped_recipe_loads(path: Path) -> None:
    recipe.load(path)


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_shipped_recipe_begins_with_its_own_command(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first == f"# wizardcoder run {path.relative_to(ROOT)}"


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_a_shipped_recipe_is_called_like_its_file(path: Path) -> None:
    assert recipe.load(path).name == path.stem


@pytest.mark.parametrize(
    "path", sorted((ROOT / "recipes/paper").glob("*.toml")), ids=lambda path: path.stem
)
def test_a_recipe_of_the_paper_trains_as_the_paper_did(path: Path) -> None:
    options = recipe.load(path).train
    paper = (512, 2e-5, "cosine", 30, 2048, "fp16", 200, False)
    assert paper == (
        options.rows_per_step,
        options.lr,
        options.schedule,
        options.warmup_steps,
        options.length_tokens,
        options.precision,
        options.steps,
        options.packing,
    )


@pytest.mark.parametrize(("command", "rest"), COMMANDS)
def test_a_command_of_the_readme_has_the_options_it_names(
    command: str, rest: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signal.signal", lambda *_: None)
    assert run([command, "--help"]) == 0
    help_text = capsys.readouterr().out
    for option in re.findall(r"--[a-z-]+", rest):
        assert option in help_text


@pytest.mark.real_data
def test_the_readmes_evaluation_in_python_runs(
    shared: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (snippet,) = (s for s in SNIPPETS if "evaluate.evaluate" in s)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").symlink_to(shared / "data")
    generations = shared / "data/generations/humaneval"
    shutil.copy(generations / "evol-replit-v1.jsonl", tmp_path / "samples.jsonl")
    exec(compile(snippet, "README.md", "exec"), {})
    assert capsys.readouterr().out == f"{51 / 164}\n"


@pytest.mark.slow
def test_the_readmes_run_in_python_ends_with_a_report(tmp_path: Path) -> None:
    (snippet,) = (s for s in SNIPPETS if "run_all" in s)
    (tmp_path / "mine.py").write_text(snippet)
    (tmp_path / "mine.toml").write_text(tiny.RECIPE)
    done = subprocess.run(
        [sys.executable, "mine.py"],
        cwd=tmp_path,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "runs/mine/report/index.html\n", done.stderr


def test_every_python_snippet_of_the_readme_compiles() -> None:
    assert len(SNIPPETS) >= 2
    for snippet in SNIPPETS:
        compile(snippet, "README.md", "exec")


def test_the_example_of_the_sandboxs_document_runs(capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "docs/sandbox.md").read_text(encoding="utf-8")
    first, *others = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    exec(compile(first, "docs/sandbox.md", "exec"), {})
    assert capsys.readouterr().out == "passed True\n"
    for snippet in others:
        compile(snippet, "docs/sandbox.md", "exec")


def test_the_project_names_no_path_of_a_machine() -> None:
    files = [
        p for top in ("src", "tests", "bench", "docs", "recipes") for p in ROOT.glob(f"{top}/**/*")
    ]
    files += [*ROOT.glob("*.md"), *ROOT.glob("*.toml"), ROOT / "Makefile", ROOT / "constraints.txt"]
    texts = {p: p.read_text(encoding="utf-8") for p in files if p.suffix in {".py", ".md", ".toml"}}
    machine = re.compile(r"/(?:work|root|farm)/")
    assert [str(p.relative_to(ROOT)) for p, text in texts.items() if machine.search(text)] == []


def test_every_recipe_of_the_paper_is_in_the_document_about_reproducing_it() -> None:
    text = (ROOT / "docs/reproduce.md").read_text(encoding="utf-8")
    for path in (ROOT / "recipes/paper").glob("*.toml"):
        assert f"`{path.stem}`" in text


def test_the_options_that_the_document_adds_are_known() -> None:
    text = (ROOT / "docs/reproduce.md").read_text(encoding="utf-8")
    for option in re.findall(r"--set\s+([a-z_.]+=\w+)", text):
        table = ["train.steps=0"] if option.startswith("train.epochs") else []
        table += ["train.epochs=1"] if option == "train.steps=0" else []
        recipe.load(None, [option, *table])

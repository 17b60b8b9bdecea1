"""Prompts equal the published ones byte for byte."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from wizardcoder import prompts

QUESTION = "Write a Python function that returns the sum of a list."

pytestmark = pytest.mark.real_data


@pytest.mark.parametrize(("number", "operation"), list(enumerate(prompts.CODE_EVOLVE_METHODS, 1)))
def test_each_operation_renders_as_published(shared: Path, number: int, operation: str) -> None:
    expected = (shared / f"oracle/prompts/code_evolve_{number}.txt").read_text()
    assert prompts.evolve(operation, QUESTION) == expected


def test_the_training_template_is_alpacas(shared: Path) -> None:
    folder = shared / "oracle/prompts"
    assert prompts.alpaca(QUESTION) == (folder / "train_alpaca.txt").read_text()
    with_input = (folder / "train_alpaca_with_input.txt").read_text()
    assert prompts.alpaca(QUESTION, "[1, 2, 3]") == with_input


@pytest.mark.parametrize("task", [0, 50])
@pytest.mark.parametrize(("script_spacing", "name"), [(False, "one_blank"), (True, "two_blanks")])
def test_humaneval_prompts_match_the_published_generations_and_the_script(
    shared: Path, task: int, script_spacing: bool, name: str
) -> None:
    with gzip.open(shared / "data/benchmarks/humaneval/HumanEval.jsonl.gz", "rt") as lines:
        prompt = json.loads(list(lines)[task])["prompt"]
    instruction = prompts.humaneval_instruction(prompt)
    expected = (shared / f"oracle/prompts/humaneval_{task}_{name}.txt").read_text()
    assert prompts.alpaca(instruction, script_spacing=script_spacing) == expected


@pytest.mark.parametrize(("task", "signature_only"), [(11, False), (493, True)])
def test_mbpp_prompts_match_the_released_script(
    shared: Path, task: int, signature_only: bool
) -> None:
    with (shared / "data/benchmarks/mbpp/mbpp.jsonl").open() as lines:
        row = next(r for r in map(json.loads, lines) if r["task_id"] == task)
    examples = "\n".join(row["test_list"])
    if signature_only:
        examples = "calculate_polygons(startx, starty, endx, endy, radius)"
    expected = (shared / f"oracle/prompts/mbpp_{task}.txt").read_text()
    assert prompts.alpaca(prompts.mbpp_instruction(row["text"], examples)) == expected

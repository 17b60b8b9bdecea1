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


@pytest.mark.parametrize("name", prompts.OPERATIONS)
def test_every_operation_holds_the_question_once_as_it_is_at_the_end(name: str) -> None:
    question = "Add {a} to {question}."
    assert prompts.OPERATIONS[name].count("{question}") == 1
    assert prompts.evolve(name, question) == prompts.evolve(name, "") + question


def test_an_unknown_operation_has_no_prompt() -> None:
    with pytest.raises(KeyError, match="harder"):
        prompts.evolve("harder", "Add.")


def test_the_judge_sees_both_questions_as_they_are() -> None:
    prompt = prompts.judge("Add {second}.", "Add {first} {0}.")
    assert "First question:\nAdd {second}.\n\nSecond question:\nAdd {first} {0}.\n\n" in prompt


def test_self_instruct_numbers_its_examples_and_what_it_asks_for() -> None:
    prompt = prompts.self_instruct(["Add {a}.", "Sort b."], 8)
    assert prompt.startswith("Below are 2 programming tasks. Write 8 new ones, numbered 3 to 10, ")
    assert prompt.endswith("\n\n1. Add {a}.\n2. Sort b.")


def test_inspiring_code_stands_in_its_prompt_as_it_is() -> None:
    prompt = prompts.inspired("x = {}\n", "Go")
    assert prompt.startswith(
        "Let this Go code inspire you to one programming task:\n\n```\nx = {}\n"
    )
    assert "{" not in prompt.replace("x = {}", "")

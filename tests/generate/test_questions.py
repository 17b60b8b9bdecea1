from __future__ import annotations

import pytest

from wizardcoder import prompts
from wizardcoder.generate import Style, ask

from .fakes import problem


def test_an_instruction_is_asked_in_the_alpaca_template() -> None:
    assert ask(problem(1), Style.INSTRUCTION).prompt == prompts.alpaca("Write f number 1.")


def test_the_released_scripts_spacing_is_an_option() -> None:
    asked = ask(problem(1), Style.INSTRUCTION, script_spacing=True)
    assert asked.prompt == prompts.alpaca("Write f number 1.", script_spacing=True)


def test_a_chat_model_is_asked_the_instruction_alone() -> None:
    assert ask(problem(1), Style.INSTRUCTION, chat=True).prompt == "Write f number 1."


def test_a_completion_prompt_loses_the_white_space_at_its_end() -> None:
    assert ask(problem(1, "def f(x):\n    "), Style.COMPLETION).prompt == "def f(x):"


@pytest.mark.parametrize("end", ["", "\n", "\n    ", "\n\n"])
@pytest.mark.parametrize(
    "answer", ["\n    return x", "\n\n    return x", "\n    # so\n    return x"]
)
def test_prompt_and_continuation_are_the_code_that_the_model_wrote(end: str, answer: str) -> None:
    asked = problem(1, f"def f(x):{end}")
    code = asked.prompt + ask(asked, Style.COMPLETION).continuation(answer)
    scope: dict[str, object] = {}
    exec(code, scope)
    assert scope["f"](3) == 3  # type: ignore[operator]


def test_the_white_space_that_was_stripped_is_taken_from_the_answer() -> None:
    asked = ask(problem(1, "def f(x):\n"), Style.COMPLETION)
    assert asked.continuation("\n    return x") == "    return x"


def test_an_answer_to_an_instruction_is_left_as_it_is() -> None:
    assert ask(problem(1), Style.INSTRUCTION).continuation("\n x") == "\n x"

"""How a problem is put to a model: as an instruction, or as code to be continued."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from wizardcoder import prompts
from wizardcoder.records import Problem


class Style(StrEnum):
    """How to ask. `completion` is for a base model, which knows no instructions."""

    INSTRUCTION = "instruction"
    COMPLETION = "completion"


class Question(NamedTuple):
    """The prompt of a problem, and the white space taken from its end."""

    prompt: str
    stripped: str

    def continuation(self, text: str) -> str:
        """The sampled text as it follows the problem's own prompt, white space included."""
        return text.removeprefix(self.stripped)


def ask(
    problem: Problem, style: Style, *, script_spacing: bool = False, chat: bool = False
) -> Question:
    """The question for a problem. `chat`: the model's own template goes around an instruction.

    A completion prompt loses the white space at its end: a byte-level tokenizer merges a newline
    with the indent after it, so behind a bare newline the model is where it has never been (a
    trial scored 0 of 450). `continuation` takes from the answer what is given back.
    """
    if style is Style.INSTRUCTION and chat:
        return Question(problem.instruction, "")
    if style is Style.INSTRUCTION:
        return Question(prompts.alpaca(problem.instruction, script_spacing=script_spacing), "")
    prompt = problem.prompt.rstrip()
    return Question(prompt, problem.prompt[len(prompt) :])

"""Every prompt that WizardCoder sends to a model, byte for byte.

The Alpaca template and Code Evol-Instruct's prompt are published constants of the method: without
them nothing interoperates. Sources: arXiv 2306.08568 (template and five methods), the Alpaca
project (training template), the WizardLM repository (benchmark bodies).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

ALPACA = (
    "Below is an instruction that describes a task. "
    "Write a response that appropriately completes the request.\n"
    "{gap}\n### Instruction:\n{instruction}\n\n### Response:"
)
ALPACA_WITH_INPUT = (
    "Below is an instruction that describes a task, paired with an input that provides further "
    "context. Write a response that appropriately completes the request.\n"
    "\n### Instruction:\n{instruction}\n\n### Input:\n{input}\n\n### Response:"
)

CODE_EVOLVE = (
    "Please increase the difficulty of the given programming test question a bit.\n\n"
    "You can increase the difficulty using, but not limited to, the following methods:\n"
    "{method}\n\n{question}"
)

#: The five operations of Code Evol-Instruct (paper, section 3.1), in the paper's order.
CODE_EVOLVE_METHODS: Mapping[str, str] = MappingProxyType(
    {
        "constraints": (
            "Add new constraints and requirements to the original problem, "
            "adding approximately 10 additional words."
        ),
        "replace": (
            "Replace a commonly used requirement in the programming task "
            "with a less common and more specific one."
        ),
        "reasoning": (
            "If the original problem can be solved with only a few logical steps, "
            "please add more reasoning steps."
        ),
        "misdirection": (
            "Provide a piece of erroneous code as a reference to increase misdirection."
        ),
        "complexity": (
            "Propose higher time or space complexity requirements, "
            "but please refrain from doing so frequently."
        ),
    }
)

#: A control, not part of the method: evolving that changes the words and nothing else.
PARAPHRASE = (
    "Please say the given programming test question in other words.\n\n"
    "Keep what it asks for exactly as it is: no requirement may be added, dropped or changed.\n\n"
    "{question}"
)


def alpaca(instruction: str, input: str = "", *, script_spacing: bool = False) -> str:
    """The training and inference prompt; the response follows it directly.

    `script_spacing` gives the two blank lines that the released evaluation scripts print before
    `### Instruction:`; the published 59.8 generations were made with one.
    """
    if input:
        return ALPACA_WITH_INPUT.format(instruction=instruction, input=input)
    return ALPACA.format(gap="\n" if script_spacing else "", instruction=instruction)


def evolve(operation: str, question: str) -> str:
    """The prompt that asks the teacher to apply one operation to a question.

    Raises KeyError for an operation that is neither one of the five nor `paraphrase`.
    """
    if operation == "paraphrase":
        return PARAPHRASE.format(question=question)
    return CODE_EVOLVE.format(method=CODE_EVOLVE_METHODS[operation], question=question)


def humaneval_instruction(prompt: str) -> str:
    """HumanEval's instruction as in the released script: each run of 4 spaces becomes a tab."""
    return f"Create a Python script for this problem:\n{prompt.replace('    ', chr(9))}"


def ds1000_instruction(prompt: str) -> str:
    """What this project asks for DS-1000; the paper's prompts were never published."""
    return (
        "Write the Python code that is missing at the end of the following. Answer with that code "
        "only, in one block, indented as it has to stand there, and repeat nothing that is given."
        f"\n\n{prompt}"
    )


def mbppplus_instruction(prompt: str) -> str:
    """MBPP+'s instruction: the text of its docstring, which ends in one assertion."""
    return prompt.strip().removeprefix('"""').removesuffix('"""').strip()


def mbpp_instruction(text: str, test_examples: str) -> str:
    """MBPP's instruction as in the released script."""
    return f"Create a Python script for this problem:\n\n{text}\nTest examples:\n{test_examples}"

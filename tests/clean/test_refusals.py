from __future__ import annotations

import pytest

from wizardcoder.clean.refusals import refusal


@pytest.mark.parametrize(
    "response",
    [
        "I'm sorry, but I cannot help with this.",
        "I’m sorry, but I can’t assist with that request.",
        "As an AI language model, I do not have access to your files.",
        "As a large language model I cannot run code.",
        "Unfortunately, I cannot provide the code for this.",
        "Sorry, I am not able to write this program.",
        "I apologize, but this is not possible.",
        "I am unable to complete this task.",
        "I'm afraid I can't do that.",
        "<nooutput>\nThis needs speech synthesis.",
        "  \n**I cannot assist with that.**",
    ],
)
def test_a_refusal_is_found(response: str) -> None:
    assert refusal(response) is not None


@pytest.mark.parametrize(
    "response",
    [
        "",
        "You cannot delete an element from a tuple in Python.",
        "An AI language model predicts the next word.",
        "I can help: use a list.",
        "GPT-3 is an advanced AI language model.",
        "Dear customer, I'm sorry for the delay.",
        "print('I am sorry, but no')",
        "The words 'I cannot help' are matched by a pattern.",
        "I'm sorry, but that is wrong. Use this:\n```python\na = 1\n```",
        "I apologize, but here it is:\nimport os\nos.remove('a')\n",
        "I cannot recommend recursion here; a loop is simpler and does not overflow.",
        "Sorry, but " + "so it goes on with the answer " * 30,
    ],
)
def test_an_answer_is_none(response: str) -> None:
    assert refusal(response) is None

"""Code out of answers, by the released scripts' rules."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wizardcoder.extraction import Cut, from_answer, python_code, whole


def test_the_first_python_block_is_taken() -> None:
    text = "Here:\n```python\nx = 1\n```\nor\n```python\nx = 2\n```"
    assert from_answer(text).code == "x = 1"


def test_an_unclosed_block_reaches_to_the_end() -> None:
    assert from_answer("```python\ndef f():\n    return 1\n").code == "def f():\n    return 1"


def test_blocks_of_no_language_are_left_alone() -> None:
    text = "```\nx = 1\n```"
    assert from_answer(text) == (text, ())


def test_tabs_become_four_spaces() -> None:
    assert from_answer("def f():\n\treturn 1").code == "def f():\n    return 1"


def test_carriage_returns_go() -> None:
    assert from_answer("x = 1\r\ny = 2").code == "x = 1\ny = 2"


def test_code_ends_before_a_main_guard() -> None:
    text = 'x = 1\n\nif __name__ == "__main__":\n    main()'
    assert from_answer(text) == ("x = 1", (Cut("main guard", len(text) - 5),))


def test_code_ends_before_an_example_of_its_usage() -> None:
    text = "x = 1\n# Example usage:\nprint(x)"
    assert from_answer(text) == ("x = 1", (Cut("example usage", len(text) - 5),))


def test_a_completion_keeps_the_indent_of_its_first_line() -> None:
    assert from_answer("    return 1").code == "    return 1"


def test_cuts_are_recorded_in_their_order() -> None:
    text = '```python\nx = 1\n# Example usage\n\nif __name__ == "__main__":\n    x\n```'
    rules = [cut.rule for cut in from_answer(text).cuts]
    assert rules == ["around the block", "main guard", "example usage"]


def test_an_answer_without_code_gives_the_answer() -> None:
    assert from_answer("I cannot help with that.") == ("I cannot help with that.", ())


def test_whole_cuts_nothing() -> None:
    text = "\treturn 1\n# Example usage"
    assert whole(text) == (text, ())


@pytest.mark.real_data
def test_the_published_generations_come_out_as_they_were_scored(shared: Path) -> None:
    """Their file holds the raw answers beside the code that was scored."""
    path = shared / "data/generations/humaneval/wizardcoder-15b-v1.0.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    answers = [row["all_code"].split("### Response:", 1)[1] for row in rows]
    same = [
        from_answer(a).code.strip() == r["completion"].strip()
        for a, r in zip(answers, rows, strict=True)
    ]
    assert sum(same) == len(rows)


CODE = "def f():\n    return 1\n"
PYTHON_ANSWERS = {
    "tagged": f"So:\n```python\n{CODE}```",
    "py": f"```py\n{CODE}```",
    "capitals": f"```Python\n{CODE}```",
    "untagged": f"```\n{CODE}```",
    "second": f"```\n$ pip install\n```\n```python3\n{CODE}```",
    "after another language": f"```bash\nls\n```\n```python\n{CODE}```",
    "in a list": "1. So:\n   ```python\n   def f():\n       return 1\n   ```",
    "open": f"```python\n{CODE}",
    "bare": CODE,
}


@pytest.mark.parametrize("answer", PYTHON_ANSWERS.values(), ids=PYTHON_ANSWERS)
def test_python_is_found_however_it_is_fenced(answer: str) -> None:
    assert python_code(answer) == CODE


@pytest.mark.parametrize(
    "answer",
    [
        "```java\nint f;\n```",
        f"```ruby\n{CODE}```",
        "```\nint f;\n```",
        "It depends on the input.",
        "```\n" + "(" * 10_000 + "\n```",
    ],
)
def test_other_languages_and_words_are_no_python(answer: str) -> None:
    assert python_code(answer) is None

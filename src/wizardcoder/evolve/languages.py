"""How a question says the programming language that is wanted: in a sentence of its own.

The sentence belongs to the instruction: it is evolved, answered and stored with it, so that a
response in Rust never stands beside a question that does not ask for Rust.
"""

from __future__ import annotations

from wizardcoder import prompts


def asking_for(language: str, question: str) -> str:
    r"""The question with the sentence that names the language, once; as it is for no language.

    The sentence ends the question, but begins it where a code fence is left open at the end.

    >>> asking_for("Rust", "Add two numbers.")
    'Add two numbers.\n\nWrite the solution in Rust.'
    """
    sentence = prompts.LANGUAGE.format(language=language)
    if not (language and question.strip()):
        return question
    if question.startswith(sentence) or question.endswith(sentence):
        return question
    if sum(line.lstrip().startswith("```") for line in question.splitlines()) % 2:
        return f"{sentence}\n\n{question}"
    return f"{question}\n\n{sentence}"

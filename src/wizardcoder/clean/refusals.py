"""Answers that refuse: the phrase opens a short answer in the first person, and no code follows.

What merely says that something cannot be done is an answer: "A tuple cannot be changed."
"""

from __future__ import annotations

import re

from wizardcoder.clean import languages, python_syntax

#: A refusal is short; a longer text that opens with an apology goes on to answer.
MOST_WORDS = 120
_AN_AI = r"(?:an? )?(?:AI|artificial intelligence|(?:large )?language model)\b"
_HELP = (
    r"(?:help|assist|provide|fulfil|comply|answer|complete|create|generate|write|perform|execute"
    r"|access|see|do (?:that|this)|respond|continue|process|determine|produce|run)"
)
_CANNOT = r"(?:cannot|can not|can't|could not|couldn't|won't|will not|am not able to|am unable to)"
_OPENING = re.compile(
    r"(?:<nooutput>"
    rf"|(?:as|since i am|since i'm|i am|i'm|being) (?:just |only )?{_AN_AI}"
    r"|(?:i am |i'm )?(?:very |so |really )?sorry,? (?:but|i|that i|this)\b"
    r"|(?:i )?(?:apologi[sz]e|apologies),? but\b"
    rf"|i {_CANNOT} {_HELP}\w*\b"
    rf"|i(?:'m| am) (?:not able|unable) to {_HELP}\w*\b"
    rf"|i(?:'m| am) afraid (?:that )?i {_CANNOT}\b"
    r"|i (?:do not|don't) have (?:the (?:ability|capability)|access)\b"
    r"|this (?:request|task|instruction) (?:cannot|can't) be (?:completed|fulfilled|answered))",
    re.IGNORECASE,
)
_BEFORE = re.compile(r"(?:unfortunately|well|hello|hi|oh)?[\s,.!*\"'>_]*", re.IGNORECASE)


def refusal(response: str) -> str | None:
    """The words with which a response refuses, None if it does not.

    >>> refusal("I'm sorry, but I cannot help with this."), refusal("Tuples cannot be changed.")
    ("I'm sorry, but", None)
    """
    response = response.strip()
    beginning = response[:300].replace("’", "'")
    opening = _BEFORE.match(beginning)
    found = _OPENING.match(beginning, opening.end() if opening else 0)
    if found is None or len(response.split(maxsplit=MOST_WORDS)) > MOST_WORDS:
        return None
    return None if _has_code(response) else found[0]


def _has_code(text: str) -> bool:
    return "```" in text or languages.of_code(text) != "" or python_syntax.is_program(text)

"""The equality judge: whether a child asks for anything that its parent does not (rule 1).

The teacher gives the verdict, in its own words at times; what is neither verdict is None here.
"""

from __future__ import annotations

import re

#: What a judge can say, as records spell it.
EQUAL, NOT_EQUAL, UNCLEAR = "equal", "not_equal", "unclear"
#: A reply that is neither verdict is asked once more.
TRIES = 2

_CHOICE = re.compile(r"\bequal\s+or\s+(?:not\b|un)\s*(?:equal\b)?")  # the question, quoted
_BROKEN = re.compile(r"\bnot\s+equal\b")
_MARKUP = re.compile(r"[*_`#>\"“”‘{}\[\]()]+")
#: "equal" with the negation that belongs to it, at most two words before it: "cannot be called".
_MENTION = re.compile(
    r"\b(?P<no>(?:not|never|neither|cannot|\w+n['’]t)(?:\s+\w+){0,2}[\s-]+|not|un|non-?)?equal\b"
    r"(?!\s+in\b)"  # "equal in depth, but ..."
)
_SAID = r"(?:[^.:\n]{0,40}:)?\s*(?P<verdict>(?:not[\s-]*|un)?equal)\s*"  # perhaps "Verdict: "
_ALONE = re.compile(_SAID + "[.!]?")
_OPENING = re.compile(_SAID + r"(?:[.,;:!—-]|$)")


def verdict(text: str, finish_reason: str = "stop") -> str | None:
    """`equal`, `not_equal`, or None for a reply that is neither, or was cut or withheld.

    A verdict on a line of its own counts first, then one that opens the reply, then what all
    mentions agree on.

    >>> verdict("**Not Equal**"), verdict("They are equal."), verdict("Equal or Not Equal")
    ('not_equal', 'equal', None)
    """
    if finish_reason in ("length", "content_filter"):
        return None
    plain = _CHOICE.sub("", _MARKUP.sub(" ", text).strip().lower())
    plain = _BROKEN.sub("not equal", plain)
    lines = (_ALONE.fullmatch(line.strip()) for line in plain.splitlines())
    if alone := [line["verdict"] for line in lines if line]:
        return _agreed(alone)
    if opening := _OPENING.match(plain):
        return _agreed([opening["verdict"]])
    return _agreed([found[0] for found in _MENTION.finditer(plain)])


def _agreed(mentions: list[str]) -> str | None:
    verdicts = {EQUAL if mention == "equal" else NOT_EQUAL for mention in mentions}
    return verdicts.pop() if len(verdicts) == 1 else None

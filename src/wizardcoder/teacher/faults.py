"""What is wrong with a reply whoever asked: cut, withheld, no Unicode, a refusal, nothing said.

Rules 2 and 3 of the paper's elimination (section 3.1) are here, since answers to seeds must hold
them as answers to evolved instructions do: (2) a short answer with "sorry", (3) an answer of
punctuation and stop words only.
"""

from __future__ import annotations

import re
from typing import NamedTuple

#: Rule 2 holds for answers under this many words.
REFUSAL_WORDS = 80

_HALF_PAIR = "half of a surrogate pair, which is no Unicode text; kept with escapes"
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_STOP_WORDS = frozenset(
    (
        "a about above after again all also am an and any are aren't as at be because been before "
        "being below between both but by can can't could did do does doesn't doing don't down "
        "during each few for from further had has have having he her here hers him his how i if in "
        "into is isn't it it's its just me more most my no nor not now of off ok okay on once only "
        "or other our out over own same she should so some such than that the their them then "
        "there these they this those through to too under until up very was we were what when "
        "where which while who whom why will with would yes you your yours"
    ).split()
)


class Fault(NamedTuple):
    """The one rule that an instruction or answer breaks, and the evidence."""

    rule: str
    detail: str = ""


def reply_fault(text: str, finish_reason: str, what: str) -> Fault | None:
    """Why no reply like this may become data, or None; `what` it was to be ends the rule's name.

    >>> reply_fault("def f(", "length", "answer").rule
    'truncated_answer'
    """
    if finish_reason == "length":
        return Fault(f"truncated_{what}", "cut at max_tokens")
    if finish_reason == "content_filter":
        return Fault(f"filtered_{what}", "withheld by the provider's filter")
    if not is_encodable(text):
        return Fault(f"unencodable_{what}", _HALF_PAIR)
    return None


def answer_fault(answer: str, finish_reason: str = "stop") -> Fault | None:
    """Why an answer must not be used, or None.

    >>> answer_fault("I'm sorry, I cannot answer that.").rule
    'refusal'
    >>> answer_fault("... and so on.").rule
    'empty_answer'
    """
    if fault := reply_fault(answer, finish_reason, "answer"):
        return fault
    if is_refusal(answer):
        return Fault("refusal", f"'sorry' in an answer of under {REFUSAL_WORDS} words")
    if all(word.lower() in _STOP_WORDS for word in _WORD.findall(answer)):
        return Fault("empty_answer", "only punctuation and stop words")
    return None


def is_refusal(text: str) -> bool:
    """Whether a text is the paper's short apology (rule 2)."""
    return "sorry" in text.lower() and len(text.split()) < REFUSAL_WORDS


def is_encodable(text: str) -> bool:
    """Whether a text can be stored: JSON may hold half of a surrogate pair, UTF-8 may not."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def escaped(text: str) -> str:
    """A text as it can be stored, with escapes for what UTF-8 cannot hold."""
    return text.encode("utf-8", "backslashreplace").decode()

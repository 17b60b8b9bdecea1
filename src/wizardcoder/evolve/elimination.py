"""Elimination: which instructions and answers must not become data (paper, section 3.1).

The paper's four rules: (1) no information gain over the parent, (2) a short answer with "sorry",
(3) an answer of punctuation and stop words only, (4) words of the evolving prompt in the
instruction. Rule 1 is decided here only where no judge is needed: the words are the same. Beyond
the paper: a reply that was cut or filtered, one that is not Unicode text, and an empty instruction.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from wizardcoder.prompts import CODE_EVOLVE, CODE_EVOLVE_METHODS, PARAPHRASE

#: Rule 2 holds for answers under this many words.
REFUSAL_WORDS = 80
#: The rules that `instruction_fault` knows: an attempt that broke one was not answered.
INSTRUCTION_RULES = frozenset(
    {
        *("truncated_instruction", "filtered_instruction", "unencodable_instruction"),
        *("empty_instruction", "copied_prompt", "no_information_gain"),
    }
)

_COPIED = tuple(
    text.lower()
    for text in (
        "given prompt",
        "rewritten prompt",
        "#given test#",
        "#rewritten test#",
        CODE_EVOLVE.partition("\n")[0],
        PARAPHRASE.partition("\n")[0],
        *CODE_EVOLVE_METHODS.values(),
    )
)
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


_HALF_PAIR = "half of a surrogate pair, which is no Unicode text; kept with escapes"


class Fault(NamedTuple):
    """The one rule that an instruction or answer breaks, and the evidence."""

    rule: str
    detail: str = ""


def instruction_fault(parent: str, child: str, finish_reason: str = "stop") -> Fault | None:
    """Why an evolved instruction must not be used, or None."""
    if finish_reason == "length":
        return Fault("truncated_instruction", "cut at max_tokens")
    if finish_reason == "content_filter":
        return Fault("filtered_instruction", "withheld by the provider's filter")
    if not is_encodable(child):
        return Fault("unencodable_instruction", _HALF_PAIR)
    if not child.strip():
        return Fault("empty_instruction")
    lowered = child.lower()
    for text in _COPIED:
        if text in lowered:
            return Fault("copied_prompt", text)
    if _words(parent) == _words(child):
        return Fault("no_information_gain", "the same words as its parent")
    return None


def answer_fault(answer: str, finish_reason: str = "stop") -> Fault | None:
    """Why an answer must not be used, or None.

    >>> answer_fault("I'm sorry, I cannot answer that.").rule
    'refusal'
    >>> answer_fault("... and so on.").rule
    'empty_answer'
    """
    if finish_reason == "length":
        return Fault("truncated_answer", "cut at max_tokens")
    if finish_reason == "content_filter":
        return Fault("filtered_answer", "withheld by the provider's filter")
    if not is_encodable(answer):
        return Fault("unencodable_answer", _HALF_PAIR)
    if "sorry" in answer.lower() and len(answer.split()) < REFUSAL_WORDS:
        return Fault("refusal", "'sorry' in an answer of under 80 words")
    if all(word.lower() in _STOP_WORDS for word in _WORD.findall(answer)):
        return Fault("empty_answer", "only punctuation and stop words")
    return None


def is_encodable(text: str) -> bool:
    """Whether a text can be stored: JSON may hold half of a surrogate pair, UTF-8 may not."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _words(text: str) -> list[str]:
    # Not `_WORD`: "x > 3" and "x < 3" are different questions.
    return text.lower().split()

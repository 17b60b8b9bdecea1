"""Elimination: which instructions and answers must not become data (paper, section 3.1).

The paper's four rules: (1) no information gain over the parent, (2) a short answer with "sorry",
(3) an answer of punctuation and stop words only, (4) words of the evolving prompt in the
instruction. Rule 1 is decided here only where no judge is needed: the words are the same. Beyond
the paper: a reply that was cut or filtered, one that is not Unicode text, an instruction that is
empty or an apology, and a new instruction (in breadth) that says its parent over again.
"""

from __future__ import annotations

import re
from functools import cache

from wizardcoder.prompts import OPERATIONS
from wizardcoder.teacher.faults import REFUSAL_WORDS, Fault, answer_fault, reply_fault

__all__ = ["INSTRUCTION_RULES", "Fault", "answer_fault", "instruction_fault"]

#: The rules that reject an instruction: an attempt that broke one was not answered.
INSTRUCTION_RULES = frozenset(
    {
        *("truncated_instruction", "filtered_instruction", "unencodable_instruction"),
        *(
            "empty_seed",
            "empty_instruction",
            "refused_instruction",
            "copied_prompt",
            "no_information_gain",
        ),
    }
)
#: A new instruction must not share so large a part of its words with its parent (Jaccard).
BREADTH_OVERLAP = 0.7
#: A sentence of a prompt that is at least so long is not in an instruction by chance.
COPIED_BYTES = 40

_MARKS = ("given prompt", "rewritten prompt", "#given test#", "#rewritten test#")
_SENTENCE_END = re.compile(r"\n+|(?<=[.:;!?])\s+|(?<=[。！？])")
_APOLOGY = re.compile(r"\W*(?:(?:i['’]m|i am|we are) (?:very |so )?sorry|sorry,|i apologi[sz]e)")


def instruction_fault(
    parent: str,
    child: str,
    finish_reason: str = "stop",
    *,
    prompt: str = "",
    in_breadth: bool = False,
) -> Fault | None:
    """Why an evolved instruction must not be used, or None.

    `prompt` is the text of an operation beside the known ones, with `{question}` in it;
    `in_breadth`: the child is to be another instruction, not a harder one.
    """
    if fault := reply_fault(child, finish_reason, "instruction"):
        return fault
    if not child.strip():
        return Fault("empty_instruction")
    if _APOLOGY.match(child.lower()) and len(child.split()) < REFUSAL_WORDS:
        return Fault("refused_instruction", "an apology in under 80 words")
    if copied := _copied(parent, child, prompt):
        return Fault("copied_prompt", copied)
    return _without_gain(parent, child, in_breadth)


def _copied(parent: str, child: str, prompt: str) -> str:
    """The first text of an evolving prompt in the child that its parent does not hold itself."""
    lowered = child.lower()
    found = [text for text in (*_known_texts(), *_sentences(prompt)) if text in lowered]
    own = parent.lower() if found else ""
    return next((text for text in found if text not in own), "")


@cache
def _known_texts() -> tuple[str, ...]:
    sentences = (text for prompt in OPERATIONS.values() for text in _sentences(prompt))
    return tuple(dict.fromkeys((*_MARKS, *sentences)))


@cache
def _sentences(prompt: str) -> tuple[str, ...]:
    """The sentences of a prompt around its question that are long enough to be recognised."""
    parts = (part for half in prompt.split("{question}") for part in _SENTENCE_END.split(half))
    said = (part.strip().lower() for part in parts)
    return tuple(text for text in said if len(text.encode()) >= COPIED_BYTES)


def _without_gain(parent: str, child: str, in_breadth: bool) -> Fault | None:
    before, after = _words(parent), _words(child)
    if before == after:
        return Fault("no_information_gain", "the same words as its parent")
    if in_breadth and (shared := _overlap(before, after)) >= BREADTH_OVERLAP:
        return Fault("no_information_gain", f"shares {shared:.0%} of its words with its parent")
    return None


def _words(text: str) -> list[str]:
    # Signs are words too: "x > 3" and "x < 3" are different questions.
    return text.lower().split()


def _overlap(some: list[str], others: list[str]) -> float:
    """The Jaccard similarity of the words of two texts, whatever their order."""
    first, second = set(some), set(others)
    return len(first & second) / len(first | second)

"""The fenced code of a Markdown text, read line by line as CommonMark reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

#: A fence, its length and kind, and what follows it on the line.
_FENCE = re.compile(r"^[ \t]*(?P<fence>`{3,}|~{3,})(?P<info>[^\n]*)$", re.MULTILINE)
#: What models write after their last word, now and then as text.
_END_TOKENS = ("<|endoftext|>", "<|im_end|>", "<|eot_id|>", "</s>")
_TAG = re.compile(r"[^\s{}.,:]+[^\s{},:]*")


class Fence(NamedTuple):
    """One fenced block. `tag` is the first word after the fence in lower case, "" for none;
    `closed`: the text goes on after it.
    """

    tag: str
    code: str
    closed: bool


def fences(text: str) -> Iterator[Fence]:
    r"""The fenced blocks of a text, in order, those without code left out.

    A block ends at a fence of the same kind that is at least as long and has nothing behind it, or
    at the end of the text; a fence with a tag inside it is part of its code.

    >>> list(fences("So:\n```py\na = 1\n```\nand\n~~~~\nb\n"))
    [Fence(tag='py', code='a = 1\n', closed=True), Fence(tag='', code='b\n', closed=False)]
    """
    opening: re.Match[str] | None = None
    for line in _FENCE.finditer(text):
        if opening is None:
            opening = line if _opens(line) else None
        elif _closes(line, opening):
            yield from _block(opening, text[opening.end() + 1 : line.start()], closed=True)
            opening = None
    if opening is not None:
        yield from _block(opening, text[opening.end() + 1 :], closed=False)


def _opens(line: re.Match[str]) -> bool:
    return "`" not in line["info"]  # else it is a span of code: ```like this```


def _closes(line: re.Match[str], opening: re.Match[str]) -> bool:
    if not line["fence"].startswith(opening["fence"]):
        return False
    return (behind := line["info"].strip()) == "" or behind.startswith(_END_TOKENS)


def _block(opening: re.Match[str], code: str, *, closed: bool) -> Iterator[Fence]:
    if code.strip():
        info = opening["info"][:80]
        tag = None if "(" in info else _TAG.search(info)  # ```def f(x): is code, and no tag
        yield Fence(tag[0].lower() if tag else "", code.replace("\r\n", "\n"), closed)

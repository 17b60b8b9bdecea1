"""Shape: what is wrong with a record by itself, and the programming language it is in.

Four rules, in this order, each at most once for a record: `no_response`, `refused`,
`syntax_error` (`syntax_unread` where nobody can say), `length_outlier`.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from wizardcoder.clean import columns, languages, lengths, python_syntax, syntax, workers
from wizardcoder.clean.fences import Fence, fences
from wizardcoder.clean.refusals import refusal
from wizardcoder.clean.shingles import Indices
from wizardcoder.progress import Progress, silent
from wizardcoder.recipe import Clean

if TYPE_CHECKING:
    import pyarrow as pa

NO_RESPONSE, REFUSED = "no_response", "refused"
SYNTAX_ERROR, SYNTAX_UNREAD = "syntax_error", "syntax_unread"
LENGTH_OUTLIER = "length_outlier"
RULES = (NO_RESPONSE, REFUSED, SYNTAX_ERROR, SYNTAX_UNREAD, LENGTH_OUTLIER)

#: What reading the code of one record may cost in all.
_MOST_SECONDS = 1.0


class Flag(NamedTuple):
    """A fault of the record in a row of the table; `drops`: it is to be rejected for it."""

    row: int
    rule: str
    detail: str
    drops: bool


class Shape(NamedTuple):
    """What `find` finds: flags by row and rule, and of each row its language ("" if none shows)
    and its tokens, question and response together.
    """

    flags: list[Flag]
    languages: list[str]
    tokens: Indices  # (rows,)


class _Slice(NamedTuple):
    flags: list[Flag]
    languages: list[str]


def find(table: pa.Table, options: Clean, *, jobs: int = 1, progress: Progress = silent) -> Shape:
    """The shape of every record of a table; the same for any number of processes.

    What a time limit decides, `syntax_unread`, is exempt from that.
    """
    flags, tags = list[Flag](), list[str]()
    judged = table.select(["response", "language"])
    for first_row, found in workers.over(judged, _judge, options, jobs=jobs):
        flags += [flag._replace(row=first_row + flag.row) for flag in found.flags]
        tags += found.languages
        progress(len(tags), table.num_rows, f"shape: {len(flags)} flags")
    tokens = _tokens(table)
    if options.lengths != "off":
        flags += _outliers(tokens, drops=options.lengths == "drop")
        flags.sort(key=lambda flag: (flag.row, RULES.index(flag.rule)))
    return Shape(flags, tags, tokens)


def _tokens(table: pa.Table) -> Indices:
    portions = columns.portions(table, columns.PORTION_ROWS)  # else all texts are copied
    counts = [lengths.count(columns.compared_texts(rows)) for _, rows in portions]
    return np.concatenate([np.empty(0, np.int64), *counts])


def _judge(options: Clean, rows: pa.Table) -> _Slice:
    """Flags of a few rows, by row and rule, and their languages."""
    responses = rows.column("response").to_pylist()
    flags, tags = list[Flag](), list[str]()
    for row, (response, asked) in enumerate(
        zip(responses, rows.column("language").to_pylist(), strict=True)
    ):
        blocks = _blocks(response)
        tags.append(_language(blocks, asked, response))
        fault = _fault(response, blocks, options)
        if fault is not None:
            flags.append(Flag(row, *fault))
    return _Slice(flags, tags)


def _fault(response: str, blocks: Sequence[Fence], options: Clean) -> tuple[str, str, bool] | None:
    """The first rule that a response breaks, with the evidence and whether it drops."""
    if not response.strip():
        return NO_RESPONSE, "nothing to learn from", True
    if options.refusals != "off" and (said := refusal(response)):
        return REFUSED, said, options.refusals == "drop"
    if options.syntax != "off":
        return _syntax_fault(blocks, drops=options.syntax == "drop")
    return None


def _syntax_fault(blocks: Sequence[Fence], *, drops: bool) -> tuple[str, str, bool] | None:
    characters = sum(len(block.code) for block in blocks)
    if characters > syntax.MOST_CHARACTERS:
        return SYNTAX_UNREAD, f"{characters} characters of code are more than are read", False
    deadline = time.thread_time() + _MOST_SECONDS
    for block in blocks:
        try:
            found = syntax.fault(block.code, block.tag, deadline)
        except syntax.UnreadError as error:
            return SYNTAX_UNREAD, f"{block.tag}: {error}", False
        if found is not None:
            open_end = "" if block.closed else ", in a block that nothing closes"
            return SYNTAX_ERROR, f"{block.tag}, {found}{open_end}", drops
    return None


def _blocks(response: str) -> list[Fence]:
    """The code of a response, its tag the language: what stands in fences or, without any, all of
    it if its first line shows that it is code.
    """
    found = [block._replace(tag=_fence_language(block)) for block in fences(response)]
    if found or "```" in response:
        return found
    language = languages.of_bare_code(response)
    return [Fence(language, response.replace("\r\n", "\n"), closed=True)] if language else []


def _fence_language(block: Fence) -> str:
    return languages.of_tag(block.tag) if block.tag else languages.of_code(block.code)


def _language(blocks: Sequence[Fence], asked: str, response: str) -> str:
    """The language of most of the fenced code, else the one asked for, else what code shows."""
    sizes = Counter[str]()
    for block in blocks:
        if block.tag:
            sizes[block.tag] += len(block.code)
    if sizes:
        return max(sizes, key=lambda tag: (sizes[tag], tag))
    if asked:
        return languages.of_name(asked)
    code = "\n".join(block.code for block in blocks) or response
    return languages.of_code(code) or ("python" if python_syntax.is_program(code) else "")


def _outliers(tokens: Indices, *, drops: bool) -> Iterator[Flag]:
    most = lengths.limit(tokens)
    for row in (tokens > most).nonzero()[0]:
        detail = f"{tokens[row]} tokens, more than {most}"
        yield Flag(int(row), LENGTH_OUTLIER, detail, drops)

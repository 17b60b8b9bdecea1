"""What a code base has to offer: its functions and classes, each once, and no secrets."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

from wizardcoder.errors import InputError
from wizardcoder.records import Rejected
from wizardcoder.seeds.codebase import CodebaseOptions, SourceFile, read, repository_of, walk
from wizardcoder.seeds.licences import UNKNOWN, Licences
from wizardcoder.seeds.secrets import Scan, secret_scan
from wizardcoder.seeds.snippets import Snippet, snippets
from wizardcoder.teacher.faults import Fault

#: What the ids of seeds from a code base begin with.
NAME = "code"


class Definition(NamedTuple):
    """A function or class. `source`: its file below the root, and its line."""

    id: str
    source: str
    language: str
    licence: str
    code: str


class Collection(NamedTuple):
    """Definitions in the order of files and lines, and what a rule left out.

    `counts`: files that were not looked at, by the reason why.
    """

    definitions: list[Definition]
    left_out: list[Rejected]
    counts: Counter[str]


class _Part(NamedTuple):
    text: str
    snippets: list[Snippet]


def collect(root: Path, options: CodebaseOptions, licence: str = UNKNOWN) -> Collection:
    """The functions and classes of a code base; `licence` is for files that nothing gives one.

    Files that hold secrets are left out whole. Raises InputError when nothing is left.
    """
    files = walk(root, options)
    licences = Licences(repository_of(root), licence)
    found = Collection([], [], files.counts)
    for name in files.secrets:
        found.left_out.append(_left_out(name, Fault("secret", "a file of secrets, by its name")))
    seen: dict[str, str] = {}
    with secret_scan() as scan:
        for file in files.files:
            part = _part(file, options, scan)
            if isinstance(part, Fault):
                found.left_out.append(_left_out(file.name, part))
                continue
            file_licence = licences.of(file.path, part.text)
            for snippet in part.snippets:
                _add(found, snippet, file, file_licence, _fault(snippet, options, seen))
                seen.setdefault(snippet.code, f"{file.name}:{snippet.line}")
    if not found.definitions:
        raise InputError(root, problem=_nothing(found), mend="see seeds.options")
    return found


def _part(file: SourceFile, options: CodebaseOptions, scan: Scan) -> _Part | Fault:
    text = read(file, options)
    if isinstance(text, Fault):
        return text
    if secret := scan(file.path):
        return Fault("secret", secret)
    try:
        return _Part(text, snippets(text, file.language, options.max_lines))
    except SyntaxError as error:
        return Fault("syntax_error", f"line {error.lineno}: {error.msg}")


def _fault(snippet: Snippet, options: CodebaseOptions, seen: dict[str, str]) -> Fault | None:
    if snippet.lines < options.min_lines:
        return Fault("too_short", f"{snippet.lines} lines")
    if snippet.lines > options.max_lines:
        return Fault("too_long", f"{snippet.lines} lines")
    if first := seen.get(snippet.code):
        return Fault("duplicate", f"the same as {first}")
    return None


def _add(
    found: Collection, snippet: Snippet, file: SourceFile, licence: str, fault: Fault | None
) -> None:
    source = f"{file.name}:{snippet.line}"
    if fault:
        found.left_out.append(_left_out(source, fault, licence))
        return
    seed_id = f"{NAME}/{len(found.definitions) + 1:06d}"
    found.definitions.append(Definition(seed_id, source, file.language, licence, snippet.code))


def _left_out(source: str, fault: Fault, licence: str = UNKNOWN) -> Rejected:
    """A file or definition that nobody was asked about."""
    return Rejected(
        id=f"{NAME}/{source}",
        seed_id=f"{NAME}/{source}",
        round=0,
        parent_id=None,
        operation=None,
        instruction="",
        input="",
        response="",
        source=source,
        licence=licence,
        teacher="",
        teacher_terms="",
        rule=fault.rule,
        detail=fault.detail,
    )


def _nothing(found: Collection) -> str:
    rules = Counter(row.rule for row in found.left_out) + found.counts
    tally = ", ".join(f"{times} {rule}" for rule, times in rules.most_common()) or "it is empty"
    return f"holds no function or class to be inspired by ({tally})"

"""The licence of a file in a code base, as an SPDX expression; `unknown` where nothing says it.

What counts, in this order: the file's own SPDX-License-Identifier; then, from the file's folder
upwards, the first folder with a licence text that is recognised or package metadata that name a
licence. A folder with a licence text that is not recognised ends the search: a stranger's code
within a project does not get the project's licence.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

UNKNOWN = "unknown"
#: A licence identifier stands in the first so many lines of a file.
HEADER_LINES = 30

_HEADER = re.compile(r"SPDX-License-Identifier:[ \t]*([^\r\n]+)")
_TEXT_FILE = re.compile(r"(?:un)?licen[cs]e|copying", re.IGNORECASE)
_LONGEST_TEXT_BYTES = 200_000
#: Without Markdown's marks, and with plain quotes.
_PLAIN = str.maketrans({"“": '"', "”": '"', "#": " ", "*": " ", "=": " ", ">": " "})

#: Words that only the text of this licence holds, in the order in which they are looked for.
_TEXTS: Mapping[str, tuple[str, ...]] = {
    "AGPL-3.0-only": ("gnu affero general public license version 3, 19 november 2007",),
    "LGPL-3.0-only": ("gnu lesser general public license version 3, 29 june 2007",),
    "LGPL-2.1-only": ("gnu lesser general public license version 2.1, february 1999",),
    "GPL-3.0-only": ("gnu general public license version 3, 29 june 2007",),
    "GPL-2.0-only": ("gnu general public license version 2, june 1991",),
    "MPL-2.0": ("mozilla public license version 2.0", "covered software"),
    "Apache-2.0": ("apache license version 2.0, january 2004",),
    "CC0-1.0": ("cc0 1.0 universal",),
    "Unlicense": ("this is free and unencumbered software released into the public domain",),
    "ISC": (
        "permission to use, copy, modify, and distribute this software for any purpose with",
        "without fee is hereby granted, provided that",
    ),
    "JSON": (
        "permission is hereby granted, free of charge, to any person obtaining a copy",
        "the software shall be used for good, not evil",
    ),
    "MIT": (
        "permission is hereby granted, free of charge, to any person obtaining a copy",
        "the above copyright notice and this permission notice",
        'the software is provided "as is"',
    ),
    "BSD-4-Clause": (
        "redistributions in binary form must reproduce",
        "all advertising materials mentioning features or use of this software",
    ),
    "BSD-3-Clause": (
        "redistributions in binary form must reproduce",
        "endorse or promote products derived from this software",
    ),
    "BSD-2-Clause": ("redistributions in binary form must reproduce",),
}
#: A condition that takes back what the licence beside it grants.
_TAKEN_BACK = "commons clause"


class Licences:
    """The licences of the files under a folder."""

    def __init__(self, root: Path, default: str = UNKNOWN) -> None:
        self._root = root
        self._default = default
        self._of_folder = cache(self._find)

    def of(self, path: Path, text: str) -> str:
        """The licence of the file at `path` (under the root) with this text."""
        header = "\n".join(text.split("\n", HEADER_LINES)[:HEADER_LINES])
        if match := _HEADER.search(header):
            # What closes a comment is no part of it; an expression that is none says nothing.
            return expression(match[1].rstrip(" \t*/->#")) or UNKNOWN
        return self._of_folder(path.parent)

    def _find(self, folder: Path) -> str:
        texts = _licence_files(folder)
        if found := _joined({known for text in texts if (known := recognise(text))}):
            return found
        for name, read in _METADATA.items():
            if found := expression(_declared(folder / name, read)):
                return found
        if texts:
            return UNKNOWN
        return self._default if folder == self._root else self._of_folder(folder.parent)


def recognise(text: str) -> str | None:
    """The SPDX identifier of a licence text; the GNU ones as `only`, which is what they grant.

    Of several texts in one, the first: what follows is about parts that others wrote.

    >>> recognise("Apache License\\n   Version 2.0, January 2004")
    'Apache-2.0'
    """
    words = " ".join(text.lower().translate(_PLAIN).split()).replace("and/or", "and")
    if _TAKEN_BACK in words:
        return None
    held = {
        name: words.index(phrases[0])
        for name, phrases in _TEXTS.items()
        if all(phrase in words for phrase in phrases)
    }
    return min(held, key=held.__getitem__, default=None)


def expression(text: str) -> str:
    """A valid SPDX expression in its canonical form, "" for anything else.

    >>> expression("mit or apache-2.0"), expression("All rights reserved")
    ('MIT OR Apache-2.0', '')
    """
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    try:
        return str(canonicalize_license_expression(text.strip()))
    except InvalidLicenseExpression:
        return ""


def _licence_files(folder: Path) -> list[str]:
    files = (path for path in sorted(folder.iterdir()) if _TEXT_FILE.match(path.name))
    return [
        path.read_bytes()[:_LONGEST_TEXT_BYTES].decode("utf-8", "replace")
        for path in files
        if path.is_file()
        and not path.is_symlink()
        and (path.suffix in ("", ".txt", ".md", ".rst") or path.suffix[1:].isupper())
    ]


def _joined(identifiers: set[str]) -> str:
    """Several texts in one folder: whether one may choose is not said, so all of them hold."""
    if "LGPL-3.0-only" in identifiers:
        identifiers -= {"GPL-3.0-only"}  # that text comes with it: the Lesser one extends it
    return " AND ".join(sorted(identifiers))


def _declared(path: Path, read: Callable[[str], Any]) -> str:
    try:
        found = read(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, LookupError, TypeError):
        return ""  # not there, not readable, or it says nothing of a licence
    return found if isinstance(found, str) else ""


def _pyproject(text: str) -> Any:
    licence = tomllib.loads(text)["project"]["license"]
    return licence if isinstance(licence, str) else licence["text"]


def _cargo(text: str) -> Any:
    return tomllib.loads(text)["package"]["license"]


def _package_json(text: str) -> Any:
    licence = json.loads(text)["license"]
    return licence if isinstance(licence, str) else licence["type"]


_METADATA: Mapping[str, Callable[[str], Any]] = {
    "pyproject.toml": _pyproject,
    "package.json": _package_json,
    "Cargo.toml": _cargo,
}

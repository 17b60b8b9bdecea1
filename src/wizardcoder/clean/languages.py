"""Programming languages: what a fence's tag names, and what code shows by itself.

Names are those that records spell: `python`, `cpp`, `csharp` …; "" is a language nobody knows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

#: The tags of each language that `syntax` can read, in lower case.
_TAGS: Mapping[str, str] = MappingProxyType(
    {
        "python": "python python3 py py3 python2 pycon ipython ipython3 pyi",
        "javascript": "javascript js jsx node nodejs mjs ecmascript",
        "typescript": "typescript ts",
        "tsx": "tsx",
        "java": "java",
        "c": "c h",
        "cpp": "cpp c++ cc cxx hpp",
        "csharp": "csharp c# cs",
        "go": "go golang",
        "rust": "rust rs",
        "ruby": "ruby rb",
        "php": "php",
        "bash": "bash sh shell zsh",
        "sql": "sql mysql postgresql postgres sqlite tsql plsql",
        "html": "html htm xhtml",
        "css": "css",
        "json": "json",
    }
)
_LANGUAGES = MappingProxyType({tag: name for name, tags in _TAGS.items() for tag in tags.split()})
#: Tags of what is no code: such a block says nothing of a record's language.
_NO_CODE = frozenset("text txt plaintext plain output console markdown md log none".split())
#: Every language that has a grammar.
KNOWN = frozenset(_TAGS)
#: Their signs take the text from its beginning, over several lines.
_FROM_THE_START = frozenset({"sql", "css"})
#: The lines of comments that code may begin with.
_COMMENTS = re.compile(r"\A(?:\s*(?://|--|#(?!include|!|define))[^\n]*\n)+")
_MOST_TAG_CHARACTERS = 20

_CSS_PROPERTIES = (
    "color|background|font|margin|padding|border|width|height|display|text|position|float|flex|grid"
)
#: Code shows its language early or not at all; so many characters bound the time of looking.
_LOOKED_AT_CHARACTERS = 4096
#: What surely is code of a language; the first that is found counts. Each was chosen so that
#: neither prose nor the languages after it say it.
_SIGNS = (
    ("php", r"<\?php\b"),
    ("html", r"\A\s*<(?i:!doctype\s+html|html|head|body|div|form|table|ul)\b[^>\n]*>"),
    ("csharp", r"^using System(?:\.\w+)*;|^[ \t]*Console\.(?:Write|Read)(?:Line)?\("),
    ("java", r"^import java\w*\.[\w.*]+;|^[ \t]*public static void main\s*\(\s*String"),
    ("java", r"^[ \t]*System\.out\.print(?:ln|f)?\("),
    ("cpp", r"^#include\s*<(?:iostream|vector|string|algorithm|map|bits/)|^using namespace \w+;"),
    ("c", r"^#include\s*<\w+\.h>"),
    ("rust", r"^(?:pub )?fn \w+\([^\n]*\{|^[ \t]*let mut \w+|^use std::"),
    ("go", r"^package \w+[ \t]*$|^func (?:\([^)\n]*\) )?\w+\([^:>\n]*\{[ \t]*$"),
    ("bash", r"\A\s*#!\s*/(?:usr/)?bin/(?:env )?(?:ba|z)?sh\b"),
    ("python", r"^[ \t]*(?:async )?def \w+\(.*\)[^=\n]*:[ \t]*(?:#.*)?$|^class \w+(?:\(.*\))?:$"),
    ("python", r"^from [\w.]+ import [\w(*]|^import \w+ as \w+$|^if __name__ == "),
    ("python", r"^import (?:os|sys|re|math|random|json|time|datetime|numpy|pandas)$"),
    ("ruby", r"^[ \t]*def [a-z_]\w*[?!]?(?:[ \t]*\([^\n:]*\))?[ \t]*$|^[ \t]*puts ['\"]"),
    ("javascript", r"^[ \t]*(?:async )?function\s+\w+\s*\([^):\n$]*\)\s*\{"),
    ("javascript", r"^[ \t]*console\.log\(|^const (?:\w+|\{[^\n}]*\}|\[[^\n\]]*\]) = "),
    ("sql", r"\A\s*(?:SELECT\s[^;]*\sFROM\s|CREATE (?:TABLE|DATABASE|VIEW|INDEX)\s)"),
    ("sql", r"\A\s*(?:INSERT INTO\s|UPDATE\s+\S+\s+SET\s|DELETE FROM\s|ALTER TABLE\s)"),
    ("css", rf"\A\s*[.#]?[\w-]+(?:[ ,>:][^{{}}\n;]*)?\{{\s*(?:{_CSS_PROPERTIES})[a-z-]*\s*:"),
)


def of_tag(tag: str) -> str:
    """The language that a fence's tag names; the tag itself where it is one that is not known
    here, "" for none and for what is no code.

    >>> of_tag("c++"), of_tag("golang"), of_tag("haskell"), of_tag("output")
    ('cpp', 'go', 'haskell', '')
    """
    if tag in _NO_CODE or not re.fullmatch(r"[a-z][\w.+#-]*", tag, re.ASCII):
        return ""
    return _LANGUAGES.get(tag, tag[:_MOST_TAG_CHARACTERS])


def of_name(name: str) -> str:
    """The language that a person's name for it means: `C++` is `cpp`.

    >>> of_name("C++"), of_name("Objective-C"), of_name("")
    ('cpp', 'objective-c', '')
    """
    return _LANGUAGES.get(key := name.strip().lower(), key)


def of_code(code: str) -> str:
    r"""The language that code surely is in, "" where it does not show.

    >>> of_code("#include <stdio.h>\nint main() {}"), of_code("def f(x):\n    pass")
    ('c', 'python')
    >>> of_code("Select one from these.")
    ''
    """
    return _found(code[:_LOOKED_AT_CHARACTERS])


def of_bare_code(text: str) -> str:
    """As `of_code`, for text without fences: only where its first line that is no comment shows
    the language, so that all of it may be taken for code.

    >>> of_bare_code("Use this:\\nimport os\\n"), of_bare_code("# paths\\nimport os\\n")
    ('', 'python')
    """
    beginning = _COMMENTS.sub("", text[:_LOOKED_AT_CHARACTERS], count=1).lstrip()
    found = _found(beginning.partition("\n")[0])
    if not found and (whole := _found(beginning)) in _FROM_THE_START:
        return whole
    return found


def _found(text: str) -> str:
    return next((language for language, sign in _compiled() if sign.search(text)), "")


@cache
def _compiled() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((language, re.compile(sign, re.MULTILINE)) for language, sign in _SIGNS)

"""What a teacher says when it is asked whether a record gives a problem away."""

from __future__ import annotations

import re

from wizardcoder.recipe import Decoding

MATCH, NO_MATCH, UNCLEAR = "match", "no_match", "unclear"
#: A reply that is neither verdict is asked once more.
TRIES = 2
#: A verdict is short, and the most probable one.
DECODING = Decoding(temperature=0.0, top_p=1.0, max_tokens=16)

_MARKUP = re.compile(r"[*_`#\"“”'{}\[\]()]+")
_VERDICT = re.compile(
    r"(?:(?:the )?(?:verdict|answer)(?: is)?\s*:?\s*)?(?P<no>no[\s-]+|not a )?match\s*[.!]?"
)


def verdict(text: str, finish_reason: str = "stop") -> str | None:
    """`match` or `no_match`; None for a reply that is neither, says more, or was cut or withheld.

    >>> verdict("**Match**"), verdict("Verdict: No Match."), verdict("They match in part")
    ('match', 'no_match', None)
    """
    if finish_reason in ("length", "content_filter"):
        return None
    found = _VERDICT.fullmatch(_MARKUP.sub("", text).strip().lower())
    if found is None:
        return None
    return NO_MATCH if found["no"] else MATCH

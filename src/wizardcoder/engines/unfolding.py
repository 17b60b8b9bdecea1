"""A text that grows token by token: what is new of it, and will stay.

Only the last tokens are decoded each time, so that a long text costs as many steps as it has
tokens. A token may hold part of a character, and a tokenizer may write a token otherwise at the
beginning of a text; so decoding begins one piece before what is new, and waits for whole characters
(as text-generation-inference and vLLM do).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wizardcoder.engines.stopping import settled

#: What stands for a character that is not whole yet.
_HALF = "\ufffd"


class Unfolding:
    """Hands out a text in pieces, without half characters and without what may become a stop.

    unfolding = Unfolding(tokenizer.decode, stops)
    unfolding.piece(tokens), unfolding.rest(text)     the tokens so far; the whole text at its end
    """

    def __init__(self, decode: Callable[[list[int]], str], stops: Sequence[str] = ()) -> None:
        self._decode = decode
        self._stops = stops
        self._start = self._known = 0  # tokens: where decoding begins, and up to where it is known
        self._pending = ""  # known, and held back: it may become a stop sequence
        self._said = 0  # characters

    def piece(self, tokens: Sequence[int]) -> str:
        """What can be said of the text now that it has these tokens, and could not before."""
        before = self._decode(list(tokens[self._start : self._known]))
        now = self._decode(list(tokens[self._start :]))
        if now.endswith(_HALF) or len(now) <= len(before):
            return ""
        self._start, self._known = self._known, len(tokens)
        self._pending += now[len(before) :]
        return self._say(settled(self._pending, self._stops))

    def rest(self, text: str) -> str:
        """What is left to be said of the finished text, which ends before its stop sequence."""
        return text[self._said :]

    def _say(self, text: str) -> str:
        self._said += len(text)
        self._pending = self._pending[len(text) :]
        return text

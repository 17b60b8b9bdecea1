"""What every part of the results is made of: frozen models, printable texts, bounded numbers."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # control characters, but for tab and line ends
    "\u202a-\u202e\u2066-\u2069"  # what turns the direction of the text after it
    "\ud800-\udfff\ufffe\uffff]"
)


def printable(text: object) -> object:
    r"""A text whose lone surrogates, control and direction characters are written out as escapes.

    >>> print(printable("bell \x07, half a pair \ud83d"))
    bell \x07, half a pair \ud83d
    """
    if not isinstance(text, str):
        return text
    return _UNPRINTABLE.sub(lambda match: ascii(match[0])[1:-1], text)


Text = Annotated[str, BeforeValidator(printable)]
Share = Annotated[float, Field(ge=0, le=1)]
Points = Annotated[float, Field(ge=-1, le=1)]
Count = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0)]


class Part(BaseModel):
    """A part of the results: frozen, finite, and every key must be known."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

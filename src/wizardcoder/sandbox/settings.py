"""What the trusted side tells a zygote when it starts it. Both sides, standard library only."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """How candidates are confined; every field is a limit per candidate, except where it says.

    `folder` is where scratch folders are made, "" where the level needs none outside;
    `readable` are folders that the interpreter needs; `preload` modules that are imported once,
    before any candidate (those that are missing are left out); `variables` those of its environment
    that candidates find too.
    """

    level: str
    folder: str
    cpu_seconds: int
    memory_bytes: int
    scratch_bytes: int
    processes: int
    open_files: int
    result_bytes: int
    readable: tuple[str, ...]
    preload: tuple[str, ...]
    variables: tuple[str, ...]

    def dump(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def load(cls, text: str) -> Settings:
        table = json.loads(text)
        table |= {name: tuple(table[name]) for name in ("readable", "preload", "variables")}
        return cls(**table)

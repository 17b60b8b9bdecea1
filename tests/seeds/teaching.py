"""Teachers in this process, whose every reply depends on the prompt alone."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from tests.fault_server import chat
from wizardcoder import recipe
from wizardcoder.teacher import Ledger, LocalTransport, Teacher

Say = Callable[[str], object]
_WORDS = "stack queue tree sum word list date price cat river matrix clock".split()


def say(prompt: str) -> str:
    """Tasks where tasks are asked for, else an answer; now and then one that must be rejected."""
    chance = random.Random(prompt)
    if match := re.search(r"numbered (\d+) to (\d+)", prompt):
        numbers = range(int(match[1]), int(match[2]) + 1)
        return "\n".join(f"{number}. {task(chance)}" for number in numbers)
    if "inspire you" in prompt:
        return task(chance)
    return chance.choice(["def f():\n    return 1", "x = 2", "print(3)", "Sorry, I cannot."])


def task(chance: random.Random) -> str:
    """A task, sometimes one that a filter refuses."""
    words = " ".join(chance.choices(_WORDS, k=8))
    begin = chance.choice(["Write a function for", "Implement a class that holds", "Plot"])
    return f"{begin} {words} {chance.randrange(10_000)}."


def teacher(ledger: Ledger, say: Say, **options: Any) -> Teacher:
    """A teacher that says what `say` returns for a prompt."""

    def respond(request: dict[str, Any]) -> dict[str, Any]:
        return chat(say(request["messages"][0]["content"]))

    given = {"model": "m", "terms": "free", "endpoint": "here", **options}
    return Teacher(recipe.Teacher(**given), LocalTransport(respond), ledger)


def asking(folder: Path, say: Say = say, **options: Any) -> Callable[[], Any]:
    """What opens one teacher with a ledger in a folder."""

    @contextmanager
    def opened() -> Iterator[list[Teacher]]:
        with Ledger(folder / "ledger.sqlite") as ledger:
            yield [teacher(ledger, say, **options)]

    found: Callable[[], AbstractContextManager[list[Teacher]]] = opened
    return found

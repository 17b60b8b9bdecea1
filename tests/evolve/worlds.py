"""Seeds and teachers for the tests of evolving: small, quick, and the same at every call."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

from tests.fault_server import Pauses, chat, options
from wizardcoder import evolve, recipe
from wizardcoder.errors import TeacherError
from wizardcoder.progress import Progress, silent
from wizardcoder.records import Record, Rejected
from wizardcoder.storage import Identity, Json, read_parquet
from wizardcoder.teacher import Ledger, Teacher, Transport
from wizardcoder.teacher.transport import Answer


class Said(NamedTuple):
    """A reply of a scripted teacher."""

    text: str
    finish_reason: str = "stop"


class Script:
    """An `ask` that answers with `reply(prompt, sample)` and keeps what it was asked.

    A reply that is an error is raised.
    """

    def __init__(self, reply: Callable[[str, int], str | Said | Exception]) -> None:
        self._reply = reply
        self.asked: list[tuple[str, int]] = []
        self.decodings: list[recipe.Decoding | None] = []

    async def __call__(
        self, prompt: str, *, sample: int = 0, decoding: recipe.Decoding | None = None
    ) -> Said:
        self.asked.append((prompt, sample))
        self.decodings.append(decoding)
        await asyncio.sleep(0)
        said = self._reply(prompt, sample)
        if isinstance(said, Exception):
            raise said
        return Said(said) if isinstance(said, str) else said


class FakeTransport:
    """Carries requests to `answer(body)`; replies come in an order that `shuffle` decides."""

    def __init__(self, answer: Callable[[bytes], Answer], shuffle: str = "") -> None:
        self._answer = answer
        self._shuffle = shuffle
        self.bodies: list[bytes] = []

    async def post(self, body: bytes, key: bytes) -> Answer:
        self.bodies.append(body)
        if self._shuffle:
            await asyncio.sleep(int(_hash(self._shuffle, body), 16) % 5 / 1000)
        return self._answer(body)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass


def seed(number: int = 1, instruction: str = "", input: str = "") -> Record:
    """A seed of its own lineage."""
    return Record(
        id=f"s/{number:06d}",
        seed_id=f"s/{number:06d}",
        round=0,
        parent_id=None,
        operation=None,
        instruction=instruction or f"Write program number {number}.",
        input=input,
        response="pass",
        source="tests",
        licence="MIT",
        teacher="",
        teacher_terms="",
    )


def plan(rounds: int = 3, **weights: float) -> evolve.Plan:
    """A plan with the five operations drawn uniformly, or with those weights."""
    operations = weights or recipe.Evolve().operations
    return evolve.Plan(rounds, operations, 0, [evolve.PlanTeacher("m", "none")])


def ok(text: str, finish_reason: str = "stop") -> Answer:
    body = json.dumps(chat(text, finish_reason)).encode()
    return Answer(200, body, "application/json", None)


def refuse(status: int, message: str = "no") -> Answer:
    body = json.dumps({"error": {"message": message}}).encode()
    return Answer(status, body, "application/json", 0.0)


def moody(body: bytes) -> Answer:
    """A teacher whose reply depends on the request alone: one in eight is of no use."""
    digest = _hash("moody", body)
    match int(digest[:2], 16) % 32:
        case 0:
            return ok("I'm sorry, I cannot.")
        case 1:
            return ok("Write a long", "length")
        case 2:
            return ok("...")
        case 3:
            return ok(f"Half a pair \ud800 {digest}")
        case _:
            return ok(f"Write program {digest[:12]}, é 🙂 \u2028 and say why.")


def prompt_of(body: bytes) -> str:
    prompt: str = json.loads(body)["messages"][0]["content"]
    return prompt


def run(
    folder: Path,
    seeds: Sequence[Record],
    transport: Transport,
    rounds: int = 3,
    progress: Progress = silent,
    wanted: evolve.Plan | None = None,
    endpoint: str = "http://127.0.0.1:9/v1",
    **changes: Any,
) -> Json:
    """The evolve stage in `folder` with its ledger beside it; retries do not sleep."""
    settings = options(endpoint, **changes)
    with Ledger(folder / "ledger.sqlite") as ledger:
        teacher = Teacher(settings, transport, ledger, clock=Pauses())
        identity = Identity("evolve", {"rounds": rounds})
        return evolve.run_stage(
            folder / "evolved",
            seeds,
            wanted or plan(rounds),
            [teacher],
            identity=identity,
            progress=progress,
        )


def tables(folder: Path) -> tuple[bytes, bytes]:
    """The two Parquet files of a finished stage, byte for byte."""
    evolved = folder / "evolved"
    return (
        (evolved / "records.parquet").read_bytes(),
        (evolved / "rejected.parquet").read_bytes(),
    )


def accepted(folder: Path) -> list[Record]:
    return read_parquet(folder / "evolved" / "records.parquet", Record)


def rejected(folder: Path) -> list[Rejected]:
    return read_parquet(folder / "evolved" / "rejected.parquet", Rejected)


def attempts(folder: Path) -> list[tuple[str, int]]:
    """(seed id, round) of every attempt of a finished stage, in order."""
    return sorted((r.seed_id, r.round) for r in (*accepted(folder), *rejected(folder)))


def down(prompt: str = "", sample: int = 0) -> TeacherError:
    return TeacherError("http://h/v1: gave up after 9 attempts")


def _hash(salt: str, body: bytes) -> str:
    return hashlib.sha256(salt.encode() + body).hexdigest()

"""Whether a benchmark's own solutions pass on this machine: else its scores mean little here.

Remembered in the cache, problem by problem, for the data, the sandbox's code, level and limits.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict

from wizardcoder import sandbox
from wizardcoder.benchmarks import Assembly, Benchmark, cache_folder
from wizardcoder.errors import StorageError
from wizardcoder.evaluate.completions import canonical
from wizardcoder.records import Completion, Verdict
from wizardcoder.sandbox import Limits
from wizardcoder.storage import text_digest, write_text

#: The sample number of a benchmark's own solution among the completions that are judged.
OWN = -1


class SelfCheck:
    """What is known of a benchmark's own solutions at a sandbox level, as it was asked for.

    Benchmarks with `examples` need none: making their expected results runs the solutions.
    """

    def __init__(self, benchmark: Benchmark, level: str, limits: Limits) -> None:
        self._benchmark = benchmark
        made_by = sandbox.fingerprint(), platform.python_version(), benchmark.surroundings
        on = benchmark.data_sha256, *made_by, asdict(limits)
        self._path = cache_folder() / "self-checks" / f"{level}-{text_digest(*on)[:32]}.json"
        self._known: dict[str, str] = {}
        with suppress(OSError, ValueError):
            self._known = json.loads(self._path.read_text(encoding="utf-8"))

    def missing(
        self, completions: Iterable[Completion], assembly: Assembly | None
    ) -> list[Completion]:
        """The solutions to run along with completions: of their problems, where not yet known."""
        if self._benchmark.examples:
            return []
        wanted = {completion.task_id for completion in completions} - self._known.keys()
        own = canonical(self._benchmark, assembly)
        return [
            Completion(task_id=c.task_id, sample=OWN, text=c.text, code=c.code)
            for c in own
            if c.task_id in wanted
        ]

    def learn(self, verdicts: Sequence[Verdict]) -> None:
        """Remember the verdicts of solutions; a cache that cannot be written is no error."""
        found = {
            v.task_id: "" if v.passed else f"{v.outcome}: {v.reason}" for v in verdicts if v.decided
        }
        if not found:
            return
        self._known |= found
        with suppress(StorageError, OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_text(self._path, json.dumps(self._known, indent=0, sort_keys=True))

    def failed(self, completions: Iterable[Completion]) -> dict[str, str]:
        """Of the problems of completions, those whose own solution failed, with the reason."""
        asked = dict.fromkeys(completion.task_id for completion in completions)
        return {task_id: self._known[task_id] for task_id in asked if self._known.get(task_id)}

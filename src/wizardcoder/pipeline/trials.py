"""Runs programs with tests, many at a time, for verification: the sandbox handed to evolve."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from queue import SimpleQueue
from typing import Self

from wizardcoder.evaluate.evaluation import processors
from wizardcoder.evolve import Trial, Verify
from wizardcoder.recipe import Recipe
from wizardcoder.records import Outcome
from wizardcoder.sandbox import Judgement, Limits, Sandbox, Task, task_of
from wizardcoder.sandbox.syntax import UnclearError

_WALL_SHARE = 10  # of the CPU limit: the wall clock is a backstop


class Trials:
    """Awaitable trials in sandboxes of their own, as many at a time as there are processors.

    with Trials(recipe) as run:
        trial = await run("def f(x): return x", "assert f(1) == 1")

    The event loop never waits for a program. A sandbox is opened when it is first needed; the
    first trial raises SandboxError when no level asked for holds.
    """

    def __init__(self, recipe: Recipe, jobs: int | None = None) -> None:
        cpu_seconds = recipe.evolve.verify.cpu_seconds
        limits = Limits(
            cpu_seconds=cpu_seconds,
            wall_seconds=_WALL_SHARE * cpu_seconds,
            memory_bytes=recipe.evaluate.memory_bytes,
        )
        jobs = jobs or processors()
        self._idle: SimpleQueue[Sandbox] = SimpleQueue()
        for _ in range(jobs):
            self._idle.put(Sandbox(limits, level=recipe.evaluate.sandbox_level))
        self._threads = ThreadPoolExecutor(jobs, thread_name_prefix="trial")
        self._open = ExitStack()

    async def __call__(self, program: str, tests: str) -> Trial:
        """How the program fares with the tests."""
        try:
            task = task_of(program, tests)
        except (SyntaxError, UnclearError) as error:
            return Trial(Outcome.SYNTAX_ERROR, f"the tests: {error}")
        judgement = await asyncio.get_running_loop().run_in_executor(
            self._threads, self._judge, task
        )
        return Trial(
            judgement.outcome,
            judgement.reason,
            judgement.attested,
            judgement.outcome is Outcome.TIMEOUT or judgement.wall_limited,
        )

    def _judge(self, task: Task) -> Judgement:
        box = self._idle.get()
        try:
            if not box.level:
                self._open.enter_context(box)
            return next(box.judge_all([task])).judgement
        finally:
            self._idle.put(box)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(cancel_futures=True)
        self._open.close()


@contextmanager
def verifying(recipe: Recipe) -> Iterator[Verify | None]:
    """What tries answers out, while its sandboxes are open; None where the recipe wants none."""
    options = recipe.evolve.verify
    if not options.enabled:
        yield None
        return
    with Trials(recipe) as run:
        yield Verify(run, options.tries, options.keep_failed)

"""Many trials at a time, none of which the event loop waits for."""

from __future__ import annotations

import asyncio
import time

import pytest

from wizardcoder import recipe
from wizardcoder.errors import UsageError
from wizardcoder.pipeline.trials import Trials, verifying
from wizardcoder.records import Outcome

WANTED = recipe.Recipe(evolve={"verify": {"enabled": True, "cpu_seconds": 0.5}})
ENDLESS = "def f(x):\n    while True: pass"


def test_the_event_loop_goes_on_while_programs_run() -> None:
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.01)
            longest = max(longest, time.monotonic() - before)

    async def work() -> list[Outcome]:
        watching = asyncio.create_task(watch())
        with Trials(WANTED, jobs=2) as run:
            trials = await asyncio.gather(*(run(ENDLESS, f"assert f({n})") for n in range(4)))
        watching.cancel()
        return [trial.outcome for trial in trials]

    assert asyncio.run(work()) == [Outcome.TIMEOUT] * 4
    assert longest < 0.4  # less than any of the programs took


def test_each_trial_gets_its_own_outcome() -> None:
    async def work() -> list[bool]:
        with Trials(WANTED, jobs=3) as run:
            trials = await asyncio.gather(
                *(run(f"def f(): return {n}", f"assert f() == {n // 2 * 2}") for n in range(20))
            )
        return [trial.outcome is Outcome.PASSED for trial in trials]

    assert asyncio.run(work()) == [n % 2 == 0 for n in range(20)]


def test_tests_that_are_no_python_run_nothing() -> None:
    async def work() -> Outcome:
        with Trials(WANTED, jobs=1) as run:
            return (await run("def f(): pass", "assert f(")).outcome

    assert asyncio.run(work()) is Outcome.SYNTAX_ERROR


def test_what_a_time_limit_decided_is_marked() -> None:
    async def work() -> list[bool]:
        with Trials(WANTED, jobs=1) as run:
            return [(await run(p, "assert f(1)")).time_limited for p in (ENDLESS, "def f(x): 1")]

    assert asyncio.run(work()) == [True, False]


def test_nobody_verifies_unless_the_recipe_says_so() -> None:
    with verifying(recipe.Recipe()) as verify:
        assert verify is None
    with verifying(WANTED) as verify:
        assert verify is not None
        assert (verify.tries, verify.keep_failed) == (3, True)


def test_no_sandbox_is_opened_before_it_is_needed() -> None:
    weak = WANTED.model_copy(update={"evaluate": recipe.Evaluate(sandbox_level="weak")})
    with pytest.raises(UsageError, match="--allow-weak"), Trials(weak, jobs=1):
        raise AssertionError("a level that contains nothing is refused at once")
    with Trials(WANTED, jobs=64):
        pass

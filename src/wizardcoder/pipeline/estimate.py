"""What evolving will take, before anything is sent: from sizes and assumptions, or from a sample.

What has to be sent again is in none of the figures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from math import ceil, sqrt
from typing import NamedTuple

from wizardcoder import prompts, scoring
from wizardcoder.evolve import Plan, judging
from wizardcoder.recipe import Recipe, Teacher
from wizardcoder.records import Record
from wizardcoder.teacher.prices import price_of

#: Characters per token of English with code; tokenizers differ by a third around it.
CHARACTERS_PER_TOKEN = 3.5
#: What a round adds to a question, and an answer's length: means of the 1,805 evolved and answered
#: Python questions of evol-teacher (LOG.md).
GROWTH_CHARACTERS, ANSWER_CHARACTERS = 60, 750
VERDICT_TOKENS = 3
#: Answers with tests that verification takes for a question, of those that it may take.
VERIFYING_TRIES = 1.5
FIRST_TOKEN_SECONDS, TOKENS_PER_SECOND = 1.0, 50.0
#: What a request holds beside its prompt; a budget counts each byte as a token.
REQUEST_BYTES = 128
_BATCH_HOURS = 24.0

ASSUMED = (
    f"assumed: {CHARACTERS_PER_TOKEN} characters per token, {GROWTH_CHARACTERS} more of them in a "
    f"question per round, {ANSWER_CHARACTERS} in an answer; every attempt is accepted; an answer "
    f"takes {FIRST_TOKEN_SECONDS:g} s and {TOKENS_PER_SECOND:g} tokens per second"
)


class Usage(NamedTuple):
    """Calls, their tokens, and dollars: None where a price is not known."""

    calls: float = 0.0
    prompt_tokens: float = 0.0
    completion_tokens: float = 0.0
    usd: float | None = 0.0

    def times(self, factor: float) -> Usage:
        calls, prompt, completion, usd = self
        return Usage(
            *(calls * factor, prompt * factor, completion * factor),
            None if usd is None else usd * factor,
        )

    @staticmethod
    def total(parts: Iterable[Usage]) -> Usage:
        calls, prompt, completion, usd = zip(Usage(), *parts, strict=True)
        known = [part for part in usd if part is not None]
        return Usage(
            sum(calls), sum(prompt), sum(completion), sum(known) if len(known) == len(usd) else None
        )


class Sample(NamedTuple):
    """What evolving a few of the seeds took: of each lineage the usage by teacher.

    `seconds`: how long a call of each teacher took on average; None: it answered none.
    """

    lineages: tuple[tuple[Usage, ...], ...]
    attempts: int
    accepted: int
    seconds: tuple[float | None, ...]


class Estimate(NamedTuple):
    """What evolving takes: expected (with its 95 % interval where it was sampled) and at worst.

    `hours` is None where batches make them unforeseeable: `most_hours` is the most then.
    """

    seeds: int
    characters: float
    rounds: int
    attempts: int
    expected: Usage
    worst: Usage
    interval: tuple[Usage, Usage] | None
    hours: float | None
    most_hours: float | None
    acceptance: float | None
    basis: str


class _Call(NamedTuple):
    """A kind of call of an attempt: how many of them, and tokens of each."""

    number: float
    prompt_tokens: float
    completion_tokens: float


def estimate(
    recipe: Recipe,
    plan: Plan,
    seeds: Sequence[Record],
    sample: Sample | None = None,
    *,
    data_sets: int = 1,
) -> Estimate:
    """What evolving the seeds by the plan takes; `data_sets` of that size are evolved."""
    teachers = [recipe.teacher, *recipe.teachers]
    attempts = [
        (plan.teacher(seed.id, round), seed, round)
        for seed in seeds
        for round in range(1, plan.rounds + 1)
    ]

    def usages(calls_of: Callable[[Teacher, Record, int], Iterator[_Call]]) -> list[Usage]:
        calls: list[list[_Call]] = [[] for _ in teachers]
        for teacher, seed, round in attempts:
            calls[teacher] += calls_of(teachers[teacher], seed, round)
        return [
            _usage(each, made).times(data_sets) for each, made in zip(teachers, calls, strict=True)
        ]

    if sample is None:
        expected = usages(lambda teacher, seed, n: _expected(recipe, plan, teacher, seed, n))
        seconds = [FIRST_TOKEN_SECONDS + _mean_tokens(u) / TOKENS_PER_SECOND for u in expected]
    else:
        factor = len(seeds) * data_sets / len(sample.lineages)
        columns = zip(*sample.lineages, strict=True)
        expected = [Usage.total(column).times(factor) for column in columns]
        seconds = [each or FIRST_TOKEN_SECONDS for each in sample.seconds]
    hours, most_hours = _hours(teachers, expected, seconds, len(seeds), plan.rounds)
    return Estimate(
        seeds=len(seeds),
        characters=sum(len(seed.question) for seed in seeds) / max(1, len(seeds)),
        rounds=plan.rounds,
        attempts=len(attempts) * data_sets,
        expected=Usage.total(expected),
        worst=Usage.total(usages(lambda t, seed, n: _worst(recipe, plan, t, seed, n))),
        interval=_interval(sample, len(seeds), data_sets) if sample else None,
        hours=hours,
        most_hours=most_hours,
        acceptance=sample.accepted / max(1, sample.attempts) if sample else None,
        basis=f"measured on {len(sample.lineages)} seeds" if sample else ASSUMED,
    )


def _expected(
    recipe: Recipe, plan: Plan, teacher: Teacher, seed: Record, round: int
) -> Iterator[_Call]:
    question = len(seed.question) + GROWTH_CHARACTERS * (round - 1)
    child = question + GROWTH_CHARACTERS
    operation = plan.operation(seed.id, round)
    answer = min(ANSWER_CHARACTERS / CHARACTERS_PER_TOKEN, teacher.max_tokens)

    def call(number: float, prompt_characters: float, completion_tokens: float) -> _Call:
        return _Call(number, prompt_characters / CHARACTERS_PER_TOKEN, completion_tokens)

    template = len(plan.evolving_prompt(operation, ""))
    yield call(1, template + question, child / CHARACTERS_PER_TOKEN)
    if plan.judges(operation):
        yield call(1, len(prompts.judge("", "")) + question + child, VERDICT_TOKENS)
    yield call(1, child, answer)
    if recipe.evolve.verify.enabled:
        tries = min(VERIFYING_TRIES, recipe.evolve.verify.tries)
        yield call(tries, len(prompts.tests("")) + child, answer)
        yield call(tries - 1, child, answer)


def _worst(
    recipe: Recipe, plan: Plan, teacher: Teacher, seed: Record, round: int
) -> Iterator[_Call]:
    """Every call there may be, each reply as long as it may be, a byte of text a token."""
    most = teacher.max_tokens
    bytes = len(seed.question.encode("utf-8", "replace"))
    question = bytes if round == 1 else max(bytes, most)
    operation = plan.operation(seed.id, round)
    template = len(plan.evolving_prompt(operation, "").encode()) + REQUEST_BYTES
    yield _Call(1, template + question, most)
    if plan.judge is not None and plan.judges(operation):
        judged = len(prompts.judge("", "")) + REQUEST_BYTES + question + most
        yield _Call(judging.TRIES, judged, plan.judge.max_tokens)
    yield _Call(1, most + REQUEST_BYTES, most)
    if recipe.evolve.verify.enabled:
        tries = recipe.evolve.verify.tries
        yield _Call(tries, len(prompts.tests("")) + REQUEST_BYTES + most, most)
        yield _Call(tries - 1, most + REQUEST_BYTES, most)


def _usage(teacher: Teacher, calls: Iterable[_Call]) -> Usage:
    number, prompt, completion = 0.0, 0.0, 0.0
    for call in calls:
        number += call.number
        prompt += call.number * call.prompt_tokens
        completion += call.number * call.completion_tokens
    price = price_of(teacher)
    usd = None if price is None else price.usd(round(prompt), round(completion))
    return Usage(number, prompt, completion, usd)


def _mean_tokens(usage: Usage) -> float:
    return usage.completion_tokens / usage.calls if usage.calls else 0.0


def _hours(
    teachers: Sequence[Teacher],
    usages: Sequence[Usage],
    seconds: Sequence[float],
    seeds: int,
    rounds: int,
) -> tuple[float | None, float | None]:
    """The hours that are expected and the most there may be, None where unknown.

    Lanes work side by side, but the calls of a lineage follow each other.
    """
    calls = sum(usage.calls for usage in usages)
    steps = ceil(calls / seeds) if seeds else 0
    if any(teacher.batch for teacher in teachers):
        return None, steps * _BATCH_HOURS
    busy = [_seconds(*each, seeds) for each in zip(teachers, usages, seconds, strict=True)]
    mean = sum(u.calls * s for u, s in zip(usages, seconds, strict=True)) / max(calls, 1)
    return max(*busy, steps * mean) / 3600, None


def _seconds(teacher: Teacher, usage: Usage, latency: float, seeds: int) -> float:
    """How long a teacher is busy: by its lanes, or by its rates."""
    tokens = usage.prompt_tokens + usage.completion_tokens
    return max(
        usage.calls * latency / max(1, min(teacher.concurrency, seeds)),
        60 * usage.calls / (teacher.requests_per_minute or float("inf")),
        60 * tokens / (teacher.tokens_per_minute or float("inf")),
    )


def _interval(sample: Sample, seeds: int, data_sets: int) -> tuple[Usage, Usage] | None:
    """The 95 % interval of what all seeds take, resampling lineages; None for fewer than two.

    It shrinks to nothing as the sample takes in all of the seeds.
    """
    lineages = [Usage.total(usages) for usages in sample.lineages]
    if len(lineages) < 2:
        return None
    rest = sqrt(1 - len(lineages) / seeds)
    bounds = []
    for values in zip(*lineages, strict=True):
        if any(value is None for value in values):
            bounds.append((None, None))
            continue
        mean = sum(values) / len(values)
        found = scoring.bootstrap_interval(values, seed=0)
        bounds.append(tuple(seeds * data_sets * (mean + rest * (end - mean)) for end in found))
    low, high = zip(*bounds, strict=True)
    return Usage(*low), Usage(*high)

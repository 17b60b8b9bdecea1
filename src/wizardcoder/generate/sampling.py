"""From an engine and problems to completions, one by one as they are finished."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence, Set
from typing import NamedTuple

from wizardcoder import extraction
from wizardcoder.engines import Engine, Sampling
from wizardcoder.extraction import Extracted
from wizardcoder.generate.questions import Question, Style, ask
from wizardcoder.recipe import Generate
from wizardcoder.records import Completion, Problem

#: Takes the code out of an answer.
Extract = Callable[[str], Extracted]


class Draw(NamedTuple):
    """The `sample`-th answer to a problem: what one completion will be."""

    problem: Problem
    sample: int

    @property
    def key(self) -> tuple[str, int]:
        return self.problem.task_id, self.sample

    def seed(self, seed: int) -> int:
        """The draw's own randomness, so that it is the same however many others are drawn."""
        digest = hashlib.blake2b(f"{seed}/{self.key}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "little") >> 1


def draws(problems: Sequence[Problem], n: int) -> list[Draw]:
    """Everything to be generated, in the order in which it is stored."""
    return [Draw(problem, sample) for problem in problems for sample in range(n)]


def generate(
    engine: Engine,
    problems: Sequence[Problem],
    options: Generate,
    extract: Extract = extraction.whole,
    *,
    style: Style = Style.INSTRUCTION,
    stops: Sequence[str] = (),
    seed: int = 0,
    done: Set[tuple[str, int]] = frozenset(),
) -> Iterator[Completion]:
    """`options.n` completions of each problem, as they are finished, in any order.

    `done` are the (task id, sample) that are there already. With the same `seed`, samples do not
    depend on each other: the first 20 stay when `n` grows to 200. `stops` end a text besides those
    of the options.
    """
    todo = [draw for draw in draws(problems, options.n) if draw.key not in done]
    chat = is_chat(options, style)
    spacing = options.script_spacing
    asked = [ask(draw.problem, style, script_spacing=spacing, chat=chat) for draw in todo]
    sampling = Sampling(
        options.max_tokens,
        options.temperature,
        options.top_p,
        stop=(*options.stop, *stops),
        chat=chat,
    )
    seeds = [draw.seed(seed) for draw in todo]
    samples = [draw.sample for draw in todo]
    prompts = [question.prompt for question in asked]
    for sampled in engine.generate(prompts, sampling, seeds, samples):
        draw = todo[sampled.index]
        yield _completion(draw, asked[sampled.index], sampled.text, sampled.finish_reason, extract)


def is_chat(options: Generate, style: Style) -> bool:
    """Whether questions go into the model's chat template, which an endpoint has and keeps."""
    if style is not Style.INSTRUCTION:
        return False
    return (options.template or ("chat" if options.engine == "endpoint" else "alpaca")) == "chat"


def _completion(
    draw: Draw, question: Question, text: str, finish_reason: str, extract: Extract
) -> Completion:
    code, cuts = extract(question.continuation(text))
    return Completion(
        task_id=draw.problem.task_id,
        sample=draw.sample,
        text=text,
        code=code,
        finish_reason=finish_reason,
        cuts=extraction.cut_text(cuts),
    )

"""The examples that an arm will be trained on, as tokens: those that are made, or assumed ones.

Nothing is written into the run, and nothing of the base is loaded but configuration and tokenizer.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from wizardcoder import miniature, train
from wizardcoder.errors import UsageError
from wizardcoder.pipeline import paid_sample
from wizardcoder.pipeline.arms import is_alone, rounds_of
from wizardcoder.pipeline.base import base_path
from wizardcoder.pipeline.estimate import ANSWER_CHARACTERS, CHARACTERS_PER_TOKEN, GROWTH_CHARACTERS
from wizardcoder.pipeline.names import MINIATURE
from wizardcoder.pipeline.run import Run
from wizardcoder.recipe import Recipe, Train
from wizardcoder.records import Record

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

#: Seeds that are tokenised to stand for all, where the data is not made yet.
SAMPLED_SEEDS = 4000
#: Texts of the miniature that its tokenizer is learnt from, for a plan.
_FUNCTIONS = 500


class ArmData(NamedTuple):
    """An arm's examples, and how they are known."""

    tokens: train.Tokens
    basis: str


def read_shape(recipe: Recipe, run: Path) -> train.Shape:
    """The configuration and the tokenizer of the base, from a folder or the hub.

    Raises MissingDataError when they cannot be had, MissingExtraError without transformers.
    """
    base = base_path(recipe, run)
    if recipe.base.model == MINIATURE and not (Path(base) / "config.json").exists():
        return _miniature(recipe)
    return train.read_shape(base)


def arm_data(
    recipe: Recipe, arm: str, run: Path, seeds: Sequence[Record], shape: train.Shape
) -> ArmData:
    """The tokens of an arm: of its cleaned records, or assumed ones where they are not made.

    Raises TrainingError when no record leaves a label.
    """
    records = _made(Run(run, recipe), arm)
    if records is not None:
        tokens = _tokenised(records, shape.tokenizer, recipe.train)
        return ArmData(tokens, "the cleaned records of the run")
    sample = paid_sample.choose(seeds, SAMPLED_SEEDS)
    tokens = _tokenised(sample, shape.tokenizer, recipe.train)
    per_token = _characters_per_token(sample, tokens)
    answer = None if recipe.teacher.model == MINIATURE else ANSWER_CHARACTERS / per_token
    long = "as long as the seeds'" if answer is None else f"of {ANSWER_CHARACTERS} characters"
    return ArmData(
        _assumed(tokens, len(seeds) / len(sample), _rounds(recipe, arm), per_token, answer, recipe),
        f"assumed: {len(sample):,} of the {len(seeds):,} seeds tokenised ({per_token:.2f} "
        f"characters per token), {GROWTH_CHARACTERS} characters more in a question per round, "
        f"answers {long}; every attempt is accepted and nothing cleaned away",
    )


def _made(run: Run, arm: str) -> list[Record] | None:
    """The cleaned records of an arm, None where they are not made yet."""
    try:
        table = run.clean_folder(arm) / "records.parquet"
    except UsageError:  # evol stop has not decided which rounds there are
        return None
    return run.records(arm) if table.exists() else None


def _characters_per_token(seeds: Sequence[Record], tokens: train.Tokens) -> float:
    """Of the responses, whose end tokens do not count; the usual figure where there are none."""
    characters = sum(len(seed.response) for seed in seeds)
    answered = int(tokens.labels.sum()) - len(tokens)
    return characters / answered if characters and answered > 0 else CHARACTERS_PER_TOKEN


def _rounds(recipe: Recipe, arm: str) -> list[int]:
    """The rounds that an arm holds, 0 being the seeds; a control is assumed to hold all."""
    last = rounds_of(arm, recipe)
    last = recipe.most_rounds if last is None else last
    return [last] if is_alone(arm) else list(range(last + 1))


def _assumed(
    seeds: train.Tokens,
    scale: float,
    rounds: Sequence[int],
    per_token: float,
    answer_tokens: float | None,
    recipe: Recipe,
) -> train.Tokens:
    """Examples with lengths but without tokens: those of the seeds, and evolved from them."""
    parts = [
        _round(seeds, GROWTH_CHARACTERS * number / per_token, answer_tokens) for number in rounds
    ]
    lengths = np.concatenate([length for length, _ in parts])
    labels = np.concatenate([label for _, label in parts])
    count = round(len(lengths) * scale)
    if recipe.samples is not None:
        count = min(count, recipe.samples)
    chosen = np.arange(count) * len(lengths) // count
    lengths, labels = lengths[chosen], labels[chosen]
    limit = recipe.train.length_tokens
    cut = np.maximum(lengths - limit, 0)
    kept = labels > cut
    lengths, labels = np.minimum(lengths, limit)[kept], (labels - cut)[kept]
    return train.Tokens(
        ids=np.zeros(0, dtype=np.int64),
        learnt=np.zeros(0, dtype=np.bool_),
        lengths=lengths,
        labels=labels,
        starts=np.cumsum(lengths) - lengths,
        rejected=int((~kept).sum()) + round(seeds.rejected * scale),
        truncated=int((cut[kept] > 0).sum()) + round(seeds.truncated * scale),
    )


Numbers = npt.NDArray[np.int64]


def _round(
    seeds: train.Tokens, growth_tokens: float, answer_tokens: float | None
) -> tuple[Numbers, Numbers]:
    """Lengths and labels of one round; answers are as long as the seeds' for None."""
    if not growth_tokens:
        return seeds.lengths, seeds.labels
    prompts = seeds.lengths - seeds.labels + round(growth_tokens)
    labels = seeds.labels
    if answer_tokens is not None:
        labels = np.full(len(prompts), round(answer_tokens) + 1)
    return prompts + labels, labels


def _tokenised(
    records: Sequence[Record], tokenizer: PreTrainedTokenizerBase, options: Train
) -> train.Tokens:
    """The records in memory-mapped shards, as training makes them, outside of the run."""
    with tempfile.TemporaryDirectory() as folder:
        return train.map_shards(train.write_shards(records, tokenizer, options, Path(folder)))


def _miniature(recipe: Recipe) -> train.Shape:
    """The shape of a base that will be pre-trained in the run."""
    options = train.parse_options(recipe.base.options)
    texts = miniature.corpus(_FUNCTIONS, recipe.seed)
    words = train.from_records(miniature.seeds(_FUNCTIONS, seed=recipe.seed))
    tokenizer = train.make_tokenizer(
        [*texts, *(example.prompt + example.response for example in words)], options.vocabulary
    )
    return train.Shape(train.make_model(options, tokenizer).config, tokenizer)

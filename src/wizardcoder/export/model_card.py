"""The model card: what a model was made of, how, what it scored, and what nobody has checked.

Only what manifests, tables and verdicts say. A score is that of the very weights; a part that was
not measured is named as such, and never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from wizardcoder import prompts
from wizardcoder.export import licences
from wizardcoder.export.card import Origin, data_facts
from wizardcoder.export.rendering import render
from wizardcoder.export.selection import Contents
from wizardcoder.recipe import Train


class BaseModel(NamedTuple):
    """The model that was tuned. `licence` as somebody told it; `on_hub`: its name is the Hub's;
    `made_here`: the run made it."""

    name: str
    licence: str
    on_hub: bool = False
    made_here: bool = False


class Rate(NamedTuple):
    """A pass@1, a share, with its 95 % interval, over so many problems."""

    rate: float
    low: float
    high: float
    problems: int


class Untouched(NamedTuple):
    """A score on the problems that training data leaves: without the `touched` ones, and without
    the `unchecked` ones that the data was not compared with. None: no problem is left."""

    score: Rate | None
    touched: int
    unchecked: int


class Scored(NamedTuple):
    """What a model reached on a benchmark.

    `coverage`: the share of the benchmark's problems that have a verdict; `attested`: the share of
    verdicts that the programs could not have forged. `sampling`: how answers were drawn, in words;
    `truncated` of `answers` had no end. `base`: the base model on the same problems. `untouched`:
    None where the training data was not compared with the benchmark.
    """

    benchmark: str
    score: Rate
    coverage: float
    attested: float
    sandbox_level: str
    sampling: str
    answers: int
    truncated: int
    base: Rate | None = None
    untouched: Untouched | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """How the model was trained, as its manifest says; counts include every epoch.

    `chosen_on`: the development set that picked the weights of `best_step`, with `pass_at_1`
    there; "" where the last ones were taken.
    """

    options: Train
    examples: int
    rejected: int
    truncated: int
    steps: int
    tokens: int
    label_tokens: int
    loss: float
    seconds: float
    processes: int = 1
    halvings: int = 0
    chosen_on: str = ""
    best_step: int | None = None
    pass_at_1: float | None = None

    @property
    def has_adapter(self) -> bool:
        return self.options.method != "full"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelOrigin:
    """How a model of a run came to be; what the run does not know stays empty.

    `data` and `contents` are of what it was trained on. `stale`: benchmarks whose verdicts are of
    other weights. `seconds` by what they were spent on.
    """

    name: str
    base: BaseModel
    data: Origin
    contents: Contents
    training: Training
    scores: Sequence[Scored] = ()
    stale: Sequence[str] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    recipe_toml: str = ""

    @property
    def licences(self) -> list[str]:
        """Those of the training data and of the base."""
        return [*self.contents.licences, self.base.licence]


def model_card(model: ModelOrigin) -> str:
    """The card as Markdown; the same facts give the same text."""
    strictest = licences.strictest(model.licences)
    return render(
        "model_card.md",
        **{
            **data_facts(model.data, model.contents),
            "strictest": strictest,
            "strictness": licences.strictness(strictest),
            "clashes": licences.clashes(model.licences),
        },
        model=model,
        training=model.training,
        options=model.training.options,
        metadata=licences.hub_metadata(strictest),
        base_unknown=licences.is_unknown(model.base.licence),
        prompt=prompts.alpaca("{instruction}"),
    )

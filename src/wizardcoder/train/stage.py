"""The train stage: a Hugging Face checkpoint folder, made from scratch or from a base."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from wizardcoder.progress import Progress, silent
from wizardcoder.recipe import SourceOptions, Train
from wizardcoder.storage import Identity, Stage, open_stage, text_digest
from wizardcoder.train.attention import choose_attention
from wizardcoder.train.checkpoint import (
    STATE,
    Checkpoint,
    check_length,
    device,
    export,
    fingerprint,
    load_base,
)
from wizardcoder.train.examples import Example, encode
from wizardcoder.train.loop import train
from wizardcoder.train.plan import make_plan
from wizardcoder.train.tiny import make_model, make_tokenizer, parse_options


class TrainResult(NamedTuple):
    """What a training came to. `tokens` and `label_tokens` count what was seen, epochs included;
    `rejected` examples left no label, `truncated` ones lost their end; `loss` is the last step's.
    """

    examples: int
    rejected: int
    truncated: int
    steps: int
    tokens: int
    label_tokens: int
    loss: float


def fit(
    examples: Sequence[Example],
    base: Path | str,
    options: Train,
    out: Path,
    *,
    identity: Identity | None = None,
    force: bool = False,
    progress: Progress = silent,
) -> TrainResult:
    """Tune `base` on the responses of `examples` into the checkpoint folder `out`.

    Works in `OUT.partial/`, goes on from what an interrupted execution left there, and does
    nothing when `out` is complete. `identity` defaults to everything that
    is given, the base by its weights.
    Raises TrainingError when there is nothing to learn or the loss is not finite,
    MissingDataError when there is no such base.
    """
    identity = identity or Identity(
        "train",
        options.model_dump(mode="json", exclude={"checkpoint_seconds"}),
        {"base": fingerprint(base), "examples": text_digest(*examples)},
    )
    with open_stage(out, identity, force=force) as stage:
        if not stage.complete:
            _train_in(stage, load_base(base), examples, options, progress)
        return TrainResult(**stage.manifest["counts"])


def pretrain(
    texts: Sequence[str],
    options: SourceOptions,
    out: Path,
    *,
    vocabulary_texts: Sequence[str] = (),
    identity: Identity | None = None,
    force: bool = False,
    progress: Progress = silent,
) -> TrainResult:
    """Make a tiny base model from `texts` alone: tokenizer, model and pre-training.

    `options` are those of TinyBase. The tokenizer is learnt from `texts` and `vocabulary_texts`,
    the model from `texts`. Otherwise as `fit`.
    """
    tiny = parse_options(options)
    identity = identity or Identity(
        "pretrain",
        tiny.model_dump(mode="json"),
        {"texts": text_digest(*texts), "vocabulary_texts": text_digest(*vocabulary_texts)},
    )
    with open_stage(out, identity, force=force) as stage:
        if not stage.complete:
            tokenizer = make_tokenizer([*texts, *vocabulary_texts], tiny.vocabulary)
            checkpoint = Checkpoint(make_model(tiny, tokenizer), tokenizer)
            examples = [Example("", text) for text in texts]
            _train_in(stage, checkpoint, examples, tiny.training(), progress)
        return TrainResult(**stage.manifest["counts"])


def _train_in(
    stage: Stage,
    checkpoint: Checkpoint,
    examples: Sequence[Example],
    options: Train,
    progress: Progress,
) -> None:
    """Train inside the unfinished folder of `stage`, and finish it."""
    model, tokenizer = checkpoint
    check_length(model, options.length_tokens)
    model.to(device())  # type: ignore[arg-type]
    model.set_attn_implementation(choose_attention(model, options.length_tokens))
    encoded = encode(examples, tokenizer, options.length_tokens)
    plan = make_plan(encoded.examples, options)
    padding = tokenizer.eos_token_id  # any token will do: padding is masked and never a target
    last = train(model, plan, stage.partial, padding=padding, progress=progress)
    export(checkpoint, stage.partial)
    result = TrainResult(
        examples=len(encoded.examples),
        rejected=encoded.rejected,
        truncated=encoded.truncated,
        steps=last.step,
        tokens=last.tokens,
        label_tokens=last.label_tokens,
        loss=last.loss,
    )
    stage.finish({}, counts=result._asdict(), cost={"training_seconds": last.seconds})
    (stage.path / STATE).unlink(missing_ok=True)  # last: until here a kill could go on from it

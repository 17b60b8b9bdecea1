"""The train stage: a Hugging Face checkpoint folder, made from scratch or from a base."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from wizardcoder.engines.prompting import alpaca_template
from wizardcoder.errors import MemoryExhaustedError
from wizardcoder.progress import Progress, silent
from wizardcoder.recipe import SourceOptions, Train
from wizardcoder.records import Record
from wizardcoder.storage import Identity, Stage, open_stage, text_digest
from wizardcoder.train import adapters, memory, spreading, trackers
from wizardcoder.train.adapters import Tuning, load_tuned
from wizardcoder.train.attention import check_packing, choose_attention
from wizardcoder.train.bases import check_length
from wizardcoder.train.best import Best, Score, best_step, drop_scored, publish_best
from wizardcoder.train.checkpoint import Checkpoint, device, fingerprint
from wizardcoder.train.examples import Example, end_token
from wizardcoder.train.loop import Course, train
from wizardcoder.train.plan import make_plan
from wizardcoder.train.processes import ALONE, Processes, join, losing_peers
from wizardcoder.train.shards import map_shards, records_digest, write_shards
from wizardcoder.train.states import drop_states
from wizardcoder.train.tiny import make_model, make_tokenizer, parse_options
from wizardcoder.train.tokens import Tokens, tokenise

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


#: Options that say how a training is done and not what: it may go on with others.
HOW_NOT_WHAT = frozenset(
    {
        *("checkpoint_seconds", "keep_states", "trackers", "peak_tflops", "usd_per_hour"),
        *("parallel", "rows_per_batch", "gradient_checkpointing"),  # other sums, by rounding alone
    }
)


_EXPORT_MEND = "the same command writes it from the last state, where there is more memory"


class TrainResult(NamedTuple):
    """What a training came to. `tokens` and `label_tokens` count what was seen, epochs included;
    `rejected` examples left no label, `truncated` ones lost their end; `loss` is the last step's.

    `halvings`: how often memory made it halve its batches. `best_step` and `pass_at_1`: the best
    score on the development set, whose weights the checkpoint has; None where none was taken.
    """

    examples: int
    rejected: int
    truncated: int
    steps: int
    tokens: int
    label_tokens: int
    loss: float
    halvings: int = 0
    processes: int = 1
    best_step: int | None = None
    pass_at_1: float | None = None


def fit(
    records: Iterable[Record],
    base: Path | str,
    options: Train,
    out: Path,
    *,
    tokens: Path | None = None,
    identity: Identity | None = None,
    force: bool = False,
    progress: Progress = silent,
    score: Score | None = None,
) -> TrainResult:
    """Tune `base` on the responses of `records` into the checkpoint folder `out`.

    The records can be read again and again. They are tokenised once into the folder `tokens`
    (default: beside `out`), where other trainings on the same records find them.

    Works in `OUT.partial/`, goes on from what an interrupted execution left there, and does
    nothing when `out` is complete. `identity` defaults to everything that
    is given, the base by its weights. Started by torchrun, all processes call this together.
    `score` gives a checkpoint's pass@1 on a development set, every `score_every_steps`; what it
    writes into the checkpoint's folder comes out with the best one.
    Raises TrainingError when there is nothing to learn or the loss is not finite,
    MissingDataError when there is no such base.
    """
    processes = join()
    check(options, processes)
    identity = identity or Identity(
        "train",
        options.model_dump(mode="json", exclude=set(HOW_NOT_WHAT)),
        {"base": fingerprint(base), "examples": records_digest(records)},
    )
    with (
        processes.once(partial(open_stage, out, identity, force=force)) as stage,
        losing_peers(processes),
    ):
        if not processes.once(lambda: stage.complete):
            folder = tokens or out.with_name("tokens")

            def read(tokenizer: PreTrainedTokenizerBase) -> Tokens:
                write = partial(write_shards, records, tokenizer, options, folder)
                return map_shards(processes.once(write))

            with memory.explained("loading the base model", error=MemoryExhaustedError):
                tuning = load_tuned(base, options)
            if options.template == "alpaca":  # who asks the tuned model in chat asks it like this
                tokenizer = tuning.checkpoint.tokenizer
                tokenizer.chat_template = alpaca_template(tokenizer)
            _train_in(stage, tuning, read, options, progress, processes, score)
        return TrainResult(**stage.manifest["counts"])


def check(options: Train, processes: Processes = ALONE) -> None:
    """Find what cannot be trained, or not here, before any work is done for it.

    Raises RecipeError, MissingExtraError or TrainingError.
    """
    spreading.check(options, processes)
    trackers.check(options.trackers)
    adapters.check(options)


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
            training = tiny.training()

            def read(tokenizer: PreTrainedTokenizerBase) -> Tokens:
                examples = [Example("", text) for text in texts]
                return tokenise(examples, tokenizer, training.length_tokens)

            _train_in(stage, Tuning(checkpoint), read, training, progress)
        return TrainResult(**stage.manifest["counts"])


def _train_in(
    stage: Stage,
    tuning: Tuning,
    read: Callable[[PreTrainedTokenizerBase], Tokens],
    options: Train,
    progress: Progress,
    processes: Processes = ALONE,
    score: Score | None = None,
) -> None:
    """Train inside the unfinished folder of `stage`, and finish it."""
    model, tokenizer = tuning.checkpoint
    padding = end_token(tokenizer)  # any token will do: padding is masked and never a target
    with memory.explained("preparing the model", error=MemoryExhaustedError):
        _prepare(model, options, padding)
    data = read(tokenizer)
    folder = processes.once(lambda: stage.partial)
    course = train(
        model,
        make_plan(data, options),
        folder,
        padding=padding,
        progress=progress,
        processes=processes,
        best=Best(folder, score, tuning.export) if score else None,
    )
    processes.once(lambda: _finish(stage, tuning, course, data, processes))


def _prepare(model: PreTrainedModel, options: Train, padding: int) -> None:
    """Put the model where it is trained, with an attention that keeps documents apart."""
    check_length(model.config, options.length_tokens)
    if options.method != "qlora":  # whose weights are on the GPU already
        model.to(device())  # type: ignore[arg-type]
    half = options.precision != "fp32"
    model.set_attn_implementation(
        choose_attention(model, options.attention, options.length_tokens, half)
    )
    check_packing(model, padding)
    if options.gradient_checkpointing:
        newer = getattr(model, "activation_checkpointing_enable", None)
        (newer or model.gradient_checkpointing_enable)({"use_reentrant": False})


def _finish(
    stage: Stage, tuning: Tuning, course: Course, data: Tokens, processes: Processes
) -> None:
    """Write the checkpoint, the best one where scores were taken, and the manifest."""
    last, scores = course.last, course.scores
    if scores:
        publish_best(stage.partial, scores)
    else:
        with memory.explained("writing the checkpoint", _EXPORT_MEND):
            tuning.export(stage.partial, course.weights)
    result = TrainResult(
        examples=len(data),
        rejected=data.rejected,
        truncated=data.truncated,
        steps=last.step,
        tokens=last.tokens,
        label_tokens=last.label_tokens,
        loss=last.loss,
        halvings=course.halvings,
        processes=processes.count,
        best_step=best_step(scores),
        pass_at_1=max(scores.values(), default=None),
    )
    stage.finish(
        {},
        counts=result._asdict(),
        cost={"training_seconds": last.seconds},
        packages=("torch", "transformers"),
    )
    drop_scored(stage.path)  # last, as the states: until here a kill could go on from them
    drop_states(stage.path)

"""A tiny base model made in the run: byte-level BPE and a GPTBigCode, StarCoder's architecture."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, ValidationError

from wizardcoder import prompts
from wizardcoder.errors import RecipeError
from wizardcoder.recipe import Positive, Section, SourceOptions, Train

if TYPE_CHECKING:
    from transformers import GPTBigCodeForCausalLM, PreTrainedTokenizerFast

END = "<|endoftext|>"
PADDING = "<|padding|>"


class TinyBase(Section):
    """The options of `[base]` when the base is pre-trained in the run. Measured: LOG.md."""

    functions: Positive = 8000  # texts in the corpus; whoever makes the corpus reads it
    vocabulary: Annotated[int, Field(ge=300)] = 1024  # 256 bytes, the special tokens, the merges
    width: Positive = 128
    layers: Positive = 3
    heads: Positive = 4
    positions: Positive = 512  # the longest prompt and completion together, in tokens
    label_tokens: Positive = 650_000
    row_tokens: Positive = 128
    rows_per_step: Positive = 8
    lr: Annotated[float, Field(gt=0)] = 2e-3
    seed: int = 0

    def training(self) -> Train:
        """How the base is pre-trained."""
        return Train(
            lr=self.lr,
            betas=(0.9, 0.95),
            rows_per_step=self.rows_per_step,
            rows_per_batch=self.rows_per_step,
            length_tokens=self.row_tokens,
            precision="bf16",
            steps=0,
            label_tokens=self.label_tokens,
            seed=self.seed,
            checkpoint_seconds=30.0,
        )


def parse_options(options: SourceOptions) -> TinyBase:
    """The typed options. Raises RecipeError naming the key, the value and what is known."""
    try:
        parsed = TinyBase.model_validate(options)
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(str(part) for part in problem["loc"])
        raise RecipeError(
            f"base.options.{key} = {problem['input']!r}: {problem['msg']}; known here: "
            f"{', '.join(sorted(TinyBase.model_fields))}"
        ) from None
    if parsed.width % parsed.heads:
        raise RecipeError(
            f"base.options.width = {parsed.width} is not a multiple of heads = {parsed.heads}"
        )
    return parsed


def make_tokenizer(texts: Iterable[str], vocabulary: int) -> PreTrainedTokenizerFast:
    """A byte-level BPE of at most `vocabulary` tokens, learnt from `texts`.

    Each digit is a token of its own. The fixed pieces of Alpaca's template are a token each: the
    template stays byte for byte what it is, and costs two tokens of a row instead of thirty.
    """
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    pieces = _template_pieces()
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary - len(pieces),
        special_tokens=[END, PADDING],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator(texts, trainer)
    bpe.add_tokens([AddedToken(piece, normalized=False) for piece in pieces])
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=bpe,
        eos_token=END,
        pad_token=PADDING,
        clean_up_tokenization_spaces=False,
    )


def make_model(options: TinyBase, tokenizer: PreTrainedTokenizerFast) -> GPTBigCodeForCausalLM:
    """An untrained model; its weights depend on `options.seed` alone."""
    import torch
    from transformers import GPTBigCodeConfig, GPTBigCodeForCausalLM

    config = GPTBigCodeConfig(
        vocab_size=len(tokenizer),
        n_positions=options.positions,
        n_embd=options.width,
        n_layer=options.layers,
        n_head=options.heads,
        activation_function="gelu",  # the tanh form of StarCoder costs four times as much on a CPU
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        multi_query=True,
        bos_token_id=tokenizer.eos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch.random.fork_rng():
        torch.manual_seed(options.seed)
        return GPTBigCodeForCausalLM(config)


def _template_pieces() -> list[str]:
    hole = "\0"
    plain = prompts.alpaca(hole).split(hole)
    with_input = prompts.alpaca(hole, hole).split(hole)
    return list(dict.fromkeys([*plain, *with_input]))

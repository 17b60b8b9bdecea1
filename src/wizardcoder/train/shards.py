"""Examples tokenised once, apart from training, into files that are mapped into memory.

    tokens/KEY/   ids.bin  learnt.bin  lengths.bin  labels.bin  manifest.json

KEY is a hash of the records, the tokenizer, the template and the length, so every training with
the same ones (other arms, seeds, rates, processes) reads the same files. Records are read, and
tokens appended, a block at a time: memory stays bounded, and what was killed goes on.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from wizardcoder.progress import Progress, silent
from wizardcoder.recipe import Train
from wizardcoder.records import Record
from wizardcoder.storage import (
    Identity,
    Stage,
    disk_errors,
    open_stage,
    read_manifest,
    run_lock,
    text_digest,
)
from wizardcoder.train.examples import Encoded, encode, end_token
from wizardcoder.train.templates import render
from wizardcoder.train.tokens import Tokens, check_some, tally

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

#: Records that are tokenised together; what is lost at most when killed.
RECORDS_PER_BLOCK = 2000
_JOURNAL = "blocks"
_COUNTS = np.dtype(np.int32)


@dataclass(frozen=True, slots=True)
class Block:
    """What the files hold of some records, in order: `kept` examples with so many tokens."""

    records: int
    kept: int
    tokens: int
    rejected: int
    truncated: int


def write_shards(
    records: Iterable[Record],
    tokenizer: PreTrainedTokenizerBase,
    options: Train,
    folder: Path,
    *,
    digest: str | None = None,
    progress: Progress = silent,
) -> Path:
    """The folder within `folder` that holds the records as tokens; made, resumed or found.

    `records` can be read again and again; `digest` is `records_digest` of them. Raises
    TrainingError when the tokenizer has no end token, or no record leaves a label.
    """
    end_token(tokenizer)
    identity = Identity(
        "tokens",
        {"template": options.template, "length_tokens": options.length_tokens},
        {
            "records": digest or records_digest(records),
            "tokenizer": tokenizer_digest(tokenizer, options),
        },
    )
    path = folder / text_digest(identity.as_json())[:32]
    with run_lock(folder, wait=True), open_stage(path, identity) as stage:
        if not stage.complete:
            _write(stage, records, tokenizer, options, progress)
    return path


def map_shards(path: Path) -> Tokens:
    """The tokens of a finished folder, mapped: pages are read when a batch needs them."""
    manifest = read_manifest(path)
    counts = manifest["counts"]
    lengths = np.fromfile(path / "lengths.bin", _COUNTS).astype(np.int64)
    return Tokens(
        ids=np.memmap(path / "ids.bin", np.dtype(counts["dtype"]), "r"),
        learnt=np.memmap(path / "learnt.bin", np.bool_, "r"),
        lengths=lengths,
        labels=np.fromfile(path / "labels.bin", _COUNTS).astype(np.int64),
        starts=np.cumsum(lengths) - lengths,
        rejected=counts["rejected"],
        truncated=counts["truncated"],
    )


def records_digest(records: Iterable[Record]) -> str:
    """A SHA-256 of all that is learnt from, in order; what else the records carry is left out."""
    digest = sha256()
    for r in records:
        said = (r.system, r.instruction, r.input, r.response, *r.turns)
        digest.update(json.dumps(said).encode() + b"\n")
    return digest.hexdigest()


def tokenizer_digest(tokenizer: PreTrainedTokenizerBase, options: Train) -> str:
    """What tells tokenizers apart, wherever they lie: the vocabulary, the rules, the end token,
    and the chat template where it is used.
    """
    template = tokenizer.chat_template if options.template == "chat" else None
    backend = getattr(tokenizer, "backend_tokenizer", None)
    rules = sorted(tokenizer.get_vocab().items()) if backend is None else backend.to_str()
    return text_digest(rules, tokenizer.eos_token_id, template)


def _write(
    stage: Stage,
    records: Iterable[Record],
    tokenizer: PreTrainedTokenizerBase,
    options: Train,
    progress: Progress,
) -> None:
    """Append block by block, each first to the files and then to the journal."""
    dtype = np.dtype(np.uint16 if len(tokenizer) <= 1 << 16 else np.uint32)
    done = stage.resume(_JOURNAL, Block)
    kept, tokens = sum(b.kept for b in done), sum(b.tokens for b in done)
    files = {
        "ids.bin": _File(stage.partial / "ids.bin", dtype, tokens),
        "learnt.bin": _File(stage.partial / "learnt.bin", np.dtype(np.bool_), tokens),
        "lengths.bin": _File(stage.partial / "lengths.bin", _COUNTS, kept),
        "labels.bin": _File(stage.partial / "labels.bin", _COUNTS, kept),
    }
    journal = stage.shard(_JOURNAL)
    left = islice(records, sum(b.records for b in done), None)
    for block in _blocks(left, tokenizer, options, files):
        journal.append(block)
        done.append(block)
        progress(sum(b.records for b in done), None, "tokenised")
    rejected = sum(b.rejected for b in done)
    check_some(sum(b.kept for b in done), rejected)
    counts = {
        "examples": sum(b.kept for b in done),
        "rejected": rejected,
        "truncated": sum(b.truncated for b in done),
        "tokens": sum(b.tokens for b in done),
        "dtype": dtype.name,
    }
    stage.finish({}, counts=counts, files=files)


def _blocks(
    records: Iterable[Record],
    tokenizer: PreTrainedTokenizerBase,
    options: Train,
    files: dict[str, _File],
) -> Iterator[Block]:
    """Tokenise and append, block by block."""
    left = iter(records)
    while given := list(islice(left, RECORDS_PER_BLOCK)):
        examples = list(render(given, options.template, tokenizer))
        kept, rejected, truncated = tally(encode(examples, tokenizer, options.length_tokens))
        for name, values in _columns(kept).items():
            files[name].append(values)
        tokens = sum(len(example.ids) for example in kept)
        yield Block(len(given), len(kept), tokens, rejected, truncated)


def _columns(kept: list[Encoded]) -> dict[str, npt.NDArray[np.integer | np.bool_]]:
    if not kept:
        return {}
    return {
        "ids.bin": np.concatenate([example.ids for example in kept]),
        "learnt.bin": np.concatenate([example.learnt for example in kept]),
        "lengths.bin": np.array([len(example.ids) for example in kept]),
        "labels.bin": np.array([example.labels for example in kept]),
    }


class _File:
    """A file of numbers that grows; what was written after the last whole block is cut off."""

    def __init__(self, path: Path, dtype: np.dtype[np.generic], numbers: int) -> None:
        self.path = path
        self.dtype = dtype
        with disk_errors(path):
            path.touch()
            os.truncate(path, numbers * dtype.itemsize)

    def append(self, values: npt.NDArray[np.integer | np.bool_]) -> None:
        with disk_errors(self.path), self.path.open("ab") as file:
            file.write(values.astype(self.dtype).tobytes())
            file.flush()
            os.fsync(file.fileno())

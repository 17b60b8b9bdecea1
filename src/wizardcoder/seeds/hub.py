"""Seeds in a data set of the Hugging Face Hub, or in a folder that holds one.

`hf:OWNER/NAME` is fetched once, into the cache of `huggingface_hub`, and read from there, also
offline; `hf:./FOLDER` is a data set on disk. Options: config, split, revision, and the columns.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from wizardcoder import recipe
from wizardcoder.errors import InputError, MissingDataError, MissingExtraError
from wizardcoder.seeds.files import Row
from wizardcoder.seeds.formats import Columns
from wizardcoder.seeds.licences import expression
from wizardcoder.seeds.reading import Origin, Reading, read
from wizardcoder.storage import sha256, text_digest

#: What a source that is a data set begins with.
HUB = "hf:"


class HubOptions(Columns):
    """`[seeds.options]` of a data set: which part of it, and how its columns are called."""

    config: str | None = None
    split: str = "train"
    revision: str | None = None  # a commit, a tag or a branch; None: the newest

    @property
    def columns(self) -> Columns:
        return Columns(**{key: getattr(self, key) for key in Columns.model_fields})


class Dataset(NamedTuple):
    """A data set that lies on this machine.

    `source` is what its records call it. `revision` is its commit, for a folder that is none of
    the Hub's a digest of its files; `licence` is its card's, "unknown" where that states none.
    """

    source: str
    folder: Path
    revision: str
    licence: str


def is_remote(source: str) -> bool:
    """Whether a source is a data set of the Hub, not one in a folder."""
    return source.startswith(HUB) and not Path(source.removeprefix(HUB)).is_dir()


def find_dataset(options: recipe.Seeds) -> Dataset:
    """The data set that `options.source` names, fetched if need be.

    Raises MissingDataError where there is none, or none within reach; MissingExtraError without
    the extra `hub`.
    """
    name = options.source.removeprefix(HUB)
    folder = Path(name)
    if not is_remote(options.source):
        source, revision = folder.resolve().name, _digest(folder)
    else:
        chosen = recipe.read_options(HubOptions, options.options, "seeds.options")
        folder = _fetch(name, chosen.revision)
        source, revision = options.source, folder.name  # the cache has a folder per commit
    return Dataset(source, folder, revision, _licence(folder / "README.md"))


def read_dataset(found: Dataset, options: recipe.Seeds) -> Reading:
    """The first `options.count` seeds of a data set; the line of a row is its number.

    Their licence is the recipe's where that states one, else the card's. Raises InputError for a
    config or a split that it has not, and for rows that cannot be read.
    """
    chosen = recipe.read_options(HubOptions, options.options, "seeds.options")
    place = f"{found.source} ({chosen.split})"
    origin = Origin(
        name=found.source.removeprefix(HUB),
        source=found.source,
        licence=found.licence if options.licence == "unknown" else options.licence,
        place=place,
    )
    return read(
        _rows(found.folder, chosen, place),
        origin,
        format=options.format,
        columns=chosen.columns,
        count=options.count,
    )


def _digest(folder: Path) -> str:
    """What tells the contents of two folders apart; hidden files do not count."""
    paths = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    shown = [path for path in paths if not any(part.startswith(".") for part in path.parts)]
    return text_digest([(path.as_posix(), sha256(folder / path)) for path in shown])


def _fetch(name: str, revision: str | None) -> Path:
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HFValidationError
        from huggingface_hub.utils.tqdm import disable_progress_bars
    except ImportError:
        raise MissingExtraError("huggingface_hub", "hub") from None

    if not sys.stderr.isatty():
        disable_progress_bars()
    try:
        return Path(snapshot_download(name, repo_type="dataset", revision=revision))
    except (OSError, HFValidationError) as error:  # every error of the Hub and the network is one
        at = f" at revision {revision!r}" if revision else ""
        raise MissingDataError(
            f"no data set {HUB}{name}{at} within reach: {_reason(error)}; check the name and the "
            "network, or name a folder that holds it: hf:FOLDER"
        ) from None


def _reason(error: Exception) -> str:
    from huggingface_hub import errors

    if isinstance(error, errors.GatedRepoError):
        return "it is gated: ask for access on its page, and set HF_TOKEN"
    if isinstance(error, errors.RepositoryNotFoundError):
        return "the Hub has none of that name, or none that this HF_TOKEN may read"
    if isinstance(error, errors.RevisionNotFoundError):
        return "it has no such revision"
    if isinstance(error, errors.LocalEntryNotFoundError):
        return f"the Hub cannot be reached, and it was never fetched ({_first_line(error)})"
    return _first_line(error)


def _rows(folder: Path, chosen: HubOptions, place: str) -> Iterator[Row]:
    import pyarrow as pa

    try:
        import datasets
        from datasets.utils import logging
    except ImportError:
        raise MissingExtraError("datasets", "hub") from None

    logging.set_verbosity(logging.CRITICAL)  # what goes wrong is said here, and once
    try:
        rows = datasets.load_dataset(
            str(folder), name=chosen.config, split=chosen.split, streaming=True
        )
        for number, row in enumerate(rows, 1):
            yield Row(number, row)
    except (datasets.exceptions.DatasetsError, pa.ArrowException, ValueError, OSError) as error:
        raise InputError(
            place,
            problem=f"cannot be read: {_first_line(error)}",
            mend="seeds.options has config and split",
        ) from None


def _licence(card: Path) -> str:
    """The licence that a data set's card states, by its SPDX name where it has one."""
    if not card.is_file():
        return "unknown"
    try:
        from huggingface_hub import DatasetCard
        from yaml import YAMLError
    except ImportError:
        raise MissingExtraError("huggingface_hub", "hub") from None

    try:
        stated: Any = DatasetCard.load(card).data.license
    except (ValueError, YAMLError) as error:
        problem = f"has a header that cannot be read: {_first_line(error)}"
        raise InputError(card, problem=problem) from None
    names = [stated] if isinstance(stated, str) else list(stated or ())
    return " AND ".join(_spdx(name) for name in names) or "unknown"


def _spdx(name: str) -> str:
    return expression(name) or ("unknown" if name == "other" else name)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")

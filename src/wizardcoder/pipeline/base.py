"""The base model of a run: a checkpoint that exists, or the miniature's, pre-trained once."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from wizardcoder import miniature, train
from wizardcoder.errors import MissingExtraError, StorageError
from wizardcoder.pipeline.names import MINIATURE
from wizardcoder.progress import Progress
from wizardcoder.recipe import Recipe
from wizardcoder.storage import FORMAT_VERSION, disk_errors, text_digest

#: Marks a base that an earlier run made, so that no report counts its time as the run's own.
FROM_CACHE = "from-cache"
#: Tasks whose instructions the tokenizer of the miniature's base learns from as well.
_TOKENIZER_TASKS = 1000


def base_path(recipe: Recipe, run: Path) -> Path | str:
    """The checkpoint that tuning starts from: a folder, or a name of the Hugging Face hub."""
    if recipe.base.model == MINIATURE:
        return run / "model" / "base"
    local = Path(recipe.base.model)
    return local if local.is_dir() else recipe.base.model


def check_base(recipe: Recipe, run: Path) -> None:
    """Find a base that cannot be had or tuned, before anything is paid for it.

    Only configuration and tokenizer are read. Raises as `train.check_base`.
    """
    if recipe.base.model != MINIATURE:
        train.check_base(base_path(recipe, run), recipe.train)


def make_base(recipe: Recipe, run: Path, progress: Progress, *, force: bool = False) -> None:
    """Pre-train the miniature's base into the run, or take it from the cache; else do nothing.

    The cache key is a hash of all that the base depends on.
    """
    folder = base_path(recipe, run)
    if recipe.base.model != MINIATURE or not isinstance(folder, Path):
        return
    options = train.parse_options(recipe.base.options)
    texts = miniature.corpus(options.functions, recipe.seed)
    words = train.from_records(miniature.seeds(_TOKENIZER_TASKS, seed=recipe.seed))
    key = text_digest(options.model_dump(mode="json"), texts, words, _versions(), FORMAT_VERSION)
    cached = cache_folder() / "base" / key[:32]
    begun = folder.exists() or folder.with_name(f"{folder.name}.partial").exists()
    if cached.is_dir() and not begun:
        _copy(cached, folder)
        (folder / FROM_CACHE).touch()
    train.pretrain(
        texts,
        recipe.base.options,
        folder,
        vocabulary_texts=[f"{example.prompt}{example.response}" for example in words],
        force=force,
        progress=progress,
    )
    if not cached.is_dir():
        with suppress(StorageError, OSError):  # the next run pre-trains again, that is all
            _copy(folder, cached)


def cache_folder() -> Path:
    """Where what can be made or fetched again is kept between runs."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "wizardcoder"


def _versions() -> dict[str, str]:
    try:
        return {name: version(name) for name in ("torch", "transformers", "tokenizers")}
    except PackageNotFoundError as error:
        raise MissingExtraError(error.name, "train") from None


def _copy(source: Path, target: Path) -> None:
    """Copy a folder so that nobody ever sees half of it."""
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    with disk_errors(target):
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(source, temporary)
            temporary.rename(target)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

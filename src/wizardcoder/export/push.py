"""An exported folder onto the Hugging Face Hub, in one commit. Only when asked for by name.

The token is the Hub client's own: the environment's HF_TOKEN, or what `hf auth login` keeps. It is
taken from nowhere else, and never shown or written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Protocol, cast

from wizardcoder.errors import MissingExtraError, UsageError, WizardCoderError
from wizardcoder.storage import Json, read_manifest

#: The stage's name in the identity of an export.
STAGE = "export"
_NAME = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*", re.ASCII)


class Upload(NamedTuple):
    """A file that a push sends, with its size."""

    file: Path
    size_bytes: int


class Hub(Protocol):
    """What a push needs of `huggingface_hub.HfApi`."""

    def create_repo(
        self, repo_id: str, *, repo_type: str, private: bool, exist_ok: bool
    ) -> object: ...

    def repo_info(self, repo_id: str, *, repo_type: str) -> Any: ...

    def upload_folder(
        self,
        *,
        repo_id: str,
        repo_type: str,
        folder_path: Path,
        allow_patterns: list[str],
        commit_message: str,
    ) -> object: ...


def uploads(folder: Path, *, allow_unknown: bool = False) -> list[Upload]:
    """What a push of an exported folder sends.

    Raises InputError where the folder is no export, UsageError when the licence of some records is
    unknown and not `allow_unknown`.
    """
    manifest = _manifest(folder)
    if (unknown := manifest["counts"]["unknown_licence"]) and not allow_unknown:
        raise UsageError(
            f"{folder}: the licence of {unknown:,} of {manifest['counts']['records']:,} records is "
            "unknown; read the seeds with --set seeds.licence=…, or say --allow-unknown-licence"
        )
    files = [folder / name for name in sorted(manifest["files"])]
    return [Upload(file, file.stat().st_size) for file in files]


def check_name(repository: str) -> None:
    """Raise UsageError unless a repository of the Hub is named as OWNER/NAME."""
    if not _NAME.fullmatch(repository):
        raise UsageError(f"--to {repository}: is not the name of a data set: OWNER/NAME")


def open_hub() -> Hub:
    """The Hub as its client knows it. Raises UsageError when nobody is logged in."""
    try:
        from huggingface_hub import HfApi, get_token
    except ImportError:
        raise MissingExtraError("huggingface_hub", "hub") from None
    if not get_token():
        raise UsageError("no token for the Hub: set HF_TOKEN, or log in with: hf auth login")
    return HfApi(library_name="wizardcoder")


def push(files: Sequence[Upload], repository: str, hub: Hub, *, private: bool = False) -> str:
    """Upload an export's files as a data set of the Hub; returns its address there.

    Raises UsageError, before anything is sent, where it shall be `private` and exists in public;
    WizardCoderError when the Hub cannot be reached or says no.
    """
    check_name(repository)
    with _one_error(repository):
        address = hub.create_repo(repository, repo_type="dataset", private=private, exist_ok=True)
        public = private and not hub.repo_info(repository, repo_type="dataset").private
    if public:
        raise UsageError(f"--private: {repository} exists and is public; take another name")
    with _one_error(repository):
        hub.upload_folder(
            repo_id=repository,
            repo_type="dataset",
            folder_path=files[0].file.parent,
            allow_patterns=[upload.file.name for upload in files],
            commit_message="Upload a data set with WizardCoder",
        )
    return str(address)


@contextmanager
def _one_error(repository: str) -> Iterator[None]:
    """Turn what the Hub's client raises into one line, without the token that it may show."""
    from huggingface_hub import get_token
    from huggingface_hub.errors import HfHubHTTPError

    # of the HTTP library, whichever one the client uses
    http_error = cast(type[Exception], HfHubHTTPError.__bases__[0])
    try:
        yield
    except (http_error, OSError, ValueError) as error:
        line = next(iter(str(error).strip().splitlines()), type(error).__name__)
        if token := get_token():
            line = line.replace(token, "…")
        raise WizardCoderError(f"{repository}: the Hub did not take it: {line}") from None


def _manifest(folder: Path) -> Json:
    manifest = read_manifest(folder)
    if manifest["identity"].get("stage") != STAGE:
        raise UsageError(f"{folder}: is no export; name a run, or make one: wizardcoder export")
    return manifest

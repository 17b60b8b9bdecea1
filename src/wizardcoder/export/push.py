"""An exported folder onto the Hugging Face Hub, in one commit. Only when asked for by name.

The token is the Hub client's own: the environment's HF_TOKEN, or what `hf auth login` keeps. It is
taken from nowhere else, and never shown or written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol, cast

from wizardcoder.errors import MissingExtraError, UsageError, WizardCoderError
from wizardcoder.export.licences import is_unknown
from wizardcoder.export.model_stage import MODEL_STAGE
from wizardcoder.export.stage import STAGE
from wizardcoder.storage import Json, read_manifest

Kind = Literal["dataset", "model"]
#: What an export is to the Hub, by the stage that wrote it.
_KINDS: Mapping[str, Kind] = {STAGE: "dataset", MODEL_STAGE: "model"}
_WORDS: Mapping[Kind, str] = {"dataset": "data set", "model": "model"}
_NAME = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*", re.ASCII)


class Upload(NamedTuple):
    """A file that a push sends, with its size."""

    file: Path
    size_bytes: int


class Package(NamedTuple):
    """What a push sends: files of an exported folder, a data set's or a model's."""

    folder: Path
    kind: Kind
    files: Sequence[Upload]

    @property
    def names(self) -> list[str]:
        """The files as they are called on the Hub."""
        return [upload.file.relative_to(self.folder).as_posix() for upload in self.files]


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


def package(folder: Path, *, allow_unknown: bool = False) -> Package:
    """What a push of an exported folder sends.

    Raises InputError where the folder is no export, UsageError when the licence of some records, or
    of the base of a model, is unknown and not `allow_unknown`.
    """
    manifest = _manifest(folder)
    counts = manifest["counts"]
    if not allow_unknown:
        _refuse_unknown(folder, counts)
    files = [folder / name for name in sorted(manifest["files"])]
    uploads = [Upload(file, file.stat().st_size) for file in files]
    return Package(folder, _KINDS[manifest["identity"]["stage"]], uploads)


def _refuse_unknown(folder: Path, counts: Json) -> None:
    if unknown := counts["unknown_licence"]:
        raise UsageError(
            f"{folder}: the licence of {unknown:,} of {counts['records']:,} records is "
            "unknown; read the seeds with --set seeds.licence=…, or say --allow-unknown-licence"
        )
    if "base_licence" in counts and is_unknown(counts["base_licence"]):
        raise UsageError(
            f"{folder}: the licence of the base model '{counts['base']}' is unknown; export it "
            "again with --base-licence, or say --allow-unknown-licence"
        )


def check_name(repository: str) -> None:
    """Raise UsageError unless a repository of the Hub is named as OWNER/NAME."""
    if not _NAME.fullmatch(repository):
        raise UsageError(f"--to {repository}: is not a name on the Hub: OWNER/NAME")


def open_hub() -> Hub:
    """The Hub as its client knows it. Raises UsageError when nobody is logged in."""
    try:
        from huggingface_hub import HfApi, get_token
    except ImportError:
        raise MissingExtraError("huggingface_hub", "hub") from None
    if not get_token():
        raise UsageError("no token for the Hub: set HF_TOKEN, or log in with: hf auth login")
    return HfApi(library_name="wizardcoder")


def push(sent: Package, repository: str, hub: Hub, *, private: bool = False) -> str:
    """Upload an export as a data set or model of the Hub; returns its address there.

    Raises UsageError, before anything is sent, where it shall be `private` and exists in public;
    WizardCoderError when the Hub cannot be reached or says no.
    """
    check_name(repository)
    with _one_error(repository):
        address = hub.create_repo(repository, repo_type=sent.kind, private=private, exist_ok=True)
        public = private and not hub.repo_info(repository, repo_type=sent.kind).private
    if public:
        raise UsageError(f"--private: {repository} exists and is public; take another name")
    with _one_error(repository):
        hub.upload_folder(
            repo_id=repository,
            repo_type=sent.kind,
            folder_path=sent.folder,
            allow_patterns=sent.names,
            commit_message=f"Upload a {_WORDS[sent.kind]} with WizardCoder",
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
    if manifest["identity"].get("stage") not in _KINDS:
        raise UsageError(f"{folder}: is no export; name a run, or make one: wizardcoder export")
    return manifest

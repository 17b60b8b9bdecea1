"""A push sends an export's files and nothing else, to a Hub of the tests' own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import HfApi

from tests.export.hub_server import HubServer
from tests.export.models import FULL_FILES, MODEL, checkpoint
from tests.export.samples import IDENTITY, ORIGIN, record, table
from wizardcoder.errors import InputError, UsageError, WizardCoderError
from wizardcoder.export import Hub, Selection, open_hub, package, push, run_model_stage, run_stage
from wizardcoder.storage import Identity, open_stage

TOKEN = "hf_planted0123456789"


@pytest.fixture(autouse=True)
def _nobody_is_logged_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HF_TOKEN_PATH", "HF_STORED_TOKENS_PATH"):
        monkeypatch.setattr(f"huggingface_hub.constants.{name}", str(tmp_path / name))


@pytest.fixture
def server() -> Iterator[HubServer]:
    with HubServer() as running:
        yield running


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    selection = Selection((table(tmp_path, [record(1), record(2)]),))
    run_stage(tmp_path / "out", selection, "parquet", ORIGIN, identity=IDENTITY)
    return tmp_path / "out"


def client(server: HubServer) -> Hub:
    return HfApi(endpoint=server.endpoint, token=TOKEN)


def test_data_and_card_arrive_as_they_are(exported: Path, server: HubServer) -> None:
    address = push(package(exported), "me/mine", client(server), private=True)
    assert address == f"{server.endpoint}/datasets/me/mine"
    names = ("README.md", "train.parquet")
    assert server.files == {name: (exported / name).read_bytes() for name in names}
    (made,) = server.made
    assert (made["name"], made["type"]) == ("mine", "dataset")
    assert server.tokens == {f"Bearer {TOKEN}"}


def test_a_model_arrives_whole_and_as_a_model(tmp_path: Path, server: HubServer) -> None:
    source = checkpoint(tmp_path / "arm", adapter=True)
    run_model_stage(tmp_path / "out", source, MODEL, identity=Identity("export-model", {}))
    address = push(package(tmp_path / "out"), "me/mine", client(server))
    assert address == f"{server.endpoint}/me/mine"
    assert server.files == {name: (tmp_path / "out" / name).read_bytes() for name in FULL_FILES}
    assert [made.get("type", "model") for made in server.made] == ["model"]


def test_a_public_data_set_is_not_taken_for_a_private_one(exported: Path) -> None:
    with HubServer(private=False) as server:
        with pytest.raises(UsageError, match="me/mine exists and is public"):
            push(package(exported), "me/mine", client(server), private=True)
        assert server.files == {}


def test_a_hub_that_refuses_is_one_line_without_the_token(
    exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with HubServer(status=403) as server, pytest.raises(WizardCoderError) as raised:
        push(package(exported), "me/mine", client(server))
    message = str(raised.value)
    assert message.startswith("me/mine: the Hub did not take it: ")
    assert "403" in message
    assert "\n" not in message
    assert TOKEN not in message


def test_a_hub_that_cannot_be_reached_is_one_line(exported: Path) -> None:
    hub = HfApi(endpoint="http://127.0.0.1:1", token=TOKEN)
    with pytest.raises(WizardCoderError, match=r"did not take it: .*refused"):
        push(package(exported), "me/mine", hub)


def test_what_the_client_says_of_a_token_is_not_repeated(
    exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Blabbing:
        def create_repo(self, *_: Any, **__: Any) -> object:
            raise ValueError(f"bad header: Bearer {TOKEN}")

    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with pytest.raises(WizardCoderError, match="bad header: Bearer …"):
        push(package(exported), "me/mine", Blabbing())  # type: ignore[arg-type]


def test_without_a_token_nothing_begins() -> None:
    with pytest.raises(UsageError, match="no token for the Hub: set HF_TOKEN, or log in with"):
        open_hub()


@pytest.mark.parametrize("name", ["mine", "me/", "/mine", "me/mine/1", "me/../x y", ""])
def test_a_name_without_an_owner_is_refused(name: str, exported: Path, server: HubServer) -> None:
    with pytest.raises(UsageError, match="OWNER/NAME"):
        push(package(exported), name, client(server))
    assert server.made == []


def test_unknown_licences_are_refused_and_may_be_allowed(tmp_path: Path) -> None:
    rows = [record(1), record(2, licence="unknown")]
    run_stage(
        tmp_path / "out",
        Selection((table(tmp_path, rows),)),
        "chat",
        ORIGIN,
        identity=IDENTITY,
        allow_unknown=True,
    )
    with pytest.raises(UsageError, match=r"1 of 2 records is unknown.*--allow-unknown-licence"):
        package(tmp_path / "out")
    sent = package(tmp_path / "out", allow_unknown=True)
    assert sent.names == ["README.md", "train.jsonl"]


def test_a_folder_that_is_no_export_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no manifest"):
        package(tmp_path)
    with open_stage(tmp_path / "other", Identity("clean", {})) as stage:
        stage.finish({}, counts={})
    with pytest.raises(UsageError, match="is no export"):
        package(tmp_path / "other")

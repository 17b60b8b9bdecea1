"""Seeds in a data set are read from the Hub once, then from the cache, or from a folder."""

from __future__ import annotations

import builtins
import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants

from tests.hub_server import Hub, serve
from wizardcoder import recipe
from wizardcoder.errors import InputError, MissingDataError, MissingExtraError, RecipeError
from wizardcoder.seeds import Reading, find_dataset, read_dataset

CARD = b"""---
license: cc-by-4.0
configs:
- config_name: default
  data_files: data/train.jsonl
- config_name: talks
  data_files:
  - split: test
    path: data/talks.jsonl
---
# Tasks
"""


def lines(*rows: object) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


ROWS = [
    {"instruction": "Add é.", "input": "", "output": "1"},
    {"instruction": "", "input": "x", "output": "2"},
    {"instruction": "Sort.", "input": None, "output": "3"},
]
TURNS = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]
TASKS = {
    "README.md": CARD,
    "data/train.jsonl": lines(*ROWS),
    "data/talks.jsonl": lines({"messages": TURNS}),
}


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A Hub on loopback that the client talks to, with an empty cache."""
    with serve({"acme/tasks": TASKS}) as hub:
        template = f"{hub.url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield hub


def write(folder: Path, files: Mapping[str, bytes]) -> str:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return f"hf:{folder}"


def seeds_of(source: str, **others: Any) -> recipe.Seeds:
    return recipe.Seeds(source=source, **others)


def read(source: str, **others: Any) -> Reading:
    options = seeds_of(source, **others)
    return read_dataset(find_dataset(options), options)


# On the Hub


def test_a_data_set_is_fetched_and_read_by_name(hub: Hub) -> None:
    seeds, rejected = read("hf:acme/tasks")
    assert [(s.id, s.instruction, s.input, s.response) for s in seeds] == [
        ("acme/tasks/000001", "Add é.", "", "1"),
        ("acme/tasks/000003", "Sort.", "", "3"),
    ]
    assert {(s.source, s.licence) for s in seeds} == {("hf:acme/tasks", "CC-BY-4.0")}
    assert [r.rule for r in rejected] == ["no_instruction"]
    assert rejected[0].detail.startswith("hf:acme/tasks (train):2: field 'instruction' is empty")


def test_its_revision_is_the_commit(hub: Hub) -> None:
    assert find_dataset(seeds_of("hf:acme/tasks")).revision == hub.commit("acme/tasks")


def test_a_revision_that_was_named_is_read_though_the_data_set_has_moved_on(hub: Hub) -> None:
    before = hub.commit("acme/tasks")
    find_dataset(seeds_of("hf:acme/tasks"))
    hub.datasets["acme/tasks"] = {"data/train.jsonl": lines(ROWS[2])}
    assert len(read("hf:acme/tasks", options={"revision": before}).records) == 2
    assert len(read("hf:acme/tasks").records) == 1


def test_what_was_fetched_is_read_without_the_hub(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    online = read("hf:acme/tasks")
    hub.asked.clear()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert read("hf:acme/tasks") == online
    assert hub.asked == []


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("acme/none", {}, "hf:acme/none within reach: the Hub has none of that name"),
        ("acme/tasks", {"revision": "v9"}, "at revision 'v9' within reach: it has no such rev"),
        ("a b", {}, "hf:a b within reach: Repo id must use alphanumeric chars"),
    ],
)
def test_a_data_set_that_is_not_there_is_named(
    hub: Hub, name: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(MissingDataError, match=message) as caught:
        find_dataset(seeds_of(f"hf:{name}", options=options))
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith("or name a folder that holds it: hf:FOLDER")


def test_a_hub_out_of_reach_is_named(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    message = "hf:acme/tasks within reach: the Hub cannot be reached, and it was never fetched"
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(MissingDataError, match=message):
        find_dataset(seeds_of("hf:acme/tasks"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(MissingDataError, match=rf"{message} \(Got: ConnectError"):
        find_dataset(seeds_of("hf:acme/tasks"))


# In a folder


def test_a_folder_that_holds_a_data_set_needs_no_network(tmp_path: Path) -> None:
    source = write(tmp_path / "tasks", TASKS)
    (seed, _), _ = read(source)
    assert (seed.id, seed.source, seed.licence) == ("tasks/000001", "tasks", "CC-BY-4.0")


def test_the_revision_of_a_folder_is_that_of_its_contents(tmp_path: Path) -> None:
    source = write(tmp_path / "tasks", TASKS)
    first = find_dataset(seeds_of(source)).revision
    write(tmp_path / "tasks", {".git/HEAD": b"x"})
    assert find_dataset(seeds_of(source)).revision == first
    shutil.copytree(tmp_path / "tasks", tmp_path / "copy")
    assert find_dataset(seeds_of(f"hf:{tmp_path}/copy")).revision == first
    write(tmp_path / "tasks", {"data/train.jsonl": lines(ROWS[2])})
    assert find_dataset(seeds_of(source)).revision != first


def test_config_and_split_choose_the_part(tmp_path: Path) -> None:
    source = write(tmp_path / "tasks", TASKS)
    (seed,) = read(source, options={"config": "talks", "split": "test"}).records
    assert (seed.instruction, seed.response) == ("Hi", "Ho")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"config": "none"}, r"tasks \(train\): cannot be read: .*Available: \['default', 'talks'"),
        ({"split": "test"}, r"tasks \(test\): cannot be read: Bad split: test\. Available"),
    ],
)
def test_a_part_that_is_not_there_is_named_with_those_that_are(
    tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        read(write(tmp_path / "tasks", TASKS), options=options)


def test_an_option_that_is_not_known_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"seeds\.options: unknown key 'spilt'; known.*split"):
        read(write(tmp_path / "tasks", TASKS), options={"spilt": "test"})


def test_columns_go_by_the_names_that_are_given(tmp_path: Path) -> None:
    source = write(tmp_path / "q", {"train.jsonl": lines({"question": "Q", "answer": "A"})})
    options = {"instruction": "question", "response": "answer"}
    (seed,) = read(source, options=options).records
    assert (seed.instruction, seed.response) == ("Q", "A")


def test_count_reads_no_further_than_it_must(tmp_path: Path) -> None:
    seeds, rejected = read(write(tmp_path / "tasks", TASKS), count=1)
    assert (len(seeds), rejected) == (1, [])


@pytest.mark.parametrize(
    ("card", "licence"),
    [
        (b"no header", "unknown"),
        (b"---\nlicense: other\n---\n", "unknown"),
        (b"---\nlicense: openrail\n---\n", "openrail"),
        (b"---\nlicense:\n- mit\n- apache-2.0\n---\n", "MIT AND Apache-2.0"),
    ],
)
def test_the_licence_is_the_cards(tmp_path: Path, card: bytes, licence: str) -> None:
    source = write(tmp_path / "t", {"README.md": card, "train.jsonl": lines(ROWS[0])})
    assert read(source).records[0].licence == licence


def test_a_licence_that_the_recipe_states_goes_before_the_cards(tmp_path: Path) -> None:
    assert read(write(tmp_path / "t", TASKS), licence="MIT").records[0].licence == "MIT"


def test_a_card_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    source = write(tmp_path / "t", {"README.md": b"---\na: [\n---\n"})
    with pytest.raises(InputError, match=r"t/README\.md: has a header that cannot be read"):
        find_dataset(seeds_of(source))


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"train.jsonl": b'{"a": 1}\n{broken'}, r"t \(train\): cannot be read: JSON parse error"),
        ({}, r"t \(train\): cannot be read: "),
        ({"train.jsonl": lines({"text": "x"})}, r"holds no seeds: .*this row has text"),
    ],
)
def test_a_data_set_that_cannot_be_read_is_named(
    tmp_path: Path, files: dict[str, bytes], message: str
) -> None:
    (tmp_path / "t").mkdir()
    with pytest.raises(InputError, match=message):
        read(write(tmp_path / "t", files))


@pytest.mark.parametrize("package", ["datasets", "huggingface_hub"])
def test_a_package_that_is_not_installed_is_named_with_its_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    source = write(tmp_path / "t", TASKS) if package == "datasets" else "hf:acme/tasks"
    imported = builtins.__import__

    def without(name: str, *others: Any, **options: Any) -> object:
        if name.partition(".")[0] == package:
            raise ImportError(name)
        return imported(name, *others, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    if package == "datasets":
        monkeypatch.setattr("wizardcoder.seeds.hub._licence", lambda card: "MIT")
    with pytest.raises(MissingExtraError, match=rf"'{package}'.*wizardcoder\[hub\]"):
        read(source)

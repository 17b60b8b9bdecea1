"""A recipe evolves end to end: judges, operations of one's own, languages, several teachers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fault_server import chat
from wizardcoder import miniature, prompts, recipe
from wizardcoder.errors import StageConflictError
from wizardcoder.pipeline import Run, names, open_run
from wizardcoder.pipeline.evolving import HOW_NOT_WHAT, identity_of, plan_of
from wizardcoder.records import Record
from wizardcoder.storage import Json, read_parquet
from wizardcoder.teacher import LocalTransport, Transport

MINIATURE: dict[str, Any] = {
    "arms": ["seed"],
    "seeds": {"source": "miniature", "count": 60},
    "teacher": {"model": "miniature", "endpoint": "miniature", "send_seed": True},
}
Respond = Callable[[dict[str, Any]], dict[str, Any]]


def make(**evolve: Any) -> recipe.Recipe:
    return recipe.parse({**MINIATURE, "evolve": {"rounds": 2, **evolve}}, "test")


def evolved(folder: Path, wanted: recipe.Recipe) -> tuple[Json, list[Record]]:
    """The counts and the records of a recipe's evolve stage."""
    run = Run(folder, wanted)
    run.seeds()
    counts = run.evolve()["counts"]
    return counts, read_parquet(folder / "evolved" / "records.parquet", Record)


def taught_by(monkeypatch: pytest.MonkeyPatch, **respond: Respond) -> None:
    """Let teachers in this process answer, by the name of their model."""

    def transport(options: recipe.Teacher, *_: object, **__: object) -> Transport:
        return LocalTransport(respond[options.model])

    monkeypatch.setattr(names, "_transport", transport)


def said(request: dict[str, Any]) -> str:
    return str(request["messages"][-1]["content"])


# End to end


def test_the_miniature_judges_what_it_evolved_and_keeps_it(tmp_path: Path) -> None:
    counts, records = evolved(tmp_path / "judged", make())
    plain_counts, plain = evolved(tmp_path / "plain", make(judge={"enabled": False}))
    assert {record.judge for record in records} == {"not_equal"}
    assert [r.response for r in records] == [r.response for r in plain]
    assert counts["rules"] == plain_counts["rules"]
    assert counts["judge_unclear"] == 0


def test_a_judge_rejects_the_children_that_a_custom_paraphrase_makes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompt = "Say it otherwise, please:\n{question}"

    def respond(request: dict[str, Any]) -> dict[str, Any]:
        opening = prompt.removesuffix("{question}")
        if said(request).startswith(opening):
            asked = prompts.evolve("paraphrase", said(request).removeprefix(opening))
            request = {**request, "messages": [{"role": "user", "content": asked}]}
        return miniature.respond(request)

    taught_by(monkeypatch, miniature=respond)
    mine = {"operations": {"mine": 1}, "custom": {"mine": {"prompt": prompt}}}
    counts, records = evolved(tmp_path / "judged", make(**mine))
    assert (len(records), counts["rules"]) == (0, {"no_information_gain": 120})
    mine["custom"]["mine"]["judged"] = False  # type: ignore[index]
    counts, records = evolved(tmp_path / "unjudged", make(**mine))
    assert len(records) == counts["accepted_by_operation"]["mine"] > 100


def test_languages_reach_the_teacher_and_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def respond(request: dict[str, Any]) -> dict[str, Any]:
        language = said(request).rpartition(" in ")[2].rstrip(".")
        evolving = said(request).startswith("Please increase")
        question = said(request).rpartition("\n\n")[0].rpartition("\n\n")[2]
        return chat(f"{question} Be quick." if evolving else f"```{language}\ncode();\n```")

    taught_by(monkeypatch, miniature=respond)
    wanted = make(languages={"Rust": 1, "Go": 1}, judge={"enabled": False})
    counts, records = evolved(tmp_path, wanted)
    assert len(records) == 120
    for record in records:
        assert record.response == f"```{record.language}\ncode();\n```"
        assert record.instruction.endswith(f"Write the solution in {record.language}.")
    assert min(counts["accepted_by_language"].values()) > 30


def test_general_evol_instruct_goes_deeper_and_broader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    general = [*prompts.GENERAL_EVOLVE_METHODS, "breadth"]

    def respond(request: dict[str, Any]) -> dict[str, Any]:
        for operation in general:
            if said(request).startswith(opening := prompts.evolve(operation, "")):
                question = said(request).removeprefix(opening)
                rarer = "Explain " + " ".join(f"{len(question)}.{n}" for n in range(9))
                new = rarer if operation == "breadth" else question
                return chat(f"{new} Mind {operation}.")
        return chat("Not Equal" if said(request).startswith("Compare") else "A fine answer.")

    taught_by(monkeypatch, miniature=respond)
    wanted = make(operations=dict.fromkeys(general, 1))
    counts, records = evolved(tmp_path, wanted)
    assert set(counts["accepted_by_operation"]) == set(general)
    assert len(records) == 120
    for record in records:
        assert record.instruction.endswith(f"Mind {record.operation}.")
        assert record.judge == ("" if record.operation == "breadth" else "not_equal")


def test_two_teachers_share_the_work_and_sign_their_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, int] = {"one": 0, "two": 0}

    def signing(name: str) -> Respond:
        def respond(request: dict[str, Any]) -> dict[str, Any]:
            asked[name] += 1
            return chat(f"{name} says: write program {len(said(request))}.{asked[name]}")

        return respond

    taught_by(monkeypatch, one=signing("one"), two=signing("two"))
    first = {**MINIATURE["teacher"], "model": "one", "terms": "free", "weight": 3.0}
    second = {"model": "two", "endpoint": "miniature", "terms": "not for models"}
    table = {**MINIATURE, "teacher": first, "teachers": [second]}
    counts, records = evolved(tmp_path, recipe.parse({**table, "evolve": {"rounds": 2}}, "test"))
    for record in records:
        assert record.instruction.startswith(f"{record.teacher} says")
        assert record.response.startswith(f"{record.teacher} says")
        assert record.teacher_terms == {"one": "free", "two": "not for models"}[record.teacher]
    by_teacher = counts["accepted_by_teacher"]
    assert 2 < by_teacher["one"] / by_teacher["two"] < 4.5


# Identity


def identity(wanted: recipe.Recipe) -> Json:
    plan = plan_of(wanted, wanted.evolve.operations, wanted.most_rounds)
    return identity_of(wanted, plan, {}).as_json()


@pytest.mark.parametrize("key", sorted(HOW_NOT_WHAT))
def test_how_a_teacher_is_asked_does_not_make_other_data(key: str) -> None:
    values = {"api_key_env": "OTHER", "batch": True}
    table = {**MINIATURE, "teacher": {**MINIATURE["teacher"], key: values.get(key, 7)}}
    assert identity(recipe.parse(table, "test")) == identity(recipe.parse(MINIATURE, "test"))


@pytest.mark.parametrize(
    "evolve",
    [
        {"operations": {**recipe.Evolve().operations, "breadth": 0}},
        {"judge": {"enabled": False, "temperature": 0.5}},
        {"verify": {"tries": 7}},
        {"languages": {}},
    ],
    ids=["never drawn", "no judge", "no verification", "no languages"],
)
def test_what_is_never_used_does_not_make_other_data(evolve: dict[str, Any]) -> None:
    off = {"judge": {"enabled": False}}
    assert identity(make(**{**off, **evolve})) == identity(make(**off))


def test_whatever_decides_the_data_is_in_the_identity() -> None:
    mine = {"constraints": 1, "x": 1}
    evolve: list[dict[str, Any]] = [
        {},
        {"rounds": 3},
        {"operations": {"breadth": 1}},
        {"operations": mine, "custom": {"x": {"prompt": "A {question}"}}},
        {"operations": mine, "custom": {"x": {"prompt": "B {question}"}}},
        {"operations": mine, "custom": {"x": {"prompt": "B {question}", "judged": False}}},
        {"languages": {"Rust": 1}},
        {"judge": {"enabled": False}},
        {"judge": {"temperature": 0.5}},
        {"verify": {"enabled": True}},
        {"verify": {"enabled": True, "tries": 7}},
    ]
    identities = [json.dumps(identity(make(**options)), sort_keys=True) for options in evolve]
    assert len(set(identities)) == len(evolve)


def test_a_second_teacher_and_its_share_are_in_the_identity() -> None:
    def with_second(**options: Any) -> Json:
        table = {**MINIATURE, "teachers": [{"model": "two", **options}]}
        return identity(recipe.parse(table, "test"))

    assert with_second() == with_second(concurrency=3)
    assert with_second() != with_second(weight=2)
    assert with_second() != identity(recipe.parse(MINIATURE, "test"))


def test_a_run_goes_on_when_only_the_pace_of_a_further_teacher_changes(tmp_path: Path) -> None:
    def opened(**options: Any) -> Run:
        table = {**MINIATURE, "teachers": [{"model": "two", "endpoint": "miniature", **options}]}
        wanted = recipe.parse({**table, "evolve": {"rounds": 1}}, "test")
        return open_run(tmp_path, wanted)

    run = opened()
    run.seeds()
    run.evolve()
    assert opened(concurrency=2).recipe.teachers[0].concurrency == 2
    with pytest.raises(StageConflictError, match=r"teachers\.0\.temperature: 1\.0 → 0\.5"):
        opened(temperature=0.5)
    assert json.loads((tmp_path / "evolved" / "manifest.json").read_text())["counts"]["seeds"] == 60

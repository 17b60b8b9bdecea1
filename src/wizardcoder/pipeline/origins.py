"""How the data of a run came to be, from its tables, manifests and recipe: what a card says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import tomli_w

from wizardcoder import prompts
from wizardcoder.export import Cleaning, Evolution, Origin, Prompt, Spent, Tally
from wizardcoder.pipeline import arms, names, words
from wizardcoder.pipeline.run import Run
from wizardcoder.pipeline.touching import checked_names, kept_records
from wizardcoder.recipe import Recipe
from wizardcoder.storage import Json, read_manifest, tally_parquet

_ABOUT_DATA = {"name", "seed", "seeds", "teacher", "teachers", "evolve", "clean", "controls"}
#: Keys of a recipe that may say a place of the machine that it ran on.
_PLACES = frozenset({"source", "also", "tasks", "benchmark_files", "model", "endpoint"})


class Folders(NamedTuple):
    """The stage folders of a data set, made or not; `clean` None: it is not what was cleaned."""

    seeds: Path
    evolved: Path
    clean: Path | None


def origin(run: Run, arm: str, folders: Folders, rounds: int | None) -> Origin:
    """How the data of an arm came to be; `rounds`: only attempts up to this round (None: all)."""
    name = run.path.resolve().name
    teachers = [pair for folder in folders[:2] for pair in _teachers(folder, rounds)]
    return Origin(
        name=name if arm == "final" else f"{name} {arm}",
        about=words.describe_arm(_selected(arm, rounds), run.recipe),
        cleaned=folders.clean is not None,
        seeds_rejected=_rules(folders.seeds),
        ancestors=sorted(set(teachers)),
        prompts=tuple(_prompts(run.recipe, arm, folders)),
        evolution=_evolution(folders.evolved, rounds),
        cleaning=_cleaning(folders.clean) if folders.clean else None,
        spent=tuple(_spent(run, folders)),
        versions=_versions(folders),
        recipe_toml=recipe_toml(run.recipe, _ABOUT_DATA),
    )


def _selected(arm: str, rounds: int | None) -> str:
    """The name of an arm by what it selects, also of the one called final."""
    if rounds is None or arms.is_alone(arm):
        return arm
    return f"round-{rounds}" if rounds else "seed"


def _teachers(folder: Path, rounds: int | None) -> Iterator[tuple[str, str]]:
    """Each (teacher, terms) that made a record of a stage."""
    for teacher, terms, round in _tally(folder, "records", "teacher", "teacher_terms", "round"):
        if teacher and _within(round, rounds):
            yield teacher, terms


def _evolution(folder: Path, rounds: int | None) -> Evolution | None:
    if not _is_made(folder) or rounds == 0:
        return None
    accepted = _tally(folder, "records", "round", "operation")
    rejected = _tally(folder, "rejected", "round", "operation", "rule")
    accepted = Counter({key: n for key, n in accepted.items() if _within(key[0], rounds)})
    rejected = Counter({key: n for key, n in rejected.items() if _within(key[0], rounds)})
    return Evolution(
        rounds=_sides(accepted, rejected, 0),
        operations=_sides(accepted, rejected, 1),
        rules=_by(rejected, 2),
    )


def _sides(accepted: Counter[Any], rejected: Counter[Any], column: int) -> list[Tally]:
    yes, no = _by(accepted, column), _by(rejected, column)
    return [Tally(str(key), yes[key], no[key]) for key in sorted({*yes, *no})]


def _by(tally: Counter[Any], column: int) -> Counter[Any]:
    """A tally by one of its columns."""
    found = Counter[Any]()
    for key, rows in tally.items():
        found[key[column]] += rows
    return found


def _cleaning(folder: Path) -> Cleaning | None:
    if not _is_made(folder):
        return None
    manifest = read_manifest(folder)
    counts, options = manifest["counts"], manifest["identity"]["options"]
    flagged = {record_id for (record_id,) in _tally(folder, "hits", "record_id")}
    return Cleaning(
        kept=counts["kept"],
        rejected=counts["rejected"],
        rules=counts["rules"],
        benchmarks=checked_names(manifest["identity"]),
        contamination=counts["contamination"],
        touching=len(kept_records(folder, flagged)),
        containment=options["containment"],
        nodes=options["min_ast_nodes"],
        behaviour=counts.get("behaviour", {}),
        nearest=options["embedding"]["nearest"] if options["embedding"]["enabled"] else 0,
    )


def _prompts(wanted: Recipe, arm: str, folders: Folders) -> Iterator[Prompt]:
    """The prompts of whatever was asked, with what is filled in left in braces."""
    makers = {teacher for teacher, _ in _teachers(folders.seeds, None)}
    if makers and wanted.seeds.source == names.SELF_INSTRUCT:
        yield Prompt("seeds", prompts.SELF_INSTRUCT)
    elif makers:
        yield Prompt("seeds", prompts.INSPIRED)
    if not _is_made(folders.evolved):
        return
    options, control = wanted.evolve, wanted.controls.get(arm)
    operations = control.operations if control else options.operations
    for name, weight in (operations or {}).items():
        if weight:
            own = options.custom.get(name)
            yield Prompt(name, own.prompt if own else prompts.OPERATIONS[name], weight)
    if options.languages:
        yield Prompt("language", prompts.LANGUAGE)
    if options.judge.enabled:
        yield Prompt("judge", prompts.JUDGE)
    if options.verify.enabled:
        yield Prompt("tests", prompts.TESTS)


def _spent(run: Run, folders: Folders) -> Iterator[Spent]:
    """What each stage has asked for; with evol stop, also for rounds that are not kept."""
    stages = {folders.seeds: "seeds"}
    if run.stops and folders.seeds.parent == run.path:
        for number in range(1, run.recipe.most_rounds + 1):
            stages[run.path / "rounds" / str(number) / "evolved"] = f"round {number}"
    stages.setdefault(folders.evolved, "evolved")
    for folder, stage in stages.items():
        cost = _manifest(folder).get("cost", {})
        if cost.get("calls"):
            yield Spent(stage, *(cost.get(key, 0) for key in Spent._fields[1:]))


def _versions(folders: Folders) -> dict[str, str]:
    """The packages that made the data; where stages differ, the last one's."""
    stages = (_manifest(folder) for folder in folders if folder)
    return {n: version for stage in stages for n, version in stage.get("versions", {}).items()}


def _rules(folder: Path) -> Counter[str]:
    return _by(_tally(folder, "rejected", "rule"), 0)


def _tally(folder: Path, table: str, *columns: str) -> Counter[tuple[Any, ...]]:
    return tally_parquet(folder / f"{table}.parquet", *columns) if _is_made(folder) else Counter()


def _is_made(folder: Path) -> bool:
    return (folder / "manifest.json").exists()


def _manifest(folder: Path) -> Json:
    return read_manifest(folder) if _is_made(folder) else {}


def _within(round: int, rounds: int | None) -> bool:
    return rounds is None or round <= rounds


def recipe_toml(wanted: Recipe, only: set[str] | None = None) -> str:
    """Some tables of a recipe, or all, without places of a machine and secrets in a URL."""
    tables = wanted.model_dump(mode="json", exclude_none=True, include=only)
    return tomli_w.dumps(_public(tables))


def _public(value: Any, key: str = "") -> Any:
    if isinstance(value, Mapping):
        return {key: _public(part, key) for key, part in value.items()}
    if isinstance(value, list):
        return [_public(part, key) for part in value]
    return public_place(value) if key in _PLACES and isinstance(value, str) else value


def public_place(text: str) -> str:
    """A path without its folders, a URL without user, password and query; else the text.

    >>> public_place("/home/me/seeds.json"), public_place("https://me:secret@host:8000/v1?key=1")
    ('seeds.json', 'https://host:8000/v1')
    """
    if "://" in text:
        url = urlsplit(text)
        return url._replace(netloc=url.netloc.rpartition("@")[2], query="", fragment="").geturl()
    scheme, path = ("hf:", text[3:]) if text.startswith("hf:") else ("", text)
    return f"{scheme}{Path(path).name}" if Path(path).is_absolute() else text

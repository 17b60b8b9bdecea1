"""A run's data and models for others: what an export holds, and the folder it becomes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from wizardcoder import export as exporting
from wizardcoder import train
from wizardcoder.errors import InputError, UsageError
from wizardcoder.export import Format, Origin, Selection
from wizardcoder.pipeline import arms
from wizardcoder.pipeline.model_origins import model_origin, trained_folder, trained_models
from wizardcoder.pipeline.origins import Folders, origin
from wizardcoder.pipeline.run import Run
from wizardcoder.pipeline.scored import weights_of
from wizardcoder.storage import Identity, disk_errors, input_hashes, text_digest

Stage = Literal["clean", "evolved"]
STAGES: tuple[Stage, ...] = get_args(Stage)


class Exported(NamedTuple):
    """An export: its folder, its records, and how many of them its format holds in part only."""

    folder: Path
    records: int
    cut: int


class DataSet(NamedTuple):
    """The data of an arm, before cleaning (`evolved`: seeds and all that came of them) or after.

    `seeds` is the folder of its seeds, `root` that of what became of them; `rounds` limits the
    rounds (None: all).
    """

    run: Run
    arm: str
    stage: Stage
    seeds: Path
    root: Path
    rounds: int | None

    @property
    def folders(self) -> dict[str, Path]:
        """The stage folders whose records it is made of, by name."""
        if self.stage == "clean":
            return {"clean": self.root / "clean"}
        control = self.run.recipe.controls.get(self.arm)
        evolves = control.operations is not None if control else self.rounds != 0
        evolved = {"evolved": self.root / "evolved"} if evolves else {}
        return {"seeds": self.seeds, **evolved}

    @property
    def missing(self) -> str:
        """The first stage of its own that is not finished; "" when all are."""
        unfinished = (n for n, f in self.folders.items() if not (f / "manifest.json").exists())
        return next(unfinished, "")

    @property
    def selection(self) -> Selection:
        """Its records."""
        tables = tuple(folder / "records.parquet" for folder in self.folders.values())
        return Selection(tables, self.rounds)


def data_set(run: Run, arm: str = "final", stage: Stage = "clean") -> DataSet:
    """The data of an arm. Raises UsageError when the run has no such arm, or not yet."""
    if arm in run.recipe.controls:
        root = run.path / "controls" / arm
        return DataSet(run, arm, stage, root / "seeds", root, None)
    known = ["seed", *(f"round-{n + 1}" for n in range(run.recipe.most_rounds)), "final"]
    if arm not in known:
        known += run.recipe.controls
        raise UsageError(f"--arm {arm}: {run.path} has the data of {', '.join(known)}")
    rounds = run.rounds if arm == "final" else arms.rounds_of(arm, run.recipe)
    of_its_own = run.stops and arm.startswith("round-")
    root = run.path / "rounds" / str(rounds) if of_its_own else run.path
    return DataSet(run, arm, stage, run.path / "seeds", root, rounds)


def export(
    run: Run,
    format: Format = "parquet",
    *,
    arm: str = "final",
    stage: Stage = "clean",
    out: Path | None = None,
    allow_unknown: bool = False,
) -> Exported:
    """Export the data of an arm into the folder `out`; None: one in export/ of the run.

    Raises UsageError when a stage is not finished, or as `export.run_stage` does.
    """
    data = data_set(run, arm, stage)
    if data.missing:
        raise UsageError(_not_made(data))
    folder = out or run.path / "export" / f"{arm}-{stage}-{format}"
    with disk_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
    manifest = exporting.run_stage(
        folder,
        data.selection,
        format,
        _origin(data),
        identity=Identity(
            exporting.STAGE,
            {"arm": arm, "stage": stage, "format": format},
            input_hashes(data.folders),
        ),
        allow_unknown=allow_unknown,
        force=run.force,
        progress=run.watch(f"export {arm}"),
    )
    return Exported(folder, manifest["counts"]["records"], manifest["counts"]["cut"])


def export_model(
    run: Run,
    *,
    arm: str = "final",
    out: Path | None = None,
    base_licence: str = "",
    allow_unknown: bool = False,
) -> Path:
    """Export the model of an arm, with its card, into `out`; None: a folder in export/ of the run.

    `base_licence`: that of the base model, where the recipe does not say. `final` is the last round
    where no arm of that name was trained. Raises UsageError when there is no such model, or as
    `export.run_model_stage` does; InputError when its weights are not those that training left.
    """
    if arm == "final" and "final" not in run.arms:
        arm = f"round-{run.rounds}" if run.rounds else "seed"
    checkpoint = trained_folder(run, arm)
    weights = train.fingerprint(checkpoint)
    if weights != weights_of(checkpoint):
        raise InputError(
            checkpoint,
            problem="does not hold the weights that training left there",
            mend=f"train again: wizardcoder train {run.path} --arm {arm} --force",
        )
    model = model_origin(run, arm, base_licence)
    folder = out or run.path / "export" / f"{arm}-model"
    with disk_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
    exporting.run_model_stage(
        folder,
        checkpoint,
        model,
        identity=Identity(
            exporting.MODEL_STAGE,
            {"arm": arm},
            {"weights": weights, "card": text_digest(exporting.model_card(model))},
        ),
        allow_unknown=allow_unknown,
        force=run.force,
        progress=run.watch(f"export {arm}"),
    )
    return folder


def model_cards(run: Run) -> Iterator[tuple[str, str]]:
    """The card of each model that a run has trained, by arm."""
    for arm in trained_models(run):
        yield arm, exporting.model_card(model_origin(run, arm))


def card(run: Run) -> str | None:
    """The card of a run's data as far as it is made; None where there are not even records."""
    try:
        stages = [data_set(run, "final", stage) for stage in STAGES]
    except UsageError:
        return None  # evol stop has not decided yet which rounds it is made of
    data = next((data for data in stages if not data.missing), None)
    return data and exporting.card(_origin(data), data.selection.contents())


def _origin(data: DataSet) -> Origin:
    evolved, cleaned = data.root / "evolved", data.root / "clean"
    return origin(
        data.run,
        data.arm,
        Folders(data.seeds, evolved, cleaned if data.stage == "clean" else None),
        data.rounds,
    )


def _not_made(data: DataSet) -> str:
    folder = data.folders[data.missing]
    if data.arm in data.run.recipe.controls:
        return f"{folder}: is not finished; wizardcoder run makes the data of controls"
    command = {"seeds": "seeds", "evolved": "evolve", "clean": "clean"}[data.missing]
    way = f"finish it with: wizardcoder {command} {data.run.path}"
    return f"{folder}: is not finished; {way}" + (
        ", or export what is not cleaned: --stage evolved" if data.stage == "clean" else ""
    )

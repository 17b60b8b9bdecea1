"""A run's data for others: which records an export holds, and the folder it becomes."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple, get_args

from wizardcoder import export as exporting
from wizardcoder.errors import UsageError
from wizardcoder.export import Format, Origin, Selection
from wizardcoder.pipeline import arms
from wizardcoder.pipeline.origins import Folders, origin
from wizardcoder.pipeline.run import Run
from wizardcoder.storage import Identity, disk_errors, input_hashes

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

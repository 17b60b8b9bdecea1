"""A run: which stage reads what, in a folder that any later command can go on with.

    seeds → evolved → clean → model/ARM → completions/ARM/BENCH → verdicts/ARM/BENCH

A control is a data set of its own, with its own seeds, evolved and clean under controls/NAME/.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from wizardcoder import clean, evaluate, evolve, generate, recipe, seeds, train
from wizardcoder.benchmarks import Benchmark
from wizardcoder.errors import MissingDataError, StageConflictError, UsageError
from wizardcoder.pipeline import arms, names
from wizardcoder.pipeline.base import base_path, make_base
from wizardcoder.pipeline.sampling import sample
from wizardcoder.pipeline.workers import Watch, unwatched
from wizardcoder.recipe import Control, Recipe
from wizardcoder.records import Record
from wizardcoder.storage import (
    Identity,
    Json,
    begun,
    disk_errors,
    input_hashes,
    read_manifest,
    read_parquet,
    text_digest,
    write_text,
)
from wizardcoder.teacher import Ledger

#: Options of the teacher that change how it is asked, not what it says.
_HOW_NOT_WHAT = {
    *("concurrency", "max_retries", "timeout_seconds", "api_key_env"),
    *("usd_per_million_prompt_tokens", "usd_per_million_completion_tokens"),
}
#: What may differ when a run goes on: it changes no stage that is done.
FREE_KEYS = frozenset(
    {
        *("name", "arms", "workers", "train.checkpoint_seconds", "generate.batch_size"),
        *(f"teacher.{key}" for key in _HOW_NOT_WHAT),
    }
)
#: The folders that a table of the recipe decides about; other keys decide about all of them.
_DECIDED_BY = {
    "seeds": ("seeds",),
    "teacher": ("evolved", "controls"),
    "evolve": ("evolved",),
    "clean": ("clean", "controls"),
    "base": ("model",),
    "train": ("model",),
    "generate": ("completions",),
    "evaluate": ("verdicts",),
    "controls": ("controls",),
}


@dataclass(frozen=True)
class Run:
    """A run folder with its recipe. Each method does one stage, and nothing when it was done.

    run = Run(Path("runs/miniature"), recipe.load(Path("recipes/miniature.toml")))
    run.seeds(), run.evolve(), run.clean(), run.train("round-3")
    """

    path: Path
    recipe: Recipe
    data: Path | None = None
    force: bool = False
    watch: Watch = unwatched
    ledger: Path | None = None

    # Data

    def seeds(self) -> Json:
        """Read the seeds that the recipe names into `seeds/`."""
        folder, options = self.path / "seeds", self.recipe.seeds
        try:
            inputs = names.seed_hashes(self.recipe, self.data)
        except MissingDataError:
            if self.force or not (folder / "manifest.json").exists():
                raise
            return read_manifest(folder)  # they were read; nobody needs the file any more
        where = {"source"} if inputs else set()  # content, not place, tells seed files apart
        identity = Identity(
            "seeds",
            {**options.model_dump(mode="json", exclude=where), "seed": self.recipe.seed},
            inputs,
        )
        read = partial(names.read_seeds, self.recipe, self.data)
        return seeds.run_stage(folder, read, identity=identity, force=self.force)

    def evolve(self) -> Json:
        """Evolve `seeds/` into `evolved/`."""
        return self._evolve(self.path, "evolve", self.recipe.evolve.operations)

    def clean(self) -> Json:
        """Clean seeds and evolved records into `clean/`."""
        folders = ("seeds", "evolved") if self.recipe.most_rounds else ("seeds",)
        return self._clean(self.path, "clean", folders)

    def control(self, name: str) -> Json:
        """Make the data of a control under `controls/NAME/`: drawn or evolved, then cleaned."""
        control = self.recipe.controls[name]
        root = self.path / "controls" / name
        self._control_seeds(name, root)
        folders: tuple[str, ...] = ("seeds",)
        if control.operations is not None:
            self._evolve(root, f"evolve {name}", control.operations)
            folders = ("seeds", "evolved")
        return self._clean(root, f"clean {name}", folders)

    def records(self, arm: str) -> list[Record]:
        """The training set of an arm, in the order of its table."""
        rounds = arms.rounds_of(arm, self.recipe)
        if rounds is not None:
            return arms.select(self._table(self.path / "clean"), rounds)
        return self._table(self.path / "controls" / arm / "clean")

    # Models

    def base(self) -> None:
        """Make the checkpoint that tuning starts from, where the recipe says so."""
        make_base(self.recipe, self.path, self.watch("pre-train base"), force=self.force)

    def train(self, arm: str) -> train.TrainResult:
        """Tune the base on an arm's records into `model/ARM/`."""
        examples = train.from_records(self.records(arm))
        base = base_path(self.recipe, self.path)
        options = self.recipe.train
        return train.fit(
            examples,
            base,
            options,
            out=self.path / "model" / arm,
            identity=Identity(
                "train",
                options.model_dump(mode="json", exclude={"checkpoint_seconds"}),
                {"base": train.fingerprint(base), "examples": text_digest(*examples)},
            ),
            force=self.force,
            progress=self.watch(f"train {arm}"),
        )

    def generate(self, arm: str, benchmark: str) -> Json:
        """Sample the completions of an arm into `completions/ARM/BENCH/`."""
        return sample(
            self.path / "completions" / arm / benchmark,
            self.checkpoint(arm),
            self._benchmark(benchmark),
            self.recipe.generate,
            style=_style(arm),
            seed=self.recipe.seed,
            force=self.force,
            progress=self.watch(f"generate {arm}"),
        )

    def evaluate(self, arm: str, benchmark: str, *, jobs: int | None = None) -> Json:
        """Judge the completions of an arm into `verdicts/ARM/BENCH/`."""
        options = self.recipe.evaluate
        if _style(arm) is generate.Style.COMPLETION:
            options = options.model_copy(update={"assembly": "completion"})
        return evaluate.run_stage(
            self.path / "verdicts" / arm / benchmark,
            self.path / "completions" / arm / benchmark,
            self._benchmark(benchmark),
            options,
            jobs=jobs,
            force=self.force,
            progress=self.watch(f"evaluate {arm}"),
        )

    def checkpoint(self, arm: str) -> Path | str:
        """The model of an arm: a folder, or for the base possibly a name of the hub."""
        return base_path(self.recipe, self.path) if arm == arms.BASE else self.path / "model" / arm

    def arm(self, arm: str) -> None:
        """Train, generate and evaluate one arm on every benchmark of the recipe."""
        if arm != arms.BASE:
            self.train(arm)
        for benchmark in self.recipe.evaluate.benchmarks:
            self.generate(arm, benchmark)
            self.evaluate(arm, benchmark, jobs=1 if self.recipe.workers > 1 else None)

    # Within

    def _evolve(self, root: Path, task: str, operations: Mapping[str, float]) -> Json:
        teacher_options = self.recipe.teacher.model_dump(mode="json", exclude=_HOW_NOT_WHAT)
        plan = evolve.Plan(
            rounds=self.recipe.most_rounds,
            operations=operations,
            seed=self.recipe.seed,
            teacher=self.recipe.teacher.model,
            teacher_terms=self.recipe.teacher.terms,
        )
        identity = Identity(
            "evolve",
            {**plan._asdict(), "operations": dict(operations), "teacher": teacher_options},
            input_hashes({"seeds": root / "seeds"}),
        )
        with Ledger(self.ledger or self.path / "ledger.sqlite") as ledger:
            return evolve.run_stage(
                root / "evolved",
                self._table(root / "seeds"),
                plan,
                names.open_teacher(self.recipe, ledger),
                identity=identity,
                force=self.force,
                progress=self.watch(task),
            )

    def _clean(self, root: Path, task: str, folders: Sequence[str]) -> Json:
        options = self.recipe.clean
        targets = names.targets(options.benchmarks, self.data)
        records = [record for folder in folders for record in self._table(root / folder)]
        identity = Identity(
            "clean",
            options.model_dump(mode="json"),
            {**input_hashes({f: root / f for f in folders}), **targets.hashes},
        )
        return clean.run_stage(
            root / "clean",
            sorted(records, key=lambda record: (record.seed_id, record.round)),
            options,
            targets.problems,
            targets.checks,
            identity=identity,
            force=self.force,
            progress=self.watch(task),
        )

    def _control_seeds(self, name: str, root: Path) -> Json:
        control = self.recipe.controls[name]
        return seeds.run_stage(
            root / "seeds",
            partial(self._draw_control, control),
            identity=Identity(
                "control",
                {**control.model_dump(mode="json"), "seed": self.recipe.seed},
                input_hashes({"seeds": self.path / "seeds", "clean": self.path / "clean"}),
            ),
            force=self.force,
        )

    def _draw_control(self, control: Control) -> list[Record]:
        given = self._table(self.path / "seeds")
        if control.operations is not None:
            return given
        return names.draw_control(control, self.recipe, self.data, given, self.records("final"))

    def _benchmark(self, name: str) -> Benchmark:
        return names.load_benchmark(name, self.data)

    def _table(self, folder: Path) -> list[Record]:
        return read_parquet(folder / "records.parquet", Record)


def _style(arm: str) -> generate.Style:
    """A base model knows no instructions: it is asked to continue code."""
    return generate.Style.COMPLETION if arm == arms.BASE else generate.Style.INSTRUCTION


def open_run(
    path: Path,
    wanted: Recipe,
    *,
    data: Path | None = None,
    force: bool = False,
    watch: Watch = unwatched,
    ledger: Path | None = None,
) -> Run:
    """The run in a folder, begun or gone on with. Write its resolved recipe into it.

    Raises StageConflictError when the folder was made with another recipe and not `force`.
    """
    file = path / "recipe.toml"
    if file.exists() and not force:
        changes = recipe.differences(recipe.load(file), wanted)
        conflicts = [key for key in changes if key not in FREE_KEYS and _is_made(path, key)]
        if conflicts:
            key = conflicts[0]
            old, new = changes[key]
            raise StageConflictError(
                f"{path}: was made with another recipe ({key}: {old!r} → {new!r}); use --force to "
                "do again what that changes (the old folders are moved aside), or --out"
            )
    with disk_errors(path):
        path.mkdir(parents=True, exist_ok=True)
    write_text(file, recipe.dump(wanted))
    return Run(path, wanted, data, force, watch, ledger)


def _is_made(path: Path, key: str) -> bool:
    """Whether a run holds anything that a key of its recipe has decided about."""
    everything = ("seeds", "evolved", "clean", "controls", "model", "completions", "verdicts")
    folders = _DECIDED_BY.get(key.partition(".")[0], everything)
    return any(begun(path / folder) for folder in folders)


def existing_run(path: Path, **settings: Any) -> Run:
    """The run that a folder holds, with its own recipe. Raises UsageError when it holds none."""
    if not (path / "recipe.toml").is_file():
        raise UsageError(f"{path}: is not a run folder: it has no recipe.toml")
    return Run(path, recipe.load(path / "recipe.toml"), **settings)

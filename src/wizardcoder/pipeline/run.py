"""A run: which stage reads what, in a folder that any later command can go on with.

    seeds → evolved → clean → model/ARM → completions/ARM/BENCH → verdicts/ARM/BENCH

A control is a data set of its own, with its own seeds, evolved and clean under controls/NAME/.
With evol stop, rounds/N/ holds evolved and clean up to round N, until it is known how many to keep.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from wizardcoder import evaluate, evolve, generate, seeds, train
from wizardcoder.benchmarks import Benchmark
from wizardcoder.errors import MissingDataError, UsageError
from wizardcoder.pipeline import arms, development, evol_stop, growing, names
from wizardcoder.pipeline.asking import asking
from wizardcoder.pipeline.base import base_path, make_base
from wizardcoder.pipeline.cleaning import clean_tables
from wizardcoder.pipeline.evolving import identity_of, plan_of
from wizardcoder.pipeline.sampling import sample
from wizardcoder.pipeline.trials import verifying
from wizardcoder.progress import Watch, unwatched
from wizardcoder.recipe import Control, Recipe
from wizardcoder.records import Record
from wizardcoder.seeds import Reading
from wizardcoder.storage import (
    Identity,
    Json,
    input_hashes,
    read_manifest,
    read_parquet,
)
from wizardcoder.teacher import Teacher


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
    replay: bool = False  # answers come from the ledger alone
    began: float = field(default_factory=time.time)  # seconds since 1970; hours count from here

    # Data

    def seeds(self) -> Json:
        """Read the seeds of the recipe into `seeds/`, or let the teachers help make them."""
        folder, options = self.path / "seeds", self.recipe.seeds
        finished = (folder / "manifest.json").exists() and not self.force
        if finished and names.moves_on(options):
            return read_manifest(folder)  # what the newest revision was when it was read
        try:
            grown = growing.growth(self.recipe, self.data)
            if grown is not None:
                return self._grow(folder, grown)
            source = names.seed_source(self.recipe, self.data)
        except MissingDataError:
            if not finished:
                raise
            return read_manifest(folder)  # they were read; nobody needs the file any more
        # Content, not place, tells files apart.
        where = {"source", "also"} if source.inputs else set()
        identity = Identity(
            "seeds",
            {**options.model_dump(mode="json", exclude=where), "seed": self.recipe.seed},
            source.inputs,
        )
        if source.files is None:
            return seeds.run_stage(folder, source.read, identity=identity, force=self.force)
        return seeds.run_file_stage(
            folder,
            source.files,
            identity=identity,
            force=self.force,
            progress=self.watch("seeds"),
        )

    def _grow(self, folder: Path, grown: growing.Growth) -> Json:
        return seeds.make_stage(
            folder,
            grown.open_source,
            self.asking,
            wanted=grown.wanted,
            seed=self.recipe.seed,
            identity=grown.identity,
            force=self.force,
            progress=self.watch("seeds"),
        )

    def evolve(self) -> Json:
        """Evolve `seeds/` into `evolved/`."""
        earlier = self._round(self.rounds) / "evolved" if self.stops else None
        operations = self.recipe.evolve.operations
        return self._evolve(self.path, self.path, "evolve", operations, self.rounds, earlier)

    def clean(self, *, jobs: int | None = None) -> Json:
        """Clean seeds and evolved records into `clean/`; `jobs`: processes (None: all cores)."""
        evolved = self.rounds > 0 and not self.recipe.seeds.lineage  # else they are in seeds/
        return self._clean(self.path, self.path, "clean", evolved=evolved, jobs=jobs)

    def evolve_round(self, number: int) -> Json:
        """Evolve and clean all rounds up to this one, into `rounds/N/`: a step of evol stop."""
        out, task = self._round(number), f"round {number}"
        earlier = self._round(number - 1) / "evolved" if number > 1 else None
        operations = self.recipe.evolve.operations
        self._evolve(self.path, out, f"evolve {task}", operations, number, earlier)
        return self._clean(self.path, out, f"clean {task}")

    @property
    def stops(self) -> bool:
        """Whether evol stop decides how many rounds there are."""
        return self.recipe.evolve.rounds == "auto"

    @property
    def rounds(self) -> int:
        """How many rounds there are. Raises UsageError while evol stop has not decided it."""
        if not self.stops:
            return self.recipe.most_rounds
        found = evol_stop.read(self.path)
        if found is None or not found.stopped:
            raise UsageError(
                f"{self.path}: evolve.rounds = 'auto' trains and scores a model after each round, "
                "and has not come to its end: `wizardcoder run` does that, and the same command "
                "goes on; or set evolve.rounds to a number"
            )
        return found.best

    @property
    def arms(self) -> list[str]:
        """The arms of the recipe; with evol stop, its rounds are those kept so far."""
        if not self.stops:
            return self.recipe.arms
        found = evol_stop.read(self.path)
        return arms.kept(self.recipe, found.best if found else 0)

    def control(self, name: str) -> Json:
        """Make the data of a control under `controls/NAME/`: drawn or evolved, then cleaned."""
        control = self.recipe.controls[name]
        root = self.path / "controls" / name
        self._control_seeds(name, root)
        if control.operations is not None:
            self._evolve(root, root, f"evolve {name}", control.operations, self.rounds)
        return self._clean(root, root, f"clean {name}", evolved=control.operations is not None)

    def records(self, arm: str) -> list[Record]:
        """The training set of an arm, in the order of its table."""
        return list(self._training_set(arm))

    def clean_folder(self, arm: str) -> Path:
        """The folder of cleaned data that an arm takes its training set from."""
        rounds = self._rounds_of(arm)
        if rounds is None:
            return self.path / "controls" / arm / "clean"
        folder = self._round(rounds) if self.stops and rounds else self.path
        return folder / "clean"

    # Models

    def base(self) -> None:
        """Make the checkpoint that tuning starts from, where the recipe says so."""
        make_base(self.recipe, self.path, self.watch("pre-train base"), force=self.force)

    def train(self, arm: str) -> train.TrainResult:
        """Tune the base on an arm's records into `model/ARM/`.

        Raises RecipeError where checkpoints would be chosen by a test set.
        """
        evol_stop.check(self.recipe)
        records = self._training_set(arm)
        base = base_path(self.recipe, self.path)
        options = self.recipe.train
        chosen_by = self._development_set()
        chosen = development.inputs(self.recipe, chosen_by) if chosen_by else {}
        return train.fit(
            records,
            base,
            options,
            out=self.path / "model" / arm,
            tokens=self.path / "tokens",
            identity=Identity(
                "train",
                options.model_dump(mode="json", exclude=set(train.HOW_NOT_WHAT)),
                {
                    "base": train.fingerprint(base),
                    "examples": train.records_digest(records),
                    **chosen,
                },
            ),
            force=self.force,
            progress=self.watch(f"train {arm}"),
            score=development.scoring(self.recipe, chosen_by, jobs=self._jobs)
            if chosen_by
            else None,
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
            ready=development.completions_of(self.path / "model" / arm),
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
            ready=development.verdicts_of(self.path / "model" / arm),
            force=self.force,
            progress=self.watch(f"evaluate {arm}"),
        )

    def checkpoint(self, arm: str) -> Path | str:
        """The model of an arm: a folder, or for the base possibly a name of the hub."""
        return base_path(self.recipe, self.path) if arm == arms.BASE else self.path / "model" / arm

    def arm(self, arm: str, *benchmarks: str) -> None:
        """Train, generate and evaluate one arm on these benchmarks, or on those of the recipe."""
        if arm != arms.BASE:
            self.train(arm)
        for benchmark in benchmarks or self.recipe.evaluate.benchmarks:
            self.generate(arm, benchmark)
            self.evaluate(arm, benchmark, jobs=self._jobs)

    # Within

    def asking(self) -> AbstractContextManager[list[Teacher]]:
        """The recipe's teachers with the ledger and the budget, while it is open."""
        return asking(
            self.path, self.recipe, ledger=self.ledger, began=self.began, replay=self.replay
        )

    def _training_set(self, arm: str) -> Iterable[Record]:
        return arms.TrainingSet(
            self.clean_folder(arm) / "records.parquet",
            self._rounds_of(arm),
            arms.is_alone(arm),
            self.recipe.samples,
            self.recipe.seed,
        )

    def _rounds_of(self, arm: str) -> int | None:
        """The last round that an arm takes; None for a control."""
        return self.rounds if arm == "final" else arms.rounds_of(arm, self.recipe)

    def _round(self, number: int) -> Path:
        return self.path / "rounds" / str(number)

    def _evolve(
        self,
        root: Path,
        out: Path,
        task: str,
        operations: Mapping[str, float],
        rounds: int,
        earlier: Path | None = None,
    ) -> Json:
        """Evolve `root/seeds` into `out/evolved`; the rounds in `earlier` are taken from there."""
        plan = plan_of(self.recipe, operations, rounds)
        inputs = {"seeds": root / "seeds", **({"earlier": earlier} if earlier else {})}
        with self.asking() as teachers, verifying(self.recipe) as verify:
            return evolve.run_stage(
                out / "evolved",
                self._table(root / "seeds"),
                plan,
                teachers,
                identity=identity_of(self.recipe, plan, input_hashes(inputs)),
                verify=verify,
                earlier=earlier,
                force=self.force,
                progress=self.watch(task),
            )

    def _clean(
        self, root: Path, out: Path, task: str, *, evolved: bool = True, jobs: int | None = None
    ) -> Json:
        """Clean `root/seeds`, and `out/evolved` if there is any, into `out/clean`."""
        folders = {"seeds": root / "seeds", **({"evolved": out / "evolved"} if evolved else {})}
        return clean_tables(
            out / "clean",
            folders,
            self.recipe,
            data=self.data,
            jobs=jobs,
            force=self.force,
            asking=self.asking,
            watch=lambda part: self.watch(f"{task}: {part}"),
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

    def _draw_control(self, control: Control) -> Reading:
        given = self._table(self.path / "seeds")
        if control.operations is not None:
            return Reading(given, [])
        return names.draw_control(control, self.recipe, self.data, given, self.records("final"))

    @property
    def _jobs(self) -> int | None:
        """Processes that judge beside a training: None, as many as there are cores."""
        return 1 if self.recipe.workers > 1 else None

    def _development_set(self) -> Benchmark | None:
        """What checkpoints are chosen by; None where the last one is taken."""
        if not self.recipe.train.score_every_steps:
            return None
        return self._benchmark(self.recipe.evolve.stop.benchmark)

    def _benchmark(self, name: str) -> Benchmark:
        return names.load_benchmark(name, self.data)

    def _table(self, folder: Path) -> list[Record]:
        return read_parquet(folder / "records.parquet", Record)


def _style(arm: str) -> generate.Style:
    """A base model knows no instructions: it is asked to continue code."""
    return generate.Style.COMPLETION if arm == arms.BASE else generate.Style.INSTRUCTION

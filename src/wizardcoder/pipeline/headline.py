"""The headline of the paper's abstract, measured again from the published generations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from wizardcoder import benchmarks, evaluate
from wizardcoder.benchmarks import sources
from wizardcoder.evaluate import Comparison, Generations, Judged, Published, Score
from wizardcoder.progress import Watch, unwatched
from wizardcoder.recipe import Evaluate
from wizardcoder.storage import Json

_BENCHMARKS = ("humaneval", "humanevalplus")


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """By benchmark: the scores of the models, what was published, how the others differ.

    `comparisons` are of the paper's model with each of the others.
    """

    scores: Mapping[str, Mapping[str, Score]]
    published: Mapping[str, Mapping[str, Sequence[Published]]]
    comparisons: Mapping[str, Sequence[Comparison]]

    def as_json(self) -> Json:
        return asdict(self)


def headline(
    out: Path,
    data: Path | None,
    options: Evaluate,
    watch: Watch = unwatched,
    *,
    jobs: int | None = None,
    allow_weak: bool = False,
) -> Headline:
    """Judge the published completions of the abstract's models, into folders in `out`.

    The files are looked for as benchmarks are (`data`, WIZARDCODER_DATA, the cache, their public
    homes). Raises MissingDataError and SandboxError.
    """
    known = [entry for entry in evaluate.published_generations() if entry.headline]
    files = {entry.model: _find(entry, data) for entry in known}
    scores: dict[str, dict[str, Score]] = {}
    comparisons: dict[str, list[Comparison]] = {}
    for name in _BENCHMARKS:
        benchmark = benchmarks.load(name, data)
        scores[name], judged = {}, []
        for model, file in files.items():
            folder = evaluate.new_folder(out, file, benchmark, options)
            scores[name][model] = evaluate.judge_file(
                folder,
                file,
                benchmark,
                options,
                jobs=jobs,
                allow_weak=allow_weak,
                progress=watch(f"{name} {model}"),
            )
            judged.append(evaluate.read_judged(folder)._replace(name=model))
        comparisons[name] = _against_first(judged)
    beside = {name: {m: evaluate.published(name, m) for m in files} for name in _BENCHMARKS}
    return Headline(scores=scores, published=beside, comparisons=comparisons)


def _against_first(judged: Sequence[Judged]) -> list[Comparison]:
    return [evaluate.compare(other, judged[0]) for other in judged[1:]]


def _find(entry: Generations, data: Path | None) -> Path:
    source = sources.Source(
        benchmark=f"generations/{entry.benchmark}",
        file=entry.file,
        url=entry.url,
        sha256=entry.sha256,
        member=entry.member,
    )
    return sources.locate(source, data)

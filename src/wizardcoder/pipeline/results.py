"""What a run came to: its manifests, tables and verdicts, gathered for the report."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from typing import Literal

from wizardcoder import __version__, evaluate, recipe, scoring, train
from wizardcoder import report as page
from wizardcoder.pipeline import arms, evol_stop, names, words
from wizardcoder.pipeline.base import FROM_CACHE
from wizardcoder.pipeline.evidence import cleaning
from wizardcoder.pipeline.exports import card, model_cards
from wizardcoder.pipeline.learnt import Learnt, learnt
from wizardcoder.pipeline.run import Run
from wizardcoder.pipeline.scored import judged, score_of, verdicts_of
from wizardcoder.records import Record, Rejected
from wizardcoder.storage import Json, read_manifest, read_parquet, text_digest, write_text

_LINEAGES_SHOWN = 4
_POINTS_OF_A_CURVE = 120


def report(run: Run) -> Path:
    """Write the report of what a run has done so far, and the cards of its data and of each model.

    Returns the page. A model's card lies beside its weights, too.
    """
    written = page.write_report(results(run), run.path / "report")
    if text := card(run):
        write_text(written.with_name("dataset_card.md"), text)
    for arm, text in model_cards(run):
        write_text(written.with_name(f"model_card-{arm}.md"), text)
        write_text(run.path / "model" / arm / "README.md", text)
    return written


def results(run: Run) -> page.Results:
    """Everything that the report shows, read from the run folder."""
    verdicts = [
        verdict
        for arm in run.arms
        for benchmark in judged(run, arm)
        for verdict in evaluate.read_verdicts(verdicts_of(run, arm, benchmark))
    ]
    return page.Results(
        run=run.path.name,
        title=_title(run, scored=bool(verdicts)),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        wizardcoder_version=__version__,
        recipe_toml=recipe.dump(run.recipe),
        seed=run.recipe.seed,
        sandbox_level="+".join(sorted({v.sandbox_level for v in verdicts} - {"none"})) or "none",
        attested_share=sum(v.attested for v in verdicts) / len(verdicts) if verdicts else None,
        not_shown=words.not_shown(run.recipe, scored=bool(verdicts)),
        arms=tuple(_arm(run, arm) for arm in run.arms if _known(run, arm)),
        groups=tuple(page.Group(**group) for group in words.groups(run.recipe)),
        comparisons=tuple(_comparisons(run)),
        touched=tuple(_touched(run)),
        evolution=_evolution(run),
        evol_stop=_evol_stop(run),
        cleaning=cleaning(run.path / "clean"),
        lineages=tuple(_lineages(run)),
        stages=tuple(_costs(run)),
        development=_development(run.recipe),
        deviations=tuple(_deviations(run.recipe)),
        facts=tuple(_facts(run.recipe, scored=bool(verdicts))),
    )


# Arms


def _known(run: Run, arm: str) -> bool:
    return arm == arms.BASE or (run.path / "model" / arm / "manifest.json").exists()


def _arm(run: Run, arm: str) -> page.Arm:
    records = [] if arm == arms.BASE else run.records(arm)
    trained = learnt(run.path / "model" / arm)
    log = trained.log if trained else []
    answered = [
        _manifest(run.path / "completions" / arm / benchmark).get("counts", {})
        for benchmark in run.recipe.evaluate.benchmarks
    ]
    return page.Arm(
        name=arm,
        kind=_kind(run, arm),
        description=words.describe_arm(arm, run.recipe),
        records=len(records) if records else None,
        distinct_responses=len({r.response for r in records}) if records else None,
        label_tokens=trained.result.label_tokens if trained else None,
        depth_histogram=_depths(records),
        scores=tuple(_scores_of(run, arm)),
        loss_curve=tuple(_loss_curve(log)),
        score_curve=tuple(_score_curve(log)),
        training=_training(trained) if trained else None,
        answers=sum(counts.get("completions", 0) for counts in answered),
        truncated=sum(counts.get("truncated", 0) for counts in answered),
    )


def _kind(run: Run, arm: str) -> Literal["base", "seed", "round", "control"]:
    if arm in run.recipe.controls:
        return "control"
    if arm in ("base", "seed"):
        return "base" if arm == "base" else "seed"
    return "round"


def _depths(records: Iterable[Record]) -> dict[str, int]:
    steps = Counter(names.steps_of(record) for record in records)
    return {str(n): steps[n] for n in sorted(n for n in steps if n is not None)}


def _training(found: Learnt) -> page.Training:
    counts = ("examples", "rejected", "truncated", "steps", "tokens", "halvings", "processes")
    return page.Training(
        **{name: getattr(found.result, name) for name in counts},
        seconds=found.seconds,
        mfu=found.mfu,
    )


def _loss_curve(log: Sequence[train.LogLine]) -> Iterator[tuple[int, float]]:
    """Points of the loss over label tokens: means over equal stretches of the log."""
    stretch = max(1, len(log) // _POINTS_OF_A_CURVE)
    for start in range(0, len(log), stretch):
        part = log[start : start + stretch]
        yield part[-1].label_tokens, float(f"{fmean(line.loss for line in part):.4g}")


def _score_curve(log: Sequence[train.LogLine]) -> Iterator[tuple[int, float]]:
    """pass@1 over label tokens, where it was taken while training."""
    for line in log:
        if line.pass_at_1 is not None:
            yield line.label_tokens, round(line.pass_at_1, 4)


def _development(wanted: recipe.Recipe) -> str:
    return wanted.evolve.stop.benchmark if wanted.train.score_every_steps else ""


# Scores


def _scores_of(run: Run, arm: str) -> Iterator[page.GroupScore]:
    for name in judged(run, arm):
        benchmark = names.load_benchmark(name, run.data)
        score = evaluate.score(benchmark, evaluate.read_verdicts(verdicts_of(run, arm, name)))
        parts: Mapping[str, evaluate.GroupScore | evaluate.Score] = score.groups or {"": score}
        for group, part in parts.items():
            yield page.GroupScore(
                benchmark=name,
                group=group,
                passed=part.passed,
                total=part.problems,
                rate=part.pass_at_k[1],
                low=part.interval[1].low,
                high=part.interval[1].high,
                n_samples=run.recipe.generate.n,
            )


def _touched(run: Run) -> Iterator[page.TouchedScore]:
    """Each trained arm on all problems, and on those that its data leaves, where that is known."""
    for arm in run.arms:
        for name in judged(run, arm) if arm != arms.BASE and _known(run, arm) else ():
            score = score_of(run, arm, name)
            if score.touched:
                yield _touched_score(arm, name, score)


def _touched_score(arm: str, name: str, score: evaluate.Score) -> page.TouchedScore:
    found, left = score.touched, score.untouched
    assert found and left, "the score was asked for with what is touched"
    return page.TouchedScore(
        arm=arm,
        benchmark=name,
        problems=score.problems,
        rate=score.pass_at_k[1],
        low=score.interval[1].low,
        high=score.interval[1].high,
        touched=len(found.kept),
        touched_dropped=len(found.dropped),
        unchecked=len(found.unchecked),
        untouched=left.problems,
        untouched_rate=left.pass_at_k[1],
        untouched_low=left.interval[1].low,
        untouched_high=left.interval[1].high,
    )


def _comparisons(run: Run) -> Iterator[page.Comparison]:
    """The last evolved arm against the others, the hardest group first.

    The claim comes first and is fixed before any number is seen: the last evolved arm against
    more of the same (without that control: against the seeds) on the last group.
    """
    evolved = [arm for arm in run.arms if (arms.rounds_of(arm, run.recipe) or 0) > 0]
    others = [a for a in (*reversed(run.recipe.controls), "seed") if a in run.arms]
    if not evolved or not others:
        return
    if "more-of-the-same" in others:
        others.sort(key=lambda arm: arm != "more-of-the-same")
    for benchmark in judged(run, evolved[-1]):
        rates = _rates(run, evolved[-1], benchmark)
        for group in sorted(rates, reverse=True):
            for other in (arm for arm in others if benchmark in judged(run, arm)):
                theirs = _rates(run, other, benchmark)[group]
                ours = [rates[group][task_id] for task_id in theirs]
                difference = scoring.paired_difference(list(theirs.values()), ours, seed=0)
                yield page.Comparison(
                    arm_a=evolved[-1],
                    arm_b=other,
                    benchmark=benchmark,
                    group=group,
                    difference=difference.mean,
                    interval_low=difference.interval.low,
                    interval_high=difference.interval.high,
                    method="paired bootstrap over problems; one training seed",
                )


def _rates(run: Run, arm: str, name: str) -> dict[str, dict[str, float]]:
    """pass@1 of every problem, by group and task id."""
    benchmark = names.load_benchmark(name, run.data)
    scores = evaluate.problem_scores(evaluate.read_verdicts(verdicts_of(run, arm, name)))
    groups: dict[str, dict[str, float]] = defaultdict(dict)
    for problem in benchmark.problems:
        groups[problem.group][problem.task_id] = scores.get(problem.task_id, 0.0)
    return groups


# Data


def _evolution(run: Run) -> page.Evolution | None:
    counts = _manifest(run.path / "evolved").get("counts")
    if counts is None:
        return None
    accepted = read_parquet(run.path / "evolved" / "records.parquet", Record)
    rejected = read_parquet(run.path / "evolved" / "rejected.parquet", Rejected)

    def tallies(key: str) -> tuple[page.Tally, ...]:
        yes = Counter(str(getattr(record, key)) for record in accepted)
        no = Counter(str(getattr(record, key)) for record in rejected)
        return tuple(
            page.Tally(name=name, accepted=yes[name], rejected=no[name])
            for name in sorted({*yes, *no})
        )

    return page.Evolution(
        **{key: counts[key] for key in ("seeds", "attempts", "accepted", "rejected", "rules")},
        by_round=tallies("round"),
        by_operation=tallies("operation"),
        verification=_verification(counts.get("verification")),
    )


def _verification(counts: Json | None) -> page.Verification | None:
    if counts is None:
        return None
    rows = {
        key: tuple(page.Verified(name=name, **found) for name, found in counts[key].items())
        for key in ("by_round", "by_operation")
    }
    return page.Verification(**{**counts, **rows})


def _evol_stop(run: Run) -> page.EvolStop | None:
    found = evol_stop.read(run.path) if run.stops else None
    return page.EvolStop(**asdict(found)) if found else None


def _lineages(run: Run) -> Iterator[page.Lineage]:
    """A few lineages with the most accepted rounds, each with what was rejected on the way."""
    if not (run.path / "evolved" / "manifest.json").exists():
        return
    seeds = read_parquet(run.path / "seeds" / "records.parquet", Record)
    attempts: dict[str, list[Record]] = defaultdict(list)
    for stem, kind in (("records", Record), ("rejected", Rejected)):
        for row in read_parquet(run.path / "evolved" / f"{stem}.parquet", kind):
            attempts[row.seed_id].append(row)
    longest = sorted(seeds, key=lambda s: (-_accepted(attempts[s.id]), text_digest(s.id)))
    for seed in longest[:_LINEAGES_SHOWN]:
        rows = [seed, *sorted(attempts[seed.id], key=lambda row: row.round)]
        yield page.Lineage(seed_id=seed.id, steps=tuple(_step(row) for row in rows))


def _accepted(attempts: Iterable[Record]) -> int:
    return sum(not isinstance(attempt, Rejected) for attempt in attempts)


def _step(row: Record) -> page.LineageStep:
    return page.LineageStep(
        round=row.round,
        operation=row.operation,
        instruction=row.question,
        response=row.response,
        rule=row.rule if isinstance(row, Rejected) else None,
    )


# Costs


def _costs(run: Run) -> Iterator[page.StageCost]:
    for label, folder in _stages(run):
        manifest = _manifest(folder)
        if not manifest:
            continue
        cached = (folder / FROM_CACHE).exists()
        cost = manifest.get("cost", {})
        yield page.StageCost(
            stage=label,
            seconds=0.0 if cached else manifest["seconds"],
            usd=cost.get("usd", 0.0),
            calls=cost.get("calls", 0),
            prompt_tokens=cost.get("prompt_tokens", 0),
            completion_tokens=cost.get("completion_tokens", 0),
            note=f"from the cache; took {manifest['seconds']:.0f} s when made" if cached else "",
        )


def _stages(run: Run) -> Iterator[tuple[str, Path]]:
    """Every stage folder that the run may have, in the order of the pipeline."""
    yield "seeds", run.path / "seeds"
    for folder in sorted((run.path / "rounds").glob("[0-9]*"), key=lambda path: int(path.name)):
        for name in ("evolved", "clean"):
            yield f"round {folder.name}: {name}", folder / name
    for name in ("evolved", "clean"):
        yield name, run.path / name
    for control in run.recipe.controls:
        for name in ("seeds", "evolved", "clean"):
            yield f"{control}: {name}", run.path / "controls" / control / name
    found = evol_stop.read(run.path) if run.stops else None
    tried = [f"round-{each.round}" for each in found.rounds] if found else []
    scored_on = [*run.recipe.evaluate.benchmarks, *([found.benchmark] if found else [])]
    for arm in dict.fromkeys([*run.arms, *tried]):
        yield f"train {arm}", run.path / "model" / arm
        for benchmark in dict.fromkeys(scored_on):
            yield f"generate {arm}", run.path / "completions" / arm / benchmark
            yield f"evaluate {arm}", verdicts_of(run, arm, benchmark)


def _deviations(wanted: recipe.Recipe) -> Iterator[page.Deviation]:
    for section in ("clean", "evaluate"):
        for key, (default, value) in recipe.changed(getattr(wanted, section)).items():
            yield page.Deviation(key=f"{section}.{key}", default=str(default), value=str(value))


def _title(run: Run, *, scored: bool) -> str:
    """The title of the report: that of the recipe, or the folder's where data is all there is."""
    if scored or (run.path / "evolved" / "manifest.json").exists():
        return words.title(run.recipe)
    return f"Data: {run.path.resolve().name}"


def _facts(wanted: recipe.Recipe, *, scored: bool) -> Iterator[page.Fact]:
    """How it was measured, where anything was: what was never done has no how."""
    for name, text in words.facts(wanted).items() if scored else ():
        yield page.Fact(name=name, text=text)


def _manifest(folder: Path) -> Json:
    return read_manifest(folder) if (folder / "manifest.json").exists() else {}

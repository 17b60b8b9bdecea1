"""What an arm of a run scored, and whether its verdicts are of the weights that lie there now."""

from __future__ import annotations

from pathlib import Path

from wizardcoder import evaluate, train
from wizardcoder.pipeline import arms, names
from wizardcoder.pipeline.run import Run
from wizardcoder.pipeline.touching import is_checked, touched
from wizardcoder.storage import read_manifest, text_digest


def verdicts_of(run: Run, arm: str, benchmark: str) -> Path:
    """The folder of an arm's verdicts."""
    return run.path / "verdicts" / arm / benchmark


def judged(run: Run, arm: str) -> list[str]:
    """The benchmarks that an arm has verdicts on."""
    return [
        benchmark
        for benchmark in run.recipe.evaluate.benchmarks
        if (verdicts_of(run, arm, benchmark) / "manifest.json").exists()
    ]


def score_of(run: Run, arm: str, name: str) -> evaluate.Score:
    """An arm's score, with what its training data touches where the data was compared."""
    benchmark = names.load_benchmark(name, run.data)
    found = None
    if arm != arms.BASE and is_checked(folder := run.clean_folder(arm), benchmark):
        trained = {record.id for record in run.records(arm)}
        looked_for = names.unseen(benchmark)
        found = touched(folder, benchmark, trained=trained, checked=looked_for)
    verdicts = evaluate.read_verdicts(verdicts_of(run, arm, name))
    return evaluate.score(benchmark, verdicts, touched=found)


def weights_of(model: Path) -> str:
    """The `train.fingerprint` of a model as training left it; weights are not read again for it."""
    files = read_manifest(model)["files"]
    digests = [files[name] for name in sorted(files) if name.endswith(".safetensors")]
    return text_digest(*digests) if digests else train.fingerprint(model)


def is_of(run: Run, arm: str, benchmark: str, weights: str) -> bool:
    """Whether an arm's verdicts are on texts that a model with these weights wrote."""
    completions = run.path / "completions" / arm / benchmark
    if not (completions / "manifest.json").exists():
        return False
    sampled = read_manifest(completions)
    judged_on = read_manifest(verdicts_of(run, arm, benchmark))["identity"]["inputs"]
    texts = sampled["files"].get("completions.parquet")
    same_weights = bool(sampled["identity"]["inputs"].get("checkpoint") == weights)
    return same_weights and bool(judged_on.get("completions/completions.parquet") == texts)

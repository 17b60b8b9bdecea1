"""The generate stage: a table of completions, in the order of the problems."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from wizardcoder import extraction
from wizardcoder.engines import Engine
from wizardcoder.generate.extending import take_over
from wizardcoder.generate.questions import Style
from wizardcoder.generate.sampling import Extract, draws, generate
from wizardcoder.progress import Progress, silent
from wizardcoder.recipe import Generate
from wizardcoder.records import Completion, Problem
from wizardcoder.storage import Identity, Json, open_stage


def run_stage(
    path: Path,
    load_engine: Callable[[], Engine],
    problems: Sequence[Problem],
    options: Generate,
    extract: Extract = extraction.whole,
    *,
    identity: Identity,
    style: Style = Style.INSTRUCTION,
    stops: Sequence[str] = (),
    seed: int = 0,
    force: bool = False,
    progress: Progress = silent,
) -> Json:
    """Write the completions of `problems` into the stage folder `path`; returns the manifest.

    What an interrupted execution generated is kept, and so are samples that were drawn when
    another number of them was wanted. The engine is loaded only when there is something left to
    generate. The counts tell `truncated` answers: the tokens ended before they did.
    """
    take_over(path, identity)
    with open_stage(path, identity, force=force) as stage:
        if stage.complete:
            return stage.manifest
        wanted = [draw.key for draw in draws(problems, options.n)]
        found = {(c.task_id, c.sample): c for c in stage.resume("completions", Completion)}
        shard, ready = stage.shard("completions"), sum(key in found for key in wanted)
        if ready < len(wanted):
            for completion in generate(
                load_engine(),
                problems,
                options,
                extract,
                style=style,
                stops=stops,
                seed=seed,
                done=found.keys(),
            ):
                shard.append(completion)
                found[completion.task_id, completion.sample] = completion
                ready += 1
                progress(ready, len(wanted))
        rows = [found[key] for key in wanted]
        return stage.finish({"completions": (Completion, rows)}, counts=_counts(rows))


def _counts(rows: Sequence[Completion]) -> Json:
    reasons = Counter(completion.finish_reason for completion in rows)
    return {
        "completions": len(rows),
        "finish_reasons": dict(sorted(reasons.items())),
        "truncated": reasons["length"],
    }

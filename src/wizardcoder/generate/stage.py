"""The generate stage: a table of completions, in the order of the problems."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from wizardcoder import extraction
from wizardcoder.engines import Engine
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
    seed: int = 0,
    force: bool = False,
    progress: Progress = silent,
) -> Json:
    """Write the completions of `problems` into the stage folder `path`; returns the manifest.

    What an interrupted execution generated is kept. The engine is loaded only when there is
    something left to generate.
    """
    with open_stage(path, identity, force=force) as stage:
        if stage.complete:
            return stage.manifest
        wanted = [draw.key for draw in draws(problems, options.n)]
        found = {(c.task_id, c.sample): c for c in stage.resume("completions", Completion)}
        if any(key not in found for key in wanted):
            shard = stage.shard("completions")
            for completion in generate(
                load_engine(),
                problems,
                options,
                extract,
                style=style,
                seed=seed,
                done=found.keys(),
            ):
                shard.append(completion)
                found[completion.task_id, completion.sample] = completion
                progress(len(found), len(wanted))
        rows = [found[key] for key in wanted]
        reasons = Counter(completion.finish_reason for completion in rows)
        return stage.finish(
            {"completions": (Completion, rows)},
            counts={"completions": len(rows), "finish_reasons": dict(sorted(reasons.items()))},
        )

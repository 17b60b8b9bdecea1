"""The miniature: a small world of tasks in which the whole pipeline runs without key or download.

Its tasks are rows of operations on numbers, text and words. They can be said (`language`), read
back (`reading`), written as code (`programs`), tested (`problems`) and evolved (`evolution`).

    respond(request)            the teacher: a chat-completions request to its response
    make_app(), serve(…)        the same over HTTP
    seeds(…) more_seeds(…) depth_matched(…) corpus(…)      training data, never held out
    benchmark(split)            the problems of a split, "dev" or "test"
    holdout(), contamination(text)    what must not be trained on, and the check of it
    depth(response)             how many steps a program has

Names load on first use; none of them loads torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wizardcoder.miniature.heldout import Holdout, Violation, contamination, holdout
    from wizardcoder.miniature.problems import benchmark
    from wizardcoder.miniature.server import make_app, serve
    from wizardcoder.miniature.tasks import corpus, depth, depth_matched, more_seeds, seeds
    from wizardcoder.miniature.teacher import respond

__all__ = [
    "Holdout",
    "Violation",
    "benchmark",
    "contamination",
    "corpus",
    "depth",
    "depth_matched",
    "holdout",
    "make_app",
    "more_seeds",
    "respond",
    "seeds",
    "serve",
]

_HOMES = {
    "problems": ("benchmark",),
    "heldout": ("Holdout", "Violation", "contamination", "holdout"),
    "server": ("make_app", "serve"),
    "tasks": ("corpus", "depth", "depth_matched", "more_seeds", "seeds"),
    "teacher": ("respond",),
}


def __getattr__(name: str) -> object:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

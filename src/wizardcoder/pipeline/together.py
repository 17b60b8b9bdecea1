"""Training a run's arms in one process, or in several that torchrun has started together.

The first process holds the run: it alone locks it, makes its data and writes. The others wait for
that, and then only train.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from wizardcoder import train as training
from wizardcoder.pipeline import evol_stop
from wizardcoder.pipeline.arms import BASE
from wizardcoder.pipeline.base import check_base
from wizardcoder.pipeline.run import Run
from wizardcoder.progress import unwatched


def train(begin: Callable[[], Run], choose: Callable[[Run], Sequence[str]]) -> Run | None:
    """Tune the base on the data of each arm chosen; the run, on the first process.

    `begin` opens the run and is called there alone. What goes wrong in it is raised on all.
    """
    processes = training.join()
    held: Run | None = None

    def prepare() -> tuple[Run, list[str]]:
        nonlocal held
        held = begin()
        training.check(held.recipe.train, processes)
        evol_stop.check(held.recipe)
        chosen = [name for name in choose(held) if name != BASE]
        check_base(held.recipe, held.path)
        held.seeds()
        held.clean()
        held.base()
        return replace(held, watch=unwatched), chosen

    sent, arms = processes.once(prepare)
    for arm in arms:
        (held or sent).train(arm)
    return held

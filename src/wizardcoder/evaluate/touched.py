"""Which problems of a benchmark a model may have seen while it was trained."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """The problems of a benchmark that records of some training data touch, as task ids.

    A record touches a problem when cleaning found something of it there, by any rule and however
    little. `kept`: touched by a record that was kept, so that a model trained on the data has seen
    it; `dropped`: only by records that were dropped, which trained nothing; `unchecked`: problems
    that the records were not compared with. `data`: the folder that says so.
    """

    data: str
    kept: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()

    def leaves(self, task_id: str) -> bool:
        """Whether a problem is known to be untouched by the records that were kept."""
        return task_id not in self.kept and task_id not in self.unchecked

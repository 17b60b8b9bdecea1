"""A model that many ask at once: whoever comes joins the batch that is being generated."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import NamedTuple

from wizardcoder.engines.transformers import Progressing, Row, TransformersEngine

#: Is told, in the desk's thread, after every new token of a row; False: nobody listens any more.
Listen = Callable[[Row], bool]


class _Asked(NamedTuple):
    row: Row
    listen: Listen


class Desk:
    """Generates rows in a thread of its own, those of all askers in one batch.

    with Desk(engine) as desk:
        desk.ask(engine.row(ids, sampling), listen)
    """

    def __init__(self, engine: TransformersEngine) -> None:
        self.engine = engine
        self._asked: queue.SimpleQueue[_Asked | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="desk", daemon=True)
        self._listening: dict[Row, Listen] = {}
        self._progress = Progressing(engine)

    def ask(self, row: Row, listen: Listen) -> None:
        """Generate a row; `listen` is told of each token, and at the end once more by its reason.

        A row without room is told at once, with `length`; after a failure of the model with
        `error`.
        """
        self._asked.put(_Asked(row, listen))

    def __enter__(self) -> Desk:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._asked.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (new := self._newcomers()) is not None:
            try:
                self._advance(new)
            except Exception as error:  # out of memory, say: those who wait must hear of it
                self._fail(new, error)

    def _newcomers(self) -> list[_Asked] | None:
        """Who has come and finds room; waits while there is nothing to do. None: it is over."""
        new: list[_Asked] = []
        room = self.engine.batch_size - len(self._progress.rows)
        while len(new) < room:
            try:
                asked = self._asked.get(block=not (new or self._progress.rows))
            except queue.Empty:
                break
            if asked is None:
                return None
            new.append(asked)
        return new

    def _advance(self, new: list[_Asked]) -> None:
        able = [asked for asked in new if asked.row.max_tokens > 0 and asked.row.ids]
        for row, listen in (asked for asked in new if asked not in able):
            row.finish_reason = "length"
            listen(row)
        self._listening.update(dict(able))
        done: list[Row] = []
        if self._progress.rows:
            done += self._progress.step()
        if able:
            done += self._progress.admit([asked.row for asked in able])
        self._tell(done)

    def _tell(self, done: list[Row]) -> None:
        left = [row for row, listen in self._listening.items() if not listen(row)]
        for row in {*left, *done}:
            del self._listening[row]
        if gone := [row for row in left if row not in done]:
            self._progress.drop(gone)

    def _fail(self, new: list[_Asked], error: Exception) -> None:
        self._progress = Progressing(self.engine)
        for row, listen in {**self._listening, **dict(new)}.items():
            row.finish_reason = f"error: {error}"
            listen(row)
        self._listening.clear()

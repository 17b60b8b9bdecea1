"""The training loop: the steps of a plan with their log, their states and their scores."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from wizardcoder.progress import Progress, silent
from wizardcoder.train.best import Best, best_step, is_over
from wizardcoder.train.interruption import deferred
from wizardcoder.train.journal import Journal
from wizardcoder.train.plan import Plan, Step
from wizardcoder.train.processes import ALONE, Processes
from wizardcoder.train.training import LogLine, Training

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel


class Course(NamedTuple):
    """What a training came to: its last step, how often memory made it halve its batches, what
    was learnt by name (on the first process), and the scores by step."""

    last: LogLine
    halvings: int
    weights: dict[str, torch.Tensor]
    scores: dict[int, float]

    @property
    def best_step(self) -> int | None:
        return best_step(self.scores)


def train(
    model: PreTrainedModel,
    plan: Plan,
    folder: Path,
    *,
    padding: int,
    progress: Progress = silent,
    processes: Processes = ALONE,
    best: Best | None = None,
) -> Course:
    """Train `model` in place through the steps of `plan`, with all `processes`.

    `folder` receives the log and, every `checkpoint_seconds`, the state; when a state is there,
    training goes on from it as if it had never stopped (bit for bit on one thread). SIGTERM and
    Ctrl-C end the step that is under way and save the state first. `best` scores the weights
    every `score_every_steps`, and after the last step. Raises TrainingError when the loss is not
    finite; the last state then stays.
    """
    import torch

    with torch.random.fork_rng():
        model.train()
        training = Training(model, plan, folder, padding, processes)
        with _journal(training) as journal:
            scores = processes.once(lambda: journal.scores if journal else {})
            walk = _Walk(training, journal, best, progress, scores)
            walk.to_the_end()
        training.save_if_due(now=True)
        weights = training.learner.weights()
    return Course(training.last, training.halvings, weights, walk.scores)


class _Walk:
    """The way through the plan. `journal`: of the first process; `best`: None scores nothing."""

    def __init__(
        self,
        training: Training,
        journal: Journal | None,
        best: Best | None,
        progress: Progress,
        scores: dict[int, float],
    ) -> None:
        self.scores = scores
        self._training = training
        self._journal = journal
        self._best = best
        self._progress = progress

    def to_the_end(self) -> None:
        """All steps that are left, or until the scores say that it is enough."""
        plan = self._training.plan
        self._score_if_due()
        for step in plan.from_step(self._training.last.step):
            if is_over(self.scores, plan.options.patience):
                return
            self._take(step)
            self._score_if_due()

    def _take(self, step: Step) -> None:
        with self._stopping_after_step():
            line = self._training.take(step)
            if self._journal:
                self._journal.add(line)
            self._tell()
            self._training.save_if_due()

    @contextmanager
    def _stopping_after_step(self) -> Iterator[None]:
        """Hold signals back; when any process got one, save, and let it end all of them."""
        with deferred() as pending:
            yield
            if self._training.processes.total(pending.number)[0]:
                self._training.save_if_due(now=True)
                pending.number = pending.number or signal.SIGTERM

    def _score_if_due(self) -> None:
        training, best = self._training, self._best
        if best is None or not self._score_is_due():
            return
        training.save_if_due(now=True)  # who is killed while scoring goes on from here
        step, weights = training.last.step, training.learner.weights()
        score = training.processes.once(lambda: best.take(step, weights))
        self.scores[step] = score
        if self._journal:
            self._journal.score(score)
        training.processes.once(lambda: best.keep(self.scores))
        self._tell()

    def _score_is_due(self) -> bool:
        done, plan = self._training.last.step, self._training.plan
        every = plan.options.score_every_steps
        if self._best is None or not every or not done or done in self.scores:
            return False
        return done % every == 0 or done == plan.steps

    def _tell(self) -> None:
        """Report the newest step; one whose score is due is done when that is taken."""
        line, plan = self._training.last, self._training.plan
        if self._score_is_due():
            self._progress(line.step - 1, plan.steps, "taking pass@1")
            return
        over = is_over(self.scores, plan.options.patience)
        self._progress(line.step, line.step if over else plan.steps, _note(line, self.scores))


@contextmanager
def _journal(training: Training) -> Iterator[Journal | None]:
    """The log, open, on the first process; None on the others."""
    if not training.processes.first:
        yield None
        return
    journal = Journal(training.folder, training.last.step, training.plan.options.trackers)
    try:
        yield journal
    finally:
        journal.close()


def _note(line: LogLine, scores: dict[int, float]) -> str:
    """What the live line says of a step.

    >>> _note(LogLine(1, 900, 500, 0.5321, 1e-3, 1.0, 1234.5, 0.41, 4, 2.0), {})
    'loss 0.532, 1,234 tokens/s, MFU 41 %'
    """
    parts = [f"loss {line.loss:.3f}", f"{line.tokens_per_second:,.0f} tokens/s"]
    if line.mfu is not None:
        parts.append(f"MFU {line.mfu:.0%}".replace("%", " %"))
    latest, best = max(scores, default=None), best_step(scores)
    if latest is not None:
        parts.append(f"pass@1 {_percent(scores[latest])}")
    if best is not None and best != latest:
        parts.append(f"best {_percent(scores[best])} at step {best}")
    return ", ".join(parts)


def _percent(rate: float) -> str:
    return f"{rate:.1%}".replace("%", " %")

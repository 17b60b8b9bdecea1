"""What ties a training record to a benchmark problem: the evidence, one row each."""

from __future__ import annotations

from dataclasses import dataclass

#: So many characters of the matched text are kept with a hit.
SPAN_CHARACTERS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One record that holds something of one problem, by one rule.

    `score` is the share of the problem's shingles that the record holds (`verbatim`: 1), for the
    rule `function` the number of AST nodes, for a benchmark's own rule 1. `part` is what of the
    problem was found, `span` the text of the record where it was, as it is compared. `drops`: the
    record must not be trained on; else the hit is too small to say much, and the record is kept.
    `matched` is the text of the problem that `span` matches. `behaviour`: whether a function of the
    record passes the problem's own tests, `passes`, `fails` or `not_run`, "" where nobody tried.
    """

    record_id: str
    benchmark: str
    task_id: str
    rule: str
    part: str
    score: float
    span: str
    drops: bool
    matched: str = ""
    behaviour: str = ""

    @property
    def detail(self) -> str:
        """The evidence in a line, for a rejected record."""
        span = " ".join(self.span.split())
        return (
            f"{self.benchmark} {self.task_id}: {self.rule} {self.score:.3g} ({self.part}): {span}"
        )


def excerpt(text: str) -> str:
    """The beginning of a text, as a span."""
    text = text.strip()
    return text if len(text) <= SPAN_CHARACTERS else text[: SPAN_CHARACTERS - 1] + "…"

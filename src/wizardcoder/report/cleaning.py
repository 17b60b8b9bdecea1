"""What cleaning found in the data: the part of the results that says so."""

from __future__ import annotations

from pydantic import Field

from wizardcoder.report.parts import Count, Part, Share, Text


class Evidence(Part):
    """One record that holds something of one problem: `span` of the record, `matched` of the other.

    `score` means what the rule says it does. `kept`: the record was kept, so it trains the model.
    `behaviour`: what a function of the record does on the problem's own tests, "" where nobody
    tried.
    """

    record_id: Text
    benchmark: Text
    task_id: Text
    rule: Text
    part: Text
    score: float
    span: Text
    matched: Text = ""
    kept: bool = False
    behaviour: Text = ""


class Contamination(Part):
    """What was found of the benchmarks that the records were compared with.

    `hits` are pairs of record and problem by a rule; `records` have one, `records_kept` of them
    were kept. The counts are of hits. `evidence` holds some of them, those of kept records first.
    """

    benchmarks: tuple[Text, ...]
    hits: Count = 0
    records: Count = 0
    records_kept: Count = 0
    by_benchmark: dict[Text, Count] = Field(default_factory=dict)
    by_rule: dict[Text, Count] = Field(default_factory=dict)
    behaviour: dict[Text, Count] = Field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()


class Duplicates(Part):
    """Records that repeat a kept one, by their relation to it ("parent-child", …).

    `exact` and `near_removed` were removed; `near_kept` were kept, as they are of one lineage.
    """

    exact: dict[Text, Count] = Field(default_factory=dict)
    near_removed: dict[Text, Count] = Field(default_factory=dict)
    near_kept: dict[Text, Count] = Field(default_factory=dict)

    @property
    def relations(self) -> list[str]:
        """Every relation that any of them counts, in order."""
        return list(dict.fromkeys([*self.exact, *self.near_removed, *self.near_kept]))


class Lengths(Part):
    """Tokens of a record, question and response together, over the records that were kept."""

    median: Count
    p99: Count
    max: Count


class Cleaning(Part):
    """What cleaning kept and refused, and what it found.

    `rules` counts the records refused, each by one rule; `flags` what was found fault with and kept
    all the same. `languages` counts kept records by the language of their code. None where the data
    was cleaned before that was counted.
    """

    kept: Count
    rejected: Count
    rules: dict[Text, Count] = Field(default_factory=dict)
    flags: dict[Text, Count] = Field(default_factory=dict)
    languages: dict[Text, Count] = Field(default_factory=dict)
    lengths: Lengths | None = None
    duplicates: Duplicates | None = None
    contamination: Contamination | None = None


class TouchedScore(Part):
    """pass@1 of one arm on all problems of a benchmark, and on those that its data leaves.

    `touched` problems have something of theirs in a record that the arm was trained on; those of
    `touched_dropped` only in records that cleaning dropped. `unchecked` ones were not looked for.
    The rates hold with their 95 % intervals over `problems` and `untouched` problems.
    """

    arm: Text
    benchmark: Text
    problems: Count
    rate: Share
    low: Share
    high: Share
    touched: Count
    touched_dropped: Count
    unchecked: Count = 0
    untouched: Count
    untouched_rate: Share
    untouched_low: Share
    untouched_high: Share

"""The rows that stages exchange: records, rejections, problems, completions, verdicts.

Plain frozen data; every field is a column of the Parquet files that a stage writes. Nothing here
knows how rows are stored (`storage`) or made (the stages).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One instruction with its response, and where both come from.

    `seed_id` names the lineage: the seed that the instruction descends from. `parent_id` is the
    record it was evolved from, `operation` how; both are None for a seed (`round` 0).
    `source`, `licence`, `teacher` and `teacher_terms` are inherited along the lineage.

    `system` and `turns` are the rest of a conversation: what stands before the instruction, and
    what was said after the response, user and assistant in turn. `language`: the programming
    language that was asked for beside the question, "" if none. `judge`: what the equality judge
    said of the instruction, `not_equal` or `unclear`, "" where it was not asked. `verification`:
    whether the response passes tests written apart from it, `verified`, `failed` or
    `not_testable`, "" where nobody tried; `tries`: how many answers that took.
    """

    id: str
    seed_id: str
    round: int
    parent_id: str | None
    operation: str | None
    instruction: str
    input: str
    response: str
    source: str
    licence: str
    teacher: str
    teacher_terms: str
    system: str = ""
    turns: tuple[str, ...] = ()
    language: str = ""
    judge: str = ""
    verification: str = ""
    tries: int = 0

    @property
    def question(self) -> str:
        """The instruction with its input: what a reader is asked."""
        return f"{self.instruction}\n{self.input}" if self.input else self.instruction


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected(Record):
    """A record that a stage refused, with the one rule that refused it and the evidence."""

    rule: str
    detail: str

    @classmethod
    def of(cls, record: Record, rule: str, detail: str = "") -> Rejected:
        values = {f.name: getattr(record, f.name) for f in fields(Record)}
        return cls(**values, rule=rule, detail=detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One benchmark problem.

    `prompt` is the code that a completion continues; `instruction` is what an instruction-tuned
    model is asked; `test` defines `check(candidate)`; `canonical_solution` completes `prompt`.
    `group` is the part of the benchmark that the problem is reported under, `variant` how it was
    made from another one, where the benchmark says so ("" when undivided).
    """

    task_id: str
    prompt: str
    instruction: str
    entry_point: str
    test: str
    canonical_solution: str
    group: str = ""
    variant: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """One sampled answer to one problem: the raw `text` and the code taken from it.

    `finish_reason` is the engine's own word: `stop` (end token or stop sequence), `length` (cut).
    `cuts`: what was taken away to get the code, each rule with its number of characters.
    """

    task_id: str
    sample: int
    text: str
    code: str
    finish_reason: str = "stop"
    cuts: str = ""


class Outcome(StrEnum):
    """What came of running one program. `infra_error` and `not_run` say nothing about it."""

    PASSED = "passed"
    WRONG_ANSWER = "wrong_answer"
    EXCEPTION = "exception"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    SYNTAX_ERROR = "syntax_error"
    NO_CODE = "no_code"
    KILLED = "killed"
    INFRA_ERROR = "infra_error"
    NOT_RUN = "not_run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The judgement of one completion.

    `attested`: decided outside the process that ran the candidate's code, so that the code could
    not decide it. `peak_bytes` is the child's peak resident memory, 0 where unknown. `base`: passed
    the original tests of a benchmark that adds more (HumanEval+, MBPP+); None for others.
    """

    task_id: str
    sample: int
    outcome: Outcome
    reason: str
    attested: bool
    sandbox_level: str
    cpu_seconds: float
    wall_seconds: float
    peak_bytes: int
    base: bool | None = None

    @property
    def passed(self) -> bool:
        return self.outcome is Outcome.PASSED

    @property
    def decided(self) -> bool:
        """Whether it says anything about the program: else it counts neither for nor against."""
        return self.outcome not in (Outcome.INFRA_ERROR, Outcome.NOT_RUN)

"""What evolving does, apart from whom it asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from wizardcoder import prompts
from wizardcoder.evolve.operations import choose, draw
from wizardcoder.recipe import CustomOperation, Decoding

_NO_CUSTOM: Mapping[str, CustomOperation] = MappingProxyType({})
_NO_LANGUAGES: Mapping[str, float] = MappingProxyType({})

#: The operation whose children are other instructions, not harder ones.
IN_BREADTH = "breadth"
#: Operations whose children the equality judge would not do justice to: another instruction is
#: judged by its words, and the control is to stay equal.
_UNJUDGED = frozenset({IN_BREADTH, "paraphrase"})


class PlanTeacher(NamedTuple):
    """A teacher as records name it, and its share of the attempts."""

    model: str
    terms: str = "unknown"
    weight: float = 1.0


class Plan(NamedTuple):
    """What evolving does. Each attempt draws its operation and its teacher, each lineage its
    language, by weight and a hash of `seed`.

    `custom`: operations beside the known ones. `judge`: how the equality judge's replies are
    drawn; None: nobody judges.
    """

    rounds: int
    operations: Mapping[str, float]
    seed: int
    teachers: Sequence[PlanTeacher]
    custom: Mapping[str, CustomOperation] = _NO_CUSTOM
    languages: Mapping[str, float] = _NO_LANGUAGES
    judge: Decoding | None = None

    def operation(self, lineage: str, round: int) -> str:
        return choose(self.operations, self.seed, lineage, round)

    def teacher(self, lineage: str, round: int) -> int:
        """The position of the teacher of one attempt: all its calls go to this one."""
        weights = {str(n): teacher.weight for n, teacher in enumerate(self.teachers)}
        return int(draw("teacher", weights, self.seed, lineage, round)) if len(weights) > 1 else 0

    def language(self, lineage: str) -> str:
        """The language of a lineage; "" when there are none to draw from."""
        return draw("language", self.languages, self.seed, lineage) if self.languages else ""

    def evolving_prompt(self, operation: str, question: str) -> str:
        return prompts.evolve(operation, question, self.custom_prompt(operation))

    def custom_prompt(self, operation: str) -> str:
        """The prompt of an operation of the user's own; "" for one that is known."""
        return self.custom[operation].prompt if operation in self.custom else ""

    def judges(self, operation: str) -> bool:
        """Whether the equality judge is asked about the children of an operation."""
        if self.judge is None or operation in _UNJUDGED:
            return False
        return operation not in self.custom or self.custom[operation].judged

"""How a task is said: the wording of its instruction.

An instruction is a first sentence that names the function and says some steps, then a sentence for
each step that was added as a further requirement, then perhaps the demand to stream, then perhaps
a fenced piece of code that is wrong. `reading` is the way back, from the text alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from wizardcoder.miniature.draws import Draw
from wizardcoder.miniature.programs import (
    FUNCTION_NAMES,
    PARAMETERS,
    Program,
    Step,
    Steps,
)

HEADS = (
    "Write a function {f}({a}) that {b}.",
    "Implement {f}({a}), which {b}.",
    "Create a Python function named {f} with one argument {a} that {b}.",
    "I need a function {f} of {a} that {b}.",
    "Define {f}({a}) so that it {b}.",
    "Please give me the code of {f}({a}), a function that {b}.",
)
#: What stands before the last of several phrasings; the others are parted by a comma.
CONNECTORS = (" and ", ", then ", " and finally ")
ADDITIONS = (
    "In addition, it then {b}.",
    "As a further requirement, it next {b}.",
    "After all of that, it also {b}.",
)
STREAM_DEMANDS = (
    "It must work on a stream, without building any intermediate list.",
    "Handle one element at a time; no intermediate list may be stored.",
    "Memory is scarce, so intermediate results may not be held in lists.",
)
WARNINGS = (
    "The following attempt is wrong:",
    "Beware, this code does not solve it:",
    "Somebody wrote this, but it gives wrong results:",
)


@dataclass(frozen=True, slots=True)
class Task:
    """A program to be asked for, and the words to ask for it.

    `head`, `connector`, `stream_demand`, `warning` and the entries of `phrasings` (one per step)
    and `additions` (one per step at the end that has a sentence of its own) are positions in the
    lists of this module and of the catalogue. `stream_demand` is None unless the program is lazy;
    `wrong`, an erroneous program, and `warning` are None together. `connector` is 0 where the
    first sentence says one step only.
    """

    program: Program
    head: int
    phrasings: tuple[int, ...]
    connector: int
    additions: tuple[int, ...] = ()
    stream_demand: int | None = None
    warning: int | None = None
    wrong: Program | None = None

    @property
    def in_first_sentence(self) -> int:
        """How many steps the first sentence says; at least one."""
        return len(self.program.steps) - len(self.additions)


def new_task(steps: Steps, draw: Draw) -> Task:
    """A task with fresh names and words that asks for these steps in one sentence, eagerly."""
    takes = steps[0].operation.takes
    program = Program(draw.choice(FUNCTION_NAMES), draw.choice(PARAMETERS[takes]), steps)
    return reworded(Task(program, 0, (0,) * len(steps), 0), draw)


def reworded(task: Task, draw: Draw) -> Task:
    """The same task in freshly drawn words; what it asks for, and its layout, stay."""
    several = task.in_first_sentence > 1
    return replace(
        task,
        head=draw.below(len(HEADS)),
        phrasings=tuple(draw_phrasing(step, draw) for step in task.program.steps),
        connector=draw.below(len(CONNECTORS)) if several else 0,
        additions=tuple(draw.below(len(ADDITIONS)) for _ in task.additions),
        stream_demand=_redrawn(task.stream_demand, len(STREAM_DEMANDS), draw),
        warning=_redrawn(task.warning, len(WARNINGS), draw),
    )


def draw_phrasing(step: Step, draw: Draw) -> int:
    """The position of one of the ways to say a step."""
    return draw.below(len(step.operation.phrasings))


def _redrawn(position: int | None, n: int, draw: Draw) -> int | None:
    return None if position is None else draw.below(n)


def render(task: Task) -> str:
    """The instruction."""
    said = [
        step.operation.say(phrasing, step.constant)
        for step, phrasing in zip(task.program.steps, task.phrasings, strict=True)
    ]
    split = task.in_first_sentence
    body = _join(said[:split], task.connector)
    sentences = [HEADS[task.head].format(f=task.program.name, a=task.program.parameter, b=body)]
    for addition, phrase in zip(task.additions, said[split:], strict=True):
        sentences.append(ADDITIONS[addition].format(b=phrase))
    if task.stream_demand is not None:
        sentences.append(STREAM_DEMANDS[task.stream_demand])
    text = " ".join(sentences)
    if task.warning is not None and task.wrong is not None:
        text += f"\n\n{WARNINGS[task.warning]}\n```python\n{task.wrong.source()}\n```"
    return text


def _join(phrases: Sequence[str], connector: int) -> str:
    *before, last = phrases
    return f"{', '.join(before)}{CONNECTORS[connector]}{last}" if before else last

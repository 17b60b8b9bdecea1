"""The miniature's benchmark: problems with executable tests, made from the tasks of a split.

2- and 3-step problems are compositions held out from all training (`splits`, `heldout`); 1-step
problems are of operations that every arm has seen, and are reported as that. All are eager and
said in one sentence.
"""

from __future__ import annotations

from collections.abc import Iterable

from wizardcoder.benchmarks import Benchmark, digest
from wizardcoder.miniature.draws import Draw
from wizardcoder.miniature.language import render
from wizardcoder.miniature.operations import Value
from wizardcoder.miniature.probes import EDGES, drawn_input, subprograms
from wizardcoder.miniature.programs import Steps, execute
from wizardcoder.miniature.splits import BENCHMARK_NAMES, Item, Split, items
from wizardcoder.records import Problem

ASSERTIONS = 12
#: So many characters at most in the literals of one assertion.
LONGEST_ASSERTION = 400


def benchmark(split: Split) -> Benchmark:
    """The development or the test split, as a benchmark."""
    found = problems(split)
    return Benchmark(
        name=BENCHMARK_NAMES[split],
        problems=found,
        data_sha256=digest(found),
        assembly="solution",
    )


def problems(split: Split) -> tuple[Problem, ...]:
    """The problems of a split, by depth: groups '1-step', '2-step', '3-step'."""
    return tuple(_problem(item) for item in items(split))


def assertion_inputs(item: Item) -> list[Value]:
    """Distinct inputs, edges among them, on which no step of the task can be left out unnoticed."""
    draw = Draw(item.task_id, "inputs")
    while True:
        inputs = _inputs(item.steps, draw)
        if not any(_agree(item.steps, rest, inputs) for rest in subprograms(item.steps)):
            return inputs


def _inputs(steps: Steps, draw: Draw) -> list[Value]:
    kind = steps[0].operation.takes
    constants = [step.constant for step in steps if step.constant is not None]
    inputs = [value for value in EDGES[kind] if _fits(value, steps)]
    while len(inputs) < ASSERTIONS:
        value = drawn_input(kind, draw, near=constants)
        if value not in inputs and _fits(value, steps):
            inputs.append(value)
    return inputs


def _fits(value: Value, steps: Steps) -> bool:
    return len(repr(value)) + len(repr(execute(steps, value))) <= LONGEST_ASSERTION


def _agree(steps: Steps, others: Steps, inputs: Iterable[Value]) -> bool:
    return all(execute(steps, value) == execute(others, value) for value in inputs)


def _problem(item: Item) -> Problem:
    program = item.task.program
    assertions = [
        f"    assert candidate({value!r}) == {program.run(value)!r}"
        for value in assertion_inputs(item)
    ]
    return Problem(
        task_id=item.task_id,
        prompt=program.opening,  # no newline at its end: it would part the tokens of an indent
        instruction=render(item.task),
        entry_point=program.name,
        test="\n".join(["def check(candidate):", *assertions, ""]),
        canonical_solution=f"\n{program.body()}\n",
        group=item.group,
    )

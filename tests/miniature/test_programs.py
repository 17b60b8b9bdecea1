"""Programs: what is written runs as the trusted operations do, and can be read back."""

import copy
from collections.abc import Iterator

import pytest

from wizardcoder.miniature.catalogue import BY_NAME
from wizardcoder.miniature.compositions import draw_program
from wizardcoder.miniature.draws import Draw
from wizardcoder.miniature.operations import Kind
from wizardcoder.miniature.probes import probes
from wizardcoder.miniature.programs import (
    FUNCTION_NAMES,
    PARAMETERS,
    Program,
    Step,
    Style,
    parse,
)


def steps_of(*labels: tuple[str, int | None]) -> tuple[Step, ...]:
    return tuple(Step(BY_NAME[name], constant) for name, constant in labels)


def drawn_programs(count: int) -> Iterator[Program]:
    draw = Draw("programs of the tests")
    for number in range(count):
        steps = draw_program(1 + number % 4, draw)
        parameter = draw.choice(PARAMETERS[steps[0].operation.takes])
        for style in Style:
            yield Program(draw.choice(FUNCTION_NAMES), parameter, steps, style)


EVENS_SORTED = steps_of(("keep even", None), ("first {k}", 3), ("sort", None))


def test_an_eager_program_has_one_statement_per_step() -> None:
    assert Program("solve", "xs", EVENS_SORTED).source() == (
        "def solve(xs):\n"
        "    xs = [x for x in xs if x % 2 == 0]\n"
        "    xs = xs[:3]\n"
        "    return sorted(xs)"
    )


def test_a_lazy_program_passes_generators_between_its_steps() -> None:
    assert Program("solve", "xs", EVENS_SORTED, Style.LAZY).source() == (
        "def solve(xs):\n"
        "    xs = (x for x in xs if x % 2 == 0)\n"
        "    xs = (x for i, x in enumerate(xs) if i < 3)\n"
        "    return sorted(xs)"
    )


def test_a_lazy_program_keeps_a_list_for_a_step_that_needs_all_of_it() -> None:
    steps = steps_of(("square each", None), ("reverse", None), ("keep odd", None), ("count", None))
    assert Program("f", "xs", steps, Style.LAZY).body() == (
        "    xs = [x * x for x in xs]\n"
        "    xs = xs[::-1]\n"
        "    xs = (x for x in xs if x % 2 != 0)\n"
        "    return sum(1 for x in xs)"
    )


def test_a_single_step_is_written_alike_in_both_styles() -> None:
    for operation in BY_NAME.values():
        step = Step(operation, 3 if operation.constants else None)
        assert Program("f", "v", (step,)).body() == Program("f", "v", (step,), Style.LAZY).body()


def test_the_opening_says_the_steps_in_a_comment() -> None:
    program = Program("solve", "xs", EVENS_SORTED)
    assert program.opening == "def solve(xs):\n    # keep even; first 3; sort"


def test_executing_the_source_equals_the_trusted_run_in_both_styles() -> None:
    for program in drawn_programs(400):
        namespace: dict[str, object] = {}
        exec(program.source(), namespace)
        function = namespace[program.name]
        assert callable(function)
        for probe in probes(program.takes):
            given = copy.deepcopy(probe)
            result = function(given)
            assert (result, type(result)) == (program.run(probe), type(program.run(probe)))
            assert given == probe, f"{program.source()} changed its argument"


def test_code_is_read_back_as_the_program_that_it_is() -> None:
    for program in drawn_programs(400):
        found = parse(program.source())
        assert found is not None
        assert (found.name, found.parameter, found.steps) == (
            program.name,
            program.parameter,
            program.steps,
        )
        assert found.source() == program.source()


def test_code_is_read_back_whatever_its_names_spacing_and_quotes() -> None:
    found = parse('def other( q ) :\n\n  q=[ x for x in q if x%2==0 ] # evens\n  return "," .join('
                  "str(x) for x in q)\n")  # fmt: skip
    assert found is not None
    assert found.shape == ("keep even", "join numbers")


@pytest.mark.parametrize(
    "code",
    [
        "",
        "print('hello')",
        "def f(xs):\n    return xs",
        "def f(xs):\n    xs = sorted(xs)",
        "def f(xs):\n    ys = sorted(xs)\n    return ys[::-1]",
        "def f(xs):\n    return sorted(xs)\n    return sorted(xs)",
        "def f(xs):\n    return len(xs)\n\nprint(f([]))",
        "def f(xs, ys):\n    return sorted(xs)",
        "def f(text):\n    return sum(text)",
        "def f(xs):\n    return [x + 12 for x in xs]",
        "def f(xs):\n    return '\\d'",
        "def f(xs:",
        "(" * 5000,
        "def f(xs):\n    return " + "-" * 20_000 + "xs",
    ],
)
def test_other_code_is_no_program(code: str) -> None:
    assert parse(code) is None


def test_reading_code_executes_nothing() -> None:
    assert parse("def f(xs=exit(1)):\n    return sorted(xs)") is not None


def test_steps_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="these steps do not fit: sum; sort"):
        Program("f", "xs", steps_of(("sum", None), ("sort", None)))


def test_no_steps_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        Program("f", "xs", ())


def test_every_parameter_name_tells_its_kind() -> None:
    names = [name for kind in Kind for name in PARAMETERS[kind]]
    assert len(names) == len(set(names))

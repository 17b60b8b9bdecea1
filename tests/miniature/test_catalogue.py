"""Every operation does what its name and phrasings say: answers worked out by hand."""

import pytest

from wizardcoder.miniature.catalogue import BY_NAME, OPERATIONS, with_kinds
from wizardcoder.miniature.operations import Kind, Operation, Value
from wizardcoder.miniature.probes import CANONICAL_CONSTANT, probes

NUMBERS = [3, -2, 8, 3, 0, -5, 6]

#: Operation, constant, input, output.
KNOWN: list[tuple[str, int | None, Value, Value]] = [
    ("keep even", None, NUMBERS, [-2, 8, 0, 6]),
    ("keep odd", None, NUMBERS, [3, 3, -5]),
    ("keep positive", None, NUMBERS, [3, 8, 3, 6]),
    ("keep above {k}", 3, NUMBERS, [8, 6]),
    ("keep below {k}", 3, NUMBERS, [-2, 0, -5]),
    ("keep multiples of {k}", 3, NUMBERS, [3, 3, 0, 6]),
    ("remove {k}", 3, NUMBERS, [-2, 8, 0, -5, 6]),
    ("square each", None, NUMBERS, [9, 4, 64, 9, 0, 25, 36]),
    ("cube each", None, [2, -3], [8, -27]),
    ("absolute each", None, NUMBERS, [3, 2, 8, 3, 0, 5, 6]),
    ("negate each", None, NUMBERS, [-3, 2, -8, -3, 0, 5, -6]),
    ("add {k} to each", 4, NUMBERS, [7, 2, 12, 7, 4, -1, 10]),
    ("subtract {k} from each", 4, NUMBERS, [-1, -6, 4, -1, -4, -9, 2]),
    ("multiply each by {k}", 2, NUMBERS, [6, -4, 16, 6, 0, -10, 12]),
    ("each modulo {k}", 4, NUMBERS, [3, 2, 0, 3, 0, 3, 2]),
    ("cap each at {k}", 5, NUMBERS, [3, -2, 5, 3, 0, -5, 5]),
    ("reverse", None, [1, 2, 5], [5, 2, 1]),
    ("sort", None, NUMBERS, [-5, -2, 0, 3, 3, 6, 8]),
    ("sort descending", None, NUMBERS, [8, 6, 3, 3, 0, -2, -5]),
    ("sort by size", None, NUMBERS, [0, -2, 3, 3, -5, 6, 8]),
    ("unique", None, [4, 1, 4, 1, 2], [4, 1, 2]),
    ("first {k}", 3, NUMBERS, [3, -2, 8]),
    ("last {k}", 3, NUMBERS, [0, -5, 6]),
    ("skip {k}", 5, NUMBERS, [-5, 6]),
    ("every second", None, NUMBERS, [3, 8, 0, 6]),
    ("twice", None, [1, 2], [1, 2, 1, 2]),
    ("append {k}", 7, [1, 2], [1, 2, 7]),
    ("prepend {k}", 7, [1, 2], [7, 1, 2]),
    ("differences", None, [1, 4, 2], [3, -2]),
    ("running sums", None, [1, 4, -2], [1, 5, 3]),
    ("sum", None, NUMBERS, 13),
    ("largest", None, NUMBERS, 8),
    ("smallest", None, NUMBERS, -5),
    ("count", None, NUMBERS, 7),
    ("count {k}", 3, NUMBERS, 2),
    ("count distinct", None, NUMBERS, 6),
    ("head", None, NUMBERS, 3),
    ("join numbers", None, [3, -2], "3,-2"),
    ("negate", None, 5, -5),
    ("absolute", None, -5, 5),
    ("add {k}", 3, -5, -2),
    ("multiply by {k}", 3, -5, -15),
    ("square", None, -5, 25),
    ("modulo {k}", 4, -5, 3),
    ("digit sum", None, -472, 13),
    ("digits", None, -472, [4, 7, 2]),
    ("to text", None, -472, "-472"),
    ("upper case", None, "Big apple", "BIG APPLE"),
    ("lower case", None, "Big apple", "big apple"),
    ("swap case", None, "Big apple", "bIG APPLE"),
    ("reverse text", None, "Big", "giB"),
    ("no vowels", None, "An apple", "n ppl"),
    ("no spaces", None, "a b  c", "abc"),
    ("dashes", None, "a b c", "a-b-c"),
    ("first {k} characters", 3, "apple", "app"),
    ("exclaim", None, "go", "go!"),
    ("repeat {k} times", 3, "ab", "ababab"),
    ("split", None, " big  apple ", ["big", "apple"]),
    ("text length", None, "big apple", 9),
    ("count a", None, "An apple day", 2),
    ("sort words", None, ["b", "a", "C"], ["C", "a", "b"]),
    ("reverse words", None, ["b", "a"], ["a", "b"]),
    ("longer than {k}", 3, ["apple", "dog", "tree"], ["apple", "tree"]),
    ("capitalize", None, ["apple", "DOG"], ["Apple", "Dog"]),
    ("sort by length", None, ["tree", "a", "dog", "go"], ["a", "go", "dog", "tree"]),
    ("join words", None, ["big", "apple"], "big apple"),
    ("join with commas", None, ["big", "apple"], "big,apple"),
    ("count words", None, ["big", "apple"], 2),
    ("word lengths", None, ["big", "apple"], [3, 5]),
]

each_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.name)


def test_every_operation_has_a_known_answer() -> None:
    assert sorted(name for name, *_ in KNOWN) == sorted(BY_NAME)


@pytest.mark.parametrize(("name", "constant", "given", "expected"), KNOWN, ids=lambda v: str(v))
def test_an_operation_gives_its_known_answer(
    name: str, constant: int | None, given: Value, expected: Value
) -> None:
    assert BY_NAME[name].apply(given, constant) == expected


def test_the_world_has_more_than_forty_operations() -> None:
    assert len(OPERATIONS) == len(BY_NAME) > 40


@each_operation
def test_it_takes_any_input_and_gives_its_kind(operation: Operation) -> None:
    kinds = {Kind.NUMBER: int, Kind.TEXT: str, Kind.NUMBERS: list, Kind.WORDS: list}
    for constant in operation.constants or (None,):
        for probe in probes(operation.takes):
            assert type(operation.apply(probe, constant)) is kinds[operation.gives]


@each_operation
def test_its_constants_fit_its_template(operation: Operation) -> None:
    assert bool(operation.constants) == ("{k}" in operation.code) == ("{k}" in operation.name)
    assert all(("{k}" in said) == bool(operation.constants) for said in operation.phrasings)
    assert not operation.constants or CANONICAL_CONSTANT in operation.constants


@each_operation
def test_it_can_be_said_in_two_ways_that_can_be_parted_again(operation: Operation) -> None:
    assert len(set(operation.phrasings)) >= 2
    for said in operation.phrasings:
        assert not any(mark in f" {said} " for mark in (",", ".", " and ", " then ", " finally "))


def test_no_two_operations_share_a_phrasing() -> None:
    said = [phrasing for operation in OPERATIONS for phrasing in operation.phrasings]
    assert len(said) == len(set(said))


def test_common_operations_have_rarer_ones_of_their_kinds() -> None:
    lists = with_kinds(Kind.NUMBERS, Kind.NUMBERS)
    assert {operation.rarity for operation in lists} == {1, 2, 3}


def test_an_operation_that_needs_its_whole_value_refuses_a_stream() -> None:
    with pytest.raises(ValueError, match="operation 'reverse' needs its whole value"):
        BY_NAME["reverse"].write_stream("xs", None, gather=False)

"""The operations of the miniature world, one row each.

A row: what it takes and gives, rarity (1 common … 3 specific), name, expression, ways to say it.
Three forms of writing: `_each` works element by element, so it can read and give a stream; `_fold`
reads any iterable once; `_whole` needs the whole value, unless a row says how it reads a stream.

Rules that the tests hold the table to: no phrasing contains a full stop, a comma, ' and ' or
' then ' (the language joins phrasings with them and has to part them again); no two rows share a
phrasing, nor, among those that take one kind, an expression for any constant (code has to be read
back); nothing ever raises.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from wizardcoder.miniature.operations import Kind, Operation

NUMBER, NUMBERS, TEXT, WORDS = Kind.NUMBER, Kind.NUMBERS, Kind.TEXT, Kind.WORDS

NONE = range(0)
DIGITS = range(2, 10)  # 2 … 9
FACTORS = range(3, 10)  # a multiple of 2 is an even number, which has its own row
FEW = range(2, 7)
TIMES = range(2, 5)


def _whole(
    takes: Kind,
    gives: Kind,
    rarity: int,
    name: str,
    code: str,
    *phrasings: str,
    k: range = NONE,
    stream: str | None = None,
) -> Operation:
    return Operation(name, takes, gives, rarity, code, stream, k, phrasings)


def _fold(
    takes: Kind, gives: Kind, rarity: int, name: str, code: str, *phrasings: str
) -> Operation:
    return _whole(takes, gives, rarity, name, code, *phrasings, stream=code)


def _each(
    takes: Kind,
    gives: Kind,
    rarity: int,
    name: str,
    code: str,
    *phrasings: str,
    k: range = NONE,
) -> Operation:
    generator = f"({code[1:-1]})"
    return _whole(takes, gives, rarity, name, code, *phrasings, k=k, stream=generator)


# fmt: off
OPERATIONS: tuple[Operation, ...] = (
    # Numbers to numbers: choosing.
    _each(NUMBERS, NUMBERS, 1, "keep even", "[x for x in {v} if x % 2 == 0]",
          "keeps the even numbers", "removes the odd numbers",
          "drops every number that is not even"),
    _each(NUMBERS, NUMBERS, 1, "keep odd", "[x for x in {v} if x % 2 != 0]",
          "keeps the odd numbers", "removes the even numbers",
          "drops every number that is not odd"),
    _each(NUMBERS, NUMBERS, 1, "keep positive", "[x for x in {v} if x > 0]",
          "keeps the positive numbers", "removes the numbers that are not positive"),
    _each(NUMBERS, NUMBERS, 2, "keep above {k}", "[x for x in {v} if x > {k}]",
          "keeps the numbers greater than {k}", "drops the numbers that are at most {k}", k=DIGITS),
    _each(NUMBERS, NUMBERS, 2, "keep below {k}", "[x for x in {v} if x < {k}]",
          "keeps the numbers less than {k}", "drops the numbers that are at least {k}", k=DIGITS),
    _each(NUMBERS, NUMBERS, 2, "keep multiples of {k}", "[x for x in {v} if x % {k} == 0]",
          "keeps the multiples of {k}", "drops the numbers that are not divisible by {k}",
          k=FACTORS),
    _each(NUMBERS, NUMBERS, 2, "remove {k}", "[x for x in {v} if x != {k}]",
          "removes every {k}", "deletes all occurrences of the number {k}", k=DIGITS),
    # Numbers to numbers: changing each.
    _each(NUMBERS, NUMBERS, 1, "square each", "[x * x for x in {v}]",
          "squares each number", "replaces every element by its square"),
    _each(NUMBERS, NUMBERS, 3, "cube each", "[x ** 3 for x in {v}]",
          "cubes each number", "raises every element to the third power"),
    _each(NUMBERS, NUMBERS, 1, "absolute each", "[abs(x) for x in {v}]",
          "takes the absolute value of each number", "drops the sign of every element"),
    _each(NUMBERS, NUMBERS, 1, "negate each", "[-x for x in {v}]",
          "negates each number", "flips the sign of every element"),
    _each(NUMBERS, NUMBERS, 1, "add {k} to each", "[x + {k} for x in {v}]",
          "adds {k} to each number", "increases every element by {k}", k=DIGITS),
    _each(NUMBERS, NUMBERS, 2, "subtract {k} from each", "[x - {k} for x in {v}]",
          "subtracts {k} from each number", "decreases every element by {k}", k=DIGITS),
    _each(NUMBERS, NUMBERS, 1, "multiply each by {k}", "[x * {k} for x in {v}]",
          "multiplies each number by {k}", "scales every element by {k}", k=DIGITS),
    _each(NUMBERS, NUMBERS, 3, "each modulo {k}", "[x % {k} for x in {v}]",
          "takes each number modulo {k}", "replaces every element by its remainder modulo {k}",
          k=DIGITS),
    _each(NUMBERS, NUMBERS, 3, "cap each at {k}", "[min(x, {k}) for x in {v}]",
          "caps each number at {k}", "limits every element to at most {k}", k=DIGITS),
    # Numbers to numbers: arranging.
    _whole(NUMBERS, NUMBERS, 1, "reverse", "{v}[::-1]",
           "reverses the list", "puts the numbers in reverse order"),
    _fold(NUMBERS, NUMBERS, 1, "sort", "sorted({v})",
          "sorts the list", "puts the numbers in ascending order"),
    _fold(NUMBERS, NUMBERS, 2, "sort descending", "sorted({v}, reverse=True)",
          "sorts the list from largest to smallest", "puts the numbers in descending order"),
    _fold(NUMBERS, NUMBERS, 3, "sort by size", "sorted({v}, key=abs)",
          "sorts the list by absolute value", "orders the numbers by their distance from zero"),
    _fold(NUMBERS, NUMBERS, 2, "unique", "list(dict.fromkeys({v}))",
          "removes duplicates", "keeps only the first occurrence of each number"),
    _whole(NUMBERS, NUMBERS, 1, "first {k}", "{v}[:{k}]",
           "takes the first {k} elements", "keeps only the leading {k} numbers", k=FEW,
           stream="(x for i, x in enumerate({v}) if i < {k})"),
    _whole(NUMBERS, NUMBERS, 2, "last {k}", "{v}[-{k}:]",
           "takes the last {k} elements", "keeps only the final {k} numbers", k=FEW),
    _whole(NUMBERS, NUMBERS, 2, "skip {k}", "{v}[{k}:]",
           "skips the first {k} elements", "drops the leading {k} numbers", k=FEW,
           stream="(x for i, x in enumerate({v}) if i >= {k})"),
    _whole(NUMBERS, NUMBERS, 3, "every second", "{v}[::2]",
           "takes every second element", "keeps the numbers at even positions",
           stream="(x for i, x in enumerate({v}) if i % 2 == 0)"),
    _whole(NUMBERS, NUMBERS, 2, "twice", "{v} + {v}",
           "repeats the list twice", "appends a copy of the list to itself"),
    _whole(NUMBERS, NUMBERS, 2, "append {k}", "{v} + [{k}]",
           "appends {k} at the end", "puts a {k} after the last element", k=DIGITS,
           stream="(x for part in ({v}, [{k}]) for x in part)"),
    _whole(NUMBERS, NUMBERS, 2, "prepend {k}", "[{k}] + {v}",
           "inserts {k} at the front", "puts a {k} before the first element", k=DIGITS,
           stream="(x for part in ([{k}], {v}) for x in part)"),
    _whole(NUMBERS, NUMBERS, 3, "differences", "[b - a for a, b in zip({v}, {v}[1:])]",
           "computes the differences between neighbours",
           "subtracts from each number the one before it"),
    _whole(NUMBERS, NUMBERS, 3, "running sums", "[sum({v}[:i + 1]) for i in range(len({v}))]",
           "computes the running sums", "replaces every element by the total so far"),
    # Numbers to a number or a text.
    _fold(NUMBERS, NUMBER, 1, "sum", "sum({v})",
          "computes the sum", "adds everything up"),
    _fold(NUMBERS, NUMBER, 1, "largest", "max({v}, default=0)",
          "finds the largest number or 0 if there is none",
          "computes the maximum with 0 for an empty list"),
    _fold(NUMBERS, NUMBER, 1, "smallest", "min({v}, default=0)",
          "finds the smallest number or 0 if there is none",
          "computes the minimum with 0 for an empty list"),
    _whole(NUMBERS, NUMBER, 1, "count", "len({v})",
           "counts the elements", "computes the length of the list",
           stream="sum(1 for x in {v})"),
    _whole(NUMBERS, NUMBER, 2, "count {k}", "{v}.count({k})",
           "counts how often {k} occurs", "finds the number of occurrences of {k}", k=DIGITS,
           stream="sum(x == {k} for x in {v})"),
    _fold(NUMBERS, NUMBER, 2, "count distinct", "len(set({v}))",
          "counts the distinct numbers", "computes how many different numbers there are"),
    _whole(NUMBERS, NUMBER, 2, "head", "{v}[0] if {v} else 0",
           "picks the first element or 0 if there is none",
           "returns the number at the front with 0 for an empty list",
           stream="next(iter({v}), 0)"),
    _fold(NUMBERS, TEXT, 2, "join numbers", "','.join(str(x) for x in {v})",
          "joins the numbers with commas", "writes the numbers as text separated by commas"),
    # A number.
    _whole(NUMBER, NUMBER, 1, "negate", "-{v}",
           "negates the number", "flips its sign"),
    _whole(NUMBER, NUMBER, 1, "absolute", "abs({v})",
           "takes its absolute value", "makes the number non-negative by dropping its sign"),
    _whole(NUMBER, NUMBER, 1, "add {k}", "{v} + {k}",
           "adds {k} to the number", "increases it by {k}", k=DIGITS),
    _whole(NUMBER, NUMBER, 1, "multiply by {k}", "{v} * {k}",
           "multiplies the number by {k}", "scales it by {k}", k=DIGITS),
    _whole(NUMBER, NUMBER, 2, "square", "{v} * {v}",
           "squares the number", "multiplies it by itself"),
    _whole(NUMBER, NUMBER, 2, "modulo {k}", "{v} % {k}",
           "takes the number modulo {k}", "computes its remainder modulo {k}", k=DIGITS),
    _whole(NUMBER, NUMBER, 3, "digit sum", "sum(int(d) for d in str(abs({v})))",
           "computes the sum of its digits", "adds up the digits of the number"),
    _each(NUMBER, NUMBERS, 2, "digits", "[int(d) for d in str(abs({v}))]",
          "lists the digits of the number", "splits it into its digits"),
    _whole(NUMBER, TEXT, 1, "to text", "str({v})",
           "converts the number to a string", "turns it into text"),
    # Text.
    _whole(TEXT, TEXT, 1, "upper case", "{v}.upper()",
           "converts the text to upper case", "makes all letters capital"),
    _whole(TEXT, TEXT, 1, "lower case", "{v}.lower()",
           "converts the text to lower case", "makes all letters small"),
    _whole(TEXT, TEXT, 3, "swap case", "{v}.swapcase()",
           "swaps upper with lower case", "inverts the case of every letter"),
    _whole(TEXT, TEXT, 1, "reverse text", "{v}[::-1]",
           "reverses the text", "spells the string backwards"),
    _whole(TEXT, TEXT, 3, "no vowels", "''.join(c for c in {v} if c not in 'aeiouAEIOU')",
           "removes the vowels", "deletes every vowel"),
    _whole(TEXT, TEXT, 2, "no spaces", "{v}.replace(' ', '')",
           "removes the spaces", "deletes every blank"),
    _whole(TEXT, TEXT, 2, "dashes", "{v}.replace(' ', '-')",
           "replaces spaces by dashes", "turns every blank into a dash"),
    _whole(TEXT, TEXT, 1, "first {k} characters", "{v}[:{k}]",
           "takes the first {k} characters", "keeps only the leading {k} characters", k=FEW),
    _whole(TEXT, TEXT, 2, "exclaim", "{v} + '!'",
           "adds an exclamation mark", "ends the text with an exclamation mark"),
    _whole(TEXT, TEXT, 3, "repeat {k} times", "{v} * {k}",
           "repeats the text {k} times", "writes the string {k} times in a row", k=TIMES),
    _whole(TEXT, WORDS, 1, "split", "{v}.split()",
           "splits the text into words", "breaks the string at spaces"),
    _whole(TEXT, NUMBER, 1, "text length", "len({v})",
           "counts the characters", "computes the length of the text"),
    _whole(TEXT, NUMBER, 3, "count a", "{v}.count('a')",
           "counts the letter a", "finds how many times the letter a occurs"),
    # Words.
    _fold(WORDS, WORDS, 1, "sort words", "sorted({v})",
          "sorts the words", "puts the words in alphabetical order"),
    _whole(WORDS, WORDS, 1, "reverse words", "{v}[::-1]",
           "reverses the order of the words", "puts the words in reverse order"),
    _each(WORDS, WORDS, 2, "longer than {k}", "[w for w in {v} if len(w) > {k}]",
          "keeps the words longer than {k} letters", "drops the words of at most {k} letters",
          k=FEW),
    _each(WORDS, WORDS, 2, "capitalize", "[w.capitalize() for w in {v}]",
          "capitalizes each word", "writes every word in small letters with a capital first one"),
    _fold(WORDS, WORDS, 3, "sort by length", "sorted({v}, key=len)",
          "sorts the words by length", "orders the words from shortest to longest"),
    _fold(WORDS, TEXT, 1, "join words", "' '.join({v})",
          "joins the words with spaces", "glues the words together with a space"),
    _fold(WORDS, TEXT, 2, "join with commas", "','.join({v})",
          "joins the words with commas", "glues the words together with a comma"),
    _whole(WORDS, NUMBER, 1, "count words", "len({v})",
           "counts the words", "computes the number of words",
           stream="sum(1 for w in {v})"),
    _each(WORDS, NUMBERS, 1, "word lengths", "[len(w) for w in {v}]",
          "computes the length of each word", "replaces every word by its number of letters"),
)
# fmt: on

BY_NAME: Mapping[str, Operation] = MappingProxyType({o.name: o for o in OPERATIONS})
BY_TAKES: Mapping[Kind, tuple[Operation, ...]] = MappingProxyType(
    {kind: tuple(o for o in OPERATIONS if o.takes is kind) for kind in Kind}
)


def with_kinds(takes: Kind, gives: Kind) -> tuple[Operation, ...]:
    """The operations that take and give these kinds, in the table's order."""
    return tuple(o for o in BY_TAKES[takes] if o.gives is gives)

"""Records and problems of the tests' own making, and leaks of the one into the other."""

from __future__ import annotations

import ast
import re
from random import Random

from wizardcoder.records import Problem, Record

SYLLABLES = "ba ce di fo gu ha je ki lo mu na pe qui ro su ta ve wi xo zu".split()


def record(
    id: str,
    question: str = "Do something.",
    response: str = "done",
    *,
    seed_id: str = "",
    round: int = 0,
    parent_id: str | None = None,
    input: str = "",
) -> Record:
    return Record(
        id=id,
        seed_id=seed_id or id,
        round=round,
        parent_id=parent_id,
        operation=None,
        instruction=question,
        input=input,
        response=response,
        source="test",
        licence="",
        teacher="",
        teacher_terms="",
    )


def words(random: Random, count: int) -> str:
    """So many words, nearly all of them different."""
    return " ".join("".join(random.choices(SYLLABLES, k=4)) for _ in range(count))


def characters(random: Random, count: int) -> str:
    """So many Chinese characters: a text without a space."""
    return "".join(chr(random.randrange(0x4E00, 0x9FA5)) for _ in range(count))


#: The same for a reader, and other bytes.
DISGUISES = {
    "no-break spaces": lambda text: text.replace(" ", "\u00a0"),
    "zero-width spaces": lambda text: "\u200b".join(text),
    "soft hyphens": lambda text: text.replace("e", "\u00ade"),
    "full width": lambda text: "".join(
        chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text
    ),
}


def unrelated(count: int, seed: int = 0) -> list[Record]:
    """Records that have nothing in common but the shape of small code tasks."""
    random = Random(seed)
    return [record(f"r{n:04d}", *_task(random)) for n in range(count)]


def _task(random: Random) -> tuple[str, str]:
    name, item, result = words(random, 3).split()
    code = (
        f"def {name}({item}s):\n    {result} = {random.randrange(999)}\n"
        f"    for {item} in {item}s:\n        if {item} % {random.randrange(2, 999)} == 1:\n"
        f"            {result} {random.choice('+-*')}= {item} + {random.randrange(999)}\n"
        f"    return {result}\n"
    )
    return f"Write a function that {words(random, random.randrange(8, 30))}.", code


def near(text: str, jaccard: float, random: Random) -> str:
    """A text whose 5-word shingles have about this Jaccard similarity with those of `text`."""
    tokens = text.split()
    shingles = len(tokens) - 4
    common = round(2 * shingles * jaccard / (1 + jaccard))
    return " ".join([*tokens[: common + 4], *words(random, len(tokens) - common - 4).split()])


def problem(name: str, statement: str, code: str) -> Problem:
    """A problem that is said like those of HumanEval: signature, docstring, example."""
    signature, _, body = code.partition("\n")
    prompt = f'{signature}\n    """{statement}\n    >>> {name}(0)\n    0\n    """\n'
    return Problem(
        task_id=f"own/{name}",
        prompt=prompt,
        instruction=f"Create a Python script for this problem:\n{prompt}",
        entry_point=name,
        test="",
        canonical_solution=body,
    )


PROBLEMS = [
    problem(
        "water_left",
        "Every day a barrel loses a tenth of its water, rounded down, and rain adds the given "
        "litres. Return how much is left after all days.",
        "def water_left(litres, rain):\n    for shower in rain:\n"
        "        litres -= litres // 10\n        litres += shower\n    return litres\n",
    ),
    problem(
        "longest_climb",
        "The heights of a mountain path are given as a list. Return the length of the longest "
        "stretch on which each point lies above the one before.",
        "def longest_climb(heights):\n    best = run = min(1, len(heights))\n"
        "    for lower, higher in zip(heights, heights[1:]):\n"
        "        run = run + 1 if higher > lower else 1\n"
        "        best = max(best, run)\n    return best\n",
    ),
    problem(
        "seating",
        "Guests sit down one by one, each as far from the others as the row allows. Return the "
        "numbers of the chairs in the order in which they are taken.",
        "def seating(chairs, guests):\n    taken = []\n    for _ in range(guests):\n"
        "        free = [c for c in range(chairs) if c not in taken]\n"
        "        taken.append(max(free, key=lambda c: min([abs(c - t) for t in taken] or [0])))\n"
        "    return taken\n",
    ),
    problem(
        "morse_gaps",
        "Radio signals arrive as a text of dots and dashes with blanks between letters. Return "
        "for every letter whether its dashes outnumber its dots.",
        "def morse_gaps(signal):\n    verdicts = []\n    for letter in signal.split():\n"
        "        dashes = letter.count('-')\n"
        "        verdicts.append(dashes > len(letter) - dashes)\n"
        "    return verdicts\n",
    ),
    problem(
        "ledger_errors",
        "A book-keeper writes amounts and after every third one their sum. Return the positions "
        "of the sums that are wrong, counting from the first amount.",
        "def ledger_errors(entries):\n    wrong = []\n    for start in range(0, len(entries), 4):\n"
        "        *amounts, total = entries[start : start + 4]\n"
        "        if sum(amounts) != total:\n            wrong.append(start + 3)\n"
        "    return wrong\n",
    ),
]


def program(problem: Problem) -> str:
    return problem.prompt + problem.canonical_solution


def statement(problem: Problem) -> str:
    return problem.prompt.split('"""')[1].partition("\n")[0]


def renamed(code: str) -> str:
    """The code without docstrings, every name that it binds replaced."""
    tree = ast.parse(code)
    nodes = list(ast.walk(tree))
    bound = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    bound |= {n.arg for n in nodes if isinstance(n, ast.arg)}
    bound |= {n.name for n in nodes if isinstance(n, ast.FunctionDef)}
    for node in nodes:
        for field in {"id", "arg", "name"} & set(node._fields):
            if (name := getattr(node, field)) in bound:
                setattr(node, field, f"q_{name[::-1]}")
        if isinstance(node, ast.FunctionDef) and ast.get_docstring(node):
            del node.body[0]
    return ast.unparse(tree)


def edited(text: str, random: Random) -> str:
    """The text with every twelfth word replaced."""
    tokens = re.split(r"(?<=\s)", text)
    for place in range(random.randrange(12), len(tokens), 12):
        tokens[place] = f"{words(random, 1)} "
    return "".join(tokens)

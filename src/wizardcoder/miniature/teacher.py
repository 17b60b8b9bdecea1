"""The miniature's teacher: a pure function from a chat-completions request to its response.

It sees what any teacher sees: the messages. Out of the last one it recognises Code Evol-Instruct's
prompt and evolves the question, the equality judge's and compares two questions, the one for tests
and writes asserts, or the one for leaks and compares a problem with a record; anything else it
takes for an instruction and answers with code. Text outside its world gets an apology, and a
question that an operation cannot change comes back as it was; to notice both is the eliminators'
work. Every choice is a hash of the messages and the request's `seed`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import blake2b
from itertools import chain, repeat
from typing import Any

from wizardcoder import prompts
from wizardcoder.miniature import protocol
from wizardcoder.miniature.draws import Draw
from wizardcoder.miniature.evolution import EVOLUTIONS
from wizardcoder.miniature.language import Task, render
from wizardcoder.miniature.operations import Value
from wizardcoder.miniature.probes import EDGES, drawn_input
from wizardcoder.miniature.reading import read

MODEL = "miniature-teacher"
APOLOGY = "I'm sorry, but I cannot help with this: it is outside the small world that I know."

_JUDGE_OPENING, _JUDGE_MIDDLE, _JUDGE_END = re.split("[\0\1]", prompts.judge("\0", "\1"))
_MATCH_OPENING, _MATCH_MIDDLE, _MATCH_END = re.split("[\0\1]", prompts.match("\0", "\1"))

#: How many asserts it writes, and how many characters at most the literals of one have.
ASSERTS, LONGEST_ASSERT = 6, 120


def respond(request: Mapping[str, Any]) -> dict[str, Any]:
    """The response to a request of the chat-completions protocol; equal for equal requests.

    Raises InputError, naming the field, for a request that is not one.
    """
    chat = protocol.read_request(request)
    key = (chat.messages, chat.seed)
    question = chat.messages[-1].content
    texts = [reply(question, Draw("teacher", key, choice)) for choice in range(chat.n)]
    id = f"chatcmpl-{blake2b(repr(key).encode(), digest_size=12).hexdigest()}"
    return protocol.response(chat, model=MODEL, id=id, texts=texts)


def reply(message: str, draw: Draw) -> str:
    """What the teacher says to one message: an evolved question, a solution, or an apology."""
    for operation in EVOLUTIONS:
        opening = prompts.evolve(operation, "")
        if message.startswith(opening):
            return evolve(operation, message.removeprefix(opening), draw)
    if message.startswith(opening := prompts.tests("")):
        return write_tests(message.removeprefix(opening), draw)
    if message.startswith(_JUDGE_OPENING) and message.endswith(_JUDGE_END):
        return judge(message.removeprefix(_JUDGE_OPENING).removesuffix(_JUDGE_END))
    if message.startswith(_MATCH_OPENING) and message.endswith(_MATCH_END):
        return match(message.removeprefix(_MATCH_OPENING).removesuffix(_MATCH_END))
    return answer(message)


def evolve(operation: str, question: str, draw: Draw) -> str:
    """The question after one operation; as it was, where the operation cannot apply."""
    task = read(question)
    if task is None:
        return APOLOGY
    evolved = EVOLUTIONS[operation](task, draw)
    return question if evolved is None else render(evolved)


def answer(instruction: str) -> str:
    """The solution that an instruction asks for, as bare code."""
    task = read(instruction)
    return APOLOGY if task is None else task.program.source()


def judge(questions: str) -> str:
    """Whether two questions are equal: they ask for one program, and show the same wrong one."""
    first, _, second = questions.partition(_JUDGE_MIDDLE)
    tasks = read(first), read(second)
    if None in tasks:
        return APOLOGY
    said, other = ((task.program, task.wrong) for task in tasks if task)
    return "Equal" if said == other else "Not Equal"


def match(texts: str) -> str:
    """Whether a record gives a problem away: the programs that they ask for take the same steps."""
    problem, _, record = texts.partition(_MATCH_MIDDLE)
    asked, learnt = _asked_in(problem), _asked_in(record)
    if asked is None or learnt is None:
        return APOLOGY
    return "Match" if asked.program.steps == learnt.program.steps else "No Match"


def _asked_in(text: str) -> Task | None:
    """The task that a text asks for before it shows the solution, if it shows one."""
    ends = [found.start() for found in re.finditer(r"\n(?=def |    |\Z)|\Z", text)]
    return next(filter(None, (read(text[:end]) for end in reversed(ends))), None)


def write_tests(question: str, draw: Draw) -> str:
    """Asserts that a solution of the question passes, the first edges of its inputs among them."""
    task = read(question)
    if task is None:
        return prompts.NOT_TESTABLE
    name, inputs = task.program.name, _inputs(task, draw)
    lines = [f"assert {name}({value!r}) == {task.program.run(value)!r}" for value in inputs]
    return "\n".join(["```python", *lines, "```"])


def _inputs(task: Task, draw: Draw) -> list[Value]:
    kind = task.program.takes
    inputs: list[Value] = []
    drawn = (drawn_input(kind, draw) for _ in repeat(None))
    candidates = chain(EDGES[kind][:2], drawn)
    while len(inputs) < ASSERTS:
        value = next(candidates)
        if value not in inputs and len(f"{value!r}{task.program.run(value)!r}") <= LONGEST_ASSERT:
            inputs.append(value)
    return inputs

"""Self-Instruct: seeds that grow from a few tasks written by people (arXiv 2212.10560).

Each request shows the teacher eight tasks, six of them written by people and two of the teacher's
own, and asks for eight more. What passes the filters joins the tasks that later requests show.
The filters are those of the Code Alpaca project, which the paper's seeds come from, but for two:
tasks that begin with "Write a program" are wanted here, and so are those of other scripts.

What a request shows depends on the replies to all requests but the last few before it, taken in
the order of the requests: so it depends on no clock.
"""

from __future__ import annotations

import asyncio
import re
import string
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple, TypeVar

from pydantic import Field

from wizardcoder import prompts
from wizardcoder.errors import InputError
from wizardcoder.recipe import Positive, Section
from wizardcoder.records import Record, Rejected
from wizardcoder.seeds.asking import Teachers
from wizardcoder.seeds.files import read_rows
from wizardcoder.seeds.making import Idea, begin
from wizardcoder.seeds.novelty import Novelty
from wizardcoder.storage import text_digest
from wizardcoder.teacher import Reply, Teacher
from wizardcoder.teacher.faults import Fault, reply_fault

NAME = "self-instruct"
#: What a request shows and asks for, as in the original.
SHOWN, SHOWN_MADE, ASKED = 8, 2, 8
#: So many requests are under way at the same time; it decides what they show.
REQUESTS_AT_ONCE = 32
#: After so many replies in a row without a new idea the teacher has none.
IN_VAIN = 20

_NUMBER = re.compile(r"^(?:\*\*|#+ *)?(\d+) ?[.):](?:\*\*)? +", re.MULTILINE)

Item = TypeVar("Item")
_Said = tuple[str, Fault | None]


class SelfInstructOptions(Section):
    """`seeds.options` of Self-Instruct. Lengths in words, bounds included."""

    tasks: str = "self_instruct_seed_tasks"  # a seed file, or the name of one
    max_rouge_l: Annotated[float, Field(gt=0, le=1)] = 0.7  # a task as like another one goes
    min_words: Positive = 4
    max_words: Positive = 150
    keywords: str = (  # separated by commas; what a language model cannot show or read
        "image, images, graph, graphs, picture, pictures, file, files, map, maps, draw, plot, "
        "go to, video, audio, music, flowchart, diagram"
    )


class _Request(NamedTuple):
    number: int
    teacher: Teacher
    reply: asyncio.Task[Reply | Fault]


class SelfInstruct:
    """Ideas for seeds, grown from tasks."""

    def __init__(
        self,
        tasks: Sequence[str],
        options: SelfInstructOptions,
        teachers: Teachers,
        *,
        seed: int = 0,
        licence: str = "unknown",
    ) -> None:
        self._given = list(tasks)
        self._made: list[str] = []
        self._spare: list[Idea] = []
        self._options = options
        self._teachers = teachers
        self._seed = seed
        self._licence = licence
        self._asked: Counter[str] = Counter()
        self._requests = 0
        self._vain: list[Counter[str]] = []  # the rules that refused the replies in vain
        self._novelty = Novelty(options.max_rouge_l)
        for task in tasks:
            self._novelty.add(task)
        words = [re.escape(word.strip()) for word in options.keywords.split(",") if word.strip()]
        self._keyword = re.compile(rf"\b(?:{'|'.join(words)})\b", re.IGNORECASE) if words else None

    @property
    def left_out(self) -> Sequence[Rejected]:
        """Good ideas that nobody needed."""
        return [
            Rejected.of(idea.record, "surplus", "there were enough without it")
            for idea in self._spare
        ]

    @property
    def counts(self) -> Mapping[str, int]:
        """How many requests for ideas there were."""
        return {"requests": self._requests}

    @property
    def exhausted(self) -> str:
        """Why no further ideas come, "" as long as they do."""
        if len(self._vain) < IN_VAIN:
            return ""
        rules = sum(self._vain, Counter[str]())
        tally = ", ".join(f"{times} {rule}" for rule, times in rules.most_common())
        return (
            f"the teacher has no new ideas: its last {len(self._vain)} replies held none "
            f"({tally}); a higher teacher.temperature, another teacher or a higher "
            "seeds.options.max_rouge_l may bring some"
        )

    async def propose(self, missing: int) -> list[Idea]:
        """Ideas, `missing` of them without a fault, or fewer when no new ones come."""
        ideas, self._spare = self._spare[:missing], self._spare[missing:]
        good = len(ideas)
        under_way: deque[_Request] = deque()
        try:
            while True:
                needed = 0 if self.exhausted else -(-(missing - good) // ASKED)
                while len(under_way) < min(needed, REQUESTS_AT_ONCE):
                    under_way.append(self._request())
                if not under_way:
                    return ideas
                for idea in await self._read(under_way.popleft()):
                    if idea.fault is None and good == missing:
                        self._spare.append(idea)
                        continue
                    good += idea.fault is None
                    ideas.append(idea)
        finally:
            for request in under_way:
                request.reply.cancel()
            await asyncio.gather(*(r.reply for r in under_way), return_exceptions=True)

    def _request(self) -> _Request:
        self._requests += 1
        key = self._seed, self._requests
        made = _draw(self._made, SHOWN_MADE, "made", *key)
        shown = [*made, *_draw(self._given, SHOWN - len(made), "given", *key)]
        tasks = [" ".join(task.split()) for task in _draw(shown, SHOWN, "order", *key)]
        prompt = prompts.self_instruct(tasks, ASKED)
        teacher = self._teachers.choose(f"{NAME}/{self._requests}")
        asking = self._teachers.ask(teacher, prompt, sample=self._asked[prompt])
        reply = asyncio.create_task(asking)
        self._asked[prompt] += 1
        return _Request(self._requests, teacher, reply)

    async def _read(self, request: _Request) -> list[Idea]:
        """The ideas in a reply; those that are new are shown by later requests."""
        reply = await request.reply
        said: list[_Said] = (
            [("", reply)]
            if isinstance(reply, Fault)
            else [(text, fault or self._fault(text)) for text, fault in _split(reply)]
        )
        self._note([fault for _, fault in said])
        return [
            Idea(self._begin(request, position, text), request.teacher, fault)
            for position, (text, fault) in enumerate(said, 1)
        ]

    def _begin(self, request: _Request, position: int, text: str) -> Record:
        return begin(
            f"{NAME}/{request.number:06d}-{position:02d}",
            text,
            request.teacher,
            source=NAME,
            licence=self._licence,
        )

    def _fault(self, text: str) -> Fault | None:
        """Why a task is not taken, or None; then it is one of the tasks from now on."""
        words = len(text.split())
        if words < self._options.min_words:
            return Fault("too_short", f"{words} words")
        if words > self._options.max_words:
            return Fault("too_long", f"{words} words")
        if self._keyword and (match := self._keyword.search(text)):
            return Fault("keyword", match[0].lower())
        if text[0] in string.punctuation:
            return Fault("begins_with_punctuation", text[0])
        if like := self._novelty.nearest(text):
            return Fault("too_similar", f"ROUGE-L {like.rouge_l:.2f} to: {like.text}")
        self._novelty.add(text)
        self._made.append(text)
        return None

    def _note(self, faults: Sequence[Fault | None]) -> None:
        """Remember a reply that held nothing new; forget those before one that did."""
        if None in faults:
            self._vain = []
        else:
            self._vain.append(Counter(fault.rule for fault in faults if fault))


def read_tasks(path: Path) -> list[str]:
    """The instructions of a file of seed tasks. Raises InputError naming the row without one."""
    tasks = []
    for row in read_rows(path):
        text = row.value.get("instruction") if isinstance(row.value, dict) else None
        if not isinstance(text, str) or not text.strip():
            problem = "is not a task"
            raise InputError(
                path, line=row.line, field="instruction", problem=problem, value=row.value
            )
        tasks.append(text.strip())
    if not tasks:
        raise InputError(path, problem="holds no seed tasks")
    return tasks


def _split(reply: Reply) -> list[_Said]:
    """The numbered tasks in a reply, each with what is wrong with the reply there."""
    starts: list[re.Match[str]] = []
    for match in _NUMBER.finditer(reply.text):
        if not starts or int(match[1]) == 1 + int(starts[-1][1]):  # else a list within a task
            starts.append(match)
    whole = reply_fault(reply.text, reply.finish_reason, "instruction")
    if not starts:
        return [(reply.text.strip(), whole or Fault("no_numbered_task"))]
    ends = [match.start() for match in starts[1:]] + [len(reply.text)]
    texts = [reply.text[match.end() : end].strip() for match, end in zip(starts, ends, strict=True)]
    if whole and reply.finish_reason == "length":  # the others were finished
        return [*((text, None) for text in texts[:-1]), (texts[-1], whole)]
    return [(text, reply_fault(text, reply.finish_reason, "instruction")) for text in texts]


def _draw(items: Sequence[Item], wanted: int, *key: object) -> list[Item]:
    """So many different items (or all that there are), in an order that the key decides."""
    chosen: dict[int, None] = {}
    drawn = 0
    while len(chosen) < min(wanted, len(items)):
        chosen[int(text_digest(*key, drawn)[:13], 16) % len(items)] = None
        drawn += 1
    return [items[index] for index in chosen]

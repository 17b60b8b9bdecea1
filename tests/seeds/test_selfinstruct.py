"""Self-Instruct: what is shown, what is read from a reply, and what is refused by which rule."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from tests.fault_server import chat
from tests.seeds.teaching import say, teacher
from wizardcoder.errors import InputError
from wizardcoder.seeds.asking import Teachers
from wizardcoder.seeds.making import Idea
from wizardcoder.seeds.selfinstruct import SelfInstruct, SelfInstructOptions, read_tasks
from wizardcoder.teacher import Ledger, LocalTransport, Teacher

TASKS = [f"Write a function that {n} times {n * 'x'} does {n * 'y'} to a list." for n in range(21)]


def propose(
    folder: Path, reply: Any, *, missing: int = 1, finish_reason: str = "stop", **options: Any
) -> list[Idea]:
    """What comes of one request that is answered so."""

    async def work() -> list[Idea]:
        with Ledger(folder / "ledger.sqlite") as ledger:
            asked = teacher(ledger, lambda prompt: reply)
            asked._transport = LocalTransport(lambda request: chat(reply, finish_reason))
            source = SelfInstruct(TASKS, SelfInstructOptions(**options), Teachers([asked]))
            async with asked:
                request = source._request()
                return await source._read(request)

    return asyncio.run(work())


def rules(ideas: list[Idea]) -> list[str]:
    return [idea.fault.rule if idea.fault else "" for idea in ideas]


def instructions(ideas: list[Idea]) -> list[str]:
    return [idea.record.instruction for idea in ideas]


GOOD = "Parse a date in three formats and say which."
OTHER = "Count the islands of a grid with a stack."


@pytest.mark.parametrize(
    "reply",
    [
        f"9. {GOOD}\n10. {OTHER}",
        f"9) {GOOD}\n\n10) {OTHER}\n",
        f"Sure! Here they are:\n\n1. {GOOD}\n2. {OTHER}",
        f"**9.** {GOOD}\n**10.** {OTHER}",
        f"9 . {GOOD}\r\n10 . {OTHER}",
    ],
)
def test_numbered_tasks_are_read_however_they_are_numbered(tmp_path: Path, reply: str) -> None:
    ideas = propose(tmp_path, reply)
    assert instructions(ideas) == [GOOD, OTHER]
    assert rules(ideas) == ["", ""]


def test_a_list_within_a_task_belongs_to_it(tmp_path: Path) -> None:
    reply = f"9. {GOOD} Steps:\n1. read\n2. split\n10. {OTHER}"
    assert instructions(propose(tmp_path, reply)) == [f"{GOOD} Steps:\n1. read\n2. split", OTHER]


@pytest.mark.parametrize(
    ("task", "rule", "detail"),
    [
        ("Sort a list", "too_short", "3 words"),
        ("word " * 151, "too_long", "151 words"),
        ("Draw a triangle of stars", "keyword", "draw"),
        ("Read all lines of a File into a list", "keyword", "file"),
        ("(Optional) write a parser for sums", "begins_with_punctuation", "("),
        (TASKS[20].upper(), "too_similar", f"ROUGE-L 1.00 to: {TASKS[20]}"),
    ],
)
def test_a_task_is_refused_by_one_rule(tmp_path: Path, task: str, rule: str, detail: str) -> None:
    (idea,) = propose(tmp_path, f"9. {task}")
    assert idea.fault == (rule, detail)


def test_words_within_words_are_no_keywords(tmp_path: Path) -> None:
    assert rules(propose(tmp_path, "9. Profile a mapping of paragraphs by size.")) == [""]


def test_keywords_and_lengths_are_options(tmp_path: Path) -> None:
    found = propose(tmp_path, "9. Draw a tree", keywords="", min_words=3)
    assert rules(found) == [""]


def test_the_second_of_two_like_tasks_goes(tmp_path: Path) -> None:
    assert rules(propose(tmp_path, f"9. {GOOD}\n10. {GOOD}")) == ["", "too_similar"]


def test_of_a_reply_that_was_cut_only_the_last_task_goes(tmp_path: Path) -> None:
    ideas = propose(tmp_path, f"9. {GOOD}\n10. Count the isl", finish_reason="length")
    assert rules(ideas) == ["", "truncated_instruction"]


def test_a_reply_without_a_numbered_task_is_kept_with_its_rule(tmp_path: Path) -> None:
    (idea,) = propose(tmp_path, "I'd rather not.")
    assert idea.fault == ("no_numbered_task", "")
    assert idea.record.instruction == "I'd rather not."


def test_half_a_surrogate_pair_is_kept_with_escapes(tmp_path: Path) -> None:
    ideas = propose(tmp_path, f"9. {GOOD}\n10. Say \ud800 to the whole world")
    assert rules(ideas) == ["", "unencodable_instruction"]
    assert instructions(ideas)[1] == "Say \\ud800 to the whole world"


# What is shown


def grow(folder: Path, missing: int, seed: int = 0) -> tuple[list[str], list[str]]:
    """The prompts that were sent, and the instructions of the good ideas."""
    prompts: list[str] = []

    def noting(prompt: str) -> str:
        prompts.append(prompt)
        return say(prompt)

    async def work() -> list[Idea]:
        with Ledger(folder / "ledger.sqlite") as ledger:
            asked: Teacher = teacher(ledger, noting)
            async with asked:
                source = SelfInstruct(
                    TASKS, SelfInstructOptions(), Teachers([asked], seed), seed=seed
                )
                return await source.propose(missing)

    ideas = asyncio.run(work())
    return prompts, [idea.record.instruction for idea in ideas if idea.fault is None]


def shown(prompt: str) -> list[str]:
    return re.findall(r"^\d+\. (.*)$", prompt, re.MULTILINE)


def test_eight_tasks_are_shown_two_of_them_made_once_there_are_some(tmp_path: Path) -> None:
    prompts, made = grow(tmp_path, 400)
    assert all(len(set(shown(prompt))) == 8 for prompt in prompts)
    by_hand = [len(set(shown(prompt)) & set(TASKS)) for prompt in prompts]
    assert by_hand[0] == 8
    assert by_hand[-1] == 6
    assert set(shown(prompts[-1])) <= {*TASKS, *made}


def test_another_seed_shows_other_tasks(tmp_path: Path) -> None:
    first = grow(tmp_path / "0", 8, seed=0)[0]
    assert first == grow(tmp_path / "again", 8, seed=0)[0]
    assert first != grow(tmp_path / "1", 8, seed=1)[0]


def test_no_more_is_asked_than_may_be_needed(tmp_path: Path) -> None:
    prompts, made = grow(tmp_path, 8)
    assert len(made) == 8
    assert len(prompts) <= 4


# The tasks


@pytest.mark.real_data
def test_the_21_seed_tasks_are_read(shared: Path) -> None:
    tasks = read_tasks(shared / "data" / "seeds" / "self_instruct_seed_tasks.jsonl")
    assert len(tasks) == 21
    assert tasks[0] == "Suggest a completion for the following python code."


def test_a_row_without_a_task_is_named(tmp_path: Path) -> None:
    file = tmp_path / "tasks.jsonl"
    file.write_text('{"instruction": "Add."}\n{"name": "x"}\n')
    with pytest.raises(InputError, match=r"tasks\.jsonl:2: field 'instruction' is not a task"):
        read_tasks(file)

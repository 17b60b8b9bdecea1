"""A lineage walks alone, from the last instruction that was accepted."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.evolve.worlds import Said, Script, down, plan, seed
from wizardcoder import prompts
from wizardcoder.errors import StorageError, TeacherAccessError
from wizardcoder.evolve.lineage import Attempt, Plan, walk

SEED = seed(instruction="Sum the list.", input="[1, 2]")
QUESTION = "Sum the list.\n[1, 2]"
REPLACE = plan(3, replace=1.0)


def walked(script: Script, done: Sequence[Attempt] = (), plan: Plan = REPLACE) -> list[Attempt]:
    async def work() -> list[Attempt]:
        return [attempt async for attempt in walk(SEED, done, plan, script)]

    return asyncio.run(work())


def is_evolving(prompt: str) -> bool:
    return prompt.startswith("Please increase the difficulty")


def harder(prompt: str, sample: int) -> str:
    """Adds `!` to the question it is asked to evolve; answers with code."""
    return prompt.rpartition("\n\n")[2] + " more!" if is_evolving(prompt) else "print(3)"


def test_each_round_evolves_the_instruction_of_the_round_before() -> None:
    attempts = walked(Script(harder))
    assert [a.instruction for a in attempts] == [
        f"{QUESTION} more!",
        f"{QUESTION} more! more!",
        f"{QUESTION} more! more! more!",
    ]
    assert [a.parent_id for a in attempts] == ["s/000001", "s/000001#1", "s/000001#2"]


def test_the_teacher_sees_the_evolving_prompt_and_then_the_bare_instruction() -> None:
    script = Script(harder)
    walked(script, plan=plan(1, replace=1.0))
    assert script.asked == [
        (prompts.evolve("replace", QUESTION), 0),
        (f"{QUESTION} more!", 0),
    ]


def test_an_attempt_says_where_it_comes_from() -> None:
    attempt = walked(Script(harder))[0]
    assert attempt == Attempt(
        id="s/000001#1",
        seed_id="s/000001",
        round=1,
        parent_id="s/000001",
        operation="replace",
        instruction=f"{QUESTION} more!",
        input="",
        response="print(3)",
        source="tests",
        licence="MIT",
        teacher="m",
        teacher_terms="none",
        rule="",
        detail="",
    )


def test_white_space_around_replies_is_dropped() -> None:
    script = Script(lambda prompt, sample: f"\n {harder(prompt, sample)}\n")
    attempt = walked(script)[0]
    assert (attempt.instruction, attempt.response) == (f"{QUESTION} more!", "print(3)")


# Rejection


def test_a_rejected_instruction_is_not_answered_and_the_next_round_starts_before_it() -> None:
    first = prompts.evolve("replace", QUESTION), 0
    script = Script(lambda p, n: QUESTION if (p, n) == first else harder(p, n))
    attempts = walked(script)
    assert [a.rule for a in attempts] == ["no_information_gain", "", ""]
    assert [a.parent_id for a in attempts] == ["s/000001", "s/000001", "s/000001#2"]
    assert [p for p, _ in script.asked if not is_evolving(p)] == [
        f"{QUESTION} more!",
        f"{QUESTION} more! more!",
    ]


def test_a_rejected_answer_is_kept_and_the_next_round_starts_before_it() -> None:
    script = Script(lambda p, n: "Sorry." if p == f"{QUESTION} more!" and not n else harder(p, n))
    attempts = walked(script)
    assert (attempts[0].rule, attempts[0].response) == ("refusal", "Sorry.")
    assert [a.parent_id for a in attempts[1:]] == ["s/000001", "s/000001#2"]


def test_a_round_after_rejections_only_starts_from_the_seed() -> None:
    script = Script(lambda prompt, sample: "")
    attempts = walked(script)
    assert [(a.parent_id, a.rule) for a in attempts] == [("s/000001", "empty_instruction")] * 3


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        (Said("Sum the lists of", "length"), "truncated_instruction"),
        (Said("Sum #Given Test#"), "copied_prompt"),
        (Said("Sum \ud800 lists"), "unencodable_instruction"),
    ],
)
def test_the_evidence_of_a_rejected_instruction_is_kept(said: Said, rule: str) -> None:
    attempt = walked(Script(lambda prompt, sample: said))[0]
    assert (attempt.rule, attempt.response) == (rule, "")
    assert attempt.instruction == said.text.replace("\ud800", "\\ud800")


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        (Said("print(", "length"), "truncated_answer"),
        (Said("print('\udfff')"), "unencodable_answer"),
        (Said(""), "empty_answer"),
    ],
)
def test_the_evidence_of_a_rejected_answer_is_kept(said: Said, rule: str) -> None:
    script = Script(lambda p, n: Said(harder(p, n)) if is_evolving(p) else said)
    attempt = walked(script)[0]
    assert (attempt.rule, attempt.instruction) == (rule, f"{QUESTION} more!")
    assert attempt.response == said.text.replace("\udfff", "\\udfff")


# Samples


def test_a_request_that_was_made_before_is_a_new_sample() -> None:
    script = Script(lambda p, n: QUESTION if is_evolving(p) else "print(3)")
    walked(script)
    assert script.asked == [(prompts.evolve("replace", QUESTION), n) for n in range(3)]


@pytest.mark.parametrize("answer", ["Sorry.", ""], ids=["refused", "empty"])
def test_an_instruction_that_comes_again_is_answered_anew(answer: str) -> None:
    script = Script(lambda p, n: f"{QUESTION} more!" if is_evolving(p) else answer)
    walked(script)
    answered = [(p, n) for p, n in script.asked if not is_evolving(p)]
    assert answered == [(f"{QUESTION} more!", n) for n in range(3)]


def test_requests_of_other_rounds_do_not_count() -> None:
    script = Script(harder)
    walked(script)
    assert {sample for _, sample in script.asked} == {0}


# A teacher that fails


def test_a_failed_call_is_an_attempt_with_its_error_and_the_walk_goes_on() -> None:
    first = prompts.evolve("replace", QUESTION), 0
    script = Script(lambda p, n: down() if (p, n) == first else harder(p, n))
    attempts = walked(script)
    assert [a.rule for a in attempts] == ["teacher_failed", "", ""]
    assert attempts[0].detail == str(down())
    assert attempts[1].parent_id == "s/000001"


def test_the_instruction_is_kept_when_only_its_answer_failed() -> None:
    attempt = walked(Script(lambda p, n: harder(p, n) if is_evolving(p) else down()))[0]
    assert (attempt.rule, attempt.instruction) == ("teacher_failed", f"{QUESTION} more!")


@pytest.mark.parametrize("error", [TeacherAccessError("wrong key"), StorageError("disk full")])
def test_an_error_that_no_attempt_can_mend_ends_the_walk(error: Exception) -> None:
    with pytest.raises(type(error), match=str(error)):
        walked(Script(lambda prompt, sample: error))


# Going on


@pytest.mark.parametrize("interrupted", range(4))
def test_going_on_asks_what_the_uninterrupted_walk_would_have_asked(interrupted: int) -> None:
    def stubborn(prompt: str, sample: int) -> str:
        if is_evolving(prompt):
            return f"{QUESTION} more!"
        return "Sorry." if sample < 1 else "print(3)"

    whole = Script(stubborn)
    attempts = walked(whole, plan=plan(4, replace=1.0))
    rest = Script(stubborn)
    later = walked(rest, attempts[:interrupted], plan(4, replace=1.0))
    assert attempts[:interrupted] + later == attempts
    assert rest.asked == whole.asked[len(whole.asked) - len(rest.asked) :]


def test_a_walk_that_is_done_asks_nothing(tmp_path: Path) -> None:
    attempts = walked(Script(harder))
    script = Script(harder)
    assert walked(script, attempts) == []
    assert script.asked == []

"""A lineage walks alone, from the last instruction that was accepted."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.evolve.worlds import Said, Script, down, plan, seed
from wizardcoder import evolve, prompts, recipe
from wizardcoder.errors import StorageError, TeacherAccessError, TeacherRefusedError
from wizardcoder.evolve import Attempt, Plan
from wizardcoder.evolve.lineage import walk
from wizardcoder.records import Record

SEED = seed(instruction="Sum the list.", input="[1, 2]")
QUESTION = "Sum the list.\n[1, 2]"
REPLACE = plan(3, replace=1.0)


def walked(
    script: Script,
    done: Sequence[Attempt] = (),
    plan: Plan = REPLACE,
    others: Sequence[Script] = (),
    seed: Record = SEED,
) -> list[Attempt]:
    async def work() -> list[Attempt]:
        return [attempt async for attempt in walk(seed, done, plan, [script, *others])]

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


def test_an_attempt_keeps_what_the_system_said_to_its_seed() -> None:
    given = replace(SEED, system="Answer in French.")
    assert {a.system for a in walked(Script(harder), seed=given)} == {"Answer in French."}


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


# A judge

JUDGED = REPLACE._replace(judge=recipe.Judge())


def is_judging(prompt: str) -> bool:
    return prompt.startswith("Compare two questions.")


def judged_by(*verdicts: str | Said) -> Script:
    """A teacher that evolves, answers, and gives the n-th verdict to the n-th sample."""

    def reply(prompt: str, sample: int) -> str | Said:
        return verdicts[sample % len(verdicts)] if is_judging(prompt) else harder(prompt, sample)

    return Script(reply)


def test_a_child_that_the_judge_finds_equal_is_rejected_before_its_answer_is_paid() -> None:
    script = judged_by("Equal")
    attempts = walked(script, plan=JUDGED)
    assert [(a.rule, a.detail, a.judge) for a in attempts] == [
        ("no_information_gain", "equal, says the judge", "equal")
    ] * 3
    assert not any(prompt == f"{QUESTION} more!" for prompt, _ in script.asked)


def test_a_child_that_asks_for_more_is_kept_with_the_verdict() -> None:
    assert [(a.rule, a.judge) for a in walked(judged_by("Not Equal"), plan=JUDGED)] == [
        ("", "not_equal")
    ] * 3


@pytest.mark.parametrize("reply", ["Well ...", "", Said("Not Equal", "length"), "Equal or not?"])
def test_a_reply_that_is_no_verdict_is_asked_once_more_and_then_the_child_is_kept(
    reply: str | Said,
) -> None:
    script = judged_by(reply)
    attempts = walked(script, plan=JUDGED._replace(rounds=1))
    assert [(a.rule, a.judge) for a in attempts] == [("", "unclear")]
    assert [sample for prompt, sample in script.asked if is_judging(prompt)] == [0, 1]


def test_the_second_reply_of_the_judge_counts() -> None:
    attempts = walked(judged_by("Hm.", "Equal"), plan=JUDGED._replace(rounds=1))
    assert [(a.rule, a.judge) for a in attempts] == [("no_information_gain", "equal")]


def test_the_judge_has_its_own_decoding_and_nobody_else() -> None:
    script = judged_by("Not Equal")
    walked(script, plan=JUDGED)
    for (prompt, _), decoding in zip(script.asked, script.decodings, strict=True):
        assert decoding == (JUDGED.judge if is_judging(prompt) else None)


def test_the_cheap_rules_come_before_the_judge() -> None:
    script = Script(lambda prompt, sample: QUESTION)
    walked(script, plan=JUDGED)
    assert not any(is_judging(prompt) for prompt, _ in script.asked)


@pytest.mark.parametrize("operation", ["paraphrase", "breadth", "mine"])
def test_operations_whose_children_need_not_ask_for_more_are_not_judged(operation: str) -> None:
    mine = recipe.CustomOperation(prompt="Translate: {question}", judged=False)
    plan = JUDGED._replace(operations={operation: 1.0}, custom={"mine": mine})
    script = Script(lambda prompt, sample: f"Something else entirely, the {len(prompt)}th.")
    assert {a.judge for a in walked(script, plan=plan)} == {""}


def test_a_failed_judge_is_a_failed_attempt_that_keeps_its_instruction() -> None:
    script = Script(lambda p, n: down() if is_judging(p) else harder(p, n))
    attempt = walked(script, plan=JUDGED)[0]
    assert (attempt.rule, attempt.instruction) == ("teacher_failed", f"{QUESTION} more!")


# Operations of the user's own


def test_an_operation_of_the_users_own_is_sent_as_it_is_written() -> None:
    mine = recipe.CustomOperation(prompt="Use {3} of {braces}.\n{question}\nNow.")
    plan = REPLACE._replace(rounds=1, operations={"mine": 1.0}, custom={"mine": mine})
    script = Script(lambda prompt, sample: "A new one {x}.")
    attempt = walked(script, plan=plan)[0]
    assert script.asked[0] == (f"Use {{3}} of {{braces}}.\n{QUESTION}\nNow.", 0)
    assert (attempt.operation, attempt.instruction, attempt.rule) == ("mine", "A new one {x}.", "")


def test_an_instruction_that_copies_the_users_own_prompt_is_rejected() -> None:
    mine = recipe.CustomOperation(
        prompt="Write a variant that a beginner would not see: {question}"
    )
    plan = REPLACE._replace(rounds=1, operations={"mine": 1.0}, custom={"mine": mine})
    attempt = walked(Script(lambda prompt, sample: f"{prompt} Done."), plan=plan)[0]
    assert attempt.rule == "copied_prompt"


# Languages

RUST = REPLACE._replace(languages={"Rust": 1.0})
IN_RUST = "Write the solution in Rust."


def test_the_language_is_part_of_every_question_and_said_once() -> None:
    script = Script(harder)
    attempts = walked(script, plan=RUST)
    assert script.asked[0] == (prompts.evolve("replace", f"{QUESTION}\n\n{IN_RUST}"), 0)
    for attempt in attempts:
        assert attempt.language == "Rust"
        assert attempt.instruction.count(IN_RUST) == 1
        assert (attempt.instruction, 0) in script.asked  # what is stored is what was asked


def test_a_child_that_only_drops_the_language_brings_no_information() -> None:
    attempts = walked(Script(lambda prompt, sample: QUESTION), plan=RUST)
    assert [a.rule for a in attempts] == ["no_information_gain"] * 3


def test_a_child_that_is_empty_stays_empty_in_any_language() -> None:
    assert walked(Script(lambda p, n: " "), plan=RUST)[0].rule == "empty_instruction"


# Several teachers

TWO = REPLACE._replace(
    rounds=12, teachers=[evolve.PlanTeacher("m", "none", 3.0), evolve.PlanTeacher("n", "some")]
)


def test_all_calls_of_an_attempt_go_to_the_teacher_that_it_names() -> None:
    first, second = Script(harder), Script(harder)
    attempts = walked(first, plan=TWO, others=[second])
    by = {"m": first, "n": second}
    for attempt in attempts:
        assert (attempt.instruction, 0) in by[attempt.teacher].asked
    assert {(a.teacher, a.teacher_terms) for a in attempts} == {("m", "none"), ("n", "some")}
    assert len(first.asked) + len(second.asked) == 2 * len(attempts)


def test_samples_are_counted_for_each_teacher() -> None:
    scripts = [Script(lambda prompt, sample: "Sum more."), Script(lambda prompt, sample: "")]
    walked(scripts[0], plan=TWO, others=scripts[1:])
    for script in scripts:
        for prompt in {prompt for prompt, _ in script.asked}:
            samples = [n for asked, n in script.asked if asked == prompt]
            assert samples == list(range(len(samples)))


def test_samples_of_one_model_with_two_keys_are_counted_together() -> None:
    script = Script(lambda prompt, sample: "")
    same = TWO._replace(teachers=[evolve.PlanTeacher("m"), evolve.PlanTeacher("m")])
    walked(script, plan=same, others=[script])
    assert [sample for _, sample in script.asked] == list(range(12))


@pytest.mark.parametrize("interrupted", range(12))
def test_going_on_with_judges_and_teachers_asks_what_would_have_been_asked(
    interrupted: int,
) -> None:
    def stubborn(prompt: str, sample: int) -> str:
        if is_judging(prompt):
            return ("", "Equal", "Not Equal", "?", "!")[sample % 5]
        return f"{QUESTION} more!" if is_evolving(prompt) else "Sorry."

    plan = TWO._replace(judge=recipe.Judge())
    whole = Script(stubborn)
    attempts = walked(whole, plan=plan, others=[whole])
    rest = Script(stubborn)
    later = walked(rest, attempts[:interrupted], plan, [rest])
    assert attempts[:interrupted] + later == attempts
    assert rest.asked == whole.asked[len(whole.asked) - len(rest.asked) :]


# Odd input


@pytest.mark.parametrize("nothing", [" ", "\n\t", "\u2003"])
def test_an_empty_seed_asks_nothing_and_every_attempt_says_so(nothing: str) -> None:
    script = Script(harder)
    attempts = walked(script, seed=replace(SEED, instruction=nothing, input=""))
    assert [a.rule for a in attempts] == ["empty_seed"] * 3
    assert script.asked == []


@pytest.mark.parametrize(
    "question",
    [
        "x" * 100_000,
        "Fix this:\n```python\nprint('{question}', f\"{x!r}\")\n```\n",
        "Left open:\n~~~\n```rust\nfn main() {}",
        "你好 🙂 \u202e\u2028 é {} {0} %s \\n",
        "```\n#Given Test#\n```",
    ],
    ids=["100 kB", "fence", "open fence", "unicode", "marks"],
)
def test_odd_questions_are_evolved_as_they_are(question: str) -> None:
    script = Script(lambda p, n: f"{question} And more?" if is_evolving(p) else "print(3)")
    attempt = walked(
        script, plan=REPLACE._replace(rounds=1), seed=replace(SEED, instruction=question, input="")
    )[0]
    assert script.asked[0][0] == prompts.evolve("replace", question)
    assert script.asked[0][0].endswith(question)
    assert (attempt.rule, attempt.instruction) == ("", f"{question} And more?".strip())


def test_a_request_that_the_endpoint_refuses_for_good_is_told_apart_from_a_failure() -> None:
    error = TeacherRefusedError("HTTP 400: too long")
    attempts = walked(Script(lambda prompt, sample: error))
    assert [(a.rule, a.detail) for a in attempts] == [("teacher_refused", str(error))] * 3

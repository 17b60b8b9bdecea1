"""Each format's rows say what they hold, or which rule is against them."""

from __future__ import annotations

from typing import Any

import pytest

from wizardcoder.seeds.formats import Columns, Draft, RowFault, format_of, reader

COLUMNS = Columns()


def sharegpt(*turns: tuple[str, object], **others: object) -> dict[str, object]:
    return {"conversations": [{"from": who, "value": said} for who, said in turns], **others}


def chat(*turns: tuple[str, object]) -> dict[str, object]:
    return {"messages": [{"role": who, "content": said} for who, said in turns]}


def draft(row: object, format: str | None = None, columns: Columns = COLUMNS) -> Draft:
    return reader(format or str(format_of(row, columns)), columns)(row)


# Alpaca


def test_an_alpaca_row_is_instruction_input_and_response() -> None:
    row = {"instruction": "Sum.", "input": "[1, 2]", "output": "3", "system": "Be brief."}
    assert draft({**row, "note": 7}) == Draft("Sum.", "[1, 2]", "3", "Be brief.")


@pytest.mark.parametrize("nothing", [{}, {"input": None, "system": None}])
def test_an_alpaca_row_needs_no_input(nothing: dict[str, Any]) -> None:
    assert draft({"instruction": "Add.", "output": "4", **nothing}) == Draft("Add.", "", "4")


def test_columns_go_by_the_names_that_are_given() -> None:
    columns = Columns(instruction="problem", response="solution", input="context")
    row = {"problem": "Add.", "context": "1", "solution": "4", "output": "not this"}
    assert draft(row, columns=columns) == Draft("Add.", "1", "4")


def test_rows_of_instructions_only_are_read_when_told() -> None:
    assert draft({"instruction": "Add."}, columns=Columns(response="")) == Draft("Add.")


def test_an_empty_answer_is_an_answer() -> None:
    assert draft({"instruction": "Say nothing.", "output": ""}) == Draft("Say nothing.")


@pytest.mark.parametrize(
    "text", [" \n\tA\u2028B\u0085C\x0cD\x01\U0001f600 ", "```\nx\n```", "e\u0301"]
)
def test_text_is_kept_as_it_is(text: str) -> None:
    assert draft({"instruction": text, "output": text}) == Draft(text, "", text)
    assert draft(chat(("user", text), ("assistant", text))) == Draft(text, "", text)


# Conversations


@pytest.mark.parametrize("row", [sharegpt, chat])
def test_the_first_turns_are_instruction_and_response_and_the_rest_is_kept(row: Any) -> None:
    turns = [("system", "S"), ("user", "1"), ("assistant", "2"), ("user", "3"), ("assistant", "4")]
    assert draft(row(*turns)) == Draft("1", "", "2", "S", ("3", "4"))


@pytest.mark.parametrize(("user", "model"), [("human", "gpt"), ("user", "chatgpt")])
def test_speakers_go_by_their_usual_names(user: str, model: str) -> None:
    assert draft(sharegpt((user, "1"), (model, "2"))) == Draft("1", "", "2")


@pytest.mark.parametrize("key", ["conversations", "messages"])
@pytest.mark.parametrize("names", [("from", "value"), ("role", "content")])
def test_a_turn_is_spelled_either_way_under_either_key(key: str, names: tuple[str, str]) -> None:
    who, said = names
    turns = [{who: "user", said: "1"}, {who: "assistant", said: "2", "weight": 1}]
    assert draft({key: turns}) == Draft("1", "", "2")


def test_absent_columns_of_a_table_are_no_fields() -> None:
    turn = {"from": "human", "value": "1", "role": None, "content": None}
    row = {"conversations": [turn], "messages": None, "instruction": None}
    assert draft(row) == Draft("1")


def test_content_in_text_parts_is_joined() -> None:
    parts = [{"type": "text", "text": "Fix:"}, {"type": "input_text", "text": "x = "}]
    assert draft(chat(("user", parts))).instruction == "Fix:\nx = "


def test_a_question_that_nobody_answered_is_a_seed_without_response() -> None:
    assert draft(chat(("system", "S"), ("user", "1"))) == Draft("1", "", "", "S")


def test_a_last_turn_without_reply_is_kept() -> None:
    assert draft(chat(("user", "1"), ("assistant", "2"), ("user", "3"))).turns == ("3",)


def test_the_system_prompt_may_stand_beside_the_conversation() -> None:
    assert draft(sharegpt(("human", "1"), system="S")).system == "S"


# What cannot be a seed


@pytest.mark.parametrize(
    ("row", "rule", "field", "problem"),
    [
        ([1], "not_an_object", None, "is not a JSON object"),
        ("text", "not_an_object", None, "is not a JSON object"),
        ({}, "no_instruction", "instruction", "is missing; this row has no field"),
        (
            {"prompt": "a", "output": "b", "input": None},
            "no_instruction",
            "instruction",
            "is missing; this row has output, prompt",
        ),
        ({"instruction": None, "output": "b"}, "no_instruction", "instruction", "is missing; this"),
        ({"instruction": " \n", "output": "b"}, "no_instruction", "instruction", "is empty"),
        ({"instruction": "a"}, "no_response", "output", "is missing; this row has instruction"),
        ({"instruction": "a", "output": None}, "no_response", "output", "is missing"),
        ({"instruction": 7, "output": "b"}, "not_text", "instruction", "is not text"),
        ({"instruction": "a", "output": b"b"}, "not_text", "output", "is not text"),
        ({"instruction": "a", "input": [], "output": "b"}, "not_text", "input", "is not text"),
        (
            {"instruction": "a\ud800", "output": "b"},
            "not_text",
            "instruction",
            "holds half of a surrogate pair",
        ),
        (chat(), "no_instruction", "messages", "holds nothing that a user says"),
        (chat(("system", "S")), "no_instruction", "messages", "holds nothing that a user says"),
        (chat(("user", "\t")), "no_instruction", "messages", "is empty"),
        (chat(("assistant", "1"), ("user", "2")), "not_in_turn", "messages", "begins with the ass"),
        (
            sharegpt(("human", "1"), ("human", "2")),
            "not_in_turn",
            "conversations",
            "is out of turn: the user speaks twice in a row",
        ),
        (
            chat(("user", "1"), ("system", "2"), ("assistant", "3")),
            "not_in_turn",
            "messages",
            "is out of turn: the system speaks after the conversation has begun",
        ),
        ({"messages": "hi"}, "not_in_turn", "messages", "is not a list of turns"),
        ({"messages": ["hi"]}, "not_in_turn", "messages[0]", "is not a turn"),
        (chat(("user", "1"), ("tool", "2")), "unknown_role", "messages[1]", "is said by nobody"),
        ({"messages": [{"content": "1"}]}, "unknown_role", "messages[0]", "is said by nobody"),
        ({"messages": [{"role": ["user"]}]}, "unknown_role", "messages[0]", "is said by nobody"),
        (chat(("user", None)), "not_text", "messages[0]", "is not text"),
        (sharegpt(("human", "1"), ("gpt", "\udfff")), "not_text", "conversations[1]", "holds half"),
        (
            chat(("user", [{"type": "image_url", "image_url": {}}])),
            "not_text",
            "messages[0]",
            "is not text",
        ),
    ],
)
def test_a_row_that_cannot_be_a_seed_has_one_rule_against_it(
    row: object, rule: str, field: str | None, problem: str
) -> None:
    with pytest.raises(RowFault) as caught:
        draft(row)
    assert (caught.value.rule, caught.value.field) == (rule, field)
    assert caught.value.problem.startswith(problem)


@pytest.mark.parametrize("format", ["sharegpt", "chat"])
def test_a_row_of_another_format_than_the_one_named_has_no_instruction(format: str) -> None:
    with pytest.raises(RowFault, match="is missing; this row has instruction, output") as caught:
        draft({"instruction": "a", "output": "b"}, format)
    assert caught.value.rule == "no_instruction"


@pytest.mark.parametrize(
    ("row", "format"),
    [
        ({"instruction": "a"}, "alpaca"),
        ({"conversations": []}, "sharegpt"),
        ({"messages": [], "instruction": "a"}, "chat"),
        ({"messages": None, "instruction": "a"}, "alpaca"),
        ({"prompt": "a"}, None),
        ([], None),
    ],
)
def test_the_format_of_a_row_shows_in_its_fields(row: object, format: str | None) -> None:
    assert format_of(row, COLUMNS) == format

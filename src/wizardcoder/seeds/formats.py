"""What a row of each format says: instruction, response, and the rest of a conversation.

    alpaca    {instruction, input, output}, or other columns that are named
    sharegpt  {conversations: [{from: human | gpt | system, value}]}
    chat      {messages: [{role: user | assistant | system, content}]}
    records   a table of this project: its rows keep their source, licence and teacher

A conversation's first user turn is the instruction, the first assistant turn the response; what
follows is kept as `turns`. One that nobody has answered is a seed without a response.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from wizardcoder.recipe import Section

FORMATS = ("records", "sharegpt", "chat", "alpaca")
#: Who speaks, by the names that data sets have for them.
_ROLES = {
    **dict.fromkeys(("human", "user"), "user"),
    **dict.fromkeys(("gpt", "chatgpt", "assistant"), "assistant"),
    **dict.fromkeys(("system", "developer"), "system"),
}
_LARGEST = (1 << 63) - 1  # of a number in a table
_TEXT_PARTS = frozenset({"text", "input_text", "output_text"})


class Columns(Section):
    """The columns of an Alpaca row; data sets also call them prompt, question, completion, …

    `response = ""`: the rows hold instructions only.
    """

    instruction: str = "instruction"
    input: str = "input"
    response: str = "output"


class Provenance(NamedTuple):
    """Where a row says itself that it comes from."""

    source: str
    licence: str
    teacher: str
    teacher_terms: str


#: The texts that a row of this project's tables has, and no other.
_OF_RECORDS = ("seed_id", *Provenance._fields)


class Lineage(NamedTuple):
    """What a row of this project's tables says of itself as a record."""

    id: str
    seed_id: str
    round: int
    parent_id: str | None
    operation: str | None
    language: str
    judge: str
    verification: str
    tries: int

    @classmethod
    def of_seed(cls, seed_id: str) -> Lineage:
        """That of a seed, which descends from nothing."""
        return cls(seed_id, seed_id, 0, None, None, "", "", "", 0)


class Draft(NamedTuple):
    """What a row says of a record."""

    instruction: str
    input: str = ""
    response: str = ""
    system: str = ""
    turns: tuple[str, ...] = ()
    provenance: Provenance | None = None
    lineage: Lineage | None = None


class RowFault(Exception):
    """A row that cannot be a seed: the one rule that refuses it, and what is wrong with what.

    Never leaves this package: `reading` makes of it a rejection that names the place.
    """

    def __init__(
        self, rule: str, problem: str, *, field: str | None = None, value: object = None
    ) -> None:
        super().__init__(rule, problem)
        self.rule = rule
        self.problem = problem
        self.field = field
        self.value = value


def format_of(row: object, columns: Columns) -> str | None:
    """The format that a row is in, None where it has the fields of none."""
    if not isinstance(row, dict):
        return None
    if "seed_id" in row and all(isinstance(row.get(field), str) for field in _OF_RECORDS):
        return "records"
    if row.get("conversations") is not None:
        return "sharegpt"
    if row.get("messages") is not None:
        return "chat"
    return "alpaca" if row.get(columns.instruction) is not None else None


def reader(format: str, columns: Columns) -> Callable[[object], Draft]:
    """What reads a row of a format. It raises RowFault for a row that cannot be a seed."""

    def read(row: object) -> Draft:
        if not isinstance(row, dict):
            raise RowFault("not_an_object", "is not a JSON object", value=row)
        if format == "sharegpt":
            return _conversation(row, "conversations")
        if format == "chat":
            return _conversation(row, "messages")
        if format == "records":
            return _record(row)
        return _alpaca(row, columns)

    return read


def _alpaca(row: Mapping[str, Any], columns: Columns) -> Draft:
    if row.get(columns.instruction) is None:
        raise RowFault("no_instruction", _missing(row), field=columns.instruction)
    if columns.response and row.get(columns.response) is None:
        raise RowFault("no_response", _missing(row), field=columns.response)
    return Draft(
        instruction=_instruction(row[columns.instruction], columns.instruction),
        input=_optional_text(row, columns.input),
        response=_optional_text(row, columns.response),
        system=_optional_text(row, "system"),
    )


def _record(row: Mapping[str, Any]) -> Draft:
    draft = _alpaca(row, Columns(response="response"))
    turns = tuple(_text(turn, "turns") for turn in row.get("turns") or ())
    provenance = Provenance(*(_text(row.get(field), field) for field in Provenance._fields))
    return draft._replace(turns=turns, provenance=provenance, lineage=_lineage(row))


def _lineage(row: Mapping[str, Any]) -> Lineage | None:
    if row.get("id") is None:
        return None
    return Lineage(
        id=_text(row["id"], "id"),
        seed_id=_text(row.get("seed_id"), "seed_id"),
        round=_number(row, "round"),
        parent_id=_optional_text(row, "parent_id") or None,
        operation=_optional_text(row, "operation") or None,
        language=_optional_text(row, "language"),
        judge=_optional_text(row, "judge"),
        verification=_optional_text(row, "verification"),
        tries=_number(row, "tries"),
    )


def _number(row: Mapping[str, Any], field: str) -> int:
    value = row.get(field) or 0
    if not isinstance(value, int) or not 0 <= value <= _LARGEST:
        raise RowFault("not_a_number", "is no count", field=field, value=value)
    return value


def _missing(row: Mapping[str, Any]) -> str:
    has = ", ".join(sorted(key for key, value in row.items() if value is not None)) or "no field"
    return f"is missing; this row has {has}"


def _conversation(row: Mapping[str, Any], key: str) -> Draft:
    turns = row.get(key)
    if turns is None:
        raise RowFault("no_instruction", _missing(row), field=key)
    if not isinstance(turns, Sequence) or isinstance(turns, str):
        raise RowFault("not_in_turn", "is not a list of turns", field=key, value=turns)
    said = [_turn(turn, f"{key}[{number}]") for number, turn in enumerate(turns)]
    system = _optional_text(row, "system")
    if said and said[0][0] == "system":
        system = said.pop(0)[1]
    if not said:
        raise RowFault("no_instruction", "holds nothing that a user says", field=key, value=turns)
    for number, (role, text) in enumerate(said):
        if role != ("user", "assistant")[number % 2]:
            raise RowFault("not_in_turn", _out_of_turn(role, number), field=key, value=text)
    first, *rest = (text for _, text in said)
    response = rest.pop(0) if rest else ""
    return Draft(_instruction(first, key), "", response, system, tuple(rest))


def _out_of_turn(role: str, number: int) -> str:
    if number == 0:
        return f"begins with the {role}"
    return f"is out of turn: the {role} speaks " + (
        "after the conversation has begun" if role == "system" else "twice in a row"
    )


def _turn(turn: object, where: str) -> tuple[str, str]:
    """Who speaks, and what."""
    if not isinstance(turn, Mapping):
        raise RowFault("not_in_turn", "is not a turn", field=where, value=turn)
    name = next((turn[key] for key in ("from", "role") if turn.get(key) is not None), None)
    role = _ROLES.get(name) if isinstance(name, str) else None
    if role is None:
        raise RowFault("unknown_role", "is said by nobody known", field=where, value=name)
    text = next((turn[key] for key in ("value", "content") if turn.get(key) is not None), None)
    return role, _text(_joined(text), where)


def _joined(content: object) -> object:
    """The text of a turn that is a list of text parts; anything else as it is."""
    if not isinstance(content, list):
        return content
    parts = [part.get("text") for part in content if _is_text_part(part)]
    return "\n".join(parts) if len(parts) == len(content) else content


def _is_text_part(part: object) -> bool:
    return (
        isinstance(part, Mapping)
        and part.get("type") in _TEXT_PARTS
        and isinstance(part.get("text"), str)
    )


def _instruction(value: object, field: str) -> str:
    text = _text(value, field)
    if not text.strip():
        raise RowFault("no_instruction", "is empty", field=field, value=text)
    return text


def _optional_text(row: Mapping[str, Any], field: str) -> str:
    value = row.get(field)
    return "" if value is None else _text(value, field)


def _text(value: object, field: str) -> str:
    if not isinstance(value, str):
        raise RowFault("not_text", "is not text", field=field, value=value)
    try:
        if not value.isascii():
            value.encode()
    except UnicodeEncodeError:
        problem = "holds half of a surrogate pair, which is no Unicode text"
        raise RowFault("not_text", problem, field=field, value=value) from None
    if "\0" in value:
        raise RowFault("not_text", "holds a NUL character", field=field, value=value)
    return value

"""How a record is written for a model: Alpaca's template (the paper's) or the model's own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal

from wizardcoder import prompts
from wizardcoder.errors import TrainingError
from wizardcoder.records import Record
from wizardcoder.train.examples import Example

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Template = Literal["alpaca", "chat"]
Message = dict[str, str]


def from_records(records: Iterable[Record]) -> list[Example]:
    """The examples of instruction tuning in the paper's template."""
    return [alpaca(record) for record in records]


def render(
    records: Iterable[Record], template: Template, tokenizer: PreTrainedTokenizerBase
) -> Iterator[Example]:
    """The examples, as they are asked for.

    Raises TrainingError when the model has no chat template, or one that cannot say what it asks.
    """
    if template == "alpaca":
        yield from map(alpaca, records)
        return
    if not tokenizer.chat_template:
        raise TrainingError(
            "train.template = 'chat': the base model's tokenizer has no chat template; "
            "use train.template = 'alpaca', the paper's, or an instruction-tuned base"
        )
    for record in records:
        yield chat(record, tokenizer)


def alpaca(record: Record) -> Example:
    """Alpaca's template, then the response directly; further turns repeat its two headings."""
    before = f"{record.system}\n\n" if record.system else ""
    later = [
        prompts.alpaca_turn(text) if number % 2 == 0 else text
        for number, text in enumerate(record.turns)
    ]
    prompt = before + prompts.alpaca(record.instruction, record.input)
    return Example(prompt, record.response, _whole(later))


def chat(record: Record, tokenizer: PreTrainedTokenizerBase) -> Example:
    """The model's own template; a response is what it writes from the prompt's end on.

    What the template puts after the last response's end token is left out.
    """
    messages = _messages(record)
    texts: list[str] = []
    for number, message in enumerate(messages):
        if message["role"] != "assistant":
            continue
        before = "".join(texts)
        asked = _written(messages[:number], tokenizer, asks=True)
        answered = _written(messages[: number + 1], tokenizer, asks=False)
        if not (answered.startswith(asked) and asked.startswith(before)):
            raise TrainingError(
                f"record {record.id}: the base model's chat template does not write a response "
                "after the prompt that asks for it, so what is learnt would not be what is "
                "asked; use train.template = 'alpaca', or mend the template"
            )
        texts.append(asked[len(before) :])
        texts.append(_without_tail(answered[len(asked) :], message["content"].strip()))
    return Example(texts[0], texts[1], tuple(texts[2:]), ends=True)


def _messages(record: Record) -> list[Message]:
    said = [record.question, record.response, *_whole(record.turns)]
    system = [{"role": "system", "content": record.system}] if record.system else []
    turns = [
        {"role": "assistant" if number % 2 else "user", "content": text}
        for number, text in enumerate(said)
    ]
    return [*system, *turns]


def _written(messages: list[Message], tokenizer: PreTrainedTokenizerBase, *, asks: bool) -> str:
    from jinja2 import TemplateError

    try:
        written = tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=asks
        )
    except TemplateError as error:
        said = ", ".join(message["role"] for message in messages)
        raise TrainingError(
            f"the base model's chat template refuses a conversation of {said}: {error}; "
            "use train.template = 'alpaca'"
        ) from None
    assert isinstance(written, str)
    return written


def _without_tail(written: str, content: str) -> str:
    """A response with the token that ends it, without the line break that may follow that."""
    if not content:
        return written.rstrip("\n")
    before, found, after = written.rpartition(content)
    return f"{before}{found}{after.rstrip(chr(10))}"


def _whole(turns: Iterable[str]) -> tuple[str, ...]:
    """The turns without a last question that nobody answered."""
    found = tuple(turns)
    return found[: len(found) // 2 * 2]

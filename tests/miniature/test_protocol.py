"""The chat-completions protocol as the miniature's teacher speaks it."""

from typing import Any

import pytest

from wizardcoder.errors import InputError
from wizardcoder.miniature.protocol import count_tokens, read_request, response

USER = {"role": "user", "content": "hello"}


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        ({}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": "hello"}, "messages"),
        ({"messages": ["hello"]}, r"messages\[0\]"),
        ({"messages": [{"content": "hello"}]}, r"messages\[0\]"),
        ({"messages": [{"role": "king", "content": "hello"}]}, r"messages\[0\]"),
        ({"messages": [USER, {"role": "user"}]}, r"messages\[1\].content"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
            r"messages\[0\].content",
        ),
        ({"messages": [{"role": "assistant", "content": "hello"}]}, r"messages\[0\].role"),
        ({"messages": [USER], "stream": True}, "stream"),
        ({"messages": [USER], "n": 0}, "n"),
        ({"messages": [USER], "n": 1000}, "n"),
        ({"messages": [USER], "seed": "one"}, "seed"),
        ({"messages": [USER], "seed": True}, "seed"),
        ({"messages": [USER], "max_tokens": 0}, "max_tokens"),
        ({"messages": [USER], "model": 7}, "model"),
    ],
)
def test_a_malformed_request_is_refused_with_its_field(
    request_: dict[str, Any], field: str
) -> None:
    with pytest.raises(InputError, match=f"chat request: field '{field}"):
        read_request(request_)


def test_the_parts_of_a_message_are_put_together() -> None:
    parts = [{"type": "text", "text": "hel"}, {"type": "text", "text": "lo"}]
    read = read_request({"messages": [{"role": "user", "content": parts}]})
    assert read.messages[0].content == "hello"


def test_a_response_counts_its_tokens() -> None:
    request = read_request({"messages": [USER], "model": "any"})
    answer = response(request, model="own", id="1", texts=["return xs + ys"])
    assert answer["usage"] == {"prompt_tokens": 1, "completion_tokens": 4, "total_tokens": 5}
    assert answer["model"] == "any"
    assert answer["choices"][0]["finish_reason"] == "stop"


def test_a_text_is_cut_at_the_most_tokens_and_says_so() -> None:
    request = read_request({"messages": [USER], "max_tokens": 3})
    answer = response(request, model="own", id="1", texts=["return xs + ys"])
    assert answer["choices"][0]["message"]["content"] == "return xs +"
    assert answer["choices"][0]["finish_reason"] == "length"
    assert answer["usage"]["completion_tokens"] == 3


def test_a_text_of_just_so_many_tokens_stays_whole() -> None:
    request = read_request({"messages": [USER], "max_completion_tokens": 4})
    answer = response(request, model="own", id="1", texts=["return xs + ys\n"])
    assert answer["choices"][0]["message"]["content"] == "return xs + ys\n"
    assert answer["choices"][0]["finish_reason"] == "stop"


@pytest.mark.parametrize(("text", "tokens"), [("", 0), (" \n", 0), ("a b", 2), ("f(x)\n", 4)])
def test_tokens_are_words_and_signs(text: str, tokens: int) -> None:
    assert count_tokens(text) == tokens

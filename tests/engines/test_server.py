"""A served model: what it says is what it says in process, to any client."""

from __future__ import annotations

import asyncio
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import openai
import pytest

from wizardcoder import prompts
from wizardcoder.engines import Sampling, TransformersEngine
from wizardcoder.engines.server import serve

QUESTIONS = ["Add two numbers.", "x", "Say 'hi' — twice."]


@pytest.fixture(scope="module")
def endpoint(engine: TransformersEngine) -> Iterator[str]:
    """The base URL of a server that runs in a thread."""
    url: Future[str] = Future()
    loop = asyncio.new_event_loop()
    serving = loop.create_task(serve(engine, "tiny", port=0, announce=url.set_result))

    def run() -> None:
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(serving)
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    yield url.result(30)
    loop.call_soon_threadsafe(serving.cancel)
    thread.join()


@pytest.fixture
def client(endpoint: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=endpoint, api_key="none", max_retries=0) as client:
        yield client


def in_process(engine: TransformersEngine, question: str, sampling: Sampling) -> str:
    (sampled,) = engine.generate([prompts.alpaca(question)], sampling, seeds=[7])
    return sampled.text


def ask(client: openai.OpenAI, question: str, **how: Any) -> Any:
    message = {"role": "user", "content": question}
    settings = {"temperature": 0, "max_tokens": 10, **how}
    return client.chat.completions.create(model="tiny", messages=[message], **settings)  # type: ignore[list-item]


def test_a_served_model_says_what_it_says_in_process(
    client: openai.OpenAI, engine: TransformersEngine
) -> None:
    with ThreadPoolExecutor(3) as pool:  # they share a batch
        said = list(pool.map(lambda q: ask(client, q).choices[0].message.content, QUESTIONS))
    assert said == [in_process(engine, q, Sampling(10)) for q in QUESTIONS]


def test_a_drawn_text_follows_from_its_seed(
    client: openai.OpenAI, engine: TransformersEngine
) -> None:
    said = ask(client, "x", temperature=1.0, top_p=0.9, seed=7).choices[0].message.content
    assert said == in_process(engine, "x", Sampling(10, temperature=1.0, top_p=0.9))


def test_a_stream_is_the_text_in_pieces(client: openai.OpenAI) -> None:
    whole = ask(client, "x").choices[0]
    pieces = [chunk.choices[0] for chunk in ask(client, "x", stream=True)]
    assert "".join(piece.delta.content or "" for piece in pieces) == whole.message.content
    assert pieces[-1].finish_reason == whole.finish_reason == "length"


def test_a_stream_tells_its_usage_when_asked(client: openai.OpenAI) -> None:
    last = list(ask(client, "x", stream=True, stream_options={"include_usage": True}))[-1]
    assert last.usage.completion_tokens == 10
    assert last.usage == ask(client, "x").usage


@pytest.mark.parametrize("stream", [False, True])
def test_a_stop_sequence_ends_a_text_and_is_not_in_it(
    client: openai.OpenAI, engine: TransformersEngine, stream: bool
) -> None:
    text = in_process(engine, "x", Sampling(10))
    stop = text[4:6]
    answer = ask(client, "x", stop=stop, stream=stream)
    if stream:
        said = "".join(chunk.choices[0].delta.content or "" for chunk in answer)
    else:
        said = answer.choices[0].message.content
    assert said == text[: text.index(stop)]


def test_several_texts_are_drawn_at_once(client: openai.OpenAI) -> None:
    choices = ask(client, "x", n=3, temperature=1.0, seed=1).choices
    assert [choice.index for choice in choices] == [0, 1, 2]
    assert len({choice.message.content for choice in choices}) == 3


def test_text_is_continued(client: openai.OpenAI, engine: TransformersEngine) -> None:
    said = client.completions.create(model="tiny", prompt="def f", temperature=0, max_tokens=6)
    (sampled,) = engine.generate(["def f"], Sampling(6))
    assert said.choices[0].text == sampled.text


def test_the_model_is_listed(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["tiny"]


def test_another_model_is_not_here(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="'other' is not here; 'tiny' is"):
        client.completions.create(model="other", prompt="x")


def test_a_prompt_without_room_is_refused(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="tokens, and the model no room after them"):
        ask(client, "+ " * 60)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"{", "Invalid JSON"),
        (b'{"messages": []}', "messages"),
        (b'{"messages": [{"role": "user", "content": "x"}], "top_p": 0}', "top_p"),
        (b'{"messages": [{"role": "user", "content": "x"}], "tools": [{}]}', "tools"),
    ],
)
def test_a_malformed_request_is_told_what_is_wrong(
    endpoint: str, body: bytes, problem: str
) -> None:
    request = urllib.request.Request(f"{endpoint}/chat/completions", body)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    with caught.value as answer:
        assert answer.code == 400
        assert problem in json.loads(answer.read())["error"]["message"]

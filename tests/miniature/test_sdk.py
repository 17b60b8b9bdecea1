"""A client that nobody here wrote talks to `wizardcoder miniature serve`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from openai import BadRequestError, OpenAI

QUESTION = "Write a function solve(xs) that sorts the list."


@pytest.fixture(scope="module")
def client() -> Iterator[OpenAI]:
    """The openai SDK at a server of its own."""
    command = [sys.executable, "-m", "wizardcoder", "miniature", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().split()[-1]
            with OpenAI(base_url=address, api_key="none", max_retries=0) as sdk:
                yield sdk
        finally:
            process.kill()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def test_the_openai_sdk_gets_a_completion_with_its_usage(client: OpenAI) -> None:
    messages = [{"role": "user", "content": QUESTION}]
    reply = client.chat.completions.create(
        model="miniature-teacher",
        messages=messages,  # type: ignore[arg-type]
    )
    assert "def solve" in (reply.choices[0].message.content or "")
    assert reply.choices[0].finish_reason == "stop"
    assert reply.usage is not None and reply.usage.total_tokens > 0


def test_the_openai_sdk_lists_the_model(client: OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["miniature-teacher"]


def test_the_openai_sdk_understands_its_errors(client: OpenAI) -> None:
    with pytest.raises(BadRequestError, match="messages"):
        client.chat.completions.create(model="miniature-teacher", messages=[])

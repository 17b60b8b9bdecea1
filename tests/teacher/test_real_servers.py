"""A teacher that nobody here wrote the server of: transformers serves a checkpoint of our own."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.fault_server import teaching
from wizardcoder.miniature import seeds
from wizardcoder.teacher import LedgerTotals, Reply
from wizardcoder.train.tiny import TinyBase, make_model, make_tokenizer

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        find_spec("fastapi") is None or find_spec("uvicorn") is None,
        reason="transformers serve needs: pip install 'transformers[serving]'",
    ),
]
_START_SECONDS = 120.0
_TEMPLATE = "{% for message in messages %}{{ message.content }}\n{% endfor %}"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained model of ours, as training writes it, with a chat template."""
    folder = tmp_path_factory.mktemp("checkpoint")
    options = TinyBase(width=32, layers=1, heads=2)
    texts = [f"{seed.instruction}\n{seed.response}" for seed in seeds(50, 0.15, 0)]
    tokenizer = make_tokenizer(texts, options.vocabulary)
    tokenizer.chat_template = _TEMPLATE
    model = make_model(options, tokenizer)
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)
    return folder


@contextmanager
def serving(checkpoint: Path) -> Iterator[str]:
    """The address of `transformers serve` for a checkpoint."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = Path(sys.executable).with_name("transformers")
    command = [program, "serve", checkpoint, "--host", "127.0.0.1", "--port", str(port)]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(list(map(str, command)), env=environment) as process:
        try:
            wait_for(f"http://127.0.0.1:{port}/health", process)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.kill()


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, "the server ended"
        try:
            with urlopen(url, timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.2)
    raise AssertionError(f"{url} never answered")


def test_the_client_talks_to_transformers_serve(tmp_path: Path, checkpoint: Path) -> None:
    async def ask(endpoint: str) -> tuple[list[Reply], LedgerTotals]:
        settings = {"model": str(checkpoint), "max_tokens": 8, "concurrency": 4}
        async with teaching(endpoint, tmp_path / "l.sqlite", **settings) as teacher:
            prompts = [f"Write a function that adds {n}." for n in range(6)]
            replies = await asyncio.gather(*map(teacher.ask, prompts))
            return replies, teacher.ledger.totals()

    with serving(checkpoint) as endpoint:
        replies, totals = asyncio.run(ask(endpoint))
    assert [reply.finish_reason for reply in replies] == ["length"] * 6
    assert all(reply.text and reply.completion_tokens == 8 for reply in replies)
    assert (totals.answered, totals.calls, totals.completion_tokens) == (6, 6, 48)

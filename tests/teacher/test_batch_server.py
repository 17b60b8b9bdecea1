"""The batch server of these tests speaks what a client that nobody here wrote expects."""

from __future__ import annotations

import json

import openai

from tests.batch_server import BatchServer
from tests.fault_server import say


def test_the_openai_client_runs_a_batch_on_it() -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "2 + 2?"}]}
    url = "/v1/chat/completions"
    line = {"custom_id": "a", "method": "POST", "url": url, "body": body}
    with (
        BatchServer(lambda call: say("4")) as server,
        openai.OpenAI(base_url=server.endpoint, api_key="none") as client,
    ):
        content = json.dumps(line).encode()
        file = client.files.create(file=("a.jsonl", content), purpose="batch")
        batch = client.batches.create(
            input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
        )
        while batch.status != "completed":
            batch = client.batches.retrieve(batch.id)
        assert batch.output_file_id is not None
        row = json.loads(client.files.content(batch.output_file_id).text)
        assert row["response"]["body"]["choices"][0]["message"]["content"] == "4"
        assert [listed.id for listed in client.batches.list()] == [batch.id]

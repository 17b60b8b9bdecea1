"""The openai SDK's default client: evolve each question, then answer it, 256 at once.

python openai_calls.py ENDPOINT PROMPTS.jsonl OUT.jsonl CONCURRENCY
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from openai import AsyncOpenAI


async def main(endpoint: str, prompts: Path, out: Path, concurrency: int) -> None:
    queue = iter([json.loads(line)["prompt"] for line in prompts.read_text().splitlines()])
    with out.open("w") as file:
        async with AsyncOpenAI(base_url=endpoint, api_key="none") as client:
            works = [work(client, queue, file) for _ in range(concurrency)]
            await asyncio.gather(*works)


async def work(client: AsyncOpenAI, queue: Iterator[str], file: TextIO) -> None:
    for prompt in queue:
        evolved = await ask(client, prompt)
        answer = await ask(client, evolved)
        file.write(json.dumps({"instruction": evolved, "response": answer}) + "\n")


async def ask(client: AsyncOpenAI, prompt: str) -> str:
    reply = await client.chat.completions.create(
        model="mock",
        messages=[{"role": "user", "content": prompt}],
        temperature=1.0,
        top_p=0.9,
        max_tokens=2048,
    )
    return reply.choices[0].message.content or ""


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])))

"""distilabel: a pipeline of two generations, evolve and answer, 256 at once.

python distilabel_calls.py ENDPOINT PROMPTS.jsonl OUT.jsonl CONCURRENCY
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from distilabel.models import OpenAILLM  # type: ignore[import-not-found]
from distilabel.pipeline import Pipeline  # type: ignore[import-not-found]
from distilabel.steps import LoadDataFromDicts  # type: ignore[import-not-found]
from distilabel.steps.tasks import TextGeneration  # type: ignore[import-not-found]


def main(endpoint: str, prompts: Path, out: Path, concurrency: int) -> None:
    rows = [json.loads(line) for line in prompts.read_text().splitlines()]
    with Pipeline(name="evolve") as pipeline:
        load = LoadDataFromDicts(data=rows, batch_size=concurrency)
        evolve = TextGeneration(
            name="evolve",
            llm=llm(endpoint),
            input_batch_size=concurrency,
            input_mappings={"instruction": "prompt"},
            output_mappings={"generation": "evolved"},
        )
        answer = TextGeneration(
            name="answer",
            llm=llm(endpoint),
            input_batch_size=concurrency,
            input_mappings={"instruction": "evolved"},
        )
        load >> evolve >> answer
    made = pipeline.run(use_cache=False)["default"]["train"]
    made.to_json(str(out))


def llm(endpoint: str) -> OpenAILLM:
    return OpenAILLM(
        model="mock",
        base_url=endpoint,
        api_key="none",
        generation_kwargs={"temperature": 1.0, "top_p": 0.9, "max_new_tokens": 2048},
    )


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))

"""A teacher in this process: vLLM on this machine's GPUs. Not yet run on real hardware."""

from __future__ import annotations

import json
from typing import Any, Self

from wizardcoder.errors import MissingExtraError, TeacherError
from wizardcoder.teacher.transport import Answer


class VllmTransport:
    """Answers with `model` (a name of the hub, or a folder), loaded when it is entered.

    Raises MissingExtraError without vLLM, and TeacherError when the model cannot be loaded.
    """

    def __init__(self, model: str) -> None:
        self._model = model
        self._engine: Any = None
        self._tokenizer: Any = None
        self._requests = 0

    async def __aenter__(self) -> Self:
        try:
            import vllm  # type: ignore[import-not-found]
        except ImportError:
            raise MissingExtraError("vllm", "vllm") from None
        from transformers import AutoTokenizer

        try:
            arguments = vllm.AsyncEngineArgs(model=self._model)
            self._engine = vllm.AsyncLLMEngine.from_engine_args(arguments)
            self._tokenizer = AutoTokenizer.from_pretrained(self._model)
        except (OSError, RuntimeError, ValueError) as error:
            raise TeacherError(f"vLLM cannot load {self._model!r}: {error}") from None
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._engine is not None:
            self._engine.shutdown()

    async def post(self, body: bytes, key: bytes) -> Answer:
        request = json.loads(body)
        tokens = self._tokenizer.apply_chat_template(
            request["messages"], add_generation_prompt=True, return_dict=False
        )
        self._requests += 1  # a retry must not share its name with the one before
        last: Any = None
        async for output in self._engine.generate(
            {"prompt_token_ids": tokens}, _sampling(request), f"{key.hex()}-{self._requests}"
        ):
            last = output  # each holds all that was generated so far
        return Answer(200, _response(last, len(tokens)), "application/json", None)


def _sampling(request: dict[str, Any]) -> Any:
    from vllm import SamplingParams

    wanted = {name: request[name] for name in ("temperature", "top_p", "max_tokens")}
    return SamplingParams(**wanted, seed=request.get("seed"))


def _response(output: Any, prompt_tokens: int) -> bytes:
    """The body that vLLM's own server would send, as far as anybody reads it."""
    made = output.outputs[0]
    message = {"role": "assistant", "content": made.text}
    usage = {"prompt_tokens": prompt_tokens, "completion_tokens": len(made.token_ids)}
    choice = {"index": 0, "message": message, "finish_reason": made.finish_reason}
    return json.dumps({"choices": [choice], "usage": usage}).encode()

"""What a request to the server says, checked: OpenAI's chat completions and completions."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

#: Texts that one request may ask for.
MOST_CHOICES = 128


def _text(content: Any) -> Any:
    """The text of a message, that may come in parts."""
    if isinstance(content, list) and all(
        isinstance(part, dict) and part.get("type") == "text" for part in content
    ):
        return "".join(str(part.get("text", "")) for part in content)
    return content


def _listed(value: Any) -> Any:
    return [] if value is None else [value] if isinstance(value, str) else value


class Message(BaseModel):
    """A message of a conversation."""

    role: Literal["system", "developer", "user", "assistant"]
    content: Annotated[str, BeforeValidator(_text)]


class StreamOptions(BaseModel):
    include_usage: bool = False


class Request(BaseModel):
    """What both kinds of request may say. What is not known here is passed over, except what would
    change the text: `logit_bias`, penalties and tools must be absent or say nothing."""

    model_config = ConfigDict(extra="ignore")

    model: str = ""
    temperature: Annotated[float, Field(ge=0)] = 1.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    max_tokens: Annotated[int, Field(gt=0)] | None = None
    max_completion_tokens: Annotated[int, Field(gt=0)] | None = None
    n: Annotated[int, Field(gt=0, le=MOST_CHOICES)] = 1
    stop: Annotated[list[Annotated[str, Field(min_length=1)]], BeforeValidator(_listed)] = []
    seed: int | None = None
    stream: bool = False
    stream_options: StreamOptions | None = None
    presence_penalty: Annotated[float, Field(ge=0, le=0)] = 0.0
    frequency_penalty: Annotated[float, Field(ge=0, le=0)] = 0.0
    logit_bias: Annotated[dict[str, float], Field(max_length=0)] | None = None
    tools: Annotated[list[Any], Field(max_length=0)] | None = None


class ChatRequest(Request):
    """POST /v1/chat/completions."""

    messages: Annotated[list[Message], Field(min_length=1)]


class TextRequest(Request):
    """POST /v1/completions; one prompt."""

    prompt: str

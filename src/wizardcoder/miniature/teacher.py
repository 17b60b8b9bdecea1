"""The miniature's teacher: a pure function from a chat-completions request to its response.

It sees what any teacher sees: the messages. Out of the last one it recognises Code Evol-Instruct's
prompt and evolves the question; anything else it takes for an instruction and answers with code.
Text outside its world gets an apology, and a question that an operation cannot change comes back
as it was; to notice both is the eliminators' work. Every choice is a hash of the messages and the
request's `seed`.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from wizardcoder import prompts
from wizardcoder.miniature import protocol
from wizardcoder.miniature.draws import Draw
from wizardcoder.miniature.evolution import EVOLUTIONS
from wizardcoder.miniature.language import render
from wizardcoder.miniature.reading import read

MODEL = "miniature-teacher"
APOLOGY = "I'm sorry, but I cannot help with this: it is outside the small world that I know."


def respond(request: Mapping[str, Any]) -> dict[str, Any]:
    """The response to a request of the chat-completions protocol; equal for equal requests.

    Raises InputError, naming the field, for a request that is not one.
    """
    chat = protocol.read_request(request)
    key = (chat.messages, chat.seed)
    question = chat.messages[-1].content
    texts = [reply(question, Draw("teacher", key, choice)) for choice in range(chat.n)]
    id = f"chatcmpl-{blake2b(repr(key).encode(), digest_size=12).hexdigest()}"
    return protocol.response(chat, model=MODEL, id=id, texts=texts)


def reply(message: str, draw: Draw) -> str:
    """What the teacher says to one message: an evolved question, a solution, or an apology."""
    for operation in EVOLUTIONS:
        opening = prompts.evolve(operation, "")
        if message.startswith(opening):
            return evolve(operation, message.removeprefix(opening), draw)
    return answer(message)


def evolve(operation: str, question: str, draw: Draw) -> str:
    """The question after one operation; as it was, where the operation cannot apply."""
    task = read(question)
    if task is None:
        return APOLOGY
    evolved = EVOLUTIONS[operation](task, draw)
    return question if evolved is None else render(evolved)


def answer(instruction: str) -> str:
    """The solution that an instruction asks for, as bare code."""
    task = read(instruction)
    return APOLOGY if task is None else task.program.source()

"""Where texts end: a model that is tuned by its chat template stops, for any who load it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast

from tests.engines import chat_models
from wizardcoder.engines import Sampling, TransformersEngine
from wizardcoder.engines.ctranslate2 import CTranslate2Engine
from wizardcoder.engines.ending import answer_end, end_tokens
from wizardcoder.engines.prompting import alpaca_template
from wizardcoder.recipe import Train
from wizardcoder.records import Record
from wizardcoder.train import fit

QUESTION, ANSWER = "Add one to x.", "def f(x): return x + 1"


@pytest.mark.parametrize("kind", chat_models.KINDS)
def test_an_answer_ends_where_the_chat_template_says(kind: str) -> None:
    tokenizer = chat_models.tokenizer(kind)
    end = tokenizer.convert_tokens_to_ids(chat_models.ANSWER_ENDS[kind])
    assert answer_end(tokenizer) == end != tokenizer.eos_token_id
    assert end_tokens(tokenizer, [end, 7]) == [tokenizer.eos_token_id, end, 7]


def test_alpacas_template_ends_an_answer_with_the_end_token(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    asked = chat_models.tokenizer("qwen2")
    asked.chat_template = alpaca_template(tokenizer)
    assert end_tokens(asked) == [asked.eos_token_id]


@pytest.mark.parametrize(
    "template",
    [
        None,
        "{{ messages[0].content }}",
        "{% for m in messages %}{{ m.content }}\n{% endfor %}",
        "{% for m in messages %}{{ m.content ~ 'OVER' }}{% endfor %}",
        "{{ raise_exception('no') }}",
    ],
)
def test_a_template_that_marks_no_end_adds_none(
    template: str | None,
) -> None:
    tokenizer = chat_models.tokenizer("qwen2")
    tokenizer.chat_template = template
    assert end_tokens(tokenizer) == [tokenizer.eos_token_id]


@pytest.fixture(scope="module", params=chat_models.KINDS)
def tuned(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint that has learnt one answer by its own chat template."""
    folder = tmp_path_factory.mktemp(request.param)
    base = chat_models.checkpoint(folder / "base", request.param)
    told = {"parent_id": None, "operation": None, "input": "", "source": "s", "licence": "MIT"}
    record = Record(
        id="r",
        seed_id="r",
        round=0,
        instruction=QUESTION,
        response=ANSWER,
        teacher="",
        teacher_terms="",
        **told,
    )
    options = Train(
        template="chat",
        steps=60,
        lr=1e-2,
        warmup_steps=2,
        length_tokens=64,
        rows_per_step=1,
        precision="fp32",
    )
    fit([record], base, options, folder / "tuned")
    return folder / "tuned"


def test_plain_generate_stops_after_the_answer_and_says_it_greedily(tuned: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(tuned)
    model = AutoModelForCausalLM.from_pretrained(tuned).eval()
    asked = [{"role": "user", "content": QUESTION}]
    given = tokenizer.apply_chat_template(
        asked, add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    with torch.no_grad():
        made = model.generate(**given, max_new_tokens=60)
    answer = made[0, given["input_ids"].shape[1] :].tolist()
    assert tokenizer.decode(answer[:-1]) == ANSWER
    assert answer[-1] == answer_end(tokenizer)


def test_every_engine_stops_there_and_does_not_show_the_end(tuned: Path) -> None:
    sampling = Sampling(60, chat=True)
    for load in (TransformersEngine.load, CTranslate2Engine.load):
        (sampled,) = load(tuned).generate([QUESTION], sampling)
        assert (sampled.text, sampled.finish_reason) == (ANSWER, "stop")


def test_a_checkpoint_says_both_ends_and_none_of_its_bases_habits(tuned: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(tuned)
    model = AutoModelForCausalLM.from_pretrained(tuned)
    said = model.generation_config
    assert said.eos_token_id == [tokenizer.eos_token_id, answer_end(tokenizer)]
    assert said.pad_token_id == tokenizer.pad_token_id
    assert model.config.eos_token_id == tokenizer.eos_token_id
    kept = (said.do_sample, said.temperature, said.top_k, said.repetition_penalty)
    assert not any(kept)

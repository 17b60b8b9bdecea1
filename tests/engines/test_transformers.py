from __future__ import annotations

import copy
from collections import Counter
from pathlib import Path

import pytest
import torch
from transformers import PreTrainedTokenizerFast

from wizardcoder.engines import Sampled, Sampling, TransformersEngine
from wizardcoder.errors import MissingDataError, UsageError
from wizardcoder.train.tiny import TinyBase, make_model

PROMPTS = ["def f", "x", "def total(xs):\n    return", "return sum", "def f(x): return x + 1 # "]
GREEDY = Sampling(max_tokens=12)


def by_index(sampled: list[Sampled]) -> list[Sampled]:
    return sorted(sampled, key=lambda s: s.index)


def test_every_prompt_has_one_text(engine: TransformersEngine) -> None:
    sampled = list(engine.generate(PROMPTS, GREEDY))
    assert sorted(s.index for s in sampled) == list(range(len(PROMPTS)))


def test_no_prompts_have_no_texts(engine: TransformersEngine) -> None:
    assert list(engine.generate([], GREEDY)) == []


def test_greedy_in_a_batch_equals_greedy_alone(engine: TransformersEngine) -> None:
    batched = by_index(list(engine.generate(PROMPTS, GREEDY)))
    alone = [next(engine.generate([prompt], GREEDY)).text for prompt in PROMPTS]
    assert [s.text for s in batched] == alone


def test_greedy_takes_the_likeliest_token_each_time(engine: TransformersEngine) -> None:
    ids = engine.tokenizer("def f")["input_ids"]
    start = len(ids)
    for _ in range(6):
        logits = engine.model(input_ids=torch.tensor([ids])).logits
        ids.append(int(logits[0, -1].argmax()))
    (sampled,) = engine.generate(["def f"], Sampling(max_tokens=6))
    assert sampled.text == engine.tokenizer.decode(ids[start:])


def test_a_text_that_is_cut_has_finish_reason_length(engine: TransformersEngine) -> None:
    (sampled,) = engine.generate(["def f"], Sampling(max_tokens=3))
    assert (sampled.finish_reason, sampled.tokens) == ("length", 3)


def test_a_text_ends_at_the_end_token_without_showing_it(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    model = make_model(TinyBase(width=32, layers=1, heads=2, positions=48), tokenizer)
    with torch.no_grad():  # whatever comes in, the end token comes out
        model.transformer.ln_f.weight.zero_()
        model.transformer.ln_f.bias.copy_(model.transformer.wte.weight[tokenizer.eos_token_id])
    (sampled,) = TransformersEngine(model, tokenizer).generate(["def f"], GREEDY)
    assert (sampled.text, sampled.finish_reason, sampled.tokens) == ("", "stop", 1)


def test_a_prompt_near_the_last_position_is_cut_there_and_changes_no_other(
    engine: TransformersEngine,
) -> None:
    long = "+ " * 21  # 42 of 48 positions
    used = len(engine.tokenizer(long)["input_ids"])
    together = by_index(list(engine.generate([long, "def f"], GREEDY)))
    assert together[0].tokens <= 48 - used
    assert together[1] == Sampled(1, *_rest(next(engine.generate(["def f"], GREEDY))))


def test_a_prompt_that_leaves_no_position_gives_an_empty_text(engine: TransformersEngine) -> None:
    (sampled,) = engine.generate(["+ " * 60], GREEDY)
    assert sampled == Sampled(0, "", "length", 0)


def test_rows_that_end_make_room_for_others_and_change_none(engine: TransformersEngine) -> None:
    prompts = [f"def f{n}(x):\n    return {'x + ' * (n % 7)}" for n in range(40)]
    sampling = Sampling(max_tokens=10, temperature=1.5)
    lengths = {s.tokens for s in engine.generate(prompts, sampling, range(40))}
    texts = [s.text for s in by_index(list(engine.generate(prompts, sampling, range(40))))]
    alone = [next(engine.generate([p], sampling, [n])).text for n, p in enumerate(prompts)]
    assert texts == alone
    assert len(lengths) > 1


def test_a_text_ends_before_its_stop_sequence(engine: TransformersEngine) -> None:
    (whole,) = engine.generate(["def f"], GREEDY)
    stop = whole.text[3:5]
    (sampled,) = engine.generate(["def f"], Sampling(max_tokens=12, stop=(stop, "never")))
    assert (sampled.text, sampled.finish_reason) == (whole.text[: whole.text.index(stop)], "stop")
    assert sampled.tokens < whole.tokens


def test_a_question_goes_into_the_models_own_chat_template(engine: TransformersEngine) -> None:
    other = copy.deepcopy(engine.tokenizer)
    other.chat_template = "{{ 'Q: ' ~ messages[0]['content'] ~ ' A:' }}"
    chatting = TransformersEngine(engine.model, other)
    (asked,) = chatting.generate(["f"], Sampling(max_tokens=5, chat=True))
    (plain,) = engine.generate(["Q: f A:"], Sampling(max_tokens=5))
    assert asked.text == plain.text


def test_a_model_without_a_chat_template_is_named(engine: TransformersEngine) -> None:
    with pytest.raises(UsageError, match=r"no chat template; ask it with generate\.template"):
        list(engine.generate(["f"], Sampling(max_tokens=5, chat=True)))


def test_sampling_depends_on_prompt_and_seed_only(engine: TransformersEngine) -> None:
    sampling = Sampling(max_tokens=8, temperature=1.0, top_p=0.95)
    together = by_index(list(engine.generate(PROMPTS, sampling, seeds=range(5))))
    alone = [next(engine.generate([p], sampling, seeds=[n])).text for n, p in enumerate(PROMPTS)]
    assert [s.text for s in together] == alone


def test_sampling_leaves_the_global_generator_alone(engine: TransformersEngine) -> None:
    before = torch.get_rng_state()
    list(engine.generate(["def f"], Sampling(max_tokens=4, temperature=1.0), seeds=[3]))
    assert torch.equal(before, torch.get_rng_state())


def test_tokens_are_sampled_as_often_as_the_model_says(engine: TransformersEngine) -> None:
    n, sampling = 3000, Sampling(max_tokens=1, temperature=2.0)
    big = TransformersEngine(engine.model, engine.tokenizer, batch_size=n)
    texts = Counter(s.text for s in big.generate(["def f"] * n, sampling, seeds=range(n)))
    ids = torch.tensor([engine.tokenizer("def f")["input_ids"]])
    expected = (engine.model(input_ids=ids).logits[0, -1] / 2.0).softmax(-1)
    for token in expected.topk(5).indices.tolist():
        share, p = texts[engine.tokenizer.decode([token])] / n, expected[token].item()
        assert share == pytest.approx(p, abs=4 * (p * (1 - p) / n) ** 0.5)


def test_a_small_top_p_leaves_only_the_likeliest_token(engine: TransformersEngine) -> None:
    sampling = Sampling(max_tokens=8, temperature=1.0, top_p=1e-6)
    sampled = [s.text for s in engine.generate(["def f"] * 4, sampling, seeds=range(4))]
    (greedy,) = engine.generate(["def f"], Sampling(max_tokens=8))
    assert sampled == [greedy.text] * 4


def test_sampling_without_a_seed_for_each_prompt_is_a_mistake(engine: TransformersEngine) -> None:
    with pytest.raises(ValueError, match="2 prompts need as many seeds, got 1"):
        list(engine.generate(["a", "b"], Sampling(max_tokens=1, temperature=1.0), seeds=[1]))


def test_a_checkpoint_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="nowhere: cannot be loaded as a model"):
        TransformersEngine.load(tmp_path / "nowhere")


def _rest(sampled: Sampled) -> tuple[str, str, int]:
    return sampled.text, sampled.finish_reason, sampled.tokens

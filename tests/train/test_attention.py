from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import MambaConfig

from wizardcoder.errors import TrainingError
from wizardcoder.train import attention, shared_key
from wizardcoder.train.attention import NAME, check_packing, choose_attention, document_attention

from .models import VOCABULARY, gpt_bigcode, llama, make_model, mistral, qwen2


def draw(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))


def by_document(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, lengths: list[int]
) -> torch.Tensor:
    """PyTorch's own attention, a document at a time; `(1, time, heads, width)`."""
    parts = zip(*(x.split(lengths, 2) for x in (query, key, value)), strict=True)
    read = [
        torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
        for q, k, v in parts
    ]
    return torch.cat(read, 2).transpose(1, 2)


def ours(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, lengths: list[int]
) -> torch.Tensor:
    borders = torch.tensor([0, *lengths]).cumsum(0, dtype=torch.int32)
    module = torch.nn.Module()
    return document_attention(
        module, query, key, value, None, cu_seq_lens_q=borders, max_length_q=max(lengths)
    )[0]


@given(
    lengths=st.lists(st.integers(1, 40), min_size=1, max_size=12),
    key_heads=st.sampled_from([1, 2, 4]),
)
@settings(max_examples=30, deadline=None)
def test_it_reads_what_pytorch_reads_document_by_document(
    lengths: list[int], key_heads: int
) -> None:
    time = sum(lengths)
    query, key, value = (
        draw(1, 4, time, 8),
        draw(1, key_heads, time, 8),
        draw(1, key_heads, time, 8),
    )
    found = ours(query, key, value, lengths)
    assert torch.allclose(found, by_document(query, key, value, lengths), atol=1e-5)


def test_a_group_that_would_hold_too_many_scores_is_split(monkeypatch: pytest.MonkeyPatch) -> None:
    attention._grouping.cache_clear()
    monkeypatch.setattr(attention, "MOST_SCORES", 4 * 2 * 10**2)
    monkeypatch.setattr(attention, "ROUNDED", 1)
    lengths = (0, 10, 20, 30, 40, 50)
    assert [group.documents for group in attention._grouping(lengths, 4).groups] == [2, 2, 1]
    attention._grouping.cache_clear()


def test_a_model_that_looks_back_a_window_looks_back_no_further() -> None:
    model = make_model(mistral(sliding_window=3))
    choose_attention(model, "auto", 2, half=False)
    ids = torch.arange(12)[None] % VOCABULARY
    with torch.no_grad():
        expected = model(input_ids=ids, use_cache=False).logits
        model.set_attn_implementation(NAME)
        found = model(
            input_ids=ids,
            use_cache=False,
            cu_seq_lens_q=torch.tensor([0, 12], dtype=torch.int32),
            max_length_q=12,
        ).logits
    assert torch.allclose(found, expected, atol=1e-4)


def test_a_mask_that_would_forget_a_window_is_refused() -> None:
    model = make_model(mistral(sliding_window=8))
    with pytest.raises(TrainingError, match=r"looks back 8 tokens only.*train.attention = 'auto'"):
        choose_attention(model, "sdpa", 64, half=False)


def test_a_window_that_is_switched_off_is_none() -> None:
    model = make_model(qwen2(sliding_window=8, use_sliding_window=False))
    assert choose_attention(model, "sdpa", 64, half=False) == "sdpa"


@pytest.mark.parametrize("half", [True, False])
def test_on_a_cpu_attention_goes_document_by_document(half: bool) -> None:
    assert choose_attention(make_model(gpt_bigcode), "auto", 512, half=half) == NAME
    assert choose_attention(make_model(llama), "auto", 64, half=half) == NAME


def test_very_short_rows_of_a_shared_key_take_a_mask() -> None:
    assert choose_attention(make_model(gpt_bigcode), "auto", 128, half=True) == shared_key.NAME


def test_what_is_asked_for_by_name_is_taken() -> None:
    model = make_model(llama)
    assert choose_attention(model, "eager", 64, half=False) == "eager"
    assert choose_attention(model, "documents", 64, half=False) == NAME


@pytest.mark.parametrize("name", ["eager", "sdpa", NAME])
def test_a_model_that_keeps_documents_apart_passes_the_check(name: str) -> None:
    model = make_model(llama)
    choose_attention(model, "auto", 64, half=False)
    model.set_attn_implementation(name)
    check_packing(model, padding=0)
    assert model.training


def test_an_attention_that_ignores_borders_fails_the_check(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = make_model(gpt_bigcode)
    choose_attention(model, "auto", 512, half=False)
    model.set_attn_implementation(NAME)
    grouping = attention._grouping
    monkeypatch.setattr(
        attention, "_grouping", lambda borders, heads: grouping((0, borders[-1]), heads)
    )
    with pytest.raises(TrainingError, match=r"gpt_bigcode.* mixes the documents of a packed row"):
        check_packing(model, padding=0)


def test_a_recurrent_model_fails_the_check() -> None:
    config = MambaConfig(
        vocab_size=VOCABULARY, hidden_size=16, num_hidden_layers=1, state_size=4, pad_token_id=0
    )
    model = make_model(config)
    model.set_attn_implementation(choose_attention(model, "auto", 64, half=False))
    with pytest.raises(TrainingError, match=r"mamba.* mixes the documents"):
        check_packing(model, padding=0)


def test_a_model_that_takes_no_mask_fails_the_check_with_a_clear_error() -> None:
    config = MambaConfig(
        vocab_size=VOCABULARY, hidden_size=16, num_hidden_layers=1, state_size=4, pad_token_id=0
    )
    with pytest.raises(TrainingError, match=r"mamba.* cannot compute a packed row"):
        check_packing(make_model(config), padding=0)


def test_what_only_the_models_own_attention_has_is_refused() -> None:
    query = draw(1, 2, 4, 8)
    with pytest.raises(TrainingError, match=r"needs softcap.*train.attention = 'eager'"):
        document_attention(
            torch.nn.Module(),
            query,
            query,
            query,
            None,
            cu_seq_lens_q=torch.tensor([0, 4]),
            max_length_q=4,
            softcap=30.0,
        )

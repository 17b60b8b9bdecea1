"""The model card: scores with what they rest on, licences, and what nobody has checked."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
import yaml
from markdown_it import MarkdownIt

from tests.export.models import CONTENTS, MODEL, SCORED, TRAINING
from tests.export.samples import ODD_TEXTS, ORIGIN
from wizardcoder.export import BaseModel, Cleaning, ModelOrigin, Prompt, Spent, model_card
from wizardcoder.recipe import Train

FULL = replace(
    MODEL,
    data=replace(
        ORIGIN,
        name="mine",
        cleaning=Cleaning(4, 1, {"contaminated": 1}, ["humaneval"], {"humaneval": 2}),
        spent=[Spent("evolved", 20, 1, 4000, 2500, 1.25)],
        ancestors=[("big-model", "no training of rivals")],
    ),
    scores=[SCORED],
    stale=["mbpp"],
    seconds={"training": 60.0, "sampling humaneval": 30.0},
    versions={"wizardcoder": "0.1.0"},
    recipe_toml='name = "mine"\n',
)


def parts(text: str) -> tuple[dict[str, Any], str]:
    """A card's front matter and the text below it."""
    nothing, metadata, body = text.split("---\n", 2)
    assert nothing == ""
    return yaml.safe_load(metadata), body


def kinds(text: str) -> Counter[str]:
    """How many elements of each kind a card has."""
    tokens = MarkdownIt("commonmark").enable("table").parse(parts(text)[1])
    inside = [child for token in tokens for child in token.children or ()]
    return Counter(token.type for token in [*tokens, *inside] if token.type != "text_special")


def test_the_front_matter_is_the_hubs() -> None:
    metadata, _ = parts(model_card(FULL))
    assert metadata["license"] == "cc-by-nc-4.0"
    assert metadata["base_model"] == "bigcode/starcoder"
    assert (metadata["library_name"], metadata["pipeline_tag"]) == (
        "transformers",
        "text-generation",
    )


def test_the_hubs_own_reader_finds_the_scores() -> None:
    from huggingface_hub import ModelCard

    (result,) = ModelCard(model_card(FULL)).data.eval_results
    assert (result.dataset_name, result.metric_type, result.metric_value) == (
        "humaneval",
        "pass@1",
        0.598,
    )


@pytest.mark.parametrize(
    "said",
    [
        "`bigcode/starcoder`, tuned on 4 instructions with responses: the seeds alone.",
        "**bigcode-openrail-m**, as whoever ran this told",
        "strictest licence of the base and of any training record is **CC-BY-NC-4.0**",
        "| `code_alpaca_20k` | CC-BY-NC-4.0 | 3 |",
        "`big-model` made 0 of the records, but ancestors of some. Its terms: no training of",
        "| `humaneval` | 59.8 % [52.0, 67.0] | 164 | 100.0 % | full | greedy, n = 1",
        "| 3 of 164 |",
        "| `humaneval`, base before tuning | 33.6 % [27.0, 41.0] | 164 |",
        "| `humaneval` | 14 | 59.8 % [52.0, 67.0] | 55.0 % [47.0, 63.0] on 150 |",
        "with the problems of humaneval: word for word",
        "AdamW, betas 0.9, 0.999",
        "5,000, 3,000 of them of responses",
        "cut at the end 2; left out, because the prompt filled the row, 1",
        "| training | 60.0 |",
        "| evolved | 20 | 1 | 4,000 | 2,500 | 1.25 |",
        "- `mbpp`: its verdicts in this run are of other weights, and are left out.",
        "Nobody has looked into what the base model was trained on",
        "### Instruction:\n{instruction}\n\n### Response:",
        '```toml\nname = "mine"\n```',
    ],
)
def test_it_says_what_the_run_knows(said: str) -> None:
    assert said in model_card(FULL)


def test_a_model_without_scores_claims_none() -> None:
    text = model_card(MODEL)
    assert "**This model was not scored.**" in text
    assert "- How good the model is: no benchmark was run." in text
    assert "%" not in text.split("## Scores")[1].split("## Training")[0]
    assert "model-index" not in parts(text)[0]


def test_data_that_was_not_compared_with_a_benchmark_is_said_beside_its_score() -> None:
    text = model_card(replace(MODEL, scores=[SCORED._replace(untouched=None)]))
    assert "| `humaneval` | **not compared** | 59.8 % [52.0, 67.0] | not known |" in text
    assert "- Whether the training data holds problems of benchmarks." in text


def test_verdicts_that_could_be_forged_and_missing_ones_are_said() -> None:
    text = model_card(replace(FULL, scores=[SCORED._replace(attested=0.25, coverage=0.5)]))
    assert "- `humaneval`: 75.0 % of the verdicts were reached in the process that ran" in text
    assert "- `humaneval`: the sandbox reached no verdict on 50.0 % of the problems." in text


def test_a_score_that_chose_the_weights_is_not_sold_as_an_estimate() -> None:
    training = replace(TRAINING, chosen_on="mbpp-dev", best_step=120, pass_at_1=0.5)
    text = model_card(replace(FULL, training=training))
    assert "step 120, which did best on the development set `mbpp-dev` (50.0 % there)" in text
    assert "it is no estimate" in text


def test_an_adapter_is_said_to_be_merged_and_kept() -> None:
    training = replace(TRAINING, options=Train(method="lora"))
    text = model_card(replace(FULL, training=training))
    assert "| method | lora, rank 64, alpha 16, dropout 0.1 |" in text
    assert "`adapter/` holds the adapter alone" in text
    assert "adapter" not in model_card(FULL)


def test_a_model_of_another_template_is_not_told_to_be_asked_in_alpacas() -> None:
    training = replace(TRAINING, options=Train(template="chat"))
    assert "### Instruction:" not in model_card(replace(FULL, training=training))


def test_unknown_licences_are_said_first() -> None:
    contents = replace(CONTENTS, licences=Counter({"unknown": 3, "MIT": 1}))
    text = model_card(replace(FULL, base=BaseModel("theirs", "unknown"), contents=contents))
    assert "**The licence of the base model is unknown.**" in text
    assert "**The licence of 3 of 4 training records is unknown.**" in text
    assert parts(text)[0]["license"] == "unknown"


def test_a_base_that_clashes_with_the_data_is_named() -> None:
    contents = replace(CONTENTS, licences=Counter({"GPL-3.0-only": 4}))
    text = model_card(replace(FULL, contents=contents))
    assert "- GPL-3.0-only and bigcode-openrail-m: copyleft takes no restriction" in text


def test_a_base_of_a_folder_is_no_name_of_the_hub() -> None:
    assert "base_model" not in parts(model_card(replace(FULL, base=BaseModel("mine", "MIT"))))[0]


def hostile(odd: str) -> ModelOrigin:
    """The model with an odd text wherever a text comes from outside."""
    return replace(
        FULL,
        name=odd,
        base=BaseModel(odd, odd, on_hub=True),
        data=replace(FULL.data, name=odd, about=odd, prompts=[Prompt(odd, odd)]),
        contents=replace(CONTENTS, sources=Counter({(odd, odd): 3, ("ours", "MIT"): 1})),
        scores=[SCORED._replace(benchmark=odd, sandbox_level=odd, sampling=odd)],
        stale=[odd],
        seconds={"training": 1.0, odd: 2.0},
        versions={"wizardcoder": odd},
        recipe_toml=odd,
    )


@pytest.mark.parametrize("odd", ODD_TEXTS, ids=range(len(ODD_TEXTS)))
def test_no_value_breaks_the_card(odd: str) -> None:
    shape, found = kinds(model_card(FULL)), kinds(model_card(hostile(odd)))
    for kind in ("heading_open", "table_open", "tr_open", "td_open", "fence", "list_item_open"):
        assert found[kind] == shape[kind], kind
    assert not found["html_inline"] + found["html_block"]
    assert parts(model_card(hostile(odd)))[0]["base_model"]

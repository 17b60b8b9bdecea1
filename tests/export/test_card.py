"""The data set card: what the tables say and nothing else, whatever the values hold."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
import yaml
from markdown_it import MarkdownIt

from tests.export.samples import ODD_TEXTS, ORIGIN
from wizardcoder.export import Cleaning, Contents, Evolution, Origin, Prompt, Spent, Tally, card

SEEDS = Contents(
    records=4,
    sources=Counter({("code_alpaca_20k", "CC-BY-NC-4.0"): 3, ("ours", "MIT"): 1}),
    licences=Counter({"CC-BY-NC-4.0": 3, "MIT": 1}),
    rounds=Counter({0: 4}),
)
EVOLVED = replace(
    SEEDS,
    records=10,
    sources=Counter({("code_alpaca_20k", "CC-BY-NC-4.0"): 9, ("ours", "MIT"): 1}),
    licences=Counter({"CC-BY-NC-4.0": 9, "MIT": 1}),
    rounds=Counter({0: 4, 1: 6}),
    teachers=Counter({("big-model", "no training of rivals"): 6}),
    operations=Counter({"reasoning": 4, "mine": 2}),
    languages=Counter({"Rust": 1}),
    judge=Counter({"not_equal": 4, "unclear": 2}),
    verification=Counter({"verified": 3, "failed": 1, "not_testable": 2}),
)
FULL = Origin(
    name="mine",
    about="the seeds and round 1, merged",
    cleaned=True,
    seeds_rejected={"no_instruction": 7},
    ancestors=[("big-model", "no training of rivals"), ("old-model", "")],
    prompts=[
        Prompt("mine", "Say {question} in ```five``` words.", 2.5),
        Prompt("judge", "Are {first} and {second} equal?"),
    ],
    evolution=Evolution(
        rounds=[Tally("1", 7, 3)],
        operations=[Tally("mine", 2, 1), Tally("reasoning", 5, 2)],
        rules={"refusal": 1, "no_information_gain": 2},
    ),
    cleaning=Cleaning(
        10,
        1,
        {"contaminated": 1},
        ["humaneval"],
        {"humaneval": 2},
        touching=1,
        containment=0.6,
        behaviour={"passes": 1, "not_run": 1},
    ),
    spent=[Spent("evolved", 20, 1, 4000, 2500, 1.25)],
    versions={"wizardcoder": "0.1.0"},
    recipe_toml='name = "mine"\n',
)


def parts(text: str) -> tuple[dict[str, Any], str]:
    """A card's front matter and the text below it."""
    nothing, metadata, body = text.split("---\n", 2)
    assert nothing == ""
    return yaml.safe_load(metadata), body


def headings(text: str) -> list[str]:
    tokens = MarkdownIt("commonmark").enable("table").parse(parts(text)[1])
    return [tokens[n + 1].content for n, token in enumerate(tokens) if token.type == "heading_open"]


def kinds(text: str) -> Counter[str]:
    """How many elements of each kind a card has."""
    tokens = MarkdownIt("commonmark").enable("table").parse(parts(text)[1])
    inside = [child for token in tokens for child in token.children or ()]
    return Counter(token.type for token in [*tokens, *inside] if token.type != "text_special")


def test_the_front_matter_is_the_hubs() -> None:
    metadata, _ = parts(card(FULL, EVOLVED, file="train.parquet"))
    assert metadata["license"] == "cc-by-nc-4.0"
    assert metadata["size_categories"] == ["n<1K"]
    assert metadata["language"] == ["code"]
    assert {"evol-instruct", "synthetic"} <= {*metadata["tags"]}
    (config,) = metadata["configs"]
    assert config["data_files"] == [{"split": "train", "path": "train.parquet"}]


def test_the_hubs_own_reader_takes_it() -> None:
    from huggingface_hub import DatasetCard

    assert DatasetCard(card(FULL, EVOLVED)).data.license == "cc-by-nc-4.0"


@pytest.mark.parametrize(
    "said",
    [
        "10 instructions with responses",
        "strictest licence of any record is **CC-BY-NC-4.0** (non-commercial)",
        "| `code_alpaca_20k` | CC-BY-NC-4.0 | 9 |",
        "| `ours` | MIT | 1 |",
        "`big-model` made 6 of the records. Its terms: no training of rivals",
        "`old-model` made 0 of the records, but ancestors of some. Its terms: not stated",
        "| 0 (seeds) | 4 |",
        "| `reasoning` | 4 |",
        "| Rust | 1 |",
        "- `no_instruction`: 7",
        "10 attempts: 7 accepted, 3 rejected, each by one rule.",
        "| `mine` | 2 | 1 |",
        "| `no_information_gain` | 2 |",
        "said nothing clear of 2 of the records",
        "10 records were kept and 1 rejected:\n\n- `contaminated`: 1\n\nEvery record was compared",
        "with the problems of humaneval: word for word",
        "from 60 % of the problem's on",
        "Hits, each a record and a problem by one rule: humaneval 2.\n",
        "1 record has a hit that is too small to say much, and was kept.",
        "on the tests of the very problem: not run 1, passes 1.",
        "- `verified`: 3 (50.0%)",
        "| evolved | 20 | 1 | 4,000 | 2,500 | 1.25 |",
        "Only 3 of 10 responses are known to pass tests",
        "````text\nSay {question} in ```five``` words.\n````",
        "`mine`, with weight 2.5:",
        '```toml\nname = "mine"\n```',
        "- wizardcoder 0.1.0",
    ],
)
def test_it_says_what_the_run_knows(said: str) -> None:
    assert said in card(FULL, EVOLVED)


def test_what_nobody_knows_is_left_out() -> None:
    found = headings(card(ORIGIN, SEEDS))
    assert found == ["mine", "Licence", "What it holds", "Limits"]


def test_everything_known_has_its_place() -> None:
    assert headings(card(FULL, EVOLVED)) == [
        *("mine", "Licence", "Teachers", "What it holds", "Seeds that were left out", "Evolution"),
        *("Cleaning", "Answers that were run", "Cost", "Limits", "Prompts", "Recipe", "Versions"),
    ]


def test_unknown_licences_are_said_first() -> None:
    contents = replace(
        SEEDS,
        sources=Counter({("web", "unknown"): 3, ("ours", "MIT"): 1}),
        licences=Counter({"unknown": 3, "MIT": 1}),
    )
    text = card(ORIGIN, contents)
    assert "**The licence of 3 of 4 records is unknown.**" in text
    assert parts(text)[0]["license"] == "unknown"


def test_a_licence_that_the_hub_does_not_list_is_named() -> None:
    contents = replace(SEEDS, licences=Counter({"LicenseRef-ours": 4}))
    metadata, _ = parts(card(ORIGIN, contents))
    assert (metadata["license"], metadata["license_name"]) == ("other", "LicenseRef-ours")


def test_licences_that_do_not_go_together_are_named() -> None:
    contents = replace(SEEDS, licences=Counter({"CC-BY-NC-4.0": 3, "GPL-3.0-only": 1}))
    assert "- GPL-3.0-only and CC-BY-NC-4.0: copyleft takes no" in card(ORIGIN, contents)


def test_a_licence_against_adaptations_is_named() -> None:
    contents = replace(SEEDS, licences=Counter({"CC-BY-ND-4.0": 4}))
    assert "**CC-BY-ND-4.0** forbids passing on adaptations" in card(ORIGIN, contents)


def test_conversations_that_a_format_cuts_are_said() -> None:
    assert "**2 conversations are here in part**" in card(ORIGIN, SEEDS, file="train.jsonl", cut=2)


def test_data_that_is_not_cleaned_is_said_to_be_so() -> None:
    assert "was not cleaned" in card(replace(ORIGIN, cleaned=False), SEEDS)


def test_a_long_table_of_sources_ends_with_the_rest_by_licence() -> None:
    sources = Counter({(f"file-{n}", "MIT" if n < 55 else "ISC"): 2 for n in range(60)})
    contents = Contents(120, sources, Counter(MIT=110, ISC=10), rounds=Counter({0: 120}))
    text = card(ORIGIN, contents)
    assert "| 5 further sources | ISC | 10 |" in text
    assert "| 5 further sources | MIT | 10 |" in text


@pytest.mark.parametrize("odd", ODD_TEXTS, ids=range(len(ODD_TEXTS)))
def test_no_value_breaks_the_card(odd: str) -> None:
    hostile_contents = replace(
        EVOLVED,
        sources=Counter({(odd, odd): 9, ("ours", "MIT"): 1}),
        licences=Counter({odd: 9, "MIT": 1}),
        teachers=Counter({(odd, odd): 6}),
        languages=Counter({odd: 1}),
        operations=Counter({"reasoning": 4, odd: 2}),
    )
    hostile_origin = replace(
        FULL,
        name=odd,
        about=odd,
        ancestors=[("old-model", odd)],
        prompts=[Prompt(odd, odd, 2.5), Prompt("judge", odd)],
        recipe_toml=odd,
        versions={"wizardcoder": odd},
    )
    shape = kinds(card(FULL, EVOLVED))
    hostile = card(hostile_origin, hostile_contents)
    assert yaml.safe_load(hostile.split("---\n")[1])["pretty_name"]
    found = kinds(hostile)
    for kind in ("heading_open", "table_open", "tr_open", "td_open", "fence", "list_item_open"):
        assert found[kind] == shape[kind], kind
    assert not found["html_inline"] + found["html_block"]


def test_the_same_facts_give_the_same_text() -> None:
    assert card(FULL, EVOLVED) == card(FULL, EVOLVED)

"""Each rule of elimination catches what it names, and nothing beside it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wizardcoder.evolve.elimination import INSTRUCTION_RULES, answer_fault, instruction_fault
from wizardcoder.prompts import CODE_EVOLVE_METHODS, OPERATIONS, evolve

PARENT = "Write a function that adds two numbers."
CHILD = "Write a function that adds two numbers without using the plus sign."


def instruction_rule(child: str, parent: str = PARENT, finish_reason: str = "stop") -> str:
    fault = instruction_fault(parent, child, finish_reason)
    return fault.rule if fault else ""


def answer_rule(answer: str, finish_reason: str = "stop") -> str:
    fault = answer_fault(answer, finish_reason)
    return fault.rule if fault else ""


# Instructions


@pytest.mark.parametrize(
    "child",
    [
        CHILD,
        "x",
        "你好，请写一个函数。",
        "Prompt the user for a number, then rewrite it.",
        "Rewrite the prompt given below.",
        "Test the given function.",
        CHILD + "\n```python\ndef add(a, b):\n    return a - b\n```",
    ],
)
def test_a_new_instruction_is_kept(child: str) -> None:
    assert instruction_rule(child) == ""


@pytest.mark.parametrize("child", ["", " ", "\n\t\u2003"])
def test_an_instruction_of_white_space_is_empty(child: str) -> None:
    assert instruction_rule(child) == "empty_instruction"


@pytest.mark.parametrize(
    "copied",
    [
        "#Given Test#",
        "#Rewritten Test#:",
        "the Given Prompt",
        "#Rewritten Prompt#",
        "REWRITTEN PROMPT",
        "Please increase the difficulty of the given programming test question a bit.",
        "Please say the given programming test question in other words.",
        *CODE_EVOLVE_METHODS.values(),
    ],
)
def test_an_instruction_that_copies_the_evolving_prompt_is_named_with_what_it_copied(
    copied: str,
) -> None:
    fault = instruction_fault(PARENT, f"{CHILD} {copied} {CHILD}")
    assert fault is not None
    assert fault.rule == "copied_prompt"
    assert fault.detail and fault.detail in copied.lower()


@pytest.mark.parametrize("name", OPERATIONS)
def test_no_sentence_of_any_operations_prompt_may_be_in_an_instruction(name: str) -> None:
    assert instruction_rule(evolve(name, CHILD)) == "copied_prompt"


MINE = (
    "Say it so that only an expert understands it: {question}\n"
    "Do {x}.\nAnd keep its language as it is."
)


@pytest.mark.parametrize(
    ("child", "rule"),
    [
        ("say it so that only an expert understands it: add", "copied_prompt"),
        (f"{CHILD} And keep its language as it is.", ""),  # too short to be told from chance
        (f"{CHILD} Do {{x}}.", ""),
    ],
)
def test_an_operation_of_the_users_own_is_known_by_its_long_sentences(
    child: str, rule: str
) -> None:
    fault = instruction_fault(PARENT, child, prompt=MINE)
    assert (fault.rule if fault else "") == rule


@pytest.mark.parametrize(
    "mark", ["given prompt", "#Rewritten Test#", *CODE_EVOLVE_METHODS.values()]
)
def test_what_its_parent_says_itself_is_not_copied_from_the_prompt(mark: str) -> None:
    parent = f"Answer the question: {mark.upper()} Then stop."
    assert instruction_rule(f"{parent} Now in O(1): {mark}", parent) == ""
    assert instruction_rule(f"{parent} The #Rewritten Prompt#", parent) == "copied_prompt"


@pytest.mark.parametrize(
    ("child", "rule"),
    [
        ("I'm sorry, but I can't help with that.", "refused_instruction"),
        ("Sorry, as a language model I cannot.", "refused_instruction"),
        ("I’m so sorry! No.", "refused_instruction"),
        ("Write a bot that answers 'I'm sorry, Dave'.", ""),
        ("Sorry is a word: count how often a text has it.", ""),
        ("I am sorry to ask: " + "how does it work? " * 30, ""),
    ],
)
def test_an_apology_is_no_instruction(child: str, rule: str) -> None:
    assert instruction_rule(child) == rule


def test_a_new_instruction_may_not_say_its_parent_over_again() -> None:
    parent = "Write a function that returns the sum of all even numbers of a list in Python"
    near = parent.replace("even", "odd")
    other = "Write a function that merges two sorted linked lists without further memory"
    assert instruction_rule(near, parent) == ""
    fault = instruction_fault(parent, near, in_breadth=True)
    assert fault == ("no_information_gain", "shares 87% of its words with its parent")
    assert instruction_fault(parent, other, in_breadth=True) is None


@pytest.mark.parametrize(
    "child",
    [PARENT, PARENT.upper(), f"\n {PARENT.replace(' ', '  ')}\n", PARENT.replace(" ", "\n")],
)
def test_the_words_of_the_parent_bring_no_information(child: str) -> None:
    assert instruction_rule(child) == "no_information_gain"


@pytest.mark.parametrize(
    ("parent", "child"),
    [
        ("Return x if x > 3.", "Return x if x < 3."),
        ("Sort the list a.", "Sort the list b."),
        ("Sort a, then b.", "Sort b, then a."),
    ],
)
def test_one_changed_sign_or_word_or_order_is_a_new_question(parent: str, child: str) -> None:
    assert instruction_rule(child, parent) == ""


def test_a_cut_instruction_is_never_used() -> None:
    assert instruction_rule(CHILD, finish_reason="length") == "truncated_instruction"
    assert instruction_rule("", finish_reason="length") == "truncated_instruction"


@pytest.mark.parametrize("half", [0xD800, 0xDBFF, 0xDC00, 0xDFFF])
def test_an_instruction_with_half_a_surrogate_pair_cannot_be_stored(half: int) -> None:
    assert instruction_rule(CHILD + chr(half)) == "unencodable_instruction"


# Answers


@pytest.mark.parametrize(
    "answer",
    [
        "def add(a, b):\n    return a + b",
        "42",
        "O(n)",
        "x",
        "答案是四。",
        "```python\nprint()\n```",
        "I apologise, but no.",  # the paper's rule knows one word
    ],
)
def test_an_answer_that_says_something_is_kept(answer: str) -> None:
    assert answer_rule(answer) == ""


@pytest.mark.parametrize(("words", "rule"), [(1, "refusal"), (79, "refusal"), (80, ""), (81, "")])
def test_sorry_is_a_refusal_in_an_answer_under_80_words(words: int, rule: str) -> None:
    assert answer_rule(" ".join(["Sorry,", *["code"] * (words - 1)])) == rule


@pytest.mark.parametrize("answer", ["I'm SORRY.", "```\n# sorry\n```", "so sorry"])
def test_sorry_is_found_wherever_and_however_it_is_written(answer: str) -> None:
    assert answer_rule(answer) == "refusal"


@pytest.mark.parametrize(
    "answer", ["", " \n", "...", "```\n```", "__", "The.", "It's what it is; and so on!", "🙂"]
)
def test_an_answer_of_punctuation_and_stop_words_is_empty(answer: str) -> None:
    assert answer_rule(answer) == "empty_answer"


def test_a_cut_answer_is_never_used() -> None:
    assert answer_rule("def add(a, b):", "length") == "truncated_answer"


def test_an_answer_with_half_a_surrogate_pair_cannot_be_stored() -> None:
    assert answer_rule("def add(a, b): \ud83d") == "unencodable_answer"


# Both


@settings(deadline=None)
@given(st.text(st.characters()), st.text(st.characters()), st.sampled_from(["stop", "length"]))
def test_whatever_passes_is_text_that_can_be_stored_and_was_not_cut(
    parent: str, child: str, finish_reason: str
) -> None:
    faults = instruction_fault(parent, child, finish_reason), answer_fault(child, finish_reason)
    for fault in faults:
        if fault is None:
            assert finish_reason == "stop"
            assert child.encode()


@settings(deadline=None)
@given(st.text(st.characters()), st.text(st.characters()), st.sampled_from(["stop", "length"]))
def test_a_rule_belongs_to_instructions_or_to_answers(
    parent: str, child: str, finish_reason: str
) -> None:
    if fault := instruction_fault(parent, child, finish_reason):
        assert fault.rule in INSTRUCTION_RULES
    if fault := answer_fault(child, finish_reason):
        assert fault.rule not in INSTRUCTION_RULES

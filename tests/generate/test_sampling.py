from __future__ import annotations

from functools import partial

from wizardcoder.engines import Sampling
from wizardcoder.extraction import until_stop
from wizardcoder.generate import Style, generate
from wizardcoder.recipe import Generate
from wizardcoder.records import Completion

from .fakes import EchoEngine, FixedEngine, problem

PROBLEMS = [problem(n) for n in range(3)]


def test_each_problem_has_n_numbered_completions() -> None:
    completions = generate(EchoEngine(), PROBLEMS, Generate(n=2))
    assert sorted((c.task_id, c.sample) for c in completions) == [
        (f"test/{n}", sample) for n in range(3) for sample in range(2)
    ]


def test_a_completion_keeps_the_text_the_code_taken_from_it_and_the_cuts() -> None:
    engine, stops = FixedEngine("x = 42\nprint(x)"), ["\nprint"]
    extract = partial(until_stop, stops=stops)
    (completion,) = generate(engine, PROBLEMS[:1], Generate(), extract)
    assert completion == Completion(
        task_id="test/0",
        sample=0,
        text="x = 42\nprint(x)",
        code="x = 42",
        finish_reason="length",
        cuts="stop sequence 9",
    )


def test_the_code_of_a_continuation_fits_the_problems_own_prompt() -> None:
    engine = FixedEngine("\n    return x")
    (completion,) = generate(engine, PROBLEMS[:1], Generate(), style=Style.COMPLETION)
    assert (completion.text, completion.code) == ("\n    return x", "    return x")


def test_the_options_reach_the_engine() -> None:
    engine = EchoEngine()
    list(generate(engine, PROBLEMS, Generate(max_tokens=7, temperature=0.2, top_p=0.5)))
    assert engine.samplings == [Sampling(max_tokens=7, temperature=0.2, top_p=0.5)]


def test_samples_of_a_problem_have_different_seeds() -> None:
    texts = [c.text for c in generate(EchoEngine(), PROBLEMS, Generate(n=4))]
    assert len(set(texts)) == 12


def test_the_first_samples_stay_when_n_grows() -> None:
    few = set(generate(EchoEngine(), PROBLEMS, Generate(n=2)))
    many = set(generate(EchoEngine(), PROBLEMS[::-1], Generate(n=5)))
    assert few < many


def test_another_seed_gives_other_samples() -> None:
    first, second = (
        {c.text for c in generate(EchoEngine(), PROBLEMS, Generate(), seed=seed)} for seed in (0, 1)
    )
    assert not first & second


def test_what_is_done_is_not_generated_again() -> None:
    engine = EchoEngine()
    done = {("test/0", 0), ("test/2", 1)}
    completions = generate(engine, PROBLEMS, Generate(n=2), done=done)
    assert not done & {(c.task_id, c.sample) for c in completions}
    assert len(engine.prompts) == 4


def test_an_endpoint_is_asked_in_chat_unless_told_otherwise() -> None:
    kinds = [
        Generate(),
        Generate(engine="endpoint"),
        Generate(engine="endpoint", template="alpaca"),
    ]
    engine = EchoEngine()
    for options in kinds:
        list(generate(engine, PROBLEMS[:1], options))
    assert [sampling.chat for sampling in engine.samplings] == [False, True, False]

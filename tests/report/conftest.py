"""An invented run for the report's tests: none of these numbers was ever measured."""

from __future__ import annotations

import math
from typing import NamedTuple

import pytest

from wizardcoder.report import (
    Arm,
    Cleaning,
    Comparison,
    Contamination,
    Deviation,
    Duplicates,
    Evidence,
    EvolStop,
    Evolution,
    Fact,
    Group,
    GroupScore,
    Lengths,
    Lineage,
    LineageStep,
    Results,
    ScoredRound,
    StageCost,
    Tally,
    TouchedScore,
    Training,
    Verification,
    Verified,
)

TASKS = 150


class Made(NamedTuple):
    """What the invented run says of one arm; `passed` on tasks of one, two and three steps."""

    name: str
    kind: str
    passed: tuple[int, int, int]
    depths: dict[str, int]
    description: str


ARMS = (
    Made("base", "base", (0, 0, 0), {}, "pre-trained on code of the algebra, not on instructions"),
    Made("seed", "seed", (150, 96, 0), {"1": 850, "2": 150}, "the seeds alone"),
    Made("round-1", "round", (149, 101, 4), {"1": 1020, "2": 790, "3": 140}, "seeds and round 1"),
    Made(
        "round-2",
        "round",
        (148, 97, 15),
        {"1": 1090, "2": 1130, "3": 540, "4": 101},
        "seeds and rounds 1 and 2",
    ),
    Made(
        "round-3",
        "round",
        (148, 93, 29),
        {"1": 1128, "2": 1312, "3": 905, "4": 301, "5": 54},
        "seeds and rounds 1 to 3",
    ),
    Made(
        "more-of-the-same",
        "control",
        (150, 113, 1),
        {"1": 3145, "2": 555},
        "new unevolved tasks of the seeds’ mix, as many distinct programs as round-3",
    ),
)

EVIDENCE = (
    Evidence(
        record_id="seed-0007",
        benchmark="miniature",
        task_id="miniature/test/12",
        rule="function",
        part="solution",
        score=12,
        span="def kept(xs):\n    return sorted(x for x in xs if x > 3)",
        matched="def f(values):\n    return sorted(v for v in values if v > 3)",
        kept=True,
        behaviour="fails",
    ),
    *(
        Evidence(
            record_id=f"seed-{n:04d}",
            benchmark="miniature",
            task_id=f"miniature/test/{n}",
            rule="containment",
            part="statement",
            score=0.87,
            span=f"Please keep the numbers above {n} and return the sum of the list.",
            matched=f"Keep the numbers above {n} and return the sum of the list.",
            behaviour="passes" if n < 3 else "not_run",
        )
        for n in range(9)
    ),
)

WRONG = "def total(xs):\n    return sum(x for x in xs if x < 3 & x > 0)\n"
LINEAGE = Lineage(
    seed_id="seed-0417",
    steps=(
        LineageStep(
            round=0,
            instruction="Write a function total(xs) that returns the sum of the list.",
            response="```python\ndef total(xs):\n    return sum(xs)\n```",
        ),
        LineageStep(
            round=1,
            operation="reasoning",
            instruction="Write a function total(xs) that keeps the numbers above 3 and returns "
            "the sum of the list.",
            response="```python\ndef total(xs):\n    kept = [x for x in xs if x > 3]\n"
            "    return sum(kept)\n```",
        ),
        LineageStep(
            round=2,
            operation="complexity",
            instruction="Write a function total(xs) that keeps the numbers above 3 and returns "
            "the sum of the list. Propose higher time or space complexity requirements.",
            rule="copied_prompt",
        ),
        LineageStep(
            round=3,
            operation="misdirection",
            instruction="Write a function total(xs) that keeps the numbers above 3 and returns "
            f"the sum of the list.\n\nBeware, this code does not solve it:\n```python\n{WRONG}```",
            response="```python\ndef total(xs):\n    kept = [x for x in xs if x > 3]\n"
            "    return sum(kept)\n```",
        ),
    ),
)


def scores(passed: tuple[int, int, int]) -> tuple[GroupScore, ...]:
    return tuple(
        GroupScore(
            benchmark="miniature",
            group=str(steps),
            passed=n,
            total=TASKS,
            rate=n / TASKS,
            low=max(0.0, n / TASKS - 0.012 - 0.13 * math.sqrt(n / TASKS * (1 - n / TASKS))),
            high=min(1.0, n / TASKS + 0.025 + 0.13 * math.sqrt(n / TASKS * (1 - n / TASKS))),
        )
        for steps, n in enumerate(passed, 1)
    )


def arm(made: Made, number: int) -> Arm:
    trained = made.kind != "base"
    curve = tuple(
        (step * 2800, (2.6 + 0.3 * number) * math.exp(-step / 60) + 0.05 * (1 + number % 3)
         + 0.02 * math.sin(7 * step + number))
        for step in range(1, 286)
    )  # fmt: skip
    return Arm(
        name=made.name,
        kind=made.kind,
        description=made.description,
        records=sum(made.depths.values()) if trained else 8000,
        distinct_responses=sum(made.depths.values()) - 11 * number if trained else 7964,
        label_tokens=62 * sum(made.depths.values()) if trained else 496_000,
        depth_histogram=made.depths,
        scores=scores(made.passed),
        loss_curve=curve if trained else (),
        score_curve=((200_000, 0.2), (400_000, 0.4), (600_000, 0.35))
        if made.kind == "round"
        else (),
        training=Training(
            examples=max(1, sum(made.depths.values()) - 3),
            rejected=3 if trained else 0,
            truncated=number,
            steps=285,
            tokens=1_400_000,
            seconds=46.8 + number if trained else 34.2,
            mfu=0.31 if trained else None,
            halvings=1 if made.kind == "control" else 0,
        ),
    )


def compare(a: Made, b: Made, steps: int) -> Comparison:
    difference = (a.passed[steps - 1] - b.passed[steps - 1]) / TASKS
    return Comparison(
        arm_a=a.name,
        arm_b=b.name,
        benchmark="miniature",
        group=str(steps),
        difference=difference,
        interval_low=difference - 0.06,
        interval_high=difference + 0.065,
        method="paired bootstrap over tasks, 2,000 draws",
    )


@pytest.fixture(scope="session")
def results() -> Results:
    """A whole run in which evolving wins on three steps and loses on two."""
    by_name = {made.name: made for made in ARMS}
    last, control, seed = by_name["round-3"], by_name["more-of-the-same"], by_name["seed"]
    return Results(
        run="invented",
        title="Miniature demo: an invented run",
        created="2026-11-12 14:05 UTC",
        wizardcoder_version="0.0.0",
        recipe_toml='name = "invented"\nseed = 7\n\n[train]\nlr = 0.003\nbetas = [0.9, 0.95]\n',
        seed=7,
        sandbox_level="full",
        attested_share=1.0,
        not_shown="A model of a million parameters learnt combinations in an algebra of list "
        "operations; nothing here says what evolved data does for a real model taught by a real "
        "teacher.",
        arms=tuple(arm(made, number) for number, made in enumerate(ARMS)),
        groups=(
            Group(benchmark="miniature", name="1", label="1-step tasks", note="seen operations"),
            Group(
                benchmark="miniature",
                name="2",
                label="2-step tasks",
                note="never seen in training",
            ),
            Group(
                benchmark="miniature",
                name="3",
                label="3-step tasks",
                note="never seen in training",
            ),
        ),
        comparisons=(
            compare(last, control, 3),
            compare(last, seed, 3),
            compare(last, control, 2),
            compare(last, seed, 2),
        ),
        evolution=Evolution(
            seeds=1000,
            attempts=3000,
            accepted=2764,
            rejected=236,
            rules={"no_information_gain": 171, "refusal": 38, "copied_prompt": 20, "truncated": 7},
            by_round=(
                Tally(name="1", accepted=957, rejected=43),
                Tally(name="2", accepted=921, rejected=79),
                Tally(name="3", accepted=886, rejected=114),
            ),
            by_operation=tuple(
                Tally(name=name, accepted=n, rejected=600 - n)
                for name, n in (
                    ("constraints", 588),
                    ("replace", 521),
                    ("reasoning", 590),
                    ("misdirection", 600),
                    ("complexity", 465),
                )
            ),
            verification=Verification(
                by_round=(
                    Verified(name="1", verified=900, failed=40, not_testable=17),
                    Verified(name="2", verified=800, failed=81, not_testable=40),
                    Verified(name="3", verified=700, failed=119, not_testable=66, undecided=1),
                ),
                by_operation=(
                    Verified(name="complexity", failed=465),
                    Verified(name="constraints", verified=2299),
                ),
                attested=2200,
                time_limited=7,
            ),
        ),
        evol_stop=EvolStop(
            benchmark="miniature-dev",
            rounds=(
                ScoredRound(
                    round=1,
                    rate=0.5,
                    low=0.4,
                    high=0.6,
                    best_before=1,
                    difference=0,
                    difference_low=0,
                    difference_high=0,
                ),
                ScoredRound(
                    round=2,
                    rate=0.3,
                    low=0.2,
                    high=0.4,
                    best_before=1,
                    difference=-0.2,
                    difference_low=-0.3,
                    difference_high=-0.1,
                ),
            ),
            best=1,
            stopped="fell",
        ),
        touched=(
            TouchedScore(
                arm="round-3",
                benchmark="miniature",
                problems=450,
                rate=0.6,
                low=0.55,
                high=0.64,
                touched=3,
                touched_dropped=2,
                unchecked=150,
                untouched=297,
                untouched_rate=0.41,
                untouched_low=0.36,
                untouched_high=0.47,
            ),
        ),
        cleaning=Cleaning(
            kept=3700,
            rejected=64,
            rules={"exact_duplicate": 41, "near_duplicate": 14, "contaminated": 9},
            flags={"syntax_error": 5},
            languages={"python": 3690, "": 10},
            lengths=Lengths(median=211, p99=900, max=4012),
            duplicates=Duplicates(
                exact={"parent and child": 4, "sibling": 7, "unrelated": 30},
                near_removed={"unrelated": 14},
                near_kept={"parent and child": 412, "sibling": 37},
            ),
            contamination=Contamination(
                benchmarks=("miniature",),
                hits=10,
                records=10,
                records_kept=1,
                by_benchmark={"miniature": 10},
                by_rule={"containment": 9, "function": 1},
                behaviour={"passes": 3, "fails": 2, "not_run": 5},
                evidence=EVIDENCE,
            ),
        ),
        lineages=(LINEAGE,),
        stages=(
            StageCost(stage="seeds", seconds=0.4),
            StageCost(
                stage="evolve",
                seconds=21.3,
                calls=5764,
                prompt_tokens=812_400,
                completion_tokens=301_200,
                note="in-process teacher: its calls are free",
            ),
            StageCost(stage="clean", seconds=3.9),
            StageCost(stage="train", seconds=268.0, note="base taken from the cache"),
            StageCost(stage="generate", seconds=31.5),
            StageCost(stage="evaluate", seconds=17.8),
        ),
        deviations=(
            Deviation(key="clean.near_duplicate_jaccard", default="0.7", value="0.95"),
            Deviation(key="clean.min_ast_nodes", default="15", value="40"),
        ),
        facts=(
            Fact(
                name="Hold-out",
                text="Compositions of the test split occur neither as a program nor by behaviour "
                "on probe inputs in the base corpus or in any tuning data.",
            ),
            Fact(name="Limits", text="3 s CPU, 30 s wall, 512 MiB for each program."),
            Fact(name="Sampling", text="Greedy, one answer per task, at most 160 tokens."),
            Fact(
                name="Equal effort",
                text="Every arm saw 800 000 label tokens from the same base, with the same seed.",
            ),
        ),
    )

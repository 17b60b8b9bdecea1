"""DS-1000: its rows, its programs, its answers, and what it needs to run."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tests.benchmarks import planted_ds1000 as planted
from wizardcoder.benchmarks import Answer, ds1000, rows
from wizardcoder.benchmarks.ds1000 import DS1000
from wizardcoder.errors import InputError, UsageError
from wizardcoder.extraction import Cut

NETWORK = {519, 539, 565, 566, 567, 577, 598, 624, 629, 650, 654, 655, 656, 661, 819}
ALL_FILES = (
    *(f"seaborn/{name}" for name in ("exercise", "planets", "penguins", "tips")),
    "sklearn/california_housing",
)


def load(folder: Path, *rows: object) -> DS1000:
    benchmark = ds1000.load(planted.write(folder, *rows))
    return replace(benchmark, environment=None)


def unable(benchmark: DS1000, folder: Path, *without: str) -> set[int]:
    """The numbers of the problems that cannot run without some modules, all files at hand."""
    found = planted.environment(folder, without=without, files=ALL_FILES)
    lacking = replace(benchmark, environment=found).unable()
    return {int(name.rpartition("/")[2]) for names in lacking.values() for name in names}


def test_a_row_becomes_a_problem(tmp_path: Path) -> None:
    problem = load(tmp_path, planted.row(7)).problems[0]
    assert problem.task_id == "DS-1000/7"
    assert (problem.group, problem.variant) == ("Numpy", "Origin")
    assert problem.canonical_solution == "y = 2 * x"
    assert problem.instruction.endswith("\n\n" + problem.prompt)


def test_every_result_says_whose_the_prompt_is(tmp_path: Path) -> None:
    assert "the prompt is this project's own" in load(tmp_path, planted.row(0)).notes[0]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"code_context": None}, "ds1000.jsonl:1: field 'code_context' is not text"),
        ({"metadata": 3}, "ds1000.jsonl:1: field 'metadata' is not an object (got 3)"),
        ({"metadata": {}}, "ds1000.jsonl:1: field 'problem_id' is missing"),
    ],
)
def test_a_malformed_row_is_named(tmp_path: Path, changed: dict[str, object], message: str) -> None:
    with pytest.raises(InputError) as caught:
        load(tmp_path, planted.row(0, **changed))
    assert message in str(caught.value)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no problem"):
        load(tmp_path)


def test_a_program_is_the_context_the_answer_and_the_test_in_this_order(tmp_path: Path) -> None:
    benchmark = load(tmp_path, planted.row(0))
    program = benchmark.assemble(benchmark.problems[0], 'y = "a\n"')
    assert program == planted.CONTEXT + "\ncode = 'y = \"a\\n\"'\ntest_execution(code)\n"


def test_the_test_of_the_text_comes_last_where_there_is_one(tmp_path: Path) -> None:
    context = planted.CONTEXT + planted.STRING_TEST
    benchmark = load(tmp_path, planted.row(0, code_context=context))
    program = benchmark.assemble(benchmark.problems[0], "y = 4")
    assert program.endswith("\ntest_execution(code)\ntest_string(code)\n")


def test_an_answer_cannot_stand_alone(tmp_path: Path) -> None:
    benchmark = load(tmp_path, planted.row(0))
    with pytest.raises(UsageError, match="--assembly completion is the only way"):
        benchmark.assemble(benchmark.problems[0], "y = 4", "solution")


@pytest.mark.parametrize(
    ("text", "code", "rules"),
    [
        ("y = 4\n", "y = 4\n", []),
        ("y = 4\n</code>\nThat is it.", "y = 4\n", ["</code>"]),
        ("```python\ny = 4\n```\nDone", "\ny = 4\n", ["python fence", "fence"]),
        ("y = 4\nEND SOLUTION\nprint(y)", "y = 4", ["END SOLUTION"]),
        ("<code>\ny = 4</code>", "\ny = 4", ["</code>", "<code>"]),
        ("```\ny = 4\n```", "", ["fence"]),  # by the authors' rules nothing is left of this one
        ("# END SOLUTION\ny = 4", "# END SOLUTION\ny = 4", []),
    ],
)
def test_answers_are_cleaned_by_the_authors_rules(text: str, code: str, rules: list[str]) -> None:
    found = ds1000.clean(text)
    assert found.code == code
    assert [cut.rule for cut in found.cuts] == rules


def test_every_cut_is_counted() -> None:
    found = ds1000.clean("<code>y = 4</code> done")
    assert found.cuts == (Cut("</code>", 12), Cut("<code>", 6))
    assert len(found.code) == len("<code>y = 4</code> done") - 18


def test_answer_files_are_read_as_they_are(tmp_path: Path) -> None:
    benchmark = load(tmp_path, planted.row(0))
    path = planted.write(
        tmp_path,
        {"code": "y = 4\n", "metadata": {"problem_id": 3}},
        {"code": ["y = 5", "y = 6"], "id": 0},
        {"task_id": "DS-1000/0", "completion": "y = 6"},
    )
    assert [benchmark.answer(row) for row in rows.read(path)] == [
        Answer("DS-1000/3", "y = 4\n"),
        Answer("DS-1000/0", "y = 5"),
        None,
    ]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"id": 1, "code": 4}, "field 'code' is neither text nor a list of texts"),
        ({"id": 1, "code": []}, "field 'code' is neither text nor a list of texts"),
        ({"code": "y = 4"}, "field 'metadata.problem_id' is not a whole number"),
        ({"code": "y = 4", "metadata": {}}, "field 'metadata.problem_id' is not a whole number"),
    ],
)
def test_a_malformed_answer_is_named(tmp_path: Path, row: object, message: str) -> None:
    benchmark = load(tmp_path, planted.row(0))
    with pytest.raises(InputError, match=r"ds1000\.jsonl:1") as caught:
        benchmark.answer(next(iter(rows.read(planted.write(tmp_path, row)))))
    assert message in str(caught.value)


def test_without_an_environment_the_command_that_installs_it_is_named(tmp_path: Path) -> None:
    benchmark = load(tmp_path, planted.row(0))
    with pytest.raises(UsageError, match="wizardcoder doctor ds1000 --install"):
        benchmark.runtime(benchmark.problems[0])


@pytest.mark.parametrize(
    ("reference", "first"),
    [("y = 4", "numpy"), ("import torch", "torch"), ("import tensorflow, torch", "tensorflow")],
)
def test_the_heaviest_library_of_a_problem_decides_what_is_loaded_before(
    tmp_path: Path, reference: str, first: str
) -> None:
    benchmark = load(tmp_path, planted.row(0, reference_code=reference))
    benchmark = replace(benchmark, environment=planted.environment(tmp_path))
    runtime = benchmark.runtime(benchmark.problems[0])
    assert runtime.preload[0] == first
    assert runtime.lacks == ""


def test_a_problem_without_its_library_says_which(tmp_path: Path) -> None:
    context = planted.CONTEXT.replace("x = 2", "import xgboost.sklearn as xgb")
    benchmark = load(tmp_path, planted.row(0, code_context=context), planted.row(1))
    found = planted.environment(tmp_path, without=("xgboost",))
    benchmark = replace(benchmark, environment=found)
    assert benchmark.unable() == {"xgboost is not installed": ["DS-1000/0"]}


def test_a_problem_without_its_data_set_says_whose_it_is(tmp_path: Path) -> None:
    context = planted.CONTEXT.replace("x = 2", 'x = sns.load_dataset("tips")')
    benchmark = load(tmp_path, planted.row(0, code_context=context))
    lacking = replace(benchmark, environment=planted.environment(tmp_path))
    found = replace(benchmark, environment=planted.environment(tmp_path, files=("seaborn/tips",)))
    assert list(lacking.unable()) == ["seaborn/tips of seaborn's data repository needs the network"]
    assert found.unable() == {}


def test_what_only_an_answer_imports_is_not_missing(tmp_path: Path) -> None:
    benchmark = load(tmp_path, planted.row(0, prompt="import torch\n"))
    assert unable(benchmark, tmp_path, "torch") == set()


def test_results_on_another_environment_are_other_results(tmp_path: Path) -> None:
    benchmark = load(tmp_path, planted.row(0))
    one, other = (
        replace(benchmark, environment=planted.environment(tmp_path, without=without))
        for without in ((), ("torch",))
    )
    assert len({benchmark.surroundings, one.surroundings, other.surroundings}) == 3


@pytest.mark.real_data
def test_the_file_of_2024_is_read_whole(shared: Path) -> None:
    problems = ds1000.load(shared / "data").problems
    assert [problem.task_id for problem in problems] == [f"DS-1000/{n}" for n in range(1000)]
    assert Counter(problem.group for problem in problems) == {
        "Pandas": 291,
        "Numpy": 220,
        "Matplotlib": 155,
        "Sklearn": 115,
        "Scipy": 106,
        "Pytorch": 68,
        "Tensorflow": 45,
    }
    assert Counter(problem.variant for problem in problems) == {
        "Origin": 452,
        "Semantic": 234,
        "Difficult-Rewrite": 162,
        "Surface": 152,
    }


@pytest.mark.real_data
def test_the_problems_that_need_the_network_are_known(shared: Path, tmp_path: Path) -> None:
    benchmark = ds1000.load(shared / "data")
    found = replace(benchmark, environment=planted.environment(tmp_path)).unable()
    assert {int(name.rpartition("/")[2]) for names in found.values() for name in names} == NETWORK


@pytest.mark.real_data
def test_the_problems_that_need_a_rare_library_are_known(shared: Path, tmp_path: Path) -> None:
    benchmark = ds1000.load(shared / "data")
    assert unable(benchmark, tmp_path, "yaml") == {15}
    assert unable(benchmark, tmp_path, "statsmodels") == {911}
    assert unable(benchmark, tmp_path, "xgboost") == {837, 838}
    assert unable(benchmark, tmp_path, "gensim") == {936, 937}
    assert {n for n in unable(benchmark, tmp_path, "torch", "tensorflow") if n < 511} == {
        *range(377, 381)
    }

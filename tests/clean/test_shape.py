from __future__ import annotations

import gzip
import json
import time
from functools import partial
from pathlib import Path

import pyarrow as pa
import pytest

from wizardcoder.clean import rows, shape, workers
from wizardcoder.recipe import Clean

from .planted import record

FENCED = "```{}\n{}\n```"
PLAIN = ["a fine answer"] * 20


def find(*responses: str, options: Clean | None = None) -> shape.Shape:
    records = [record(f"r{n:05d}", response=text) for n, text in enumerate(responses)]
    return shape.find(rows.of_records(records), options or Clean())


def rules(found: shape.Shape) -> list[tuple[int, str, bool]]:
    return [(flag.row, flag.rule, flag.drops) for flag in found.flags]


def test_each_planted_fault_is_found_in_its_row() -> None:
    found = find(
        "a fine answer",
        " \n",
        "I cannot help with that.",
        FENCED.format("py", "if x = 1:\n    pass"),
        FENCED.format("c", "int a;"),
        "word " * 5000,
        FENCED.format("java", "int a; " * 2_500),
        *PLAIN,
    )
    assert rules(found) == [
        (1, "no_response", True),
        (2, "refused", True),
        (3, "syntax_error", False),
        (5, "length_outlier", False),
        (6, "syntax_unread", False),
        (6, "length_outlier", False),
    ]


def test_a_flag_says_what_was_found() -> None:
    found = find(FENCED.format("py", "a = 1\nif a = 1: b()"), "```js\nf(\n")
    python, javascript = (flag.detail for flag in found.flags)
    assert python.startswith("python, line 2: invalid syntax")
    assert javascript == "javascript, line 1: not javascript, in a block that nothing closes"


def test_what_is_asked_for_drops() -> None:
    options = Clean(syntax="drop", lengths="drop", refusals="count")
    long = "a " * 5000
    found = find("I cannot help.", FENCED.format("go", "func ("), long, *PLAIN, options=options)
    assert rules(found) == [
        (0, "refused", False),
        (1, "syntax_error", True),
        (2, "length_outlier", True),
    ]


def test_what_is_off_is_not_looked_for() -> None:
    options = Clean(syntax="off", lengths="off", refusals="off")
    found = find("", "I cannot help.", FENCED.format("go", "func ("), "a " * 5000, options=options)
    assert rules(found) == [(0, "no_response", True)]


def test_each_record_has_its_language() -> None:
    found = find(
        FENCED.format("js", "a();") + "\n" + FENCED.format("py", "a_long_name = 1\n" * 3),
        FENCED.format("", "def f(x):\n    return x"),
        FENCED.format("haskell", "main = pure ()"),
        "total = sum(xs)",
        "A tuple cannot be changed.",
        "Use it so:\nconsole.log(1)",
    )
    assert found.languages == ["python", "python", "haskell", "python", "", "javascript"]


def test_the_language_asked_for_counts_where_no_fence_says_one() -> None:
    fenced = FENCED.format("go", "a := 1")
    records = [record("a", response="(defn f [])"), record("b", response=fenced)]
    table = rows.of_records(records)
    column = table.schema.get_field_index("language")
    table = table.set_column(column, table.schema.field(column), pa.array(["Clojure", "C++"]))
    assert shape.find(table, Clean()).languages == ["clojure", "go"]


def test_code_without_fences_is_judged_only_where_all_is_code() -> None:
    wrong = "def f(x):\nreturn x"
    assert rules(find(wrong)) == [(0, "syntax_error", False)]
    assert rules(find(f"Do it like this:\n{wrong}")) == []


def test_tokens_are_those_of_question_and_response() -> None:
    table = rows.of_records([record("a", "Add a+b.", "a + b")])
    assert shape.find(table, Clean()).tokens.tolist() == [8]


def test_an_empty_table_has_no_shape() -> None:
    found = find()
    assert (found.flags, found.languages, len(found.tokens)) == ([], [], 0)


def test_the_number_of_processes_makes_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "over", partial(workers.over, least_rows=0))
    responses = ["", "I cannot help.", FENCED.format("py", "if x = 1: a"), "a = 1", "no"] * 300
    records = [record(f"r{n:05d}", response=text) for n, text in enumerate(responses)]
    table = rows.of_records(records)
    alone, two = shape.find(table, Clean()), shape.find(table, Clean(), jobs=2)
    assert alone.flags == two.flags and alone.languages == two.languages
    assert alone.tokens.tolist() == two.tokens.tolist()


@pytest.mark.parametrize(
    "text",
    [
        "(" * 1_000_000,
        "[" * 100_000 + "]" * 100_000,
        "```py\n" + "(" * 1_000_000,
        "```py\n" + "[" * 8_000 + "]" * 8_000,
        "```java\n" + "x<" * 8_000 + "\n```",
        "```java\nx<x<x<\n```\n" * 40_000,
        "```\n" * 200_000,
        "\0" * 1_000_000,
        "```bash\n" + "\0" * 16_000,
        " " * 1_000_000 + "a",
        "I cannot " * 100_000,
    ],
    ids=range(11),
)
def test_hostile_text_is_judged_in_bounded_time(text: str) -> None:
    began = time.process_time()
    find(text)
    assert time.process_time() - began < 5


@pytest.mark.real_data
def test_of_real_evolved_answers_few_are_flagged_and_nearly_all_have_a_language(
    shared: Path,
) -> None:
    path = shared / "data" / "evolved" / "python_answered_1805.json.gz"
    rows_ = json.loads(gzip.decompress(path.read_bytes()))
    found = find(*(row["output"] for row in rows_))
    assert {flag.rule for flag in found.flags} == {"syntax_error"}
    assert len(found.flags) == 35  # read one by one: LOG.md
    assert found.languages.count("python") > 0.94 * len(rows_)
    assert set(found.languages) == {"python", "c", "java", ""}

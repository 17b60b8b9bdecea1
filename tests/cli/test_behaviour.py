"""`clean --behaviour`, from a data file to the report, as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wizardcoder.clean import Hit
from wizardcoder.cli.app import run
from wizardcoder.storage import read_parquet

pytestmark = pytest.mark.usefixtures("quiet")

CODE = """
def drained(litres, rain):
    for shower in rain:
        litres -= litres // 10
        litres += shower
    return litres
"""
BENCHMARK = {
    "task_id": 11,
    "text": "Return how much of the litres is left in a barrel after all days of rain.",
    "code": CODE,
    "test_setup_code": "",
    "test_list": ["assert drained(50, [3, 4]) == 48"],
}
LEAK = CODE.replace("drained", "f").replace("litres", "a").replace("rain", "b")
ROWS = [
    {"instruction": "Simulate it.", "output": f"Sure:\n```python\n{LEAK}```\n"},
    {"instruction": BENCHMARK["text"], "output": "```python\ndef g(a, b):\n    return a\n```"},
    {"instruction": f"{BENCHMARK['text']} In words.", "output": "It gets less and less."},
    {"instruction": "Name a colour.", "output": "Green, as the grass is in spring."},
]


def test_flagged_functions_are_run_and_the_report_says_what_they_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = Path("data/mbpp")
    folder.mkdir(parents=True)
    (folder / "mbpp.jsonl").write_text(json.dumps(BENCHMARK) + "\n")
    Path("rows.json").write_text(json.dumps(ROWS))
    options = ["--benchmark", "mbpp", "--data", "data", "--out", "out", "--licence", "CC0-1.0"]
    assert run(["clean", "rows.json", *options, "--behaviour", "--jobs", "1"]) == 0
    hits = read_parquet(Path("out/clean/hits.parquet"), Hit)
    behaviour = {hit.record_id: hit.behaviour for hit in hits}
    assert list(behaviour.values()) == ["passes", "fails", "not_run"]
    assert run(["report", "out", "--data", "data"]) == 0
    page = Path(capsys.readouterr().out.split()[-1]).read_text()
    for said in (
        "1 of 4 records are left after cleaning; 3 held something of a benchmark",
        "passes the problem’s tests",
        "fails the problem’s tests",
        "was not run on its tests",
    ):
        assert said in page
    assert "a base model" not in page

"""Hostile and odd programs that others wrote, and what one program leaves to the next."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wizardcoder.records import Outcome
from wizardcoder.sandbox import Check, Limits, Sandbox

TEST = """
def check(candidate):
    assert candidate(2) == 4
    assert candidate(3) == 9
"""
LEAVES_FILES = """
import os, tempfile
def f(x):
    for folder in (tempfile.gettempdir(), "/dev/shm"):
        try:
            os.makedirs(folder + "/left/inner", exist_ok=True)
            open(folder + "/left/file", "w").write("x")
        except OSError:
            pass
    return x * x
"""
LOOKS_FOR_THEM = """
import os
def f(x):
    return x * x if not os.path.exists("left") and not os.path.exists("/dev/shm/left") else 0
"""
DIGS_DEEP = """
import os
for _ in range(1100):
    os.mkdir("deep")
    os.chdir("deep")
def f(x): return x * x
"""
LIES_ABOUT_ITS_LENGTH = """
class Four:
    def __len__(self): return 4
def f(x): return Four()
"""


@pytest.mark.parametrize("before", [LEAVES_FILES, DIGS_DEEP], ids=["files", "a deep folder"])
def test_the_next_program_finds_nothing_of_the_last(box: Sandbox, before: str) -> None:
    for program in (before, LOOKS_FOR_THEM):
        judgement = box.judge(program=program, entry_point="f", test=TEST)
        assert judgement.outcome is Outcome.PASSED, judgement.reason
    assert not Path("/dev/shm/left").exists()


def test_what_a_program_could_have_forged_is_not_attested(box: Sandbox) -> None:
    test = "def check(candidate): assert len(candidate(2)) == 4"
    judgement = box.judge(program=LIES_ABOUT_ITS_LENGTH, entry_point="f", test=test)
    assert not judgement.attested


@pytest.mark.slow
@pytest.mark.real_data
def test_the_shared_programs_get_a_verdict_that_is_expected(box: Sandbox, shared: Path) -> None:
    lines = (shared / "hostile/programs.jsonl").read_text("utf-8").splitlines()
    programs = [json.loads(line) for line in lines]
    words = {Outcome.PASSED: "pass", Outcome.TIMEOUT: "timeout", Outcome.MEMORY: "memory"}
    tasks = [Check(program=p["code"], entry_point="f", test=p["test"]) for p in programs]
    with Sandbox(Limits(memory_bytes=1 << 30), level=box.level, jobs=2) as fresh:
        judged = {programs[n]["id"]: j.outcome for n, j in fresh.judge_all(tasks)}
    wrong = {
        p["id"]: str(judged[p["id"]])
        for p in programs
        if words.get(judged[p["id"]], "fail") not in p["expect"]
        or judged[p["id"]] in {Outcome.INFRA_ERROR, Outcome.NOT_RUN}
    }
    assert not wrong

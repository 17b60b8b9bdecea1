"""Programs that attack the verdict or the machine. None may pass; an effect outside would show.

Each program returns the right answer only where its attack worked.
"""

from __future__ import annotations

import json
import os
import socket
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from wizardcoder.records import Outcome
from wizardcoder.sandbox import Check, Judgement, Limits, Sandbox

TEST = """
def check(candidate):
    assert candidate(2) == 4
    assert candidate(3) == 9
"""
PROGRAMS = tomllib.loads((Path(__file__).parent / "hostile.toml").read_text("utf-8"))["program"]
#: At `no-namespaces` a candidate's disk space has no limit in sum, only per file.
ONLY_FULL = {"many big files"}


def attacks(on: str) -> pytest.MarkDecorator:
    """One test for each program that attacks this."""
    found = {program["name"]: program["code"] for program in PROGRAMS if program["attack"] == on}
    return pytest.mark.parametrize("program", found.values(), ids=found.keys())


@pytest.fixture
def listener() -> Iterator[str]:
    """The name of an abstract socket that somebody listens on."""
    name = f"wizardcoder-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"\0{name}")
        server.listen()
        yield name


@pytest.fixture
def port() -> Iterator[int]:
    """A loopback port that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@attacks(on="verdict")
def test_no_program_decides_its_own_verdict(box: Sandbox, program: str) -> None:
    judgement = judge(box, program)
    assert_beaten(judgement)
    assert judgement.attested


@attacks(on="judge")
def test_no_result_hurts_the_judge(box: Sandbox, program: str) -> None:
    assert_beaten(judge(box, program))
    assert judge(box, "def f(x): return x * x").outcome is Outcome.PASSED


@attacks(on="machine")
def test_no_program_acts_on_the_machine(
    box: Sandbox,
    program: str,
    tmp_path: Path,
    port: int,
    listener: str,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    if box.level != "full" and any(name in request.node.name for name in ONLY_FULL):
        pytest.skip("a limit that this level does not promise")
    victim = tmp_path / "victim"
    victim.write_text("secret", encoding="utf-8")
    monkeypatch.setenv("WIZARDCODER_SECRET", "1")
    surroundings = {"OUTSIDE": tmp_path, "JUDGE": os.getpid(), "PORT": port, "NAME": listener}
    for name, value in surroundings.items():
        program = program.replace(name, str(value))
    assert_beaten(judge(box, program))
    assert [path.name for path in tmp_path.iterdir()] == ["victim"]
    assert victim.read_text(encoding="utf-8") == "secret"
    assert not survivors()


LEAVES_FILES = """
import os, tempfile
def f(x):
    for folder in (tempfile.gettempdir(), "/dev/shm"):
        try:
            open(folder + "/left", "w").write("x")
        except OSError:
            pass
    return x * x
"""
LOOKS_FOR_THEM = """
import json
import os
def f(x):
    return x * x if not os.path.exists("left") and not os.path.exists("/dev/shm/left") else 0
"""


def test_the_next_program_finds_nothing_of_the_last(box: Sandbox) -> None:
    assert judge(box, LEAVES_FILES).outcome is Outcome.PASSED
    assert judge(box, LOOKS_FOR_THEM).outcome is Outcome.PASSED
    assert not Path("/dev/shm/left").exists()


def judge(box: Sandbox, program: str) -> Judgement:
    return box.judge(program=program, entry_point="f", test=TEST)


def assert_beaten(judgement: Judgement) -> None:
    harmless = {Outcome.PASSED, Outcome.INFRA_ERROR, Outcome.NOT_RUN}
    assert judgement.outcome not in harmless, judgement.reason


def survivors() -> list[str]:
    """Processes that a raid left behind, by the mark it gave them."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if b"MARK\x004321" in process.read_bytes():
                found.append(process.parent.name)
        except OSError:  # gone meanwhile
            continue
    return found


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

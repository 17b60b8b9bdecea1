"""Programs that hold their own test: how they end decides, and nobody vouches for it."""

from __future__ import annotations

import textwrap
from dataclasses import replace

import pytest

from tests.sandbox.conftest import LIMITS
from wizardcoder.records import Outcome
from wizardcoder.sandbox import Interpreter, Judgement, Sandbox, Script


def judge(box: Sandbox, program: str) -> Judgement:
    return next(box.judge_all([Script(program=textwrap.dedent(program))])).judgement


@pytest.mark.parametrize(
    ("program", "outcome", "reason"),
    [
        ("x = 1\nassert x == 1", Outcome.PASSED, ""),
        ("assert 1 == 2, 'one is not two'", Outcome.WRONG_ANSWER, "one is not two"),
        ("assert 1 == 2", Outcome.WRONG_ANSWER, "an assertion of its test failed"),
        ("x = {}\nx['a']", Outcome.EXCEPTION, "KeyError: 'a' (line 2 of the program)"),
        ("exec('x =')", Outcome.SYNTAX_ERROR, "SyntaxError: invalid syntax"),
        ("raise SystemExit", Outcome.EXCEPTION, "SystemExit"),
        ("import os; os._exit(0)", Outcome.KILLED, "exited with status 0 before it answered"),
        ("import os; os.abort()", Outcome.KILLED, "was killed by SIG"),
        ("x = bytearray(1 << 40)", Outcome.MEMORY, "MemoryError"),
        ("while True: pass", Outcome.TIMEOUT, "computed and slept for more than 0.5 seconds"),
        ("  ", Outcome.NO_CODE, "no code"),
    ],
)
def test_the_end_of_the_program_is_its_verdict(
    box: Sandbox, program: str, outcome: Outcome, reason: str
) -> None:
    judgement = judge(box, program)
    assert judgement.outcome is outcome
    assert judgement.reason.startswith(reason)


def test_a_script_is_never_attested(any_box: Sandbox) -> None:
    assert not judge(any_box, "pass").attested
    assert not judge(any_box, "assert False").attested
    assert not judge(any_box, "import os; os._exit(0)").attested


def test_a_script_may_print_and_use_files_of_its_own(box: Sandbox) -> None:
    program = """
        import tempfile
        print("seen by nobody")
        with open("output.txt", "w") as file:
            file.write("kept")
        assert open("output.txt").read() == "kept"
        with tempfile.TemporaryFile() as file:
            file.write(b"x")
    """
    assert judge(box, program).outcome is Outcome.PASSED


def test_no_script_finds_what_another_left(box: Sandbox) -> None:
    assert judge(box, "open('left', 'w').close()").outcome is Outcome.PASSED
    assert judge(box, "import os; assert os.listdir('.') == []").outcome is Outcome.PASSED


def test_a_script_reaches_no_network(box: Sandbox) -> None:
    program = "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:1', timeout=1)"
    assert judge(box, program).outcome is Outcome.EXCEPTION


def test_a_script_begins_without_any_name(any_box: Sandbox) -> None:
    assert judge(any_box, "assert set(globals()) == {'__builtins__'}").outcome is Outcome.PASSED


def test_random_numbers_are_the_same_for_every_script(any_box: Sandbox) -> None:
    program = """
        import random
        import numpy
        assert False, [random.random(), numpy.random.rand()]
    """
    assert judge(any_box, program).reason == judge(any_box, program).reason


def test_modules_are_loaded_before_and_variables_set() -> None:
    interpreter = Interpreter(
        preload=("colorsys", "no_such_module"), variables=(("COLOUR", "red"),)
    )
    program = """
        import os, sys
        assert "colorsys" in sys.modules
        assert os.environ["COLOUR"] == "red"
    """
    with Sandbox(LIMITS, interpreter=interpreter) as box:
        assert judge(box, program).outcome is Outcome.PASSED


def test_a_script_may_start_threads(any_box: Sandbox) -> None:
    program = """
        from concurrent.futures import ThreadPoolExecutor
        with ThreadPoolExecutor(3) as pool:
            assert sum(pool.map(abs, [-1] * 100)) == 100
    """
    assert judge(any_box, program).outcome is Outcome.PASSED


def test_a_caught_time_limit_is_still_a_time_limit() -> None:
    program = """
        import time
        begun = time.process_time()
        while time.process_time() - begun < 0.4:
            pass
    """
    with Sandbox(replace(LIMITS, cpu_seconds=0.2)) as box:
        assert judge(box, program).outcome is Outcome.TIMEOUT

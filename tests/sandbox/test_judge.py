"""What programs come to, when the judge calls them."""

from __future__ import annotations

import pytest

from wizardcoder.records import Outcome
from wizardcoder.sandbox import Judgement, Sandbox

SQUARES = """
def check(candidate):
    assert candidate(2) == 4
    assert candidate(3) == 9
"""


def judge(box: Sandbox, program: str, test: str = SQUARES, helpers: str = "") -> Judgement:
    return box.judge(program=program, entry_point="f", test=test, helpers=helpers)


def test_a_right_program_passes_and_its_verdict_is_attested(any_box: Sandbox) -> None:
    judgement = judge(any_box, "def f(x): return x * x")
    assert (judgement.outcome, judgement.attested) == (Outcome.PASSED, True)
    assert judgement.level == any_box.level
    assert 0 < judgement.cpu_seconds < 1
    assert judgement.peak_bytes > 1 << 20


@pytest.mark.parametrize(
    ("program", "outcome", "reason"),
    [
        ("def f(x): return x + x", "wrong_answer", "assert candidate(3) == 9; the last result was"),
        ("def f(x): pass", "wrong_answer", "assert candidate(2) == 4; the last result was None"),
        ("def f(x):\n    return x.y", "exception", "AttributeError: 'int' object has no attri"),
        ("def f(x): raise SystemExit(0)", "exception", "SystemExit: 0"),
        ("def f(x): raise EOFError", "exception", "EOFError"),
        ("class E(Exception): ...\ndef f(x): raise E(1, 2)", "exception", "E: (1, 2)"),
        ("raise ValueError('at once')", "exception", "ValueError: at once"),
        ("def g(x): return x", "exception", "NameError: the program does not define 'f'"),
        ("def f(x) return x", "syntax_error", "SyntaxError: expected ':' (<program>, line 1)"),
        ("  \n\t\n", "no_code", "no code"),
        ("def f(x):\n    while 1: pass", "timeout", "computed and slept for more than"),
        ("def f(x): return bytearray(1 << 32)", "memory", "MemoryError"),
        ("import os\ndef f(x): os._exit(0)", "killed", "exited with status 0 before it answered"),
        ("import ctypes\ndef f(x): ctypes.string_at(0)", "killed", "was killed by SIGSEGV"),
    ],
)  # fmt: skip
def test_each_kind_of_failure_has_its_outcome_and_reason(
    any_box: Sandbox, program: str, outcome: str, reason: str
) -> None:
    judgement = judge(any_box, program)
    assert judgement.outcome == outcome
    assert judgement.reason.startswith(reason)


def test_a_reason_names_the_line_of_the_program(any_box: Sandbox) -> None:
    reason = judge(any_box, "def g():\n    return 1 / 0\ndef f(x):\n    return g()").reason
    assert reason == "ZeroDivisionError: division by zero (line 2 of the program)"


def test_a_test_may_expect_an_exception(any_box: Sandbox) -> None:
    test = """
def check(candidate):
    try:
        candidate(1)
    except KeyError as error:
        assert error.args == ("'gone'",)
    else:
        raise AssertionError
"""
    assert judge(any_box, "def f(x): raise KeyError('gone')", test).outcome is Outcome.PASSED


def test_a_test_that_swallows_everything_does_not_pass_a_dead_program(any_box: Sandbox) -> None:
    test = """
def check(candidate):
    try:
        candidate(1)
    except BaseException:
        pass
"""
    assert judge(any_box, "import os\ndef f(x): os._exit(0)", test).outcome is Outcome.KILLED


def test_calls_share_the_state_of_the_program(any_box: Sandbox) -> None:
    program = "seen = []\ndef f(x):\n    seen.append(x)\n    return len(seen)"
    test = "def check(candidate):\n    assert [candidate(0), candidate(0)] == [1, 2]"
    assert judge(any_box, program, test).outcome is Outcome.PASSED


def test_arguments_changed_in_place_are_changed_for_the_test(any_box: Sandbox) -> None:
    program = (
        "def f(rows, table):\n    rows.sort()\n    table['n'] = len(rows)\n    rows[0].append(9)"
    )
    test = """
def check(candidate):
    rows, table, inner = [[3], [1]], {}, []
    candidate(rows, table=table)
    assert rows == [[1, 9], [3]]
    assert table == {"n": 2}
"""
    assert judge(any_box, program, test).outcome is Outcome.PASSED


def test_helpers_that_the_program_lacks_are_defined_by_trusted_code(any_box: Sandbox) -> None:
    program = "def f(x): return 0"
    test = "def check(candidate):\n    assert candidate(2) == double(2)"
    helpers = "def double(x): return 2 * x"
    assert judge(any_box, program, test, helpers).outcome is Outcome.WRONG_ANSWER


def test_an_entry_point_that_the_test_calls_by_name_is_the_programs(any_box: Sandbox) -> None:
    test = (
        "def check(candidate):\n    assert candidate([2, -1]) == f([2, -1])\n    assert f([]) == []"
    )
    helpers = "def f(x): return sorted(x)"
    for trusted in (helpers, ""):
        judgement = judge(any_box, "def f(x): return sorted(x, key=abs)", test, trusted)
        assert (judgement.outcome, judgement.attested) == (Outcome.PASSED, True)


def test_helpers_cannot_answer_for_the_program(any_box: Sandbox) -> None:
    test = "def check(candidate): pass\nassert f(2) == 4"
    judgement = judge(any_box, "def f(x): return 0", test, "def f(x): return x * x")
    assert (judgement.outcome, judgement.attested) == (Outcome.WRONG_ANSWER, True)


def test_a_helper_that_calls_the_entry_point_calls_the_programs(any_box: Sandbox) -> None:
    test = "def check(candidate): assert twice(2) == 4"
    helpers = "def f(x): return 2 * x\ndef twice(x): return f(x)"
    assert judge(any_box, "def f(x): return x", test, helpers).outcome is Outcome.WRONG_ANSWER


def test_a_program_with_a_helper_of_its_own_is_tested_with_that(any_box: Sandbox) -> None:
    test = "def check(candidate): assert candidate(encode('ab')) == 'ab'"
    helpers = "def encode(s): return s + s\ndef f(s): return s[:len(s) // 2]"
    program = "def f(s): return s[::-1]\ndef encode(s): return s[::-1]"
    judgement = judge(any_box, program, test, helpers)
    assert (judgement.outcome, judgement.attested) == (Outcome.PASSED, False)
    judgement = judge(any_box, "def encode(s): return s + s\ndef f(s): return 'ab'", test, helpers)
    assert (judgement.outcome, judgement.attested) == (Outcome.PASSED, True)


def test_a_result_that_the_test_compares_with_an_object_is_tested_beside_the_program(
    any_box: Sandbox,
) -> None:
    test = "import datetime\ndef check(c): assert c(3) == datetime.date(2020, 1, 3)"
    program = "import datetime\ndef f(x): return datetime.date(2020, 1, {})"
    judgement = judge(any_box, program.format("x"), test)
    assert (judgement.outcome, judgement.attested) == (Outcome.PASSED, False)
    assert judge(any_box, program.format("4"), test).outcome is Outcome.WRONG_ANSWER


def test_a_program_cannot_choose_to_be_tested_beside_itself_by_equality(any_box: Sandbox) -> None:
    liar = "class A:\n    def __eq__(self, other): return True\ndef f(x): return A()"
    judgement = judge(any_box, liar)
    assert (judgement.outcome, judgement.attested) == (Outcome.WRONG_ANSWER, True)


def test_a_test_without_a_check_says_nothing_about_the_program(any_box: Sandbox) -> None:
    judgement = judge(any_box, "def f(x): return x", "x = 1")
    assert judgement.outcome is Outcome.INFRA_ERROR
    assert "defines no check" in judgement.reason


def test_a_result_that_needs_the_object_is_tested_beside_the_program(any_box: Sandbox) -> None:
    program = "def f(x):\n    def add(y): return x + y\n    return add"
    test = "def check(candidate):\n    assert candidate(1)(two()) == 3"
    judgement = judge(any_box, program, test, "def two(): return 2")
    assert (judgement.outcome, judgement.attested) == (Outcome.PASSED, False)


def test_a_wrong_result_beside_the_program_is_a_wrong_answer(any_box: Sandbox) -> None:
    test = "def check(candidate): assert next(candidate(1)) == 2"
    judgement = judge(any_box, "def f(x): return iter([x])", test)
    assert (judgement.outcome, judgement.attested) == (Outcome.WRONG_ANSWER, False)


def test_a_random_program_gives_the_same_verdict_every_time(any_box: Sandbox) -> None:
    program = "import random\ndef f(x): return random.random()"
    reasons = {judge(any_box, program).reason for _ in range(3)}
    assert len(reasons) == 1


def test_a_test_that_does_not_compile_says_nothing_about_the_program(any_box: Sandbox) -> None:
    judgement = judge(any_box, "def f(x): return x", "def check(candidate) assert")
    assert judgement.outcome is Outcome.INFRA_ERROR
    assert "the judge failed: SyntaxError" in judgement.reason


def test_reasons_are_one_line_of_text_that_can_be_stored(any_box: Sandbox) -> None:
    program = r"def f(x): raise ValueError('a\nb \udc80 ' + 'x' * 1000 + ' at 0x7f00deadbeef')"
    reason = judge(any_box, program).reason
    assert "\n" not in reason
    assert len(reason) <= 300
    assert reason.encode()


def test_a_reason_holds_no_address(any_box: Sandbox) -> None:
    reason = judge(any_box, "def f(x): raise ValueError(object())").reason
    assert reason == "ValueError: <object object at 0x…> (line 1 of the program)"

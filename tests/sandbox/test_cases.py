"""What programs come to that are judged by what they return for many inputs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from wizardcoder.records import Outcome
from wizardcoder.sandbox import Cases, Judgement, Limits, Reference, Sandbox, casefile

LIMITS = Limits(cpu_seconds=30.0, wall_seconds=120.0, memory_bytes=1 << 30)
SQUARE = "def f(x): return x * x"

Judge = Callable[..., Judgement]


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox(LIMITS, allow_weak=True) as sandbox:
        yield sandbox


@pytest.fixture
def record(box: Sandbox, tmp_path: Path) -> Judge:
    """Writes `cases` from a reference; by default the squares of 3 base and 5 plus inputs."""

    def run(
        reference: str = SQUARE,
        base: Any = ((0,), (1,), (2,)),
        plus: Any = ((3,), (4,), (5,), (6,), (7,)),
        oracle: str = "equal",
        atol: float = 0.0,
    ) -> Judgement:
        parts = {"base": [list(a) for a in base], "plus": [list(a) for a in plus]}
        draft = tmp_path / "draft"
        casefile.write_draft(draft, entry_point="f", oracle=oracle, atol=atol, parts=parts)
        task = Reference(
            program=reference, entry_point="f", draft=str(draft), cases=str(tmp_path / "cases")
        )
        return next(box.judge_all([task])).judgement

    return run


@pytest.fixture
def judge(box: Sandbox, tmp_path: Path) -> Judge:
    def run(program: str) -> Judgement:
        task = Cases(program=program, entry_point="f", cases=str(tmp_path / "cases"))
        return next(box.judge_all([task])).judgement

    return run


@pytest.fixture
def squares(record: Judge) -> None:
    assert record().outcome is Outcome.PASSED


@pytest.mark.usefixtures("squares")
def test_a_right_program_passes_base_and_plus_and_is_attested(judge: Judge) -> None:
    judgement = judge("def f(x): return x ** 2")
    assert (judgement.outcome, judgement.base, judgement.attested) == ("passed", True, True)
    assert judgement.cpu_seconds > 0
    assert judgement.peak_bytes > 1 << 20


@pytest.mark.usefixtures("squares")
@pytest.mark.parametrize(
    ("program", "base", "outcome", "reason"),
    [
        ("def f(x): return 2 * x", False, "wrong_answer",
         "base input 1, f(1) returned 2, expected 1"),
        ("def f(x): return min(x * x, 16)", True, "wrong_answer",
         "plus input 2, f(5) returned 16, expected 25"),
        ("def f(x): return x * x if x < 5 else None.y", True, "exception",
         "plus input 2, f(5): AttributeError: 'NoneType' object has no attribute 'y' (line 1 of"),
        ("def f(x): raise SystemExit", False, "exception", "base input 0, f(0): SystemExit"),
        ("def f(x): return object()", False, "wrong_answer",
         "base input 0, f(0) returned <builtins.object object>, expected 0"),
        ("def f(x): return str(x * x)", False, "wrong_answer",
         "base input 0, f(0) returned '0', expected 0"),
        ("def f(x): return [0] * 10000", False, "wrong_answer",
         "base input 0, f(0) returned 50005 bytes; at most 1104 are looked at"),
        ("def g(x): return 0", False, "exception", "NameError: the program does not define 'f'"),
        ("def f(x) return", False, "syntax_error", "SyntaxError"),
        ("import os\ndef f(x): os._exit(0)", False, "killed",
         "exited with status 0 before it answered, at base input 0, f(0) or one of the next"),
    ],
)  # fmt: skip
def test_each_kind_of_failure_has_its_outcome_and_names_the_input(
    judge: Judge, program: str, base: bool, outcome: str, reason: str
) -> None:
    judgement = judge(program)
    assert (judgement.outcome, judgement.base) == (outcome, base)
    assert judgement.reason.startswith(reason)


@pytest.mark.usefixtures("squares")
def test_what_equals_the_expected_value_passes_whatever_its_bytes(judge: Judge) -> None:
    assert judge("def f(x): return float(x * x)").outcome is Outcome.PASSED
    assert judge("import numpy\ndef f(x): return numpy.int64(x * x)").outcome is Outcome.PASSED


def test_a_mutated_argument_changes_no_later_input(record: Judge, judge: Judge) -> None:
    inputs = [[[1, 2]], [[1, 2]], [[1, 2]]]
    record("def f(x): return sum(x)", base=inputs, plus=inputs)
    program = "def f(x):\n    total = sum(x)\n    x.clear()\n    return total"
    assert judge(program).outcome is Outcome.PASSED


def test_an_oracle_sees_the_arguments_as_they_were(record: Judge, judge: Judge) -> None:
    record("def f(xs): return -xs[0] / xs[1]", [[[4, 2]]], [[[6, 3]]], oracle="root", atol=1e-4)
    assert judge("def f(xs):\n    xs[:] = [0, 0]\n    return 7.0").outcome == "wrong_answer"
    assert judge("def f(xs): return -2.000001").outcome is Outcome.PASSED


def test_state_that_base_leaves_behind_does_not_fail_plus(record: Judge, judge: Judge) -> None:
    record()
    program = (
        "calls = []\ndef f(x):\n    calls.append(x)\n    return x * x if len(calls) < 6 else 0"
    )
    judgement = judge(program)
    assert (judgement.outcome, judgement.base) == (Outcome.PASSED, True)


def test_plus_does_not_pass_on_what_base_left_behind(record: Judge, judge: Judge) -> None:
    record(base=[[1]], plus=[[2]])
    program = "seen = []\ndef f(x):\n    seen.append(x)\n    return x * x if seen[0] == 1 else None"
    judgement = judge(program)
    assert (judgement.outcome, judgement.base) == (Outcome.WRONG_ANSWER, True)


def test_parts_share_no_files_and_no_modules(record: Judge, judge: Judge) -> None:
    record(base=[[1]], plus=[[2]])
    for keep in ("open('n', 'a').close()", "os.environ['n'] = ''"):
        program = f"""
import os
def f(x):
    if x == 1: {keep}
    return x * x if os.path.exists('n') or 'n' in os.environ else None
"""
        judgement = judge(program)
        assert (judgement.outcome, judgement.base) == (Outcome.WRONG_ANSWER, True)


def test_a_program_that_left_too_much_in_files_does_not_pass(record: Judge, judge: Judge) -> None:
    record(base=[[n] for n in range(3)], plus=())
    program = """
def f(x):
    with open(f"{x}", "wb") as file:
        file.write(bytes(30 << 20))
    return x * x
"""
    assert judge(program).outcome is not Outcome.PASSED


@pytest.mark.parametrize(
    ("oracle", "reference", "program"),
    [
        ("set", "def f(x): return {1}", "def f(x): return [1] * 300"),
        ("set", "def f(x): return {1}", "def f(x): return (1 for _ in range(300))"),
        ("anything", "def f(x): return 1", "def f(x): return [x] * 500"),
        ("presence", "def f(x): return 1", "def f(x): return [x] * 500"),
    ],
)
def test_where_the_value_hardly_matters_it_may_be_long(
    record: Judge, judge: Judge, oracle: str, reference: str, program: str
) -> None:
    record(reference, oracle=oracle)
    assert judge(program).outcome is Outcome.PASSED


@pytest.mark.parametrize("oracle", ["set", "anything"])
def test_even_there_a_result_that_would_harm_the_judge_fails(
    record: Judge, judge: Judge, oracle: str
) -> None:
    record("def f(x): return {1}", oracle=oracle)
    for result in ("[()] * 3_000_000", "[1] * 30_000_000"):
        judgement = judge(f"def f(x): return {result}")
        assert judgement.outcome in (Outcome.KILLED, Outcome.WRONG_ANSWER)


def test_the_slowest_input_is_measured_in_cpu_time(record: Judge, tmp_path: Path) -> None:
    record("import time\ndef f(x):\n    time.sleep(0.3)\n    return x", base=[[1]], plus=[])
    assert casefile.read_head(tmp_path / "cases").slowest_seconds < 0.15
    record("def f(x):\n    for _ in range(8_000_000): pass\n    return x", base=[[1]], plus=[])
    head = casefile.read_head(tmp_path / "cases")
    assert 0.05 < head.slowest_seconds <= head.seconds


def test_floats_need_only_be_close_from_the_first_expected_float_on(
    record: Judge, judge: Judge
) -> None:
    record("def f(x): return x", base=[[2], [0.5], [2]], plus=[[2]])
    off = "def f(x): return x * (1 + 1e-9)"  # also of ints: float for int
    assert judge(off).reason.startswith("base input 0")
    assert judge("def f(x): return x + 1e-9 if x == 0.5 else x").outcome is Outcome.PASSED
    big = 10**9
    record("def f(x): return x", base=[[0.5], [big]], plus=[[big]])
    judgement = judge("def f(x): return x + 1 if x > 1 else x")
    assert (judgement.base, judgement.reason.split(",")[0]) == (True, "plus input 0")


def test_nan_never_passes_by_its_bytes(record: Judge, judge: Judge) -> None:
    judgement = record("def f(x): return [float('nan')]")
    assert judgement.outcome is Outcome.WRONG_ANSWER
    assert judgement.reason == "base input 0, f(0) gave what does not equal itself"


def test_an_array_is_nothing_to_judge_by(record: Judge) -> None:
    judgement = record("import numpy\ndef f(x): return numpy.zeros(2)")
    assert judgement.reason.endswith("gave what does not equal itself")


@pytest.mark.parametrize("size", [30_000, 3_000_000])
def test_long_results_are_compared_by_digest_and_else_by_value(
    record: Judge, judge: Judge, size: int
) -> None:
    record(f"def f(x): return [x, 1.5] * {size // 2}", base=[[1]], plus=[[2]])
    assert judge(f"def f(x): return [x, 1.5] * {size // 2}").outcome is Outcome.PASSED
    assert judge(f"def f(x): return [x, 1.5] * {size // 2 - 1} + [x, 2.5]").base is False
    if size < 100_000:
        assert judge(f"def f(x): return [float(x), 1.5] * {size // 2}").outcome is Outcome.PASSED


def test_long_text_is_compared_by_digest(record: Judge, judge: Judge) -> None:
    record("def f(x): return 'x' * 100_000", base=[[1]], plus=[])
    assert judge("def f(x): return ''.join('x' for _ in range(100_000))").outcome == "passed"
    reason = judge("def f(x): return 'x' * 99_999 + 'y'").reason
    assert reason == "base input 0, f(1) returned 'xxxxxxxxxxxx...xxxxxxxxxxxxy'"


def test_a_program_that_runs_on_is_timed_out_and_the_input_named(
    record: Judge, judge: Judge
) -> None:
    record(plus=())
    judgement = judge("def f(x):\n    while x == 1: pass\n    return x * x")
    assert (judgement.outcome, judgement.base) == (Outcome.TIMEOUT, False)
    assert judgement.reason.startswith("computed and slept for more than 4 seconds, at base input")
    assert 3.5 < judgement.cpu_seconds < 6


def test_many_calls_that_together_take_long_are_not_one_that_does(
    record: Judge, judge: Judge
) -> None:
    record(base=[[n] for n in range(12)], plus=())
    program = """
import time
def f(x):
    end = time.process_time() + 0.5
    while time.process_time() < end: pass
    return x * x
"""
    assert judge(program).outcome is Outcome.PASSED


def test_a_sleeper_is_stopped_without_having_computed(record: Judge, judge: Judge) -> None:
    record(plus=())
    judgement = judge("import time\ndef f(x): time.sleep(100)")
    assert judgement.outcome is Outcome.TIMEOUT
    assert judgement.cpu_seconds < 2
    assert judgement.wall_seconds < 60


@pytest.mark.parametrize(
    ("reference", "outcome", "reason"),
    [
        ("def f(x): return 1 // (5 - x)", "exception",
         "plus input 2, f(5): ZeroDivisionError: integer division or modulo by zero (line 1 of"),
        ("def f(x) return", "syntax_error", "SyntaxError"),
        ("import os\ndef f(x): os._exit(3)", "killed", "exited with status 3"),
    ],
)  # fmt: skip
def test_a_reference_that_fails_leaves_no_file_and_names_the_input(
    record: Judge, tmp_path: Path, reference: str, outcome: str, reason: str
) -> None:
    judgement = record(reference)
    assert judgement.outcome == outcome
    assert judgement.reason.startswith(reason)
    assert not (tmp_path / "cases").exists()


# Children that lie: they write to the judge themselves, on the only socket that they find

FORGE = """
import contextlib, marshal, os, stat, struct
LINE = None
for number in range(64):
    with contextlib.suppress(OSError):
        if stat.S_ISSOCK(os.fstat(number).st_mode):
            LINE = number
def send(kind, payload):
    data = struct.pack("<I1s", len(payload), kind) + payload
    while data:
        data = data[os.write(LINE, data):]
def results(values, count=None, kinds=None):
    items = [v if type(v) is bytes else marshal.dumps(v, 2) for v in values]
    count = len(items) if count is None else count
    lengths = b"".join(struct.pack("<I", len(item)) for item in items)
    return (struct.pack("<Id", count, 0.0) + lengths + (kinds or bytes(len(items)))
            + b"".join(items))
"""


@pytest.mark.usefixtures("squares")
@pytest.mark.parametrize(
    ("attack", "reason"),
    [
        ("send(b'A', results([0, 1, 4, 9]))", "sent what cannot be read: 4 results where 1 to 3"),
        ("send(b'A', results([]))", "sent what cannot be read: 0 results"),
        ("send(b'A', results([0], count=2**32 - 1))", "sent what cannot be read"),
        ("send(b'A', results([0], count=3))", "sent what cannot be read"),
        ("send(b'A', b'')", "sent what cannot be read: an answer without a head"),
        ("send(b'O', b'')", "sent what cannot be read: a message of kind b'O'"),
        ("send(b'V', results([0, 1, 4]))", "sent what cannot be read"),
        ("send(b'A', results([b'['] * 3))", "sent what cannot be read: truncated"),
        ("send(b'A', results([b'Z']))", "sent what cannot be read: unknown tag"),
        ("send(b'A', results([b'[' + struct.pack('<i', 1)] * 3))", "sent what cannot be read"),
        ("send(b'A', results([(b'(' + struct.pack('<i', 1)) * 180 + b'N']))", "nested too deep"),
        ("send(b'A', results([b'(' + struct.pack('<i', 2**31 - 1) + b'N']))", "items announced"),
        ("send(b'A', results([b'x'] * 3, kinds=b'\\3\\3\\3'))", "a huge result without size"),
        ("os.write(LINE, struct.pack('<I1s', 2**32 - 1, b'A'))", "sent a message of 4294967295"),
        ("os.write(LINE, struct.pack('<I1s', 100, b'A')); os._exit(0)", "exited with status 0"),
        ("os.write(LINE, b'xx'); os.close(LINE); import time; time.sleep(1)", "before it answered"),
        ("os.close(LINE)", "before it answered"),
    ],
)  # fmt: skip
def test_a_child_that_breaks_the_protocol_is_killed_and_never_passes(
    judge: Judge, attack: str, reason: str
) -> None:
    judgement = judge(f"{FORGE}\ndef f(x):\n    {attack}\n    return x * x")
    assert judgement.outcome is Outcome.KILLED
    assert reason in judgement.reason


@pytest.mark.usefixtures("squares")
@pytest.mark.parametrize(
    "attack",
    [
        "send(b'A', results([0, 0, 0]))",
        "send(b'A', results([b'x' * 40] * 3, kinds=b'\\2\\2\\2'))",
        "send(b'A', results([bytes(40)] * 3, kinds=b'\\3\\3\\3'))",
        "send(b'A', results([struct.pack('<Q', 5) + bytes(32)] * 3, kinds=b'\\3\\3\\3'))",
        "send(b'A', results([0, 1, 4], kinds=b'\\2\\2\\2'))",
        "send(b'R', b'')",
    ],
)
def test_a_child_that_guesses_fails(judge: Judge, attack: str) -> None:
    judgement = judge(f"{FORGE}\ndef f(x):\n    {attack}\n    return x * x")
    assert judgement.outcome in (Outcome.WRONG_ANSWER, Outcome.EXCEPTION, Outcome.KILLED)


@pytest.mark.usefixtures("squares")
def test_answers_sent_before_the_questions_are_held_against_them_all_the_same(
    judge: Judge,
) -> None:
    early = "send(b'R', b'')\nsend(b'A', results([0, 1, 4]))\nsend(b'A', results([0] * 5))"
    judgement = judge(f"{FORGE}\n{early}\ndef f(x): return x * x")
    assert judgement.outcome is Outcome.WRONG_ANSWER
    assert judgement.base is True  # right guesses are right answers


@pytest.mark.usefixtures("squares")
def test_extra_answers_are_not_read(judge: Judge) -> None:
    send = "send(b'A', results([x * x])); send(b'A', b'junk')"
    program = f"{FORGE}\ndef f(x):\n    if x == 7: {send}\n    return x * x"
    assert judge(program).outcome in (Outcome.PASSED, Outcome.WRONG_ANSWER, Outcome.KILLED)


@pytest.mark.parametrize(
    "result",
    [
        "1 << (1 << 24)",
        "'x' * (50 << 20)",
        "[[]] * 3_000_000",
        "{n * (2**61 - 1) for n in range(1, 3000)}",
        "(lambda l: l.append(l) or l)([])",
        "type('E', (), {'__eq__': lambda s, o: True})()",
        "type('I', (int,), {'__eq__': lambda s, o: True, '__hash__': int.__hash__})(99)",
        "type('L', (list,), {'__len__': lambda s: 1 << 60})([1, 2])",
    ],
)
@pytest.mark.usefixtures("squares")
def test_results_built_to_harm_the_judge_fail(judge: Judge, result: str) -> None:
    judgement = judge(f"def f(x): return {result}")
    assert judgement.outcome in (Outcome.WRONG_ANSWER, Outcome.KILLED, Outcome.EXCEPTION)
    assert judgement.base is False


@pytest.mark.usefixtures("squares")
def test_the_expected_values_are_nowhere_in_the_child(
    judge: Judge, record: Judge, tmp_path: Path
) -> None:
    """The bytes of an expected list are not among the objects that a candidate can reach."""
    record("def f(x): return ['needle-%d' % (x * 7919 + 13)]")
    program = """
import gc
def f(x):
    found = [o for o in gc.get_objects() if type(o) is list and len(o) == 1
             and type(o[0]) is str and o[0].startswith("needle-")]
    return found[0] if found else None
"""
    assert judge(program).reason.startswith("base input 0, f(0) returned None")


def test_the_judge_goes_on_after_every_attack(record: Judge, judge: Judge) -> None:
    record()
    for _ in range(3):
        judge(f"{FORGE}\nsend(b'A', b'')\nimport os\nos._exit(1)")
        assert json.dumps(judge(SQUARE).outcome) == '"passed"'

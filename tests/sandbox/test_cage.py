"""What a candidate finds around itself, whatever was set up before it was forked."""

from __future__ import annotations

import pytest

from wizardcoder.records import Outcome
from wizardcoder.sandbox import Sandbox


def answer_of(box: Sandbox, body: str, expected: object) -> Outcome:
    """Whether a function with this body returns what is expected."""
    lines = "".join(f"    {line}\n" for line in body.strip().splitlines())
    test = f"def check(candidate):\n    assert candidate() == {expected!r}"
    return box.judge(program=f"def f():\n{lines}", entry_point="f", test=test).outcome


@pytest.fixture
def full(box: Sandbox) -> Sandbox:
    """A sandbox whose candidates have a /proc to look at."""
    if box.level != "full":
        pytest.skip("candidates cannot read /proc at this level")
    return box


def test_a_candidate_has_no_capability_and_can_gain_none(full: Sandbox) -> None:
    body = """
fields = dict(line.split(":", 1) for line in open("/proc/self/status"))
names = ("CapInh", "CapPrm", "CapAmb", "NoNewPrivs", "Seccomp")
return [int(fields[name], 16) for name in names]
"""
    assert answer_of(full, body, [0, 0, 0, 1, 2]) is Outcome.PASSED


def test_its_limits_are_those_of_the_sandbox(box: Sandbox) -> None:
    body = """
import resource
kinds = (resource.RLIMIT_NOFILE, resource.RLIMIT_CPU, resource.RLIMIT_CORE, resource.RLIMIT_FSIZE)
return [resource.getrlimit(kind) for kind in kinds]
"""
    limits = box.limits
    cpu = int(limits.cpu_seconds) + 2
    expected = [(limits.open_files,) * 2, (cpu, cpu), (0, 0), (limits.scratch_bytes,) * 2]
    assert answer_of(box, body, expected) is Outcome.PASSED


def test_its_folder_is_empty_and_its_own(box: Sandbox) -> None:
    body = """
import os, tempfile
assert os.listdir() == []
with open("mine", "w") as file:
    file.write("x")
return os.getcwd() == os.environ["HOME"] == os.environ["TMPDIR"] == tempfile.gettempdir()
"""
    assert answer_of(box, body, True) is Outcome.PASSED


def test_the_folder_above_it_is_not(box: Sandbox) -> None:
    body = """
try:
    open("../mine", "w")
except OSError:
    return "refused"
"""
    assert answer_of(box, body, "refused") is Outcome.PASSED


def test_it_leads_a_session_of_its_own(box: Sandbox) -> None:
    body = "import os\nreturn os.getsid(0) == os.getpgid(0) == os.getpid()"
    assert answer_of(box, body, True) is Outcome.PASSED


def test_its_only_line_to_the_outside_is_the_judges(full: Sandbox) -> None:
    body = """
import os
found = set()
for name in os.listdir("/proc/self/fd"):
    try:
        found.add(os.readlink(f"/proc/self/fd/{name}").split(":")[0])
    except OSError:
        pass  # what listed them is closed again
return sorted(found)
"""
    assert answer_of(full, body, ["/dev/null", "socket"]) is Outcome.PASSED


def test_interrupting_itself_raises_as_in_any_program(box: Sandbox) -> None:
    body = """
import os, signal
try:
    os.kill(os.getpid(), signal.SIGINT)
except KeyboardInterrupt:
    return "interrupted"
"""
    assert answer_of(box, body, "interrupted") is Outcome.PASSED


def test_its_own_forks_renew_what_modules_want_renewed(box: Sandbox) -> None:
    body = """
import os, threading
waiting = threading.Event()
thread = threading.Thread(target=waiting.wait)
thread.start()
reading, writing = os.pipe()
child = os.fork()
if child == 0:
    os.write(writing, str(threading.active_count()).encode())
    os._exit(0)
os.waitpid(child, 0)
waiting.set()
thread.join()
return int(os.read(reading, 9))
"""
    assert answer_of(box, body, 1) is Outcome.PASSED

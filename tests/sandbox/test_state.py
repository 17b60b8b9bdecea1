"""Which programs could keep something from one call to the next."""

from __future__ import annotations

import pytest

from wizardcoder.sandbox.state import keeps_state


@pytest.mark.parametrize(
    "program",
    [
        "import math\nfrom fractions import Fraction\n'''doc'''\ndef f(x): return math.sqrt(x)",
        "LIMIT = 7\ndef f(x, y=1, *, z='a'):\n    seen = []\n    seen.append(x)\n    return seen",
        "def f(x):\n    def g():\n        nonlocal x\n        x += 1\n    g()\nprint(f(1))",
        "import re\nfrom typing import List\ndef f(x): return re.sub(x, x, x).copy()",
        "def f(x): return x\nif __name__ == '__main__':\n    print(f(1))",
    ],
)
def test_functions_that_change_only_what_is_theirs_keep_nothing(program: str) -> None:
    assert not keeps_state(program)


@pytest.mark.parametrize(
    "program",
    [
        "seen = []\ndef f(x): seen.append(x)",
        "seen: list = []\ndef f(x): seen.append(x)",
        "def f(x, seen=[]): seen.append(x)",
        "def f(x, *, seen={}): seen[x] = 1",
        "n = 0\ndef f(x):\n    global n\n    n += 1",
        "def f(x): f.calls = 1",
        "from functools import cache\n@cache\ndef f(x): return x",
        "class A: pass\ndef f(x): return A()",
        "def f(x): globals()['n'] = x",
        "def f(x): setattr(f, 'n', x)",
        "print(seen := [])\ndef f(x): seen.append(x)",
        "if True:\n    seen = []\ndef f(x): seen.append(x)",
        "def f(x) return",
        "import os\ndef f(x): os.environ['n'] = x",
        "import sys\ndef f(x): sys.path.append(x)",
        "import random\ndef f(x): return random.random()",
        "import typing\ndef f(x): typing.sys.path.append(x)",
        "from typing import sys\ndef f(x): sys.path.append(x)",
        "def f(x): open('n', 'w').write(x)",
        "def f(x): f.__dict__['n'] = x",
        "def f(x):\n    g = (0 for _ in x)\n    g.gi_frame.f_globals['n'] = x",
        "def f(x): __builtins__['n'] = x",
        "import collections.abc\ndef f(x): collections.abc.Sized.register(complex)",
        "def f(x): return 1 " + "+ 1" * 600_000,
    ],
)
def test_anything_that_might_outlive_a_call_is_noticed(program: str) -> None:
    assert keeps_state(program)

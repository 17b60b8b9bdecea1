"""The package as its users meet it."""

import subprocess
import sys

import pytest

from wizardcoder import miniature


def test_every_public_name_is_there() -> None:
    for name in miniature.__all__:
        assert getattr(miniature, name) is not None


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        _ = miniature.nonsense


def test_importing_it_is_cheap_and_loads_nothing_heavy() -> None:
    code = (
        "import sys, time, wizardcoder; started = time.process_time();"
        "import wizardcoder.miniature; assert time.process_time() - started < 0.05;"
        "from wizardcoder.miniature import seeds, respond, contamination;"
        "print([m for m in ('torch', 'pandas', 'aiohttp', 'pyarrow') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"

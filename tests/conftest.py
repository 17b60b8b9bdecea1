"""Fixtures that every test may use."""

from __future__ import annotations

from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real benchmarks, generations and oracles beside the checkout."""
    path = REPOSITORY.parent / "shared"
    if not (path / "data").is_dir():
        pytest.skip(f"the real data lies in {path.name}/ beside the checkout, which is absent here")
    return path

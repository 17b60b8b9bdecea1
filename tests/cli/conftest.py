"""The command line as a person meets it first: an empty folder, no data, a cache of its own."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Work in an empty folder, with no data and no terminal."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WIZARDCODER_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("signal.signal", lambda *_: None)
